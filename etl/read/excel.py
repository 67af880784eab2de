"""Excel: the one sheet that holds something, every cell as text, dates in ISO 8601."""

import zipfile
import zlib
from pathlib import Path

from etl.common.problem import Problem
from etl.config.source import Limits, Source
from etl.read.archive import SMALL, over
from etl.read.csv_dialect import checked_headings, shown
from etl.read.records import Records

DAMAGED = "the Excel file is damaged or locked with a password. Export it again, best as CSV."


def read_excel(path: Path, source: Source, limits: Limits, folder: Path) -> tuple[Records, list[str]]:
    """The one sheet of an Excel file that holds something, its first row the headings."""
    try:
        import fastexcel
    except ImportError as error:
        raise Problem(
            "Excel files need one more package: pip install 'returntrail[excel]'. Or export the file as CSV."
        ) from error
    refuse_bomb(path, limits)
    try:
        book = fastexcel.read_excel(str(path))
        sheets = [book.load_sheet(name, header_row=None, dtypes="string") for name in book.sheet_names]
    except fastexcel.FastExcelError as error:
        raise Problem(DAMAGED) from error
    filled = [sheet for sheet in sheets if sheet.height]
    if len(filled) != 1:
        names = ", ".join(f'"{shown(sheet.name)}"' for sheet in filled) or "none"
        raise Problem(
            f"the Excel file has {len(filled)} sheets with content ({names}), and must have exactly one."
        )
    return excel_records(filled[0].to_polars().rows(), source, limits, folder)


def excel_records(
    rows: list[tuple[str | None, ...]], source: Source, limits: Limits, folder: Path
) -> tuple[Records, list[str]]:
    """The records below the first row that is not empty; empty rows are no records."""
    records = Records(folder)
    filled = [row for row in rows if any(row)]
    if not filled:
        raise Problem("the Excel file holds nothing, not even headings.")
    headings = checked_headings([value or "" for value in filled[0]], source, limits)
    for number, row in enumerate(filled[1:], start=1):
        if any(value is not None and len(value.encode()) > limits.field_bytes for value in row):
            words = over("a field", f"over {limits.field_bytes}", limits.field_bytes, "field_bytes")
            raise Problem(f"record {number}: {words}")
        records.add(number, [list(row)])
    return records, headings


def refuse_bomb(path: Path, limits: Limits) -> None:
    """Refuses a file, which is a zip inside, that is damaged or larger unpacked than the limits allow."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > limits.unpacked_bytes:
                raise Problem(over("the unpacked file", size, limits.unpacked_bytes, "unpacked_bytes"))
            if size > max(SMALL, path.stat().st_size * limits.ratio):
                words = "its size unpacked, as a multiple of its size packed,"
                raise Problem(over(words, f"more than {limits.ratio}", limits.ratio, "ratio"))
            if archive.testzip() is not None:
                raise Problem(DAMAGED)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise Problem(DAMAGED) from error
