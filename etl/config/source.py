"""A kind of export: which files belong to it, and how their headings become the columns of the contract."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from etl.common.paths import QUERIES
from etl.common.problem import Problem
from etl.config.names import Names, read_names
from etl.config.place import Count, Place, Text, Texts, Zone, keys
from etl.config.zone_words import split_format, split_heading
from etl.sql.file import read_file

# A web hook source splits its files: into events, and into contents of its own kind.
Kind = Literal["events", "returns", "webhook"]
Layout = Literal["table", "dialog"]
Repeats = Literal["events", "copies"]
# A heading, or several whose texts are joined with blanks, such as a date and a time of day.
Heading = str | tuple[str, ...]
Headings = Annotated[
    tuple[Text | Annotated[tuple[Text, ...], Meta(min_length=2)], ...],
    Meta(min_length=1, description='a list of headings, or of lists of headings, such as [["Date", "Time"]]'),
]
Percent = Annotated[int, Meta(ge=0, le=100, description="a whole number from 0 to 100")]
Patterns = Annotated[
    Texts, Meta(description='a list of one or more patterns on the file name, such as ["*.csv"]')
]
PACKED = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd", ".zip": "zip"}
# Columns of the contract that the loader makes; an export cannot contain them.
MADE = {
    *("pattern", "subject", "event_at", "event_on", "time_note", "extra"),
    *("file_id", "row_no", "occurrence_no", "row_hash"),
}
# The columns that every record must have.
REQUIRED = {"events": ("return_id", "tab", "label", "event_time"), "returns": ("return_id",), "webhook": ()}
# The column with the time of a record.
TIME = {"events": "event_time", "returns": "exported_at", "webhook": "seen_at"}
# Words in place of a format: seconds and milliseconds since 1970, and the days that spreadsheets count.
DAY_NUMBER = "excel_day"
FORMAT_WORDS = ("epoch", "epoch_ms", DAY_NUMBER)
# The directives of strptime that mean the same to every reader; zone names (%Z) are ambiguous, so write %z.
DIRECTIVES = "YymdBbAajHIMSpfz%"
# An afternoon, so that a format without am or pm does not read it back.
PROBE = datetime(2025, 11, 23, 13, 45, 56, tzinfo=UTC)


@dataclass(frozen=True)
class Source:
    """One kind of export: which files it includes, and how their headings, times and constants are read."""

    name: Text
    kind: Kind
    files: Patterns
    firm_id: Text | None
    timezone: Zone
    firm_timezone: str
    time_formats: Texts = ()
    columns: dict[str, tuple[Heading, ...]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    # Where in a JSON document the list of records is, such as data or response.records.
    records: Text | None = None
    # The line of the headings in a CSV file or a sheet; None if they are found.
    header_line: Count | None = None
    # Headings whose empty cells have the value of the cell above, as merged cells do.
    fill_down: Texts = ()
    layout: Layout | None = None
    # Whether equal lines of one file are events of their own, or copies of one event.
    repeats: Repeats = "events"
    # Whether nine bare digits of an id are the firm's own number, and none of a taxpayer.
    nine_digit_ids: bool = False
    # The columns whose values one file has from elsewhere, such as its name; no heading is needed for them.
    given: frozenset[str] = frozenset()
    # Whether times in the file may be day numbers, as in a workbook.
    has_days: bool = False
    # Whether another content has records of the same file, so that this one may have none that can be read.
    is_beside: bool = False

    @cached_property
    def digest(self) -> str:
        """A hash of everything that decides how a file is read: all but the name and the file patterns."""
        others = ("name", "files", "given", "has_days", "is_beside")
        content = {name: value for name, value in asdict(self).items() if name not in others}
        # A key that is not set changes nothing, so that a new key does not make every file be read again.
        defaults = {one.name: one.default for one in fields(Source)} | {"names": asdict(Names())}
        late = ("names", "records", "header_line", "fill_down", "layout", "repeats", "nine_digit_ids")
        content = {
            name: value for name, value in content.items() if name not in late or value != defaults[name]
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def for_content(self, values: Mapping[str, str], has_days: bool) -> "Source":
        """The source for a file that has these values from elsewhere; they win over its constants."""
        own = (frozenset(values), has_days)
        if own not in self.variants:
            constants = {name: value for name, value in self.constants.items() if name not in values}
            self.variants[own] = replace(self, given=own[0], has_days=has_days, constants=constants)
        return self.variants[own]

    @cached_property
    def variants(self) -> dict[tuple[frozenset[str], bool], "Source"]:
        """What `for_content` has made: thousands of small files have the same source."""
        return {}

    @cached_property
    def known(self) -> dict[str, str]:
        """The column for each heading_key. The contract's own names are always headings."""
        return {heading_key(heading): column for heading, column in self.spellings.items()}

    @cached_property
    def spellings(self) -> dict[str, str]:
        """The column for each known heading as it is written."""
        own = {name: name for name in contract(self.kind)}
        return own | {
            heading: column
            for column, headings in self.columns.items()
            for heading in headings
            if isinstance(heading, str)
        }

    @cached_property
    def joined(self) -> dict[tuple[str, ...], str]:
        """The column for each list of headings that are joined, in the order of the settings."""
        return {
            tuple(map(heading_key, heading)): column
            for column, headings in self.columns.items()
            for heading in headings
            if not isinstance(heading, str)
        }

    @cached_property
    def formats(self) -> tuple[str, ...]:
        """The time formats without the words for a zone at their ends: the words of the times count."""
        own = (*self.time_formats, *([DAY_NUMBER] if self.has_days else []))
        return tuple(dict.fromkeys(map(split_format, own)))

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that a file must have a heading, a constant or a name for."""
        return REQUIRED[self.kind] + (("firm_id",) if self.firm_id is None else ())

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """The required columns that neither a constant nor a name gives, so that a heading must."""
        given = self.constants.keys() | self.names.columns | self.given
        return tuple(name for name in self.required if name not in given)


OF_NO_SECTION = ("firm_timezone", "nine_digit_ids", "given", "has_days", "is_beside")
SOURCE_KEYS = tuple(key for key in keys(Source) if key not in OF_NO_SECTION)


@dataclass(frozen=True)
class Limits:
    """The limits of a file; the refusal names the limit."""

    file_bytes: Count = 4_000_000_000
    unpacked_bytes: Count = 4_000_000_000
    ratio: Count = 200
    line_bytes: Count = 1_000_000
    field_bytes: Count = 64_000
    columns: Count = 500
    json_depth: Count = 50
    # A file of which more is quarantined is reported as a problem.
    quarantined_percent: Percent = 20

    def over(self, key: str, what: str, actual: object = None, place: str = "") -> Problem:
        """The refusal of a file that exceeds a limit, worded the same way everywhere."""
        limit = getattr(self, key)
        value = f"over {limit}" if actual is None else actual
        fault = f"{place}{': ' if place else ''}{what} is {value}"
        return Problem(f"{fault}, and the limit is {limit} ({key} under [limits] in settings.toml).")

    def refuse_long(self, text: str, key: str, what: str, place: str) -> None:
        """Refuses a text with more bytes than a limit."""
        limit = getattr(self, key)
        # A character has at most four bytes.
        if len(text) * 4 > limit and len(text.encode()) > limit:
            raise self.over(key, what, place=place)


@cache
def file_columns(kind: str) -> tuple[str, ...]:
    """The columns of the contract, in the order of queries/raw/<kind>.sql."""
    return tuple(column.name for column in read_file(QUERIES / "raw" / f"{kind}.sql").columns)


def contract(kind: str) -> tuple[str, ...]:
    """The columns of the contract that an export of this kind can contain."""
    return tuple(name for name in file_columns(kind) if name not in MADE)


def parts_of(heading: Heading) -> tuple[str, ...]:
    """The headings in one that may be joined."""
    return (heading,) if isinstance(heading, str) else heading


@lru_cache(1_000)
def heading_key(heading: str) -> str:
    """A heading in the form that is compared: without case, blanks and punctuation."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", heading).casefold())


