"""Finds the delimiter and the headings of a CSV file, by the headings that settings.toml knows."""

import csv
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NoReturn

from etl.common.problem import Problem, listed
from etl.config.source import Limits, Source, column_of, columns_of, heading_key, joined_places
from etl.read.tins import redact

DELIMITERS = ",;\t|"
# The headings are on one of the first lines, or the file is refused.
HEADER_LINES = 50
# What is no heading: a blank line, delimiters alone, and the line that tells Excel the delimiter.
NO_HEADING = re.compile(r'[\s,;|"]*|"?sep=[,;\t|]*"?', re.IGNORECASE)
# Dates, times and e-mail addresses occur in records and never in headings.
RECORD_LIKE = r"\d[-/:.]\d|\d{4}|@"
CLOCK = r"\d:\d\d"
# What may be around a heading if files were put one behind the other.
AROUND = " \ufeff"
# What titles name: a tab, and an id.
CAPTION = re.compile(r"(client|internal) tracking", re.IGNORECASE)
ID = re.compile(r"(?=\S*?\d)\S+")
# A tab in a title of more words: Tab: Client, Client Tracking - 2025-0001, User Tracking - Internal.
TITLE_TAB = re.compile(
    r"(?i)\W*(?:(?:(?:tab|user tracking)\W+)+(client|internal)(?: tracking)?\W*"
    r"|(client|internal) (?:tracking\b.*|(?:events|activity)[\W\d]*))"
)
# A name and an id: Return ID: 2025-0001 - Bo Kim, Return #2025-0001, Client Tracking - 2025-0001.
TITLE_ID = re.compile(
    r"([^:#]*[^:#\s(])(?:\s*[:#]+\s*|\s+)\(?([^\s;,|()]*\d[^\s;,|()]*)\)?(?:[;,|].*| [-–—|(].*)?"
)
# Numbers that are no id: a form, a year, a day, a clock, an address, or one of two digits.
NO_ID = re.compile(
    r"(?i)(?:19|20)\d\d|\d{1,2}|(?:1040|1041|1065|1099|1120|990|706|709)(?:-?[a-z]{1,4})?|5500|8879|4868|7004"
    r"|w-?2|k-?1|.*[:@/].*|\d{1,4}[-.]\d{1,2}(?:[-.]\d{1,4})?"
)
# A title has fewer fields than a record.
LEAST_FIELDS = 3
MOST_TITLE = 200


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
class Line:
    """A line as if it were the headings, split by the delimiter that gives the most known headings."""

    number: int
    delimiter: str
    quote: str | None
    row: list[str]
    used: int
    columns: frozenset[str]

    @property
    def lines(self) -> int:
        """How many lines it takes, with those above it."""
        return self.number - 1 + self.used

    @property
    def filled(self) -> list[str]:
        return [field for field in self.row if field.strip()]

    @property
    def is_like_record(self) -> bool:
        return any(re.search(RECORD_LIKE, field) for field in self.row)


@dataclass(frozen=True)
class Header(Line):
    """The line of the headings; it takes `size` bytes, with the lines above it.

    `row` has the headings as they are in the file, and `probe` is the place of one that no record has as its
    text. `words` are these and other known headings, in lower case. `remark` says how many were skipped.
    """

    headings: list[str]
    size: int
    probe: int
    words: frozenset[str]
    remark: str | None
    # The returns and tabs that the lines above name.
    said: Mapping[str, Collection[str]]

    def may_be_again(self, row: list[str]) -> bool:
        """Whether a record may be headings: no record has one as its text at the probe."""
        return len(row) > self.probe and row[self.probe].strip(AROUND).lower() in self.words

    def is_again(self, row: list[str]) -> bool:
        """Whether a record is the headings again, as in files that were put one behind the other."""
        texts, own = ([field.strip(AROUND).lower() for field in one] for one in (row, self.row))
        return texts == own and self.may_be_again(row)


class UnknownHeadings(Problem):
    """The refusal of a file of which no heading is known; the headings are empty if it may have none."""

    def __init__(self, headings: list[str], message: str) -> None:
        super().__init__(message)
        self.headings = headings


