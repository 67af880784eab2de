"""Reports as CSV files, for people who use neither the dashboard nor SQL, and the manifest of their folder.

A file is complete or missing. `manifest.json` has the rows, hash, filters and build of each file.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
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
from etl.sql.file import PERIODS
from etl.warehouse.ask import Question, Report, Warehouse, fetch_batches, open_warehouse, question_of
from etl.warehouse.cells import as_csv

MANIFEST = "manifest.json"


def write_reports(
    data: DataDir,
    names: Iterable[str] = (),
    every: str | None = None,
    out: Path | None = None,
    now: datetime | None = None,
    **filters: object,
) -> list[Path]:
    """Writes the reports named, else those of a period, else of any, into `out` or `reports/<today>`.

    Today is the firm's date. Without names, a report that lacks one of the filters is left out, so that a run
    for one office never contains another's clients. All names and filters are checked before the first file
    is written.
    """
    if every is not None and every not in PERIODS:
        raise Problem(f'No report is written every "{every}". There are: {", ".join(PERIODS)}.')
    with open_warehouse(data.warehouse) as warehouse:
        refuse_shared_offices(warehouse, filters.get("for_offices"), filters.get("for_firms"))
        chosen = list(names) or [
            report.name
            for report in warehouse.reports.values()
            if report.every and every in (None, report.every) and filters.keys() <= report.params.keys()
        ]
        questions = [question_of(warehouse, name, None, filters) for name in chosen]
        folder = out or data.reports / str(local_date(now or datetime.now(UTC), warehouse))
        prepare_folder(folder, data)
        return [write_report(warehouse, question, folder, filters) for question in questions]


def refuse_shared_offices(warehouse: Warehouse, offices: Any, firms: object) -> None:
    """Raises a Problem if the office of one firm is asked for, and another firm has one of its name.

    Firms that are named with it are asked for, be they several.
    """
    wanted = [offices] if isinstance(offices, str) else offices or ()
    for office in wanted if firms is None else ():
        of = [firm for firm, name in warehouse.offices if name == office]
        if len(of) > 1:
            raise Problem(f'Several firms have an office "{office}": {", ".join(of)}. Name the firm too.')


def local_date(moment: datetime, warehouse: Warehouse) -> date:
    return moment.astimezone(ZoneInfo(warehouse.facts.timezone)).date()


def prepare_folder(folder: Path, data: DataDir) -> None:
    """Makes the folder, and removes what killed runs left in it and in the reports' folders."""
    make_private_folder(folder)
    remove_leftovers_outside(folder)
    remove_leftovers(*data.reports.glob("*"))


def write_report(warehouse: Warehouse, question: Question, folder: Path, filters: dict[str, object]) -> Path:
    """Writes one report in batches, so that memory stays flat. Without rows the file has only the header."""
    file, row_count = folder / f"{question.report}.csv", 0
    with step(f"Writing {file.name}"), write_errors(file), atomic_file(file) as out:
        for number, frame in enumerate(fetch_batches(warehouse, question)):
            out.write(as_csv(frame, warehouse.facts.timezone, header=number == 0).encode())
            row_count += frame.height
    with write_errors(file.parent):
        entry = file_entry(warehouse, warehouse.reports[question.report], filters, row_count, file)
        add_to_manifest(file.parent, {file.name: entry})
    return file


def file_entry(
    warehouse: Warehouse, report: Report, filters: dict[str, Any], row_count: int, file: Path
) -> dict[str, Any]:
    """The entry of a file in the manifest; times are UTC in ISO."""
    facts, meanings = warehouse.facts, report.meanings.items()
    with open(file, "rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {
        "report": report.name,
        "meaning": report.meaning,
        "rows": row_count,
        "sha256": digest,
        "bytes": file.stat().st_size,
        "columns": [{"name": name, "type": report.columns[name], "meaning": text} for name, text in meanings],
        "filters": filters,
        "as_of": iso(facts.as_of),
        "built_at": iso(facts.built_at),
        "build": facts.input_digest,
        "version": facts.version,
        "firm": facts.firm_name,
        "zone": facts.timezone,
    }


def iso(moment: datetime | None) -> str | None:
    return f"{moment.isoformat(timespec='seconds')}Z" if moment else None


def add_to_manifest(folder: Path, entries: dict[str, dict[str, Any]]) -> None:
    file = folder / MANIFEST
    try:
        known = json.loads(file.read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        known = {}
    write_json(file, {"files": dict(sorted((known | entries).items()))})


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Raises an error of the disk as a Problem that names the file or folder."""
    try:
        yield
    except OSError as error:
        unchanged = "What was there before is unchanged."
        raise Problem(f"{path}: it cannot be written ({error.strerror}). {unchanged}") from error
