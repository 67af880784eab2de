"""The inbox: which files are in it, and the folders that they move to, so that no file is loaded twice."""

import os
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from etl.common.files import make_private_folder
from etl.common.paths import DataDir
from etl.common.system import make_private
from etl.read.archive import Stamp, stamp_of


def files_of(data: DataDir, path: Path) -> Iterator[Path]:
    """The file itself, or all files of a folder, sorted, without hidden files and those in done_folders."""
    if not path.is_dir() or path.is_symlink():
        yield path
        return
    excluded = {folder.resolve() for folder in done_folders(data)}
    for entry in sorted(path.iterdir()):
        if not entry.name.startswith(".") and entry.resolve() not in excluded:
            yield from files_of(data, entry)


def done_folders(data: DataDir) -> tuple[Path, Path]:
    """Where files of the inbox move: the folder of the loaded files and the folder of the refused files."""
    return data.inbox / "loaded", data.inbox / "refused"


def inbox_files(data: DataDir) -> list[Path]:
    """The files of the inbox by name."""
    return [file for file in sorted(data.inbox.glob("[!.]*")) if file.is_symlink() or not file.is_dir()]


def prepare_inbox(data: DataDir, days: int | None, now: float | None = None) -> None:
    """Makes the folders of the inbox, and deletes the files that were moved there more than `days` ago."""
    for folder in done_folders(data):
        make_private_folder(folder)
        if days is not None:
            # st_ctime is the time of the move; st_mtime is the time of the content.
            oldest = (time.time() if now is None else now) - days * 86_400
            for file in folder.iterdir():
                if file.lstat().st_ctime < oldest and (file.is_symlink() or not file.is_dir()):
                    file.unlink()


def take_out(data: DataDir, file: Path, stamp: Stamp | None, is_refused: bool, is_purged: bool) -> None:
    """Moves a file that was read at `stamp` out of the inbox; one with purged records is deleted."""
    loaded, refused = done_folders(data)
    if not os.path.lexists(file) or stamp_of(file) != stamp:
        # It has changed since it was read, or is gone. The next load reads what is there.
        return
    if is_purged:
        file.unlink()
    else:
        move(file, refused if is_refused else loaded)


def move(file: Path, folder: Path) -> None:
    """Moves a file into a folder; if its name is taken it gets a number, such as march (2).csv.gz."""
    stem, dot, endings = file.name.partition(".")
    names = (f"{stem} ({number}){dot}{endings}" if number > 1 else file.name for number in count(1))
    target = next(folder / name for name in names if not os.path.lexists(folder / name))
    os.rename(file, target)
    if not target.is_symlink():
        make_private(target)
