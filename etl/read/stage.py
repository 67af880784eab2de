"""A verified file, staged: its records as text in DuckDB, numbered, and those that cannot be split beside them.

Nothing is interpreted here, and nothing is dropped: the records are counted apart from the reader that loads them.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from etl.common.problem import Problem
from etl.config.source import Limits, Source
from etl.read.archive import Unpacked
from etl.read.csv_dialect import read_header
from etl.read.csv_exact import read_exact
from etl.read.csv_fast import stage_fast
from etl.read.encoding import utf8_text
from etl.read.excel import read_excel
from etl.read.formats import BEGINNING, content_kind, text_of
from etl.read.json_records import read_array, read_lines
from etl.read.parquet import read_parquet

NOT_ENDED = "the last line has no end, so the file may have been cut"


@dataclass(frozen=True)
class Staged:
    """What a file holds: its headings in the order of the columns c0, c1, ..., and how many records it has."""

    headings: list[str]
    record_count: int
    remark: str | None = None


def stage(
    database: duckdb.DuckDBPyConnection, unpacked: Unpacked, source: Source, limits: Limits, folder: Path
) -> Staged:
    """Makes `staged(row_no, c0, c1, ...)` and `malformed(row_no, reason, record)` in `database`.

    `staged` may be a view over files in `folder`, a private one, which must therefore stay until it has been read.
    An empty text is null, the text null stays. A reason does not name the file; the loader puts the name before it.
    """
    with open(unpacked.path, "rb") as file:
        kind = content_kind(unpacked.name, file.read(BEGINNING))
    readers = {"csv": stage_csv, "json": stage_json, "parquet": stage_parquet, "xlsx": stage_excel}
    staged = readers[kind](database, unpacked.path, source, limits, folder)
    unpacked.refuse_changed()
    refuse_missing(database, staged.record_count)
    remarks = [remark for remark in (unpacked.remark, staged.remark) if remark]
    return Staged(staged.headings, staged.record_count, "; ".join(remarks) or None)


def refuse_missing(database: duckdb.DuckDBPyConnection, record_count: int) -> None:
    """Refuses a file of which DuckDB holds another number of records than were counted."""
    held = database.execute(
        "select (select count(*) from staged) + (select count(*) from malformed)"
    ).fetchone()
    if held is None or held[0] != record_count:
        found = held[0] if held else 0
        raise Problem(
            f"{record_count} records were counted and {found} could be read. Nothing was loaded from it."
        )


def stage_csv(
    database: duckdb.DuckDBPyConnection, path: Path, source: Source, limits: Limits, folder: Path
) -> Staged:
    """CSV: by DuckDB where every byte is accounted for afterwards, else record by record."""
    text = utf8_text(path, folder, limits)
    header = read_header(text.path, source, limits)
    count = stage_fast(database, text, header, limits) if header.quote != "'" else None
    if count is None:
        records = read_exact(text, header, limits, folder)
        records.stage(database, header.width)
        count = records.count
    return Staged(header.headings, count, None if text.is_ended else NOT_ENDED)


def stage_json(
    database: duckdb.DuckDBPyConnection, path: Path, source: Source, limits: Limits, folder: Path
) -> Staged:
    """JSON: an array of objects, which may stand on one line however long, or one object a line."""
    with open(path, "rb") as file:
        is_array = text_of(file.read(BEGINNING)).lstrip()[:1] == b"["
    text = utf8_text(path, folder, replace(limits, line_bytes=limits.unpacked_bytes) if is_array else limits)
    records, headings = (read_array if is_array else read_lines)(text.path, source, limits, folder)
    records.stage(database, len(headings))
    return Staged(headings, records.count, None if text.is_ended or is_array else NOT_ENDED)


def stage_parquet(
    database: duckdb.DuckDBPyConnection, path: Path, source: Source, limits: Limits, folder: Path
) -> Staged:
    """Parquet: by DuckDB, its records counted by the footer."""
    return Staged(*read_parquet(database, path, source, limits))


def stage_excel(
    database: duckdb.DuckDBPyConnection, path: Path, source: Source, limits: Limits, folder: Path
) -> Staged:
    """Excel: by the package of the extra `excel`."""
    records, headings = read_excel(path, source, limits, folder)
    records.stage(database, len(headings))
    return Staged(headings, records.count)
