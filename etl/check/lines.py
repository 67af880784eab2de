"""The lines to paste for the contents of a file and for many files: once for all that need the same."""

import re
import tomllib
from collections.abc import Sequence
from fnmatch import fnmatchcase

from etl.check.content import ContentCheck, FileCheck
from etl.check.names_in import TABS, literally
from etl.check.toml_texts import free_name, texts
from etl.config.names import WORD
from etl.store.texts import PLACE

# A file without labels or times may be no log at all.
NO_LOG = "# No heading looks like "
NAME = re.compile(r'^name = "(.*)"$', re.MULTILINE)
FILES = re.compile(r"^files = (.*)$", re.MULTILINE)
# What differs between files that need the same lines.
OWN = re.compile(r"^(?:name|files) = .*$|  # .*$", re.MULTILINE)
NAME_PATTERN = re.compile(r'^(?:# )?file = "(.*?)"', re.MULTILINE)
Group = list[tuple[FileCheck, ContentCheck]]


def lines_of_all(checks: Sequence[FileCheck]) -> list[str]:
    """The lines to paste, each once, for all files that need them. Each source has a name of its own."""
    groups: dict[str, Group] = {}
    for check in checks:
        for content in check.contents:
            if content.toml and (len(checks) == 1 or NO_LOG not in content.toml):
                groups.setdefault(OWN.sub("", content.toml), []).append((check, content))
    taken = {name for check in checks for name in check.source_names}
    found = []
    for own in groups.values():
        others = [other for group in groups.values() if group is not own for other in group]
        toml = own[0][1].toml or ""
        # The name is of letters; a number at its end is for the settings alone.
        name = free_name(NAME.findall(toml)[0].rstrip(" 0123456789"), taken)
        taken.add(name)
        toml = NAME.sub(f'name = "{name}"', toml, count=1)
        files = f"files = {texts(patterns_for(own, others, checks))}"
        found.append(toml.replace(f"files = {FILES.findall(toml)[0]}", files, 1))
    return found


def patterns_for(own: Group, others: Group, checks: Sequence[FileCheck]) -> list[str]:
    """Patterns for the names of the files of a group; for sheets alone if others of the file need more."""
    files = {check.name for check, _ in own}
    is_shared = any(check.name in files for check, _ in others)
    narrow = [
        pattern + (f"{PLACE}{literally(content.name.partition(PLACE)[2])}" if is_shared else "")
        for _, content in own
        for pattern in files_of(content.toml or "")
    ]
    if is_shared or len(files) == 1:
        return list(dict.fromkeys(narrow))
    wide = wide_patterns(own)
    names = [check.name.casefold() for check in checks if check.name not in files]
    return (
        wide
        if wide and not any(fnmatchcase(name, one) for name in names for one in wide)
        else list(dict.fromkeys(narrow))
    )


def files_of(toml: str) -> list[str]:
    match = FILES.search(toml)
    return tomllib.loads(match[0])["files"] if match else []


def wide_patterns(own: Group) -> list[str]:
    """Patterns for all names that a proposed pattern of [source.names] fits; none if there is none.

    With a constant there is none either: other files may need another one.
    """
    toml = own[0][1].toml or ""
    match = NAME_PATTERN.search(toml)
    endings = dict.fromkeys("".join(re.findall(r"\.\w+$", check.name)) for check, _ in own)
    if match is None or "[source.constants]" in toml or any(PLACE in pattern for pattern in files_of(toml)):
        return []
    first = "[0-9]*" if all(check.name[:1].isdigit() for check, _ in own) else "*"
    tabs = TABS if "{tab}" in match[1] else ("",)
    return [glob(match[1], first, tab) + ending for tab in tabs for ending in endings]


def glob(pattern: str, first: str, tab: str) -> str:
    """A pattern of [source.names] as one for files; `first` is for an ID at its start."""
    text, end = "", 0
    for match in WORD.finditer(pattern):
        text += literally(pattern[end : match.start()])
        text += tab if match[1] == "tab" else first if match[1] == "return_id" and not text else "*"
        end = match.end()
    return text + literally(pattern[end:])
