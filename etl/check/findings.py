"""What a check says of a file, as plain texts and tables of texts, for a terminal and for a page.

Everything in it that comes from the file is without TINs, shortened, and printable on one line.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from etl.common.terminal import printable
from etl.read.tins import redact
from etl.store.texts import content_name

MAX_WIDTH = 48


@dataclass(frozen=True)
class Table:
    """A table of texts: the titles of its columns, and its rows."""

    titles: tuple[str, ...]
    rows: Sequence[tuple[str, ...]] = ()


@dataclass(frozen=True)
class Quarantined:
    """The records that are quarantined for a reason: how many, the numbers of the first, and one of them."""

    reason: str
    count: int
    numbers: list[int]
    meaning: str
    example: str


LABEL_TITLES = ("tab", "label", "status", "events")


@dataclass(frozen=True)
class Labels:
    """The labels of an event log: how many there are, and which no rule matches.

    `unknown` has the first of these with the number of their events, `rows` what labels.csv needs for them.
    """

    count: int = 0
    unknown_count: int = 0
    unknown: Table = Table(LABEL_TITLES)
    rows: Sequence[str] = ()


@dataclass(frozen=True)
class ContentCheck:
    """How one content of a file would be read: the file itself, a member of a zip, or a sheet of a workbook.

    `refusal` is the sentence with which a load would refuse it; what could be found out is there even then.
    """

    # Such as march.csv, or Lee.xlsx › Client Tracking.
    name: str
    refusal: str | None = None
    # The content before it that is the same, so that a load would know it.
    same_as: str | None = None
    # What a load would say of a file that it loads: too many records are quarantined, for example.
    warning: str | None = None
    # The format, the number of records and the source of the settings, each with its title.
    facts: list[tuple[str, str]] = field(default_factory=list)
    records: int = 0
    kept: int = 0
    # Each heading, our column for it, and its first value.
    headings: Table = Table(())
    # Our columns whose values are in the name of the file, its folder or its sheet.
    from_names: list[tuple[str, str]] = field(default_factory=list)
    # Where the folder or the zip is whose name is the ID of the return.
    named_in: str | None = None
    # The required columns that no heading means, and those of them that a person may say for the whole file.
    missing_columns: list[str] = field(default_factory=list)
    typable: list[str] = field(default_factory=list)
    # The headings that may mean a column, in words, by the name of the column.
    hints: list[tuple[str, str]] = field(default_factory=list)
    # Sentences about the headings, the times, and the columns that are missing.
    about_headings: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    # Our columns down, the first records across; None if the records cannot be read yet.
    first_records: Table | None = None
    labels: Labels = Labels()
    quarantined: list[Quarantined] = field(default_factory=list)

    @property
    def quarantined_count(self) -> int:
        return sum(one.count for one in self.quarantined)


@dataclass(frozen=True)
class Paste:
    """Each [[source]] that files need to load, the file to paste it into, and what to do besides."""

    into: str = ""
    how: str = ""
    sources: Sequence[str] = ()


@dataclass(frozen=True)
class FileCheck:
    """How a file would be read: each of its contents, and what would be passed over and why.

    `refusal` is the sentence with which a load would refuse the file as a whole.
    """

    name: str
    contents: list[ContentCheck] = field(default_factory=list)
    passed: list[tuple[str, str]] = field(default_factory=list)
    refusal: str | None = None
    paste: Paste = Paste()

    @property
    def would_load(self) -> bool:
        """Whether a load would refuse nothing of it and warn of nothing."""
        return self.refusal is None and not any(one.refusal or one.warning for one in self.contents)


def cell(value: str | None, width: int = MAX_WIDTH) -> str:
    """A text of the file, on one line and not too long."""
    text = said(value or "")
    return text if len(text) <= width else text[: width - 3] + "..."


def said(text: str) -> str:
    """A text without TINs and control characters."""
    return printable(redact(text)[0])


def named(path: Path) -> str:
    return said(content_name(path, ())[0])
