"""The files of a run: the report as CSV or Excel, and its changes since the last run.

They are made once and stored, compressed in `runs/<number>/`, to be delivered again byte for byte. People may
open and save a file in the reports' folder; the stored file does not change.
"""

import gzip
import hashlib
import json
import re
import shutil
import zlib
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from etl.common.files import atomic_file, put_in_place, work_folder
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.terminal import step
from etl.config.subscription import Subscription
from etl.reports.changes import ADDED_MEANINGS, ADDED_TYPES, write_changes
from etl.reports.files import add_to_manifest, file_entry, local_date, prepare_folder, write_errors
from etl.reports.history import EMPTY, ENTRY, UNCHANGED, Run
from etl.reports.xlsx import sheet
from etl.warehouse.ask import Warehouse, fetch_batches, question_of
from etl.warehouse.cells import as_csv

# These columns change every day by themselves; that does not count as a change of the list.
GROWING = re.compile(r"(waiting|oldest_open)_days|days_left")
# The fastest level is faster than the disk, and already shrinks a report to a sixth.
FASTEST = 1


@dataclass(frozen=True)
class StoredRun:
    """The folder of a run, the day of its reports, and the manifest entry of each file."""

    folder: Path
    day: str
    files: dict[str, dict[str, Any]]

    def open(self, name: str) -> gzip.GzipFile:
        """A stored file. Raises a Problem if it is not what the run wrote."""
        file, number = self.folder / f"{name}.gz", self.folder.name
        try:
            with gzip.open(file) as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except (EOFError, zlib.error, gzip.BadGzipFile, FileNotFoundError) as error:
            raise Problem(f"{file}: what run {number} wrote is damaged. Restore it from a backup.") from error
        if digest != self.files[name]["sha256"]:
            raise Problem(f"{file}: not what run {number} wrote. Restore it from a backup.")
        return gzip.open(file)


def stored_run(data: DataDir, run: Run) -> StoredRun:
    """The stored files of a run. Raises a Problem if they are missing."""
    folder = data.runs / str(run.files_of)
    try:
        entry = json.loads((folder / ENTRY).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        fault = f"the files of run {run.files_of} are missing. Restore them from a backup."
        raise Problem(f"{folder}: {fault}") from error
    return StoredRun(folder, entry["day"], entry["files"])


def copy_files(data: DataDir, stored: StoredRun, folder: Path) -> list[Path]:
    """Copies the files of a run into a folder, each completely or not at all, and into its manifest."""
    with write_errors(folder):
        prepare_folder(folder, data)
        for name in stored.files:
            with stored.open(name) as content, atomic_file(folder / name) as stream:
                shutil.copyfileobj(content, stream)
        add_to_manifest(folder, stored.files)
    return [folder / name for name in stored.files]


def make_run(
    data: DataDir, warehouse: Warehouse, subscription: Subscription, run: Run, previous: Run | None
) -> Run:
    """Makes and stores the files of a run, and counts its rows; an unchanged list may be skipped."""
    label, report, filters = subscription.label, warehouse.reports[subscription.report], subscription.filters
    day = local_date(datetime.fromisoformat(f"{run.at}Z"), warehouse)
    encoding = "utf-8-sig" if subscription.bom else "utf-8"
    with step(f"Writing {label}"), work_folder(data.runs) as folder:
        listed, changes = folder / f"{label}.csv", folder / f"{label}-changes.csv"
        row_count, steady_digest = write_list(warehouse, subscription, listed, encoding)
        run = replace(run, row_count=row_count, steady_digest=steady_digest)
        file = listed.with_suffix(f".{subscription.file_format}")
        files = {file.name: file_entry(warehouse, report, filters, row_count, file)}
        packed_list = compress(listed)
        if report.key:
            before = stored_changes(data, previous, changes.name) if previous else None
            counts = write_changes(report, packed_list, before, day, changes, encoding)
            run = replace(run, new_count=counts["new"], cleared_count=counts["cleared"])
            columns, meanings = ADDED_TYPES | report.columns, ADDED_MEANINGS | report.meanings
            of_changes = replace(report, columns=columns, meanings=meanings)
            entry = file_entry(warehouse, of_changes, filters, counts.total(), changes)
            files[changes.name] = entry | {"changes": counts}
            compress(changes)
        if subscription.only_if_rows and not row_count:
            run = replace(run, state=EMPTY)
        elif subscription.only_if_changed and previous and previous.steady_digest == steady_digest:
            return replace(run, state=UNCHANGED)
        of_run = {
            "run": run.run,
            "subscription": label,
            "slot": run.slot,
            "written_at": f"{run.at}Z",
            "previous_run": previous.run if previous else None,
        }
        if file != listed:
            compress(file)
            packed_list.unlink()
        content = {"day": str(day), "files": {name: entry | of_run for name, entry in files.items()}}
        text = json.dumps(content, ensure_ascii=False, indent=1)
        (folder / ENTRY).write_text(f"{text}\n", encoding="utf-8")
        put_in_place(folder, data.runs / str(run.run))
        return replace(run, files_of=run.run)


def write_list(
    warehouse: Warehouse, subscription: Subscription, file: Path, encoding: str
) -> tuple[int, str]:
    """Writes the report, and returns the number of its rows and a hash without the growing columns.

    The list as CSV is always written, because the changes are computed from it.
    """
    zone, steady, row_count = warehouse.facts.timezone, hashlib.sha256(), 0
    is_book = subscription.file_format == "xlsx"
    question = question_of(warehouse, subscription.report, None, subscription.filters)
    with (
        sheet(file.with_suffix(".xlsx"), zone) if is_book else nullcontext() as write,
        open(file, "w", encoding=encoding, newline="") as rows,
    ):
        for number, frame in enumerate(fetch_batches(warehouse, question)):
            rows.write(as_csv(frame, zone, header=number == 0))
            lasting = frame.drop([name for name in frame.columns if GROWING.fullmatch(name)])
            steady.update(as_csv(lasting, zone, header=number == 0).encode())
            row_count += frame.height
            if write:
                write(frame)
    return row_count, steady.hexdigest()


def stored_changes(data: DataDir, run: Run, name: str) -> Path | None:
    """The changes file of a run, if it has one. Raises a Problem if it is not what the run wrote."""
    file = data.runs / str(run.files_of) / f"{name}.gz"
    if not file.exists():
        return None
    stored_run(data, run).open(name).close()
    return file


def compress(file: Path) -> Path:
    """Replaces a file by its compressed bytes, which do not depend on the time; returns their file."""
    packed_file = file.with_name(f"{file.name}.gz")
    with (
        open(file, "rb") as content,
        open(packed_file, "wb") as packed,
        gzip.GzipFile("", "wb", FASTEST, packed, mtime=0) as out,
    ):
        shutil.copyfileobj(content, out)
    file.unlink()
    return packed_file
