"""What the firm says about itself and its exports: data/settings.toml, read strictly.

An unknown key is a Problem: a misspelt one that is passed over would change how every file is read, in silence.
"""

import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from etl.common.problem import Problem
from etl.config.access import Access, read_access
from etl.config.settings_check import (
    Retention,
    check_sections,
    read_firm,
    read_limits,
    read_retention,
    read_sources,
)
from etl.config.source import Limits, Source, unpacked_name
from etl.config.subscription import Mail, Subscription, read_mail, read_subscriptions


@dataclass(frozen=True)
class Settings:
    """The whole file; the raw tables are checked by the parts of the program that use them."""

    path: Path
    firm_name: str
    timezone: str
    sources: tuple[Source, ...]
    limits: Limits = Limits()
    retention: Retention = Retention()
    subscriptions: tuple[Subscription, ...] = ()
    mail: Mail | None = None
    access: Access | None = None
    spark: dict = field(default_factory=dict)


def read_settings(path: Path) -> Settings:
    """The settings in `path`. Raises a Problem that names file, section, key and what is known."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        tables = tomllib.loads(text)
    except OSError as error:
        raise Problem(f"{path}: the settings cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise Problem(f"{path}: the settings are not UTF-8 text. Save the file as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise Problem(f"{path}: not TOML: {error}.") from error
    check_sections(path, tables)
    firm_name, timezone = read_firm(path, tables["firm"])
    mail = read_mail(path, tables.get("mail"))
    return Settings(
        path=path,
        firm_name=firm_name,
        timezone=timezone,
        sources=read_sources(path, tables["source"], timezone),
        limits=read_limits(path, tables.get("limits", {})),
        retention=read_retention(path, tables.get("retention", {})),
        subscriptions=read_subscriptions(path, tables.get("subscription", []), mail),
        mail=mail,
        access=read_access(path, tables.get("access")),
        spark=tables.get("spark", {}),
    )


def source_of(settings: Settings, file_name: str) -> Source:
    """The first source whose patterns match the file's name, with or without the ending of its compression."""
    name = Path(file_name).name.casefold()
    names = {name, unpacked_name(name)}
    for source in settings.sources:
        if any(fnmatchcase(one, pattern.casefold()) for one in names for pattern in source.files):
            return source
    known = "; ".join(f'"{source.name}": {", ".join(source.files)}' for source in settings.sources)
    raise Problem(f"no [[source]] in {settings.path} matches this file's name. Patterns of files: {known}.")
