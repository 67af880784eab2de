"""A check of many files as one table, and the lines to paste, once for all files that need the same."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from etl.check.content import ContentCheck, FileCheck, Table
from etl.check.names_in import TABS, literally
from etl.check.text import joined, paste_text, section, table
from etl.check.toml_texts import texts
from etl.config.names import WORD
from etl.store.texts import PLACE

TITLES = ("file", "taken from names", "records", "kept", "quarantined", "problem")
LONGEST = 100
FILES = re.compile(r"^files = (.*)$", re.MULTILINE)
# A file without labels or times may be no log at all.
NO_LOG = "# No heading looks like "
# What differs between files that need the same lines.
OWN = re.compile(r"^(?:name|files) = .*$|  # .*$", re.MULTILINE)
NAME_PATTERN = re.compile(r'^(?:# )?file = "(.*?)"', re.MULTILINE)


def overview(checks: Sequence[FileCheck]) -> Table:
    """One row for each content, and for each file that would be refused as a whole."""
    rows = []
    for check in checks:
        for content in check.contents:
            names = ", ".join(f"{column}: {value}" for column, value in content.from_names)
            quarantined = sum(one.count for one in content.quarantined)
            numbers = (content.records, content.kept, quarantined)
            problem = first_sentence(content.refusal or reasons_of(content) or labels_of(content))
            rows.append((content.name, names, *map(str, numbers), problem))
        if check.refusal:
            rows.append((check.name, "", "", "", "", first_sentence(check.refusal)))
    return Table(TITLES, rows)


def reasons_of(content: ContentCheck) -> str:
    return ", ".join(f"{one.reason}: {one.count}" for one in content.quarantined)


def labels_of(content: ContentCheck) -> str:
    unknown = content.labels.unknown_count
    return f"unknown labels: {unknown} of {content.labels.count}" if unknown else ""


def overview_text(checks: Sequence[FileCheck]) -> str:
    """The table, what was passed over, the lines to paste, and the totals as the last line."""
    found = overview(checks)
    passed = [f"{name}: {reason}" for check in checks for name, reason in check.passed]
    sections = ["\n".join(table(found.titles, found.rows)), section("Passed over", passed)]
    pasted = [check for check in checks if check.paste_into]
    sections += [paste_text(pasted[0], toml) for toml in lines_of_all(checks)] if pasted else []
    return joined([*sections, f"{totals(checks)} Nothing was stored."])


def totals(checks: Sequence[FileCheck]) -> str:
    contents = [content for check in checks for content in check.contents]
    quarantined = sum(one.count for content in contents for one in content.quarantined)
    refusals = [*(check.refusal for check in checks), *(content.refusal for content in contents)]
    refused = sum(refusal is not None for refusal in refusals)
    numbers = f"{sum(one.records for one in contents)} records, {sum(one.kept for one in contents)} kept"
    return f"{len(checks)} files: {numbers}, {quarantined} quarantined; {refused} would be refused."


def first_sentence(text: str) -> str:
    """The first sentence of a message, shortened: the check of the file alone has all of it."""
    sentence = re.split(r"(?<=[^\d\W])\. ", text.strip(), maxsplit=1)[0].removesuffix(".")
    return sentence if len(sentence) <= LONGEST else f"{sentence[: LONGEST - 3]}..."


def lines_of_all(checks: Sequence[FileCheck]) -> list[str]:
    """The lines to paste, each once, for all files that need them."""
    found: dict[str, list[tuple[FileCheck, ContentCheck]]] = {}
    for check in checks:
        for content in check.contents:
            if content.toml and NO_LOG not in content.toml:
                found.setdefault(OWN.sub("", content.toml), []).append((check, content))
    return [lines_for(own, checks) for own in found.values()]


def lines_for(own: list[tuple[FileCheck, ContentCheck]], checks: Iterable[FileCheck]) -> str:
    """The lines of the first of some files, for the names of all of them."""
    toml = own[0][1].toml or ""
    narrow = list(dict.fromkeys(pattern for _, content in own for pattern in files_of(content.toml or "")))
    if len({check.name for check, _ in own}) == 1:
        return toml
    own_names = {check.name for check, _ in own}
    wide = wide_patterns(toml, own)
    others = [check.name for check in checks if check.name not in own_names]
    is_wide = wide and not any(fnmatchcase(name.casefold(), one) for name in others for one in wide)
    return FILES.sub(lambda _: f"files = {texts(wide if is_wide else narrow)}", toml, count=1)


def files_of(toml: str) -> list[str]:
    match = FILES.search(toml)
    return tomllib.loads(match[0])["files"] if match else []


def wide_patterns(toml: str, own: list[tuple[FileCheck, ContentCheck]]) -> list[str]:
    """Patterns for all names that a proposed pattern of [source.names] fits; none if there is none."""
    match = NAME_PATTERN.search(toml)
    endings = dict.fromkeys("".join(re.findall(r"\.\w+$", check.name)) for check, _ in own)
    if match is None or any(PLACE in pattern for pattern in files_of(toml)):
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
