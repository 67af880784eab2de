"""Inspects a content of a file: its format, what its headings mean, what is missing, how times are written.

It takes the steps of a load with the functions of a load, so that a check says what a load would do.
"""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from etl.check.fields import HAS_CLOCK, Field, read_fields
from etl.check.proposal import Proposal
from etl.check.suggest import KnownLabels, Suggestion, suggest, tab_of_labels
from etl.check.time_shapes import Shape, shapes
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.sealed import KEY_BYTES
from etl.config.settings import Settings
from etl.config.source import TIME, Source, parts_of
from etl.read.added import refuse_given, show_cells
from etl.read.archive import Contents, Unpacked
from etl.read.csv_dialect import UnknownHeadings, read_header
from etl.read.encoding import utf8_text
from etl.read.formats import FORMAT_NAMES, beginning_of, content_kind, packing
from etl.read.records import Staged
from etl.read.stage import stage
from etl.sql.catalog import Catalog
from etl.store.checked import Checked, identify
from etl.store.columns import Columns, map_columns, match_columns, missing_columns, refuse_log
from etl.store.identity import LoadedFiles, names_of, own_names
from etl.store.parts import hash_key
from etl.store.purged import Purged
from etl.store.texts import collect_texts, redact_file
from etl.store.write_part import map_records
from etl.warehouse.reference import reference_rows

ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\xef\xbb\xbf": "UTF-8 with a byte order mark"}
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


@dataclass(frozen=True)
class Check:
    """What a check needs: the firm's data directory, settings, labels and purges, and a work folder."""

    data: DataDir
    settings: Settings
    catalog: Catalog
    labels: KnownLabels
    purged: Purged
    folder: Path
    # Values of columns that a file does not have, from the person who checks it.
    given: Mapping[str, str]
    # The names of the contents that a load would have loaded before, by the ids of their files.
    seen: dict[str, str] = field(default_factory=dict)
    # The [[source]] for each content that needs one.
    proposals: list[Proposal] = field(default_factory=list)

    def key(self) -> bytes:
        """The key of the data directory, which a check does not create."""
        return hash_key(self.data, may_make=False) or secrets.token_bytes(KEY_BYTES)

    def identify(self, unpacked: Unpacked, source: Source) -> Checked:
        return identify(unpacked, source, self.given, self.data, self.purged, LoadedFiles(), self.key)


@dataclass(frozen=True)
class Found:
    """The result of inspecting a content. Its records are staged in the database, and mapped if possible."""

    check: Check
    database: duckdb.DuckDBPyConnection
    unpacked: Unpacked
    # The name that a pattern of a source has to match.
    file_name: str
    format: str
    # The values from elsewhere of columns that it does not have.
    values: Mapping[str, str]
    staged: Staged
    columns: Columns
    # Why a load would refuse it: a required column is missing.
    refusal: str | None
    suggested: list[Suggestion]
    times: list[Shape]
    purged_count: int
    # The headings of columns of JSON texts.
    json_headings: list[str]
    # The only tab that known labels in it are of.
    tab: str | None
    # The names of the file and its folder, in which patterns look for values.
    name: str
    folder: str | None

    @property
    def source(self) -> Source:
        return self.columns.source

    @property
    def missing(self) -> list[str]:
        """The required columns that no heading feeds."""
        return missing_columns(self.columns)

    @property
    def headed(self) -> set[str]:
        """The missing columns that a heading may mean."""
        return {one.column for one in self.suggested if one.headings}


