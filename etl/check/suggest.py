"""The lines for settings.toml with which a file would load; if the file leaves a choice, all of them."""

import json
import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import duckdb

from etl.check.time_shapes import ISO, Shape, is_epoch, shapes
from etl.common.terminal import CONTROL_CHARACTERS
from etl.config.settings import Settings
from etl.config.source import Source, loose, unpacked_name
from etl.read.tidy import split_quoted, tidied
from etl.store.columns import REQUIRED, Columns
from etl.store.mapping import IDS
from etl.store.survey import TIME
from etl.store.values import TABS

# For each tab the labels of the catalogue, tidied, in small letters.
Patterns = dict[str, set[str]]
LOOKED_AT = 200
CLOSE = 0.75


@dataclass(frozen=True)
class Suggestion:
    """Headings that may mean a column: one where the file makes it plain, several where somebody must choose.

    Or a constant, where the file is plainly the export of one tab.
    """

    column: str
    headings: tuple[str, ...]
    why: str
    constant: str | None = None


@dataclass(frozen=True)
class Looks:
    """What the values of a column look like, by its first distinct ones."""

    heading: str
    values: list[str]
    is_filled: bool
    shapes: list[Shape]

    def has_tabs(self) -> bool:
        return bool(self.values) and all(re.sub(r"[\s_-]", "", one).casefold() in TABS for one in self.values)

    def has_times(self) -> bool:
        """Every value is read as a time; a number may be anything."""
        read = all(shape.read_count == shape.count and not is_epoch(shape) for shape in self.shapes)
        return bool(self.shapes) and read

    def labels_among(self, patterns: set[str]) -> int:
        """How many of the values begin like a label of the catalogue."""
        words = [split_quoted(tidied(one))[0].casefold() for one in self.values]
        return sum(any(one.startswith(pattern) for pattern in patterns) for one in words)

    def has_labels(self, patterns: Patterns) -> bool:
        """At least half of the values are labels."""
        return bool(self.values) and 2 * self.labels_among(set().union(*patterns.values())) >= len(
            self.values
        )

    def one_tab(self, patterns: Patterns) -> str | None:
        """The tab of all labels that occur on one tab only; None for labels of both tabs or of none."""
        shared = set.intersection(*patterns.values())
        found = [tab for tab, known in patterns.items() if self.labels_among(known - shared)]
        return found[0] if len(found) == 1 else None


def looks_of(database: duckdb.DuckDBPyConnection, columns: Columns, place: int, source: Source) -> Looks:
    """One column of `staged`, looked at."""
    field = f"c{place}"
    values = database.execute(
        f"select {field} from staged where {field} is not null group by {field} "
        f"order by min(row_no) limit {LOOKED_AT}"
    ).fetchall()
    is_filled = database.execute(f"select count(*) > 0 and count(*) = count({field}) from staged").fetchall()[
        0
    ][0]
    return Looks(
        heading=columns.headings[place],
        values=[value for (value,) in values],
        is_filled=is_filled,
        shapes=shapes(database, field, source.time_formats),
    )


def suggestions(
    database: duckdb.DuckDBPyConnection,
    columns: Columns,
    missing: list[str],
    source: Source,
    patterns: Patterns,
) -> list[Suggestion]:
    """For each missing column the headings that may mean it, by their values, else by their spelling."""
    taken = {columns.places[name] for name in REQUIRED[source.kind] if name in columns.places}
    free = [
        looks_of(database, columns, place, source)
        for place in range(len(columns.headings))
        if place not in taken
    ]
    found: dict[str, Suggestion] = {}
    tests = {
        "tab": (Looks.has_tabs, "it holds the names of the tabs"),
        "event_time": (Looks.has_times, "every value reads as a time"),
        "label": (lambda looks: looks.has_labels(patterns), "it holds labels of the platform"),
    }
    for column, (is_like, why) in tests.items():
        if column in missing:
            fitting = [looks for looks in free if is_like(looks)]
            if column == "event_time":
                # A day alone may be a due date; an event has a time of day.
                fitting = [one for one in fitting if ":" in one.values[0]] or fitting
            found[column] = Suggestion(column, tuple(looks.heading for looks in fitting), why)
    used = {one.headings[0] for one in found.values() if len(one.headings) == 1}
    for column in missing:
        rest = [looks for looks in free if looks.heading not in used]
        if column not in found or not found[column].headings:
            found[column] = by_spelling(column, rest, source)
    if "tab" in missing and not found["tab"].headings:
        found["tab"] = by_labels(database, columns, found.get("label"), source, patterns)
    return [found[column] for column in missing]


def by_labels(
    database: duckdb.DuckDBPyConnection,
    columns: Columns,
    label: Suggestion | None,
    source: Source,
    patterns: Patterns,
) -> Suggestion:
    """The tab of a file without a column for it, by its labels."""
    place = columns.places.get("label")
    if place is None and label is not None and len(label.headings) == 1:
        place = columns.headings.index(label.headings[0])
    tab = looks_of(database, columns, place, source).one_tab(patterns) if place is not None else None
    return Suggestion("tab", (), f"the labels that are known are all of the {tab} tab", tab)


