"""CSV that DuckDB did not settle: read exactly, and in another dialect only if the whole file fits that one.

A file quoted with ' or escaped with a backslash would otherwise lose the records that show it, and keep the rest.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from etl.csv_exact import Block, blocks
from etl.dialect import Dialect, Header
from etl.problem import Problem
from etl.records import Records
from etl.source import Limits
from etl.text import Text

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
