"""Inspects a file: its format, what its headings mean, what is missing, how its times are written."""

import secrets
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from etl.check.suggest import Patterns, Suggestion, suggestions, time_column
from etl.check.time_shapes import Shape, shapes
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.config.settings import Settings, source_of
from etl.config.source import Limits, Source, column_of
from etl.read.archive import Unpacked, verified
from etl.read.csv_dialect import DELIMITERS, header_quote, looks_like_headings, read_header, split_header
from etl.read.encoding import utf8_text
from etl.read.formats import BEGINNING, FORMAT_NAMES, content_kind, packing
from etl.read.records import Staged
from etl.read.stage import stage
from etl.sql.catalog import Catalog
from etl.store.columns import Columns, match_columns, missing_columns
from etl.store.load import refuse_special
from etl.store.parts import KEY_BYTES, hash_key
from etl.store.redact_file import redact_file, redacted_name
from etl.store.survey import survey_file
from etl.warehouse.reference import reference_rows

ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\xef\xbb\xbf": "UTF-8 with a byte order mark"}
DELIMITER_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


@dataclass(frozen=True)
class Found:
    """The result of inspecting a file."""

    name: str
    written: str
    settings: Settings
    source: Source
    staged: Staged
    columns: Columns
    redacted: set[int]
    missing: list[str]
    suggested: list[Suggestion]
    times: list[Shape]


def inspect_file(
    database: duckdb.DuckDBPyConnection,
    data: DataDir,
    settings: Settings,
    patterns: Patterns,
    path: Path,
    folder: Path,
) -> Found:
    """Stages the file, matches its headings, and finds what is missing. Raises the Problem of a load."""
    refuse_special(path)
    source = source_of(settings, path.name)
    unpacked = verified(path, folder, settings.limits)
    written, reading = how_written(path, unpacked, source, settings.limits, folder)
    staged = stage(database, unpacked, reading, settings.limits, folder)
    columns = match_columns(staged.headings, source)
    missing = missing_columns(columns)
    suggested = suggestions(database, columns, missing, source, patterns) if missing else []
    time = time_column(columns, source, suggested)
    return Found(
        name=redacted_name(path)[0],
        written=written,
        settings=settings,
        source=source,
        staged=staged,
        columns=columns,
        redacted=redact_file(survey_file(database, columns), lambda: key_of(data))[0],
        missing=missing,
        suggested=suggested,
        times=shapes(database, time, source.time_formats) if time else [],
    )


def how_written(
    path: Path, unpacked: Unpacked, source: Source, limits: Limits, folder: Path
) -> tuple[str, Source]:
    """Format, encoding and delimiter as text, and a source that knows a heading of the file."""
    with open(path, "rb") as packed, open(unpacked.path, "rb") as plain:
        archive = packing(path.name, packed.read(BEGINNING))
        beginning = plain.read(BEGINNING)
    kind = content_kind(unpacked.name, beginning)
    words = FORMAT_NAMES[kind] + (f" in {archive}" if archive else "")
    if kind != "csv":
        return words, source
    text = utf8_text(unpacked.path, folder, limits)
    marked = next((encoding for mark, encoding in ENCODINGS.items() if beginning.startswith(mark)), None)
    encoding = marked or ("UTF-8" if text.path == unpacked.path else "Windows-1252")
    try:
        delimiter = read_header(text.path, source, limits).delimiter
    except Problem:
        source = with_first_heading(text.path, source, limits)
        delimiter = read_header(text.path, source, limits).delimiter
    return f"{words}, {encoding}, {DELIMITER_WORDS[delimiter]} between fields", source


def with_first_heading(path: Path, source: Source, limits: Limits) -> Source:
    """The source with the first heading of a file without any known heading, so that the file can be shown.

    Raises the Problem of a load if some headings are known, or the first line has no headings.
    """
    with open(path, encoding="utf-8-sig", newline="") as file:
        line = next((line for line in file if line.strip()), "")
    rows = [split_header([line], delimiter, header_quote(line))[0] for delimiter in DELIMITERS]
    best = max(rows, key=len)
    is_known = any(column_of(source, heading) for row in rows for heading in row)
    if is_known or len(best) < 2 or not looks_like_headings(best):
        read_header(path, source, limits)
    return replace(source, columns=source.columns | {"heading": (best[0],)})


def known_patterns(data: DataDir, catalog: Catalog) -> Patterns:
    """The known labels by tab."""
    rows = reference_rows(data, catalog.files["ref.labels"])
    return {
        tab: {(row.values["pattern"] or "").casefold() for row in rows if row.values["tab"] == tab}
        for tab in ("Client", "Internal")
    }


def key_of(data: DataDir) -> bytes:
    """The key of the directory if there is one; a check does not create it."""
    return hash_key(data) if (data.root / ".key").exists() else secrets.token_bytes(KEY_BYTES)
