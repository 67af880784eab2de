"""Suggests which heading of a file means a missing column.

Only what the values show under a known heading that is misspelled is certain. Which column has the ID of the
return, and all else that only a person can say, is a choice, in which a line has to be chosen.
"""

import re
from dataclasses import dataclass, replace
from difflib import get_close_matches

from etl.check.fields import Field
from etl.config.source import Heading, heading_key, parts_of
from etl.store.columns import Columns, missing_columns
from etl.store.mapping import IDS

# For each tab its known labels, tidied, in lower case.
KnownLabels = dict[str, set[str]]
CLOSE = 0.75
NO_ZONE = "it names no zone, so write the right one as timezone above"
WORD = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+|\d+")


@dataclass(frozen=True)
class Suggestion:
    """The headings that may mean a column, and why; `is_certain` if there is only one and no doubt."""

    column: str
    # Each with what is said of it in a choice.
    headings: dict[Heading, str]
    why: str
    is_certain: bool = False


def suggest(fields: list[Field], columns: Columns, labels: KnownLabels) -> list[Suggestion]:
    """For each missing column the headings that may mean it; also a time of day that belongs to the dates."""
    missing = missing_columns(columns)
    free = [field for field in fields if field.column not in columns.source.required and not field.is_json]
    found = {"event_time": by_times(fields, free), "tab": by_tabs(free), "label": by_labels(free, labels)}
    wanted = [*missing, *(["event_time"] if has_days_alone(fields) else [])]
    found = {column: sure(one, columns) for column in wanted if (one := found.get(column)) and one.headings}
    used = {heading for one in found.values() for heading in one.headings}
    rest = [field for field in free if field.column is None and field.heading not in used]
    return [found.get(column) or by_spelling(column, columns, rest) for column in wanted]


def has_days_alone(fields: list[Field]) -> bool:
    """Whether the times of the events have no time of day, and another column has."""
    has_days = any(field.column == "event_time" and field.has_days for field in fields)
    return has_days and any(field.has_clocks and field.column is None for field in fields)


def sure(suggestion: Suggestion, columns: Columns) -> Suggestion:
    """The suggestion, certain only if its headings are misspelled known ones of its column."""
    known = [heading for heading, name in columns.source.spellings.items() if name == suggestion.column]
    parts = [part for heading in suggestion.headings for part in parts_of(heading)]
    are_near = all(any(is_misspelled(part, one) for one in known) for part in parts)
    return replace(suggestion, is_certain=suggestion.is_certain and are_near)


def is_misspelled(heading: str, known: str) -> bool:
    """Whether each word is that of a known heading, or close to it and with its first letter.

    With one word more it may mean something else, such as the time of a login, or in another zone.
    """
    own, other = ([word.casefold() for word in WORD.findall(text)] for text in (heading, known))
    return len(own) == len(other) and all(
        one[0] == two[0] and get_close_matches(one, [two], cutoff=CLOSE)
        for one, two in zip(own, other, strict=True)
    )


def by_times(fields: list[Field], free: list[Field]) -> Suggestion:
    """A column of times, or one of dates and one of times of day."""
    own = [field for field in free if field.column is None]
    times = [field for field in own if (field.has_times or field.is_like_times) and not field.has_days]
    if times:
        # A time that is the same in all records may be that of the export.
        first, is_alone = times[0], len(times) == 1
        is_certain = is_alone and first.has_times and (len(first.values) > 1 or first.count == 1)
        zones = {True: "each time names its zone", False: NO_ZONE}
        headings: dict[Heading, str] = {
            one.heading: f"{one.example}: {zones[one.has_zones]}" for one in times
        }
        return Suggestion("event_time", headings, "every value is a time", is_certain)
    # A day alone may be a due date.
    days = [field for field in fields if field.has_days and field.column in (None, "event_time")]
    pairs = [(day, clock) for day in days for clock in own if clock.has_clocks]
    headings = {(day.heading, clock.heading): f"{day.example} {clock.example}" for day, clock in pairs}
    return Suggestion("event_time", headings, "a date and a time of day", len(headings) == 1)


def by_tabs(free: list[Field]) -> Suggestion:
    headings: dict[Heading, str] = {field.heading: "" for field in free if field.has_tabs}
    return Suggestion("tab", headings, "it contains the names of the tabs", len(headings) == 1)


def by_labels(free: list[Field], labels: KnownLabels) -> Suggestion:
    every = set.union(*labels.values())
    fitting = [field for field in free if 0 < len(field.values) <= 2 * field.label_count(every)]
    headings: dict[Heading, str] = {field.heading: field.example for field in fitting}
    return Suggestion("label", headings, "it contains labels of the platform", len(headings) == 1)


def by_spelling(column: str, columns: Columns, rest: list[Field]) -> Suggestion:
    """The headings with a spelling close to a known one; for an ID all whose values may be ids."""
    known = [heading for heading, name in columns.source.known.items() if name == column]
    near = [one for one in rest if get_close_matches(heading_key(one.heading), known, n=1, cutoff=CLOSE)]
    if column in IDS:
        near = sorted((one for one in rest if one.may_be_ids), key=lambda one: one not in near)
    return Suggestion(column, {one.heading: one.example for one in near}, "")


def tab_of_labels(fields: list[Field], suggested: list[Suggestion], labels: KnownLabels) -> str | None:
    """The only tab that known labels of the file are of; None if there are two, or none."""
    shared = set.intersection(*labels.values())
    named = {heading for one in suggested if one.column == "label" for heading in one.headings}
    own = [field for field in fields if field.column == "label" or field.heading in named]
    tabs = [tab for tab, known in labels.items() if any(field.label_count(known - shared) for field in own)]
    return tabs[0] if len(tabs) == 1 else None
