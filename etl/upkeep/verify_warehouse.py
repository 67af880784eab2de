"""Models against a rebuild: some returns are built anew from the parts, beside, and must come out row by row as published.

The warehouse, as `returntrail verify` looks at it: every byte of every table, and the ledger against the store.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl

from etl.common.duck import literal
from etl.common.files import make_private_folder, work_folder
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.sql.catalog import Catalog
from etl.store.parts import Part, publish
from etl.store.purged import read_purged
from etl.store.write_part import copy_to_parquet
from etl.upkeep.findings import DAMAGE, NOTE, WARNING, WELL, Finding
from etl.upkeep.purge_plan import opened
from etl.warehouse.ask import Warehouse, warehouse_cursor
from etl.warehouse.build import build
from etl.warehouse.raw import input_digest

ANEW = "Type `returntrail build`; the store has all that it needs."
COUNTS = ("record_count", "kept_count", "quarantined_count", "purged_count")
ACCOUNTS = """
    select
        files.*,
        case files.kind
            when 'events' then (select count(*) from raw.events as events where events.file_id = files.file_id)
            else (select count(*) from raw.returns as returns where returns.file_id = files.file_id)
        end as found_count,
        (select count(*) from raw.quarantine as aside where aside.file_id = files.file_id) as found_aside_count
    from raw.files as files
    order by files.file_name, files.file_id
"""
RETURNS = "select firm_id, return_id from raw.events union select firm_id, return_id from raw.returns"


def look_at_warehouse(
    data: DataDir, warehouse: Warehouse, catalog: Catalog, whole: list[Part], refused: list[dict]
) -> Iterator[Finding]:
    """What is wrong with it, and with what it says of the files."""
    damaged = list(unreadable_tables(warehouse, catalog))
    yield from damaged
    if damaged:
        return
    rows = asked(warehouse, ACCOUNTS)
    faults = [*against_store(data, rows, whole, refused), *equations(rows)]
    yield from faults
    if not any(one.severity == DAMAGE for one in faults):
        yield Finding(
            WELL,
            "warehouse",
            "Every table can be read, and its ledger agrees with the store and with its tables.",
        )
    yield from unbuilt(data, warehouse, catalog, faults)
    yield from remarks(warehouse, rows)
    yield from come_back(data, warehouse)


def asked(warehouse: Warehouse, query: str) -> pl.DataFrame:
    with warehouse_cursor(warehouse.database) as cursor:
        return cursor.sql(query).pl()


def unreadable_tables(warehouse: Warehouse, catalog: Catalog) -> Iterator[Finding]:
    """The tables of which some byte is not what was written: DuckDB checks each block that it reads."""
    for table in catalog.of("raw", "ref", "model", "mart", "main"):
        subject = f"warehouse.duckdb, {table.full_name}"
        try:
            asked(warehouse, f"select bit_xor(hash(whole)) as every_byte from {table.full_name} as whole")
        except duckdb.CatalogException:
            yield Finding(WARNING, subject, f"The warehouse was built before this table existed. {ANEW}")
        except duckdb.Error:
            yield Finding(DAMAGE, subject, f"It cannot be read: bytes in it changed. {ANEW}")


def against_store(
    data: DataDir, rows: pl.DataFrame, whole: list[Part], refused: list[dict]
) -> Iterator[Finding]:
    """The ledger of the warehouse against those of the parts and refusals."""
    known = {row["file_id"]: row for row in rows.iter_rows(named=True)}
    loaded = {part.file_id: part for part in whole}
    there = {folder.name[:16] for folder in data.store.glob("*")}
    for file_id, row in known.items():
        is_refused = row["state"] == "refused"
        if is_refused and not (data.store / "refused" / f"{file_id}.json").exists() and file_id not in there:
            yield Finding(
                WARNING,
                f"store/refused/{file_id}.json",
                f"The warehouse knows a refusal that is not there. {ANEW}",
            )
        elif not is_refused and file_id not in there:
            words = "The warehouse holds records of this file, and its part is gone. Load the file again, or build without it."
            yield Finding(DAMAGE, f"store/{file_id}", words)
        elif not is_refused and file_id in loaded:
            said = {"purged_count": 0} | loaded[file_id].ledger
            wrong = [name for name in COUNTS if said[name] != row[name]]
            if wrong:
                words = ", ".join(
                    f"{name} is {row[name]} there and {said[name]} in the ledger" for name in wrong
                )
                yield Finding(WARNING, f"warehouse.duckdb, raw.files, {file_id}", f"{words}. {ANEW}")
    new = [f"store/{name}" for name in loaded if name not in known]
    new += [f"store/refused/{one['file_id']}.json" for one in refused if one["file_id"] not in known]
    for name in new:
        yield Finding(NOTE, name, "It came after the warehouse was built. Type `returntrail build`.")


def equations(rows: pl.DataFrame) -> Iterator[Finding]:
    """What must add up for every loaded file, counted in the tables themselves."""
    for row in rows.filter(pl.col("state") == "loaded").iter_rows(named=True):
        subject = f"warehouse.duckdb, raw.files, {row['file_id']}"
        if row["record_count"] != row["kept_count"] + row["quarantined_count"] + row["purged_count"]:
            yield Finding(DAMAGE, subject, f"Its records are not those kept, set aside and purged. {ANEW}")
        if (row["found_count"], row["found_aside_count"]) != (row["kept_count"], row["quarantined_count"]):
            words = f"{row['found_count']} records and {row['found_aside_count']} set aside are in the tables"
            yield Finding(
                DAMAGE, subject, f"{words}, not {row['kept_count']} and {row['quarantined_count']}. {ANEW}"
            )
        accounts = [row["distinct_count"], row["repeated_count"], row["later_count"]]
        if row["kind"] == "events" and (None in accounts or sum(accounts) != row["kept_count"]):
            yield Finding(
                DAMAGE, subject, f"Its kept records are not those distinct, repeated and later. {ANEW}"
            )


def unbuilt(
    data: DataDir, warehouse: Warehouse, catalog: Catalog, faults: list[Finding]
) -> Iterator[Finding]:
    """Whether the warehouse says what store, settings and reference rows say now, where nothing else shows it."""
    try:
        is_same = input_digest(data, catalog) == warehouse.facts.input_digest
    except Problem:
        return
    if not is_same and not faults:
        words = "A loaded file, the settings or the reference rows changed since it was built. Type `returntrail build`."
        yield Finding(NOTE, "warehouse", words)


def remarks(warehouse: Warehouse, rows: pl.DataFrame) -> Iterator[Finding]:
    """What was refused and set aside, and what waits for its time."""
    for row in rows.iter_rows(named=True):
        subject = row["file_name"] or row["file_id"]
        if row["state"] == "refused":
            yield Finding(NOTE, subject, f"Refused: {row['reason']}")
        if row["quarantined_count"]:
            words = f"{row['quarantined_count']} of {row['record_count']} records were set aside; Data health says why."
            yield Finding(NOTE, subject, words)
        if row["later_count"]:
            words = (
                f"{row['later_count']} events are withheld: they are later than {warehouse.facts.as_of} UTC."
            )
            yield Finding(NOTE, subject, words)


def come_back(data: DataDir, warehouse: Warehouse) -> Iterator[Finding]:
    """Purged returns that are there again: nobody's load brings them, so an old backup of the store was put back."""
    try:
        gone = read_purged(data)
    except Problem:
        return
    if gone.hashes:
        returns = asked(warehouse, RETURNS)
        count = sum(gone.has(*one) for one in returns.iter_rows())
        if count:
            yield Finding(
                DAMAGE, "purged.jsonl", f"{count} purged returns are there again. Purge them again."
            )


