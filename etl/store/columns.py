"""Maps the headings of a file to the columns of the contract; lists missing columns and unmapped headings."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from etl.common.duck import literal
from etl.common.problem import Problem, listed
from etl.config.source import Source, columns_of
from etl.read.csv_dialect import RECORD_LIKE, printable_headings
from etl.read.tins import redact

SHOWN_HEADINGS = 40


@dataclass(frozen=True)
class Columns:
    """The source of each column of the contract: a heading (by its place), a constant, or nothing."""

    headings: list[str]
    source: Source
    places: dict[str, int]
    unmapped: list[int]
    # The number of the format of the times, if it is known.
    format_no: int | None = None

    def text(self, column: str) -> str:
        """SQL on `staged` for the text of a column as the file has it."""
        if column in self.source.constants:
            return literal(self.source.constants[column])
        return f"c{self.places[column]}" if column in self.places else "null::varchar"

    def heading(self, column: str) -> str:
        """The file's name for a column."""
        return self.headings[self.places[column]] if column in self.places else column

    @cached_property
    def redacted(self) -> list[tuple[str, int]]:
        """The headings without TINs, and how many each had."""
        return [redact(heading) for heading in self.headings]

    def has(self, column: str) -> bool:
        return column in self.places or column in self.source.constants


def match_columns(headings: list[str], source: Source) -> Columns:
    """The columns and their sources. A constant overrides a heading, whose values then go to `extra`."""
    columns = dict(enumerate(columns_of(source, headings)))
    places = {name: place for place, name in columns.items() if name and name not in source.constants}
    unmapped = [place for place, name in columns.items() if name not in places]
    return Columns(headings, source, places, unmapped)


def missing_columns(columns: Columns) -> list[str]:
    """The required columns that have no source."""
    return [name for name in columns.source.required if not columns.has(name)]


def refuse_log(columns: Columns, sources: Iterable[Source]) -> None:
    """Refuses an event log that a source of returns lists takes because of its name.

    It has headings for label and time of an event, by a source of events, and the returns list has no use for
    them: each event would become a return, and none would be stored as an event.
    """
    own = columns.source
    for source in (one for one in sources if (own.kind, one.kind) == ("returns", "events")):
        meant = columns_of(source, columns.headings)
        log = {meant[place]: printable_headings(columns.headings[place]) for place in columns.unmapped}
        if {"label", "event_time"} <= log.keys():
            raise Problem(
                f'it has the headings of an event log, "{log["label"]}" and "{log["event_time"]}", and '
                f'by its name it is a returns list: files of "{own.name}" in settings.toml are '
                f"{', '.join(own.files)}. Rename it (file, zip or sheet), or write a [[source]] of kind "
                f'events for its name before "{own.name}". If it is a returns list, remove these columns.'
            )


def map_columns(headings: list[str], source: Source, sources: Iterable[Source] = ()) -> Columns:
    """The columns and their sources. Raises a Problem if a required column is missing.

    With all `sources`, also if it is an event log with the name of a returns list.
    """
    columns = match_columns(headings, source)
    refuse_log(columns, sources)
    missing = missing_columns(columns)
    if not missing:
        return columns
    shown = [printable_headings(heading) for heading in headings if heading not in source.names.columns]
    more = f", and {len(shown) - SHOWN_HEADINGS} more" if len(shown) > SHOWN_HEADINGS else ""
    found = f"Headings found: {', '.join(shown[:SHOWN_HEADINGS]) or 'none'}{more}"
    if any(re.search(RECORD_LIKE, heading) for heading in shown):
        # The file has no headings, and its first record may contain a client's name.
        found = "The first line looks like a record"
    sentences = [
        f"no column for {listed(missing)}. {found}.",
        f'Name yours under [source.columns] of "{source.name}" in settings.toml.',
    ]
    if "tab" in missing:
        example = 'tab = "Client" (or "Internal")'
        sentences.append(f"Or, if the file has only one tab, write {example} under [source.constants].")
    if named := [name for name in missing if name in source.names.file_columns]:
        fitting = f"its name fits no pattern of [source.names] for {listed(named)}"
        sentences.append(f"Or rename the file: {fitting}.")
    elif "return_id" in missing:
        sentences.append("Or, if the ID is in the name of the file, write a pattern under [source.names].")
    if {"label", "event_time"}.isdisjoint(missing):
        typed = " ".join(f"--set {name}=..." for name in missing)
        sentences.append(f"Or type it for one file: returntrail load {typed} FILE.")
    if "firm_id" in missing:
        sentences.append('Or, if the file has only one firm, write firm_id = "..." under the [[source]].')
    raise Problem(" ".join(sentences))
