"""A part is read only while it is what was written: unseen damage would be counted, or sealed anew by a rewrite.

The store: one folder a loaded file, made beside and renamed in place once, and one JSON file a refusal.

A killed load leaves nothing, or everything. A file read anew gets the next number; the highest counts.

The seal of a part: the hashes of its files and of its ledger, so that a byte which changes later is seen.

Parts of versions before the seal have none; they are read as they are, and `returntrail verify` names them.
"""

import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from etl.common.duck import QUOTABLE_ERRORS, is_disk_full
from etl.common.files import (
    make_private_folder,
    put_in_place,
    remove_leftovers,
    work_folder,
    write_atomically,
    write_json,
)
from etl.common.paths import DataDir
from etl.common.problem import Problem

HASHES, SEAL = "sha256", "seal"


def sealed(ledger: dict, files: list[Path]) -> dict:
    """The ledger with the SHA-256 of each file beside it, and then with its own."""
    whole = unsealed(ledger) | {HASHES: {file.name: file_hash(file) for file in sorted(files)}}
    return whole | {SEAL: seal_of(whole)}


def unsealed(ledger: dict) -> dict:
    return {name: value for name, value in ledger.items() if name not in (HASHES, SEAL)}


def seal_of(ledger: dict) -> str:
    """The hash of what a ledger says, the seal itself aside."""
    said = {name: value for name, value in ledger.items() if name != SEAL}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def is_sealed(ledger: dict) -> bool:
    """Half a seal is one too: the other half was damaged."""
    return HASHES in ledger or SEAL in ledger


def is_whole(ledger: dict) -> bool:
    """The ledger says what was written; one without a seal is believed."""
    return not is_sealed(ledger) or (HASHES in ledger and ledger.get(SEAL) == seal_of(ledger))


def file_hash(file: Path) -> str:
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def hold_file(ledger: dict, file: Path) -> None:
    """Raises a Problem if a file of a part is not, byte for byte, the one that was written."""
    fault = fault_of(ledger, file)
    if fault:
        raise Problem(f"{file}: {fault}, so its part is damaged. Remove the part and load its file again.")


def fault_of(ledger: dict, file: Path) -> str | None:
    """What is wrong with a file of a part; null for nothing, and where the ledger has no seal."""
    if not is_sealed(ledger):
        return None
    try:
        return (
            None
            if file_hash(file) == ledger[HASHES].get(file.name)
            else "it is not the file that was written"
        )
    except OSError as error:
        return f"it cannot be read ({error.strerror})"


ID_LENGTH = 16
FOLDER = re.compile(rf"([0-9a-f]{{{ID_LENGTH}}})(?:\.([1-9]\d*))?")
KEY_BYTES = 32
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
    """A private folder in the store for what a load unpacks and spills; leftovers of killed loads go first."""
    make_private_folder(data.store / "refused")
    remove_leftovers(data.store, data.store / "refused")
    for folder in superseded(data):
        shutil.rmtree(folder)
    with work_folder(data.store) as folder:
        yield folder


def superseded(data: DataDir) -> list[Path]:
    """Parts that a higher number has replaced."""
    current = {part.folder for part in parts(data)}
    return [one for one in data.store.glob("*") if FOLDER.fullmatch(one.name) and one not in current]


def publish(data: DataDir, made: Path, ledger: dict, old: Part | None) -> Part:
    """Turns a folder of written files into the part of a file, by one rename; the part it replaces goes afterwards."""
    ledger = sealed(ledger, list(made.glob("*.parquet")))
    write_json(made / "ledger.json", ledger)
    number = int((FOLDER.fullmatch(old.folder.name) or [0, 0, 1])[2] or 1) + 1 if old else 1
    folder = data.store / (ledger["file_id"] if number == 1 else f"{ledger['file_id']}.{number}")
    put_in_place(made, folder)
    if old:
        shutil.rmtree(old.folder)
    return Part(folder, ledger)


def remember_refusal(data: DataDir, ledger: dict) -> None:
    """Keeps a refusal as a row of the ledger."""
    make_private_folder(data.store / "refused")
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
        write_atomically(file, secrets.token_bytes(KEY_BYTES))
    found = file.read_bytes()
    if len(found) != KEY_BYTES:
        words = f"not the key of this data directory (it has {KEY_BYTES} bytes). Restore it from a backup."
        raise Problem(f"{file}: {words}")
    return found


def hold_part(part: Part) -> None:
    """Raises a Problem if a byte of a part has changed; one of a version without checksums is believed."""
    hold_file(part.ledger, part.data)
    hold_file(part.ledger, part.quarantine)


@contextmanager
def reading(part: Part) -> Iterator[None]:
    """Makes a Problem of what DuckDB says of a damaged part: it has many words for it, some of them no more than an Error."""
    try:
        yield
    except duckdb.Error as error:
        if is_disk_full(error) or isinstance(error, (duckdb.OutOfMemoryException, *QUOTABLE_ERRORS)):
            raise
        raise Problem(f"{part.folder}: this part is damaged. Remove it and load its file again.") from error
