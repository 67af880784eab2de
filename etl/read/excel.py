"""Excel: the only sheet with content, every cell as text, dates in ISO 8601."""

import zipfile
import zlib
from pathlib import Path

import duckdb

from etl.common.problem import Problem
from etl.config.source import Limits, Source
from etl.read.archive import over_limit, refuse_large
from etl.read.csv_dialect import checked_headings, printable_headings
from etl.read.records import Records, Staged

BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError)
DAMAGED = "the Excel file is damaged or locked with a password. Export it again, best as CSV."


def stage_excel(database: duckdb.DuckDBPyConnection, path: Path, source: Source, limits: Limits) -> Staged:
    """Stages the records below the headings, the first row that is not empty. Empty rows are not records."""
    rows = [row for row in sheet_rows(path, limits) if any(row)]
    if not rows:
        raise Problem("the Excel file is empty: it has not even headings.")
    headings = checked_headings([value or "" for value in rows[0]], source, limits)
    records = Records(database, headings)
    for number, row in enumerate(rows[1:], start=1):
        if any(value is not None and len(value.encode()) > limits.field_bytes for value in row):
            raise over_limit(limits, "field_bytes", "a field", place=f"record {number}")
    records.add(range(1, len(rows)), rows[1:])
    return records.stage(headings)


def sheet_rows(path: Path, limits: Limits) -> list[tuple[str | None, ...]]:
    """The rows of the only sheet with content."""
    try:
        import fastexcel
    except ImportError as error:
        todo = "pip install 'returntrail[excel]'. Or export the file as CSV."
        raise Problem(f"Excel files need one more package: {todo}") from error
    try:
        # An Excel file is a zip archive.
        with zipfile.ZipFile(path) as archive:
            refuse_large(sum(entry.file_size for entry in archive.infolist()), path.stat().st_size, limits)
            if archive.testzip() is not None:
                raise Problem(DAMAGED)
        book = fastexcel.read_excel(str(path))
        sheets = [book.load_sheet(name, header_row=None, dtypes="string") for name in book.sheet_names]
    except (*BROKEN, fastexcel.FastExcelError) as error:
        raise Problem(DAMAGED) from error
    filled = [sheet for sheet in sheets if sheet.height]
    if len(filled) != 1:
        names = ", ".join(f'"{printable_headings(sheet.name)}"' for sheet in filled) or "none"
        count = f"{len(filled)} sheets with content ({names})"
        raise Problem(f"the Excel file has {count}, and must have exactly one.")
    return filled[0].to_polars().rows()
