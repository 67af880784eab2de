"""A file for one office never has another firm's clients, even if both firms have an office of the name."""

import csv
from pathlib import Path

import pytest

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.config.settings import read_settings
from etl.config.subscription import Subscription
from etl.reports.evidence import evidence
from etl.reports.files import write_reports
from etl.reports.schedule import check_subscription
from etl.warehouse.ask import open_warehouse
from etl.warehouse.build import build
from support.loaded_files import Firm

LOG = """\
firm_id,return_id,office,tax_year,tab,label,event_time
elm,E1,Main,2025,Internal,Upload,2026-03-01 09:00
elm,E2,North,2025,Internal,Upload,2026-03-01 09:00
oak,O1,Main,2025,Internal,Upload,2026-03-01 09:00
"""
SHARED = 'Several firms have an office "Main": elm, oak. Name the firm too.'


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    firm = Firm(tmp_path_factory.mktemp("two"))
    firm.load_text(LOG)
    build(firm.data)
    return firm.data


def returns_in(file: Path) -> list[str]:
    with open(file, encoding="utf-8", newline="") as rows:
        return [row["return_id"] for row in csv.DictReader(rows)]


def test_a_report_for_a_shared_name_needs_the_firm(data: DataDir, tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        write_reports(data, ["all_returns"], out=tmp_path, for_offices=["Main"])
    assert str(refused.value) == SHARED
    assert not list(tmp_path.iterdir())
    for filters, expected in (
        ({"for_offices": ["Main"], "for_firms": ["oak"]}, ["O1"]),
        ({"for_offices": ["Main"], "for_firms": ["elm", "oak"]}, ["E1", "O1"]),
        ({"for_offices": ["North"]}, ["E2"]),
        ({}, ["E1", "E2", "O1"]),
    ):
        [file] = write_reports(data, ["all_returns"], out=tmp_path, **filters)
        assert sorted(returns_in(file)) == expected


def test_a_subscription_for_a_shared_name_needs_the_firm(data: DataDir) -> None:
    mail = read_settings(data.settings).mail
    with open_warehouse(data.warehouse) as warehouse:
        for filters in ({"for_offices": ["Main"], "for_firms": ["oak"]}, {"for_offices": ["North"]}):
            check_subscription(warehouse, mail, Subscription("all_returns", every="day", filters=filters))
        with pytest.raises(Problem) as refused:
            main = Subscription("all_returns", every="day", filters={"for_offices": ["Main"]})
            check_subscription(warehouse, mail, main)
    assert str(refused.value) == SHARED


def test_the_evidence_of_a_shared_name_needs_the_firm(data: DataDir, tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        evidence(data, office="Main", year=2025, out=tmp_path)
    assert str(refused.value) == SHARED
    pack = evidence(data, firm="oak", office="Main", year=2025, out=tmp_path)
    text = "".join(file.read_text(encoding="utf-8") for file in pack.rglob("*") if file.is_file())
    assert "O1" in text
    assert "E1" not in text
