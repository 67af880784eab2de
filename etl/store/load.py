"""From files to parts: what is given by hand, or what lies in the inbox, one file after the other.

The folder that exports are dropped into: what was loaded or refused moves on, so it never comes twice.

One file in, one part out: verified, staged, redacted, mapped, written beside, and put in place by one rename.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

import duckdb
from polars.exceptions import PolarsError

from etl.common.duck import OFFLINE, disk_full_error, work_limits
from etl.common.files import make_private_folder
from etl.common.paths import DataDir, version
from etl.common.problem import Problem
from etl.common.system import make_private, sync_to_disk
from etl.common.terminal import step
from etl.config.settings import Settings, source_of
from etl.config.source import Source
from etl.read.archive import CHUNK, verified
from etl.read.stage import stage
from etl.store import parts as store
from etl.store.columns import map_columns
from etl.store.parts import ID_LENGTH, Part
from etl.store.purged import Purged, purged
from etl.store.redact_file import redacted_name, redacted_path
from etl.store.write_part import write_part


@dataclass(frozen=True)
class Outcome:
    """What became of one file: loaded, read anew, known (its content was loaded before) or refused, and why."""

    name: str
    state: str
    reason: str | None = None
    part: Part | None = None

    def __str__(self) -> str:
        if self.part is None:
            return f"{self.name}: {self.reason}"
        ledger = self.part.ledger
        if self.state == "known":
            return f"{self.name}: the same content was loaded as {ledger['file_name']}; nothing to do."
        words = [f"{self.name}: {self.state}, {ledger['kept_count']} of {ledger['record_count']} records"]
        words += [f"{ledger['quarantined_count']} set aside"] if ledger["quarantined_count"] else []
        words += [f"{ledger['redacted_count']} SSNs or ITINs replaced"] if ledger["redacted_count"] else []
        purged_count = ledger.get("purged_count")
        words += [f"{purged_count} of purged returns left out"] if purged_count else []
        words += [ledger["reason"]] if ledger["reason"] else []
        return ", ".join(words) + "."


def load_file(
    data: DataDir,
    settings: Settings,
    file: Path,
    database: duckdb.DuckDBPyConnection,
    folder: Path,
    loaded: dict[str, Part],
    purged: Purged,
) -> Outcome:
    """One file, whole or not at all. A file that cannot be loaded is remembered as refused."""
    name = redacted_path(file)
    kept = set(folder.iterdir())
    try:
        refuse_strange(file)
        source = source_of(settings, file.name)
        unpacked = verified(file, folder, settings.limits)
        file_id, packed_id = unpacked.sha256[:ID_LENGTH], unpacked.packed_sha256[:ID_LENGTH]
        if purged.has_file(file_id):
            raise Problem("its content was purged, and what was purged does not come back.")
        old = loaded.get(file_id)
        if old and old.ledger["source_digest"] == source.digest:
            store.forget_refusal(data, packed_id)
            return Outcome(name, "known", part=old)
        staged = stage(database, unpacked, source, settings.limits, folder)
        columns = map_columns(staged.headings, source)
        made, counts = write_part(
            database, staged, columns, file_id, folder, partial(store.key, data), purged
        )
        own_name, tins = redacted_name(file)
        ledger = described(file_id, own_name, source, "loaded", staged.remark) | counts
        ledger["redacted_count"] += tins
        ledger |= {"source_digest": source.digest, "packed_sha256": unpacked.packed_sha256}
        part = store.publish(data, made, ledger, old)
        store.forget_refusal(data, packed_id)
        return Outcome(name, "read anew" if old else "loaded", part=part)
    except Problem as problem:
        remember(data, settings, file, str(problem))
        return Outcome(name, "refused", reason=str(problem))
    finally:
        for table in ("staged_text", "marks", "collected_texts"):
            database.execute(f"drop table if exists {table}")
        for left in set(folder.iterdir()) - kept:
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def described(file_id: str, name: str, source: Source | None, state: str, reason: str | None) -> dict:
    """What the ledger says of every file, loaded or refused."""
    return {
        "file_id": file_id,
        "file_name": name,
        "source": source and source.name,
        "kind": source and source.kind,
        "state": state,
        "reason": reason,
        "loaded_at": datetime.now(UTC).isoformat(),
        "version": version(),
    }


def refuse_strange(file: Path) -> None:
    """Refuses what is no plain file: a link may point anywhere, and a pipe never ends."""
    if file.is_symlink():
        raise Problem("a symbolic link. Load the file that it points to.")
    if not file.exists():
        raise Problem("there is no such file.")
    if not file.is_file():
        raise Problem("no regular file.")


def remember(data: DataDir, settings: Settings, file: Path, reason: str) -> None:
    """Keeps the refusal of a file that is there."""
    if file.exists() or file.is_symlink():
        try:
            source = source_of(settings, file.name)
        except Problem:
            source = None
        ledger = described(hash_of(file), redacted_name(file)[0], source, "refused", reason)
        store.remember_refusal(data, ledger)


def hash_of(file: Path) -> str:
    """The start of the hash of a file as it is; of its name, where it has no content that can be read."""
    found = hashlib.sha256()
    try:
        if file.is_symlink() or not file.is_file():
            raise OSError
        with open(file, "rb") as content:
            while piece := content.read(CHUNK):
                found.update(piece)
    except OSError:
        found = hashlib.sha256(os.fsencode(file.name))
    return found.hexdigest()[:ID_LENGTH]


DAY_SECONDS = 86_400


def done(data: DataDir) -> tuple[Path, Path]:
    """Where files go that were loaded, and those that were refused."""
    return data.inbox / "loaded", data.inbox / "refused"


def prepare(data: DataDir, days: int | None, now: float | None = None) -> None:
    """Makes the folders of the inbox, and deletes from the two aside what has lain there longer than so many days."""
    for folder in done(data):
        make_private_folder(folder)
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
                make_private(target)
            sync_to_disk(folder)
            return target
    raise AssertionError


def names(file: Path) -> Iterator[str]:
    """march.csv.gz, march (2).csv.gz, ..."""
    stem, dot, endings = file.name.partition(".")
    return (file.name if number == 1 else f"{stem} ({number}){dot}{endings}" for number in count(1))


MEMORY_BYTES = 3_000_000_000


def load(data: DataDir, settings: Settings, paths: list[Path]) -> list[Outcome]:
    """Loads files, and the files in folders, in the order given; what becomes of one does not stop the others."""
    return list(loading(data, settings, (file for path in paths for file in files_of(data, path))))


def loading(data: DataDir, settings: Settings, files: Iterable[Path]) -> Iterator[Outcome]:
    """Loads file after file, and says of each at once what became of it."""
    with store.workshop(data) as folder, opened(folder) as database:
        store.key(data, may_make=False)
        gone = purged(data)
        loaded = {part.file_id: part for part in store.parts(data)}
        for file in files:
            with step(f"Loading {redacted_name(file)[0]}"), full_disk_named():
                outcome = load_file(data, settings, file, database, folder, loaded, gone)
            if outcome.part is not None:
                loaded[outcome.part.file_id] = outcome.part
            yield outcome


@contextmanager
def full_disk_named() -> Iterator[None]:
    """No room on the disk is no fault of the file that is being loaded: a library's error becomes that of the system."""
    try:
        yield
    except (duckdb.Error, PolarsError) as error:
        found = disk_full_error(error)
        if found:
            raise found from error
        raise


