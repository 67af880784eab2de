"""Reads the sheets of a workbook (xlsx, xlsm, ods) as CSV text, one line for each row of the sheet.

A number is written as Excel shows it: with at most 15 digits, because Excel has no more, and with the zeros
and texts of its format. So an id that it has destroyed is never taken for the id that it was.
"""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from etl.common.problem import Problem
from etl.read.shown_numbers import bare
from etl.read.streams import refuse_damage
from etl.read.workbook_xml import FAR, LOCKED, ShownCell, has_day_numbers, refuse_unreadable, shown_cells

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError)
DAMAGED = "the workbook is damaged. Export it again, best as CSV."
ROWS_TOGETHER = 1_000
CLOCK = re.compile(r"\d:\d\d")
DAY = timedelta(days=1)
Cell = int | float | str | bool | time | date | datetime | timedelta


class Sheet(NamedTuple):
    """A sheet: why it is passed over, or its text, and whether numbers in it may be days since 1899."""

    name: str
    passed: str | None
    text: Iterator[bytes]
    has_day_numbers: bool = False


def stated_size(path: Path) -> int:
    """What a workbook, which is a zip, says that its size is when it is unpacked."""
    with refuse_damage(DAMAGED, *BROKEN_ZIP), zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def sheets(path: Path, refuse_large: Callable[[int], None]) -> Iterator[Sheet]:
    """The sheets of a workbook in their order. A damaged or locked workbook is refused."""
    try:
        import python_calamine as calamine
    except ImportError as error:
        todo = "pip install 'returntrail[excel]'. Or export the file as CSV."
        raise Problem(f"Excel files need one more package: {todo}") from error
    with refuse_damage(DAMAGED, *BROKEN_ZIP), zipfile.ZipFile(path) as archive:
        if archive.testzip() is not None:
            raise Problem(DAMAGED)
        refuse_unreadable(archive, refuse_large)
        try:
            with calamine.CalamineWorkbook.from_path(path) as book:
                yield from read_sheets(book, archive)
        except calamine.PasswordError as error:
            raise Problem(LOCKED) from error
        except calamine.CalamineError as error:
            raise Problem(FAR if "Cell limit" in str(error) else DAMAGED) from error


def read_sheets(book: "CalamineWorkbook", archive: zipfile.ZipFile) -> Iterator[Sheet]:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    has_days = has_day_numbers(archive)
    for place, found in enumerate(book.sheets_metadata):
        if found.typ != SheetTypeEnum.WorkSheet:
            yield Sheet(found.name, "a chart or a macro, not a table", iter(()))
        elif found.visible != SheetVisibleEnum.Visible:
            yield Sheet(found.name, "a hidden sheet", iter(()))
        else:
            sheet = book.get_sheet_by_index(place)
            height, width, is_note = extent(sheet)
            passed = "an empty sheet" if not height else "a note, not a table" if is_note else None
            text = csv_text(sheet, height, width, shown_cells(archive, place))
            yield Sheet(found.name, passed, text, has_days)


def extent(sheet: "CalamineSheet") -> tuple[int, int, bool]:
    """The numbers of the last row and column with content, and whether the sheet is only a note.

    In a note no row has two cells, and none has a clock: lines that were pasted into one column have one.
    """
    height, width, is_note = 0, 0, True
    for number, row in enumerate(sheet.iter_rows(), start=1):
        texts = enumerate(row, start=1)
        filled = [place for place, cell in texts if not isinstance(cell, str) or cell.strip()]
        if filled:
            height, width = number, max(width, filled[-1])
            if is_note:
                cell = row[filled[0] - 1]
                is_note = len(filled) == 1 and not CLOCK.search(text_of(cell))
    return height, width, is_note


def csv_text(sheet: "CalamineSheet", height: int, width: int, shown: Iterator[ShownCell]) -> Iterator[bytes]:
    """The rows down to a height and up to a width, counted from the first cell with content.

    All fields have quotes, so that the text has only one meaning. An empty row is an empty line.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    before = [""] * (sheet.start[1] if sheet.start else 0)
    one = next(shown, None)
    for number, row in enumerate(islice(sheet.iter_rows(), height), start=1):
        while one and one[0] <= number:
            place = one[1] - len(before) - 1
            cell = row[place] if one[0] == number and 0 <= place < width else None
            if isinstance(cell, float | int) and not isinstance(cell, bool):
                row[place] = one[2](cell)
            one = next(shown, None)
        texts = [text_of(cell) for cell in row[:width]]
        if any(text and not text.isspace() for text in texts):
            writer.writerow(chain(before, texts))
        else:
            buffer.write("\n")
        if number % ROWS_TOGETHER == 0 or number == height:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()


def text_of(cell: Cell) -> str:
    """A cell as text: dates and times in ISO 8601, milliseconds if there are any, at midnight the date."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, timedelta):
        # A time of day in a format for durations; more than a day is shown as the number that it is.
        cell = (datetime.min + cell).time() if timedelta(0) <= cell < DAY else cell / DAY
    if isinstance(cell, datetime) and cell.time() != time():
        return cell.isoformat(" ", "milliseconds" if cell.microsecond else "seconds")
    if isinstance(cell, time):
        return cell.isoformat("milliseconds" if cell.microsecond else "seconds")
    if isinstance(cell, date):
        return f"{cell:%Y-%m-%d}"
    return bare(cell)
