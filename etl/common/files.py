"""The store: one folder a loaded file, made beside and renamed in place once, and one JSON file a refusal.

A killed load leaves nothing, or everything. A file read anew gets the next number; the highest counts.
"""

import json
import os
import tempfile
from pathlib import Path

from etl.common.paths import DataDir

LEFTOVER_PREFIX = ".new-"


def remove_leftovers(data: DataDir) -> None:
    """Removes what killed writes have left in the data directory itself. The caller holds its lock."""
    for left in data.root.glob(f"{LEFTOVER_PREFIX}*"):
        left.unlink()


def make_private_folder(folder: Path) -> None:
    """Makes a folder, and those it lies in, that nobody else can enter; those that are there stay as they are."""
    if not folder.is_dir():
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700)


def write_json(file: Path, content: dict, prefix: str = LEFTOVER_PREFIX) -> None:
    write_atomically(file, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode(), prefix)


def write_atomically(file: Path, content: bytes, prefix: str = LEFTOVER_PREFIX) -> None:
    """Writes a private file beside and renames it in place, so that it is never seen half."""
    descriptor, name = tempfile.mkstemp(prefix=prefix, dir=file.parent)
    with open(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    os.replace(name, file)
    sync_to_disk(file.parent)


def sync_to_disk(path: Path) -> None:
    """What was written to a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
