"""Removes what is older than [retention] of the settings allows: text of quarantined records, reports.

Loading the inbox applies `inbox_days` to the exports; `returntrail run` applies the rest.
"""

import shutil
from datetime import UTC, datetime, timedelta

import duckdb

from etl.common.duck import OFFLINE, parquet
from etl.common.files import remove_leftovers
from etl.common.paths import DataDir
from etl.common.terminal import say
from etl.config.settings import Retention
from etl.reports.files import MANIFEST
from etl.store.parts import check_part, parts, publish, store_work_folder
from etl.upkeep.part_files import loaded_at, rewrite
from etl.upkeep.purge_files import remove, report_units

EMPTIED = "quarantine_emptied_at"


def apply(data: DataDir, retention: Retention, now: datetime | None = None) -> None:
    """Removes what is older than the settings allow, and prints how much."""
    now = now or datetime.now(UTC)
    if retention.quarantine_days is not None:
        empty_quarantine(data, now - timedelta(days=retention.quarantine_days), now)
    if retention.report_days is not None:
        remove_reports(data, now - timedelta(days=retention.report_days))


def empty_quarantine(data: DataDir, until: datetime, now: datetime) -> None:
    """Removes the text of quarantined records that were loaded before `until`; number and reason stay."""
    old = [
        part
        for part in parts(data)
        if part.ledger["quarantined_count"] and EMPTIED not in part.ledger and loaded_at(part) < until
    ]
    if not old:
        return
    with store_work_folder(data) as folder, duckdb.connect(config=OFFLINE) as database:
        for part in old:
            check_part(part)
            emptied = f"select * replace (null::varchar as record) from {parquet(part.quarantine)}"
            new, _ = rewrite(database, part, f"from {parquet(part.data)}", emptied, folder)
            publish(data, new, part.ledger | {EMPTIED: now.isoformat(timespec="seconds")}, part)
    say(f"[retention] quarantine_days: removed the text of quarantined records of {len(old)} loaded files.")


def remove_reports(data: DataDir, until: datetime) -> None:
    """Removes reports, stored runs and packs of evidence that were written before `until`."""
    remove_leftovers(data.runs, data.root / "evidence")
    units = list(report_units(data))
    old = [unit for unit in units if datetime.fromtimestamp(unit.lstat().st_mtime, UTC) < until]
    for unit in old:
        remove(data, unit)
    for folder in {file.parent for file in old if data.reports in file.parents} - {data.reports}:
        if {left.name for left in folder.iterdir()} <= {MANIFEST}:
            shutil.rmtree(folder)
    if old:
        say(f"[retention] report_days: removed {len(old)} reports, stored runs and packs of evidence.")
