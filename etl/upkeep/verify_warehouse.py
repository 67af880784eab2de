"""The checks of `returntrail verify` on the warehouse: its bytes, its ledger, and a rebuild of some returns.

Some returns are rebuilt from the parts in another folder, and must have the same rows as the published ones.
"""

import json
import shutil
from contextlib import suppress
from datetime import datetime

import duckdb

from etl.common.duck import OFFLINE, count_of, literal, parquet
from etl.common.files import make_private_folder, work_folder
from etl.common.paths import QUERIES, DataDir
from etl.common.problem import Problem
from etl.common.terminal import step
from etl.sql.catalog import Catalog, read_catalog
from etl.store.contents import stored_rows
from etl.store.parts import ID_LENGTH, Ledger, Part, publish
from etl.store.purged import read_purged
from etl.upkeep.findings import BUILD, DAMAGE, NOTE, WARNING, WELL, Finding, is_damaged, is_well
from etl.upkeep.part_files import rewrite
from etl.warehouse.ask import Warehouse, open_warehouse, warehouse_cursor
from etl.warehouse.build import build
from etl.warehouse.raw import input_digest

REBUILD = "Type `returntrail build`; the store has all that it needs."
SQL = QUERIES / "verify"
RETURNS = """
    select firm_id, return_id from raw.attribute_sets union select firm_id, return_id from raw.returns
"""
SAMPLE_SIZE = 200


def check_warehouse(
    data: DataDir, undamaged: list[Part], refused: list[Ledger], may_rebuild: bool
) -> list[Finding]:
    """Checks every byte, the ledger against the store and the tables, and if all is well the models.

    `undamaged` and `refused` are the parts and refusals of the store that can be read.
    """
    if not data.warehouse.exists():
        severity = WARNING if undamaged or refused else NOTE
        return [Finding(severity, "warehouse.duckdb", f"There is no warehouse. {BUILD}")]
    catalog = read_catalog()
    try:
        with open_warehouse(data.warehouse) as warehouse:
            with step("Checking the warehouse"), warehouse_cursor(warehouse.database) as cursor:
                findings = unreadable_tables(cursor, catalog)
                if not findings:
                    findings = check_content(data, warehouse, cursor, catalog, undamaged, refused)
            if not may_rebuild or is_old(findings) or not is_well(findings):
                sentence = "Not rebuilt, because of the other findings. Fix those and verify again."
                return [*findings, Finding(NOTE, "models", sentence)]
            with step("Rebuilding some returns"):
                return findings + check_models(data, warehouse, catalog, undamaged)
    except Problem as problem:
        return [Finding(DAMAGE, "warehouse.duckdb", str(problem).removeprefix(f"{data.warehouse}: "))]


def is_old(findings: list[Finding]) -> bool:
    """Whether the store is newer than the warehouse, so that a rebuild differs, which is no fault."""
    return any(finding.finding.endswith(BUILD) for finding in findings)


def unreadable_tables(cursor: duckdb.DuckDBPyConnection, catalog: Catalog) -> list[Finding]:
    """The tables with a changed byte: DuckDB checks each block that it reads."""
    findings = []
    for table in catalog.of("raw", "ref", "model", "mart", "main"):
        if table.is_view:
            continue
        subject = f"warehouse.duckdb, {table.full_name}"
        try:
            cursor.execute(f"select bit_xor(hash(full_row)) from {table.full_name} as full_row").fetchall()
        except duckdb.CatalogException:
            sentence = f"The warehouse was built before this table existed. {REBUILD}"
            findings.append(Finding(WARNING, subject, sentence))
        except duckdb.Error:
            sentence = f"It cannot be read: its bytes have changed. {REBUILD}"
            findings.append(Finding(DAMAGE, subject, sentence))
    return findings


