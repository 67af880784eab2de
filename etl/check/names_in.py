"""Proposes patterns of [source.names] for what a file lacks and its name has, such as the ID of the return.

What a part of a name means only a person can say, so a pattern is a choice. One with nothing but the tab is
certain where the name says "client tracking" or "internal tracking".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from etl.common.problem import Problem
from etl.config.names import taken

TABS = ("client", "internal")
CLEAR_TAB = re.compile(r"(?i)\b(?:client|internal)[ _-]*tracking\b")
# Words of names that are neither clients nor ids.
USUAL = re.compile(
    "(?i)tracking|logs?|exports?|events?|users?|report|history|audit|trail|activity|returns?|tax|copy|of|the|and"
    "|tab|list|data|sheet|all|final|new|old|from|to|for"
)
DATE = re.compile(
    r"(?:19|20)\d\d[-._](?:0[1-9]|1[0-2])|"
    r"(?:19|20)\d\d([-._]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])|\d{1,2}([-._])\d{1,2}\2(?:\d\d){1,2}"
)
ID = re.compile(r"[A-Za-z]{0,4}[-#]?\d+(?:[-.]?[A-Za-z]?\d+)*[A-Za-z]?")
LEAST_DIGITS = 3
# A year, and the number of a form.
YEAR_OR_FORM = re.compile(r"(?:19|20)\d\d|1040(?:nr|sr)?|1041|1065|1120[a-z]?|990|709|706|5500", re.I)
PLACES = re.compile(r"\{\w+\}|\*")


@dataclass(frozen=True)
class Pattern:
    """A pattern for names, and the values that it takes from the name that it was made of."""

    text: str
    values: dict[str, str]


def patterns(name: str, wanted: Sequence[str], others: Sequence[str] = ()) -> list[Pattern]:
    """The patterns that take the wanted columns from a name, and the client's name if that is lacking too.

    There is one for each part that may be the ID of the return; none if a wanted column is not in the name.
    """
    parts = [part for part in re.split(r"([\s_]+)", name) if part]
    tabs = [number for number, part in enumerate(parts) if part.casefold() in TABS]
    tab = tabs[0] if len(tabs) == 1 and "tab" in wanted else None
    ids = (
        [number for number, part in enumerate(parts) if is_like_id(part)] if "return_id" in wanted else [None]
    )
    found = []
    for own in ids:
        text, values = written(parts, own, tab, "client_name" in others)
        if set(wanted) <= values.keys() and fits(text, values, name):
            found.append(Pattern(text, values))
    return found


def is_like_id(part: str) -> bool:
    """Whether a part of a name may be an ID, and is no date, year, form or number of a copy."""
    is_other = DATE.fullmatch(part) or YEAR_OR_FORM.fullmatch(part)
    return bool(ID.fullmatch(part)) and sum(map(str.isdigit, part)) >= LEAST_DIGITS and not is_other


def written(
    parts: list[str], own: int | None, tab: int | None, has_client: bool
) -> tuple[str, dict[str, str]]:
    """The pattern with the ID and the tab at these parts, and its values."""
    texts: list[str] = []
    values: dict[str, str] = {}
    for number, part in enumerate(parts):
        if number == own:
            texts.append("{return_id}")
            values["return_id"] = part
        elif number == tab:
            texts.append("{tab}")
            values["tab"] = part
        elif part.isspace() or set(part) == {"_"} or USUAL.fullmatch(part):
            texts.append(part)
        elif part[0].isalpha() and not re.search(r"\d", part) and has_client:
            is_next = texts[-2:-1] == ["{client_name}"] and "client_name" in values
            if is_next:
                values["client_name"] += texts.pop() + part
            elif "client_name" not in values:
                texts.append("{client_name}")
                values["client_name"] = part
            else:
                texts.append("*")
        else:
            texts.append("*")
    # After a word, more may follow in other names.
    return "".join(texts) + ("" if PLACES.fullmatch(texts[-1]) else "*"), values


def fits(text: str, values: dict[str, str], name: str) -> bool:
    """Whether a pattern takes these values from a name, and no others."""
    try:
        return taken(text, name) == values
    except Problem:
        return False


def file_patterns(stem: str, has_tab: bool) -> list[str]:
    """Patterns for names like this one: with other numbers, and if it has a tab, with the other tab."""
    variants = [stem]
    for own, other in (TABS, TABS[::-1]) if has_tab else ():
        variants.append(re.sub(rf"(?i)(?<![a-z]){own}(?![a-z])", other, stem))
    return list(dict.fromkeys(map(with_stars, variants)))


def with_stars(stem: str) -> str:
    escaped = literally(stem)
    return re.sub(r"(?:\*[ _.()-]*)+\*", "*", re.sub(r"\d+", "*", escaped) + "*")


def literally(name: str) -> str:
    """A name as a pattern that matches only it."""
    return re.sub(r"[\[?*]", lambda match: f"[{match[0]}]", name)
