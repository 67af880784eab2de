"""The lines of [source.names] for a content: those of its source, and proposals for what it lacks."""

from dataclasses import dataclass, field

from etl.check.inspect import Found
from etl.check.names_in import CLEAR_TAB, Pattern, patterns
from etl.check.toml_texts import printed, quoted, texts
from etl.config.names import words_of

QUESTION = "What does the name of the {} mean? If this is right, delete the # before it:"
RENAME = "Neither the file nor its name has {}. Put it into the name, such as {}, and delete the # here:"


@dataclass
class NameLines:
    """The lines, the missing columns that they cover, and patterns for the names of renamed files."""

    lines: list[str] = field(default_factory=list)
    covered: set[str] = field(default_factory=set)
    has_tab: bool = False
    files: list[str] = field(default_factory=list)


def name_lines(found: Found) -> NameLines:
    """The lines of the source, and proposals for the ID and the tab."""
    names, own = found.source.names, NameLines()
    missing = [
        one.column for one in found.suggested if one.column in ("return_id", "tab") and not one.is_certain
    ]
    missing = [column for column in missing if column not in names.columns or column == "tab"]
    free = ["client_name"] if not found.columns.has("client_name") else []
    proposals: dict[str, list[Pattern]] = {"file": [], "folder": [], "sheet": []}
    name = found.name
    wanted = [one for one in missing if patterns(name, [one])]
    if wanted and not names.file:
        proposals["file"] = patterns(name, wanted, free if "return_id" in wanted else [])
        own.has_tab = "tab" in wanted
    left = [column for column in missing if column not in wanted]
    for key, other in (("folder", found.folder), ("sheet", found.unpacked.sheet)):
        # The shipped pattern for sheets is for the tab.
        is_unused = words_of(getattr(names, key)).isdisjoint(found.values)
        if other and is_unused and "return_id" in left:
            proposals[key] = patterns(other, ["return_id"])
            left = [column for column in left if not (proposals[key] and column == "return_id")]
    own.covered = set(missing) - set(left)
    proposed = {
        column for found_patterns in proposals.values() for one in found_patterns for column in one.values
    }
    for key, found_patterns in proposals.items():
        existing = getattr(names, key)
        # A column can be in one kind of name only.
        is_free = proposed.isdisjoint(words_of(existing))
        has_name = key != "sheet" or found.unpacked.sheet is not None
        if existing and is_free and not found_patterns and has_name:
            own.lines.append(f"{key} = {texts(existing)}")
        own.lines += lines_of(key, found_patterns, is_clear_tab(found, name))
    has_candidates = any(one.column == "return_id" and one.headings for one in found.suggested)
    if "return_id" in left and not has_candidates:
        own.lines += renaming(own, name, left)
    return own


def lines_of(key: str, proposals: list[Pattern], is_clear: bool) -> list[str]:
    """A pattern that has only the tab is certain if the name is clear; others are a choice."""
    if len(proposals) == 1 and set(proposals[0].values) == {"tab"} and is_clear:
        return [f"{key} = {quoted(proposals[0].text)}"]
    lines = [f"# {key} = {quoted(one.text)}  # {said(one.values)}" for one in proposals]
    return [f"# {QUESTION.format(key)}", *lines] if lines else []


def is_clear_tab(found: Found, name: str) -> bool:
    """Whether the name says the tab in full, and no label of the file is of the other tab."""
    match = CLEAR_TAB.search(name)
    return match is not None and (found.tab is None or match[0].casefold().startswith(found.tab.casefold()))


def renaming(own: NameLines, name: str, left: list[str]) -> list[str]:
    """What to do if neither the file nor its name has the ID of the return."""
    words, example = ["{return_id}"], ["2025-0001"]
    if "tab" in left:
        words.append("{tab}")
        example.append("client")
    own.covered |= set(left)
    own.files = [f"{'* ' * len(words)}{name}*"]
    lacking = " and ".join("the ID of the return" if column == "return_id" else "the tab" for column in left)
    renamed = quoted(" ".join([*example, name]))
    return [f"# {RENAME.format(lacking, renamed)}", f"# file = {quoted(' '.join([*words, name]) + '*')}"]


def said(values: dict[str, str]) -> str:
    return printed(", ".join(f"{column}: {value}" for column, value in values.items()))
