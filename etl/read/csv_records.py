"""Reads the records of CSV: fast with DuckDB, or exactly, line by line, if DuckDB cannot read every byte.

DuckDB gets the dialect and stops at the first fault. What it read must then have as many records as the file
has lines, and its texts, delimiters, quotes and line ends must add up to the size of the file.

The exact reader loses only the first line of a malformed record: it continues at the next line, even if a
quote is not closed. Another dialect is used only if the whole file fits it: otherwise a file quoted with ' or
escaped with a backslash would lose the records that show it, and keep the rest.
"""

import csv
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from io import TextIOBase
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import duckdb
from duckdb import DuckDBPyConnection

from etl.common.duck import literal
from etl.common.problem import Problem
from etl.config.source import Limits, Source, columns_of
from etl.read.archive import Room
from etl.read.csv_dialect import AROUND, Dialect, Header, UnknownHeadings, read_header
from etl.read.dialog import Above
from etl.read.dialog_text import stage_copied
from etl.read.encoding import Text
from etl.read.records import Records, Staged

BLOCK_BYTES = 1 << 19
REPEATED_HEADINGS = "repeated_headings"
AGAIN = 'Export it again with quotes of the form "a ""b"" c".'


def stage_csv(database: DuckDBPyConnection | None, text: Text, source: Source, room: Room) -> Staged:
    """CSV: by DuckDB if every byte is accounted for afterwards, else record by record."""
    limits = room.limits
    try:
        header = read_header(text.path, source, limits)
        known = set(columns_of(source, header.row)) - {None}
        is_table = len(known) > 1 and (source.layout != "dialog" or known.issuperset(("label", "event_time")))
        copied = None if is_table else stage_copied(database, text, source, room)
    except Problem as problem:
        copied = stage_copied(database, text, source, room)
        if not isinstance(copied, Staged):
            # A text that was copied from the dialog has no headings that a setting may name.
            has_none = isinstance(problem, UnknownHeadings) and len(problem.headings) < 2
            raise (copied if copied and has_none else problem) from None
    if isinstance(copied, Staged):
        return copied
    staged = stage_fast(database, text, header, source, limits) if database else None
    staged = staged or stage_exact(database, CsvFile(text.path, header, source, room))
    return replace(staged, remarks=[header.remark, *staged.remarks], said=header.said)


def stage_fast(
    database: DuckDBPyConnection, text: Text, header: Header, source: Source, limits: Limits
) -> Staged | None:
    """All records, counted by the line ends of the file; None if the file needs the exact reader.

    The records go into a table in the order of the file, so the id of a row is its number, in parallel and at
    no cost; a numbered view of the file would limit each scan to one core.
    """
    is_plain = text.returns in (0, text.lines) and header.quote != "'"
    # DuckDB takes a blank line for a record of one empty field.
    above = Above(header.headings, source).test()
    if not is_plain or text.has_escape or len(header.headings) == 1 or above == "true":
        return None
    records = text.lines - header.lines + (not text.is_ended)
    line_ends = (text.lines - header.lines) * (2 if text.returns else 1)
    names = [f"c{place}" for place in range(len(header.headings))]
    columns = ", ".join(f"'{name}': 'varchar'" for name in names)
    try:
        database.execute(f"""
            create or replace table staged_text as
            from read_csv(
                {literal(text.path)}, columns = {{{columns}}}, auto_detect = false,
                header = false, skip = {header.lines},
                delim = {literal(header.delimiter)}, quote = '"', escape = '"', strict_mode = true,
                hive_partitioning = false, null_padding = false, ignore_errors = false,
                max_line_size = {limits.line_bytes + 2}
            )
        """)
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        return None
    with open(text.path, "rb") as file:
        quotes = text.quotes - file.read(header.size).count(b'"')
    # Quotes that do not occur in the file are not searched for.
    sizes = [f"coalesce(strlen({name}), 0)" for name in names]
    quote = """if(contains({0}, '"'), strlen({0}) - strlen(replace({0}, '"', '')), 0)"""
    read_quotes = f"coalesce(sum({' + '.join(map(quote.format, names))}), 0)" if quotes else "0"
    # Comparing takes a tenth of the time of starts_with; the character after the apostrophe is (.
    single_quoted = "({0} >= '''' and {0} < '(' and ends_with({0}, '''') and {0} <> '''')"
    single = " or ".join(map(single_quoted.format, names)) if text.has_single_quote else "false"
    # A time begins with a digit, so most texts are not compared.
    probe, words = f"c{header.probe}", f"({', '.join(map(literal, sorted(header.words)))})"
    again = f"if({probe} between '0' and ':', false, lower(trim({probe}, {literal(AROUND)})) in {words})"
    is_inexact = f"{single} or {again} or {above} or greatest(0, {', '.join(sizes)}) > {limits.field_bytes}"
    size = f"coalesce(sum({' + '.join(sizes)}), 0) - {read_quotes}"
    found = database.execute(
        f"select count(*), {size}, coalesce(bool_or({is_inexact}), false) from staged_text"
    ).fetchall()
    fields = text.size - header.size - line_ends - (len(names) - 1) * records
    if found != [(records, fields - quotes, False)]:
        return None
    listed = ", ".join(["rowid + 1 as row_no", *names])
    database.execute(f"create or replace view staged as select {listed} from staged_text")
    return Staged(header.headings, records)


