"""The checks of `returntrail verify` on the warehouse: its bytes, its ledger, and a rebuild of some returns.

Some returns are rebuilt from the parts in another folder, and must have the same rows as the published ones.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from etl.common.duck import OFFLINE, literal
from etl.common.files import make_private_folder, work_folder
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.sql.catalog import Catalog
from etl.store.parts import Part, publish
from etl.store.purged import read_purged
from etl.store.write_part import copy_to_parquet
from etl.upkeep.findings import BUILD, DAMAGE, NOTE, WARNING, WELL, Finding, is_damaged
from etl.warehouse.ask import Warehouse, warehouse_cursor
from etl.warehouse.build import build
from etl.warehouse.raw import input_digest

REBUILD = "Type `returntrail build`; the store has all that it needs."
COUNTS = ("record_count", "kept_count", "quarantined_count", "purged_count")
ACCOUNTS = """
    with records as (select file_id from raw.events union all select file_id from raw.returns)
    select
        *,
        (select count(*) from records where records.file_id = files.file_id) as found_count,
        (select count(*) from raw.quarantine as bad where bad.file_id = files.file_id) as found_bad_count
    from raw.files as files
    order by file_name, file_id
"""
RETURNS = "select firm_id, return_id from raw.events union select firm_id, return_id from raw.returns"
# Each build has another sample, so that many builds cover all returns. It has every return of a small firm.
SAMPLE_SIZE = 200


def check_warehouse(
    data: DataDir, warehouse: Warehouse, catalog: Catalog, whole: list[Part], refused: list[dict[str, Any]]
) -> Iterator[Finding]:
    """Checks every byte, then the ledger against the store and the tables."""
    unreadable = list(unreadable_tables(warehouse, catalog))
    yield from unreadable
    if unreadable:
        return
    rows = select(warehouse, ACCOUNTS)
    faults = [*check_ledger(data, rows, whole, refused), *check_counts(rows)]
    yield from faults
    if not is_damaged(faults):
        sentence = "Every table can be read, and its ledger matches the store and the tables."
        yield Finding(WELL, "warehouse", sentence)
    if not faults and has_changed_inputs(data, warehouse, catalog):
        sentence = (
            f"A loaded file, the settings or the reference rows have changed since it was built. {BUILD}"
        )
        yield Finding(NOTE, "warehouse", sentence)
    yield from file_notes(warehouse, rows)
    yield from check_purged(data, warehouse)


def select(warehouse: Warehouse, query: str) -> pl.DataFrame:
    with warehouse_cursor(warehouse.database) as cursor:
        frame: pl.DataFrame = cursor.sql(query).pl()
    return frame


def unreadable_tables(warehouse: Warehouse, catalog: Catalog) -> Iterator[Finding]:
    """The tables with a changed byte: DuckDB checks each block that it reads."""
    for table in catalog.of("raw", "ref", "model", "mart", "main"):
        subject = f"warehouse.duckdb, {table.full_name}"
        try:
            select(warehouse, f"select bit_xor(hash(whole)) as every_byte from {table.full_name} as whole")
        except duckdb.CatalogException:
            yield Finding(WARNING, subject, f"The warehouse was built before this table existed. {REBUILD}")
        except duckdb.Error:
            yield Finding(DAMAGE, subject, f"It cannot be read: its bytes have changed. {REBUILD}")


def check_ledger(
    data: DataDir, rows: pl.DataFrame, whole: list[Part], refused: list[dict[str, Any]]
) -> Iterator[Finding]:
    """Compares the ledger of the warehouse with those of the parts and refusals."""
    known = {row["file_id"]: row for row in rows.iter_rows(named=True)}
    loaded = {part.file_id: part for part in whole}
    in_store = {folder.name[:16] for folder in data.store.glob("*")}
    for file_id, row in known.items():
        if row["state"] == "refused":
            refusal = data.store / "refused" / f"{file_id}.json"
            if not refusal.exists() and file_id not in in_store:
                sentence = f"The warehouse has this refusal, but the store does not. {REBUILD}"
                yield Finding(WARNING, f"store/refused/{refusal.name}", sentence)
        elif file_id not in in_store:
            sentence = "The warehouse has records of this file, but its part is missing."
            remedy = "Load the file again, or build without it."
            yield Finding(DAMAGE, f"store/{file_id}", f"{sentence} {remedy}")
        elif file_id in loaded:
            ledger = {"purged_count": 0} | loaded[file_id].ledger
            wrong = [
                f"{name} is {row[name]} in the warehouse and {ledger[name]} in the ledger"
                for name in COUNTS
                if ledger[name] != row[name]
            ]
            if wrong:
                sentence = f"{', '.join(wrong)}. {REBUILD}"
                yield Finding(WARNING, f"warehouse.duckdb, raw.files, {file_id}", sentence)
    new = [f"store/{file_id}" for file_id in loaded if file_id not in known]
    new += [f"store/refused/{row['file_id']}.json" for row in refused if row["file_id"] not in known]
    for name in new:
        yield Finding(NOTE, name, f"It is newer than the warehouse. {BUILD}")


def check_counts(rows: pl.DataFrame) -> Iterator[Finding]:
    """Checks that the counts of every loaded file add up, and match the records in the tables."""
    for row in rows.filter(pl.col("state") == "loaded").iter_rows(named=True):
        subject = f"warehouse.duckdb, raw.files, {row['file_id']}"
        kept, quarantined = row["kept_count"], row["quarantined_count"]
        if row["record_count"] != kept + quarantined + row["purged_count"]:
            sentence = "Its kept, quarantined and purged records are not all of its records."
            yield Finding(DAMAGE, subject, f"{sentence} {REBUILD}")
        found, found_bad = row["found_count"], row["found_bad_count"]
        if (found, found_bad) != (kept, quarantined):
            counts = f"{found} records and {found_bad} quarantined ones, not {kept} and {quarantined}"
            yield Finding(DAMAGE, subject, f"The tables have {counts}. {REBUILD}")
        accounts = [row["distinct_count"], row["repeated_count"], row["later_count"]]
        if row["kind"] == "events" and (None in accounts or sum(accounts) != kept):
            sentence = "Its distinct, repeated and later records are not all of its kept records."
            yield Finding(DAMAGE, subject, f"{sentence} {REBUILD}")


def has_changed_inputs(data: DataDir, warehouse: Warehouse, catalog: Catalog) -> bool:
    """Whether store, settings or reference rows differ from those that the warehouse was built from."""
    try:
        return input_digest(data, catalog) != warehouse.facts.input_digest
    except Problem:
        return False


def file_notes(warehouse: Warehouse, rows: pl.DataFrame) -> Iterator[Finding]:
    """The files that were refused, and the records that were quarantined or are later than the build."""
    for row in rows.iter_rows(named=True):
        subject = row["file_name"] or row["file_id"]
        if row["state"] == "refused":
            yield Finding(NOTE, subject, f"Refused: {row['reason']}")
        if row["quarantined_count"]:
            counts = f"{row['quarantined_count']} of {row['record_count']} records were quarantined"
            yield Finding(NOTE, subject, f"{counts}; the page Data health lists the reasons.")
        if row["later_count"]:
            reason = f"they are later than {warehouse.facts.as_of} UTC"
            yield Finding(NOTE, subject, f"{row['later_count']} events are left out: {reason}.")


def check_purged(data: DataDir, warehouse: Warehouse) -> Iterator[Finding]:
    """Finds purged returns that are back. No load does that, so an old backup of the store was restored."""
    try:
        gone = read_purged(data)
    except Problem:
        return
    if gone.hashes:
        count = sum(gone.has(*row) for row in select(warehouse, RETURNS).iter_rows())
        if count:
            sentence = f"{count} purged returns are in the warehouse again. Purge them again."
            yield Finding(DAMAGE, "purged.jsonl", sentence)


def check_models(
    data: DataDir, warehouse: Warehouse, catalog: Catalog, whole: list[Part]
) -> Iterator[Finding]:
    """Rebuilds a sample of returns and compares their rows in each table."""
    with work_folder(data.root) as folder, duckdb.connect(config=OFFLINE) as database:
        database.execute(f"attach {literal(warehouse.file)} as published (read_only)")
        count = fill_sample(database, warehouse)
        other = sample_directory(database, data, whole, folder, warehouse)
        try:
            build(other, warehouse.facts.as_of)
        except Problem as problem:
            yield Finding(DAMAGE, "models", f"{count} returns cannot be rebuilt: {problem}")
            return
        database.execute(f"attach {literal(other.warehouse)} as rebuilt (read_only)")
        wrong = list(differing_tables(database, catalog))
    for name, row_count in wrong:
        sentence = f"{row_count} rows of {count} returns differ from a rebuild. {BUILD}"
        yield Finding(DAMAGE, f"warehouse.duckdb, {name}", sentence)
    if not wrong:
        yield Finding(WELL, "models", f"{count} returns were rebuilt, with the same result.")


def fill_sample(database: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> int:
    """Fills `sample` with some returns of the warehouse; returns their number."""
    database.execute(
        """
        create temp table sample as
        select firm_id, return_id
        from (
            select firm_id, return_id from published.mart.returns
            union
            select firm_id, return_id from published.raw.events where event_at <= $as_of
        )
        order by md5(concat($digest, chr(0), firm_id, chr(0), return_id)), firm_id, return_id
        limit $size
        """,
        {"as_of": warehouse.facts.as_of, "digest": warehouse.facts.input_digest, "size": SAMPLE_SIZE},
    )
    count: int = database.execute("select count(*) from sample").fetchall()[0][0]
    return count


def sample_directory(
    database: duckdb.DuckDBPyConnection, data: DataDir, whole: list[Part], folder: Path, warehouse: Warehouse
) -> DataDir:
    """A data directory with the sample's records, and the newest event of each file, which dates the file."""
    other = DataDir(folder / "data")
    make_private_folder(other.store)
    shutil.copy(data.settings, other.root / "settings.toml")
    if (data.root / "reference").is_dir():
        shutil.copytree(data.root / "reference", other.root / "reference")
    for part in whole:
        made = folder / "made"
        make_private_folder(made)
        rows = f"from read_parquet({literal(part.data)})"
        selected = f"{rows} semi join sample using (firm_id, return_id)"
        if part.kind == "events":
            moment = literal(warehouse.facts.as_of)
            newest = f"select max_by(row_no, event_at) {rows} where event_at <= {moment}::timestamp"
            selected = f"{rows} where row_no in (select row_no {selected} union all {newest}) order by row_no"
        kept = copy_to_parquet(database, selected, made / part.data.name)
        copy_to_parquet(
            database, f"from read_parquet({literal(part.quarantine)}) limit 0", made / part.quarantine.name
        )
        counts = {"record_count": kept, "kept_count": kept, "quarantined_count": 0, "purged_count": 0}
        publish(other, made, part.ledger | counts, None)
    return other


def differing_tables(database: duckdb.DuckDBPyConnection, catalog: Catalog) -> Iterator[tuple[str, int]]:
    """The tables in which rows of the sample differ between both warehouses, and the number of those rows."""
    for table in catalog.of("model", "mart"):
        columns = [column.name for column in table.columns]
        if "return_id" in columns and (table.schema == "mart" or table.full_name == "model.events"):
            old, new = (
                f"select {', '.join(columns)} from {database_name}.{table.full_name} "
                "semi join sample using (firm_id, return_id)"
                for database_name in ("published", "rebuilt")
            )
            query = f"select count(*) from (({old} except all {new}) union all ({new} except all {old}))"
            count = database.execute(query).fetchall()[0][0]
            if count:
                yield table.full_name, count
