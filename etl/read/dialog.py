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
from itertools import product

from etl.common.duck import literal
from etl.config.source import Source, columns_of, heading_key
from etl.read.dialog_times import day_of, is_clock, joined_time

# The status words that queries/model/labels/labels.sql knows.
STATUSES = ("processed", "delivered", "opened", "open", "bounced", "bounce", "recalled", "reprocessed")
# A status at the end of a label.
ENDING = re.compile(rf"[\s\-‐‒–—:/|(\[]+(?:{'|'.join(STATUSES)})[)\]]?\s*$", re.IGNORECASE)
BLANKS = " \t\u00a0"
# A longer text is no status, so most labels are not compared with each.
LONGEST = 16
# The columns that distinguish returns and tabs.
IDS = ("firm_id", "return_id", "tab", "client_id")
Row = list[str]


def is_status(text: str) -> bool:
    word = text.strip(BLANKS)
    return len(text.lstrip(BLANKS)) < LONGEST and word.lower() in STATUSES


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
        is_log = source.kind == "events" and "label" in own and bool(self.times)
        self.may_have_statuses = is_log and source.layout != "table"
        # Whether ids are only in the first of the rows that they are for.
        self.is_dialog = self.is_merged = source.layout == "dialog"
        # The values of filled cells, and the last ids.
        self.cells: dict[int, str] = {}
        self.last_ids: list[str] = []
        # The row whose label a status below it gets. It waits if it is a record only without such a status.
        self.current: Row | None = None
        self.is_waiting = self.is_label_row = False
        self.day: str | None = None
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
        tests = [
            f"if({time} is null, regexp_matches({label}, '\\d'), false)",
            f"if({label} is null, {alone}, false)",
            f"{label} < '!' or ({label} >= '\u00a0' and {label} < '\u00a1')",
            status.format(label),
        ]
        return f"({' or '.join(tests)})"

    def add(self, rows: list[Row]) -> list[Row]:
        """The records of these rows. The last row may wait for those that follow."""
        for row, place in product(rows, self.filled):
            row[place] = row[place] if row[place].strip() else self.cells.get(place, row[place])
            self.cells[place] = row[place]
        if not self.may_have_statuses:
            return rows
        return [record for row in rows for record in self.add_row(row)]

    def end(self) -> list[Row]:
        """The row that waits. Later rows get nothing from above: a record that cannot be split is between."""
        self.cells, self.last_ids, self.day = {}, [], None
        return self.end_label()

    def end_label(self) -> list[Row]:
        """The row that waits. Rows below get its label no more."""
        waiting = [self.current] if self.current and self.is_waiting else []
        self.current, self.is_waiting, self.is_label_row = None, False, False
        return waiting

    def add_row(self, row: Row) -> list[Row]:
        """The records that are certain with this row."""
        if day := self.day_alone(row):
            self.day, self.naming_rows = day, self.naming_rows + 1
            return self.end_label()
        if self.day and len(self.times) == 1 and is_clock(row[self.times[0]]):
            row[self.times[0]] = joined_time(self.day, row[self.times[0]])
        status = self.status_alone(row)
        if status and self.current and self.is_same_return(row, self.current):
            self.naming_rows += self.is_waiting
            self.is_waiting = False
            return [self.completed(row, status, self.current)]
        waiting, label = self.end_label(), row[self.label].strip()
        # One word below a label may be a status that is not known.
        is_unsure = bool(waiting) and self.is_dialog and self.has_time(row) and len(label.split()) == 1
        if (self.is_merged and status) or is_unsure:
            return [*waiting, self.completed(row, status or label, None)]
        self.fill_ids(row)
        if label and not self.has_time(row) and not self.status_of(row):
            self.current, self.is_waiting, self.is_label_row = row, True, True
            return waiting
        if label and (self.status_of(row) or ENDING.search(label)):
            self.current = [*row]
            self.current[self.label] = label if self.status_of(row) else ENDING.sub("", label)
        return [*waiting, row]

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
            self.last_ids = own
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
        is_below = above is not None and indent(label) > indent(above)
        return label.strip() if label.strip() and (is_below or is_status(label)) else None

    def completed(self, row: Row, status: str, above: Row | None) -> Row:
        """The record of a status, with the label and the ids of a row above it, or without a label."""
        if self.status is None:
            self.status = len(self.headings)
            self.headings.append("status")
        record = row + [""] * (self.status + 1 - len(row))
        record[self.label], record[self.status] = "", status
        if above:
            record[self.label] = above[self.label].strip()
            for place in self.ids:
                self.is_merged |= bool(above[place].strip()) and not row[place].strip()
                record[place] = row[place] if row[place].strip() else above[place]
        return record
