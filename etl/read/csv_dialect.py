"""Finds the delimiter and the headings of a CSV file, by the headings that settings.toml knows."""

import csv
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from etl.common.problem import Problem
from etl.config.source import Limits, Source, column_of
from etl.read.archive import over_limit
from etl.read.tins import redact

DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Dialect(csv.excel):
    """A dialect for Python's csv module; `skipinitialspace` is for files written as `a, "b"`."""

    delimiter: str
    quotechar: str = '"'
    escapechar: str | None = None
    skipinitialspace: bool = False
    # A stray quote is an error instead of text.
    strict = True


@dataclass(frozen=True)
class Header:
    """The first record that is not blank, and how many lines and bytes come before the next."""

    headings: list[str]
    delimiter: str
    lines: int
    size: int
    quote: str | None


def read_header(path: Path, source: Source, limits: Limits) -> Header:
    """The header of a CSV file, split by the delimiter that gives the most known headings, at least one."""
    with open(path, encoding="utf-8", newline="") as file:
        # 500 headings take a few kB; a longer header is not a header.
        lines = file.readlines(limits.line_bytes)
    sizes = [len(line.encode()) for line in lines]
    lines[:1] = [line.removeprefix("\ufeff") for line in lines[:1]]
    blank = next((number for number, line in enumerate(lines) if line.strip("\r\n")), len(lines))
    if blank == len(lines):
        raise Problem("the file contains only blank lines, not even headings. Export it again.")
    quote = header_quote(lines[blank])
    headers = {delimiter: split_header(lines[blank:], delimiter, quote) for delimiter in DELIMITERS}

    def known(delimiter: str) -> set[str | None]:
        return {column_of(source, heading) for heading in headers[delimiter][0]} - {None}

    delimiter = max(DELIMITERS, key=lambda delimiter: len(known(delimiter)))
    if not known(delimiter):
        row = max((row for row, _ in headers.values()), key=len)
        # The first line is shown only if it cannot be a record.
        headings = f"Headings found: {printable_headings(', '.join(row))}."
        raise Problem(
            "no heading is known, so the file has no header, or a header with other names. "
            f"{headings if looks_like_headings(row) else 'Its first line looks like a record.'} "
            f'Name yours under [source.columns] of "{source.name}" in settings.toml.'
        )
    row, used = headers[delimiter]
    names, end = checked_headings(row, source, limits), blank + used
    return Header(names, delimiter, lines=end, size=sum(sizes[:end]), quote=quote)


def looks_like_headings(row: list[str]) -> bool:
    """Whether every field has text, and none has a digit or an @, which records have."""
    return bool(row) and all(field.strip() and not re.search(r"[\d@]", field) for field in row)


def header_quote(line: str) -> str | None:
    """The quote around the headings, None if they have none."""
    fields = re.split("[" + re.escape(DELIMITERS) + "]", line.strip("\r\n "))
    if all(len(field) > 1 and field[0] == field[-1] == "'" for field in fields):
        return "'"
    return '"' if any(field.lstrip(" ").startswith('"') for field in fields) else None


def split_header(lines: list[str], delimiter: str, quote: str | None) -> tuple[list[str], int]:
    """The headings by a delimiter, and how many lines they take."""
    reader = csv.reader(islice(lines, 50), Dialect(delimiter, quote or '"', skipinitialspace=True))
    try:
        return next(reader), reader.line_num
    except csv.Error:
        return [], 1


def checked_headings(row: list[str], source: Source, limits: Limits) -> list[str]:
    """The headings, made unique: repeated unknown headings get a number, two of one column are refused."""
    if len(row) > limits.columns:
        raise over_limit(limits, "columns", "the number of columns", len(row))
    heading_of: dict[str, str] = {}
    names: list[str] = []
    for place, heading in enumerate(row, start=1):
        column = column_of(source, heading)
        if column in heading_of:
            both = f'"{printable_headings(heading_of[column])}" and "{printable_headings(heading)}"'
            todo = f'Remove one of them from the file, or from [source.columns] of "{source.name}"'
            raise Problem(f"the headings {both} both mean {column}. {todo} in settings.toml.")
        if column is not None:
            heading_of[column] = heading
        name, number = heading if heading.strip() else f"column {place}", 1
        while name in names or (number > 1 and name in row):
            number += 1
            name = f"{heading.strip() or 'column'} ({number})"
        names.append(name)
    return names


def printable_headings(text: str) -> str:
    """Headings as a message may show them: shortened, on one line, without taxpayer numbers."""
    return redact(" ".join(text.split())[:300])[0]
