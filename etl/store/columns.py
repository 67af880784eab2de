"""Headings of a file against the columns of the contract: what feeds what, what is missing, what nothing maps."""

import re
from dataclasses import dataclass

from etl.common.duck import literal
from etl.common.problem import Problem
from etl.config.source import Source, column_of
from etl.read.csv_dialect import shown

REQUIRED = {"events": ("return_id", "tab", "label", "event_time"), "returns": ("return_id",)}
SHOWN_HEADINGS = 40
# A date, a time, an address: values of a record, which no heading has.
RECORD_LIKE = r"\d[-/:.]\d|\d{4}|@"


@dataclass(frozen=True)
class Columns:
    """For each column of the contract where it comes from: a place among the headings, or a constant, or nowhere."""

    headings: list[str]
    places: dict[str, int]
    constants: dict[str, str]
    unmapped: list[int]

    def text(self, column: str) -> str:
        """SQL for a column as it was written, on `staged`."""
        if column in self.constants:
            return literal(self.constants[column])
        return f"c{self.places[column]}" if column in self.places else "null::varchar"

    def heading(self, column: str) -> str:
        """What the file calls a column."""
        return self.headings[self.places[column]] if column in self.places else column

    def has(self, column: str) -> bool:
        return column in self.places or column in self.constants


def map_columns(headings: list[str], source: Source) -> Columns:
    """What feeds each column. Raises a Problem if a column without which a record means nothing is missing."""
    columns = matched(headings, source)
    missing = missing_columns(columns, source)
    if missing:
        raise Problem(missing_words(missing, headings, source))
    return columns


def matched(headings: list[str], source: Source) -> Columns:
    """What feeds each column. A constant wins over a heading, whose values go to `extra`, so that none is lost."""
    constants = dict(source.constants)
    places, unmapped = {}, []
    for place, heading in enumerate(headings):
        column = column_of(source, heading)
        if column is None or column in constants:
            unmapped.append(place)
        else:
            places[column] = place
    return Columns(headings, places, constants, unmapped)


def missing_columns(columns: Columns, source: Source) -> list[str]:
    """The columns without which a record means nothing and that nothing feeds."""
    missing = [name for name in REQUIRED[source.kind] if not columns.has(name)]
    return missing if columns.has("firm_id") or source.firm_id is not None else [*missing, "firm_id"]


def missing_words(missing: list[str], headings: list[str], source: Source) -> str:
    """Which columns are missing, what was found, and what to write where."""
    found = ", ".join(shown(heading) for heading in headings[:SHOWN_HEADINGS]) or "none"
    more = f", and {len(headings) - SHOWN_HEADINGS} more" if len(headings) > SHOWN_HEADINGS else ""
    # A file without headings: what stands in its first record may be a client's name, and is not repeated.
    is_record = any(re.search(RECORD_LIKE, shown(heading)) for heading in headings)
    seen = "The first line looks like a record" if is_record else f"Headings found: {found}{more}"
    words = [f"no column for {' and '.join(missing)}. {seen}."]
    words.append(f'Name yours under [source.columns] of "{source.name}" in settings.toml.')
    if "tab" in missing:
        only = 'tab = "Client" (or "Internal")'
        words.append(f"Or, if the file holds one tab only, write {only} under [source.constants].")
    if "firm_id" in missing:
        words.append(
            'Or, if the file is of one firm only, write firm_id = "..." under the [[source]] itself.'
        )
    return " ".join(words)