class Malformed(NamedTuple):
    """A record that cannot be split: how many good records of its block come before it, its line, and why."""

    place: int
    line_no: int
    reason: str
    record: str


@dataclass
class Block:
    """Some lines and their records, good and malformed."""

    lines: list[str]
    rows: list[list[str]] = field(default_factory=list)
    malformed: list[Malformed] = field(default_factory=list)


@dataclass(frozen=True)
class CsvFile:
    """A CSV file below its header, which can be read in any dialect."""

    path: Path
    header: Header
    source: Source
    room: Room
    # How many empty fields each record has after the last heading.
    spare: int = 0

    def blocks(self, dialect: Dialect) -> Iterator[Block]:
        """Every record below the header, in order. Blank lines are not records."""
        width = len(self.header.headings) if not self.spare else None
        csv.field_size_limit(self.room.limits.field_bytes)
        line_no = self.header.lines + 1
        with open(self.path, encoding="utf-8", newline="") as stream:
            list(islice(stream, self.header.lines))
            while lines := stream.readlines(BLOCK_BYTES):
                # Nearly always all lines fit. A character has at most four bytes.
                may_be_long = max(map(len, lines)) * 4 > self.room.limits.field_bytes
                try:
                    rows = [] if may_be_long else [row for row in csv.reader(lines, dialect) if row]
                except csv.Error:
                    may_be_long = True
                if may_be_long or any(len(row) != width or self.header.may_be_again(row) for row in rows):
                    yield self.split_each(lines, stream, line_no, dialect)
                else:
                    yield Block(lines, rows)
                line_no += len(lines)

    def split_each(self, lines: list[str], stream: TextIOBase, line_no: int, dialect: Dialect) -> Block:
        """The records of these lines one by one; the last may continue with lines read from the stream."""
        block, place, width = Block(lines), 0, len(self.header.headings)
        begins_with_label = columns_of(self.source, self.header.row)[0] == "label"
        while place < len(lines):
            line, at = lines[place].rstrip("\r\n"), f"line {line_no + place}"
            if not line:
                place += 1
                continue
            row: list[str] = []
            fault = ""
            reader = csv.reader(lines_from(lines, place, stream), dialect)
            try:
                row = next(reader)
            except csv.Error as error:
                fault = str(error)
            # A copied row that names the event of the statuses below it may end after its label.
            if len(row) == 1 < width and begins_with_label and not fault:
                row += [""] * (width + self.spare - 1)
            is_complete = len(row) == width + self.spare and not any(row[width:])
            for text in row if is_complete else ():
                self.room.limits.refuse_long(text, "field_bytes", "a field", at)
            # A field of many lines is over the limit because its quote is never closed.
            if "field limit" in fault and reader.line_num == 1:
                raise self.room.limits.over("field_bytes", "a field", place=at)
            is_again = self.header.is_again(row)
            may_be = is_complete and not is_again and self.header.may_be_again(row)
            if may_be and sum(map(bool, columns_of(self.source, row))) > 1:
                order = "in another order" if sorted(row) == sorted(self.header.row) else "with others"
                fault = f"{at}: the headings again, {order}"
                raise Problem(f"{fault}. Load what is below them as a file of its own.")
            if is_again:
                record = "".join(lines[place : place + reader.line_num]).rstrip("\r\n")
                block.malformed.append(Malformed(len(block.rows), line_no + place, REPEATED_HEADINGS, record))
                place += reader.line_num
            elif is_complete:
                block.rows.append(row[:width])
                place += reader.line_num
            else:
                is_open = "field limit" in fault or "unexpected end" in fault or (row and reader.line_num > 1)
                reason = "open_quote" if is_open else "stray_quote" if fault else "wrong_field_count"
                block.malformed.append(Malformed(len(block.rows), line_no + place, reason, line))
                place += 1
        return block

    def count_spare(self, dialect: Dialect) -> int:
        """How many empty fields every record has after the last heading, such as by a delimiter at its end.

        In some record the last heading must have a text: a record that is too long by a delimiter in one of
        its texts may end with an empty field, and then its last two fields are empty.
        """
        width, spare, is_sure = len(self.header.headings), 0, False
        with open(self.path, encoding="utf-8", newline="") as stream, suppress(csv.Error):
            list(islice(stream, self.header.lines))
            for row in csv.reader(stream, dialect):
                if len(row) == width and not self.header.is_again(row):
                    return 0
                if len(row) > width and not any(row[width:]):
                    spare, is_sure = spare or len(row) - width, is_sure or bool(row[width - 1])
        return spare if is_sure else 0

    def stage_whole(self, database: DuckDBPyConnection | None, dialects: list[Dialect]) -> Staged | None:
        """Stages the file in the first dialect that all of it fits."""
        for dialect in dialects:
            file = replace(self, spare=self.count_spare(dialect))
            if file.fits(dialect):
                return file.stage(database, dialect)
        return None

    def fits(self, dialect: Dialect) -> bool:
        """Whether every record of the file fits the dialect, and no escape in it is ambiguous."""
        ambiguous = re.compile(rf"""\\[^"'\\\r\n{re.escape(dialect.delimiter)}]""")
        for block in self.blocks(dialect):
            escaped = block.lines if dialect.escapechar else []
            is_split = all(one.reason == REPEATED_HEADINGS for one in block.malformed)
            if not is_split or any(ambiguous.search(line.replace("\\\\", "")) for line in escaped):
                return False
        return True

    def stage(
        self, database: DuckDBPyConnection | None, dialect: Dialect, signs: dict[str, int] | None = None
    ) -> Staged:
        """Stages all records of the file in a dialect; collects the signs of other dialects if asked to."""
        headings = [*self.header.headings]
        records = Records(database, headings, self.room)
        above = Above(headings, self.source)
        for block in self.blocks(dialect):
            if signs is not None:
                for sign, line_no in signs_of(block, dialect.delimiter, signs):
                    signs.setdefault(sign, line_no)
            start = 0
            for place, _, reason, record in block.malformed:
                records.add(above.add(block.rows[start:place]) + above.end())
                records.add_malformed(reason, record)
                start = place
            records.add(above.add(block.rows[start:]))
        records.add(above.end())
        fields = "1 empty field" if self.spare == 1 else f"{self.spare} empty fields"
        spare = f"each record has {fields} after the last heading" if self.spare else None
        return records.stage(headings, spare, above.remark)


