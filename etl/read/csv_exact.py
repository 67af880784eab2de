"""Reads CSV files that DuckDB's reader could not: slower, and exact about every record that cannot be split.

Only the first line of a malformed record is lost: reading continues at the next line, even if a quote is not
closed. Another dialect is used only if the whole file fits it: otherwise a file quoted with ' or escaped with
a backslash would lose the records that show it, and keep the rest.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from io import TextIOBase
from pathlib import Path

from etl.common.problem import Problem
from etl.config.source import Limits
from etl.read.archive import over_limit
from etl.read.csv_dialect import Dialect, Header
from etl.read.encoding import Text
from etl.read.records import Records

BLOCK_BYTES = 1 << 19
AGAIN = 'Export it again with quotes of the form "a ""b"" c".'


@dataclass(frozen=True)
class Malformed:
    """A record that cannot be split: its number, its line, why, and the text of the line."""

    row_no: int
    line_no: int
    reason: str
    record: str


@dataclass
class Block:
    """Some lines and their records: runs of good records with consecutive numbers, and malformed records."""

    lines: list[str]
    runs: list[tuple[int, list[list[str]]]] = field(default_factory=list)
    malformed: list[Malformed] = field(default_factory=list)

    @property
    def rows(self) -> list[list[str]]:
        return [row for _, rows in self.runs for row in rows]

    def add(self, row_no: int, row: list[str]) -> None:
        """A good record, which continues the last run if its number is the next."""
        if not self.runs or self.runs[-1][0] + len(self.runs[-1][1]) != row_no:
            self.runs.append((row_no, []))
        self.runs[-1][1].append(row)


@dataclass(frozen=True)
class CsvFile:
    """A CSV file below its header, which can be read in any dialect."""

    path: Path
    header: Header
    limits: Limits

    def blocks(self, dialect: Dialect) -> Iterator[Block]:
        """Every record below the header, in order. Blank lines are not records."""
        csv.field_size_limit(self.limits.field_bytes)
        row_no, line_no = 1, self.header.lines + 1
        with open(self.path, encoding="utf-8", newline="") as stream:
            for _ in range(self.header.lines):
                stream.readline()
            while lines := stream.readlines(BLOCK_BYTES):
                # A character has at most four bytes, so some field may be over the limit.
                may_be_long = max(map(len, lines)) * 4 > self.limits.field_bytes
                rows = None if may_be_long else split_all(lines, len(self.header.headings), dialect)
                if rows is None:
                    block = self.split_each(lines, stream, row_no, line_no, dialect)
                else:
                    block = Block(lines, [(row_no, rows)] if rows else [])
                yield block
                row_no += len(block.rows) + len(block.malformed)
                line_no += len(block.lines)

    def split_each(
        self, lines: list[str], stream: TextIOBase, row_no: int, line_no: int, dialect: Dialect
    ) -> Block:
        """The records of these lines one by one; the last may continue with lines read from the stream."""
        block = Block(lines)
        place = 0
        while place < len(lines):
            if not lines[place].strip("\r\n"):
                place += 1
                continue
            row, used, reason = split_one(lines, place, stream, dialect)
            if (reason == "long_field" and used == 1) or self.has_long_field(row):
                raise over_limit(self.limits, "field_bytes", "a field", place=f"line {line_no + place}")
            if row and len(row) == len(self.header.headings):
                block.add(row_no, row)
                place += used
            else:
                if row:
                    reason = "open_quote" if used > 1 else "wrong_field_count"
                elif reason == "long_field":
                    # A field of many lines is over the limit because its quote is never closed.
                    reason = "open_quote"
                line = lines[place].rstrip("\r\n")
                block.malformed.append(Malformed(row_no, line_no + place, reason, line))
                place += 1
            row_no += 1
        return block

    def has_long_field(self, row: list[str]) -> bool:
        limit = self.limits.field_bytes
        is_complete = len(row) == len(self.header.headings)
        return is_complete and any(len(text) * 4 > limit and len(text.encode()) > limit for text in row)

    def fits(self, dialect: Dialect) -> bool:
        """Whether every record of the file fits the dialect, and no escape in it is ambiguous."""
        ambiguous = re.compile(rf"""\\[^"'\\\r\n{re.escape(dialect.delimiter)}]""")
        return not any(
            block.malformed
            or (dialect.escape and any(ambiguous.search(line.replace("\\\\", "")) for line in block.lines))
            for block in self.blocks(dialect)
        )

    def records(self, dialect: Dialect, folder: Path, signs: "Signs | None" = None) -> Records:
        """All records of the file in a dialect; collects the signs of other dialects if asked to."""
        records = Records(folder, self.header.headings)
        for block in self.blocks(dialect):
            if signs:
                signs.inspect(block)
            for first_no, rows in block.runs:
                records.add(first_no, rows)
            for malformed in block.malformed:
                records.add_malformed(malformed.row_no, malformed.reason, malformed.record)
        return records


def split_all(lines: list[str], width: int, dialect: Dialect) -> list[list[str]] | None:
    """The records of these lines if all of them fit, which is nearly always true; else None."""
    try:
        rows = [row for row in csv.reader(lines, **dialect.options) if row]
    except csv.Error:
        return None
    return rows if all(len(row) == width for row in rows) else None


