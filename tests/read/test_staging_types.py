"""JSON, Parquet and Excel become the text that a person would have exported."""

import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from etl.common.paths import CHECKOUT
from etl.config.source import Limits
from support.staged_files import refusal, staged

NO_CHECKSUMS = "the Parquet file carries no checksums, so damage inside it cannot be seen"


def test_an_array_is_split_only_outside_its_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("r1", "a}"), ("r2", '"]\\'), ("r3", "[{")]
    content = json.dumps([{"Return ID": one, "Event": event} for one, event in rows])
    for size in range(1, len(content)):
        monkeypatch.setattr("etl.read.json_records.CHUNK", size)
        assert staged("a.json", content).texts == rows


def test_json_values_are_their_text_and_broken_lines_are_quarantined() -> None:
    lines = [
        '{"Return ID": 12345678901234567890, "n": 1.10, "b": true, "x": null, '
        '"t": "null", "o": {"a": [1.0, "é"]}}',
        '{"Return ID": "r2", "late": "é"}',
        '{"Return ID": "r3"',
        '{"n": NaN}',
        '{"n": 1, "n": 2}',
        "[1]",
        '"text"',
        '{"n": "\\ud800"}',
        '{"n": "\\u0000"}',
        '{"n": 1} {"n": 2}',
        '{"n": 01}',
    ]
    result = staged("a.ndjson", "\n".join(lines) + "\n")
    assert result.headings == ["Return ID", "n", "b", "x", "t", "o", "late"]
    assert result.texts == [
        ("12345678901234567890", "1.10", "true", None, "null", '{"a": [1.0, "é"]}', None),
        ("r2", None, None, None, None, None, "é"),
    ]
    reasons = ["broken_json", "not_a_json_number", "doubled_key", "not_an_object", "not_an_object"]
    reasons += ["half_a_character", "zero_byte", "broken_json", "broken_json"]
    assert result.malformed == [(no, reason, lines[no - 1]) for no, reason in enumerate(reasons, start=3)]


