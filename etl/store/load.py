"""Loads files into the store: each is verified, staged, redacted, mapped, written and renamed into place.

Files are named on the command line or are in the inbox. There, loaded and refused files move to two folders,
so that no file is loaded twice.
"""

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

import duckdb
from polars.exceptions import PolarsError

from etl.common.duck import OFFLINE, disk_full_error, problem_of, work_limits
from etl.common.files import make_private_folder, settle, work_folder, write_json
from etl.common.paths import DataDir, version
from etl.common.problem import Problem
from etl.common.system import make_private, sync_to_disk
from etl.common.terminal import step
from etl.config.settings import Settings, source_of
from etl.config.source import Source
from etl.read.archive import Unpacked, verified
from etl.read.stage import stage
from etl.store import parts as store
from etl.store.columns import map_columns
from etl.store.parts import ID_LENGTH, Ledger, Part
from etl.store.purged import Purged, read_purged
from etl.store.small_files import MOST_BYTES, SMALL_BYTES, SmallFile, windows, write_parts
from etl.store.texts import redacted_name, redacted_path
from etl.store.write_part import write_part

MEMORY_BYTES = 3_000_000_000


@dataclass(frozen=True)
class Outcome:
    """The result for one file: loaded, read again, known (loaded before) or refused, and why."""

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
        counts = {
            "quarantined": ledger["quarantined_count"],
            "SSNs or ITINs replaced": ledger["redacted_count"],
            "of purged returns left out": ledger.get("purged_count"),
        }
        facts = [f"{self.name}: {self.state}", f"{ledger['kept_count']} of {ledger['record_count']} records"]
        facts += [f"{number} {what}" for what, number in counts.items() if number]
        return ", ".join([*facts, ledger["reason"]] if ledger["reason"] else facts) + "."


@dataclass(frozen=True)
class Checked:
    """A verified file that may be loaded; `old` is its part if it was loaded before."""

    file: Path
    source: Source
    unpacked: Unpacked
    old: Part | None

    @property
    def file_id(self) -> str:
        return self.unpacked.sha256[:ID_LENGTH]

    def ledger(self, remark: str | None, counts: Ledger) -> Ledger:
        own_name, tins = redacted_name(self.file)
        ledger = base_ledger(self.file_id, own_name, self.source, "loaded", remark) | counts
        ledger["redacted_count"] += tins
        return ledger | {"source_digest": self.source.digest, "packed_sha256": self.unpacked.packed_sha256}


