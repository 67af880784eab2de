"""F4: a flipped bit or a missing end: an archive or Parquet file is refused, a cut text file is reported."""

import bz2
import gzip
import io
import json
import lzma
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from etl.common.problem import Problem
from faults.checks import Tally, times
from faults.reading import Reader
from support.staged_files import zipped

TABLE = [(f"R{number}", "Client", f"Tax Return Accessed {number * 7919 % 10007}") for number in range(400)]
HEADINGS = ("Return ID", "Tab", "Event")
CSV = "".join(",".join(row) + "\n" for row in (HEADINGS, *TABLE)).encode()
NDJSON = "".join(json.dumps(dict(zip(HEADINGS, row, strict=True))) + "\n" for row in TABLE).encode()


def parquet() -> bytes:
    """The table with a checksum for each page."""
    out = io.BytesIO()
    columns = {name: list(column) for name, column in zip(HEADINGS, zip(*TABLE, strict=True), strict=True)}
    pq.write_table(pa.table(columns), out, write_page_checksum=True, row_group_size=100)
    return out.getvalue()


PACKED = {
    "a.csv.gz": gzip.compress(CSV, mtime=0),
    "a.csv.zst": zstandard.ZstdCompressor(write_checksum=True).compress(CSV),
    "a.csv.bz2": bz2.compress(CSV),
    "a.csv.xz": lzma.compress(CSV),
    "a.csv.zip": zipped(CSV),
    "a.parquet": parquet(),
}
PLAIN = {"a.csv": CSV, "a.ndjson": NDJSON}
# The options with which people make DuckDB alone read as much as it can.
FORGIVING = {"all_varchar": "true", "ignore_errors": "true", "header": "true", "parallel": "false"}


def flipped(content: bytes, dice: Random) -> bytes:
    changed = bytearray(content)
    changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def cut(content: bytes, dice: Random) -> bytes:
    return content[: dice.randrange(1, len(content))]


@pytest.mark.parametrize("name", PACKED)
def test_f4_packed(name: str, tally: Tally, control: Tally) -> None:
    dice, content = Random(name), PACKED[name]
    with Reader() as reader:
        clean = reader.read(name, content)
        for number in range(times(300) * 2):
            damaged = (flipped if number % 2 else cut)(content, dice)
            tally.injected += 1
            try:
                found = reader.read(name, damaged)
                tally.lost += found[:2] != clean[:2]
            except Problem as problem:
                tally.check_message(
                    str(problem), r"export it again|Export it again|limits", f"{name} {number}"
                )
        for number in range(300):
            damaged = flipped(content, dice) if number % 2 else cut(content, dice)
            if name.endswith((".gz", ".zst")):
                found = reader.read_with_duckdb(name, damaged, **FORGIVING)
                control.lost += found is not None and [row[-3:] for row in found] != TABLE
            else:
                control.lost += is_accepted(name, damaged)


def is_accepted(name: str, damaged: bytes) -> bool:
    """Whether a reader without checksums would accept the file: it reads what there is, to the end."""
    if name.endswith(".parquet"):
        try:
            table = pq.read_table(io.BytesIO(damaged), page_checksum_verification=False)
            return list(zip(*(column.to_pylist() for column in table.columns), strict=True)) != TABLE
        except (pa.ArrowException, OSError, UnicodeDecodeError):
            return False
    unpackers = {"bz2": bz2.BZ2Decompressor, "xz": lzma.LZMADecompressor}
    if name.endswith(".zip"):
        # The central directory is at the end: without it the member before it can still be unpacked in part.
        return len(damaged) < len(PACKED[name])
    try:
        return unpackers[name.rsplit(".", 1)[1]]().decompress(damaged) != CSV
    except (OSError, lzma.LZMAError):
        return False


@pytest.mark.parametrize("name", PLAIN)
def test_f4_plain_text_that_was_cut(name: str, tally: Tally, control: Tally) -> None:
    dice, content = Random(name), PLAIN[name]
    with Reader() as reader:
        clean = reader.read(name, content)
        while tally.injected < times(300):
            damaged = cut(content, dice)
            if damaged.endswith(b"\n"):
                # Only complete lines are missing: the one cut that a text file cannot show.
                continue
            tally.injected += 1
            try:
                rows, malformed, remark = reader.read(name, damaged)
                is_noticed = remark is not None or malformed
                tally.lost += not is_noticed
                tally.lost += not (set(rows[:-1]) <= set(clean[0]))
            except Problem as problem:
                tally.check_message(str(problem), r"\.$", name)
            found = reader.read_with_duckdb(
                name, damaged, **({"ignore_errors": "true"} if "json" in name else FORGIVING)
            )
            control.lost += found is not None and len(found) < len(TABLE)