def column_of(source: Source, heading: str) -> str | None:
    """Our column for a heading of an export, None if there is none. That of times may name their zone."""
    column = source.known.get(heading_key(heading))
    if column is None:
        bare, word = split_heading(heading)
        timed = source.known.get(heading_key(bare)) if word else None
        return timed if timed == TIME[source.kind] else None
    return column


def columns_of(source: Source, headings: Sequence[str]) -> list[str | None]:
    """Our column for each heading; headings that are joined mean their column together, and nothing alone."""
    found = [column_of(source, heading) for heading in headings]
    for column, places in joined_places(source, headings).items():
        for place in places:
            found[place] = column
    return found


def joined_places(source: Source, headings: Sequence[str]) -> dict[str, list[int]]:
    """The places of the headings that are joined, for each column that the file has in several."""
    # A heading with a word for a zone is known without it too, if no other is.
    bare = {heading_key(split_heading(heading)[0]): place for place, heading in enumerate(headings)}
    own = bare | {heading_key(heading): place for place, heading in enumerate(headings)}
    joined: dict[str, list[int]] = {}
    for parts, column in source.joined.items():
        if own.keys() >= set(parts):
            joined.setdefault(column, [own[part] for part in parts])
    return joined


def unpacked_name(name: str) -> str:
    """The name without the ending of a compression."""
    return next((name[: -len(ending)] for ending in PACKED if name.casefold().endswith(ending)), name)