def lines_from(lines: list[str], place: int, stream: TextIOBase) -> Iterator[str]:
    """The lines from a place on; lines read from the stream are added, so that they can be read again."""
    while place < len(lines) or (more := stream.readline()):
        if place == len(lines):
            lines.append(more)
        yield lines[place]
        place += 1


def signs_of(block: Block, delimiter: str, known: Collection[str]) -> Iterator[tuple[str, int]]:
    """The signs of other dialects in a block that was read in the usual dialect, and the lines of some."""
    text = "".join(block.lines)
    if '"' in text and "doubled quotes" not in known:
        values = [value for row in block.rows for value in row if '"' in value]
        # Those of malformed records may be a part of their texts.
        count = text.count('"') - sum(one.record.count('"') for one in block.malformed)
        if count > sum(value.count('"') for value in values):
            yield "quotes", 0
        found = set(re.findall(rf'(?m)(?:^|[{delimiter}])("(?:[^"]++|"")*+")', text))
        if any('"' + value.replace('"', '""') + '"' in found for value in values):
            yield "doubled quotes", 0
        if any(delimiter in value for row in block.rows for value in row):
            yield "needed quotes", 0
    for sign in ('\\"', "\\'"):
        if sign in text:
            yield sign, 0
    blank = re.compile(rf'(?:^|[{delimiter}]) +"', re.MULTILINE)
    # The usual dialect takes a quote after blanks for a part of the text.
    rows = block.rows if f"{delimiter} " in text and blank.search(text) else []
    if any(re.match(' +"', value) for row in rows for value in row):
        yield "blanks", 0
    may_be_single = f"{delimiter}'" in text or "\n'" in text or text.startswith("'")
    for row in block.rows if may_be_single else block.rows[:1]:
        inner = [value[1:-1] for value in row if len(value) > 1 and value[0] == value[-1] == "'"]
        yield ("a row in apostrophes" if inner and may_be_single else "a row without apostrophes"), 0
        if any("''" in value for value in inner):
            yield "doubled apostrophes", 0
    single = re.compile(rf"(?:^|[{delimiter}])'((?:[^'\\]++|''|\\.?)*+)('(?=[{delimiter}]|$)|$)", re.DOTALL)
    for _, line_no, reason, record in block.malformed:
        if reason == REPEATED_HEADINGS:
            continue
        yield "malformed", line_no
        if blank.search(record):
            yield "blanks", line_no
        # In apostrophes is a delimiter, or the rest of the line.
        if any(delimiter in found[1] or not found[2] for found in single.finditer(record)):
            yield "malformed apostrophes", line_no
        if '\\"' in record or "\\" + delimiter in record:
            yield "malformed backslash", line_no


