"""Reads a text that was copied from the dialog and has no line of headings: from its lines to rows.

Each line is an event, names what is below it (a label, a day), is no content (a page number), or is unclear:

    Access Link selected    3/26/2026 7:20 PM    Ann Lee

A text before the time is the label and perhaps a status, one behind it is the user. Events may also be
stacked: label, time and user on lines of their own. What may be read in two ways is quarantined. A stacked
text with such a line is refused as a whole, because all lines below it would be in doubt.
"""

import csv
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

from duckdb import DuckDBPyConnection

from etl.common.paths import SHIPPED
from etl.common.problem import Problem
from etl.config.source import Source, column_of
from etl.read.archive import Room
from etl.read.csv_dialect import named_in
from etl.read.dialog import ACTS, DATED, Above, Row, indent, is_stamp, is_status
from etl.read.dialog_line import EVENT, Line, read_line
from etl.read.dialog_times import CLOCK, DATE, DATELESS, ZONE, day_of, is_clock, is_dateless, joined_time
from etl.read.encoding import Text
from etl.read.records import Records, Staged
from etl.read.tidy import tidied

# Of one return. A larger text is no copy of a dialog.
MOST_BYTES = 2_000_000
# A name of two words or more.
WORDS = r"[^\W\d_a-z][\w.'-]*,?(?: [^\W\d_a-z][\w.'-]*)+"
# A number of a page, what browsers print below a page, and when and by whom it was printed.
PAGE_MARK = re.compile(
    r"user tracking|(?:page )?\d{1,4}(?: ?(?:/|of) ?\d{1,4})?|- ?\d{1,4} ?-|https?://\S+(?: \d+/\d+)?"
    rf"|(?:{DATED}|(?=.* by )(?:generated|printed|exported))(?: on| at)?:? {DATE}"
    rf"(?:(?:,|,? at|) {CLOCK}{ZONE}(?: \((?:[a-z]+ )+time\))?)?"
    rf"(?: by (?:\S+|(?-i:{WORDS})))?(?:\W+page \d+(?: ?(?:/|of) ?\d+)?)?\W*",
    re.IGNORECASE,
)
# What browsers print above a page: the time, and the title of the page.
ABOVE_PAGE = re.compile(r"\d{1,2}/\d{1,2}/\d\d, \d{1,2}:\d\d [AP]M (\S.*)")
# A line of headings with more words is none.
MOST_WORDS = 10
NAMED = ("return_id", "tab")
TIME_PLACE, ACTOR = EVENT.index("event_time"), EVENT.index("actor")
NAME = re.compile(rf"{WORDS}|\S+@\S+")
# What is no user: an address of a computer, or a number.
NO_USER = re.compile(r"[\W\d_]*|[\da-f]*:[\da-f:.]*", re.IGNORECASE)
LABEL = re.compile(r"tax return\b.*|.*: .*|.*email", re.IGNORECASE)
AGAIN = "Copy it as a table, or write a line of headings above it."


class Copied:
    """A text, read line by line."""

    def __init__(self, path: Path, source: Source) -> None:
        self.source = source
        self.lines: list[Line] = []
        # How many lines are page marks, captions or headings, and what they say of the lines below.
        self.passed = 0
        self.ids: dict[str, str] = {}
        self.is_caption_new = self.is_id_new = False
        self.title = ""
        with open(path, encoding="utf-8-sig") as file:
            is_below = False
            for number, text in enumerate(file, start=1):
                if not text.strip():
                    is_below = False
                    continue
                line = read_line(number, text.rstrip("\r\n"))
                if is_content := not self.passes(line):
                    # A label such as Tax Return: 1040 looks like an id.
                    if self.is_id_new and line.time and any(map(is_status, line.before[:1])):
                        raise unclear(line)
                    line.is_below, line.ids = is_below, {**self.ids}
                    self.is_caption_new = self.is_id_new = False
                    self.lines.append(line)
                is_below = is_content

    def passes(self, line: Line) -> bool:
        """Whether a line is no content; if it names the return or the tab of those below, these are noted."""
        text = " ".join(line.text.split())
        named = {} if line.time else named_in(line.before, self.source)
        if "tab" in named:
            # Two captions one below the other are the names of the tabs, and not of one that is shown.
            self.ids["tab"] = "" if self.is_caption_new else named["tab"].capitalize()
            self.is_caption_new = True
        elif named:
            self.ids, self.is_id_new = named, True
        elif not (PAGE_MARK.fullmatch(text) or self.is_above_page(line, text) or self.is_heading(line)):
            return False
        self.passed += 1
        return True

    def is_above_page(self, line: Line, text: str) -> bool:
        """Whether a line has a time and the title of the page, which is above the first event, too."""
        match = ABOVE_PAGE.fullmatch(text)
        if match and not (self.lines or self.title or "\t" in line.text or is_known(match[1])):
            self.title = match[1]
        return match is not None and match[1] == self.title

    def is_heading(self, line: Line) -> bool:
        """Whether a line has the headings of a table; of stacked ones, those above the first time."""
        if line.time:
            return False
        columns = [column_of(self.source, cell) for cell in line.before]
        if len(columns) == 1:
            if columns[0] in EVENT:
                return not any(one.time for one in self.lines)
            columns = split_headings(line.before[0].split(), self.source)
        if "event_time" not in columns or None in columns:
            return False
        if [name for name in EVENT if name in columns] != columns:
            raise Problem(f"line {line.number}: headings of other columns than an event has. {AGAIN}")
        return True