def read_header(path: Path, source: Source, limits: Limits) -> Header:
    """The headings: the first line with all that the source needs, or the line that header_line names."""
    with open(path, encoding="utf-8", newline="") as file:
        # 500 headings take a few kB; a longer header is not a header.
        lines = file.readlines(limits.line_bytes)
    sizes = [len(line.encode()) for line in lines]
    lines[:1] = [line.removeprefix("\ufeff") for line in lines[:1]]
    own = forced_header(lines, source) if source.header_line else find_header(lines, source)
    skipped = sum(bool(line.strip("\r\n")) for line in lines[: own.number - 1])
    above = "1 line above them was" if skipped == 1 else f"{skipped} lines above them were"
    columns = columns_of(source, own.row)
    filled = (place for place, heading in enumerate(own.row) if heading)
    titles = (read_line(lines, number, source).filled for number in range(1, own.number))
    return Header(
        **vars(own),
        headings=checked_headings(own.row, source, limits),
        size=sum(sizes[: own.lines]),
        words=frozenset(one.strip(AROUND).lower() for one in (*own.row, *source.spellings) if one.strip()),
        probe=columns.index("event_time") if "event_time" in columns else next(filled),
        remark=f"the headings are on line {own.number}; {above} skipped" if skipped else None,
        said=said_by(named_in_title(cells, source) for cells in titles if cells),
    )


def said_by(titles: Iterable[Mapping[str, str]]) -> dict[str, set[str]]:
    """The returns and the tab that titles name, such as Return ID: 2025-0001, or Client Tracking."""
    said: dict[str, set[str]] = {}
    for named in titles:
        for column, text in named.items():
            said.setdefault(column, set()).add(text)
    # Both captions are the names of the tabs, and not of one that is shown.
    return {name: texts for name, texts in said.items() if name != "tab" or len(texts) == 1}


def named_in(cells: list[str], source: Source) -> dict[str, str]:
    """The tab or the return that a title names, under our column: Client Tracking, Return ID: 2025-0001."""
    text = " ".join(" ".join(cells).split())
    if caption := CAPTION.fullmatch(text):
        return {"tab": caption[1]}
    name, _, value = text.partition(": ") if len(cells) == 1 else (cells[0], "", cells[-1].strip())
    is_id = len(cells) < 3 and ID.fullmatch(value) and column_of(source, name) == "return_id"
    return {"return_id": value} if is_id else {}


def named_in_title(cells: list[str], source: Source) -> dict[str, str]:
    """The tab and the return that a row above or between records names, also beside other words."""
    if "tab" in (named := named_in(cells, source)):
        return named
    # A title is short. The heading of a value may be in a cell of its own.
    named, texts = {}, [" ".join(cell[:MOST_TITLE].split()) for cell in cells]
    if len(cells) > 1 and column_of(source, texts[0]) in ("return_id", "tab"):
        texts = [f"{texts[0].rstrip(':')}: {texts[1]}", *texts[2:]]
    captions = {one.lower() for text in texts for one in re.findall(r"(?i)(client|internal) tracking", text)}
    for text in texts:
        is_caption = text is texts[0] or CAPTION.fullmatch(text) or text[:3].lower() == "tab"
        if is_caption and len(captions) < 2 and (tab := TITLE_TAB.fullmatch(text)):
            named.setdefault("tab", tab[1] or tab[2])
        if (own := TITLE_ID.fullmatch(text)) and names_id(own[1], own[2], source):
            named.setdefault("return_id", own[2])
    return named


def names_id(name: str, text: str, source: Source) -> bool:
    """Whether a text behind a name is an id: in Return ID: 1040 it is, in Tax Return: 1040 it is a form."""
    is_return = column_of(source, name) == "return_id"
    is_certain = is_return and heading_key(name) not in ("return", "taxreturn")
    return is_certain or ((is_return or re.search(r"(?i) tracking\W*$", name) is not None) and is_id(text))


def is_id(text: str) -> bool:
    """Whether a text that nothing names may be an id."""
    return ID.fullmatch(text) is not None and not NO_ID.fullmatch(text)


def read_line(lines: list[str], number: int, source: Source) -> Line:
    """A line, by its number, as headings."""
    beginning = lines[number - 1 : number - 1 + HEADER_LINES]
    quote, found = header_quote(beginning[0]), []
    for delimiter in DELIMITERS:
        row, used = split_header(beginning, delimiter, quote)
        columns = frozenset(filter(None, columns_of(source, row)))
        found.append(Line(number, delimiter, quote, row, used, columns))
    return max(found, key=lambda own: len(own.columns))


