"""The checks of data/settings.toml, section by section; each refusal names file, section, key and what is known."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from etl.common.problem import Problem
from etl.config.source import KINDS, Limits, Source, contract, loose

SECTIONS = ("firm", "source", "limits", "retention", "subscription", "mail", "access", "spark")
SOURCE_KEYS = ("name", "kind", "files", "firm_id", "timezone", "time_formats", "columns", "constants")
LIMITS = tuple(one.name for one in fields(Limits))
# Those of strptime that mean the same to every reader; %Z is none, because the names of zones are not: write %z.
DIRECTIVES = "YymdBbAajHIMSpfz%"
TABLES_IN_LISTS = ("source", "subscription")
# An afternoon: a format that loses whether it was one shows here.
PROBE = datetime(2025, 11, 23, 13, 45, 56, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """Where in the file a key stands, as a Problem says it."""

    path: Path
    section: str

    def fault(self, words: str) -> Problem:
        return Problem(f"{self.path}: {words} under {self.section}.")

    def unknown(self, keys: Iterable[str], known: Iterable[str]) -> None:
        """Refuses the first key that is not known."""
        for key in keys:
            if key not in known:
                raise Problem(
                    f'{self.path}: unknown key "{key}" under {self.section}. Known: {", ".join(known)}.'
                )

    def text(self, table: dict, key: str, default: str | None = None) -> str | None:
        value = table.get(key, default)
        if key in table and (not isinstance(value, str) or not value.strip()):
            raise self.fault(f'"{key}" must be a text in quotes, not empty,')
        return value

    def texts(self, table: dict, key: str) -> tuple[str, ...]:
        value = table[key]
        if (
            not isinstance(value, list)
            or not value
            or not all(isinstance(one, str) and one.strip() for one in value)
        ):
            raise self.fault(f'"{key}" must be a list of texts, not empty,')
        return tuple(value)

    def table(self, table: dict, key: str) -> dict:
        value = table.get(key, {})
        if not isinstance(value, dict):
            raise self.fault(f'"{key}" must be a section of its own')
        return value

    def number(self, table: dict, key: str, default: int | None, least: int = 1) -> int | None:
        value = table.get(key, default)
        if key in table and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise self.fault(f'"{key}" must be a whole number of at least {least}')
        return value

    def zone(self, table: dict, key: str, default: str | None = None) -> str | None:
        value = self.text(table, key, default)
        try:
            if value is not None:
                ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise self.fault(f'unknown time zone "{value}" (write one such as America/New_York)') from error
        return value


def check_sections(path: Path, tables: dict) -> None:
    """Refuses unknown sections, sections of the wrong shape, and a file without firm or source."""
    for name, value in tables.items():
        if name not in SECTIONS:
            known = ", ".join(f"[[{one}]]" if one in TABLES_IN_LISTS else f"[{one}]" for one in SECTIONS)
            raise Problem(f'{path}: unknown section "{name}". Known: {known}.')
        is_list = isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)
        if name in TABLES_IN_LISTS and not is_list:
            raise Problem(f"{path}: write [[{name}]], with two brackets, once for each {name}.")
        if name not in TABLES_IN_LISTS and not isinstance(value, dict):
            raise Problem(f"{path}: write [{name}], with one bracket, and only once.")
    for name, written in (("firm", "[firm]"), ("source", "[[source]]")):
        if name not in tables:
            raise Problem(f"{path}: no {written}. The file needs a [firm] and at least one [[source]].")


def read_firm(path: Path, table: dict) -> tuple[str, str]:
    """The firm's name, and its time zone."""
    place = Place(path, "[firm]")
    place.unknown(table, ("name", "timezone"))
    zone = place.zone(table, "timezone")
    if zone is None:
        raise place.fault('no "timezone" (of dates and of the screen, such as America/New_York)')
    return place.text(table, "name", "") or "", zone


def read_limits(path: Path, table: dict) -> Limits:
    """The limits, with defaults for those not set."""
    place = Place(path, "[limits]")
    place.unknown(table, LIMITS)
    return Limits(**{name: place.number(table, name, getattr(Limits, name)) for name in LIMITS})


@dataclass(frozen=True)
class Retention:
    """After how many days something goes; null for never."""

    inbox_days: int | None = None
    quarantine_days: int | None = None
    report_days: int | None = None


RETENTION = tuple(one.name for one in fields(Retention))


