"""The checks of `returntrail verify` on the warehouse: its bytes, its ledger, and a rebuild of some returns.

Some returns are rebuilt from the parts in another folder, and must have the same rows as the published ones.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import polars as pl

from etl.common.duck import OFFLINE, literal
from etl.common.files import make_private_folder, work_folder
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.sql.catalog import Catalog
from etl.store.parts import ID_LENGTH, Ledger, Part, publish
from etl.store.purged import read_purged
from etl.upkeep.findings import BUILD, DAMAGE, NOTE, WARNING, WELL, Finding, is_damaged
from etl.upkeep.part_files import rewrite, rows_of
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
        (select count(*) from raw.quarantine as bad where bad.file_id = files.file_id) as bad_count
    from raw.files as files
    order by file_name, file_id
"""
# The faults of a loaded file, and what is good to know of any file: each sentence with its condition in SQL.
FAULTS = {
    "Its kept, quarantined and purged records do not add up to all of its records.": (
        "record_count != kept_count + quarantined_count + purged_count"
    ),
    "The tables have {found_count} records and {bad_count} quarantined records, "
    "not {kept_count} and {quarantined_count}.": (
        "found_count != kept_count or bad_count != quarantined_count"
    ),
    "Its distinct, repeated and later records do not add up to its kept records.": (
        "kind = 'events' and coalesce(distinct_count + repeated_count + later_count, -1) != kept_count"
    ),
}
NOTES = {
    "{later_count} events are left out: they are later than {as_of} UTC.": "later_count > 0",
    "{quarantined_count} of {record_count} records were quarantined; Data health lists the reasons.": (
        "quarantined_count > 0"
    ),
    "Refused: {reason}": "state = 'refused'",
}
RETURNS = "select firm_id, return_id from raw.events union select firm_id, return_id from raw.returns"
# Each build has another sample, so that many builds cover all returns. It has every return of a small firm.
SAMPLE_SIZE = 200


def check_warehouse(
    data: DataDir, warehouse: Warehouse, catalog: Catalog, undamaged: list[Part], refused: list[Ledger]
) -> Iterator[Finding]:
    """Checks every byte, then the ledger against the store and the tables."""
    unreadable = list(unreadable_tables(warehouse, catalog))
    if unreadable:
        yield from unreadable
        return
    rows = select(warehouse, ACCOUNTS).with_columns(as_of=pl.lit(str(warehouse.facts.as_of)))
    faults = list(check_ledger(data, rows, undamaged, refused))
    for row, sentence in matches(rows.filter(pl.col("state") == "loaded"), FAULTS):
        faults.append(Finding(DAMAGE, ledger_row(row["file_id"]), f"{sentence} {REBUILD}"))
    yield from faults
    if not is_damaged(faults):
        sentence = "Every table can be read, and its ledger matches the store and the tables."
        yield Finding(WELL, "warehouse", sentence)
    if not faults and has_changed_inputs(data, warehouse, catalog):
        changed = "A loaded file, the settings or the reference rows have changed since it was built."
        yield Finding(NOTE, "warehouse", f"{changed} {BUILD}")
    for row, sentence in matches(rows, NOTES):
        yield Finding(NOTE, row["file_name"] or row["file_id"], sentence)
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
            select(
                warehouse, f"select bit_xor(hash(full_row)) as every_byte from {table.full_name} as full_row"
            )
        except duckdb.CatalogException:
            yield Finding(WARNING, subject, f"The warehouse was built before this table existed. {REBUILD}")
        except duckdb.Error:
            yield Finding(DAMAGE, subject, f"It cannot be read: its bytes have changed. {REBUILD}")


