"""A line of a text that was copied from the dialog: its cells, of which one may be a time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from etl.read.dialog import Row, indent
from etl.read.dialog_times import CLOCK_TIME, TIME, day_of, is_clock, joined_time, time_text

# Browsers write narrow blanks, such as between a clock and PM.
NARROW = str.maketrans("\u00a0\u202f\u2009", "   ")
EVENT = ("label", "status", "event_time", "actor")


@dataclass
class Line:
    """A line that is not blank, in cells, of which one may be a time."""

    number: int
    text: str
    before: list[str] = field(default_factory=list)
    time: str = ""
    after: list[str] = field(default_factory=list)
    # Whether it follows another line without a gap.
    is_below: bool = False
    # Whether one blank alone separates the time from the texts beside it.
    is_close: bool = False
    has_times: bool = False
    # The return and the tab that lines above it name.
    ids: dict[str, str] = field(default_factory=dict)

    def row(self, columns: list[str], *values: str) -> Row:
        """The values of the columns of EVENT, and the ids above the line."""
        return [*values, *[""] * (len(EVENT) - len(values)), *(self.ids.get(name, "") for name in columns)]

    @property
    def label(self) -> str:
        """The only text of a line without a time."""
        return self.before[0] if len(self.before) == 1 and not (self.time or self.has_times) else ""

    @property
    def is_only_time(self) -> bool:
        return bool(self.time) and not self.before and not self.after


def read_line(number: int, text: str) -> Line:
    """A line with its time, if it has exactly one."""
    line, plain = Line(number, text), text.strip().translate(NARROW)
    parts = re.split(r"\t" if "\t" in plain else " {2,}", plain)
    cells = [cell for part in parts if (cell := unquoted(part.strip()))]
    for place in range(len(cells) - 1):
        if (day := day_of(cells[place])) and is_clock(cells[place + 1]):
            cells[place : place + 2] = [joined_time(day, cells[place + 1])]
            break
    found = times_in(cells)
    line.before, line.has_times = cells, bool(found)
    if len(found) == 1:
        [(place, match)] = found
        before, after = sides_of(match)
        line.time = time_text(match) if match.re is TIME else match[0]
        line.before = list(filter(None, [*cells[:place], before.strip()]))
        line.after = list(filter(None, [after.strip(), *cells[place + 1 :]]))
        line.is_close = bool(before or after)
    if line.before:
        line.before[0] = text[: indent(text)] + line.before[0]
    return line


def times_in(cells: list[str]) -> list[tuple[int, re.Match[str]]]:
    """The cells that are times, else clocks; else the times, or the clocks, in the texts of cells."""
    for expression in (TIME, CLOCK_TIME):
        plain = cells if expression is TIME else [" ".join(cell.split()) for cell in cells]
        alone = [(place, expression.fullmatch(cell)) for place, cell in enumerate(plain)]
        if found := [(place, match) for place, match in alone if match]:
            return found
    for expression in (TIME, CLOCK_TIME):
        found = [
            (place, match) for place, cell in enumerate(cells) for match in times_apart(expression, cell)
        ]
        if found:
            return found
    return []


def sides_of(match: re.Match[str]) -> tuple[str, str]:
    return match.string[: match.start()], match.string[match.end() :]


def times_apart(expression: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The times in a text that are apart from the rest by blanks, and have no quotes around them."""
    quotes = counted = 0
    for match in expression.finditer(text):
        start, end = match.span()
        quotes, counted = quotes + text.count('"', counted, start), start
        if (
            text[max(0, start - 1) : start] in ("", " ")
            and text[end : end + 1] in ("", " ")
            and quotes % 2 == 0
        ):
            yield match


def unquoted(cell: str) -> str:
    """The text of a cell that a spreadsheet copied in quotes."""
    inner = cell[1:-1]
    is_quoted = len(cell) > 2 and cell[0] == cell[-1] == '"' and '"' not in inner.replace('""', "")
    return inner.replace('""', '"') if is_quoted and '""' in inner else cell