def read_retention(path: Path, table: dict) -> Retention:
    """How long exports as they came, the text of records set aside, and reports are kept."""
    place = Place(path, "[retention]")
    place.unknown(table, RETENTION)
    return Retention(**{name: place.number(table, name, None) for name in RETENTION})


def read_sources(path: Path, tables: list[dict], firm_timezone: str) -> tuple[Source, ...]:
    """The sources in their order; two of one name are refused."""
    sources = tuple(
        read_source(path, table, number, firm_timezone) for number, table in enumerate(tables, start=1)
    )
    names = [source.name for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise Problem(f'{path}: two [[source]] are named "{name}". Give each a name of its own.')
    return sources


def read_source(path: Path, table: dict, number: int, firm_timezone: str) -> Source:
    """One [[source]], checked key by key."""
    name = Place(path, f"[[source]] number {number}").text(table, "name")
    if name is None:
        raise Problem(f'{path}: [[source]] number {number} has no "name".')
    place = Place(path, f'[[source]] "{name}"')
    place.unknown(table, SOURCE_KEYS)
    kind = place.text(table, "kind", "events")
    if kind not in KINDS:
        raise place.fault(f'"kind" must be one of {", ".join(KINDS)}')
    if "files" not in table:
        raise place.fault('no "files" (patterns on the file name, such as ["*.csv"])')
    columns = read_columns(Place(path, f'[source.columns] of "{name}"'), place.table(table, "columns"), kind)
    constants = read_constants(
        Place(path, f'[source.constants] of "{name}"'), place.table(table, "constants"), kind
    )
    for column in columns.keys() & constants.keys():
        raise place.fault(f'"{column}" has both headings and a constant; keep one of them,')
    return Source(
        name=name,
        kind=kind,
        files=place.texts(table, "files"),
        firm_id=place.text(table, "firm_id"),
        timezone=place.zone(table, "timezone", firm_timezone) or firm_timezone,
        firm_timezone=firm_timezone,
        time_formats=read_formats(place, table),
        columns=columns,
        constants=constants,
    )


def read_formats(place: Place, table: dict) -> tuple[str, ...]:
    """The time formats, each tried on an afternoon: it must come back with its date, and not as a morning."""
    formats = place.texts(table, "time_formats") if "time_formats" in table else ()
    for one in formats:
        if one in ("epoch", "epoch_ms"):
            continue
        unknown = [name for name in re.findall("%(.?)", one, re.DOTALL) if name not in DIRECTIVES]
        if unknown:
            known = ", ".join(f"%{name}" for name in DIRECTIVES)
            raise place.fault(f'time format "{one}" has "%{unknown[0]}", which is not known (known: {known})')
        try:
            written = PROBE.strftime(one)
            read = datetime.strptime(written, one)
        except (ValueError, re.error) as error:
            raise place.fault(f'time format "{one}" is no strptime format') from error
        if (read.year, read.month, read.day) != (PROBE.year, PROBE.month, PROBE.day):
            raise place.fault(f'time format "{one}" does not hold a whole date (day, month and year)')
        if read.hour not in (0, PROBE.hour):
            raise place.fault(f'time format "{one}" reads afternoons as mornings: %I needs %p, or write %H,')
    return formats


def read_columns(place: Place, table: dict, kind: str) -> dict[str, tuple[str, ...]]:
    """Our column -> its headings; a heading that could mean two columns is refused."""
    place.unknown(table, contract(kind))
    columns = {name: place.texts(table, name) for name in table}
    meant = {loose(name): name for name in contract(kind)}
    for name, headings in columns.items():
        for heading in headings:
            word = loose(heading)
            if not word:
                raise place.fault(f'the heading "{heading}" of "{name}" has no letter or digit')
            if meant.setdefault(word, name) != name:
                raise place.fault(f'the heading "{heading}" stands for both "{meant[word]}" and "{name}"')
    return columns


def read_constants(place: Place, table: dict, kind: str) -> dict[str, str]:
    """Our column -> the value of every row, as text."""
    place.unknown(table, contract(kind))
    if "firm_id" in table:
        raise place.fault('"firm_id" is a key of the [[source]] itself; write it there and not')
    constants = {}
    for name, value in table.items():
        if isinstance(value, (dict, list, float)) or (isinstance(value, str) and not value.strip()):
            raise place.fault(f'"{name}" must be one value, not empty,')
        constants[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return constants