def check_ledger(
    data: DataDir, rows: pl.DataFrame, undamaged: list[Part], refused: list[Ledger]
) -> Iterator[Finding]:
    """Compares the ledger of the warehouse with those of the parts and refusals."""
    loaded = {part.file_id: part.ledger for part in undamaged}
    in_store = {folder.name[:ID_LENGTH] for folder in data.store.glob("*")}
    for row in rows.iter_rows(named=True):
        file_id = row["file_id"]
        refusal = f"store/refused/{file_id}.json"
        # Its part may be damaged, which is another finding.
        ledger = {"purged_count": 0} | loaded.get(file_id, row)
        wrong = [
            f"{name} is {row[name]} in the warehouse and {ledger[name]} in the ledger"
            for name in COUNTS
            if ledger[name] != row[name]
        ]
        if row["state"] == "refused":
            if file_id not in in_store and not (data.root / refusal).exists():
                sentence = f"The warehouse has this refusal, but the store does not. {REBUILD}"
                yield Finding(WARNING, refusal, sentence)
        elif file_id not in in_store:
            sentence = "The warehouse has records of this file, but its part is missing."
            remedy = "Load the file again, or build without it."
            yield Finding(DAMAGE, f"store/{file_id}", f"{sentence} {remedy}")
        elif wrong:
            yield Finding(WARNING, ledger_row(file_id), f"{', '.join(wrong)}. {REBUILD}")
    known = set(rows["file_id"])
    names = {file_id: f"store/{file_id}" for file_id in loaded}
    names |= {row["file_id"]: f"store/refused/{row['file_id']}.json" for row in refused}
    for file_id, name in names.items():
        if file_id not in known:
            yield Finding(NOTE, name, f"It is newer than the warehouse. {BUILD}")


def ledger_row(file_id: str) -> str:
    return f"warehouse.duckdb, raw.files, {file_id}"


def matches(rows: pl.DataFrame, conditions: dict[str, str]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each row that fulfills a condition, with the sentence of the condition filled from the row."""
    for sentence, condition in conditions.items():
        for row in rows.filter(pl.sql_expr(condition)).iter_rows(named=True):
            yield row, sentence.format(**row)


def has_changed_inputs(data: DataDir, warehouse: Warehouse, catalog: Catalog) -> bool:
    """Whether store, settings or reference rows differ from those that the warehouse was built from."""
    try:
        return input_digest(data, catalog) != warehouse.facts.input_digest
    except Problem:
        return False


def check_purged(data: DataDir, warehouse: Warehouse) -> Iterator[Finding]:
    """Finds purged returns in the warehouse. No load restores them, so it was an old backup of the store."""
    try:
        purged = read_purged(data)
    except Problem:
        return
    returns = select(warehouse, RETURNS).iter_rows() if purged.hashes else ()
    count = sum(purged.has(*row) for row in returns)
    if count:
        sentence = f"{count} purged returns are in the warehouse again. Purge them again."
        yield Finding(DAMAGE, "purged.jsonl", sentence)


def check_models(
    data: DataDir, warehouse: Warehouse, catalog: Catalog, undamaged: list[Part]
) -> Iterator[Finding]:
    """Rebuilds a sample of returns and compares their rows in each table."""
    with work_folder(data.root) as folder, duckdb.connect(config=OFFLINE) as database:
        database.execute(f"attach {literal(warehouse.file)} as published (read_only)")
        count = fill_sample(database, warehouse)
        other = DataDir(folder / "data")
        fill_directory(database, data, other, undamaged, warehouse.facts.as_of)
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


def fill_directory(
    database: duckdb.DuckDBPyConnection,
    data: DataDir,
    other: DataDir,
    undamaged: list[Part],
    as_of: datetime | None,
) -> None:
    """Fills a data directory with the sample's records, and the newest event of each file, which dates it."""
    make_private_folder(other.store)
    shutil.copy(data.settings, other.root / "settings.toml")
    if (data.root / "reference").is_dir():
        shutil.copytree(data.root / "reference", other.root / "reference")
    for part in undamaged:
        rows = rows_of(part.data)
        selected = f"{rows} semi join sample using (firm_id, return_id)"
        if part.kind == "events":
            newest = f"select max_by(row_no, event_at) {rows} where event_at <= {literal(as_of)}::timestamp"
            selected = f"{rows} where row_no in (select row_no {selected} union all {newest}) order by row_no"
        new, counts = rewrite(database, part, selected, f"{rows_of(part.quarantine)} limit 0", other.store)
        counts |= {"record_count": counts["kept_count"], "purged_count": 0}
        publish(other, new, part.ledger | counts, None)


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