def stage_exact(database: DuckDBPyConnection | None, file: CsvFile) -> Staged:
    """All records, in the dialect that fits the whole file. A file that might be read in part is refused."""
    header, usual = file.header, Dialect(file.header.delimiter)
    escaped = replace(usual, escapechar="\\")
    single = [replace(usual, quotechar="'"), replace(escaped, quotechar="'")]
    if header.quote == "'":
        if whole := file.stage_whole(database, single):
            return whole
        lines = (found.line_no for block in file.blocks(single[0]) for found in block.malformed)
        line = next(lines, header.lines + 1)
        raise Problem(f"line {line}: the headings are quoted with ' and this record does not fit. {AGAIN}")
    signs: dict[str, int] = {}
    staged = replace(file, spare=file.count_spare(usual)).stage(database, usual, signs)
    is_quoted = header.quote == '"' or "quotes" in signs
    escape_line = None if "doubled quotes" in signs else signs.get("malformed backslash")
    # Quotes that no text needs may be a part of it, in a file quoted with '.
    needed = header.quote == '"' or "needed quotes" in signs or "doubled quotes" in signs
    single_line = None if needed else signs.get("malformed apostrophes")
    all_single = "a row in apostrophes" in signs and "a row without apostrophes" not in signs
    may_be_single = not is_quoted and "malformed" not in signs
    has_escape = "\\'" in signs
    dialects = [replace(usual, skipinitialspace=True)] if "blanks" in signs else []
    dialects += [escaped] if escape_line or ('\\"' in signs and not is_quoted) else []
    if (single_line and not is_quoted) or (may_be_single and (all_single or "doubled apostrophes" in signs)):
        # O\'Brien also fits where nothing is escaped.
        dialects += reversed(single) if has_escape else single
    elif may_be_single and has_escape:
        dialects += single[1:]
    if whole := file.stage_whole(database, dialects):
        return whole
    if first := escape_line or single_line:
        style = "escaped with a backslash," if escape_line else "quoted with '"
        raise Problem(f"line {first}: it looks {style} and the whole file does not fit that. {AGAIN}")
    return staged