def test_parquet_types_become_text() -> None:
    frame = pl.DataFrame(
        {
            "Return ID": [1234567890123.0, None],
            "Event": ["null", ""],
            "at": [datetime(2026, 3, 1, 9), None],
            "utc": [datetime(2026, 3, 1, 9, 0, 0, 5, tzinfo=UTC), None],
            "on": [date(2026, 4, 15), None],
            "yes": [True, None],
            "many": [["a", "é"], None],
        }
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    result = staged("a.parquet", buffer.getvalue())
    assert result.texts == [
        (
            "1234567890123",
            "null",
            "2026-03-01T09:00:00",
            "2026-03-01T09:00:00.000005+00:00",
            "2026-04-15",
            "true",
            '["a","é"]',
        ),
        (None,) * 7,
    ]


def test_a_cut_parquet_is_refused_and_one_without_checksums_gets_a_remark() -> None:
    names = [f"r{number * 7919 % 5003}" for number in range(3000)]
    frame = pl.DataFrame({"Return ID": names, "Tab": ["Client"] * 3000})
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    content = buffer.getvalue()
    result = staged("a.parquet", content)
    assert result.remark == NO_CHECKSUMS
    for size in range(12, len(content), len(content) // 20):
        assert refusal("a.parquet", content[:size]).startswith("the Parquet file is cut or damaged.")


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("use_dictionary", [True, False])
def test_the_checksums_of_parquet_pages_are_verified(version: str, use_dictionary: bool) -> None:
    names = [f"r{number * 7919 % 5003}" for number in range(3000)]
    table = pa.table({"Return ID": names, "Tab": [["Client", "x"]] * 3000, "Event": [None] * 3000})
    buffer = io.BytesIO()
    options = {"data_page_version": version, "use_dictionary": use_dictionary, "row_group_size": 1000}
    pq.write_table(table, buffer, write_page_checksum=True, **options)
    content = buffer.getvalue()
    assert staged("a.parquet", content).remark is None
    column = pq.read_metadata(io.BytesIO(content)).row_group(2).column(0)
    # The header of a page, some 60 bytes, has no checksum.
    for place in range(column.data_page_offset + 100, column.data_page_offset + 1000, 100):
        damaged = bytearray(content)
        damaged[place] ^= 4
        assert refusal("a.parquet", bytes(damaged)).startswith("the Parquet file is cut or damaged.")


def test_a_parquet_file_with_checksums_in_some_columns_is_verified_and_gets_a_remark() -> None:
    table = pa.table({"Return ID": ["r1"], "Tab": ["Client"]})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, write_page_checksum=True, use_dictionary=False, compression="none")
    content = bytearray(buffer.getvalue())
    ids, tabs = (pq.read_metadata(buffer).row_group(0).column(place).data_page_offset for place in (0, 1))
    # Type and two sizes come first; the checksum after them gets another type, so that readers skip it.
    place = tabs + re.match(rb"(?:\x15[\x80-\xff]*[\x00-\x7f]){3}", content[tabs:]).end()
    assert content[place] == 0x15
    content[place] = 0x16
    result = staged("a.parquet", bytes(content))
    assert (result.texts, result.remark) == ([("r1", "Client")], NO_CHECKSUMS)
    content[content.rindex(b"r1", ids, tabs)] ^= 1
    assert refusal("a.parquet", bytes(content)).startswith("the Parquet file is cut or damaged.")


def excel(sheets: dict[str, list[tuple]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        time = book.add_format({"num_format": "mm/dd/yyyy hh:mm:ss AM/PM"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for place, value in enumerate(row):
                    if isinstance(value, datetime):
                        sheet.write_datetime(number, place, value, time)
                    elif value is not None:
                        sheet.write(number, place, value)
    return buffer.getvalue()


def test_excel() -> None:
    rows = [
        ("Return ID", "Event", "Date/Time", "Tax Year"),
        ("r1", "null", datetime(2026, 3, 1, 9, 0, 5), 2025),
        (None, None, None, None),
        (1234567890123, "“é”", "03/01/2026", 1.5),
    ]
    result = staged("a.xlsx", excel({"Log": rows, "Empty": []}))
    assert result.headings == list(rows[0])
    assert result.rows == [
        (1, "r1", "null", "2026-03-01 09:00:05", "2025"),
        (2, "1234567890123", "“é”", "03/01/2026", "1.5"),
    ]
    assert refusal("a.xlsx", excel({"a": rows, "b": rows})) == (
        'the Excel file has 2 sheets with content ("a", "b"), and must have exactly one.'
    )
    assert refusal("a.xlsx", excel({"a": []})).startswith("the Excel file has 0 sheets with content (none)")
    assert refusal("a.xlsx", excel({"a": rows})[:-100]) == (
        "the Excel file is damaged or locked with a password. Export it again, best as CSV."
    )
    assert refusal("a.csv", excel({"a": rows})) == (
        "the name says CSV, the content is a zip archive. Rename it to what it is."
    )
    assert "(unpacked_bytes under" in refusal(
        "a.xlsx", excel({"a": rows}), replace(Limits(), unpacked_bytes=100)
    )


def test_excel_without_its_package_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(excel({"a": [("Return ID",), ("r1",)]}))
    program = (
        "import sys; sys.modules['fastexcel'] = None\n"
        "from support.staged_files import staged\n"
        f"staged('a.xlsx', open({str(tmp_path / 'a.xlsx')!r}, 'rb').read())\n"
    )
    environment = os.environ | {"PYTHONPATH": f"{CHECKOUT}{os.pathsep}{CHECKOUT / 'tests'}"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False
    )
    assert done.stderr.strip().endswith(
        "Excel files need one more package: pip install 'returntrail[excel]'. Or export the file as CSV."
    )
