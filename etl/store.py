"""The store: one folder a loaded file, made beside and renamed in place once, and one JSON file a refusal.

A killed load leaves nothing, or everything. A file read anew gets the next number; the highest counts.
"""

import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from etl.datadir import DataDir
from etl.problem import Problem
from etl.seal import is_whole, sealed

ID_LENGTH = 16
FOLDER = re.compile(rf"([0-9a-f]{{{ID_LENGTH}}})(?:\.([1-9]\d*))?")
KEY_BYTES = 32
UNFINISHED = ".new-"
DAMAGED = "so the store is damaged. Remove it and load its file again."


@dataclass(frozen=True)
class Part:
    """What one loaded file became: its records, those set aside, and its row of the ledger."""

    folder: Path
    ledger: dict

    @property
    def file_id(self) -> str:
        return self.ledger["file_id"]

    @property
    def kind(self) -> str:
        return self.ledger["kind"]

    @property
    def data(self) -> Path:
        return self.folder / f"{self.kind}.parquet"

    @property
    def quarantine(self) -> Path:
        return self.folder / "quarantine.parquet"


def parts(data: DataDir) -> list[Part]:
    """The parts that count, in the order of their files' ids. A part whose ledger cannot be read is a Problem."""
    highest: dict[str, tuple[int, Path]] = {}
    for folder in data.store.glob("*") if data.store.is_dir() else ():
        found = FOLDER.fullmatch(folder.name)
        if found:
            number = int(found[2] or 1)
            highest[found[1]] = max(highest.get(found[1], (0, folder)), (number, folder))
    return [Part(folder, read_ledger(folder / "ledger.json")) for _, (_, folder) in sorted(highest.items())]


def refusals(data: DataDir) -> list[dict]:
    """The files that were refused and not loaded since, each as a row of the ledger."""
    return [read_ledger(file) for file in sorted((data.store / "refused").glob("[0-9a-f]*.json"))]


def read_ledger(file: Path) -> dict:
    """What the ledger says of a file. Raises a Problem if it is not what was written."""
    ledger = read_json(file)
    if not is_whole(ledger):
        raise Problem(f"{file}: it is not what was written, {DAMAGED}")
    return ledger


def read_json(file: Path) -> dict:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Problem(f"{file}: it cannot be read, {DAMAGED}") from error
    if not isinstance(found, dict):
        raise Problem(f"{file}: it holds no ledger, {DAMAGED}")
    return found


@contextmanager
def workshop(data: DataDir) -> Iterator[Path]:
    """A private folder in the store for what a load unpacks and spills; leftovers of killed loads go first.

    One writer at a time holds the lock of the data directory, so whatever is hidden here is a leftover.
    """
    for folder in (data.root, data.store, data.store / "refused"):
        make_private(folder)
    for left in (*data.store.glob(".*"), *(data.store / "refused").glob(".*"), *superseded(data)):
        shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
    folder = Path(tempfile.mkdtemp(prefix=".work-", dir=data.store))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def clear_unfinished(data: DataDir) -> None:
    """Removes what killed writes have left in the data directory itself. The caller holds its lock."""
    for left in data.root.glob(f"{UNFINISHED}*"):
        left.unlink()


def superseded(data: DataDir) -> list[Path]:
    """Parts that a higher number has replaced."""
    current = {part.folder for part in parts(data)}
    return [one for one in data.store.glob("*") if FOLDER.fullmatch(one.name) and one not in current]


def make_private(folder: Path) -> None:
    """Makes a folder, and those it lies in, that nobody else can enter; those that are there stay as they are."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700)


def publish(data: DataDir, made: Path, ledger: dict, old: Part | None) -> Part:
    """Turns a folder of written files into the part of a file, by one rename; the part it replaces goes afterwards."""
    ledger = sealed(ledger, list(made.glob("*.parquet")))
    write_json(made / "ledger.json", ledger)
    for file in made.iterdir():
        file.chmod(0o600)
        sync(file)
    sync(made)
    number = int((FOLDER.fullmatch(old.folder.name) or [0, 0, 1])[2] or 1) + 1 if old else 1
    folder = data.store / (ledger["file_id"] if number == 1 else f"{ledger['file_id']}.{number}")
    os.rename(made, folder)
    sync(data.store)
    if old:
        shutil.rmtree(old.folder)
    return Part(folder, ledger)


def remember_refusal(data: DataDir, ledger: dict) -> None:
    """Keeps a refusal as a row of the ledger."""
    make_private(data.store / "refused")
    write_json(data.store / "refused" / f"{ledger['file_id']}.json", sealed(ledger, []))


def forget_refusal(data: DataDir, file_id: str) -> None:
    """A file that is loaded is no longer refused."""
    (data.store / "refused" / f"{file_id}.json").unlink(missing_ok=True)


def key(data: DataDir, may_make: bool = True) -> bytes:
    """The key of the hashes that stand for ids with an SSN or ITIN in them; made once, when the first is needed."""
    file = data.root / ".key"
    if not file.exists():
        if not may_make:
            return b""
        write_whole(file, secrets.token_bytes(KEY_BYTES))
    found = file.read_bytes()
    if len(found) != KEY_BYTES:
        words = f"not the key of this data directory (it has {KEY_BYTES} bytes). Restore it from a backup."
        raise Problem(f"{file}: {words}")
    return found


def write_json(file: Path, content: dict, prefix: str = UNFINISHED) -> None:
    write_whole(file, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode(), prefix)


def write_whole(file: Path, content: bytes, prefix: str = UNFINISHED) -> None:
    """Writes a private file beside and renames it in place, so that it is never seen half."""
    descriptor, name = tempfile.mkstemp(prefix=prefix, dir=file.parent)
    with open(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    os.replace(name, file)
    sync(file.parent)


def sync(path: Path) -> None:
    """What was written to a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