def split_headings(words: list[str], source: Source) -> list[str | None]:
    """The columns of headings with single blanks between them, the longest headings first; else nothing."""
    for length in range(len(words), 0, -1) if len(words) < MOST_WORDS else ():
        column = column_of(source, " ".join(words[:length]))
        rest = split_headings(words[length:], source) if column and words[length:] else []
        if column and (rest or length == len(words)):
            return [column, *rest]
    return []


def rows_of(lines: list[Line], columns: list[str]) -> list[Row | str]:
    """The rows of a text, and the texts of its unclear lines, in their order."""
    if any(line.is_only_time for line in lines):
        return stacked_rows(lines, columns)
    are_labels_first = any(line.time and line.before for line in lines)
    events = [event_of(line, columns, are_labels_first) for line in lines]
    unclear = {place for place, line in enumerate(lines) if line.time and not events[place]}
    for place, line in enumerate(lines):
        if line.time or day_of(line.label):
            continue
        below = lines[place + 1] if place + 1 < len(lines) else None
        text = below.before[0] if below and len(below.before) == 1 and events[place + 1] else ""
        if line.label and text and (is_status(text) or indent(text) > indent(line.label)):
            continue
        unclear.add(place)
        # It may be a part of the event above or below it, which was too long for one line.
        unclear |= {place - 1} if line.is_below and lines[place - 1].time else set()
        unclear |= {place + 1} if below and below.is_below else set()
    return [
        line.text if place in unclear else events[place] or line.row(columns, line.label)
        for place, line in enumerate(lines)
    ]


def event_of(line: Line, columns: list[str], are_labels_first: bool) -> Row | None:
    """The event of a line with a time; None if its texts may mean several things."""
    if not line.time or (not line.before and (are_labels_first or line.is_close or indent(line.text))):
        return None
    cells = line.before or line.after
    count = 2 if len(cells) > 1 and is_status(cells[1]) else 1
    users = line.after if line.before else cells[count:]
    # Of two texts behind a time, either may be the label, and somebody's name may be before an act.
    is_twofold = len(cells) > count if line.before else users and count == 1
    is_act = count == 2 and cells[1].lower() in ACTS and not LABEL.fullmatch(cells[0].strip())
    # Between single blanks, only a user behind the time, or a known label, shows that none is at its end.
    is_certain = is_status(cells[0]) or is_known(cells[0])
    is_open = line.is_close and line.before and not is_certain
    if is_twofold or len(users) > 1 or (not users and (is_act or is_open)):
        return None
    # Between single blanks, or with "by", a text may be a part of what says when the text was copied.
    others = [text for text in users if not line.is_close and not text.lower().startswith("by ")]
    if is_stamp(cells[0], *cells[1:count], *others):
        return None
    if any(is_status(user) or NO_USER.fullmatch(user) for user in users):
        return None
    return line.row(columns, cells[0], cells[1] if count == 2 else "", line.time, *users)


def is_known(text: str) -> bool:
    return tidied(text).casefold() in known_labels()


@cache
def known_labels() -> set[str]:
    """The labels of the platform in lower case."""
    with open(SHIPPED / "reference" / "labels.csv", encoding="utf-8", newline="") as file:
        return {row["label"].casefold() for row in csv.DictReader(file)}


