"""CSV that DuckDB did not settle: read exactly, and in another dialect only if the whole file fits that one.

A file quoted with ' or escaped with a backslash would otherwise lose the records that show it, and keep the rest.

CSV, record by record: slower than DuckDB, and exact about what it cannot read.

A record that does not fit costs its first line and no more: reading goes on at the next line, so one quote that is
never closed does not swallow the file.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from io import TextIOBase
from pathlib import Path

from etl.common.problem import Problem
from etl.config.source import Limits
from etl.read.archive import over
from etl.read.csv_dialect import Dialect, Header
from etl.read.encoding import Text
from etl.read.records import Records

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
    lines: list[str],
    stream: TextIOBase,
    row_no: int,
    line_no: int,
    width: int,
    dialect: Dialect,
    limits: Limits,
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
            if any(
                len(text) * 4 > limits.field_bytes and len(text.encode()) > limits.field_bytes for text in row
            ):
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


AGAIN = 'Export it again with quotes of the form "a ""b"" c".'


@dataclass
class Signs:
    """What a reading in the usual dialect has shown."""

    is_broken: bool = False
    is_quoted: bool = False
    is_doubled: bool = False
    single_everywhere: bool = True
    single_needed: bool = False
    has_records: bool = False
    has_blanks: bool = False
    has_escape: bool = False
    single_line: int | None = None
    escape_line: int | None = None


def read_exact(text: Text, header: Header, limits: Limits, folder: Path) -> Records:
    """All records of the file, in the dialect that reads it whole. A file that might be read in part is a Problem."""
    usual = Dialect(delimiter=header.delimiter)
    single = replace(usual, quote="'")
    if header.quote == "'":
        for dialect in (single, replace(single, escape="\\")):
            if fits(text.path, header, dialect, limits):
                return written(text.path, header, dialect, limits, folder)
        line = first_broken(text.path, header, single, limits)
        raise Problem(f"line {line}: the headings stand in ' and this record does not fit. {AGAIN}")
    records, signs = Records(folder), Signs()
    look = looker(usual, signs)
    for block in blocks(text.path, header, usual, limits):
        look(block)
        keep(block, records)
    for dialect in others(signs, usual, header):
        if fits(text.path, header, dialect, limits):
            records.remove()
            return written(text.path, header, dialect, limits, folder)
    refuse_doubt(signs, header)
    return records


def others(signs: Signs, usual: Dialect, header: Header) -> list[Dialect]:
    """The dialects that the file gives reason to try, before the usual one."""
    is_quoted = signs.is_quoted or header.quote == '"'
    dialects = []
    if signs.has_blanks:
        dialects.append(replace(usual, blanks=True))
    if (signs.escape_line and not signs.is_doubled) or (signs.has_escape and not is_quoted):
        dialects.append(replace(usual, escape="\\"))
    is_single = signs.single_everywhere and signs.has_records
    wants_single = signs.single_line or (not signs.is_broken and (is_single or signs.single_needed))
    if wants_single and not is_quoted:
        dialects += [replace(usual, quote="'"), replace(usual, quote="'", escape="\\")]
    return dialects


def refuse_doubt(signs: Signs, header: Header) -> None:
    """Refuses a file whose broken records are what another dialect would look like, if no dialect reads it whole."""
    if signs.escape_line and not signs.is_doubled:
        raise Problem(
            f"line {signs.escape_line}: it looks escaped with a backslash, and the file does not fit that as a whole. "
            + AGAIN
        )
    if signs.single_line and not signs.is_quoted and header.quote != '"':
        raise Problem(
            f"line {signs.single_line}: it looks quoted with ' and the file does not fit that as a whole. {AGAIN}"
        )


def looker(usual: Dialect, signs: Signs) -> Callable[[Block], None]:
    """What collects the signs of other dialects, block by block, beside the reading itself."""
    mark = re.escape(usual.delimiter)
    in_single = rf"'(?:[^']|'')*{mark}(?:[^']|'')*'"
    broken_single = re.compile(rf"(?:^|{mark})(?:{in_single}(?:{mark}|$)|'(?:[^']|'')*$)")
    blanks = re.compile(rf'(?:^|{mark}) +"', re.MULTILINE)

    def look(block: Block) -> None:
        together = "".join(block.lines)
        look_at_quotes(block.rows, together, signs)
        signs.has_records = signs.has_records or bool(block.runs)
        signs.has_escape = signs.has_escape or '\\"' in together
        if not signs.has_blanks and f"{usual.delimiter} " in together and blanks.search(together):
            signs.has_blanks = any(starts_late(value) for row in block.rows for value in row)
        if f"{usual.delimiter}'" in together or "\n'" in together or together.startswith("'"):
            look_at_single(block.rows, signs)
        elif block.runs:
            signs.single_everywhere = False
        for broken in block.broken:
            signs.is_broken = True
            signs.has_blanks = signs.has_blanks or blanks.search(broken.record) is not None
            if broken_single.search(broken.record):
                signs.single_line = signs.single_line or broken.line
            if '\\"' in broken.record or "\\" + usual.delimiter in broken.record:
                signs.escape_line = signs.escape_line or broken.line

    return look


def starts_late(value: str) -> bool:
    """The text is a quote behind blanks, which the usual dialect takes for part of it."""
    return value.startswith(" ") and value.lstrip(" ").startswith('"')


def look_at_quotes(rows: Iterable[list[str]], together: str, signs: Signs) -> None:
    """Whether " stands around fields, and whether it is doubled inside them."""
    if '"' not in together or signs.is_doubled:
        return
    held = [value for row in rows for value in row if '"' in value]
    signs.is_quoted = signs.is_quoted or together.count('"') > sum(value.count('"') for value in held)
    written = (value.replace('"', '""') for value in held)
    signs.is_doubled = any(f'"{value}"' in together for value in written)


def look_at_single(rows: Iterable[list[str]], signs: Signs) -> None:
    """Whether every record has a field in ' marks, and whether one of them doubles the mark inside."""
    for row in rows:
        fields = [value[1:-1] for value in row if len(value) > 1 and value[0] == value[-1] == "'"]
        signs.single_everywhere = signs.single_everywhere and bool(fields)
        signs.single_needed = signs.single_needed or any("''" in value for value in fields)


def fits(path: Path, header: Header, dialect: Dialect, limits: Limits) -> bool:
    """Every record of the file fits the dialect, and no escape in it is left unclear."""
    unclear = re.compile(rf"""\\[^"'\\\r\n{re.escape(dialect.delimiter)}]""")
    for block in blocks(path, header, dialect, limits):
        if block.broken:
            return False
        if dialect.escape and any(unclear.search(line.replace("\\\\", "")) for line in block.lines):
            return False
    return True


def first_broken(path: Path, header: Header, dialect: Dialect, limits: Limits) -> int:
    """The line of the first record that does not fit."""
    for block in blocks(path, header, dialect, limits):
        if block.broken:
            return block.broken[0].line
    return header.lines + 1


def written(path: Path, header: Header, dialect: Dialect, limits: Limits, folder: Path) -> Records:
    """All records of the file in a dialect that it fits."""
    records = Records(folder)
    for block in blocks(path, header, dialect, limits):
        keep(block, records)
    return records


def keep(block: Block, records: Records) -> None:
    """The records of a block, the broken ones apart."""
    for first_no, rows in block.runs:
        records.add(first_no, rows)
    for broken in block.broken:
        records.add_broken(broken.row_no, broken.reason, broken.record)