def split_one(
    lines: list[str], place: int, stream: TextIOBase, dialect: Dialect
) -> tuple[list[str], int, str]:
    """The record that starts at a line, its number of lines, and the reason if it cannot be split."""
    reader = csv.reader(lines_from(lines, place, stream), **dialect.options)
    try:
        return next(reader), reader.line_num, ""
    except csv.Error as error:
        text = str(error)
    if "field limit" in text:
        return [], reader.line_num, "long_field"
    return [], reader.line_num, "open_quote" if "unexpected end" in text else "stray_quote"


def lines_from(lines: list[str], place: int, stream: TextIOBase) -> Iterator[str]:
    """The lines from a place on; lines read from the stream are added, so that they can be read again."""
    while True:
        if place == len(lines):
            more = stream.readline()
            if not more:
                return
            lines.append(more)
        yield lines[place]
        place += 1


class Signs:
    """Signs of other dialects, collected while a file is read in the usual dialect."""

    def __init__(self, usual: Dialect, header: Header) -> None:
        self.usual = usual
        self.is_quoted = header.quote == '"'
        self.has_malformed = self.has_records = self.has_doubled_quotes = False
        self.has_blanks = self.has_escape = self.has_doubled_single_quotes = False
        self.all_single_quoted = True
        self.single_quote_line: int | None = None
        self.escape_line: int | None = None
        mark = re.escape(usual.delimiter)
        in_single = rf"'(?:[^']|'')*{mark}(?:[^']|'')*'"
        self.single_pattern = re.compile(rf"(?:^|{mark})(?:{in_single}(?:{mark}|$)|'(?:[^']|'')*$)")
        self.blank_pattern = re.compile(rf'(?:^|{mark}) +"', re.MULTILINE)

    def inspect(self, block: Block) -> None:
        """Adds the signs in a block."""
        text, delimiter = "".join(block.lines), self.usual.delimiter
        self.has_records = self.has_records or bool(block.runs)
        self.has_escape = self.has_escape or '\\"' in text
        if '"' in text and not self.has_doubled_quotes:
            values = [value for row in block.rows for value in row if '"' in value]
            self.is_quoted = self.is_quoted or text.count('"') > sum(value.count('"') for value in values)
            doubled = (value.replace('"', '""') for value in values)
            self.has_doubled_quotes = any(f'"{value}"' in text for value in doubled)
        if not self.has_blanks and f"{delimiter} " in text and self.blank_pattern.search(text):
            # The usual dialect takes a quote after blanks for a part of the text.
            self.has_blanks = any(re.match(' +"', value) for row in block.rows for value in row)
        if f"{delimiter}'" in text or "\n'" in text or text.startswith("'"):
            for row in block.rows:
                inner = [value[1:-1] for value in row if len(value) > 1 and value[0] == value[-1] == "'"]
                self.all_single_quoted = self.all_single_quoted and bool(inner)
                self.has_doubled_single_quotes |= any("''" in value for value in inner)
        elif block.runs:
            self.all_single_quoted = False
        for malformed in block.malformed:
            self.has_malformed = True
            self.has_blanks = self.has_blanks or self.blank_pattern.search(malformed.record) is not None
            if self.single_pattern.search(malformed.record):
                self.single_quote_line = self.single_quote_line or malformed.line_no
            if '\\"' in malformed.record or "\\" + delimiter in malformed.record:
                self.escape_line = self.escape_line or malformed.line_no

    def dialects(self) -> list[Dialect]:
        """The dialects to try before the usual dialect, because the file has signs of them."""
        dialects = []
        if self.has_blanks:
            dialects.append(replace(self.usual, skips_blanks=True))
        if (self.escape_line and not self.has_doubled_quotes) or (self.has_escape and not self.is_quoted):
            dialects.append(replace(self.usual, escape="\\"))
        all_single = self.all_single_quoted and self.has_records
        may_be_single = not self.has_malformed and (all_single or self.has_doubled_single_quotes)
        if (self.single_quote_line or may_be_single) and not self.is_quoted:
            dialects += single_quoted(self.usual)
        return dialects

    def refuse_ambiguous(self) -> None:
        """Refuses a file whose malformed records look like another dialect, if no dialect fits it."""
        if self.escape_line and not self.has_doubled_quotes:
            line, style = self.escape_line, "escaped with a backslash,"
        elif self.single_quote_line and not self.is_quoted:
            line, style = self.single_quote_line, "quoted with '"
        else:
            return
        raise Problem(f"line {line}: it looks {style} and the whole file does not fit that. {AGAIN}")


def single_quoted(usual: Dialect) -> list[Dialect]:
    """The dialects quoted with ', without and with an escape."""
    return [replace(usual, quote="'"), replace(usual, quote="'", escape="\\")]


def read_exact(text: Text, header: Header, limits: Limits, folder: Path) -> Records:
    """All records, in the dialect that fits the whole file. A file that might be read in part is refused."""
    file, usual = CsvFile(text.path, header, limits), Dialect(delimiter=header.delimiter)
    if header.quote == "'":
        for dialect in single_quoted(usual):
            if file.fits(dialect):
                return file.records(dialect, folder)
        malformed = (block.malformed for block in file.blocks(single_quoted(usual)[0]) if block.malformed)
        line = next((found[0].line_no for found in malformed), header.lines + 1)
        raise Problem(f"line {line}: the headings are quoted with ' and this record does not fit. {AGAIN}")
    signs = Signs(usual, header)
    records = file.records(usual, folder, signs)
    for dialect in signs.dialects():
        if file.fits(dialect):
            records.remove()
            return file.records(dialect, folder)
    signs.refuse_ambiguous()
    return records
