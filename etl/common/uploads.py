"""Folders for exports that somebody adds in the dashboard; each is there while processes work on its files.

A folder is locked as long as the process that made it, or a process that it started, is alive. A folder
without a lock was left by a killed process; whoever makes the next one, or writes in the data directory,
removes it.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etl.common.files import LEFTOVER_PREFIX, make_private_folder
from etl.common.paths import DataDir
from etl.common.system import lock_file

PATIENCE_SECONDS = 4.0


@contextmanager
def upload_folder(data: DataDir) -> Iterator[tuple[Path, int]]:
    """A private folder, and its lock, which a process that is started gets too. It is removed at the end."""
    make_private_folder(data.adding)
    # Nobody may take the new folder for one that was left, before it has its lock.
    with locked_folder(data.adding, PATIENCE_SECONDS):
        remove_if_left(data)
        folder = Path(tempfile.mkdtemp(prefix=LEFTOVER_PREFIX, dir=data.adding))
        lock = open_folder(folder)
        lock_file(lock, PATIENCE_SECONDS)
    try:
        yield folder, lock
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_left_uploads(data: DataDir) -> None:
    """Removes what killed processes left. It does not wait for anybody: the next call removes it as well."""
    if data.adding.is_dir():
        try:
            with locked_folder(data.adding, 0):
                remove_if_left(data)
        except BlockingIOError:
            # Somebody adds a file at this moment, and removes it then.
            return


def remove_if_left(data: DataDir) -> None:
    """Removes the folders without a lock; the caller has locked the folder that they are in."""
    for folder in data.adding.iterdir():
        if not is_in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)


def is_in_use(folder: Path) -> bool:
    """Whether a process works on the files of a folder."""
    try:
        with locked_folder(folder, 0, shared=True):
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True


@contextmanager
def locked_folder(folder: Path, patience_seconds: float, shared: bool = False) -> Iterator[None]:
    """Locks a folder. Raises BlockingIOError if another process has locked it until patience ends."""
    lock = open_folder(folder)
    try:
        lock_file(lock, patience_seconds, shared)
        yield
    finally:
        os.close(lock)


def open_folder(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
