"""CSV, record by record: slower than DuckDB, and exact about what it cannot read.

A record that does not fit costs its first line and no more: reading goes on at the next line, so one quote that is
never closed does not swallow the file.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import TextIOBase
from pathlib import Path

from etl.dialect import Dialect, Header
from etl.problem import Problem
from etl.source import Limits
from etl.unpack import over

HINT = 1 << 19


@dataclass(frozen=True)
class Broken:
    """A record that does not fit: its number, its line, why, and the line as it stands."""

    row_no: int
    line: int
    reason: str
    record: str


@dataclass
class Block:
    """A run of records: the good ones in stretches of consecutive numbers, the broken ones beside them."""

    lines: list[str]
    runs: list[tuple[int, list[list[str]]]] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)

    @property
    def rows(self) -> Iterator[list[str]]:
        return (row for _, rows in self.runs for row in rows)


def blocks(path: Path, header: Header, dialect: Dialect, limits: Limits) -> Iterator[Block]:
    """Every record below the header, in order. Blank lines are no records."""
    csv.field_size_limit(limits.field_bytes)
    row_no, line_no = 1, header.lines + 1
    with open(path, encoding="utf-8", newline="") as stream:
        for _ in range(header.lines):
            stream.readline()
        while lines := stream.readlines(HINT):
            block = whole_block(lines, row_no, header.width, dialect)
            if block is None or may_pass(lines, limits):
                block = careful_block(lines, stream, row_no, line_no, header.width, dialect, limits)
            yield block
            row_no += sum(len(rows) for _, rows in block.runs) + len(block.broken)
            line_no += len(block.lines)


def may_pass(lines: list[str], limits: Limits) -> bool:
    """Some field could be longer than the limit: a character is at most four bytes."""
    return max(map(len, lines)) * 4 > limits.field_bytes


def whole_block(lines: list[str], row_no: int, width: int, dialect: Dialect) -> Block | None:
    """The records of these lines if every one of them fits, which is nearly always."""
    try:
        rows = list(csv.reader(lines, **dialect.options))
    except csv.Error:
        return None
    if not all(map(len, rows)):
        rows = [row for row in rows if row]
    if any(len(row) != width for row in rows):
        return None
    return Block(lines, [(row_no, rows)] if rows else [])


def careful_block(
    lines: list[str], stream: TextIOBase, row_no: int, line_no: int, width: int, dialect: Dialect, limits: Limits
) -> Block:
    """The records of these lines one by one; a record that is open at their end draws further lines from the stream."""
    block = Block(lines)
    place = 0
    rows: list[list[str]] = []
    while place < len(lines):
        if not lines[place].strip("\r\n"):
            place += 1
            continue
        row, used, reason = one_record(lines, place, stream, dialect)
        if row is not None and len(row) != width:
            row, reason = None, "open_quote" if used > 1 else "wrong_field_count"
        if row is None and reason == "long_field" and used == 1:
            raise Problem(f"line {line_no + place}: " + long_field(limits))
        if row is not None:
            if any(len(text) * 4 > limits.field_bytes and len(text.encode()) > limits.field_bytes for text in row):
                raise Problem(f"line {line_no + place}: " + long_field(limits))
            rows.append(row)
            place += used
            row_no += 1
            continue
        if rows:
            block.runs.append((row_no - len(rows), rows))
            rows = []
        reason = "open_quote" if reason == "long_field" else reason
        block.broken.append(Broken(row_no, line_no + place, reason, lines[place].rstrip("\r\n")))
        place += 1
        row_no += 1
    if rows:
        block.runs.append((row_no - len(rows), rows))
    return block


def long_field(limits: Limits) -> str:
    return over("a field", f"over {limits.field_bytes}", limits.field_bytes, "field_bytes")


def one_record(
    lines: list[str], place: int, stream: TextIOBase, dialect: Dialect
) -> tuple[list[str] | None, int, str]:
    """The record that starts at a line, how many lines it takes, and the reason if it is none."""
    reader = csv.reader(following(lines, place, stream), **dialect.options)
    try:
        return next(reader), reader.line_num, ""
    except csv.Error as error:
        words = str(error)
    if "field limit" in words:
        return None, reader.line_num, "long_field"
    return None, reader.line_num, "open_quote" if "unexpected end" in words else "stray_quote"


def following(lines: list[str], place: int, stream: TextIOBase) -> Iterator[str]:
    """The lines from a place on; further ones are kept, so that reading can go back to them."""
    while True:
        if place == len(lines):
            more = stream.readline()
            if not more:
                return
            lines.append(more)
        yield lines[place]
        place += 1
