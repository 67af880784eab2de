"""Loads files into the store: each is verified, staged, redacted, mapped, written and renamed into place.

Files are named on the command line or are in the inbox. There, loaded and refused files move to two folders,
so that no file is loaded twice.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection
from polars.exceptions import PolarsError

from etl.common.duck import OFFLINE, disk_full_error, problem_of, work_limits
from etl.common.files import settle, work_folder, write_json
from etl.common.paths import DataDir, version
from etl.common.problem import Problem
from etl.common.system import sync_to_disk
from etl.common.terminal import step
from etl.config.settings import Settings, source_of
from etl.config.source import Limits, Source
from etl.read.archive import Stamp, Unpacked, refuse_others, stamp_of, verified
from etl.read.records import MOST_HELD_BYTES
from etl.read.stage import stage
from etl.store import parts as store
from etl.store.columns import map_columns
from etl.store.inbox import done_folders, files_in, files_of, prepare_inbox, take_out
from etl.store.parts import ID_LENGTH, Ledger, Part
from etl.store.purged import Purged, read_purged
from etl.store.small_files import SMALL_BYTES, SmallFile, small_file, windows, write_parts
from etl.store.texts import redacted_name, redacted_path
from etl.store.write_part import of_one_file, write_part

MEMORY_BYTES = 3_000_000_000


@dataclass(frozen=True)
class Outcome:
    """The result for one file, as it was at `stamp`: loaded, read again, known or refused, and why."""

    name: str
    state: str
    reason: str | None = None
    part: Part | None = None
    stamp: Stamp | None = None

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

    def ledger(self, counts: Ledger) -> Ledger:
        own_name, tins = redacted_name(self.file)
        ledger = base_ledger(self.file_id, own_name, self.source, "loaded", None) | counts
        ledger["redacted_count"] += tins
        return ledger | {"source_digest": self.source.digest, "packed_sha256": self.unpacked.packed_sha256}


# A file whose part is written into a folder, with its counts, and not yet in the store.
Written = tuple[Checked, Path, Ledger]


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

    def load(self, file: Path, folder: Path, database: DuckDBPyConnection) -> Outcome:
        """Loads all of a file, or raises a Problem and loads nothing."""
        checked = self.check(file, folder, self.settings.limits)
        if self.is_known(checked):
            return self.accept(checked, checked.old)
        staged = stage(database, checked.unpacked, checked.source, self.settings.limits, folder)
        columns = map_columns(staged.headings, checked.source)
        key = partial(store.hash_key, self.data)
        made, counts = write_part(database, staged, columns, checked.file_id, folder, key, self.purged)
        return self.put_in_store([(checked, made, counts)])[0]

    def check(self, file: Path, folder: Path, limits: Limits) -> Checked:
        """Verifies a file. Raises a Problem if it may not be loaded."""
        refuse_others(file)
        source = source_of(self.settings, file.name)
        unpacked = verified(file, folder, limits)
        checked = Checked(file, source, unpacked, self.loaded.get(unpacked.sha256[:ID_LENGTH]))
        if self.purged.has_file(checked.file_id):
            raise Problem("its content was purged, and what was purged does not come back.")
        return checked

    def is_known(self, checked: Checked) -> bool:
        old = checked.old
        return old is not None and old.ledger["source_digest"] == checked.source.digest and not self.again

    def accept(self, checked: Checked, part: Part | None) -> Outcome:
        """The outcome of a file that is in the store, and so refused no longer."""
        state = "known" if part is checked.old else "read again" if checked.old else "loaded"
        if part:
            self.loaded[checked.file_id] = part
        packed_id = checked.unpacked.packed_sha256[:ID_LENGTH]
        store.refusal_file(self.data, packed_id).unlink(missing_ok=True)
        return Outcome(redacted_path(checked.file), state, part=part, stamp=checked.unpacked.stamp)

    def read_small(self, files: list[Path], folder: Path) -> list[list[tuple[Checked, SmallFile]]]:
        """The small files without a fault, in groups of two or more that are mapped together.

        Of files with the same content only the first is there.
        """
        limits = self.settings.limits
        limits = replace(limits, unpacked_bytes=min(limits.unpacked_bytes, SMALL_BYTES))
        groups: dict[object, list[tuple[Checked, SmallFile]]] = {}
        file_ids, total = set[str](), 0
        for file in files:
            with suppress(Problem, OSError), work_folder(folder) as own:
                checked = self.check(file, own, limits)
                if self.is_known(checked) or checked.file_id in file_ids:
                    continue
                file_ids.add(checked.file_id)
                staged = stage(None, checked.unpacked, checked.source, limits, own)
                small = small_file(checked.file_id, staged, map_columns(staged.headings, checked.source))
                total += small.records.held_bytes + checked.unpacked.path.stat().st_size
                if total > MOST_HELD_BYTES:
                    break
                groups.setdefault(small.shape, []).append((checked, small))
        return [group for group in groups.values() if len(group) > 1]

    def write_small(
        self, files: list[Path], folder: Path, database: DuckDBPyConnection
    ) -> dict[Path, Written]:
        """Writes the parts of small files outside the store; a group that cannot be written is left out."""
        written: dict[Path, Written] = {}
        key = partial(store.hash_key, self.data)
        for number, group in enumerate(self.read_small(files, folder)):
            own = folder / f"{number}"
            own.mkdir()
            errors = (Problem, duckdb.OutOfMemoryException, duckdb.DataError)
            with suppress(*errors), of_one_file(database) as cursor:
                made = write_parts(cursor, [small for _, small in group], own, key, self.purged)
                for (checked, _), one in zip(group, made, strict=True):
                    written[checked.file] = (checked, *one)
        return written

    def is_current(self, checked: Checked) -> bool:
        """Whether a file is as it was read, and no other file with its content has been loaded since."""
        is_same = not checked.file.is_symlink() and stamp_of(checked.file) == checked.unpacked.stamp
        return is_same and self.loaded.get(checked.file_id) is checked.old

    def put_in_store(self, files: list[Written]) -> list[Outcome]:
        """Puts the written parts of files in the store in their order, and waits for the disk once."""
        sealed = [(checked, store.seal(made, checked.ledger(counts))) for checked, made, counts in files]
        settle(*(part.folder for _, part in sealed))
        return [
            self.accept(checked, store.put_in_store(self.data, part, checked.old)) for checked, part in sealed
        ]

    def load_window(self, files: list[Path], folder: Path, database: DuckDBPyConnection) -> list[Outcome]:
        """Loads files, small ones together. They come into the store in their order: the last list counts."""
        written = self.write_small(files, folder, database) if len(files) > 1 else {}
        outcomes: list[Outcome] = []
        run: list[Written] = []
        for file in files:
            # A file that is named twice is known the second time.
            small = written.pop(file, None)
            if small and self.is_current(small[0]):
                run.append(small)
            else:
                outcomes += [*self.put_in_store(run), outcome_of(self, file, folder, database)]
                run = []
        return outcomes + self.put_in_store(run)

    def store_refusal(self, file: Path, reason: str) -> None:
        """Stores a refusal by the hash of the file, packed or not; of its name if it cannot be read."""
        if not os.path.lexists(file):
            return
        source = None
        with suppress(Problem):
            source = source_of(self.settings, file.name)
        try:
            refuse_others(file)
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
                    outcomes = loader.load_window(window, own, database)
                except (duckdb.Error, PolarsError) as error:
                    # If the disk is full, the file is not at fault.
                    if cause := disk_full_error(error):
                        raise cause from error
                    raise
                # Before files are moved out of the inbox.
                sync_to_disk(data.store)
            yield from outcomes


def outcome_of(loader: Loader, file: Path, folder: Path, database: DuckDBPyConnection) -> Outcome:
    """Loads a file alone, or refuses it if it has a fault."""
    stamp = stamp_of(file)
    try:
        with work_folder(folder) as own, of_one_file(database) as cursor:
            return loader.load(file, own, cursor)
    except duckdb.OutOfMemoryException as error:
        raise disk_full_error(error) or problem_of(error, redacted_path(file)) from error
    except Problem as problem:
        loader.store_refusal(file, str(problem))
        return Outcome(redacted_path(file), "refused", reason=str(problem), stamp=stamp)


def open_database(folder: Path) -> DuckDBPyConnection:
    """A database in memory that spills into a private folder and opens nothing outside."""
    database = duckdb.connect(config=OFFLINE | work_limits(folder, MEMORY_BYTES))
    database.execute("set timezone = 'UTC'")
    return database


def load_inbox(data: DataDir, settings: Settings, again: bool = False) -> list[Outcome]:
    """Loads the files of the inbox by name and moves them to inbox/loaded or inbox/refused."""
    prepare_inbox(data, settings.retention.inbox_days)
    files, folders = files_in(data, data.inbox), set(done_folders(data))
    outcomes = []
    for file, outcome in zip(files, load_each(data, settings, files, again), strict=True):
        outcomes.append(outcome)
        # It still contains purged records; the other records are in the store.
        is_purged = outcome.part is not None and bool(outcome.part.ledger.get("purged_count"))
        folder = take_out(data, file, outcome.stamp, outcome.state == "refused", is_purged)
        folders |= {folder} if folder else set()
    for folder in folders:
        sync_to_disk(folder)
    return outcomes
