"""The stored files of each run: compressed in `runs/<number>/`, to be delivered again byte for byte.

People may open and save a file in the reports' folder; the stored file does not change.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.common.files import put_in_place
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.reports.files import HashedStream
from etl.reports.history import Run

ENTRY = "entry.json"
BOM = "\ufeff"
CHUNK_BYTES = 1 << 20
# The fastest level is faster than the disk, and already shrinks a report to a sixth.
FASTEST = 1


@dataclass(frozen=True)
class StoredRun:
    """The folder of a run, the day of its reports, and the manifest entry of each file."""

    folder: Path
    day: str
    files: dict[str, dict[str, Any]]

    def read(self, name: str) -> Iterator[bytes]:
        """A file in chunks. Raises a Problem at its end if it is not what the run wrote."""
        file, number = self.folder / f"{name}.gz", self.folder.name
        digest = hashlib.sha256()
        try:
            with gzip.open(file) as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    digest.update(chunk)
                    yield chunk
        except (EOFError, gzip.BadGzipFile, FileNotFoundError) as error:
            raise Problem(f"{file}: what run {number} wrote is damaged. Restore it from a backup.") from error
        if digest.hexdigest() != self.files[name]["sha256"]:
            raise Problem(f"{file}: not what run {number} wrote. Restore it from a backup.")


def stored_run(data: DataDir, run: Run) -> StoredRun:
    """The stored files of a run. Raises a Problem if they are missing."""
    folder = data.runs / str(run.files_of)
    try:
        entry = json.loads((folder / ENTRY).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        fault = f"the files of run {run.files_of} are missing. Restore them from a backup."
        raise Problem(f"{folder}: {fault}") from error
    return StoredRun(folder, entry["day"], entry["files"])


@contextmanager
def stored_file(folder: Path, name: str, bom: bool = False) -> Iterator[HashedStream]:
    """Writes `<name>.gz` into the folder of a run, with a byte order mark for Excel if `bom`."""
    with open(folder / f"{name}.gz", "wb") as file, gzip.GzipFile("", "wb", FASTEST, file, mtime=0) as out:
        stream = HashedStream(out)
        stream.write(BOM if bom else "")
        yield stream


def store_run(data: DataDir, folder: Path, number: int, day: str, files: dict[str, dict[str, Any]]) -> None:
    """Stores the files of a run under its number, all at once, with their manifest entries."""
    entry = json.dumps({"day": day, "files": files}, ensure_ascii=False, indent=1)
    (folder / ENTRY).write_text(f"{entry}\n", encoding="utf-8")
    put_in_place(folder, data.runs / str(number))
