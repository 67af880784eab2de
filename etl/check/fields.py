"""The columns of a file, and the values inside of JSON texts in their cells, as a check judges them."""

import re
from dataclasses import dataclass

import duckdb

from etl.check.time_shapes import Shape, shapes
from etl.common.duck import count_of
from etl.config.source import FORMAT_WORDS
from etl.config.zone_words import zone_of
from etl.read.tidy import split_quoted, tidied
from etl.store.columns import Columns
from etl.store.mapping import TABS

MOST_VALUES = 200
CLOCK = re.compile(r"\s*\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s*[AaPp]\.?\s?[Mm]\.?)?\s*")
DIGIT = re.compile(r"\d")
LIKE_TIME = re.compile(r"\d\D.*\d:\d\d")
HAS_CLOCK = re.compile(r"\d:\d\d")


@dataclass(frozen=True)
class Field:
    """A column of the file, or a value in its JSON texts: its first distinct values, and what all are."""

    heading: str
    values: list[str]
    count: int
    is_filled: bool
    times: list[Shape]
    # Our column that the heading means by the settings.
    column: str | None = None

    @property
    def has_tabs(self) -> bool:
        tabs = {re.sub(r"[\s_-]", "", value).casefold() for value in self.values}
        return bool(tabs) and tabs <= TABS.keys()

    @property
    def has_times(self) -> bool:
        # A number alone may be anything.
        are_times = [
            one.read_count == one.count and set(FORMAT_WORDS).isdisjoint(one.formats) for one in self.times
        ]
        return bool(are_times) and all(are_times)

    @property
    def has_clocks(self) -> bool:
        """Whether every value is a time of day alone."""
        return bool(self.values) and all(map(CLOCK.fullmatch, self.values))

    @property
    def has_days(self) -> bool:
        """Whether every value is a date without a time of day."""
        return self.has_times and not any(map(HAS_CLOCK.search, self.values))

    @property
    def is_json(self) -> bool:
        """Whether objects or lists are its texts, which are never an id, a label or a name."""
        return bool(self.values) and all(text.lstrip().startswith(("{", "[")) for text in self.values)

    @property
    def is_like_times(self) -> bool:
        """Whether every value is a date and a time of day, even if no known format reads it."""
        return bool(self.values) and all(map(LIKE_TIME.search, self.values))

    @property
    def has_zones(self) -> bool:
        """Whether every value ends in an offset or a word for a zone."""
        ends = [
            re.split(r"\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?: ?[AaPp]\.?[Mm]\.?)?", value)[-1]
            for value in self.values
        ]
        return bool(ends) and all(zone_of(end) is not None for end in ends)

    @property
    def may_be_ids(self) -> bool:
        """Whether the values may be ids of returns: words, people and times are none."""
        return (
            self.is_filled
            and not (self.is_json or self.has_tabs or self.has_times or self.has_clocks or self.is_like_times)
            and all(re.search(r"\d", value) and "@" not in value for value in self.values)
        )

    def label_count(self, labels: set[str]) -> int:
        """How many of the values begin like one of these labels."""
        texts = [split_quoted(tidied(value))[0].casefold() for value in self.values]
        return sum(text.startswith(tuple(labels)) for text in texts)

    @property
    def example(self) -> str:
        return self.values[0] if self.values else ""


def read_fields(database: duckdb.DuckDBPyConnection, columns: Columns) -> list[Field]:
    """The columns of the file, and those inside of its JSON texts."""
    names = {place: name for name, place in columns.places.items()}
    records, fields = count_of(database, "select count(*) from staged"), []
    for place, heading in enumerate(columns.headings):
        text = f"c{place}"
        first = database.execute(f"""
            select {text} from staged where {text} is not null
            group by {text} order by min(row_no) limit {MOST_VALUES}
        """).fetchall()
        values = [value for (value,) in first]
        times = shapes(database, text, columns) if any(map(DIGIT.search, values)) else []
        count = count_of(database, f"select count({text}) from staged")
        fields.append(Field(heading, values, count, 0 < count == records, times, names.get(place)))
    return fields
