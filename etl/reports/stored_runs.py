"""The files of a run as they are kept: compressed in `runs/<number>/`, so that each can be had again, byte for byte.

Somebody may open and save a file in the reports' folder; what is kept here stays as it was written.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from etl.common.files import put_in_place
from etl.common.paths import DataDir
from etl.common.problem import Problem

ENTRY = "entry.json"
PIECE = 1 << 20
# Reports shrink to a sixth at the fastest setting already, and at a pace that the disk cannot beat.
QUICK = 1


@dataclass
class Stream:
    """A file on its way: the digest and size are those of its bytes as people get them."""

    out: gzip.GzipFile
    digest: "hashlib._Hash"
    size: int = 0

    def write(self, content: str | bytes) -> None:
        piece = content.encode() if isinstance(content, str) else content
        self.digest.update(piece)
        self.size += len(piece)
        self.out.write(piece)


@contextmanager
def keeping(folder: Path, name: str) -> Iterator[Stream]:
    """Writes `<name>.gz` into a folder of ours."""
    with open(folder / f"{name}.gz", "wb") as file, gzip.GzipFile("", "wb", QUICK, file, mtime=0) as out:
        yield Stream(out, hashlib.sha256())


def keep(data: DataDir, folder: Path, number: int, entry: dict) -> None:
    """The files of a run under its number, all of them at once, with what the manifest says of them."""
    (folder / ENTRY).write_text(json.dumps(entry, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    put_in_place(folder, data.runs / str(number))


def entry_of(data: DataDir, number: int) -> dict:
    """What the manifest says of the files of a run. Raises a Problem if they are not kept."""
    folder = data.runs / str(number)
    try:
        return json.loads((folder / ENTRY).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Problem(
            f"{folder}: the files of run {number} are not there. Restore them from a backup."
        ) from error


def pieces(data: DataDir, number: int, name: str, sha256: str) -> Iterator[bytes]:
    """A kept file piece by piece. Raises a Problem at its end if it is not what was written."""
    file = data.runs / str(number) / f"{name}.gz"
    digest = hashlib.sha256()
    try:
        with gzip.open(file) as stream:
            while piece := stream.read(PIECE):
                digest.update(piece)
                yield piece
    except (EOFError, gzip.BadGzipFile, FileNotFoundError) as error:
        raise Problem(f"{file}: what run {number} wrote is damaged. Restore it from a backup.") from error
    if digest.hexdigest() != sha256:
        raise Problem(f"{file}: not what run {number} wrote. Restore it from a backup.")