def read_sources(
    path: Path, tables: list[dict[str, Any]], firm_timezone: str, nine_digit_ids: bool = False
) -> tuple[Source, ...]:
    """The sources in their order; two sources of the same name are refused."""
    sources: dict[str, Source] = {}
    for number, table in enumerate(tables, start=1):
        name = Place(path, f"[[source]] number {number}", table).value("name", Text)
        if name in sources:
            raise Problem(f'{path}: two [[source]] are named "{name}". Give each a name of its own.')
        place = Place(path, f'[[source]] "{name}"', table, SOURCE_KEYS)
        kind = place.value("kind", Kind, "events")
        columns = place.below("columns", f'[source.columns] of "{name}"', contract(kind))
        constants = place.below("constants", f'[source.constants] of "{name}"', contract(kind))
        source = sources[name] = place.read(
            Source,
            kind=kind,
            firm_id=place.value("firm_id", Text, None),
            timezone=place.value("timezone", Zone, firm_timezone),
            firm_timezone=firm_timezone,
            nine_digit_ids=nine_digit_ids,
            columns=read_columns(columns, kind),
            constants=read_constants(constants),
            names=read_names(place.below("names", f'[source.names] of "{name}"'), contract(kind)),
        )
        for column in source.names.columns & source.constants.keys():
            raise place.fault(f'"{column}" has both a name and a constant; remove one of them,')
        if "return_id" in source.constants and any(re.search(r"[*?\[]", one) for one in source.files):
            fault = "a constant return_id, and files that match more than one name: returns would become one"
            raise place.fault(f"{fault}; take the return_id from the name with [source.names], not")
        for column in source.columns.keys() & source.constants.keys():
            raise place.fault(f'"{column}" has both headings and a constant; remove one of them,')
        for time_format in source.time_formats:
            check_time_format(place, time_format, source.time_formats)
    return tuple(sources.values())


def check_time_format(place: Place, time_format: str, others: Sequence[str]) -> None:
    """Writes and reads an afternoon in a time format: it must keep its date, and not become a morning.

    No other may only differ in the order of month and day. With a weekday it may: that says which of them.
    """
    if time_format in FORMAT_WORDS:
        return
    label = f'time format "{time_format}"'
    unknown = [name for name in re.findall("%(.?)", time_format, re.DOTALL) if name not in DIRECTIVES]
    if unknown:
        known = ", ".join(f"%{name}" for name in DIRECTIVES)
        raise place.fault(f'{label} has "%{unknown[0]}", which is not known (known: {known})')
    try:
        read = datetime.strptime(PROBE.strftime(time_format), time_format)
    except (ValueError, re.error) as error:
        raise place.fault(f"{label} is not a strptime format") from error
    if read.date() != PROBE.date():
        raise place.fault(f"{label} does not contain a whole date (day, month and year)")
    if read.hour not in (0, PROBE.hour):
        raise place.fault(f"{label} reads afternoons as mornings: %I needs %p, or write %H,")
    other = time_format.replace("%m", "%#").replace("%d", "%m").replace("%#", "%d")
    if other != time_format and other in others and not re.search("%[aA]", time_format):
        both = (
            f'"{time_format}" and "{other}" read 03/04/2026 as two days; write only the order of these files,'
        )
        raise place.fault(f"time_formats: {both} and another [[source]] for files of the other,")


def read_columns(place: Place, kind: str) -> dict[str, tuple[Heading, ...]]:
    """The headings of each of our columns; a heading that could mean two columns is refused."""
    columns: dict[str, tuple[Heading, ...]] = {name: place.value(name, Headings) for name in place.table}
    column_of_key = {heading_key(name): name for name in contract(kind)}
    for name, heading in [(name, heading) for name, headings in columns.items() for heading in headings]:
        parts = parts_of(heading)
        for part in parts:
            if not heading_key(part):
                raise place.fault(f'the heading "{part}" of "{name}" has no letter or digit')
        # Each part of joined headings may mean another column in files that do not have all of them.
        if len(parts) > 1:
            continue
        heading, key = parts[0], heading_key(parts[0])
        if column_of_key.setdefault(key, name) != name:
            raise place.fault(f'the heading "{heading}" means both "{column_of_key[key]}" and "{name}"')
    return columns


def read_constants(place: Place) -> dict[str, str]:
    """The value of each of our columns that has the same value in every row, as text."""
    if "firm_id" in place.table:
        raise place.fault('"firm_id" is a key of the [[source]] itself; write it there and not')
    constants = {}
    for name, value in place.table.items():
        if isinstance(value, (dict, list, float)) or (isinstance(value, str) and not value.strip()):
            raise place.fault(f'"{name}" must be one value, not empty,')
        constants[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return constants
