"""Suggests which heading of a file means a missing column; if the file leaves a choice, all that may."""

import re
from dataclasses import dataclass
from difflib import get_close_matches

import duckdb

from etl.check.time_shapes import shapes
from etl.common.duck import count_of
from etl.config.source import heading_key
from etl.read.tidy import split_quoted, tidied
from etl.store.columns import Columns, missing_columns
from etl.store.mapping import IDS, TABS
from etl.store.times import EPOCHS

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
    """A column of the file: its heading, its first distinct values, and what all of them are."""

    heading: str
    values: list[str]
    is_filled: bool
    has_tabs: bool
    has_times: bool

    @property
    def has_json(self) -> bool:
        """Whether objects or lists are its texts, which are never an id, a label or a name."""
        return bool(self.values) and all(text.lstrip().startswith(("{", "[")) for text in self.values)

    def label_count(self, labels: set[str]) -> int:
        """How many of the values begin like one of these labels."""
        texts = [split_quoted(tidied(value))[0].casefold() for value in self.values]
        return sum(text.startswith(tuple(labels)) for text in texts)


def read_field(database: duckdb.DuckDBPyConnection, columns: Columns, place: int) -> Field:
    field = f"c{place}"
    first = database.execute(f"""
        select {field} from staged where {field} is not null
        group by {field} order by min(row_no) limit {MOST_VALUES}
    """).fetchall()
    values = [value for (value,) in first]
    tabs = {re.sub(r"[\s_-]", "", value).casefold() for value in values}
    ways = shapes(database, field, columns.source.time_formats)
    # A number alone may be anything.
    are_times = [way.read_count == way.count and EPOCHS.keys().isdisjoint(way.formats) for way in ways]
    return Field(
        heading=columns.headings[place],
        values=values,
        is_filled=bool(values) and not count_of(database, f"select count(*) - count({field}) from staged"),
        has_tabs=bool(tabs) and tabs <= TABS.keys(),
        has_times=bool(ways) and all(are_times),
    )


def suggest(database: duckdb.DuckDBPyConnection, columns: Columns, labels: KnownLabels) -> list[Suggestion]:
    """For each missing column the headings that may mean it, by their values, else by their spelling."""
    missing = missing_columns(columns)
    if not missing:
        return []
    taken = {columns.places.get(name) for name in columns.source.required}
    places = [place for place in range(len(columns.headings)) if place not in taken]
    free = [one for place in places if not (one := read_field(database, columns, place)).has_json]
    times = [field for field in free if field.has_times]
    every, shared = set.union(*labels.values()), set.intersection(*labels.values())
    fitting = {
        "tab": ([field for field in free if field.has_tabs], "it contains the names of the tabs"),
        # A day alone may be a due date; an event has a time of day.
        "event_time": ([one for one in times if ":" in one.values[0]] or times, "every value is a time"),
        "label": (
            [field for field in free if 0 < len(field.values) <= 2 * field.label_count(every)],
            "it contains labels of the platform",
        ),
    }
    found = {
        column: Suggestion(column, [field.heading for field in fields], why)
        for column, (fields, why) in fitting.items()
        if column in missing and fields
    }
    used = {suggestion.heading for suggestion in found.values()}
    rest = [field for field in free if field.heading not in used]
    found = {column: found.get(column) or by_spelling(column, columns, rest) for column in missing}
    place = place_of("label", columns, list(found.values()))
    if "tab" in missing and not found["tab"].headings and place is not None:
        field = read_field(database, columns, place)
        tabs = [tab for tab, own in labels.items() if field.label_count(own - shared)]
        if len(tabs) == 1:
            why = f"all known labels in it are of the {tabs[0]} tab"
            found["tab"] = Suggestion("tab", [], why, tabs[0])
    return list(found.values())


def by_spelling(column: str, columns: Columns, free: list[Field]) -> Suggestion:
    """The headings with a spelling close to a known one; for an id, else every column that is never empty."""
    known = [heading for heading, name in columns.source.known.items() if name == column]
    headings = [field.heading for field in free]
    near = [one for one in headings if get_close_matches(heading_key(one), known, n=1, cutoff=CLOSE)]
    if near or column not in IDS:
        return Suggestion(column, near, "its spelling is close to a known heading")
    filled = [field.heading for field in free if field.is_filled and not (field.has_tabs or field.has_times)]
    return Suggestion(column, filled, "it is the only other column that is never empty")


def place_of(column: str, columns: Columns, suggested: list[Suggestion]) -> int | None:
    """The place of the heading that means a column, or is the only one suggested for it."""
    for suggestion in suggested:
        if suggestion.column == column and suggestion.heading is not None:
            return columns.headings.index(suggestion.heading)
    return columns.places.get(column)
