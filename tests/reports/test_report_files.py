"""Reports as files: complete, named by report and day, safe in a spreadsheet, with the rows of a query."""

import csv
import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.reports.files import write_reports
from etl.warehouse.ask import BATCH_ROWS, ask, csv_file, open_warehouse, question_of
from etl.warehouse.build import build
from etl.warehouse.cells import as_csv
from support.cells import unescaped
from support.warehouses import SEEN, small_queries, two_files

CLIENTS = """\
-- The clients that a log names.
--
-- key:   firm_id, return_id, client_name
-- every: week
select
    events.firm_id,
    events.return_id,
    events.client_name
from raw.events as events
where events.client_name is not null
order by events.firm_id, events.return_id, events.client_name
"""
MANY = """\
-- More rows than one batch holds.
--
-- param: least_days = 0  Leaves out the first rows.
-- every: load
select
    range as number,            -- A number.
    'return ' || range as words -- A text.
from range(120000)
where range >= least_days
order by range
"""
ON_SCREEN = SEEN.replace("-- every: day\n", "")
LATE = datetime(2026, 3, 5, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    root = tmp_path_factory.mktemp("reports")
    data = two_files(root / "data")
    files = {"report__clients": CLIENTS, "report__many": MANY, "report__seen_now": ON_SCREEN}
    build(data, queries=small_queries(root / "queries", **files))
    return data


def written(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "manifest.json")


def row_count(file: Path) -> int:
    """The rows of a report as its manifest has them."""
    manifest = json.loads(file.with_name("manifest.json").read_text(encoding="utf-8"))
    return manifest["files"][file.name]["rows"]


def test_a_report_is_complete_and_private(data: DataDir) -> None:
    [file] = write_reports(data, ["clients"], now=LATE)
    assert row_count(file) == 2
    assert file == data.reports / "2026-03-04" / "clients.csv"
    assert file.read_bytes() == (
        b'"firm_id","return_id","client_name"\n"oak","r1","Ann"\n"oak","r2","\'=1+1"\n'
    )
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700


def test_every_report_that_has_a_period_is_written(data: DataDir, tmp_path: Path) -> None:
    write_reports(data, out=tmp_path / "all")
    assert written(tmp_path / "all") == ["clients.csv", "many.csv", "seen.csv"]
    write_reports(data, every="week", out=tmp_path / "week")
    assert written(tmp_path / "week") == ["clients.csv"]
    write_reports(data, ["seen_now"], out=tmp_path / "named")
    assert written(tmp_path / "named") == ["seen_now.csv"]


def test_a_filtered_run_leaves_out_what_does_not_know_the_filter(data: DataDir, tmp_path: Path) -> None:
    write_reports(data, out=tmp_path, for_returns=["r1"])
    assert written(tmp_path) == ["seen.csv"]
    assert (tmp_path / "seen.csv").read_text() == (
        '"firm_id","return_id","last_at","visit_count"\n"oak","r1","2026-03-01 05:00:00",1\n'
    )
    with pytest.raises(Problem, match='The report clients has no parameter "for_returns"'):
        write_reports(data, ["clients"], out=tmp_path, for_returns=["r1"])


def test_without_rows_the_header_is_written(data: DataDir, tmp_path: Path) -> None:
    [file] = write_reports(data, ["seen"], out=tmp_path, for_returns=[])
    assert row_count(file) == 0
    assert file.read_text() == '"firm_id","return_id","last_at","visit_count"\n'


def test_many_rows_come_in_batches_and_are_all_there(data: DataDir, tmp_path: Path) -> None:
    [file] = write_reports(data, ["many"], out=tmp_path)
    assert row_count(file) == 120_000 > 2 * BATCH_ROWS
    header, *rows = csv.reader(io.StringIO(file.read_text(), newline=""))
    assert header == ["number", "words"] and rows == [[str(n), f"return {n}"] for n in range(120_000)]


def test_a_download_comes_in_batches_and_is_the_whole_answer(data: DataDir) -> None:
    with open_warehouse(data.warehouse) as warehouse:
        parts = list(csv_file(warehouse, question_of(warehouse, "many", None, {})))
        everything = as_csv(ask(warehouse, "many"), warehouse.facts.timezone)
    assert len(parts) == 3 and b"".join(parts) == everything.encode("utf-8-sig")


def test_file_query_and_call_have_the_same_rows(data: DataDir, tmp_path: Path) -> None:
    [file] = write_reports(data, ["clients"], out=tmp_path)
    with open_warehouse(data.warehouse) as warehouse:
        asked = ask(warehouse, "clients")
        assert file.read_text() == as_csv(asked, warehouse.facts.timezone)
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        typed = database.execute("from report.clients()").fetchall()
    _, *rows = csv.reader(io.StringIO(file.read_text(), newline=""))
    assert [tuple(map(unescaped, row)) for row in rows] == typed == asked.rows()


def test_what_a_killed_run_left_goes_and_a_reader_keeps_the_old_file(data: DataDir, tmp_path: Path) -> None:
    (tmp_path / ".returntrail-x1").write_text("half")
    earlier = data.reports / "2026-01-01"
    earlier.mkdir(parents=True)
    (earlier / ".returntrail-x2").write_text("half")
    (tmp_path / "clients.csv").write_text("old")
    with open(tmp_path / "clients.csv") as reader:
        write_reports(data, ["clients"], out=tmp_path)
        assert reader.read() == "old"
    assert written(tmp_path) == ["clients.csv"] and written(earlier) == []


def test_an_unknown_report_or_period_writes_nothing(data: DataDir, tmp_path: Path) -> None:
    for words, message in (
        (
            {"names": ["seen", "../seen"]},
            'No report is named "../seen". There are: clients, many, seen, seen_now.',
        ),
        ({"every": "year"}, 'No report is written every "year". There are: load, day, week, month.'),
    ):
        with pytest.raises(Problem) as raised:
            write_reports(data, out=tmp_path / "new", **words)
        assert str(raised.value) == message
    assert not (tmp_path / "new").exists()


def test_a_link_in_the_place_of_a_report_is_replaced_and_not_followed(data: DataDir, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("untouched")
    folder = tmp_path / "out"
    folder.mkdir()
    os.symlink(outside, folder / "clients.csv")
    write_reports(data, ["clients"], out=folder)
    assert outside.read_text() == "untouched" and not (folder / "clients.csv").is_symlink()


def test_a_report_that_fails_leaves_the_old_file(data: DataDir, tmp_path: Path) -> None:
    (tmp_path / "many.csv").write_text("old")
    with pytest.raises(Problem):
        write_reports(data, ["many"], out=tmp_path, least_days=["no number"])
    assert written(tmp_path) == ["many.csv"] and (tmp_path / "many.csv").read_text() == "old"
