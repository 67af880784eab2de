"""How a CSV file is written: its delimiter and headings, decided by the headings we know, never by guessing at rows."""

import csv
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from etl.common.problem import Problem
from etl.config.source import Limits, Source, column_of
from etl.read.archive import over

DELIMITERS = ",;\t|"
PHYSICAL_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")


@dataclass(frozen=True)
class Dialect:
    """Delimiter, quote and escape; `blanks` drops blanks after a delimiter, for files written as `a, "b"`."""

    delimiter: str
    quote: str = '"'
    escape: str | None = None
    blanks: bool = False

    @property
    def options(self) -> dict:
        """As Python's csv module takes them; `strict` makes a stray quote an error instead of text."""
        return {
            "delimiter": self.delimiter,
            "quotechar": self.quote,
            "escapechar": self.escape,
            # Also beside an escape: without it the module takes text behind a closing quote.
            "doublequote": True,
            "skipinitialspace": self.blanks,
            "strict": True,
        }


@dataclass(frozen=True)
class Header:
    """The first record that is not blank: its headings, and where the records begin."""

    headings: list[str]
    delimiter: str
    lines: int
    size: int
    quote: str | None

    @property
    def width(self) -> int:
        return len(self.headings)


def read_header(path: Path, source: Source, limits: Limits) -> Header:
    """The header of a CSV file, under the delimiter that makes the most headings known. None known: a Problem."""
    with open(path, encoding="utf-8", newline="") as file:
        # A header that passes these is no header: 500 headings are a few kB.
        beginning = file.read(limits.line_bytes)
    mark = len("\ufeff".encode()) if beginning.startswith("\ufeff") else 0
    lines = PHYSICAL_LINE.findall(beginning.removeprefix("\ufeff")[: 2 * limits.line_bytes])
    blank = next((number for number, line in enumerate(lines) if line.strip("\r\n")), len(lines))
    if blank == len(lines):
        raise Problem("the file holds nothing but blank lines, not even headings. Export it again.")
    quote = header_quote(lines[blank])
    found = [attempt(lines[blank:], delimiter, quote) for delimiter in DELIMITERS]
    scored = [len({column_of(source, heading) for heading in row} - {None}) for row, _ in found]
    best = max(range(len(DELIMITERS)), key=lambda place: scored[place])
    if scored[best] == 0:
        raise no_header(max((row for row, _ in found), key=len), source)
    row, used = found[best]
    return Header(
        headings=checked_headings(row, source, limits),
        delimiter=DELIMITERS[best],
        lines=blank + used,
        size=mark + sum(len(line.encode()) for line in lines[: blank + used]),
        quote=quote,
    )


def no_header(row: list[str], source: Source) -> Problem:
    """The refusal of a first line that no heading of ours is in; it is shown only if it cannot be a record."""
    words = f"Headings found: {shown(', '.join(row))}."
    found = words if looks_like_headings(row) else "Its first line looks like a record."
    return Problem(
        f"no heading is known, so the file has no header, or one in other words. {found} "
        f'Name yours under [source.columns] of "{source.name}" in settings.toml.'
    )


def looks_like_headings(row: list[str]) -> bool:
    """Words in every field, and no digits as a record has them."""
    return bool(row) and all(one.strip() and not re.search(r"[\d@]", one) for one in row)


def header_quote(line: str) -> str | None:
    """The quote that the headings stand in, null where they stand in none."""
    parts = re.split("[" + re.escape(DELIMITERS) + "]", line.strip("\r\n "))
    if all(len(part) > 1 and part[0] == part[-1] == "'" for part in parts):
        return "'"
    return '"' if any(part.lstrip(" ").startswith('"') for part in parts) else None


def attempt(lines: list[str], delimiter: str, quote: str | None) -> tuple[list[str], int]:
    """The headings under a delimiter, and how many lines they take."""
    dialect = Dialect(delimiter=delimiter, quote=quote or '"', blanks=True)
    reader = csv.reader(islice(lines, 50), **dialect.options)
    try:
        return next(reader), reader.line_num
    except csv.Error:
        return [], 1


def checked_headings(row: list[str], source: Source, limits: Limits) -> list[str]:
    """The headings, each once: an unknown one that comes twice is numbered, two for one column are a Problem."""
    if len(row) > limits.columns:
        raise Problem(over("the number of columns", len(row), limits.columns, "columns"))
    meant: dict[str, str] = {}
    names: list[str] = []
    taken = set(row)
    for place, heading in enumerate(row, start=1):
        column = column_of(source, heading)
        if column is not None and column in meant:
            raise Problem(
                f'the headings "{shown(meant[column])}" and "{shown(heading)}" both mean {column}. '
                f'Take one of them from the file, or from [source.columns] of "{source.name}" in settings.toml.'
            )
        if column is not None:
            meant[column] = heading
        name = heading if heading.strip() else f"column {place}"
        number = 1
        while name in names or (number > 1 and name in taken):
            number += 1
            name = f"{heading.strip() or 'column'} ({number})"
        names.append(name)
    return names


def shown(text: str) -> str:
    """Headings as a message may show them: shortened, on one line, without the number of a taxpayer."""
    from etl.read.tins import redact

    return redact(" ".join(text.split())[:300])[0]