@dataclass(frozen=True)
class Loader:
    """Loads files one after the other; `loaded` has the parts so far, `purged` what must not come back.

    A file that is loaded is read again if its settings have changed, and with `again` in any case.
    """

    data: DataDir
    settings: Settings
    purged: Purged
    loaded: dict[str, Part]
    again: bool = False

    def load(self, file: Path, folder: Path, database: duckdb.DuckDBPyConnection) -> Outcome:
        """Loads all of a file, or raises a Problem and loads nothing."""
        checked = self.check(file, folder)
        if self.is_known(checked):
            return self.accept(checked, "known", checked.old)
        staged = stage(database, checked.unpacked, checked.source, self.settings.limits, folder)
        columns = map_columns(staged.headings, checked.source)
        key = partial(store.hash_key, self.data)
        made, counts = write_part(database, staged, columns, checked.file_id, folder, key, self.purged)
        part = store.publish(self.data, made, checked.ledger(staged.remark, counts), checked.old)
        return self.accept(checked, "read again" if checked.old else "loaded", part)

    def check(self, file: Path, folder: Path) -> Checked:
        """Verifies a file. Raises a Problem if it may not be loaded."""
        refuse_special(file)
        source = source_of(self.settings, file.name)
        unpacked = verified(file, folder, self.settings.limits)
        checked = Checked(file, source, unpacked, self.loaded.get(unpacked.sha256[:ID_LENGTH]))
        if self.purged.has_file(checked.file_id):
            raise Problem("its content was purged, and what was purged does not come back.")
        return checked

    def is_known(self, checked: Checked) -> bool:
        old = checked.old
        return old is not None and old.ledger["source_digest"] == checked.source.digest and not self.again

    def accept(self, checked: Checked, state: str, part: Part | None) -> Outcome:
        """The outcome of a file that is in the store, and so refused no longer."""
        if part:
            self.loaded[checked.file_id] = part
        packed_id = checked.unpacked.packed_sha256[:ID_LENGTH]
        store.refusal_file(self.data, packed_id).unlink(missing_ok=True)
        return Outcome(redacted_path(checked.file), state, part=part)

    def seal_small(
        self, files: list[Path], folder: Path, database: duckdb.DuckDBPyConnection
    ) -> dict[Path, tuple[Checked, Part]]:
        """Writes the parts of small files outside the store, and waits until they are on the disk.

        Files with a fault, with the content of another, or without others like them are left out.
        """
        groups: dict[object, list[tuple[Checked, SmallFile]]] = {}
        file_ids: set[str] = set()
        total = 0
        for file in files:
            with suppress(Problem, OSError):
                if file.stat().st_size > SMALL_BYTES:
                    continue
                checked = self.check(file, folder)
                # An archive may be small and its content large.
                size = checked.unpacked.stamp[0]
                is_large = size > SMALL_BYTES or total + size > MOST_BYTES
                if not is_large and not self.is_known(checked) and checked.file_id not in file_ids:
                    total += size
                    file_ids.add(checked.file_id)
                    staged = stage(None, checked.unpacked, checked.source, self.settings.limits, folder)
                    small = SmallFile(checked.file_id, staged, map_columns(staged.headings, checked.source))
                    groups.setdefault(small.shape, []).append((checked, small))
        sealed: dict[Path, tuple[Checked, Part]] = {}
        key = partial(store.hash_key, self.data)
        for number, group in enumerate(one for one in groups.values() if len(one) > 1):
            with suppress(Problem), of_one_file(database) as cursor:
                own = folder / f"{number}"
                own.mkdir()
                made = write_parts(cursor, [small for _, small in group], own, key, self.purged)
                for (checked, small), (part, counts) in zip(group, made, strict=True):
                    ledger = checked.ledger(small.staged.remark, counts)
                    sealed[checked.file] = checked, store.seal(part, ledger)
        settle(*(part.folder for _, part in sealed.values()))
        return sealed

    def store_refusal(self, file: Path, reason: str) -> None:
        """Stores a refusal by the hash of the file, packed or not; of its name if it cannot be read."""
        if not os.path.lexists(file):
            return
        source = None
        with suppress(Problem):
            source = source_of(self.settings, file.name)
        try:
            refuse_special(file)
            digest = store.file_hash(file)
        except (Problem, OSError):
            digest = hashlib.sha256(os.fsencode(file.name)).hexdigest()
        file_id = digest[:ID_LENGTH]
        ledger = base_ledger(file_id, redacted_name(file)[0], source, "refused", reason)
        write_json(store.refusal_file(self.data, file_id), store.with_checksums(ledger, []))


def base_ledger(file_id: str, name: str, source: Source | None, state: str, reason: str | None) -> Ledger:
    """What the ledger contains for every file, loaded or refused."""
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


def refuse_special(file: Path) -> None:
    """Refuses everything but a regular file: a link may point anywhere, and a pipe may never end."""
    if file.is_symlink():
        raise Problem("a symbolic link. Load the file that it points to.")
    if not file.exists():
        raise Problem("there is no such file.")
    if not file.is_file():
        raise Problem("not a regular file.")


def load(data: DataDir, settings: Settings, paths: list[Path], again: bool = False) -> list[Outcome]:
    """Loads files, and the files in folders, in this order; a refused file does not stop the others."""
    return list(load_each(data, settings, (file for path in paths for file in files_of(data, path)), again))


