"""Stories: lines of a log in, rows of the warehouse out, as text that an accountant can read and correct.

The lines of a story are written as files, loaded, and built. The build is as of 1 May 2026 (UTC) unless the
story names another time, so that stories can share a build: each has a firm of its own, and no firm affects
another. Stories with another time, time zone, label catalogue or several firms are built separately.
"""

import csv
import re
from dataclasses import dataclass
from datetime import datetime
from difflib import ndiff
from pathlib import Path

import duckdb

from etl.common.paths import QUERIES, SHIPPED, DataDir
from etl.common.problem import Problem
from etl.config.settings import read_settings
from etl.sql.catalog import Catalog
from etl.store.load import load
from etl.warehouse.build import build

REFERENCE = ("ref.labels", "ref.forms", "ref.codes")
GIVEN = ("raw.events", "raw.returns", "as_of", "timezone", *REFERENCE)
TOLD_AT = "2026-05-01"
FIRM_ZONE = "America/New_York"
SETTINGS = """\
[firm]
name = "Oak & Co"
timezone = "{firm_zone}"

[[source]]
name = "register"
kind = "returns"
files = ["*register*"]
timezone = "{source_zone}"

[[source]]
name = "log"
kind = "events"
files = ["*"]
timezone = "{source_zone}"
time_formats = ["%Y-%m-%d"]
"""


@dataclass(frozen=True)
class Block:
    """A part of a story: `given` or `then`, what it is about, and a table; a null is an empty cell."""

    word: str
    about: str
    heading: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Story:
    """What a file of tests/stories tells: a lesson, what is given, and what follows."""

    name: str
    lesson: str
    blocks: list[Block]

    def given(self, *about: str) -> list[Block]:
        return [block for block in self.blocks if block.word == "given" and block.about.split()[0] in about]

    @property
    def expected(self) -> list[Block]:
        return [block for block in self.blocks if block.word == "then"]

    @property
    def asked(self) -> set[str]:
        """The tables and reports that it asks for."""
        return {re.split(r"[( ]", block.about)[0] for block in self.expected}

    @property
    def as_of(self) -> str:
        """The moment of the build; `newest event` leaves it to the build."""
        return next((block.heading[0] for block in self.given("as_of")), TOLD_AT)

    @property
    def timezone(self) -> str | None:
        """The zone that both the firm and its exports are in, where the story says one."""
        return next((block.heading[0] for block in self.given("timezone")), None)


def read_story(path: Path) -> Story:
    """A story from its file; raises a ValueError that says where the text is none."""
    lesson, *paragraphs = re.split(r"\n{2,}(?=given |then )", path.read_text(encoding="utf-8").strip())
    blocks = []
    for paragraph in paragraphs:
        (word, about), *table = [
            paragraph.splitlines()[0].split(None, 1),
            *map(cells, paragraph.splitlines()[1:]),
        ]
        if word == "given" and about.split()[0] not in GIVEN:
            raise ValueError(f"{path.name}: given {about}? What can be given: {', '.join(GIVEN)}")
        for row in table:
            if len(row) != len(table[0]):
                raise ValueError(
                    f"{path.name}: {len(row)} cells and {len(table[0])} headings, {word} {about}: {row}"
                )
        blocks.append(Block(word, about, table[0], table[1:]))
    return Story(path.stem, " ".join(lesson.split()), blocks)


def cells(line: str) -> list[str]:
    r"""The cells of a line, split at bars (`\|` is a bar). `␣` stands for a blank, `⍽` for a no-break one."""
    parts = re.split(r"(?<!\\)\|", line)
    return [part.strip(" ").replace("\\|", "|").replace("␣", " ").replace("⍽", "\u00a0") for part in parts]


def circumstances(story: Story, catalog: Catalog) -> tuple:
    """What stories must have in common to share a build; the name of a story that needs one of its own."""
    reference = repr(story.given(*REFERENCE))
    apart = any("firm_id" in block.heading for block in story.blocks) or any(
        not is_firms_own(block, catalog) for block in story.expected
    )
    return story.as_of, story.timezone, reference, story.name if apart else None


