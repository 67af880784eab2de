"""Reports as CSV files for everybody who has neither the dashboard nor SQL.

A file is whole or not there: it is written under a hidden name beside and renamed once it is on the disk.

What a folder of reports says of itself: `manifest.json`, one entry a file, which leads a list back to its source.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from etl.common.files import (
    atomic_file,
    make_private_folder,
    remove_leftovers,
    remove_leftovers_outside,
    write_json,
)
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.terminal import step
from etl.reports.changes import ADDED_MEANINGS, ADDED_TYPES
from etl.sql.file import PERIODS
from etl.warehouse.ask import Facts, Report, Warehouse, ask_in_batches, open_warehouse, report_query
from etl.warehouse.cells import as_csv

MANIFEST = "manifest.json"


def file_entry(
    report: Report,
    facts: Facts,
    filters: dict[str, object],
    row_count: int,
    sha256: str,
    size: int,
    changed: bool = False,
) -> dict:
    """What is true of one file, whoever wrote it; moments are UTC in ISO."""
    columns = [
        {"name": name, "type": report.columns[name], "meaning": meaning}
        for name, meaning in report.meanings.items()
    ]
    added = [
        {"name": name, "type": ADDED_TYPES[name], "meaning": meaning}
        for name, meaning in ADDED_MEANINGS.items()
    ]
    return {
        "report": report.name,
        "meaning": report.meaning,
        "rows": row_count,
        "sha256": sha256,
        "bytes": size,
        "columns": [*(added if changed else ()), *columns],
        "filters": filters,
        "as_of": iso(facts.as_of),
        "built_at": iso(facts.built_at),
        "build": facts.input_digest,
        "version": facts.version,
        "firm": facts.firm_name,
        "zone": facts.timezone,
    }


def iso(moment: object) -> str | None:
    """A moment of the warehouse as text."""
    return f"{moment.isoformat(timespec='seconds')}Z" if moment else None


def note(folder: Path, entries: dict[str, dict]) -> None:
    """Adds or replaces entries in the folder's manifest, which is never seen half."""
    file = folder / MANIFEST
    try:
        said = json.loads(file.read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        said = {}
    write_json(file, {"files": dict(sorted((said | entries).items()))})


BATCH_ROWS = 50_000


@dataclass(frozen=True)
class Written:
    """A report that was written, and what the manifest says of it."""

    report: str
    file: Path
    row_count: int
    entry: dict


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
    with open_warehouse(data.warehouse) as warehouse:
        fitting = (report.name for report in due(warehouse, every) if filters.keys() <= report.params.keys())
        chosen = list(names) or list(fitting)
        for name in chosen:
            report_query(warehouse, name, None, filters)
        folder = out or data.reports / str(today(now or datetime.now(UTC), warehouse))
        prepare(folder, data.reports)
        written = []
        for name in chosen:
            written.append(write_report(warehouse, name, folder / f"{name}.csv", filters))
            with saying(folder):
                note(folder, {f"{name}.csv": written[-1].entry})
        return written


def today(now: datetime, warehouse: Warehouse) -> date:
    """The firm's date of a moment."""
    return now.astimezone(ZoneInfo(warehouse.facts.timezone)).date()


def due(warehouse: Warehouse, every: str | None) -> list[Report]:
    """The reports of a period, or of any."""
    if every is not None and every not in PERIODS:
        raise Problem(f'No report is written every "{every}". There are: {", ".join(PERIODS)}.')
    return [report for report in warehouse.reports.values() if report.every and every in (None, report.every)]


def prepare(folder: Path, reports: Path) -> None:
    """Makes the folder, and removes what killed runs left there and under `reports`."""
    make_private_folder(folder)
    remove_leftovers_outside(folder)
    remove_leftovers(*reports.glob("*"))


def write_report(warehouse: Warehouse, name: str, file: Path, filters: dict[str, object]) -> Written:
    """One report into one file, in batches, so that memory stays flat; without rows it is the header alone."""
    row_count, size, digest = 0, 0, hashlib.sha256()
    with step(f"Writing {file.name}"), saying(file), atomic_file(file) as stream:
        for number, frame in enumerate(ask_in_batches(warehouse, name, BATCH_ROWS, **filters)):
            piece = as_csv(frame, warehouse.facts.timezone, header=number == 0).encode()
            digest.update(piece)
            size += stream.write(piece)
            row_count += frame.height
    entry = file_entry(warehouse.reports[name], warehouse.facts, filters, row_count, digest.hexdigest(), size)
    return Written(name, file, row_count, entry)


@contextmanager
def saying(file: Path) -> Iterator[None]:
    """What the disk refuses becomes a Problem that names the file."""
    try:
        yield
    except OSError as error:
        raise Problem(
            f"{file}: it cannot be written ({error.strerror}). What stood there before stays."
        ) from error