def opened(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory that spills into a private folder and reaches for nothing outside."""
    database = duckdb.connect(config=OFFLINE | work_limits(folder, MEMORY_BYTES))
    database.execute("set timezone = 'UTC'")
    return database


def files_of(data: DataDir, path: Path) -> Iterator[Path]:
    """A file itself; of a folder every file in it, sorted, without hidden ones and those the inbox is done with."""
    if not path.is_dir() or path.is_symlink():
        yield path
        return
    aside = {folder.resolve() for folder in done(data)}
    for entry in sorted(path.iterdir()):
        if not entry.name.startswith(".") and entry.resolve() not in aside:
            yield from files_of(data, entry)


def load_inbox(data: DataDir, settings: Settings) -> list[Outcome]:
    """Loads the files of the inbox by name; loaded ones move to inbox/loaded, refused ones to inbox/refused."""
    prepare(data, settings.retention.inbox_days)
    files = waiting(data)
    outcomes = []
    for file, outcome in zip(files, loading(data, settings, files), strict=True):
        if outcome.part is not None and outcome.part.ledger.get("purged_count"):
            # It still holds what was purged; what may be kept of it is in the store.
            file.unlink()
        else:
            moved(file, data.inbox / ("refused" if outcome.state == "refused" else "loaded"))
        outcomes.append(outcome)
    return outcomes
