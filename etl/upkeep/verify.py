"""`returntrail verify`: checks store, ledger, warehouse, models, files and audit trail against each other.

Its result is stored in `verified.json`, so every page of the dashboard shows a banner if data are damaged.
"""

from collections.abc import Iterator

from etl.access.audit import find_faults, trail_file
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.terminal import step
from etl.config.settings import Settings, read_settings
from etl.sql.catalog import read_catalog
from etl.store.parts import Ledger, Part
from etl.upkeep.findings import (
    BUILD,
    DAMAGE,
    NOTE,
    WARNING,
    WELL,
    Finding,
    is_damaged,
    is_well,
    store_findings,
)
from etl.upkeep.verify_store import check_files, check_store
from etl.upkeep.verify_warehouse import check_models, check_warehouse
from etl.warehouse.ask import open_warehouse


def verify(data: DataDir) -> list[Finding]:
    """All findings, the worst first, which are also stored. The caller has locked the data directory."""
    findings: list[Finding] = []
    settings: Settings | None = None
    try:
        settings = read_settings(data.settings)
    except Problem as problem:
        findings.append(Finding(WARNING, "settings.toml", str(problem)))
    with step("Checking the store"):
        of_store, undamaged, refused = check_store(data)
        findings += of_store
    findings += check_warehouse_and_models(
        data, undamaged, refused, settings is not None and not is_damaged(of_store)
    )
    with step("Checking the files"):
        findings += [*check_files(data, settings), *check_trail(data)]
    return store_findings(data, findings)


def check_warehouse_and_models(
    data: DataDir, undamaged: list[Part], refused: list[Ledger], may_rebuild: bool
) -> list[Finding]:
    """The findings on the warehouse, and on its models if the store is not damaged."""
    if not data.warehouse.exists():
        severity = WARNING if undamaged or refused else NOTE
        return [Finding(severity, "warehouse.duckdb", f"There is no warehouse. {BUILD}")]
    catalog = read_catalog()
    try:
        with open_warehouse(data.warehouse) as warehouse:
            with step("Checking the warehouse"):
                findings = list(check_warehouse(data, warehouse, catalog, undamaged, refused))
            # A warehouse that is older than the store differs from a rebuild, which is no fault.
            is_old = any(finding.finding.endswith(BUILD) for finding in findings)
            if not may_rebuild or is_old or not is_well(findings):
                sentence = "Not rebuilt, because of the other findings. Fix those and verify again."
                return [*findings, Finding(NOTE, "models", sentence)]
            with step("Rebuilding some returns"):
                return [*findings, *check_models(data, warehouse, catalog, undamaged)]
    except Problem as problem:
        return [Finding(DAMAGE, "warehouse.duckdb", str(problem).removeprefix(f"{data.warehouse}: "))]


def check_trail(data: DataDir) -> Iterator[Finding]:
    """Checks the audit trail, if there is one."""
    faults = find_faults(data)
    for fault in faults:
        yield Finding(DAMAGE, "audit/trail.jsonl", fault.removeprefix(f"{trail_file(data)}, "))
    if trail_file(data).exists() and not faults:
        yield Finding(WELL, "audit/trail.jsonl", "No line was changed, and none is missing.")
