"""`returntrail verify`: holds store, ledger, warehouse, models, files and trail against each other, and names what is wrong.

Its result stays in `verified.json`, where the dashboard looks: no page then shows numbers of a damaged file in silence.
"""

from collections.abc import Iterator

from etl.access.audit import find_faults, trail_file
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.terminal import step
from etl.config.settings import Settings, read_settings
from etl.sql.catalog import Catalog, read_catalog
from etl.store.parts import Part
from etl.upkeep.findings import DAMAGE, NOTE, WARNING, WELL, Finding, is_well, keep, ordered, table
from etl.upkeep.verify_store import look_at_files, look_at_store
from etl.upkeep.verify_warehouse import look_at_models, look_at_warehouse
from etl.warehouse.ask import open_warehouse
from etl.warehouse.cells import as_text

__all__ = ["as_table", "is_well", "verify"]


def verify(data: DataDir) -> list[Finding]:
    """Everything that was found, the worst first. The caller holds the lock of the data directory."""
    findings: list[Finding] = []
    settings: Settings | None = None
    try:
        settings = read_settings(data.settings)
    except Problem as problem:
        findings.append(Finding(WARNING, "settings.toml", str(problem)))
    with step("Looking at the store"):
        found, whole, refused = look_at_store(data)
        findings += found
    is_whole = not any(one.severity == DAMAGE for one in found)
    findings += of_warehouse(data, whole, refused, is_whole and settings is not None)
    with step("Looking at the files"):
        findings += [*look_at_files(data, settings), *look_at_trail(data)]
    keep(data, ordered(findings))
    return ordered(findings)


def of_warehouse(data: DataDir, whole: list[Part], refused: list[dict], may_build: bool) -> list[Finding]:
    """The warehouse, and its models where the store they are made of is whole."""
    if not data.warehouse.exists():
        severity = WARNING if whole or refused else NOTE
        return [Finding(severity, "warehouse.duckdb", "There is no warehouse. Type `returntrail build`.")]
    catalog: Catalog = read_catalog()
    try:
        with open_warehouse(data.warehouse) as warehouse:
            with step("Looking at the warehouse"):
                findings = list(look_at_warehouse(data, warehouse, catalog, whole, refused))
            if not may_build or not is_well(findings) or is_behind(findings):
                words = "Not built anew, because of the other findings. Mend those and verify again."
                return [*findings, Finding(NOTE, "models", words)]
            with step("Building some returns anew"):
                return [*findings, *look_at_models(data, warehouse, catalog, whole)]
    except Problem as problem:
        return [Finding(DAMAGE, "warehouse.duckdb", str(problem).removeprefix(f"{data.warehouse}: "))]


def is_behind(findings: list[Finding]) -> bool:
    """The warehouse is of another state of the store, so that a build would rightly make something else of it."""
    return any(one.finding.endswith("Type `returntrail build`.") for one in findings)


def look_at_trail(data: DataDir) -> Iterator[Finding]:
    """The audit trail, where there is one."""
    faults = find_faults(data)
    yield from (
        Finding(DAMAGE, "audit/trail.jsonl", fault.removeprefix(f"{trail_file(data)}, ")) for fault in faults
    )
    if trail_file(data).exists() and not faults:
        yield Finding(WELL, "audit/trail.jsonl", "Every line is as it was written, and none is missing.")


def as_table(findings: list[Finding]) -> str:
    """The findings for a terminal."""
    return as_text(table(findings), "UTC")
