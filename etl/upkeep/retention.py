"""Removal by age, as [retention] of the settings says: the text of quarantined records, and old reports.

Loading the inbox applies `inbox_days` to the exports; `returntrail run` applies the rest.
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
    """Removes what is too old, and prints how much."""
    now = now or datetime.now(UTC)
    if retention.quarantine_days is not None:
        empty_quarantine(data, now - timedelta(days=retention.quarantine_days), now)
    if retention.report_days is not None:
        remove_leftovers(data.runs, data.root / "evidence")
        remove_reports(data, now - timedelta(days=retention.report_days))


def empty_quarantine(data: DataDir, until: datetime, now: datetime) -> None:
    """Removes the text of quarantined records that were loaded before `until`; number and reason stay."""
    old = [part for part in parts(data) if is_due(part, until)]
    if not old:
        return
    with store_work_folder(data) as folder, duckdb.connect(config=OFFLINE) as database:
        for part in old:
            check_part(part)
            made = Path(tempfile.mkdtemp(prefix="part-", dir=folder))
            rows = f"from read_parquet({literal(part.quarantine)})"
            with damage_is_a_problem(part):
                emptied = f"select * replace (null::varchar as record) {rows}"
                copy_to_parquet(database, emptied, made / part.quarantine.name)
            shutil.copyfile(part.data, made / part.data.name)
            publish(data, made, part.ledger | {EMPTIED: now.isoformat(timespec="seconds")}, part)
    say(f"[retention] quarantine_days: removed the text of quarantined records of {len(old)} loaded files.")


def is_due(part: Part, until: datetime) -> bool:
    loaded_at = datetime.fromisoformat(part.ledger["loaded_at"])
    is_old = loaded_at.replace(tzinfo=loaded_at.tzinfo or UTC) < until
    return is_old and bool(part.ledger["quarantined_count"]) and EMPTIED not in part.ledger


def remove_reports(data: DataDir, until: datetime) -> None:
    """Removes reports, stored runs and packs of evidence that were written before `until`."""
    reports = [file for file in sorted(data.reports.rglob("*")) if file.is_file() and file.name != MANIFEST]
    runs = [folder for folder in sorted(data.runs.glob("*")) if folder.is_dir()]
    units = [*reports, *runs, *sorted((data.root / "evidence").glob("*"))]
    old = [unit for unit in units if datetime.fromtimestamp(unit.lstat().st_mtime, UTC) < until]
    for unit in old:
        remove(data, unit)
    for folder in {file.parent for file in old if data.reports in file.parents} - {data.reports}:
        if {left.name for left in folder.iterdir()} <= {MANIFEST}:
            shutil.rmtree(folder)
    if old:
        say(f"[retention] report_days: removed {len(old)} reports, stored runs and packs of evidence.")
