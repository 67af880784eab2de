"""A report as an Excel file: ids stay text, dates are dates, times are the firm's, and no cell is a formula.

Rows go to the disk as they come, so memory stays flat. The file tells no moment of its own: the same rows are the same
bytes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from etl.common.problem import Problem

MOST_ROWS = 1_048_575
LONGEST_TEXT = 32_767
DATE, TIME = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
# Excel counts days from 1900 on; what lies before is written as text.
FIRST_DAY = date(1900, 3, 1)
BOOK = {
    "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}  # fmt: skip


def refuse_without_excel() -> None:
    """Raises a Problem where the package for Excel files is not installed."""
    try:
        import xlsxwriter  # noqa: F401
    except ImportError as error:
        raise Problem(
            "Excel files need one more package: pip install 'returntrail[excel]'. Or write format = \"csv\"."
        ) from error


@contextmanager
def sheet(file: Path, zone: str) -> Iterator[Callable[[pl.DataFrame], None]]:
    """What writes frames of one shape below one another into a new Excel file; it is whole when the block ends."""
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    # Its pieces lie beside it, and not in a folder that others can read.
    book = xlsxwriter.Workbook(file, BOOK | {"tmpdir": str(file.parent)})
    book.set_properties({"created": datetime(2000, 1, 1), "comments": f"Times are of {zone}."})
    page = book.add_worksheet()
    page.freeze_panes(1, 0)
    formats = {date: book.add_format({"num_format": DATE}), datetime: book.add_format({"num_format": TIME})}
    place = 0

    def write(frame: pl.DataFrame) -> None:
        nonlocal place
        if place == 0:
            for column, name in enumerate(frame.columns):
                page.write_string(0, column, name)
        if place + frame.height > MOST_ROWS:
            raise Problem(
                f'more rows than a sheet of Excel holds ({MOST_ROWS:,}). Filter, or write format = "csv".'
            )
        for row in local(frame, zone).iter_rows():
            place += 1
            for column, value in enumerate(row):
                write_cell(page, place, column, value, formats)

    try:
        yield write
    except BaseException:
        book.fileclosed = True
        raise
    try:
        book.close()
    except FileCreateError as error:
        raise (
            error.args[0] if error.args and isinstance(error.args[0], OSError) else OSError(str(error))
        ) from error


def local(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    """The frame with its times (UTC in the warehouse) as wall clock times of the zone."""
    times = [
        pl.col(name)
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone(str(ZoneInfo(zone)))
        .dt.replace_time_zone(None)
        for name, kind in frame.schema.items()
        if isinstance(kind, pl.Datetime)
    ]
    return frame.with_columns(times)


def write_cell(page: object, row: int, column: int, value: object, formats: dict) -> None:
    """One cell by the kind of its value; null stays empty."""
    if value is None:
        return
    if isinstance(value, bool):
        page.write_boolean(row, column, value)
    elif isinstance(value, date):
        day = value.date() if isinstance(value, datetime) else value
        if day < FIRST_DAY:
            page.write_string(row, column, str(value))
        else:
            moment = value.replace(microsecond=0) if isinstance(value, datetime) else value
            page.write_datetime(row, column, moment, formats[type(value)])
    elif isinstance(value, str):
        if len(value.encode("utf-16-le")) // 2 > LONGEST_TEXT:
            raise Problem(
                f'row {row} has a text that is longer than a cell of Excel holds. Write format = "csv".'
            )
        page.write_string(row, column, value)
    else:
        page.write_number(row, column, value)
