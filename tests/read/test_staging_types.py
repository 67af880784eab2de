"""JSON and Parquet become the text that a person would have exported."""

import io
import json
import re
from datetime import UTC, date, datetime

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.staged_files import refusal, staged

NO_CHECKSUMS = "the Parquet file carries no checksums, so damage inside it cannot be seen"


def test_an_array_is_split_only_outside_its_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("r1", "a}"), ("r2", '"]\\'), ("r3", "[{")]
    content = json.dumps([{"Return ID": one, "Event": event} for one, event in rows])
    for size in range(1, len(content)):
        monkeypatch.setattr("etl.read.json_documents.CHUNK", size)
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


def test_a_record_of_parquet_with_a_zero_byte_is_quarantined_as_in_json() -> None:
    rows = [("r1", "a"), ("r\0", None), ("r3", "\0")]
    buffer = io.BytesIO()
    pl.DataFrame(rows, schema=["Return ID", "Note"], orient="row").write_parquet(buffer)
    result = staged("a.parquet", buffer.getvalue())
    assert result.texts == [("r1", "a")]
    assert result.malformed == [
        (2, "zero_byte", r'{"Return ID":"r\u0000","Note":null}'),
        (3, "zero_byte", r'{"Return ID":"r3","Note":"\u0000"}'),
    ]


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
