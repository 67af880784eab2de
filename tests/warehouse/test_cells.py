"""Cells: no spreadsheet evaluates one, what was put before a text can be taken away, times are the firm's."""

import csv
import io
import re
import unicodedata
from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etl.warehouse.cells import as_csv, as_text, spreadsheet_cells
from support.cells import unescaped

# What attacks are made of, and whatever Unicode has beside it.
PIECES = st.sampled_from("=+-@|%'\"\t\r\n ;,`´＝＋－＠−﹣\ufeff\u200b\xa0\x00“’")
TEXTS = st.text() | st.lists(PIECES | st.characters(), max_size=12).map("".join)
SPREADSHEETS_SKIP = " \t\r\n\x00\xa0\ufeff\u200b\u3000"


def cell(text: str | None) -> str | None:
    return spreadsheet_cells(pl.DataFrame({"text": [text]}, schema={"text": pl.String}), "UTC").item()


def is_evaluated(text: str) -> bool:
    """Whether a spreadsheet that tolerates most would find a formula: folded, blanks and quotes skipped."""
    folded = unicodedata.normalize("NFKC", text).lstrip(SPREADSHEETS_SKIP + '"')
    return folded[:1] in ("=", "+", "-", "@", "\N{MINUS SIGN}")


@given(TEXTS)
@example("'=1")
@example("\ufeff=1")
@example("\xa0\u3000@a1")
@example("''")
@example("\t'=")
@example("a;'=1|;;\t=2")
def test_a_cell_is_never_evaluated_and_gives_its_text_back(text: str) -> None:
    written = cell(text)
    # Whatever a spreadsheet takes for the end of a cell.
    assert [part for part in re.split(r"[;|\t\r\n]", written) if is_evaluated(part)] == []
    assert not is_evaluated(written)
    assert not written.startswith(("\t", "\r", "\n"))
    assert unescaped(written) == text


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_a_reader_of_csv_finds_the_same_cells(texts: list[str]) -> None:
    frame = pl.DataFrame({"first": texts, "second": texts}, schema={"first": pl.String, "second": pl.String})
    _, *read = csv.reader(io.StringIO(as_csv(frame, "UTC"), newline=""))
    assert [[unescaped(value) for value in row] for row in read] == [[text, text] for text in texts]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Ann", "Ann"),
        ("", ""),
        (None, None),
        ("null", "null"),
        ("O'Brien", "O'Brien"),
        ("1040-SR", "1040-SR"),
        ("a=b", "a=b"),
        ("=1+1", "'=1+1"),
        ("+1 555 0100", "'+1 555 0100"),
        ("-", "'-"),
        ("@sum(a1)", "'@sum(a1)"),
        ("\tx", "'\tx"),
        ("\r\n=x", "'\r\n'=x"),
        ("Lee;=1+1", "Lee;'=1+1"),
        ("Lee|\t@x\n-1", "Lee|\t'@x\n'-1"),
        ("1-2; 3", "1-2; 3"),
        ("  =x", "'  =x"),
        ('"=x', "'\"=x"),
        ("'=x", "''=x"),
        ("＝cmd", "'＝cmd"),
        ("\u200b=x", "'\u200b=x"),
        ("\u061c=x", "'\u061c=x"),
        *((f"{mark}=x", f"'{mark}=x") for mark in "\u2066\u2067\u2068\u2069"),
        ("|cmd", "|cmd"),
    ],
)
def test_texts_that_begin_a_formula_get_a_quote(text: str | None, written: str | None) -> None:
    assert cell(text) == written


def test_a_csv_file_whole() -> None:
    frame = pl.DataFrame(
        {
            "client_name": ["Ann, Lee", None, "", "null"],
            "opened_at": [
                datetime(2026, 3, 4, 19, 5, 9, 500_000),
                datetime(2026, 3, 8, 7),
                datetime(2026, 11, 1, 6),
                None,
            ],
            "due_date": [date(2026, 4, 15), None, None, None],
            "is_joint": [True, False, None, None],
            "event_count": [-1, 2, None, 10_000_000],
            "opened_percent": [-33.33, 0.0, None, 100.0],
        }
    )
    assert as_csv(frame, "America/New_York") == (
        '"client_name","opened_at","due_date","is_joint","event_count","opened_percent"\n'
        '"Ann, Lee","2026-03-04 14:05:09","2026-04-15","true",-1,-33.33\n'
        ',"2026-03-08 03:00:00",,"false",2,0.0\n'
        '"","2026-11-01 01:00:00",,,,\n'
        '"null",,,,10000000,100.0\n'
    )
    assert as_csv(frame.head(0), "UTC").count("\n") == 1
    assert as_csv(frame.head(1), "UTC", header=False).startswith('"Ann, Lee"')


def test_a_terminal_sees_the_rows_and_is_not_steered() -> None:
    frame = pl.DataFrame({"label": ["null", None, "\x1b[2Jx\u202ey\nz"], "at": [datetime(2026, 1, 1)] * 3})
    assert as_text(frame, "America/Chicago") == (
        " label      at                  \n"
        " null       2025-12-31 18:00:00 \n"
        "            2025-12-31 18:00:00 \n"
        " �[2Jx�y�z  2025-12-31 18:00:00 \n"
    )