def is_firms_own(block: Block, catalog: Catalog) -> bool:
    """Whether a table says whose its rows are, or a report can be asked for one firm."""
    file = catalog.files[block.about.split("(")[0]]
    if file.schema == "report":
        return any(param.name == "for_firms" for param in file.params)
    return any(column.name == "firm_id" for column in file.columns)


def tell(stories: list[Story], folder: Path, queries: Path = QUERIES) -> Path:
    """The warehouse of stories with the same circumstances; raises a Problem if it is not built."""
    first = stories[0]
    data = DataDir(folder / "data")
    (data.root / "reference").mkdir(parents=True)
    zones = {"firm_zone": first.timezone or FIRM_ZONE, "source_zone": first.timezone or "UTC"}
    (data.root / "settings.toml").write_text(SETTINGS.format(**zones), encoding="utf-8")
    for block in first.given(*REFERENCE):
        name = f"{block.about.removeprefix('ref.')}.csv"
        heading = (SHIPPED / "reference" / name).read_text(encoding="utf-8").splitlines()[0].split(",")
        write_csv(data.root / "reference" / name, heading, records(block))
    for outcome in load(data, read_settings(data.settings), write_exports(stories, folder)):
        if outcome.state == "refused":
            raise Problem(f"{outcome.name}: {outcome.reason}")
    as_of = None if first.as_of == "newest event" else datetime.fromisoformat(f"{first.as_of}+00:00")
    build(data, as_of, queries)
    return data.warehouse


def write_exports(stories: list[Story], folder: Path) -> list[Path]:
    """The files of the stories, in the order given. Lines under no name go into one file for all, since
    loading a file takes longer than loading its lines; a file that a story names is its own.
    """
    files: dict[Path, list[dict[str, str]]] = {}
    for story in stories:
        for block in story.given("raw.events", "raw.returns"):
            kind, _, name = block.about.partition(" ")
            shared = "log.csv" if kind == "raw.events" else "register.csv"
            file = folder / story.name / name if name else folder / shared
            files.setdefault(file, []).extend({"firm_id": story.name} | record for record in records(block))
    for file, rows in files.items():
        file.parent.mkdir(exist_ok=True)
        write_csv(file, list(dict.fromkeys(name for row in rows for name in row)), rows)
    return list(files)


def records(block: Block) -> list[dict[str, str]]:
    return [dict(zip(block.heading, row, strict=True)) for row in block.rows]


def write_csv(file: Path, heading: list[str], rows: list[dict[str, str]]) -> None:
    with open(file, "w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, heading, restval="")
        writer.writeheader()
        writer.writerows(rows)


def outcome(
    database: duckdb.DuckDBPyConnection, story: Story, block: Block, catalog: Catalog
) -> list[list[str]]:
    """The rows of the warehouse for a `then` of a story: its own firm's rows, and the columns that it names.

    The rows of a table have no order, so they are put in the story's; those of a report keep theirs.
    """
    about, is_report = block.about, block.about.startswith("report.")
    if circumstances(story, catalog)[-1] is None and is_report and "for_firms" not in about:
        about = f"{about[:-1]}{'' if about.endswith('()') else ', '}for_firms := ['{story.name}'])"
    elif circumstances(story, catalog)[-1] is None and not is_report:
        about = f"{about} where firm_id = '{story.name}'"
    found = database.execute(f"select {', '.join(block.heading)} from {about}").fetchall()
    rows = [[text(value) for value in row] for row in found]
    if not is_report:
        places = {tuple(row): place for place, row in enumerate(block.rows)}
        rows.sort(key=lambda row: (places.get(tuple(row), len(places)), row))
    return rows


def text(value: object) -> str:
    """A value as stories write it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def difference(block: Block, rows: list[list[str]]) -> str:
    """The expected rows beside the actual ones: `-` before a missing row, `+` before one too many."""
    table = [block.heading, *block.rows, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    expected, found = lines[: len(block.rows) + 1], [lines[0], *lines[len(block.rows) + 1 :]]
    return "\n".join(line for line in ndiff(expected, found) if not line.startswith("?"))