def inspect_content(
    check: Check, database: duckdb.DuckDBPyConnection, own: Checked, found: Contents
) -> Found:
    """Stages a content and matches its headings; maps its records, or finds what is missing.

    Raises the Problem of a load if nothing can be said about it.
    """
    unpacked, source = own.unpacked, own.source
    staged, shown, refusal = stage_content(check, database, own)
    refuse_given(staged, check.given)
    columns = match_columns(staged.headings, source)
    refuse_log(columns, check.settings.sources)
    try:
        map_columns(staged.headings, source)
    except Problem as problem:
        if not staged.headings:
            raise
        refusal = refusal or str(problem)
        staged = show_cells(database, staged)
        columns = match_columns(staged.headings, source)
    place = columns.places.get(TIME[source.kind])
    times = [] if place is None else shapes(database, f"c{place}", columns)
    fields: list[Field] = []
    if missing_columns(columns) or (times and not any(HAS_CLOCK.search(one.example) for one in times)):
        fields = read_fields(database, columns)
    suggested = suggest(fields, columns, check.labels) if fields else []
    for one in suggested:
        if one.column == "event_time" and one.headings:
            times = suggested_shapes(database, columns, one)
    purged_count = 0
    if missing_columns(columns):
        collect_texts(database, columns)
        redact_file(database, columns, check.key)
    else:
        _, purged_count = map_records(database, columns, check.key, check.purged)
    file_format = format_of(check, unpacked, shown)
    return Found(
        check,
        database,
        unpacked,
        Path(names_of(unpacked, found)[0]).name,
        file_format,
        staged.added,
        staged,
        columns,
        refusal,
        suggested,
        times,
        purged_count,
        [field.heading for field in fields if field.is_json],
        tab_of_labels(fields, suggested, check.labels),
        *own_names(unpacked, check.data.inbox),
    )


def suggested_shapes(
    database: duckdb.DuckDBPyConnection, columns: Columns, suggestion: Suggestion
) -> list[Shape]:
    """How the times under the suggested headings are written. Those inside of JSON texts are not examined."""
    found: list[Shape] = []
    for heading in suggestion.headings:
        parts = parts_of(heading)
        if set(parts) <= set(columns.headings):
            texts = ", ".join(f"c{columns.headings.index(part)}" for part in parts)
            found += shapes(database, f"nullif(concat_ws(' ', {texts}), '')", columns)
    return found


def stage_content(
    check: Check, database: duckdb.DuckDBPyConnection, own: Checked
) -> tuple[Staged, Source, str | None]:
    """Stages a content, and says why a load refuses it.

    If it has headings of which none is known, they are shown by a source that knows the first one.
    """
    limits = check.settings.limits
    try:
        staged = stage(database, own.unpacked, own.source, limits, check.folder, own.values)
        return staged, own.source, None
    except UnknownHeadings as problem:
        # One word alone may be anything.
        if len(problem.headings) < 2:
            raise
        shown = replace(own.source, columns=own.source.columns | {"heading": (problem.headings[0],)})
        return stage(database, own.unpacked, shown, limits, check.folder, own.values), shown, str(problem)


def format_of(check: Check, unpacked: Unpacked, source: Source) -> str:
    """Format, encoding and delimiter as text."""
    if unpacked.sheet is not None:
        return "a sheet of a workbook"
    beginning = beginning_of(unpacked.path)
    archive = packing(unpacked.file.name, beginning_of(unpacked.file))
    kind = content_kind(unpacked.name, beginning)
    file_format = FORMAT_NAMES[kind] + (f" in {archive}" if archive else "")
    if kind != "csv":
        return file_format
    text = utf8_text(unpacked.path, check.folder, check.settings.limits)
    marked = next((encoding for mark, encoding in ENCODINGS.items() if beginning.startswith(mark)), None)
    facts = [file_format, marked or ("UTF-8" if text.path == unpacked.path else "Windows-1252")]
    with suppress(Problem):
        delimiter = read_header(text.path, source, check.settings.limits).delimiter
        facts.append(f"{DELIMITER_NAMES[delimiter]} between fields")
    return ", ".join(facts)


def known_labels(data: DataDir, catalog: Catalog) -> KnownLabels:
    """The labels of the reference file, by tab."""
    rows = reference_rows(data, catalog.files["ref.labels"])
    return {
        tab: {(row.values["pattern"] or "").casefold() for row in rows if row.values["tab"] == tab}
        for tab in ("Client", "Internal")
    }
