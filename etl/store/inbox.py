"""The inbox: which files are in it, and the folders that they move to, so that no file is loaded twice.

A file keeps its folder: inbox/lee/a.csv moves to inbox/loaded/lee/a.csv.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from etl.common.files import is_system_file, make_private_folder, write_atomically
from etl.common.paths import DataDir
from etl.common.system import make_private
from etl.common.terminal import say
from etl.read.archive import Stamp, stamp_of
from etl.read.web_hooks import LINK, REMOVED
from etl.store.texts import redacted_name, redacted_path

SHOWN_NAMES = 5
# In bytes, as systems count them.
LONGEST_NAME = 255
DONE = ("loaded", "refused")


def done_folders(data: DataDir) -> tuple[Path, Path]:
    """Where files of the inbox move: the folder of the loaded files and the folder of the refused files."""
    loaded, refused = DONE
    return data.inbox / loaded, data.inbox / refused


def files_of(data: DataDir, path: Path) -> list[Path]:
    """The file itself, or the files of a folder."""
    return files_in(data, path) if is_folder(path) else [path]


def files_in(data: DataDir, folder: Path) -> list[Path]:
    """The files of a folder at any depth, by name, without hidden files and those in done_folders.

    A message names the files that systems and programs add to folders; they are passed over.
    """
    found = list(files_below(folder, {done.resolve() for done in done_folders(data)}))
    files = [file for file in found if not is_system_file(file.relative_to(folder))]
    if len(files) < len(found):
        names = sorted({redacted_name(file)[0] for file in set(found).difference(files)})
        more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
        shown = ", ".join(names[:SHOWN_NAMES])
        say(f"{redacted_path(folder)}: passed over {shown}{more}, which no person puts into a folder.")
    return files


def files_below(folder: Path, excluded: set[Path]) -> Iterator[Path]:
    """The files of a folder, and its symbolic links, which are refused in their turn."""
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") and not is_system_file(entry):
            continue
        if not is_folder(entry):
            yield entry
        elif entry.resolve() not in excluded:
            yield from files_below(entry, excluded)


def is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def remove_empty_folders(folder: Path) -> None:
    """Removes the empty folders in one of done_folders. Those of the inbox itself are of other people."""
    for parent, names, _ in os.walk(folder, topdown=False):
        for name in names:
            # rmdir removes neither a symbolic link nor a folder with files.
            with suppress(OSError):
                Path(parent, name).rmdir()


def take_out(
    data: DataDir, file: Path, stamp: Stamp | None, is_refused: bool, is_purged: bool, has_links: bool = False
) -> Path | None:
    """Moves a file that was read at `stamp` out of the inbox, and returns its new folder.

    A file with purged records is deleted. Of web hooks with links to documents a copy without them is kept;
    if the file is packed it is deleted.
    """
    loaded, refused = done_folders(data)
    is_same = stamp.is_of(file) if stamp else stamp_of(file) is None
    if not os.path.lexists(file) or not is_same:
        # It has changed since it was read, or is gone. The next load reads what is there.
        return None
    if is_purged:
        file.unlink()
        return None
    folder = refused if is_refused else loaded
    for name in file.relative_to(data.inbox).parts[:-1]:
        folder = next(path for path in numbered(folder, name) if is_folder(path) or not os.path.lexists(path))
    make_private_folder(folder)
    if has_links:
        replace_links(file)
    if file.exists() or file.is_symlink():
        move(file, folder)
    return folder


def replace_links(file: Path) -> None:
    """Writes a text without its links in place of it, and deletes a file that is no text."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        file.unlink()
        return
    write_atomically(file, LINK.sub(REMOVED, text).encode())


def move(file: Path, folder: Path) -> None:
    """Moves a file into a folder; if its name is taken it gets a number, such as march (2).csv.gz."""
    target = next(path for path in numbered(folder, file.name) if not os.path.lexists(path))
    os.rename(file, target)
    if not target.is_symlink():
        make_private(target)


def numbered(folder: Path, name: str) -> Iterator[Path]:
    """The path of a name in a folder, then the paths with a number before the endings, on any disk."""
    stem, dot, endings = name.partition(".")
    yield folder / name
    for number in count(2):
        before, behind = stem, f"{dot}{endings}"
        while len(os.fsencode(f"{before} ({number}){behind}")) > LONGEST_NAME:
            before, behind = (before[:-1], behind) if before else (before, behind[1:])
        yield folder / f"{before} ({number}){behind}"
