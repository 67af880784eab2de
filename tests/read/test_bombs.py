"""Records count against the limits in every format, also where few bytes are many or long records."""

import io
from dataclasses import replace

import polars as pl
import pytest

from etl.config.source import Limits
from etl.read.workbook_xml import NOT_XML
from support.bombs import FEW, HEADINGS, TEXT, TIME, blank, bombs, parquet, repeated
from support.staged_files import refusal, staged
from support.workbooks import excel

RATIO = (
    "the size of its records as text, as a multiple of the size of the file, is over 200, "
    "and the limit is 200 (ratio under [limits] in settings.toml)."
)


@pytest.mark.parametrize(("name", "content"), bombs().items(), ids=list(bombs()))
def test_a_small_file_with_very_much_inside_is_refused(name: str, content: bytes) -> None:
    assert len(content) < 500_000
    assert refusal(name, content) == RATIO


@pytest.mark.parametrize(("name", "content"), bombs(FEW).items(), ids=list(bombs(FEW)))
def test_the_same_with_less_than_100_mb_inside_is_read(name: str, content: bytes) -> None:
    assert staged(name, content, replace(Limits(), line_bytes=10_000_000)).count >= 10


def test_a_parquet_file_with_many_columns_that_are_empty_or_have_one_value_is_read() -> None:
    """They take no room in it, and are what an export has of all that a firm does not use."""
    row = dict(zip(HEADINGS, ("R1", "Client", "Upload", TIME), strict=True))
    unused = {f"Field {number}": None if number % 2 else "No" for number in range(300)}
    columns = {name: pl.Series([value] * 40_000, dtype=pl.String) for name, value in (row | unused).items()}
    buffer = io.BytesIO()
    pl.DataFrame(columns).write_parquet(buffer)
    # As text it is 25 MB.
    assert len(buffer.getvalue()) < 25_000_000 / Limits().ratio
    assert staged("a.parquet", buffer.getvalue()).count == 40_000


def test_twelve_kilobytes_with_two_gigabytes_inside_are_refused() -> None:
    content = parquet(TEXT, 57_000)
    assert len(content) < 12_000 and 57_000 * len(TEXT) > 1_700_000_000
    assert refusal("a.parquet", content) == RATIO


def test_records_may_not_take_more_than_a_file_may_have() -> None:
    row = dict(zip(HEADINGS, ("R1", "Client", "Upload", TIME), strict=True))
    few = replace(Limits(), unpacked_bytes=3_000)
    buffer = io.BytesIO()
    pl.DataFrame([row] * 100).write_parquet(buffer)
    assert refusal("a.parquet", buffer.getvalue(), few) == (
        "the size of its records as text is 3400, and the limit is 3000 "
        "(unpacked_bytes under [limits] in settings.toml)."
    )


def test_usual_workbooks_repeat_texts_and_empty_cells() -> None:
    """LibreOffice writes the million rows below a table as one, of a thousand cells."""
    rows = [("R1", "Client", "Upload", TIME)] * 3
    below = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell '
    below += 'table:style-name="ce1" table:number-columns-repeated="16384"/></table:table-row>'
    content = repeated("Upload", 3, 1)
    assert staged("a.ods", content).texts == rows
    with_empty = repeated("Upload", 3, 1, below)
    assert staged("a.ods", with_empty).texts == rows
    note = "y" * 32_000
    many = [("R1", "Client", "Upload", TIME)] * 20_000
    assert staged("a.xlsx", excel({"Log": [HEADINGS, ("R1", "Client", note, TIME), *many]})).count == 20_001


@pytest.mark.parametrize("count", ["", "x", "-5", "1.5", "9" * 400, "١٢"])
def test_an_ods_file_that_repeats_something_no_number_of_times_is_refused(count: str) -> None:
    assert refusal("a.ods", blank(1, count)) == NOT_XML
    assert staged("a.ods", blank(1, 3)).texts[0][2] == "Upload   here"


def test_a_text_in_fewer_records_than_the_limit_is_read() -> None:
    assert staged("a.parquet", parquet(TEXT, 30)).count == 30
    assert staged("a.ods", repeated(TEXT, 30, 1)).count == 30