def stacked_rows(lines: list[Line], columns: list[str]) -> list[Row | str]:
    """The rows of events whose label, time and user are on lines of their own. The user may be missing."""
    groups = stacked_groups(lines)
    # Two texts between times are a user and a label.
    users = {texts[0].label.strip() for texts, _ in groups[1:-1] if len(without_status(texts)) == 2}
    rows: list[Row | str] = []
    events: list[Row] = []
    heads: list[Line] = []
    for texts, time in groups:
        has = has_user(texts, time is None, events, users)
        if has is None:
            raise unclear(texts[0])
        if has:
            events[-1][ACTOR] = texts.pop(0).label.strip()
        if texts and day_of(texts[0].label):
            rows.append(texts[0].row(columns, texts.pop(0).label))
        if time:
            events.append(time.row(columns, *(line.label.strip() for line in texts)))
            events[-1][TIME_PLACE] = time.time
            heads.append(texts[0] if texts else time)
            rows.append(events[-1])
    for event, line in zip(events, heads, strict=True):
        label, status, _, actor = event[: len(EVENT)]
        if is_stamp(label, status, actor) or is_stamp(status) or is_stamp(actor):
            raise unclear(line)
    return rows


def stacked_groups(lines: list[Line]) -> list[tuple[list[Line], Line | None]]:
    """The lines with a time alone, each with the texts above it; at the end the texts below the last."""
    groups: list[tuple[list[Line], Line | None]] = []
    texts: list[Line] = []
    for line in lines:
        if line.label and (day_of(line.label) or not NO_USER.fullmatch(line.label)):
            texts.append(line)
            continue
        if not line.is_only_time:
            raise unclear(line)
        day = day_of(texts[-1].label) if texts else None
        if day and is_clock(line.time):
            texts, line = texts[:-1], replace(line, time=joined_time(day, line.time))
        groups.append((texts, line))
        texts = []
    return [*groups, (texts, None)]


def without_status(texts: list[Line]) -> list[Line]:
    return texts[:-1] if texts and is_status(texts[-1].label) else texts


def has_user(texts: list[Line], is_end: bool, events: list[Row], users: set[str]) -> bool | None:
    """Whether the first of the texts between two times is the user of the event above; None if unclear."""
    names = [line.label.strip() for line in texts]
    first, count = names[0] if names else "", len(without_status(texts))
    may_be_label = LABEL.fullmatch(first)
    if days := [place for place, name in enumerate(names) if day_of(name)]:
        # A day is above the label of an event, and below the user of another.
        is_clear = len(days) == 1 and days[0] <= bool(events) and count - days[0] <= 2 and not is_end
        return days[0] == 1 if is_clear and not may_be_label else None
    if is_end and names:
        others = [event[ACTOR] for event in events[:-1]]
        is_user = first in users or (all(others) if others else bool(NAME.fullmatch(first)))
        return True if is_user and count == len(names) == 1 and not may_be_label else None
    if count == 2:
        # The first may also be a label, and the second a status that is not known.
        return True if events and not may_be_label else None
    if count == 1 and len(names) == 2 and events and (events[-1][1] or is_status(events[-1][0])):
        return False if may_be_label else first in users or None
    return False if count < 2 else None


def unclear(line: Line) -> Problem:
    if is_dateless(line.label):
        return Problem(f"line {line.number} {DATELESS}")
    return Problem(f"line {line.number} may be read in several ways. {AGAIN}")


def stage_copied(
    database: DuckDBPyConnection | None, text: Text, source: Source, room: Room
) -> Staged | Problem | None:
    """The events of a text that was copied from the dialog; else why that is not certain, if it may be one.

    Where the settings say so, it was, and unclear lines are quarantined.
    """
    is_said = source.layout == "dialog"
    if source.kind != "events" or source.layout == "table" or (text.size > MOST_BYTES and not is_said):
        return None
    try:
        copied = Copied(text.path, source)
        said = {name: {line.ids[name] for line in copied.lines if name in line.ids} for name in NAMED}
        columns = [name for name in NAMED if said[name] and name not in {*source.constants, *source.given}]
        rows = rows_of(copied.lines, columns)
    except Problem as problem:
        if is_said:
            raise
        return problem
    timed = [line for line in copied.lines if line.time]
    found = [line for line, row in zip(copied.lines, rows, strict=False) if isinstance(row, str)]
    if not is_said and (found or not timed):
        # A table without headings has more cells than the dialog has columns.
        is_table = any(len(line.before) + len(line.after) >= len(EVENT) for line in timed)
        found.sort(key=lambda line: not is_dateless(line.label))
        return unclear(found[0]) if found and timed and not is_table else None
    headings = [*EVENT, *columns]
    records = Records(database, headings, room)
    above = Above(headings, replace(source, layout="dialog"))
    for row in rows:
        if isinstance(row, str):
            records.add(above.end())
            records.add_malformed("unclear_line", row)
        else:
            records.add(above.add([row]))
    records.add(above.end())
    lines = "1 line is" if copied.passed == 1 else f"{copied.passed} lines are"
    passed = f"{lines} headings or marks of a page" if copied.passed else None
    return replace(records.stage(headings, "it was copied from the dialog", above.remark, passed), said=said)
