"""A report as an Excel file: ids stay text, dates are dates, times are the firm's, and no cell is a formula.

Rows are written to the disk as they come, so memory stays flat. The file does not contain when it was
written: the same rows are the same bytes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from etl.common.problem import Problem

MOST_ROWS = 1_048_575
LONGEST_TEXT = 32_767
# Excel counts days from 1900 on; earlier dates are written as text.
FIRST_DAY = "1900-03-01"


def refuse_without_excel() -> None:
    """Raises a Problem if the package for Excel files is not installed."""
    try:
        import xlsxwriter  # noqa: F401
    except ImportError as error:
        raise Problem(
            "Excel files need one more package: pip install 'returntrail[excel]'. Or write format = \"csv\"."
        ) from error


@contextmanager
def sheet(file: Path, zone: str) -> Iterator[Callable[[pl.DataFrame], None]]:
    """Yields a function that appends frames with the same columns to a new Excel file."""
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    # Its temporary files are beside it, and not in a folder that others can read.
    options = {"constant_memory": True, "nan_inf_to_errors": True, "tmpdir": str(file.parent)}
    book = xlsxwriter.Workbook(file, options)
    book.set_properties({"created": datetime(2000, 1, 1), "comments": f"Times are of {zone}."})
    page = book.add_worksheet()
    page.freeze_panes(1, 0)
    page.add_write_handler(str, write_text)
    for kind, number_format in ((date, "yyyy-mm-dd"), (datetime, "yyyy-mm-dd hh:mm:ss")):
        page.add_write_handler(kind, date_writer(book.add_format({"num_format": number_format})))
    count = 0

    def write(frame: pl.DataFrame) -> None:
        nonlocal count
        if count == 0:
            page.write_row(0, 0, frame.columns)
        if count + frame.height > MOST_ROWS:
            raise Problem(
                f'more rows than a sheet of Excel holds ({MOST_ROWS:,}). Filter, or write format = "csv".'
            )
        times = pl.selectors.datetime()
        in_zone = times.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None)
        for row in frame.with_columns(in_zone.dt.truncate("1s")).iter_rows():
            count += 1
            page.write_row(count, 0, row)

    try:
        yield write
    except BaseException:
        # Otherwise it would be completed when it is garbage collected.
        book.fileclosed = True
        raise
    try:
        book.close()
    except FileCreateError as error:
        raise error.args[0] from error


def write_text(page: Any, row: int, column: int, text: str, _format: None) -> Any:
    """Always as text: never a formula, a link or a number."""
    if len(text.encode("utf-16-le")) // 2 > LONGEST_TEXT:
        raise Problem(
            f'row {row} has a text that is longer than a cell of Excel holds. Write format = "csv".'
        )
    return page.write_string(row, column, text)


def date_writer(number_format: object) -> Callable[[Any, int, int, date, None], Any]:
    """What writes a date or a time with this format."""

    def write_date(page: Any, row: int, column: int, value: date, _format: None) -> Any:
        if str(value) < FIRST_DAY:
            return page.write_string(row, column, str(value))
        return page.write_datetime(row, column, value, number_format)

    return write_date
