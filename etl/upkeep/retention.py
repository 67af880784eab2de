"""Removes what is older than [retention] of the settings allows: exports, text of bad records, reports.

`returntrail run` applies all of it, and loading the inbox `inbox_days`. The clock of the machine may be
wrong, and what is removed is gone: if it is far ahead of all that is known, nothing is removed.
"""

import shutil
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import duckdb

from etl.common.duck import OFFLINE, parquet
from etl.common.files import remove_leftovers
from etl.common.paths import DataDir
from etl.common.terminal import say
from etl.config.settings import Retention
from etl.reports.files import MANIFEST
from etl.reports.history import read_runs
from etl.store.inbox import done_folders, is_folder, remove_empty_folders
from etl.store.parts import Part, check_part, damage_is_a_problem, parts, publish, store_work_folder
from etl.upkeep.part_files import loaded_at, rewrite
from etl.upkeep.purge_files import remove, report_units

EMPTIED = "quarantine_emptied_at"
# A longer step without a load, a run or an event may be a clock that is ahead.
LONGEST_STEP = timedelta(days=60)


def apply(data: DataDir, retention: Retention, now: datetime | None = None) -> list[str]:
    """Removes what is older than the settings allow, prints how much, and returns what is wrong."""
    now = now or datetime.now(UTC)

    exports, old_parts, units = list[Path](), list[Part](), list[Path]()
    if retention.inbox_days is not None:
        exports = old_exports(data, now - timedelta(days=retention.inbox_days))
    if retention.quarantine_days is not None:
        old_parts = parts_to_empty(data, now - timedelta(days=retention.quarantine_days))
    if retention.report_days is not None:
        units = old_reports(data, now - timedelta(days=retention.report_days))
    if not (exports or old_parts or units):
        return []
    day = retention.clock_was_right_on
    known = known_time(data, now, datetime.combine(day, time(), UTC) if day else None)
    if known is not None and now - known > LONGEST_STEP:
        problem = (
            "[retention]: nothing was removed, because the clock is more than "
            f"{LONGEST_STEP.days} days ahead of {known:%Y-%m-%d}, the last day that loads, runs and events "
            "show. Compare the clock with a calendar. If it is right, load a newer export, or write "
            "`clock_was_right_on` and today's date under [retention] of settings.toml."
        )
        say(problem)
        return [problem]
    for file in exports:
        file.unlink()
    for folder in done_folders(data) if exports else ():
        remove_empty_folders(folder)
    empty_quarantine(data, old_parts, now)
    remove_reports(data, units)
    return []


def known_time(data: DataDir, now: datetime, confirmed: datetime | None = None) -> datetime | None:
    """The newest moment up to now that the clock of this call alone does not give; None if there is none.

    The clock of an earlier load or run may have been ahead too: each counts if it follows another, or an
    event, by no more than LONGEST_STEP. The first is believed, an event if its file was loaded after it, and
    what a person has `confirmed` unless it is still to come.
    """
    loads = [loaded_at(part) for part in parts(data)]
    runs = [datetime.fromisoformat(run.at).replace(tzinfo=UTC) for run in read_runs(data)]
    moments = sorted(at for at in (*loads, *runs) if at <= now)
    known = last_step(moments, moments[0]) if moments else None
    if (known is None or now - known > LONGEST_STEP) and (event := newest_event(data, now)):
        known = max(known or event, last_step(moments, event))
    # The firm may be east of UTC.
    if confirmed and confirmed <= now + timedelta(days=1):
        known = max(known or confirmed, last_step(moments, confirmed))
    return known


def last_step(moments: list[datetime], known: datetime) -> datetime:
    """The last of the sorted moments that follows the known one step by step."""
    for at in moments:
        if known < at <= known + LONGEST_STEP:
            known = at
    return known


def newest_event(data: DataDir, now: datetime) -> datetime | None:
    """The newest event that is neither after the load of its file nor after now."""
    newest = None
    with duckdb.connect(config=OFFLINE) as database:
        for part in parts(data):
            if part.kind != "events":
                continue
            check_part(part)
            latest = min(loaded_at(part), now).astimezone(UTC).replace(tzinfo=None)
            query = f"select max(event_at) from {parquet(part.data)} where event_at <= ?"
            with damage_is_a_problem(part):
                [(found,)] = database.execute(query, [latest]).fetchall()
            newest = max(newest or found, found) if found else newest
    return newest.replace(tzinfo=UTC) if newest else None


def old_exports(data: DataDir, until: datetime) -> list[Path]:
    """The loaded and refused exports that were moved there before `until`."""
    files = [file for folder in done_folders(data) for file in folder.rglob("*") if not is_folder(file)]
    # st_ctime is the time of the move; st_mtime is the time of the content.
    return [file for file in files if datetime.fromtimestamp(file.lstat().st_ctime, UTC) < until]


def parts_to_empty(data: DataDir, until: datetime) -> list[Part]:
    """The parts loaded before `until` whose quarantined records still have their text."""
    return [
        part
        for part in parts(data)
        if part.ledger["quarantined_count"] and EMPTIED not in part.ledger and loaded_at(part) < until
    ]


def empty_quarantine(data: DataDir, old: list[Part], now: datetime) -> None:
    """Removes the text of the quarantined records of parts; number and reason stay."""
    if not old:
        return
    with store_work_folder(data) as folder, duckdb.connect(config=OFFLINE) as database:
        for part in old:
            check_part(part)
            emptied = f"select * replace (null::varchar as record) from {parquet(part.quarantine)}"
            new, _ = rewrite(database, part, f"from {parquet(part.data)}", emptied, folder)
            publish(data, new, part.ledger | {EMPTIED: now.isoformat(timespec="seconds")}, part)
    say(f"[retention] quarantine_days: removed the text of quarantined records of {len(old)} loaded files.")


def old_reports(data: DataDir, until: datetime) -> list[Path]:
    """The reports, stored runs and packs of evidence that were written before `until`."""
    remove_leftovers(data.runs, data.root / "evidence")
    return [u for u in report_units(data) if datetime.fromtimestamp(u.lstat().st_mtime, UTC) < until]


def remove_reports(data: DataDir, old: list[Path]) -> None:
    """Removes reports, stored runs and packs of evidence."""
    for unit in old:
        remove(data, unit)
    for folder in {file.parent for file in old if data.reports in file.parents} - {data.reports}:
        if {left.name for left in folder.iterdir()} <= {MANIFEST}:
            shutil.rmtree(folder)
    if old:
        say(f"[retention] report_days: removed {len(old)} reports, stored runs and packs of evidence.")
