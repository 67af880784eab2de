"""[source.names]: values in the name of a file, its folder or a sheet, such as the ID of the return.

A pattern is a name with our columns in braces: "{return_id} {client_name} {tab} tracking*".
A star is any text.
"""

import re
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Annotated

from msgspec import Meta

from etl.common.problem import Problem
from etl.config.place import Place, Text

Patterns = Annotated[
    tuple[Text, ...] | Text, Meta(description='a pattern such as "{return_id} *", or a list of them')
]
WORD = re.compile(r"\{([^{}]*)\}|(\*)")
# Of these, a value ends at the first blank; the name of a client may have several words.
WITHOUT_BLANKS = ("return_id", "client_id", "firm_id", "tax_year", "return_type")
TABS = r"(?P<tab>(?:client|internal|user)(?:[ _-]*tracking)?)"
YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True)
class Names:
    """The patterns for the name of a file, its folder and a sheet; of each, the first that fits counts."""

    file: tuple[str, ...] = ()
    folder: tuple[str, ...] = ()
    sheet: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> frozenset[str]:
        """The columns that the patterns have values for."""
        return self.file_columns | words_of(self.sheet)

    @property
    def file_columns(self) -> frozenset[str]:
        """The columns that the name of a file or of its folder has values for."""
        return words_of((*self.file, *self.folder))

    def values(self, file: str, folder: str | None, sheet: str | None) -> dict[str, str]:
        """The values in the names; none where no pattern fits.

        Raises a Problem if one fits in two ways, or if a folder is a year and no more.
        """
        found = first_fitting(self.folder, folder)
        if any(map(YEAR.fullmatch, (found | {"tax_year": ""}).values())):
            fault = "its folder is a year, and names nothing else"
            raise Problem(f"{fault}. Move it into a folder with the right name.")
        return found | first_fitting(self.file, file) | first_fitting(self.sheet, sheet)


def first_fitting(patterns: tuple[str, ...], name: str | None) -> dict[str, str]:
    """The values that the first fitting pattern takes from a name; none without a name."""
    fitting = (own for pattern in patterns if name and (own := taken(pattern, name)) is not None)
    return next(fitting, {})


def words_of(patterns: tuple[str, ...]) -> frozenset[str]:
    return frozenset(column for pattern in patterns for column, _ in WORD.findall(pattern) if column)


def taken(pattern: str, name: str) -> dict[str, str] | None:
    """The values that a pattern takes from a name; None if it does not fit."""
    short, long = expressions(pattern)
    match = short.fullmatch(" ".join(name.split()))
    if match is None:
        return None
    values, other = match.groupdict(), long.fullmatch(match[0])
    # Of two equal texts, the places differ.
    if other and (columns := [column for column in values if match.span(column) != other.span(column)]):
        raise Problem(
            f'the pattern "{pattern}" of [source.names] fits this name in two ways: {columns[0]} differs. '
            "Rename the file, or write the pattern more exactly."
        )
    return {column: value.strip() for column, value in values.items()}


@cache
def expressions(pattern: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A pattern as expressions: one takes as little for each column and star as it can, one as much."""
    texts = []
    for lazy in ("?", ""):
        text, end = "", 0
        for match in WORD.finditer(pattern):
            text += literally(pattern[end : match.start()])
            column, end = match[1], match.end()
            character = "[^ ]" if column in WITHOUT_BLANKS and " " in pattern else "."
            if column is None:
                text += f".*{lazy}"
            elif column == "tab":
                # Beside a star it is a whole word: clientele is no tab.
                before, behind = pattern[: match.start()].endswith("*"), pattern[end:].startswith("*")
                text += r"(?<![^\W_])" * before + TABS + r"(?![^\W_])" * behind
            else:
                text += f"(?P<{column}>{character}+{lazy})"
        texts.append(re.compile(text + literally(pattern[end:]), re.IGNORECASE))
    return texts[0], texts[1]


def literally(text: str) -> str:
    return re.escape(re.sub(r"\s+", " ", text))


def read_names(place: Place, columns: tuple[str, ...]) -> Names:
    """The patterns of a source. Raises a Problem for an unknown column, and for one that is in two places."""
    read: dict[str, tuple[str, ...]] = {}
    owner: dict[str, str] = {}
    for key in place.table:
        if key not in ("file", "folder", "sheet"):
            raise place.fault(f'unknown key "{key}" (known: file, folder, sheet)')
        value = place.value(key, Patterns)
        read[key] = (value,) if isinstance(value, str) else value
        for pattern in read[key]:
            words = [column for column, star in WORD.findall(pattern) if not star]
            for column in words:
                if column not in columns:
                    raise place.fault(f'"{{{column}}}" of "{pattern}" is not one of {", ".join(columns)}')
                if owner.setdefault(column, key) != key or words.count(column) > 1:
                    raise place.fault(f'"{{{column}}}" is in two places')
            if not words or re.search(r"[{}]", WORD.sub("", pattern)) or "}{" in pattern:
                raise place.fault(f'"{pattern}" must have columns in braces, and a text between two of them,')
    return Names(**read)
