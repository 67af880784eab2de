"""Reads records whose cells have their meaning by the rows above, as in a table copied from a dialog.

The platform's dialog shows the statuses of an email below its label. Copied, they are rows with a status in
place of the label, or with nothing in that place:

    Taxpayer: Initial Email
        Processed                3/26/2026 11:15 AM
        Delivered                3/26/2026 11:15 AM

Such a status gets the label above it, and a clock the day above it. A row that only names the label or the
day of those below is no record. A status without a certain label stays without one, and is quarantined.
"""

import re

from etl.common.duck import literal
from etl.config.source import Source, columns_of, heading_key
from etl.read.dialog_times import DATE, DAY_WORD, day_of, is_clock, joined_time, moment

# The words for a status, as in queries/model/labels/labels.sql.
STATUSES = ("processed", "delivered", "opened", "open", "bounced", "bounce", "recalled", "reprocessed")
# Somebody does these, so alone they are a status only below a row that names a label.
ACTS = ("recalled", "reprocessed")
# A status at the end of a label, behind a mark or on a line of its own: a link that was opened is no email.
ENDING = re.compile(rf"(?:{'|'.join(STATUSES)})[)\]]?$", re.IGNORECASE)
MARKS = tuple("-‐‒–—:/|([")
BLANKS = " \t\u00a0"
# What says when a report was made. With a user or the id of a return, it may be an event of that return.
DATED = (
    r"(?:report|data|date|list|export) (?:generated|printed|exported|created|run|downloaded)"
    r"|(?:(?:report|data|list|current) )*as of(?: date)?"
    r"|(?:report|export|print|run|download) (?:date|time|timestamp)|(?:date|time) of (?:report|export)"
    r"|(?:generated|printed|exported|run|extracted|downloaded|created) (?:on|at)"
    r"|last (?:updated|refreshed|run)"
)
# These words may also be an event, such as when a firm printed a return.
MAY_DATE = "generated|printed|exported|timestamp|from|to"
STAMP = rf"(?i)(?:{DATED}|page \d+|{MAY_DATE})(?: of \d+)?(?: (?:on|at))?(?: by .*)?\W*"
# What is in the column of ids below the returns of a list, or between its pages. Behind the words is nothing,
# a number, a date or a user; with another text, they may be the name of a client.
TOTAL = r"(?:grand |sub[- ]?)?totals?"
IN_DATE = (
    r"\d+(?:st|nd|rd|th|[ap]m)?|of|on|at|[ap]m|utc|gmt|[ecmp][sd]?t"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*"
)
FOOTER = (
    rf"(?i)(?:{TOTAL}(?: (?:returns|clients|events|records|rows|count))?(?: for .*)?|page \d+|{DATED}"
    rf"|generated|printed|exported)(?:\W+(?:{IN_DATE}))*(?: by .*)?\W*"
)
MAY_BE_FOOTER = rf"(?i)(?:{TOTAL}|page \d+|{DATED}|generated|printed|exported)(?:\W.*)?"
# A longer text is no status, so most labels are not compared with each.
LONGEST = 16
# The columns that distinguish returns and tabs.
IDS = ("firm_id", "return_id", "tab", "client_id")
Row = list[str]


def is_status(text: str) -> bool:
    word = text.strip(BLANKS)
    return len(text.lstrip(BLANKS)) < LONGEST and word.lower() in STATUSES


def is_stamp(label: str, *others: str) -> bool:
    """Whether a row says when a report was made: it has no other text, such as a user or a status."""
    return re.fullmatch(STAMP, label.strip(BLANKS)) is not None and not any(map(str.strip, others))


def is_dated(label: str) -> bool:
    """Whether the label of a stamp can be no event."""
    return re.match(rf"(?i)(?:{DATED}|page \d)", label.strip(BLANKS)) is not None


def without_ending(label: str) -> str:
    """A label without a status at its end. An expression for all of it would try each blank as its start."""
    text = label.rstrip()
    if not (ending := ENDING.search(text, max(0, len(text) - LONGEST))):
        return label
    before = text[: ending.start()]
    bare = before.rstrip()
    if bare.endswith(MARKS):
        return bare[:-1].rstrip()
    return bare if "\n" in before[len(bare) :] else label


def indent(text: str) -> int:
    return len(text) - len(text.lstrip(BLANKS))


