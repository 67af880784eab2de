"""Suggests which heading of a file means a missing column; if the file leaves a choice, all that may."""

import re
from dataclasses import dataclass
from difflib import get_close_matches

import duckdb

from etl.check.time_shapes import Shape, shapes
from etl.config.source import heading_key
from etl.read.tidy import split_quoted, tidied
from etl.store.columns import REQUIRED, Columns, missing_columns
from etl.store.mapping import IDS, TABS

# For each tab its known labels, tidied, in lower case.
KnownLabels = dict[str, set[str]]
MOST_VALUES = 200
CLOSE = 0.75


@dataclass(frozen=True)
class Suggestion:
    """The headings that may mean a missing column, and why; or a constant, if all labels are of one tab."""

    column: str
    headings: list[str]
    why: str
    constant: str | None = None

    @property
    def heading(self) -> str | None:
        """The heading, if it is the only one."""
        return self.headings[0] if len(self.headings) == 1 else None


@dataclass(frozen=True)
class Field:
    """A column of the file: its heading, its first distinct values, whether it is never empty, its times."""

    heading: str
    values: list[str]
    is_filled: bool
    shapes: list[Shape]

    def has_tabs(self) -> bool:
        tabs = [re.sub(r"[\s_-]", "", value).casefold() for value in self.values]
        return bool(tabs) and all(tab in TABS for tab in tabs)

    def has_times(self) -> bool:
        """Whether every value can be read as a time; a number alone may be anything."""
        return bool(self.shapes) and all(
            shape.read_count == shape.count and not shape.is_epoch for shape in self.shapes
        )

    def label_count(self, labels: set[str]) -> int:
        """How many of the values begin like one of these labels."""
        texts = [split_quoted(tidied(value))[0].casefold() for value in self.values]
        return sum(text.startswith(tuple(labels)) for text in texts)

    def has_labels(self, known: KnownLabels) -> bool:
        """Whether at least half of the values are labels."""
        return bool(self.values) and 2 * self.label_count(set().union(*known.values())) >= len(self.values)

    def only_tab(self, known: KnownLabels) -> str | None:
        """The tab of all labels that occur on one tab only; None for labels of both tabs or of none."""
        shared = set.intersection(*known.values())
        tabs = [tab for tab, labels in known.items() if self.label_count(labels - shared)]
        return tabs[0] if len(tabs) == 1 else None


def read_field(database: duckdb.DuckDBPyConnection, columns: Columns, place: int) -> Field:
    field = f"c{place}"
    values = database.execute(f"""
        select {field} from staged where {field} is not null
        group by {field} order by min(row_no) limit {MOST_VALUES}
    """).fetchall()
    is_filled = f"select count(*) > 0 and count(*) = count({field}) from staged"
    return Field(
        heading=columns.headings[place],
        values=[value for (value,) in values],
        is_filled=database.execute(is_filled).fetchall()[0][0],
        shapes=shapes(database, field, columns.source.time_formats),
    )


def suggest(database: duckdb.DuckDBPyConnection, columns: Columns, labels: KnownLabels) -> list[Suggestion]:
    """For each missing column the headings that may mean it, by their values, else by their spelling."""
    missing = missing_columns(columns)
    if not missing:
        return []
    taken = {columns.places.get(name) for name in REQUIRED[columns.source.kind]}
    places = [place for place in range(len(columns.headings)) if place not in taken]
    free = [read_field(database, columns, place) for place in places]
    found: dict[str, Suggestion] = {}
    tests = {
        "tab": (Field.has_tabs, "it contains the names of the tabs"),
        "event_time": (Field.has_times, "every value is a time"),
        "label": (lambda field: field.has_labels(labels), "it contains labels of the platform"),
    }
    for column, (is_like, why) in tests.items():
        fitting = [field for field in free if is_like(field)]
        if column == "event_time":
            # A day alone may be a due date; an event has a time of day.
            fitting = [field for field in fitting if ":" in field.values[0]] or fitting
        if column in missing and fitting:
            found[column] = Suggestion(column, [field.heading for field in fitting], why)
    used = {suggestion.heading for suggestion in found.values()}
    rest = [field for field in free if field.heading not in used]
    for column in missing:
        if column not in found:
            found[column] = by_spelling(column, columns, rest)
    if "tab" in missing and not found["tab"].headings:
        place = place_of("label", columns, list(found.values()))
        tab = None if place is None else read_field(database, columns, place).only_tab(labels)
        found["tab"] = Suggestion("tab", [], f"all known labels in it are of the {tab} tab", tab)
    return [found[column] for column in missing]


def by_spelling(column: str, columns: Columns, free: list[Field]) -> Suggestion:
    """The headings with a spelling close to a known one; for an id, else every column that is never empty."""
    known = [heading for heading, name in columns.source.known.items() if name == column]
    near = [
        field.heading
        for field in free
        if get_close_matches(heading_key(field.heading), known, n=1, cutoff=CLOSE)
    ]
    if near or column not in IDS:
        return Suggestion(column, near, "its spelling is close to a known heading")
    filled = [
        field.heading for field in free if field.is_filled and not field.has_tabs() and not field.has_times()
    ]
    return Suggestion(column, filled, "it is the only other column that is never empty")


def place_of(column: str, columns: Columns, suggested: list[Suggestion]) -> int | None:
    """The place of the heading that means a column, or is the only one suggested for it."""
    for suggestion in suggested:
        if suggestion.column == column and suggestion.heading is not None:
            return columns.headings.index(suggestion.heading)
    return columns.places.get(column)
