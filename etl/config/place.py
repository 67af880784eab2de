"""A section of a TOML file, read strictly: each Problem names file, section, key and value."""

import json
from collections.abc import Collection
from dataclasses import MISSING, dataclass, fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from etl.common.problem import Problem

# The types of settings. Problems quote their descriptions: "idle_minutes" must be <description>.
Text = Annotated[str, Meta(pattern=r"\S", description="a text in quotes")]
Texts = Annotated[tuple[Text, ...], Meta(min_length=1, description="a list of one or more texts")]
Count = Annotated[int, Meta(ge=1, description="a whole number of at least 1")]
Day = Annotated[date, Meta(description="a date without quotes, such as 2026-09-30")]
Truth = Annotated[bool, Meta(description="true or false")]
Zone = Annotated[str, Meta(description="a time zone such as America/New_York")]

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Section = TypeVar("Section", bound="DataclassInstance")


@dataclass(frozen=True)
class Place:
    """A section, its name and its file. Raises a Problem for the first key that is not known."""

    path: Path
    section: str
    table: dict[str, Any]
    known: Collection[str] | None = None

    def __post_init__(self) -> None:
        for key in self.table:
            if self.known is not None and key not in self.known:
                fault = f'unknown key "{key}" under {self.section}'
                raise Problem(f"{self.path}: {fault}. Known: {', '.join(self.known)}.")

    def fault(self, sentence: str) -> Problem:
        return Problem(f"{self.path}: {sentence} under {self.section}.")

    def value(self, key: str, kind: Any, default: Any = MISSING) -> Any:
        """The value of a key. Raises a Problem if it is not of this type, or missing without a default."""
        if key not in self.table:
            if default is MISSING:
                raise self.fault(f'no "{key}" ({description(kind)})')
            return default
        try:
            value = msgspec.convert(self.table[key], kind)
            if kind is Zone:
                ZoneInfo(value)
        except (msgspec.ValidationError, KeyError, ValueError, OSError) as error:
            shown = json.dumps(self.table[key], ensure_ascii=False, default=str)
            raise self.fault(f'"{key}" must be {description(kind)}, not {shown},') from error
        return value

    def below(self, key: str, section: str, known: Collection[str] | None = None) -> "Place":
        """The section under a key; an empty section if it is missing."""
        table = self.table.get(key, {})
        if not isinstance(table, dict):
            raise self.fault(f'"{key}" must be a section of its own')
        return Place(self.path, section, table, known)

    def read(self, kind: type[Section], /, **given: Any) -> Section:
        """The section as a dataclass, which has the types and defaults; `given` fields are not read."""
        types = get_type_hints(kind, include_extras=True)
        for key, field in zip(keys(kind), fields(kind), strict=True):
            is_needed = field.default is MISSING and field.default_factory is MISSING
            if field.name not in given and (is_needed or key in self.table):
                given[field.name] = self.value(key, types[field.name])
        return kind(**given)


def keys(kind: type["DataclassInstance"]) -> tuple[str, ...]:
    """The keys of a dataclass in the settings; metadata has the key if Python cannot use it as a name."""
    return tuple(field.metadata.get("key", field.name) for field in fields(kind))


def description(kind: Any) -> str:
    """What a value of a type must be, in the words of a Problem."""
    arguments = get_args(kind)
    if get_origin(kind) is Literal:
        return f"one of {', '.join(arguments)}"
    own = [one.description for one in arguments if isinstance(one, Meta) and one.description]
    return own[-1] if own else next(filter(None, map(description, arguments)), "")
