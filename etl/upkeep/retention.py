"""What goes by age, as [retention] of the settings says it: the text of records set aside, and what people were given.

Exports as they came go by `inbox_days`, whenever the inbox is loaded. `returntrail run` applies the rest.
"""

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from etl.common.duck import OFFLINE, literal
from etl.common.files import remove_leftovers
from etl.common.paths import DataDir
from etl.common.terminal import say
from etl.config.settings import Retention
from etl.reports.files import MANIFEST
from etl.store.parts import Part, check_part, damage_is_a_problem, parts, publish, store_work_folder
from etl.store.write_part import copy_to_parquet
from etl.upkeep.purge_files import remove

EMPTIED = "quarantine_emptied_at"


def apply(data: DataDir, retention: Retention, now: datetime | None = None) -> None:
    """Removes what is older than it may be, and says how much."""
    now = now or datetime.now(UTC)
    if retention.quarantine_days is not None:
        empty_quarantine(data, now - timedelta(days=retention.quarantine_days), now)
    if retention.report_days is not None:
        remove_leftovers(data.runs, data.root / "evidence")
        remove_reports(data, now - timedelta(days=retention.report_days))


def empty_quarantine(data: DataDir, until: datetime, now: datetime) -> None:
    """Of records set aside that were loaded before a moment the number and the reason stay, and what they said goes."""
    old = [part for part in parts(data) if is_due(part, until)]
    if not old:
        return
    with store_work_folder(data) as folder, duckdb.connect(config=OFFLINE) as database:
        for part in old:
            check_part(part)
            made = Path(tempfile.mkdtemp(prefix="part-", dir=folder))
            emptied = (
                f"select * replace (null::varchar as record) from read_parquet({literal(part.quarantine)})"
            )
            with damage_is_a_problem(part):
                copy_to_parquet(database, emptied, made / part.quarantine.name)
            shutil.copyfile(part.data, made / part.data.name)
            publish(data, made, part.ledger | {EMPTIED: now.isoformat(timespec="seconds")}, part)
    say(
        f"The text of records set aside was removed from {len(old)} loaded files, as [retention] quarantine_days says."
    )


def is_due(part: Part, until: datetime) -> bool:
    loaded_at = datetime.fromisoformat(part.ledger["loaded_at"])
    is_old = loaded_at.replace(tzinfo=loaded_at.tzinfo or UTC) < until
    return is_old and bool(part.ledger["quarantined_count"]) and EMPTIED not in part.ledger


def remove_reports(data: DataDir, until: datetime) -> None:
    """Reports, the files of runs and packs of evidence that were written before a moment."""
    written = (file for file in sorted(data.reports.rglob("*")) if file.is_file())
    reports = [file for file in written if is_older(file, until) and file.name != MANIFEST]
    kept = [folder for folder in sorted(data.runs.glob("*")) if folder.is_dir() and is_older(folder, until)]
    packs = [pack for pack in sorted((data.root / "evidence").glob("*")) if is_older(pack, until)]
    for unit in (*reports, *kept, *packs):
        remove(data, unit)
    for folder in {file.parent for file in reports} - {data.reports}:
        if {left.name for left in folder.iterdir()} <= {MANIFEST}:
            shutil.rmtree(folder)
    if reports or kept or packs:
        count = len(reports) + len(kept) + len(packs)
        say(
            f"{count} reports, kept runs and packs of evidence were removed, as [retention] report_days says."
        )


def is_older(path: Path, until: datetime) -> bool:
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC) < until
