"""Reports as Excel files: ids stay text, dates are dates, times are the firm's, and nothing is a formula."""

import re
import zipfile
from datetime import date, datetime
from pathlib import Path

import fastexcel
import polars as pl
import pytest

from etl.common.problem import Problem
from etl.reports.xlsx import LONGEST_TEXT, MOST_ROWS, sheet
from support.subscribers import due, files, firm, last

NEVER = '[[subscription]]\nreport = "totals"\nevery = "never"\n'
FRAME = pl.DataFrame(
    {
        "return_id": ["0012345678901234567890", "1E5", "=1+1", "http://x.invalid", None, ""],
        "due_date": [date(2026, 4, 15), date(1899, 1, 1), None, date(2000, 2, 29), None, None],
        "at": [datetime(2026, 7, 1, 12, 30, 15), datetime(2026, 1, 1), None, None, None, None],
        "is_joint": [True, False, None, None, None, None],
        "count": [1, -2, None, 0, None, None],
        "percent": [0.5, 12.25, None, 100.0, None, None],
        "text": ["-1", "+1", "@x", "'", "\x07a\u202eb", " "],
    }
)


def written(file: Path, *frames: pl.DataFrame, zone: str = "America/New_York") -> Path:
    with sheet(file, zone) as write:
        for frame in frames:
            write(frame)
    return file


def test_a_cell_has_the_kind_of_its_value(tmp_path: Path) -> None:
    file = written(tmp_path / "a.xlsx", FRAME.head(2), FRAME.tail(4))
    page = fastexcel.read_excel(str(file)).load_sheet(0).to_polars()
    assert page.columns == FRAME.columns
    assert page["return_id"].to_list() == [
        "0012345678901234567890",
        "1E5",
        "=1+1",
        "http://x.invalid",
        None,
        "",
    ]
    assert page["at"].to_list() == [
        datetime(2026, 7, 1, 8, 30, 15),
        datetime(2025, 12, 31, 19),
        None,
        None,
        None,
        None,
    ]
    assert page["count"].to_list() == [1, -2, None, 0, None, None]
    assert page["is_joint"].to_list() == FRAME["is_joint"].to_list()
    texts = fastexcel.read_excel(str(file)).load_sheet(0, dtypes="string").to_polars()
    assert texts["due_date"].str.slice(0, 10).to_list() == [
        "2026-04-15",
        "1899-01-01",
        None,
        "2000-02-29",
        None,
        None,
    ]
    with zipfile.ZipFile(file) as archive:
        cells = archive.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in cells and "hyperlink" not in cells
        assert re.findall(r'r="A2"[^>]*t="(\w+)"', cells) == ["inlineStr"]
        assert not [
            name for name in archive.namelist() if "vba" in name.lower() or "external" in name.lower()
        ]


def test_the_same_rows_are_the_same_bytes_and_nothing_is_left_beside(tmp_path: Path) -> None:
    first, second = written(tmp_path / "a.xlsx", FRAME), written(tmp_path / "b.xlsx", FRAME)
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.xlsx", "b.xlsx"]
    empty = written(tmp_path / "c.xlsx", FRAME.clear())
    assert fastexcel.read_excel(str(empty)).load_sheet(
        0, header_row=None, dtypes="string"
    ).to_polars().rows() == [tuple(FRAME.columns)]


def test_what_a_sheet_cannot_contain_is_refused_and_never_cut(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"^row 1 has a text that is too long for a cell of Excel"):
        written(tmp_path / "a.xlsx", pl.DataFrame({"text": ["x" * (LONGEST_TEXT + 1)]}))
    with pytest.raises(Problem, match=r"^more than 1,048,575 rows do not fit into a sheet of Excel"):
        written(tmp_path / "b.xlsx", pl.DataFrame({"n": range(MOST_ROWS + 1)}))


def test_a_subscription_gets_excel_and_what_changed(tmp_path: Path) -> None:
    entry = '[[subscription]]\nreport = "seen"\nname = "book"\nformat = "xlsx"\n'
    data = firm(tmp_path, NEVER + entry + '[[subscription]]\nreport = "seen"\nevery = "never"\n')
    assert due(data, "2026-03-05T12:00") == [("seen-book", "written")]
    assert files(data) == [
        "2026-03-05/manifest.json",
        "2026-03-05/seen-book-changes.csv",
        "2026-03-05/seen-book.xlsx",
    ]
    page = fastexcel.read_excel(str(data.reports / last(data).file)).load_sheet(0).to_polars()
    assert page["client_name"].to_list() == ["Ann", "=1+1"]
    assert due(data, "2026-03-06T12:00") == [("seen-book", "written")]
    assert (last(data).new_count, last(data).cleared_count) == (0, 0)
