"""Records count against the limits in every format, also where few bytes are many or long records."""

import io
from dataclasses import replace

import polars as pl
import pytest

from etl.config.source import Limits
from support.bombs import HEADINGS, TEXT, TIME, bombs, parquet, repeated
from support.staged_files import refusal, staged
from support.workbooks import excel

RATIO = (
    "the size of its records as text, as a multiple of the size of the file, is over 200, "
    "and the limit is 200 (ratio under [limits] in settings.toml)."
)


@pytest.mark.parametrize(("name", "content"), bombs().items(), ids=list(bombs()))
def test_a_small_file_with_very_much_inside_is_refused(name: str, content: bytes) -> None:
    assert len(content) < 300_000
    assert refusal(name, content) == RATIO
    # It is small enough for whoever allows it.
    allowed = staged(name, content, replace(Limits(), ratio=10_000_000, line_bytes=10_000_000))
    assert allowed.count >= 10


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


def test_a_text_in_fewer_records_than_the_limit_is_read() -> None:
    assert staged("a.parquet", parquet(TEXT, 30)).count == 30
    assert staged("a.ods", repeated(TEXT, 30, 1)).count == 30
