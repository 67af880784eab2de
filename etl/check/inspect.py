"""Inspects a file: its format, what its headings mean, what is missing, how its times are written."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import duckdb

from etl.check.suggest import KnownLabels, Suggestion, place_of, suggest
from etl.check.time_shapes import Shape, shapes
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.config.settings import Settings, source_of
from etl.config.source import Source, column_of
from etl.read.archive import Unpacked, refuse_others, verified
from etl.read.csv_dialect import DELIMITERS, header_quote, looks_like_headings, read_header, split_header
from etl.read.encoding import utf8_text
from etl.read.formats import BEGINNING, FORMAT_NAMES, content_kind, packing
from etl.read.records import Staged
from etl.read.stage import stage
from etl.sql.catalog import Catalog
from etl.store.columns import Columns, match_columns
from etl.store.identity import values_in_names
from etl.store.parts import KEY_BYTES, hash_key
from etl.store.texts import TIME, collect_texts, redact_file
from etl.warehouse.reference import reference_rows

ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\xef\xbb\xbf": "UTF-8 with a byte order mark"}
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


@dataclass(frozen=True)
class Check:
    """What a check needs: the firm's data directory and settings, and a database and folder to work in."""

    data: DataDir
    settings: Settings
    catalog: Catalog
    labels: KnownLabels
    database: duckdb.DuckDBPyConnection
    folder: Path
    # Values of columns that the file does not have, from the person who checks it.
    given: Mapping[str, str]


@dataclass(frozen=True)
class Found:
    """The result of inspecting a file."""

    check: Check
    path: Path
    format: str
    staged: Staged
    columns: Columns
    suggested: list[Suggestion]
    times: list[Shape]

    @property
    def source(self) -> Source:
        return self.columns.source

    @property
    def missing(self) -> list[str]:
        """The required columns that no heading feeds."""
        return [suggestion.column for suggestion in self.suggested]


def inspect_file(check: Check, path: Path) -> Found:
    """Stages the file, matches its headings, and finds what is missing. Raises the Problem of a load."""
    refuse_others(path)
    database, limits = check.database, check.settings.limits
    unpacked = verified(path, check.folder, limits)
    file_format, source = read_format(check, path, unpacked)
    values = {**values_in_names(source, unpacked, check.data.inbox), **check.given}
    staged = stage(database, unpacked, source.with_values(values), limits, check.folder, values)
    # A heading that was added to show the file means nothing.
    columns = match_columns(staged.headings, source_of(check.settings, path.name).with_values(values))
    collect_texts(database, columns)
    suggested = suggest(database, columns, check.labels)
    place = place_of(TIME[source.kind], columns, suggested)
    times = [] if place is None else shapes(database, f"c{place}", source.time_formats)
    # A check does not create the key of a data directory.
    key = partial(hash_key, check.data, may_make=False)
    redact_file(database, columns, lambda: key() or secrets.token_bytes(KEY_BYTES))
    return Found(check, path, file_format, staged, columns, suggested, times)


def read_format(check: Check, path: Path, unpacked: Unpacked) -> tuple[str, Source]:
    """Format, encoding and delimiter as text, and the source with at least one heading of the file."""
    limits, source = check.settings.limits, source_of(check.settings, path.name)
    with open(path, "rb") as packed, open(unpacked.path, "rb") as plain:
        archive = packing(path.name, packed.read(BEGINNING))
        beginning = plain.read(BEGINNING)
    kind = content_kind(unpacked.name, beginning)
    file_format = FORMAT_NAMES[kind] + (f" in {archive}" if archive else "")
    if kind != "csv":
        return file_format, source
    text = utf8_text(unpacked.path, check.folder, limits)
    marked = next((encoding for mark, encoding in ENCODINGS.items() if beginning.startswith(mark)), None)
    encoding = marked or ("UTF-8" if text.path == unpacked.path else "Windows-1252")
    try:
        header = read_header(text.path, source, limits)
    except Problem:
        heading = unknown_heading(text.path, source)
        if heading is None:
            raise
        source = replace(source, columns=source.columns | {"heading": (heading,)})
        header = read_header(text.path, source, limits)
    return f"{file_format}, {encoding}, {DELIMITER_NAMES[header.delimiter]} between fields", source


def unknown_heading(path: Path, source: Source) -> str | None:
    """The first heading of a file without any known heading; None if the first line has no headings."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        line = next((line for line in file if line.strip()), "")
    rows = [split_header([line], delimiter, header_quote(line))[0] for delimiter in DELIMITERS]
    best = max(rows, key=len)
    is_known = any(column_of(source, heading) for row in rows for heading in row)
    return None if is_known or len(best) < 2 or not looks_like_headings(best) else best[0]


def known_labels(data: DataDir, catalog: Catalog) -> KnownLabels:
    """The labels of the reference file, by tab."""
    rows = reference_rows(data, catalog.files["ref.labels"])
    return {
        tab: {(row.values["pattern"] or "").casefold() for row in rows if row.values["tab"] == tab}
        for tab in ("Client", "Internal")
    }
