"""The two answers of returntrail, asked as the dashboard asks: with medians and all other columns."""

from pathlib import Path

from etl.common.paths import DataDir
from etl.warehouse.ask import Warehouse, ask, open_warehouse
from tests.bench.peers.words import Funnel, Weeks


def read(_files: list[Path], folder: Path) -> Path:
    """Nothing to do: loading is measured separately, and `folder` is the loaded data directory."""
    return folder


def prepare(folder: Path) -> Warehouse:
    return open_warehouse(DataDir(folder).warehouse)


def funnel(warehouse: Warehouse) -> Funnel:
    return (
        ask(warehouse, "firm_funnel").select("step", "eligible_count", "logged_count", "reached_count").rows()
    )


def bounces(warehouse: Warehouse) -> Weeks:
    weeks = ask(warehouse, "email_health", split_by="week")
    return [
        (row["segment"], row["processed_count"], row["bounced_count"])
        for row in weeks.iter_rows(named=True)
        if row["kind"] == "initial"
    ]
