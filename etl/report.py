"""Reports as CSV files for everybody who has neither the dashboard nor SQL.

A file is whole or not there: it is written under a hidden name beside and renamed once it is on the disk.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from etl.cells import as_csv
from etl.datadir import DataDir
from etl.problem import Problem
from etl.progress import step
from etl.sqlfile import PERIODS
from etl.store import make_private, sync
from etl.warehouse import Report, Warehouse, ask_in_batches, call, opened

UNFINISHED = ".returntrail-"
BATCH_ROWS = 50_000


@dataclass(frozen=True)
class Written:
    """A report that was written."""

    report: str
    file: Path
    row_count: int


def write_reports(
    data: DataDir,
    names: Iterable[str] = (),
    every: str | None = None,
    out: Path | None = None,
    now: datetime | None = None,
    **filters: object,
) -> list[Written]:
    """Writes the reports named, else those of a period, else all that have one, into `out` or `reports/<today>`.

    Today is the day in the firm's zone on which they are written. A report that is not named and does not know a
    filter is left out, so that a run for one office never holds another's clients. All names and filters are checked
    before the first file is written.
    """
    with opened(data.warehouse) as warehouse:
        fitting = (report.name for report in due(warehouse, every) if filters.keys() <= report.params.keys())
        chosen = list(names) or list(fitting)
        for name in chosen:
            call(warehouse, name, None, filters)
        today = (now or datetime.now(UTC)).astimezone(ZoneInfo(warehouse.facts.timezone)).date()
        folder = out or data.reports / str(today)
        prepare(folder, data.reports)
        return [write_report(warehouse, name, folder / f"{name}.csv", filters) for name in chosen]


def due(warehouse: Warehouse, every: str | None) -> list[Report]:
    """The reports of a period, or of any."""
    if every is not None and every not in PERIODS:
        raise Problem(f'No report is written every "{every}". There are: {", ".join(PERIODS)}.')
    return [report for report in warehouse.reports.values() if report.every and every in (None, report.every)]


def prepare(folder: Path, reports: Path) -> None:
    """Makes the folder, and removes what killed runs left there and under `reports`."""
    make_private(folder)
    for left in [*folder.glob(f"{UNFINISHED}*"), *reports.glob(f"*/{UNFINISHED}*")]:
        left.unlink(missing_ok=True)


def write_report(warehouse: Warehouse, name: str, file: Path, filters: dict[str, object]) -> Written:
    """One report into one file, in batches, so that memory stays flat; without rows it is the header alone."""
    row_count = 0
    try:
        with step(f"Writing {file.name}"), beside(file) as stream:
            for number, frame in enumerate(ask_in_batches(warehouse, name, BATCH_ROWS, **filters)):
                stream.write(as_csv(frame, warehouse.facts.timezone, header=number == 0))
                row_count += frame.height
    except OSError as error:
        raise Problem(f"{file}: it cannot be written ({error.strerror}). What stood there before stays.") from error
    return Written(name, file, row_count)


@contextmanager
def beside(file: Path) -> Iterator[TextIO]:
    """A file under a hidden name that takes the place of `file` once it is whole and on the disk."""
    handle, unfinished = tempfile.mkstemp(prefix=UNFINISHED, dir=file.parent)
    try:
        with open(handle, "w", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(unfinished, file)
    finally:
        Path(unfinished).unlink(missing_ok=True)
    sync(file.parent)