def forced_header(lines: list[str], source: Source) -> Line:
    """The line that the source names. Raises a Problem if it has no known heading."""
    number = source.header_line or 1
    place = f'header_line of [[source]] "{source.name}" in settings.toml'
    if number > len(lines):
        raise Problem(f"the file has fewer than {number} lines. Correct {place}.")
    own = read_line(lines, number, source)
    if not own.columns:
        raise Problem(f"line {number} has no known heading. Correct {place}, or name yours.")
    return own


def find_header(lines: list[str], source: Source) -> Line:
    """The first line with all needed headings; without such a line, the one with the most known headings.

    Titles may contain known headings, and the lines of a return's attributes too. What may be records or
    other headings is not skipped: the file is refused.
    """
    numbers = [
        number
        for number, line in enumerate(lines[:HEADER_LINES], start=1)
        if not NO_HEADING.fullmatch(line.strip("\r\n"))
    ]
    if not numbers:
        raise Problem("the file contains only blank lines, not even headings. Export it again.")
    above: list[Line] = []
    for number in numbers:
        own = read_line(lines, number, source)
        is_complete = own.columns.issuperset(source.needed) and len(own.columns) > 1
        if is_complete and not own.is_like_record:
            refuse_skipping(above, own, source)
            return own
        above.append(own)
    for own in above:
        if own.columns and own.columns.issuperset(source.needed):
            refuse_skipping(above[: above.index(own)], own, source)
            return own
    # A record may have the word Client, which is also a heading.
    may_be = [own for own in above if own is above[0] or looks_like_headings(own.filled)]
    best = max(may_be, key=lambda own: (len(own.columns), len(own.filled)))
    return best if best.columns else refuse_unknown(lines, above[0], source)


def refuse_skipping(above: list[Line], header: Line, source: Source) -> None:
    """Refuses a file in which a line above the headings may be a record, or the headings of other records."""
    where = f'header_line = {header.number} under [[source]] "{source.name}" in settings.toml'
    for own in above:
        # Where the name of a file gives return and tab, a record may have two fields; a title has no clock.
        least = 2 if any(re.search(CLOCK, field) for field in own.filled) else LEAST_FIELDS
        if own.is_like_record and len(own.filled) >= max(least, len(source.needed)):
            raise Problem(
                f"line {own.number} looks like a record, and the headings are below it, on line "
                f"{header.number}. Move it below them, or, if it is no record, write {where}."
            )
        # Headings of groups are directly above the headings.
        are_all = own.columns.issuperset(source.needed) and looks_like_headings(own.filled)
        if (len(own.columns) > 1 or (own.columns and are_all)) and own is not above[-1]:
            raise Problem(
                f"lines {own.number} and {header.number} both look like headings. "
                f"Load both parts as files of their own, or write {where}."
            )


def refuse_unknown(lines: list[str], first: Line, source: Source) -> NoReturn:
    """Refuses a file without any known heading. The first line is shown only if it cannot be a record."""
    beginning = lines[first.number - 1 :]
    row = max((split_header(beginning, one, first.quote)[0] for one in DELIMITERS), key=len)
    rule = "no heading is known, so the file has no header, or a header with other names."
    todo = f'Name yours under [source.columns] of "{source.name}" in settings.toml.'
    if looks_like_headings(row):
        raise UnknownHeadings(row, f"{rule} Headings found: {printable_headings(', '.join(row))}. {todo}")
    given = {*source.constants, *source.given}
    needed = listed([name for name in source.required if name not in given] or ["its columns"])
    add = f"Add a line with headings for {needed} above it."
    raise UnknownHeadings([], f"{rule} Its first line looks like a record. {add} {todo}")


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
        raise limits.over("columns", "the number of columns", len(row))
    places: dict[str, int] = {}
    names: list[str] = []
    parts = {place for places in joined_places(source, row).values() for place in places}
    for place, (heading, column) in enumerate(zip(row, columns_of(source, row), strict=True)):
        if column in places and not {place, places[column]} <= parts:
            both = f'"{printable_headings(row[places[column]])}" and "{printable_headings(heading)}"'
            todo = f'Remove one of them from the file, or from [source.columns] of "{source.name}"'
            raise Problem(f"the headings {both} both mean {column}. {todo} in settings.toml.")
        if column is not None:
            places[column] = place
        name, number = heading if heading.strip() else f"column {place + 1}", 1
        while name in names or (number > 1 and name in row):
            number += 1
            name = f"{heading.strip() or 'column'} ({number})"
        names.append(name)
    return names


def printable_headings(text: str) -> str:
    """Headings as a message may show them: shortened, on one line, without taxpayer numbers."""
    return redact(" ".join(text.split())[:300])[0]