class Above:
    """Completes records by the rows above them, in the order of the file."""

    def __init__(self, headings: list[str], source: Source) -> None:
        """A heading for the status is added to `headings` when a record needs it."""
        own = columns_of(source, headings)
        keys, named = set(map(heading_key, source.fill_down)), set(columns_of(source, source.fill_down))
        places = enumerate(zip(headings, own, strict=True))
        self.filled = [no for no, (one, name) in places if heading_key(one) in keys or name in named - {None}]
        self.headings = headings
        self.label = own.index("label") if "label" in own else 0
        self.status = own.index("status") if "status" in own else None
        self.times = [place for place, name in enumerate(own) if name == "event_time"]
        self.ids = [place for place, name in enumerate(own) if name in IDS]
        others = {self.label, *self.times, *self.ids, *self.filled}
        self.others = [place for place in range(len(headings)) if place not in others]
        self.formats = source.formats
        is_log = source.kind == "events" and "label" in own and bool(self.times)
        self.may_have_statuses = is_log and source.layout != "table"
        # Whether ids are only in the first of the rows that they are for.
        self.is_dialog = self.is_merged = source.layout == "dialog"
        # Where a column has the statuses, a status in place of a label is one only if it is indented.
        self.has_statuses = self.status is not None and not self.is_dialog
        # The values of filled cells, and the last ids.
        self.cells: dict[int, str] = {}
        self.last_ids: list[str] = []
        # Rows that say when a report was made. They wait for the row below them.
        self.stamps: list[Row] = []
        # The row whose label a status below it gets. It waits if it is a record only without such a status.
        self.current: Row | None = None
        self.is_waiting = self.is_label_row = False
        # Whether the newest event is first: then the label of a status is below it.
        self.is_first, self.is_newest_first = True, False
        # The day of the clocks below it. Its row waits for the first, without which it is a record.
        self.day: str | None = None
        self.day_row: Row | None = None
        self.day_ids: list[str] = []
        self.naming_rows = 0

    @property
    def remark(self) -> str | None:
        rows = "1 row only names" if self.naming_rows == 1 else f"{self.naming_rows} rows only name"
        return f"{rows} the event or the day of the rows below" if self.naming_rows else None

    def test(self) -> str:
        """SQL for whether a record, in columns c0, c1, ..., may need the rows above it."""
        if self.filled or self.is_dialog:
            return "true"
        if not self.may_have_statuses:
            return "false"
        words, blanks = ", ".join(map(literal, STATUSES)), literal(BLANKS)
        # DuckDB evaluates each part of an `or`, but of a case only what is needed.
        status = f"if(strlen({{0}}) < {LONGEST}, lower(trim({{0}}, {blanks})) in ({words}), false)"
        label, time = f"c{self.label}", f"c{self.times[0]}"
        alone = f"not contains({time}, ':')"
        if self.status is not None:
            alone = f"({alone} or {status.format(f'c{self.status}')})"
        others = "".join(f" and c{place} is null" for place in self.others)
        day = literal(f"(?i){DATE}")
        tests = [
            f"if({time} is null{others}, regexp_matches({label}, {day}), false)",
            f"if({label} is null, {alone}, false)",
            f"{label} < '!' or ({label} >= '\u00a0' and {label} < '\u00a1')",
        ]
        tests += [] if self.has_statuses else [status.format(label)]
        return f"({' or '.join(tests)})"

    def add(self, rows: list[Row]) -> list[Row]:
        """The records of these rows. The last rows may wait for those that follow."""
        records = []
        for row in rows:
            if (self.filled or self.is_merged) and self.is_stamp(row):
                self.stamps.append(row)
            else:
                records += self.add_stamps(row) + self.add_filled(row)
        return records

    def end(self) -> list[Row]:
        """The rows that wait. Later rows get nothing from above: a record that cannot be split is between."""
        stamps = self.add_stamps()
        self.cells, self.last_ids = {}, []
        return stamps + self.end_day() + self.end_label()

    def add_stamps(self, below: Row | None = None) -> list[Row]:
        """The stamps that wait. Between two events of one return, one that may be an event is of it, too."""
        stamps, self.stamps = self.stamps, []
        is_inside = below is not None and self.has_time(below) and self.has_ids_above(below)
        records = []
        for row in stamps:
            records += self.add_filled(row, is_inside and not is_dated(row[self.label]))
        return records

    def has_ids_above(self, row: Row) -> bool:
        last = dict(zip(self.ids, self.last_ids, strict=False)) | self.cells
        return all(row[place].strip() in ("", last.get(place, "").strip()) for place in self.ids)

    def add_filled(self, row: Row, is_of_return: bool = True) -> list[Row]:
        """The records that are certain with this row, which has what is above it if it is of that return."""
        for place in self.filled if is_of_return else ():
            row[place] = row[place] if row[place].strip() else self.cells.get(place, row[place])
            is_footer = re.fullmatch(FOOTER, row[place].strip()) and not self.has_time(row)
            self.cells[place] = "" if is_footer else row[place]
        return self.add_row(row, is_of_return) if self.may_have_statuses else [row]

    def end_day(self) -> list[Row]:
        """The row of a day that no clock below it has."""
        unused = [self.day_row] if self.day_row else []
        self.day = self.day_row = None
        return unused

    def end_label(self) -> list[Row]:
        """The row that waits. Rows below get its label no more."""
        waiting = [self.current] if self.current and self.is_waiting else []
        self.current, self.is_waiting, self.is_label_row = None, False, False
        return waiting

    def add_row(self, row: Row, is_of_return: bool) -> list[Row]:
        """The records that are certain with this row."""
        if day := self.day_alone(row):
            waiting = self.end_day() + self.end_label()
            self.day, self.day_ids, self.day_row = day, self.ids_of(row), row
            return waiting
        status, label, is_name = self.status_alone(row), row[self.label].strip(), self.is_name(row)
        self.is_newest_first |= self.is_first and bool(status)
        self.is_first = False
        above = self.current if status and self.current and self.is_same_return(row, self.current) else None
        unused = self.join_day(row, is_name, is_new=self.is_waiting and not above)
        self.is_newest_first |= above is not None and not self.is_after(row, above)
        if status and above and not self.is_newest_first:
            self.naming_rows += self.is_waiting
            self.is_waiting = False
            return [*unused, self.completed(row, status, above)]
        # One word below a label may be a status that is not known.
        is_unsure = self.is_waiting and self.is_dialog and self.has_time(row) and len(label.split()) == 1
        waiting = unused + self.end_label()
        if (self.is_merged and status) or is_unsure:
            return [*waiting, self.completed(row, status or label, None)]
        if is_of_return:
            self.fill_ids(row)
        if is_name and not DAY_WORD.search(label):
            self.current, self.is_waiting, self.is_label_row = row, True, True
            return waiting
        bare = label if self.status_of(row) else without_ending(label)
        if label and (self.status_of(row) or bare != label):
            self.current = [*row]
            self.current[self.label] = bare
        return [*waiting, row]

    def is_stamp(self, row: Row) -> bool:
        """Whether a row says when a report was made and names no return or tab."""
        others = (row[place] for place in self.others if place < len(row))
        return is_stamp(row[self.label], *others) and not any(self.ids_of(row))

    def is_name(self, row: Row) -> bool:
        """Whether a row has a label and nothing else, so that it may be for the rows below."""
        others = (row[place] for place in (*self.times, *self.others) if place < len(row))
        return bool(row[self.label].strip()) and not any(map(str.strip, others))

    def join_day(self, row: Row, is_name: bool, is_new: bool) -> list[Row]:
        """Joins the day above to a clock. It ends with a day that is not understood, and with its return."""
        own, unused = self.ids_of(row), []
        is_other = any(own) and any(self.day_ids) and own != self.day_ids
        if is_new or is_other or (is_name and DAY_WORD.search(row[self.label])):
            unused = self.end_day()
        self.day_ids = own if any(own) else self.day_ids
        if self.day and len(self.times) == 1 and is_clock(row[self.times[0]]):
            row[self.times[0]] = joined_time(self.day, row[self.times[0]])
            self.naming_rows += self.day_row is not None
            self.day_row = None
        elif not is_name:
            unused += self.end_day()
        return unused

    def is_after(self, row: Row, above: Row) -> bool:
        """Whether a status is not before the event that has its label; a label alone has no time."""
        texts = (" ".join(one[place] for place in self.times) for one in (row, above))
        own, first = (moment(text, self.formats) for text in texts)
        return self.is_label_row or (own is not None and first is not None and own >= first)

    def ids_of(self, row: Row) -> list[str]:
        return [row[place].strip() for place in self.ids]

    def day_alone(self, row: Row) -> str | None:
        """The day in a row that has nothing else."""
        texts = [(place, text) for place, text in enumerate(row) if text.strip() and place not in self.ids]
        is_alone = len(texts) == 1 and texts[0][0] in (self.label, *self.times)
        return day_of(texts[0][1]) if is_alone else None

    def has_time(self, row: Row) -> bool:
        return any(row[place].strip() for place in self.times)

    def status_of(self, row: Row) -> str:
        return row[self.status].strip() if self.status is not None and self.status < len(row) else ""

    def is_same_return(self, row: Row, above: Row) -> bool:
        return all(row[place].strip() in ("", above[place].strip()) for place in self.ids)

    def fill_ids(self, row: Row) -> None:
        """Where ids are only in the first of the rows that they are for, gives them to the others."""
        own = [row[place] for place in self.ids]
        if any(map(str.strip, own)):
            self.last_ids, self.is_merged = own, self.is_dialog
        elif self.is_merged and self.last_ids:
            for place, text in zip(self.ids, self.last_ids, strict=True):
                row[place] = text

    def status_alone(self, row: Row) -> str | None:
        """The status in a row that has no label of its own; None for other rows."""
        label, status = row[self.label], self.status_of(row)
        if not self.has_time(row) or (label.strip() and status):
            return None
        if status:
            return status if is_status(status) else None
        above = self.current[self.label] if self.current and self.is_label_row else None
        if above is not None and label.strip() and indent(label) > indent(above):
            return label.strip()
        is_act = above is None and label.strip().lower() in ACTS
        is_label = is_act or not is_status(label) or (self.has_statuses and not indent(label))
        return None if is_label else label.strip()

    def completed(self, row: Row, status: str, above: Row | None) -> Row:
        """The record of a status, with the label and the ids of a row above it, or without a label."""
        if self.status is None:
            self.status = len(self.headings)
            self.headings.append("status")
        record = row + [""] * (self.status + 1 - len(row))
        record[self.label], record[self.status] = "", status
        if above:
            record[self.label] = above[self.label].strip()
            self.is_merged |= any(self.ids_of(above)) and not any(self.ids_of(row))
            for place in self.ids:
                record[place] = row[place] if row[place].strip() else above[place]
        return record
