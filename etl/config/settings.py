"""Reads settings.toml strictly: the firm, its exports, limits, subscriptions, mail and access.

An unknown key is a Problem: a misspelled key that is ignored would silently change how every file is read.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from etl.common.problem import Problem
from etl.config.access import Access, read_access
from etl.config.aging import WaitLimit, read_aging
from etl.config.place import Count, Day, Place, Text, Truth, Zone, keys
from etl.config.source import Limits, Source, read_sources, unpacked_name
from etl.config.subscription import Mail, Subscription, read_mail, read_subscriptions

SECTIONS = ("firm", "source", "limits", "aging", "retention", "subscription", "mail", "access", "spark")
LISTS_OF_SECTIONS = ("source", "subscription")


@dataclass(frozen=True, kw_only=True)
class Firm:
    """The firm's name, the time zone of dates and screen, and whether ids of nine digits are its own."""

    name: Text = ""
    timezone: Zone
    nine_digit_ids: Truth = False


@dataclass(frozen=True)
class Retention:
    """After how many days files are removed; None for never.

    `clock_was_right_on` is a day on which a person has compared the clock of the machine with a calendar.
    """

    inbox_days: Count | None = None
    quarantine_days: Count | None = None
    report_days: Count | None = None
    clock_was_right_on: Day | None = None


@dataclass(frozen=True)
class Settings:
    """The whole file; [spark] is checked where it is used."""

    path: Path
    firm_name: str
    timezone: str
    sources: tuple[Source, ...]
    limits: Limits
    aging: tuple[WaitLimit, ...]
    retention: Retention
    subscriptions: tuple[Subscription, ...]
    mail: Mail | None
    access: Access | None
    spark: dict[str, Any]


def read_settings(path: Path) -> Settings:
    """The settings in `path`. Raises a Problem that names file, section, key and the known keys."""
    try:
        tables = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise Problem(f"{path}: the settings cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise Problem(f"{path}: the settings are not UTF-8 text. Save the file as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise Problem(f"{path}: not TOML: {error}.") from error
    check_sections(path, tables)

    def read(name: str, kind: Any) -> Any:
        return Place(path, f"[{name}]", tables.get(name, {}), keys(kind)).read(kind)

    firm: Firm = read("firm", Firm)
    mail = read_mail(path, tables.get("mail"))
    return Settings(
        path=path,
        firm_name=firm.name,
        timezone=firm.timezone,
        sources=read_sources(path, tables["source"], firm.timezone, firm.nine_digit_ids),
        limits=read("limits", Limits),
        aging=read_aging(path, tables.get("aging", {})),
        retention=read("retention", Retention),
        subscriptions=read_subscriptions(path, tables.get("subscription", []), mail),
        mail=mail,
        access=read_access(path, tables.get("access")),
        spark=tables.get("spark", {}),
    )


def check_sections(path: Path, tables: dict[str, Any]) -> None:
    """Refuses unknown sections, sections of the wrong shape, and a file without firm or source."""
    written = {name: f"[[{name}]]" if name in LISTS_OF_SECTIONS else f"[{name}]" for name in SECTIONS}
    for name, value in tables.items():
        if name not in SECTIONS:
            raise Problem(f'{path}: unknown section "{name}". Known: {", ".join(written.values())}.')
        if name in LISTS_OF_SECTIONS:
            if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
                raise Problem(f"{path}: write [[{name}]], with two brackets, once for each {name}.")
        elif not isinstance(value, dict):
            raise Problem(f"{path}: write [{name}], with one bracket, and only once.")
    for name in ("firm", "source"):
        if name not in tables:
            raise Problem(f"{path}: no {written[name]}. The file needs a [firm] and at least one [[source]].")


def source_of(settings: Settings, *file_names: str) -> Source:
    """The first source for a file that has no web hooks."""
    return next(source for source in sources_of(settings, *file_names) if source.kind != "webhook")


def sources_of(settings: Settings, *file_names: str) -> Iterator[Source]:
    """The sources with a pattern for one of a file's names, with or without an ending such as .gz, in order.

    Raises a Problem at the end: a file is for the first one, and for one of web hooks only if its content is.
    """
    own = [Path(name).name.casefold() for name in file_names]
    names = {*own, *map(unpacked_name, own)}
    for source in settings.sources:
        if any(fnmatchcase(one, pattern.casefold()) for one in names for pattern in source.files):
            yield source
    known = "; ".join(f'"{source.name}": {", ".join(source.files)}' for source in settings.sources)
    raise Problem(f"no [[source]] in {settings.path} matches this file's name. Patterns of files: {known}.")
