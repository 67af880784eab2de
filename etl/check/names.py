"""Proposes [source.names] for what a file lacks and its name has, such as the ID of the return.

What a part of a name means only a person can say, so a pattern is a choice. One with nothing but the tab is
certain where the name says "client tracking" or "internal tracking".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from glob import escape

from etl.check.inspect import Found
from etl.check.proposal import Choice, Line, Lines, choice, toml_value
from etl.common.problem import Problem, listed
from etl.config.names import taken, words_of
from etl.config.source import unpacked_name

# What a name may have in place of a column, with an example for a name that lacks it.
EXAMPLES = {"return_id": "2025-0001", "tab": "client"}
WORDS = {"return_id": "the ID of the return", "tab": "the tab"}
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
# Between the parts of a name. Blanks beside & are inside of a part: Smith & Co.
BLANKS = re.compile(r"(?i)((?<![&+\s_])(?<!\sand)[\s_]+(?![&+\s_]|and\s))")
# A year, and the number of a form.
YEAR_OR_FORM = re.compile(r"(?:19|20)\d\d|1040(?:nr|sr)?|1041|1065|1120[a-z]?|990|709|706|5500", re.I)


@dataclass(frozen=True)
class Pattern:
    """A pattern for names, and the values that it takes from the name that it was made of."""

    text: str
    values: dict[str, str]


@dataclass(frozen=True)
class NameLines:
    """The lines of [source.names], and what they mean for the pattern of the source on file names."""

    lines: Lines
    # Whether the name of the file has the tab, or will have it.
    has_tab: bool
    # The first pattern proposed for the name of the file, and whether the file has to be renamed for it.
    pattern: str
    is_renamed: bool


def name_lines(found: Found) -> NameLines:
    """The lines of the source, and proposals for the ID and the tab."""
    names, lines = found.source.names, list[Line | Choice]()
    wanted = EXAMPLES.keys() - names.columns | {"tab"}
    missing = [one.column for one in found.suggested if one.column in wanted and not one.is_certain]
    in_file = [] if names.file else [one for one in missing if patterns(found.name, [one])]
    has_client = "return_id" in in_file and not found.columns.has("client_name")
    proposals = {"file": patterns(found.name, in_file, has_client) if in_file else []}
    left = [column for column in missing if column not in in_file]
    for key, name in (("folder", found.folder), ("sheet", found.unpacked.sheet)):
        # The shipped pattern for sheets is for the tab.
        is_unused = words_of(getattr(names, key)).isdisjoint(found.values)
        proposals[key] = patterns(name, ["return_id"]) if name and is_unused and "return_id" in left else []
        if proposals[key]:
            left.remove("return_id")
    proposed = {column for own in proposals.values() for one in own for column in one.values}
    for key, own in proposals.items():
        existing = getattr(names, key)
        # A column can be in one kind of name only.
        is_kept = existing and not own and proposed.isdisjoint(words_of(existing))
        if is_kept and (key != "sheet" or found.unpacked.sheet is not None):
            lines.append(Line(key, existing))
        lines += pattern_lines(found, key, own)
    pattern = next((one.text for one in proposals["file"]), "")
    left = [column for column in left if column not in found.headed]
    is_renamed = "return_id" in left and not names.file
    if is_renamed:
        pattern = " ".join([*(f"{{{column}}}" for column in left), f"{found.name}*"])
        lines.append(renaming(found.name, left, pattern))
    return NameLines(tuple(lines), is_renamed or "tab" in in_file, pattern, is_renamed)


def pattern_lines(found: Found, key: str, own: list[Pattern]) -> Lines:
    """A pattern that has only the tab is certain if the name is clear; others are a choice."""
    if len(own) == 1 and own[0].values.keys() == {"tab"} and is_clear_tab(found):
        return (Line(key, own[0].text),)
    lines = []
    for one in own:
        values = ", ".join(f"{column}: {value}" for column, value in one.values.items())
        lines.append(Line(key, one.text, values))
    return choice(f"What does the name of the {key} mean?", lines)


def is_clear_tab(found: Found) -> bool:
    """Whether the name says the tab in full, and neither a heading nor labels may say another one."""
    match = CLEAR_TAB.search(found.name) if "tab" not in found.headed else None
    return match is not None and (found.tab is None or match[0].casefold().startswith(found.tab.casefold()))


def renaming(name: str, left: list[str], pattern: str) -> Choice:
    """What to do if neither the file nor its name has the ID of the return."""
    lacking = listed([WORDS[column] for column in left])
    renamed = toml_value(" ".join([*(EXAMPLES[column] for column in left), name]))
    todo = f"Put it into the name, such as {renamed}, and delete the # here:"
    return Choice(f"Neither the file nor its name has {lacking}. {todo}", (Line("file", pattern),))


def patterns(name: str, wanted: Sequence[str], has_client: bool = False) -> list[Pattern]:
    """The patterns that take the wanted columns from a name, and the client's name if it has one.

    There is one for each part that may be the ID of the return; none if a wanted column is not in the name.
    """
    parts = [part for part in BLANKS.split(name) if part]
    tabs = [number for number, part in enumerate(parts) if part.casefold() in TABS]
    tab = tabs[0] if len(tabs) == 1 and "tab" in wanted else None
    ids: list[int | None] = [None]
    if "return_id" in wanted:
        ids = [number for number, part in enumerate(parts) if is_like_id(part)]
    found = [pattern_of(parts, own, tab, has_client) for own in ids]
    return [one for one in found if set(wanted) <= one.values.keys() and fits(one, name)]


def is_like_id(part: str) -> bool:
    """Whether a part of a name may be an ID, and is no date, year, form or number of a copy."""
    is_other = DATE.fullmatch(part) or YEAR_OR_FORM.fullmatch(part)
    return bool(ID.fullmatch(part)) and sum(map(str.isdigit, part)) >= LEAST_DIGITS and not is_other


def pattern_of(parts: Sequence[str], own: int | None, tab: int | None, has_client: bool) -> Pattern:
    """The pattern with the ID and the tab at these parts of a name."""
    texts: list[str] = []
    values: dict[str, str] = {}
    for number, part in enumerate(parts):
        is_name = has_client and part[0].isalpha() and not re.search(r"\d", part)
        if number == own:
            texts.append("{return_id}")
            values["return_id"] = part
        elif number == tab:
            texts.append("{tab}")
            values["tab"] = part
        elif part.isspace() or set(part) == {"_"} or USUAL.fullmatch(part):
            texts.append(part)
        elif is_name and texts[-2:-1] == ["{client_name}"]:
            values["client_name"] += texts.pop() + part
        elif is_name and "client_name" not in values:
            texts.append("{client_name}")
            values["client_name"] = part
        else:
            texts.append("*")
    # After a word, more may follow in other names.
    return Pattern("".join(texts) + ("" if texts[-1].endswith(("}", "*")) else "*"), values)


def fits(pattern: Pattern, name: str) -> bool:
    """Whether a pattern takes its values from a name, and no others."""
    try:
        return taken(pattern.text, name) == pattern.values
    except Problem:
        return False


def file_patterns(file_name: str, names: NameLines, has_constants: bool) -> tuple[list[str], list[str]]:
    """The patterns of a source for files like this one, and for all that a proposed pattern fits.

    With a constant there is only one, for this name alone, because other files may need another constant.
    """
    name = unpacked_name(file_name)
    suffix = "".join(re.findall(r"\.\w+$", name))
    stem = name.removesuffix(suffix)
    first = "[0-9]*" if stem[:1].isdigit() else "*"
    is_for_others = names.pattern and not has_constants
    wide = [glob_of(names.pattern, first, tab) + suffix for tab in TABS if is_for_others]
    if names.is_renamed:
        return [glob_of(names.pattern, "*", "*") + suffix], wide
    # With other numbers, and with the other tab.
    variants = [stem]
    for own, other in (TABS, TABS[::-1]) if names.has_tab else ():
        variants.append(re.sub(rf"(?i)(?<![a-z]){own}(?![a-z])", other, stem))
    own_patterns = list(dict.fromkeys(map(with_stars, variants)))
    has_letters = re.search(r"[^\W\d_]", re.sub(r"\[.\]", "", own_patterns[0]))
    if has_constants or not has_letters:
        own_patterns = [escape(stem)]
    return [pattern + suffix for pattern in own_patterns], wide


def with_stars(stem: str) -> str:
    return re.sub(r"(?:\*[ _.()-]*)+\*", "*", re.sub(r"\d+", "*", escape(stem)) + "*")


def glob_of(pattern: str, first: str, tab: str) -> str:
    """A pattern of [source.names] as one for files, with `first` for an ID at its start."""
    text = re.sub(r"^\{return_id\}", first, escape(pattern)).replace("{tab}", tab)
    return re.sub(r"\{\w+\}|\[\*\]", "*", text)
