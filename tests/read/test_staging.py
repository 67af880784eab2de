"""Any table of texts is staged identically in every format, encoding, dialect and compression."""

import bz2
import csv
import gzip
import io
import json
import lzma

import polars as pl
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from etl.common.problem import Problem
from support.staged_files import Row, as_csv, staged, zipped

PACKERS = {
    "": lambda content: content,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
    ".zip": zipped,
}
HEADINGS = ("Return ID", "Tab", "Event", "Shoe size")
SPECIAL = st.sampled_from("abc01 ,;|\t\"'\\\n\r#-éÉ“”’—€")
ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
WORDS = [
    "null",
    "NULL",
    "NA",
    'Document "a, b.pdf"',
    "'quoted'",
    '"',
    '""',
    "O'Brien",
    "K-1's “x”",
    " a",
    '"a" ',
]
TEXT = st.text(SPECIAL | ANY, max_size=12) | st.sampled_from(WORDS)
TABLE = st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT), max_size=8)
OPTIONS = {"suppress_health_check": [HealthCheck.too_slow], "deadline": None, "max_examples": 60}


def expected(table: list[Row]) -> list[Row]:
    return [tuple(value or None for value in row) for row in table]


@settings(**OPTIONS)
@given(
    table=TABLE,
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    ending=st.sampled_from(list(PACKERS)),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
@example([("'a'", "b", "c", "d")], ",", "utf-8", "\n", "", csv.QUOTE_ALL)
def test_csv_in_any_form(
    table: list[Row], delimiter: str, encoding: str, line_end: str, ending: str, quoting: int
) -> None:
    # Headings in quotes show which quote the file uses, if its records could be read in two ways.
    head = as_csv([HEADINGS], delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    # Python before 3.13 leaves a lone carriage return without quotes, where it would end the line.
    has_returns = any("\r" in value for row in table for value in row if value)
    body = as_csv(
        table, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL if has_returns else quoting
    )
    result = staged("log.csv" + ending, PACKERS[ending]((head + body).encode(encoding)))
    assert (result.headings, result.malformed) == (list(HEADINGS), [])
    assert result.texts == expected(table)


@settings(**OPTIONS)
@given(table=TABLE, escape=st.booleans(), delimiter=st.sampled_from(",;\t|"))
def test_a_file_quoted_with_apostrophes(table: list[Row], escape: bool, delimiter: str) -> None:
    options = {"delimiter": delimiter, "quotechar": "'", "quoting": csv.QUOTE_ALL, "lineterminator": "\n"}
    if escape:
        options |= {"escapechar": "\\", "doublequote": False}
    content = as_csv([HEADINGS, *table], **options)
    try:
        result = staged("log.csv", content)
    except Problem as problem:
        assert "backslash" in str(problem) or "the headings are quoted with '" in str(problem)
    else:
        assert (result.malformed, result.headings) == ([], list(HEADINGS))
        # A doubled backslash alone does not show whether it means one or two.
        if not any("\\" in value for row in table for value in row if value):
            assert result.texts == expected(table)


@settings(**OPTIONS)
@given(table=TABLE)
def test_a_file_escaped_with_backslashes(table: list[Row]) -> None:
    options = {"quoting": csv.QUOTE_ALL, "lineterminator": "\n", "escapechar": "\\", "doublequote": False}
    content = as_csv([HEADINGS, *table], **options)
    try:
        result = staged("log.csv", content)
    except Problem as problem:
        assert "it looks escaped with a backslash" in str(problem)
    else:
        assert result.malformed == []
        if '\\"' in content and not any(value.endswith("\\") for row in table for value in row if value):
            assert result.texts == expected(table)


@settings(**OPTIONS)
@given(
    table=TABLE,
    ending=st.sampled_from(list(PACKERS)),
    is_array=st.booleans(),
    indent=st.sampled_from([None, 1]),
)
def test_json_in_any_form(table: list[Row], ending: str, is_array: bool, indent: int | None) -> None:
    objects = [dict(zip(HEADINGS, row, strict=True)) for row in table]
    if is_array:
        content = json.dumps(objects, indent=indent, ensure_ascii=bool(indent))
    else:
        content = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)
    if not table and not is_array:
        return
    result = staged("log.json" + ending, PACKERS[ending](content.encode()))
    assert result.malformed == []
    assert result.texts == (expected(table) if table else [])


@settings(**OPTIONS)
@given(table=TABLE, ending=st.sampled_from(["", ".gz"]))
def test_parquet(table: list[Row], ending: str) -> None:
    buffer = io.BytesIO()
    frame = pl.DataFrame(table, schema=dict.fromkeys(HEADINGS, pl.String), orient="row")
    frame.write_parquet(buffer)
    result = staged("log.parquet" + ending, PACKERS[ending](buffer.getvalue()))
    assert (result.headings, result.texts) == (list(HEADINGS), expected(table))