def load_each(
    data: DataDir, settings: Settings, files: Iterable[Path], again: bool = False
) -> Iterator[Outcome]:
    """Loads file after file, small ones together, and yields the outcomes in this order."""
    with store.store_work_folder(data) as folder, open_database(folder) as database:
        # A damaged key stops the load before its first file.
        store.hash_key(data, may_make=False)
        loaded = {part.file_id: part for part in store.parts(data)}
        loader = Loader(data, settings, read_purged(data), loaded, again)
        for window in windows(files):
            more = f" and {len(window) - 1} more" if len(window) > 1 else ""
            with step(f"Loading {redacted_name(window[0])[0]}{more}"), work_folder(folder) as own:
                try:
                    sealed = loader.seal_small(window, own, database) if more else {}
                    outcomes = [outcome_of(loader, file, sealed.get(file), own, database) for file in window]
                except (duckdb.Error, PolarsError) as error:
                    # If the disk is full, the file is not at fault.
                    if cause := disk_full_error(error):
                        raise cause from error
                    if isinstance(error, duckdb.OutOfMemoryException):
                        raise problem_of(error, redacted_path(window[0])) from error
                    raise
                # Before files are moved out of the inbox.
                sync_to_disk(data.store)
            yield from outcomes


def outcome_of(
    loader: Loader,
    file: Path,
    sealed: tuple[Checked, Part] | None,
    folder: Path,
    database: duckdb.DuckDBPyConnection,
) -> Outcome:
    """Puts the sealed part of a file in place, or loads the file; refuses it if it has a fault."""
    try:
        if sealed:
            checked, made = sealed
            checked.unpacked.refuse_changed()
            part = store.put_in_store(loader.data, made, loader.loaded.get(checked.file_id))
            return loader.accept(checked, "read again" if checked.old else "loaded", part)
        with work_folder(folder) as own, of_one_file(database) as cursor:
            return loader.load(file, own, cursor)
    except Problem as problem:
        loader.store_refusal(file, str(problem))
        return Outcome(redacted_path(file), "refused", reason=str(problem))


def open_database(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory that spills into a private folder and opens nothing outside."""
    database = duckdb.connect(config=OFFLINE | work_limits(folder, MEMORY_BYTES))
    database.execute("set timezone = 'UTC'")
    return database


@contextmanager
def of_one_file(database: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose tables end with it. Opening a database for each file takes ten times as long."""
    database.execute("attach ':memory:' as one_file")
    try:
        with database.cursor() as cursor:
            cursor.execute("use one_file")
            cursor.execute("set timezone = 'UTC'")
            yield cursor
    finally:
        database.execute("detach one_file")


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


def load_inbox(data: DataDir, settings: Settings, again: bool = False) -> list[Outcome]:
    """Loads the files of the inbox by name and moves them to inbox/loaded or inbox/refused."""
    prepare_inbox(data, settings.retention.inbox_days)
    loaded, refused = done_folders(data)
    files = [file for file in sorted(data.inbox.glob("[!.]*")) if file.is_symlink() or not file.is_dir()]
    outcomes = []
    for file, outcome in zip(files, load_each(data, settings, files, again), strict=True):
        if outcome.part is not None and outcome.part.ledger.get("purged_count"):
            # It still contains purged records; the other records are in the store.
            file.unlink()
        else:
            move(file, refused if outcome.state == "refused" else loaded)
        outcomes.append(outcome)
    for folder in (loaded, refused):
        sync_to_disk(folder)
    return outcomes


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


def move(file: Path, folder: Path) -> None:
    """Moves a file into a folder; if its name is taken it gets a number, such as march (2).csv.gz."""
    stem, dot, endings = file.name.partition(".")
    names = (f"{stem} ({number}){dot}{endings}" if number > 1 else file.name for number in count(1))
    target = next(folder / name for name in names if not os.path.lexists(folder / name))
    os.rename(file, target)
    if not target.is_symlink():
        make_private(target)
