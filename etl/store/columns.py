"""Maps the headings of a file to the columns of the contract; the rest is missing or unmapped."""

import re
from dataclasses import dataclass

from etl.common.duck import literal
from etl.common.problem import Problem
from etl.config.source import Source, column_of
from etl.read.csv_dialect import printable_headings

REQUIRED = {"events": ("return_id", "tab", "label", "event_time"), "returns": ("return_id",)}
SHOWN_HEADINGS = 40
# A date, a time, an address: values of a record, which no heading contains.
RECORD_LIKE = r"\d[-/:.]\d|\d{4}|@"


@dataclass(frozen=True)
class Columns:
    """Where each column of the contract comes from: a heading (by its place), a constant, or nowhere."""

    headings: list[str]
    source: Source
    places: dict[str, int]
    unmapped: list[int]

    @property
    def constants(self) -> dict[str, str]:
        return self.source.constants

    def text(self, column: str) -> str:
        """SQL for a column as it was written, on `staged`."""
        if column in self.constants:
            return literal(self.constants[column])
        return f"c{self.places[column]}" if column in self.places else "null::varchar"

    def heading(self, column: str) -> str:
        """The file's name for a column."""
        return self.headings[self.places[column]] if column in self.places else column

    def has(self, column: str) -> bool:
        return column in self.places or column in self.constants


def map_columns(headings: list[str], source: Source) -> Columns:
    """What feeds each column. Raises a Problem if a required column is missing."""
    columns = match_columns(headings, source)
    missing = missing_columns(columns)
    if missing:
        raise Problem(missing_sentences(missing, columns))
    return columns


def match_columns(headings: list[str], source: Source) -> Columns:
    """What feeds each column. A constant wins over a heading, whose values then go to `extra`."""
    places, unmapped = {}, []
    for place, heading in enumerate(headings):
        column = column_of(source, heading)
        if column is None or column in source.constants:
            unmapped.append(place)
        else:
            places[column] = place
    return Columns(headings, source, places, unmapped)


def missing_columns(columns: Columns) -> list[str]:
    """The required columns that nothing feeds."""
    missing = [name for name in REQUIRED[columns.source.kind] if not columns.has(name)]
    has_firm = columns.has("firm_id") or columns.source.firm_id is not None
    return missing if has_firm else [*missing, "firm_id"]


def missing_sentences(missing: list[str], columns: Columns) -> str:
    """Which columns are missing, which headings there are, and what to add to the settings."""
    headings = [printable_headings(heading) for heading in columns.headings]
    if any(re.search(RECORD_LIKE, heading) for heading in headings):
        # A file without headings: its first record may contain a client's name, which is not repeated.
        found = "The first line looks like a record"
    else:
        more = f", and {len(headings) - SHOWN_HEADINGS} more" if len(headings) > SHOWN_HEADINGS else ""
        found = f"Headings found: {', '.join(headings[:SHOWN_HEADINGS]) or 'none'}{more}"
    sentences = [
        f"no column for {' and '.join(missing)}. {found}.",
        f'Name yours under [source.columns] of "{columns.source.name}" in settings.toml.',
    ]
    if "tab" in missing:
        example = 'tab = "Client" (or "Internal")'
        sentences.append(f"Or, if the file has only one tab, write {example} under [source.constants].")
    if "firm_id" in missing:
        sentences.append(
            'Or, if the file is of one firm only, write firm_id = "..." under the [[source]] itself.'
        )
    return " ".join(sentences)
