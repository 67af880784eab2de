"""The store: one folder for each loaded file, a *part*, and one JSON file for each refused file.

A part is written elsewhere and renamed into place once, so a killed load leaves nothing or everything. The
part of a file that is read again gets the next number; the highest number counts.

A ledger has the checksums of the part's files and its own checksum, and a part is read only if they agree;
otherwise damaged records would be counted, or get new checksums in a rewrite. Parts written before checksums
existed are not checked; `returntrail verify` lists them.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from etl.common import files
from etl.common.duck import QUOTABLE_ERRORS, disk_full_error
from etl.common.files import make_private_folder, remove_leftovers, settle
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.sealed import read_key
from etl.common.system import sync_to_disk

HASHES, SEAL, VERSION = "sha256", "seal", "part_version"
# Whether a file has more quarantined records than [limits] allows.
WARNED = "is_warned"
# In the ledger of a part whose records come from web hooks.
WEB_HOOKS = "web_hooks"
ID_LENGTH = 16
FOLDER = re.compile(rf"([0-9a-f]{{{ID_LENGTH}}})(?:\.([1-9]\d*))?")
DAMAGED = "so the store is damaged. Remove it and load its file again."
Ledger = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """One loaded file in the store: its stored and its quarantined records, and its row of the ledger."""

    folder: Path
    ledger: Ledger

    @property
    def file_id(self) -> str:
        return str(self.ledger["file_id"])

    @property
    def kind(self) -> str:
        return str(self.ledger["kind"])

    @property
    def seal(self) -> str:
        """By this another part names the part that it replaces."""
        return str(self.ledger.get(SEAL, self.file_id))

    @property
    def has_attributes(self) -> bool:
        """Whether the attributes of its events are in a file of their own: since version 2 of parts."""
        return self.kind == "events" and self.ledger.get(VERSION, 1) > 1

    @property
    def data(self) -> Path:
        return self.folder / f"{self.kind}.parquet"

    @property
    def attributes(self) -> Path:
        return self.folder / "attributes.parquet"

    @property
    def quarantine(self) -> Path:
        return self.folder / "quarantine.parquet"

    @property
    def files(self) -> list[Path]:
        return [self.data, *([self.attributes] if self.has_attributes else []), self.quarantine]


def with_checksums(ledger: Ledger, paths: Iterable[Path]) -> Ledger:
    """The ledger with the SHA-256 of each file of its part, and then with its own SHA-256."""
    content = ledger | {HASHES: {path.name: file_hash(path) for path in sorted(paths)}}
    return content | {SEAL: ledger_hash(content)}


def ledger_hash(ledger: Ledger) -> str:
    content = {name: value for name, value in ledger.items() if name != SEAL}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def file_hash(file: Path) -> str:
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def has_checksums(ledger: Ledger) -> bool:
    """True also if only one of the two is there: the other was damaged."""
    return HASHES in ledger or SEAL in ledger


def damage_of(ledger: Ledger, file: Path) -> str | None:
    """What is wrong with a file of a part; None for nothing, and if the ledger has no checksums."""
    if not has_checksums(ledger):
        return None
    try:
        is_same = file_hash(file) == ledger[HASHES].get(file.name)
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return None if is_same else "it is not the file that was written"


def check_part(part: Part) -> None:
    """Raises a Problem if a byte of a part has changed since it was written."""
    for file in part.files:
        if damage := damage_of(part.ledger, file):
            todo = "Remove the part and load its file again."
            raise Problem(f"{file}: {damage}, so its part is damaged. {todo}")


@contextmanager
def damage_is_a_problem(part: Part) -> Iterator[None]:
    """Raises a Problem if DuckDB finds a part damaged, which it reports by errors of many kinds."""
    try:
        yield
    except duckdb.Error as error:
        if disk_full_error(error) or isinstance(error, (duckdb.OutOfMemoryException, *QUOTABLE_ERRORS)):
            raise
        raise Problem(f"{part.folder}: this part is damaged. Remove it and load its file again.") from error


def parts(data: DataDir) -> list[Part]:
    """The parts that count, in the order of their files' ids. Raises a Problem if a ledger cannot be read."""
    return current([Part(folder, read_ledger(folder / "ledger.json")) for folder in part_folders(data)])


