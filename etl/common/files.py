"""Writing in a data directory: one process at a time, and each file complete and on the disk, or not at all.

Everything is first written under a hidden name that begins with LEFTOVER_PREFIX. A killed process leaves only
such names, which `returntrail verify` lists and the next run removes.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.system import lock_file, make_private, sync_to_disk

PATIENCE_SECONDS = 4.0
IS_WRITING = "is writing here. Wait until it has finished, and try again."
SYNCED_TOGETHER = 32
LEFTOVER_PREFIX = ".returntrail-"
# Earlier versions wrote under these names, too common to be removed outside the data directory.
EARLIER_PREFIXES = (".new-", ".work-", ".build-", ".making-", ".verify-", ".purged-")
LEFTOVER_PREFIXES = (LEFTOVER_PREFIX, *EARLIER_PREFIXES)
# What systems and programs add to folders and archives.
SYSTEM_NAMES = ("__macosx", ".ds_store", "thumbs.db", "desktop.ini")
SYSTEM_PREFIXES = ("~$", "._")


@contextmanager
def locked(data: DataDir, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Locks the data directory. A second writer waits some seconds; then a Problem names the first."""
    make_private_folder(data.root)
    # The lock is on the open file, so it ends with the process.
    with open(os.open(data.root / ".lock", os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
        make_private(data.root / ".lock")
        try:
            lock_file(file.fileno(), patience_seconds)
        except BlockingIOError as error:
            other = file.read(200).decode(errors="replace").strip() or "another process"
            raise Problem(f"{data.root}: {other} {IS_WRITING}") from error
        started = datetime.now(UTC).isoformat(sep=" ", timespec="seconds")
        file.truncate(0)
        file.write(f"process {os.getpid()}, since {started},\n".encode())
        yield


def make_private_folder(folder: Path) -> None:
    """Makes a folder and its parents, closed to other users; folders that exist stay as they are."""
    if not folder.is_dir():
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def work_folder(parent: Path) -> Iterator[Path]:
    """A private folder inside `parent` for unfinished files, removed at the end."""
    make_private_folder(parent)
    with tempfile.TemporaryDirectory(prefix=LEFTOVER_PREFIX, dir=parent) as folder:
        yield Path(folder)


@contextmanager
def atomic_file(file: Path) -> Iterator[BinaryIO]:
    """A stream whose bytes become `file`, private and on the disk, when the block ends without an error."""
    descriptor, name = tempfile.mkstemp(prefix=LEFTOVER_PREFIX, dir=file.parent)
    try:
        with open(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, file)
    finally:
        Path(name).unlink(missing_ok=True)
    sync_to_disk(file.parent)


def write_atomically(file: Path, content: bytes) -> None:
    with atomic_file(file) as stream:
        stream.write(content)


def write_json(file: Path, content: dict[str, Any]) -> None:
    write_atomically(file, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())


def settle(*made: Path) -> None:
    """Makes finished files and folders private, and waits until they are on the disk.

    A disk syncs many files at once ten times as fast as one after the other.
    """
    paths = [path for one in made for path in [*one.rglob("*"), one]]
    for path in paths:
        make_private(path)
    with ThreadPoolExecutor(SYNCED_TOGETHER) as pool:
        list(pool.map(sync_to_disk, paths))


def put_in_place(made: Path, target: Path) -> None:
    """Makes a finished file or folder private, waits until it is on the disk, and renames it to `target`."""
    settle(made)
    # A folder cannot be renamed onto a folder that has files.
    old = hide(target) if target.is_dir() else None
    os.replace(made, target)
    sync_to_disk(target.parent)
    if old:
        shutil.rmtree(old)


def remove_folder(folder: Path) -> None:
    """Removes a folder with its files. It is renamed first, so that after a kill the rest is a leftover."""
    shutil.rmtree(hide(folder))


def hide(path: Path) -> Path:
    """Renames a file or folder to the name of a leftover."""
    hidden = path.rename(path.with_name(f"{LEFTOVER_PREFIX}{path.name}"))
    sync_to_disk(path.parent)
    return hidden


def is_leftover(path: Path) -> bool:
    """Whether a file or folder of the data directory has a name that only unfinished writes have."""
    return path.name.startswith(LEFTOVER_PREFIXES)


def is_system_file(path: PurePath) -> bool:
    """Whether a path in a folder or an archive is of a file that no person puts there."""
    return path.name.startswith(SYSTEM_PREFIXES) or any(part.lower() in SYSTEM_NAMES for part in path.parts)


def remove_leftovers(*folders: Path, prefixes: tuple[str, ...] = LEFTOVER_PREFIXES) -> None:
    """Removes the leftovers of killed processes in these folders, which may be missing."""
    paths = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
    for path in filter(lambda path: path.name.startswith(prefixes), paths):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def remove_leftovers_outside(folder: Path) -> None:
    """Removes the leftovers of killed processes in a folder that may be the user's own."""
    remove_leftovers(folder, prefixes=(LEFTOVER_PREFIX,))