# Others for each build, so that many builds see every return; all of a small firm's.
SAMPLE = 200


def look_at_models(
    data: DataDir, warehouse: Warehouse, catalog: Catalog, whole: list[Part]
) -> Iterator[Finding]:
    """The tables whose rows of a sample of returns are not those that a build makes of them now."""
    with work_folder(data.root) as folder, opened() as database:
        database.execute(f"attach {literal(warehouse.file)} as published (read_only)")
        count = sample(database, warehouse)
        other = sampled(database, data, whole, folder, warehouse)
        try:
            build(other, warehouse.facts.as_of)
        except Problem as problem:
            yield Finding(DAMAGE, "models", f"{count} returns cannot be built anew: {problem}")
            return
        database.execute(f"attach {literal(other.warehouse)} as anew (read_only)")
        wrong = list(differing(database, catalog))
    for name, found in wrong:
        words = f"{found} rows of {count} returns are not those that a build makes of the store. Type `returntrail build`."
        yield Finding(DAMAGE, f"warehouse.duckdb, {name}", words)
    if not wrong:
        yield Finding(WELL, "models", f"{count} returns were built anew and came out the same.")


def sample(database: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> int:
    """Makes `sample`, some returns of the warehouse; how many."""
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
        limit $most
        """,
        {"as_of": warehouse.facts.as_of, "digest": warehouse.facts.input_digest, "most": SAMPLE},
    )
    return database.execute("select count(*) from sample").fetchall()[0][0]


def sampled(
    database: duckdb.DuckDBPyConnection, data: DataDir, whole: list[Part], folder: Path, warehouse: Warehouse
) -> DataDir:
    """A data directory with the parts' records of the sample, and the newest event of each file, which dates the file."""
    other = DataDir(folder / "data")
    make_private_folder(other.store)
    shutil.copy(data.settings, other.root / "settings.toml")
    if (data.root / "reference").is_dir():
        shutil.copytree(data.root / "reference", other.root / "reference")
    for part in whole:
        made = folder / "made"
        make_private_folder(made)
        rows = f"from read_parquet({literal(part.data)})"
        theirs = f"{rows} semi join sample using (firm_id, return_id)"
        if part.kind == "events":
            moment = literal(warehouse.facts.as_of)
            newest = f"select max_by(row_no, event_at) {rows} where event_at <= {moment}::timestamp"
            theirs = f"{rows} where row_no in (select row_no {theirs} union all {newest}) order by row_no"
        kept = copy_to_parquet(database, theirs, made / part.data.name)
        nothing = f"from read_parquet({literal(part.quarantine)}) limit 0"
        copy_to_parquet(database, nothing, made / part.quarantine.name)
        counts = {"record_count": kept, "kept_count": kept, "quarantined_count": 0, "purged_count": 0}
        publish(other, made, part.ledger | counts, None)
    return other


def differing(database: duckdb.DuckDBPyConnection, catalog: Catalog) -> Iterator[tuple[str, int]]:
    """The tables with a row of a return in which both warehouses differ, and in how many rows."""
    for table in catalog.of("model", "mart"):
        columns = [column.name for column in table.columns]
        if "return_id" in columns and (table.schema == "mart" or table.full_name == "model.events"):
            shared = f"select {', '.join(columns)} from {{}}.{table.full_name} semi join sample using (firm_id, return_id)"
            old, new = shared.format("published"), shared.format("anew")
            query = f"select count(*) from (({old} except all {new}) union all ({new} except all {old}))"
            found = database.execute(query).fetchall()[0][0]
            if found:
                yield table.full_name, found
