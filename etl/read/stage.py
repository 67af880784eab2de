"""Stages a verified file: its numbered records as text in DuckDB, records that cannot be split separately.

Nothing is interpreted or dropped; the records are counted without the reader that loads them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from duckdb import DuckDBPyConnection

from etl.common.duck import count_of, literal
from etl.common.problem import Problem
from etl.config.source import Limits, Source, columns_of, heading_key
from etl.read.added import add_cells, add_columns
from etl.read.archive import Room, Unpacked
from etl.read.csv_dialect import printable_headings
from etl.read.csv_records import stage_csv
from etl.read.encoding import utf8_text
from etl.read.formats import beginning_of, content_kind
from etl.read.json_documents import JsonFile
from etl.read.json_records import stage_json
from etl.read.records import Staged, create_malformed
from etl.read.shown_numbers import NOT_AS_SHOWN
from etl.read.tables import refuse_several_tables
from etl.read.typed import stage_parquet


def stage(
    database: DuckDBPyConnection | None,
    unpacked: Unpacked,
    source: Source,
    limits: Limits,
    folder: Path,
    values: Mapping[str, str] | None = None,
) -> Staged:
    """Creates `staged(row_no, c0, c1, ...)` and `malformed(row_no, reason, record)` in `database`.

    `values` of columns that the file does not have itself become columns. An empty text becomes null, and the
    text null stays. A decoded copy of the file may be left in `folder`.
    Without a database, the records of CSV and JSON are returned, and other formats raise a Problem.
    """
    path, is_cut = unpacked.path, False
    kind = content_kind(unpacked.name, beginning_of(path))
    room = Room(limits, unpacked.stamp.size if unpacked.stamp else 0)
    if database:
        create_malformed(database)
    if kind == "csv":
        text = utf8_text(path, folder, limits)
        staged, is_cut = stage_csv(database, text, source, room), not text.is_ended
    elif kind == "json":
        file = JsonFile.of(path, folder, limits)
        staged = stage_json(database, file, source, room)
        is_cut = file.form == "lines" and not file.text.is_ended
    elif database is None:
        raise Problem(f"{kind} is no text, and is read with a database only.")
    elif kind == "parquet":
        staged = stage_parquet(database, path, source, room)
    cut = "the last line has no end, so the file may have been cut" if is_cut else None
    unpacked.refuse_changed()
    # DuckDB must have as many records as were counted without it.
    counts = "select (select count(*) from staged) + (select count(*) from malformed)"
    if database and (count := count_of(database, counts)) != staged.record_count:
        fault = f"{staged.record_count} records were counted and {count} could be read"
        raise Problem(f"{fault}. Nothing was loaded from it.")
    if database and unpacked.sheet:
        keep_remarks_in_ids(database, columns_of(source, staged.headings))
    staged = add_cells(database, staged, source, limits)
    staged = refuse_several_tables(database, staged, source)
    refuse_contradiction(staged, source, values or {})
    staged = add_columns(database, staged, source, values or {})
    return replace(staged, remarks=[unpacked.remark, cut, *staged.remarks])


def keep_remarks_in_ids(database: DuckDBPyConnection, columns: Sequence[str | None]) -> None:
    """Takes the remark on a number that is not read as it is shown off all texts but ids."""
    others = [place for place, column in enumerate(columns) if not (column or "").endswith("_id")]
    taken = ", ".join(f"replace(c{place}, {literal(NOT_AS_SHOWN)}, '') as c{place}" for place in others)
    has_any = " or ".join(f"contains(c{place}, {literal(NOT_AS_SHOWN)})" for place in others)
    if others and database.execute(f"from staged where {has_any} limit 1").fetchall():
        database.execute(f"""
            alter view staged rename to staged_with_remarks;
            create view staged as select * replace ({taken}) from staged_with_remarks
        """)


def refuse_contradiction(staged: Staged, source: Source, values: Mapping[str, str]) -> None:
    """Refuses a file that names another return or tab than its name or the settings give its records."""
    given = {**source.constants, **values}
    own = set(columns_of(source, staged.headings)) - source.constants.keys()
    for name in staged.said.keys() & given.keys() - own:
        for text in staged.said[name]:
            if text and same_value(name, text) != same_value(name, given[name]):
                raise Problem(
                    f'it names the {name} "{printable_headings(text)}", and its name or the settings give '
                    f'"{printable_headings(given[name])}". Correct one, or load each as a file of its own.'
                )
    if staged.lists > 1 and "return_id" in given.keys() - own:
        raise Problem(
            f"it has {staged.lists} lists of records, and its name or the settings give one return_id, "
            f'"{printable_headings(given["return_id"])}", for all of them. Load each as a file of its own.'
        )


def same_value(name: str, text: str) -> str:
    return heading_key(text).removesuffix("tracking") if name == "tab" else text.strip().casefold()
