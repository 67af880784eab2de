"""The [[source]] that a check proposes, as data that can be compared, and as lines of settings.toml."""

import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from glob import escape
from itertools import count

from etl.check.findings import FileCheck, said
from etl.common.terminal import CONTROL_CHARACTERS
from etl.config.source import Heading
from etl.store.texts import PLACE

LONGEST_NOTE = 80
Value = int | str | tuple[Heading, ...]


@dataclass(frozen=True)
class Line:
    """A key and its value. The note behind it explains, and does not count when lines are compared."""

    key: str
    value: Value
    note: str = field(default="", compare=False)

    def __str__(self) -> str:
        note = re.sub(CONTROL_CHARACTERS, "�", self.note)
        note = note if len(note) <= LONGEST_NOTE else f"{note[:LONGEST_NOTE]}..."
        return f"{self.key} = {toml_value(self.value)}" + (f"  # {note}" if note else "")


@dataclass(frozen=True)
class Choice:
    """Lines of which only a person can say which is right, so that they are comments."""

    question: str
    lines: tuple[Line, ...]

    def __str__(self) -> str:
        return "\n".join([f"# {self.question}", *(f"# {line}" for line in self.lines)])


Lines = tuple[Line | Choice, ...]


def choice(question: str, lines: Sequence[Line]) -> Lines:
    """A choice, with what to do to choose; nothing if there is no line."""
    todo = "Use one of these lines:" if len(lines) > 1 else "If this is right, delete the # before it:"
    return (Choice(f"{question} {todo}", tuple(lines)),) if lines else ()


@dataclass(frozen=True)
class Proposal:
    """A [[source]] for a content. Those for contents that need the same lines are equal."""

    kind: str
    keys: Lines
    columns: Lines
    constants: Lines
    names: Lines
    # The content, its file, and its sheet with what is between it and the file.
    content: str = field(compare=False)
    file: str = field(compare=False)
    sheet: str = field(compare=False)
    # A name, patterns for names of files like this one, and for all that a pattern of `names` fits.
    name: str = field(compare=False)
    files: list[str] = field(compare=False)
    wide_files: list[str] = field(compare=False)
    # Whether headings may mean the label and the time: without them it may be no log at all.
    is_log: bool = field(compare=False)


def sources_to_paste(
    proposals: Sequence[Proposal], checks: Sequence[FileCheck], taken: Collection[str]
) -> list[str]:
    """The text of each [[source]] that files need, once for all contents that need the same.

    Each has a name of its own, also among those of the settings.
    """
    used = set(taken)
    proposals = [one for one in proposals if one.is_log or len(checks) == 1]
    sources = []
    for first in dict.fromkeys(proposals):
        names = (first.name if number == 1 else f"{first.name} {number}" for number in count(1))
        name = next(one for one in names if one not in used)
        used.add(name)
        sources.append(to_toml(first, name, patterns_for(first, proposals, checks)))
    return sources


def patterns_for(
    first: Proposal, proposals: Sequence[Proposal], checks: Sequence[FileCheck]
) -> tuple[str, ...]:
    """Patterns for the names of the files that need these lines; for their sheets if others do not."""
    own = [one for one in proposals if one == first]
    own_files = {one.file for one in own}
    needing = {one.content for one in own}
    others = [one.file for one in proposals if one != first]
    others += [
        check.name
        for check in checks
        for content in check.contents
        if not content.refusal and content.name not in needing
    ]
    if not own_files.isdisjoint(others):
        return unique(
            pattern + (f"{PLACE}{escape(one.sheet)}" if one.sheet else "")
            for one in own
            for pattern in one.files
        )
    wide = unique(pattern for one in own for pattern in one.wide_files)
    names = [check.name.casefold() for check in checks if check.name not in own_files]
    if len(own_files) > 1 and wide and not any(fnmatchcase(name, one) for name in names for one in wide):
        return wide
    return unique(pattern for one in own for pattern in one.files)


def unique(patterns: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(patterns))


def to_toml(proposal: Proposal, name: str, files: tuple[str, ...]) -> str:
    """A [[source]] as text, without TINs."""
    tables = {
        "[[source]]": (Line("name", name), Line("kind", proposal.kind), Line("files", files), *proposal.keys),
        "[source.columns]": proposal.columns,
        "[source.constants]": proposal.constants,
        "[source.names]": proposal.names,
    }
    texts = ["\n".join([title, *map(str, lines)]) for title, lines in tables.items() if lines]
    return "\n".join(map(said, "\n\n".join(texts).split("\n")))


def toml_value(value: Value) -> str:
    """A text, a number or a list, which JSON and TOML write alike. Control characters become escapes."""
    text = json.dumps(value, ensure_ascii=False)
    return re.sub(CONTROL_CHARACTERS, lambda match: f"\\u{ord(match[0]):04x}", text)
