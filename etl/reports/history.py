"""The history of runs: what each wrote or why it failed, as lines of JSON that are only appended.

A run has a line when it begins and another when it ends; the last line counts. Readers skip incomplete lines,
so they may read at any time. It is a sealed log: of a history that was cut, all that it no longer has would
be written and sent again.
"""

import re
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.sealed import HISTORY, marks_of, sealed_logs
from etl.common.system import sync_to_disk

# What a run has written, in the folder of its files.
ENTRY = "entry.json"
BEGUN = "begun"
WRITTEN = "written"
EMPTY = "skipped: empty"
UNCHANGED = "skipped: unchanged"
FAILED = "failed: "
DONE = (WRITTEN, EMPTY, UNCHANGED)
COUNTS = ("row_count", "new_count", "cleared_count")


@dataclass(frozen=True)
class Run:
    """One attempt at one slot of one subscription.

    `at` is UTC in ISO. `files_of` is the run that made its files, `again` the run that it repeats.
    """

    run: int
    at: str
    subscription: str
    report: str
    slot: str
    state: str = BEGUN
    filters: dict[str, list[Any]] = field(default_factory=dict)
    file_format: str = "csv"
    bom: bool = False
    to: list[str] = field(default_factory=list)
    files_of: int | None = None
    row_count: int | None = None
    new_count: int | None = None
    cleared_count: int | None = None
    steady_digest: str | None = None
    file: str | None = None
    sent_to: list[str] = field(default_factory=list)
    again: int | None = None

    @property
    def is_failed(self) -> bool:
        return self.state.startswith(FAILED)


def history_file(data: DataDir) -> Path:
    return sealed_logs(data)[HISTORY].file


def read_runs(data: DataDir) -> list[Run]:
    """The last line of every run, the oldest run first."""
    try:
        lines = history_file(data).read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    runs: dict[int, Run] = {}
    for line in lines:
        with suppress(msgspec.MsgspecError):
            run = msgspec.json.decode(line, type=Run)
            runs[run.run] = run
    return [runs[number] for number in sorted(runs)]


def save_run(data: DataDir, run: Run) -> None:
    """Adds a line and waits until it is on the disk."""
    log = sealed_logs(data)[HISTORY]
    try:
        with log.locked():
            log.append(asdict(run))
        sync_to_disk(data.runs)
    except OSError as error:
        fault = f"the run cannot be recorded ({error.strerror}). Fix that and try again."
        raise Problem(f"{log.file}: {fault}") from error


def history_faults(data: DataDir) -> list[str]:
    """Sentences that say which runs were changed or lost; empty if there were never any."""
    faults = sealed_logs(data)[HISTORY].faults(marks_of(data, HISTORY))
    known = {run.run for run in read_runs(data)}
    if lost := [folder.name for folder in stored_folders(data) if int(folder.name) not in known]:
        faults.append(f"{history_file(data)}: it has no line of the stored runs {', '.join(lost)}.")
    return faults


def stored_folders(data: DataDir) -> list[Path]:
    """The folders with the files of runs. A folder of others in runs/ has no entry, and no line names it."""
    named = {str(run.files_of) for run in read_runs(data)}
    folders = [folder for folder in data.runs.glob("*") if re.fullmatch("[1-9][0-9]*", folder.name)]
    own = [folder for folder in folders if folder.name in named or (folder / ENTRY).exists()]
    return sorted(own, key=lambda folder: int(folder.name))


def refuse_lost_history(data: DataDir) -> None:
    """Raises a Problem if runs were changed or lost: what they sent would be sent again."""
    if faults := history_faults(data):
        unknown = "So it is not known what people got, and nothing is written or sent"
        anew = "To begin anew, move both elsewhere: every report is then new"
        raise Problem(f"{faults[0]} {unknown}. Restore runs/ and verified.json from one backup. {anew}.")


def history(data: DataDir) -> pl.DataFrame:
    """The runs as a table, the newest first; `at` is UTC."""
    rows = [asdict(run) | {"sent_count": len(run.sent_to)} for run in reversed(read_runs(data))]
    texts, numbers = ("at", "subscription", "slot", "state", "file"), ("run", *COUNTS, "sent_count")
    schema = dict.fromkeys(texts, pl.String()) | dict.fromkeys(numbers, pl.Int64())
    at = pl.col("at").str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us")
    shown = ("run", at, "subscription", "slot", "state", *COUNTS, "file", "sent_count")
    return pl.DataFrame(rows, schema=schema).select(*shown)
