"""A report as an Excel file: ids are text, dates are dates, times are the firm's, and no cell is a formula.

Rows go to the disk at once, so memory stays flat. The file does not contain the time of writing: the same
rows give the same bytes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl

from etl.common.problem import Problem
from etl.warehouse.cells import in_zone

MOST_ROWS = 1_048_575
LONGEST_TEXT = 32_767
# Excel counts days from 1900 on; earlier dates are written as text.
FIRST_DAY = "1900-03-01"


def refuse_without_excel() -> None:
    """Raises a Problem if the package for Excel files is not installed."""
    if find_spec("xlsxwriter") is None:
        install = "pip install 'returntrail[excel]'"
        raise Problem(f'Excel files need one more package: {install}. Or write format = "csv".')


@contextmanager
def sheet(file: Path, zone: str) -> Iterator[Callable[[pl.DataFrame], None]]:
    """Yields a function that appends frames with the same columns to a new Excel file."""
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    # Its temporary files go beside it, not into a folder that others can read.
    options = {"constant_memory": True, "nan_inf_to_errors": True, "tmpdir": str(file.parent)}
    book = xlsxwriter.Workbook(file, options)
    book.set_properties({"created": datetime(2000, 1, 1), "comments": f"Times are in {zone}."})
    page = book.add_worksheet()
    page.freeze_panes(1, 0)
    page.add_write_handler(str, write_text)
    codes = {date: "yyyy-mm-dd", datetime: "yyyy-mm-dd hh:mm:ss"}
    formats = {kind: book.add_format({"num_format": code}) for kind, code in codes.items()}

    def write_date(page: Any, row: int, column: int, value: date, _format: None) -> Any:
        if str(value) < FIRST_DAY:
            return page.write_string(row, column, str(value))
        return page.write_datetime(row, column, value, formats[type(value)])

    for kind in formats:
        page.add_write_handler(kind, write_date)
    count = 0

    def write(frame: pl.DataFrame) -> None:
        nonlocal count
        if count == 0:
            page.write_row(0, 0, frame.columns)
        if count + frame.height > MOST_ROWS:
            limit = f"more than {MOST_ROWS:,} rows do not fit into a sheet of Excel"
            raise Problem(f'{limit}. Filter, or write format = "csv".')
        for row in frame.with_columns(in_zone(zone).dt.truncate("1s")).iter_rows():
            count += 1
            page.write_row(count, 0, row)

    try:
        yield write
    except BaseException:
        # Otherwise the garbage collector would complete the file.
        book.fileclosed = True
        raise
    try:
        book.close()
    except FileCreateError as error:
        raise error.args[0] from error


def write_text(page: Any, row: int, column: int, text: str, _format: None) -> Any:
    """Always as text, never as a formula, a link or a number."""
    if len(text.encode("utf-16-le")) // 2 > LONGEST_TEXT:
        raise Problem(f'row {row} has a text that is too long for a cell of Excel. Write format = "csv".')
    return page.write_string(row, column, text)
