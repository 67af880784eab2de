"""The folder that exports are dropped into: what was loaded or refused moves on, so it never comes twice."""

import os
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from etl.datadir import DataDir
from etl.store import make_private, sync

DAY_SECONDS = 86_400


def done(data: DataDir) -> tuple[Path, Path]:
    """Where files go that were loaded, and those that were refused."""
    return data.inbox / "loaded", data.inbox / "refused"


def prepare(data: DataDir, days: int | None, now: float | None = None) -> None:
    """Makes the folders of the inbox, and deletes from the two aside what has lain there longer than so many days."""
    for folder in done(data):
        make_private(folder)
        for file in folder.iterdir() if days is not None else ():
            # When it was moved there: the time of its content is older.
            age = (time.time() if now is None else now) - file.lstat().st_ctime
            if age > days * DAY_SECONDS and (file.is_symlink() or not file.is_dir()):
                file.unlink()


def waiting(data: DataDir) -> list[Path]:
    """What lies in the inbox itself, hidden files and folders aside."""
    entries = sorted(data.inbox.iterdir(), key=lambda entry: entry.name)
    return [one for one in entries if not one.name.startswith(".") and (one.is_symlink() or not one.is_dir())]


def moved(file: Path, folder: Path) -> Path:
    """Moves a file into a folder; where its name is taken it gets a number."""
    for name in names(file):
        target = folder / name
        if not os.path.lexists(target):
            os.rename(file, target)
            if not target.is_symlink():
                target.chmod(0o600)
            sync(folder)
            return target
    raise AssertionError


def names(file: Path) -> Iterator[str]:
    """march.csv.gz, march (2).csv.gz, ..."""
    stem, dot, endings = file.name.partition(".")
    return (file.name if number == 1 else f"{stem} ({number}){dot}{endings}" for number in count(1))