def current(found: list[Part]) -> list[Part]:
    """The parts that no other replaces. Only a killed load leaves a part that was replaced."""
    replaced = {part.ledger.get("replaces") for part in found}
    return [part for part in found if part.seal not in replaced]


def part_folders(data: DataDir) -> list[Path]:
    """The folders of the parts that count: for each file the folder with the highest number."""
    folders = sorted(filter(is_part_folder, data.store.glob("*")), key=part_number)
    return sorted({folder.stem: folder for folder in folders}.values())


def is_part_folder(path: Path) -> bool:
    return FOLDER.fullmatch(path.name) is not None


def part_number(folder: Path) -> int:
    return int(folder.suffix.removeprefix(".") or 1)


def refusals(data: DataDir) -> list[Ledger]:
    """The files that were refused and not loaded since, each as a row of the ledger."""
    return [read_ledger(file) for file in sorted((data.store / "refused").glob("[0-9a-f]*.json"))]


def read_ledger(file: Path) -> Ledger:
    """The row of the ledger in a file. Raises a Problem if it is damaged."""
    try:
        ledger = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Problem(f"{file}: it cannot be read, {DAMAGED}") from error
    if not isinstance(ledger, dict):
        raise Problem(f"{file}: it contains no ledger, {DAMAGED}")
    if has_checksums(ledger) and (HASHES not in ledger or ledger.get(SEAL) != ledger_hash(ledger)):
        raise Problem(f"{file}: it is not what was written, {DAMAGED}")
    return ledger


@contextmanager
def store_work_folder(data: DataDir) -> Iterator[Path]:
    """A private folder in the store for unfinished files; leftovers of killed loads are removed first."""
    make_private_folder(data.store / "refused")
    remove_leftovers(data.store, data.store / "refused")
    # The parts that count are read first: if one is damaged, the part that it replaced must stay.
    current = {part.folder for part in parts(data)}
    for folder in set(filter(is_part_folder, data.store.glob("*"))) - current:
        files.remove_folder(folder)
    with files.work_folder(data.store) as folder:
        yield folder


def seal(made: Path, ledger: Ledger) -> Part:
    """Writes the ledger of a folder of finished files, with checksums; it becomes a part by its new name."""
    ledger = with_checksums(ledger, made.glob("*.parquet"))
    text = json.dumps(ledger, ensure_ascii=False, indent=1)
    (made / "ledger.json").write_text(f"{text}\n", encoding="utf-8")
    return Part(made, ledger)


def publish(data: DataDir, made: Path, ledger: Ledger, old: Part | None) -> Part:
    """Renames a folder of finished files to become a part, and then removes the part that it replaces."""
    sealed = seal(made, ledger)
    settle(made)
    part = put_in_store(data, sealed, old)
    sync_to_disk(data.store)
    return part


def put_in_store(data: DataDir, sealed: Part, old: Part | None) -> Part:
    """Renames a sealed folder that is on the disk to become a part. The store must be synced afterwards."""
    is_same_file = old is not None and old.file_id == sealed.file_id
    ending = f".{part_number(old.folder) + 1}" if old and is_same_file else ""
    folder = data.store / (sealed.file_id + ending)
    os.replace(sealed.folder, folder)
    if old:
        sync_to_disk(data.store)
        files.remove_folder(old.folder)
    return Part(folder, sealed.ledger)


def remove(data: DataDir, file_ids: Iterable[str]) -> list[Part]:
    """Takes loaded files out of the store, as if they had not been loaded; they may be loaded again.

    A purge is something else: it removes the returns of a file from all reports, and refuses the file later.
    """
    with store_work_folder(data):
        known = {part.file_id: part for part in parts(data)}
        for file_id in (wanted := list(dict.fromkeys(file_ids))):
            if file_id not in known:
                todo = "Type `returntrail show NAME` for its id."
                raise Problem(f'No loaded file has the id "{file_id}". {todo}')
        for file_id in wanted:
            files.remove_folder(known[file_id].folder)
    return [known[file_id] for file_id in wanted]


def refusal_file(data: DataDir, file_id: str) -> Path:
    """Where the refusal of a file is stored until the file loads."""
    return data.store / "refused" / f"{file_id}.json"


def hash_key(data: DataDir, may_make: bool = True) -> bytes:
    """The key of the hashes that replace ids with an SSN or ITIN in them; made when it is first needed."""
    return read_key(data.root / ".key", may_make)