def check_content(
    data: DataDir,
    warehouse: Warehouse,
    cursor: duckdb.DuckDBPyConnection,
    catalog: Catalog,
    undamaged: list[Part],
    refused: list[Ledger],
) -> list[Finding]:
    """Compares the ledger and the inputs of the warehouse with the store, and looks for purged returns."""
    ledgers = {row["file_id"]: row | {"path": f"store/refused/{row['file_id']}.json"} for row in refused}
    for part in undamaged:
        ledgers[part.file_id] = {"purged_count": 0} | part.ledger | {"path": f"store/{part.file_id}"}
    values = {
        "ledgers": json.dumps(list(ledgers.values())),
        "parts": [folder.name[:ID_LENGTH] for folder in data.store.glob("*")],
        "refusals": [file.stem for file in (data.store / "refused").glob("*.json")],
    }
    rows = cursor.execute((SQL / "ledger.sql").read_text(encoding="utf-8"), values).fetchall()
    findings = [Finding(*row) for row in rows]
    if not is_damaged(findings):
        sentence = "Every table can be read, and its ledger matches the store and the tables."
        findings.append(Finding(WELL, "warehouse", sentence))
    # The store and the list of purges have checks of their own, which report what cannot be read.
    with suppress(Problem):
        has_changed = input_digest(data, catalog) != warehouse.facts.input_digest
        if has_changed and is_well(findings) and not is_old(findings):
            sentence = "A loaded file, the settings or the reference rows have changed since it was built."
            findings.insert(0, Finding(NOTE, "warehouse", f"{sentence} {BUILD}"))
    with suppress(Problem):
        purged = read_purged(data)
        returns = cursor.execute(RETURNS).fetchall() if purged.hashes else []
        # No load restores purged returns, so they were in an old backup of the store.
        if count := sum(purged.has(*row) for row in returns):
            sentence = f"{count} purged returns are in the warehouse again. Purge them again."
            findings.append(Finding(DAMAGE, "purged.jsonl", sentence))
    return findings


def check_models(
    data: DataDir, warehouse: Warehouse, catalog: Catalog, undamaged: list[Part]
) -> list[Finding]:
    """Rebuilds a sample of returns and compares their rows in each table."""
    facts, findings = warehouse.facts, []
    with work_folder(data.root) as folder, duckdb.connect(config=OFFLINE) as database:
        database.execute(f"attach {literal(warehouse.file)} as published (read_only)")
        sample = (SQL / "sample.sql").read_text(encoding="utf-8")
        values = {"digest": facts.input_digest, "size": SAMPLE_SIZE}
        database.execute(f"create temp table sample as {sample}", values)
        count = count_of(database, "select count(*) from sample")
        other = DataDir(folder / "data")
        fill_directory(database, data, other, undamaged, facts.as_of)
        try:
            build(other, facts.as_of)
        except Problem as problem:
            return [Finding(DAMAGE, "models", f"{count} returns cannot be rebuilt: {problem}")]
        database.execute(f"attach {literal(other.warehouse)} as rebuilt (read_only)")
        for table in [catalog.files["model.events"], *catalog.of("mart")]:
            columns = [column.name for column in table.columns]
            if "return_id" not in columns:
                continue
            old, new = (
                f"select {', '.join(columns)} from {name}.{table.full_name} "
                "semi join sample using (firm_id, return_id)"
                for name in ("published", "rebuilt")
            )
            wrong = f"select count(*) from (({old} except all {new}) union all ({new} except all {old}))"
            if wrong_count := count_of(database, wrong):
                sentence = f"{wrong_count} rows of {count} returns differ from a rebuild. {BUILD}"
                findings.append(Finding(DAMAGE, f"warehouse.duckdb, {table.full_name}", sentence))
    return findings or [Finding(WELL, "models", f"{count} returns were rebuilt, with the same result.")]


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
    # Which return a signature belongs to depends on all returns, so those of other returns are left out.
    database.execute("""
        create temp table sample_hooks as
        select signatures.file_id, signatures.row_no
        from published.model.joined_signatures as signatures
        join published.model.returns as returns using (return_key)
        semi join sample on sample.firm_id = returns.firm_id and sample.return_id = returns.return_id
        union
        select file_id, row_no from published.raw.webhook where body <> 'signature'
    """)
    moment = "null::timestamp" if as_of is None else f"{literal(as_of)}::timestamp"
    for part in undamaged:
        rows = f"from {parquet(part.data)}"
        selected = stored_rows(part, "semi join sample")
        if part.kind == "events":
            newest = f"select max_by(row_no, event_at) {rows} where event_at <= {moment}"
            selected = f"{rows} where row_no in (select row_no {selected} union all {newest}) order by row_no"
        new, counts = rewrite(
            database, part, selected, f"from {parquet(part.quarantine)} limit 0", other.store
        )
        counts |= {"record_count": counts["kept_count"], "purged_count": 0}
        publish(other, new, part.ledger | counts, None)
