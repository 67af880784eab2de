"""Models against a rebuild: some returns are built anew from the parts, beside, and must come out row by row as published."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

from etl.build import build
from etl.catalog import Catalog
from etl.datadir import DataDir
from etl.findings import DAMAGE, WELL, Finding
from etl.part import copied
from etl.problem import Problem
from etl.purge_plan import opened
from etl.records import literal
from etl.store import Part, make_private, publish
from etl.warehouse import Warehouse

# Others for each build, so that many builds see every return; all of a small firm's.
SAMPLE = 200
VERIFYING = ".verify-"


def look_at_models(data: DataDir, warehouse: Warehouse, catalog: Catalog, whole: list[Part]) -> Iterator[Finding]:
    """The tables whose rows of a sample of returns are not those that a build makes of them now."""
    for left in data.root.glob(f"{VERIFYING}*"):
        shutil.rmtree(left)
    folder = Path(tempfile.mkdtemp(prefix=VERIFYING, dir=data.root))
    try:
        with opened() as database:
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
    finally:
        shutil.rmtree(folder)
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
    make_private(other.store)
    shutil.copy(data.settings, other.root / "settings.toml")
    if (data.root / "reference").is_dir():
        shutil.copytree(data.root / "reference", other.root / "reference")
    for part in whole:
        made = folder / "made"
        make_private(made)
        rows = f"from read_parquet({literal(part.data)})"
        theirs = f"{rows} semi join sample using (firm_id, return_id)"
        if part.kind == "events":
            moment = literal(warehouse.facts.as_of)
            newest = f"select max_by(row_no, event_at) {rows} where event_at <= {moment}::timestamp"
            theirs = f"{rows} where row_no in (select row_no {theirs} union all {newest}) order by row_no"
        kept = copied(database, theirs, made / part.data.name)
        nothing = f"from read_parquet({literal(part.quarantine)}) limit 0"
        copied(database, nothing, made / part.quarantine.name)
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
