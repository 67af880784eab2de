"""What ran, what it wrote and why something did not: one line of JSON a fact, only ever appended.

A run has a line when it begins and another when it ends, and the last one counts. A reader takes whole lines alone, so
it may look at any moment; a line that a killed process left torn is passed over, and its run is begun and not ended.
"""

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import polars as pl

from etl.common.files import make_private_folder, sync_to_disk
from etl.common.paths import DataDir
from etl.common.problem import Problem

BEGUN = "begun"
WRITTEN = "written"
EMPTY = "skipped: empty"
UNCHANGED = "skipped: unchanged"
FAILED = "failed: "
DONE = (WRITTEN, EMPTY, UNCHANGED)
SHOWN = {
    "run": pl.Int64, "at": pl.Datetime("us"), "subscription": pl.String, "slot": pl.String, "state": pl.String,
    "row_count": pl.Int64, "new_count": pl.Int64, "cleared_count": pl.Int64, "file": pl.String, "sent_count": pl.Int64,
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One attempt at one slot of one subscription.

    `at` is UTC in ISO, `files_of` the run in whose folder its files are kept, and `again` the run that it repeats.
    """

    run: int
    at: str
    subscription: str
    report: str
    slot: str
    state: str = BEGUN
    filters: dict[str, list] = field(default_factory=dict)
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
    return data.runs / "history.jsonl"


def runs_of(data: DataDir) -> list[Run]:
    """Every run as it stands now, the oldest first."""
    try:
        lines = history_file(data).read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    known = {one.name for one in fields(Run)}
    runs: dict[int, Run] = {}
    for line in lines:
        try:
            said = json.loads(line)
            run = Run(**{key: value for key, value in said.items() if key in known})
        except (ValueError, TypeError, AttributeError):
            continue
        runs[run.run] = run
    return [runs[number] for number in sorted(runs)]


def remember(data: DataDir, run: Run) -> None:
    """Adds a line and waits until it is on the disk; a torn line before it is ended first."""
    file = history_file(data)
    line = json.dumps(asdict(run), ensure_ascii=False).encode() + b"\n"
    try:
        make_private_folder(data.runs)
        is_new = not file.exists()
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with open(descriptor, "r+b", buffering=0) as stream:
            size = stream.seek(0, os.SEEK_END)
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line
            written = stream.write(line)
            os.fsync(descriptor)
        if written != len(line):
            raise Problem(
                f"{file}: no room on the disk, so what ran cannot be noted. Make some and try again."
            )
        if is_new:
            sync_to_disk(data.runs)
    except OSError as error:
        raise Problem(
            f"{file}: what ran cannot be noted ({error.strerror}). Mend that and try again."
        ) from error


def history(data: DataDir) -> pl.DataFrame:
    """The runs as a table, the newest first; `at` is UTC."""
    rows = []
    for run in reversed(runs_of(data)):
        said = asdict(run) | {"sent_count": len(run.sent_to)}
        rows.append([said[name] for name in SHOWN])
    texts = SHOWN | {"at": pl.String}
    frame = pl.DataFrame(rows, schema=texts, orient="row")
    return frame.with_columns(pl.col("at").str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us"))
