"""Fills the tables of `raw` from parts and refusals: logs, returns lists, the ledger, and the build."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from etl.common.duck import literal
from etl.common.paths import DataDir, version
from etl.common.problem import Problem
from etl.config.settings import Settings
from etl.sql.catalog import Catalog
from etl.sql.file import SqlFile
from etl.store.parts import Part, check_part, damage_is_a_problem, parts, refusals
from etl.warehouse.models import columns_of, insert_rows


def fill_raw(
    database: duckdb.DuckDBPyConnection,
    data: DataDir,
    catalog: Catalog,
    settings: Settings,
    as_of: datetime | None,
) -> None:
    """Fills the empty tables of `raw`. By default `as_of` is the newest event not later than the newest load.

    Checksums are verified first: DuckDB itself does not notice every changed byte of Parquet.
    """
    # A file that was refused and has been loaded since is no longer refused.
    ledger = {row["file_id"]: row | {"state": "refused"} for row in refusals(data)}
    for part in parts(data):
        check_part(part)
        fill_records(database, catalog.files[f"raw.{part.kind}"], part, part.data, part.ledger["kept_count"])
        if quarantined := part.ledger["quarantined_count"]:
            fill_records(database, catalog.files["raw.quarantine"], part, part.quarantine, quarantined)
        own = {"file_id": part.file_id, "kind": part.kind, "state": "loaded"}
        ledger[part.file_id] = {"purged_count": 0} | part.ledger | own
    for row in ledger.values():
        if isinstance(row.get("unmapped_columns"), list):
            row["unmapped_columns"] = json.dumps(row["unmapped_columns"], ensure_ascii=False)
    insert_rows(database, "raw.files", [row for _, row in sorted(ledger.items())])
    if as_of is None:
        as_of = database.execute("""
            select max(event_at) from raw.events
            where event_at <= (select max(loaded_at) from raw.files where state = 'loaded')
        """).fetchall()[0][0]
    else:
        in_zone = as_of if as_of.tzinfo else as_of.replace(tzinfo=ZoneInfo(settings.timezone))
        as_of = in_zone.astimezone(UTC).replace(tzinfo=None)
    built_at = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    values = [as_of, built_at, version(), input_digest(data, catalog), settings.firm_name, settings.timezone]
    database.execute("insert into raw.build values (?, ?, ?, ?, ?, ?)", values)


def fill_records(
    database: duckdb.DuckDBPyConnection, table: SqlFile, part: Part, file: Path, count: int
) -> None:
    """Inserts one file of a part, which must have as many records as its ledger says.

    Parts are read one by one, in the order of files and rows, so that memory does not grow with their number.
    """
    source = f"read_parquet({literal(file)})"
    with damage_is_a_problem(part):
        present = columns_of(database, source)
        shared = ", ".join(column.name for column in table.columns if column.name in present)
        insert = f"insert into {table.full_name} by name select {shared} from {source}"
        inserted = database.execute(insert).fetchall()[0][0]
    if inserted != count:
        fault = f"{inserted} records in {file.name}, and its ledger says {count}"
        advice = "The part is damaged; remove it and load its file again."
        raise Problem(f"{part.folder}: {fault}. {advice}")


def input_digest(data: DataDir, catalog: Catalog) -> str:
    """A hash of the parts, refusals, settings and reference files that go into a build."""
    digest = hashlib.sha256()
    ledgers = [part.ledger | {"folder": part.folder.name} for part in parts(data)]
    digest.update(json.dumps([ledgers, refusals(data)], sort_keys=True, default=str).encode())
    references = [path for table in catalog.of("ref") for path in data.reference(f"{table.name}.csv")]
    for file in [data.settings, *sorted(references)]:
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def fill_counts(database: duckdb.DuckDBPyConnection) -> None:
    """Writes into the ledger what became of the records of each log."""
    database.execute("""
        update raw.files as files set
            distinct_count = counts.distinct_count,
            repeated_count = counts.repeated_count,
            later_count = counts.later_count
        from model.file_counts as counts
        where counts.file_id = files.file_id
    """)