def by_spelling(column: str, free: list[Looks], source: Source) -> Suggestion:
    """The headings with a spelling close to a known one; for an id, else every column that is never empty."""
    known = [words for words, name in source.known.items() if name == column]
    near = [
        looks.heading for looks in free if get_close_matches(loose(looks.heading), known, n=1, cutoff=CLOSE)
    ]
    if near or column not in IDS:
        return Suggestion(column, tuple(near), "it is spelt nearly like a heading that is known")
    filled = [
        looks.heading for looks in free if looks.is_filled and not looks.has_tabs() and not looks.has_times()
    ]
    return Suggestion(column, tuple(filled), "it is the only other column that is filled on every record")


def source_toml(
    path: Path,
    settings: Settings,
    source: Source,
    columns: Columns,
    suggested: list[Suggestion],
    times: list[Shape],
) -> str:
    """A [[source]] for files with names like this one, complete, to stand before the others."""
    name = unpacked_name(path.name)
    suffix = "".join(re.findall(r"\.\w+$", name))
    stem = name.removesuffix(suffix)
    lines = [
        "[[source]]",
        f"name = {quoted(new_name(stem, settings))}",
        f"kind = {quoted(source.kind)}",
        f"files = [{quoted(pattern(stem, suffix or ''))}]",
        *([f"firm_id = {quoted(source.firm_id)}"] if source.firm_id is not None else []),
        f"timezone = {quoted(source.timezone)}",
        *format_lines(times),
    ]
    # A heading that is to mean a missing column does not mean another one as well.
    moved = {one.headings[0] for one in suggested if len(one.headings) == 1}
    mapped = {name: columns.headings[place] for name, place in columns.places.items()}
    lines += ["", "[source.columns]"]
    lines += [f"{name} = [{quoted(heading)}]" for name, heading in mapped.items() if heading not in moved]
    for one in suggested:
        lines += suggestion_lines(one)
    constants = [f"{name} = {quoted(value)}" for name, value in source.constants.items()]
    constants += [
        line for one in suggested if one.column == "tab" and not one.headings for line in tab_lines(one)
    ]
    return "\n".join(lines + (["", "[source.constants]", *constants] if constants else []))


def tab_lines(one: Suggestion) -> list[str]:
    """The lines for a tab that no heading tells."""
    if one.constant:
        return [f"tab = {quoted(one.constant)}  # Suggested: {one.why}."]
    question = "# Which tab is this file the export of? Take one of these lines:"
    return [question, '# tab = "Client"', '# tab = "Internal"']


def suggestion_lines(one: Suggestion) -> list[str]:
    """The lines for a missing column: a line where it is plain, else the choice."""
    if len(one.headings) == 1:
        return [f"{one.column} = [{quoted(one.headings[0])}]  # Suggested: {one.why}."]
    if one.headings:
        return [
            f"# Which of these headings means {one.column}? Take one of these lines:",
            *(f"# {one.column} = [{quoted(heading)}]" for heading in one.headings),
        ]
    if one.column == "tab":
        return []
    return [f"# No heading of the file looks like {one.column}. It must be named:", f"# {one.column} = []"]


def format_lines(times: list[Shape]) -> list[str]:
    """The formats of the times, where ISO 8601 does not read them."""
    own = [shape for shape in times if shape.formats and shape.formats[0] != ISO]
    plain = list(dict.fromkeys(shape.formats[0] for shape in own if not shape.is_open))
    open_choices = [shape for shape in own if shape.is_open]
    if not open_choices:
        return [f"time_formats = [{', '.join(map(quoted, plain))}]"] if plain else []
    lines = ["# The file does not tell the month from the day. Take one of these lines:"]
    for number in range(max(len(shape.formats) for shape in open_choices)):
        chosen = [shape.formats[min(number, len(shape.formats) - 1)] for shape in open_choices]
        formats = ", ".join(map(quoted, dict.fromkeys([*plain, *chosen])))
        first = open_choices[0]
        meaning = first.meanings[min(number, len(first.formats) - 1)]
        lines.append(f"# time_formats = [{formats}]  # {first.example} is {meaning}")
    return lines


def new_name(stem: str, settings: Settings) -> str:
    """A name for a source, after the file, that no other source has."""
    words = " ".join(re.findall(r"[^\W\d_]+", stem)).lower() or "export"
    taken = {source.name for source in settings.sources}
    return next(
        name for name in (words, *(f"{words} {number}" for number in range(2, 999))) if name not in taken
    )


def pattern(stem: str, suffix: str) -> str:
    """A pattern for names like this one: what counts or dates a file may be any other number."""
    escaped = re.sub(r"[\[?*]", lambda found: f"[{found[0]}]", stem)
    return re.sub(r"(?:\*[ _.()-]*)+\*", "*", re.sub(r"\d+", "*", escaped) + "*") + suffix


def quoted(text: str) -> str:
    """A text of TOML; JSON's escapes are TOML's. What would steer a terminal is written as an escape too."""
    return re.sub(
        CONTROL_CHARACTERS, lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False)
    )


def time_column(columns: Columns, source: Source, suggested: list[Suggestion]) -> str | None:
    """SQL for the column of `staged` that holds the times, mapped or plainly suggested; null for none."""
    name = TIME[source.kind]
    if name in columns.places:
        return columns.text(name)
    plain = [one.headings[0] for one in suggested if one.column == name and len(one.headings) == 1]
    return f"c{columns.headings.index(plain[0])}" if plain else None
