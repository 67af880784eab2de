"""Loads files into the store: each is verified, staged, redacted, mapped, written and renamed into place.

Files are named on the command line or are in the inbox. There, loaded and refused files move to two folders,
so that no file is loaded twice.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from etl.common.duck import OFFLINE, disk_full_error, disk_full_is_no_bug, problem_of, work_limits
from etl.common.files import make_private_folder, settle, work_folder, write_json
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.system import sync_to_disk
from etl.common.terminal import step
from etl.config.settings import Settings, source_of
from etl.config.source import Source
from etl.read.added import refuse_given
from etl.read.archive import Unpacked, contents, refuse_others, stamp_of
from etl.read.csv_dialect import UnknownHeadings
from etl.read.records import MOST_HELD_BYTES
from etl.read.stage import stage
from etl.store import parts as store
from etl.store.checked import (
    LEFT,
    Checked,
    Outcome,
    Written,
    base_ledger,
    identify,
    left_in_other_form,
    with_sources,
)
from etl.store.columns import map_columns, match_columns, refuse_log
from etl.store.identity import LoadedFiles, content_of, digest, refusal_ids, refuse_merging
from etl.store.inbox import done_folders, files_in, files_of, take_out
from etl.store.parts import ID_LENGTH, Part
from etl.store.purged import RETURN_PURGED, Purged, read_purged
from etl.store.reading import FATAL, Reading
from etl.store.small_files import SMALL_BYTES, SmallFile, small_file, write_parts
from etl.store.texts import content_name, content_path, redacted_name, redacted_path
from etl.store.write_part import of_one_file, write_part

MEMORY_BYTES = 3_000_000_000


@dataclass(frozen=True)
class Loader:
    """Loads files one after the other; `loaded` has the parts so far, `purged` what must not come back.

    A file that is loaded is read again if its settings have changed, and with `again` in any case.
    """

    data: DataDir
    settings: Settings
    purged: Purged
    loaded: LoadedFiles
    again: bool = False
    # Values of columns that a file does not have, from the person who loads it.
    given: Mapping[str, str] = field(default_factory=dict)

    def load(self, file: Path, folder: Path, database: DuckDBPyConnection) -> list[Outcome]:
        """Loads all contents of a file. Raises a Problem and loads nothing if the file itself has a fault."""
        refuse_others(file)
        found = contents(file, folder, self.settings.limits)
        refuse_merging(self.settings, found, self.given, self.data.inbox)
        outcomes = [
            Outcome(content_path(file, passed.place), "passed", passed.reason, stamp=found.contents[0].stamp)
            for passed in found.passed
        ]
        for unpacked in found.contents:
            try:
                contents_of = with_sources(self.settings, unpacked, found, folder)
            except Problem as problem:
                outcomes.append(self.refuse(file, str(problem), unpacked))
                continue
            for content, source in contents_of:
                try:
                    with of_one_file(database) as cursor:
                        outcomes.append(self.load_content(content, source, folder, cursor))
                except Problem as problem:
                    outcomes.append(self.refuse(file, str(problem), content, source))
        return outcomes

    def load_content(
        self, unpacked: Unpacked, source: Source, folder: Path, database: DuckDBPyConnection
    ) -> Outcome:
        """Loads one content, or raises a Problem and loads nothing."""
        checked = self.check(unpacked, source)
        if self.is_known(checked):
            return self.accept(checked, checked.old)
        try:
            staged = stage(database, unpacked, checked.source, self.settings.limits, folder, checked.values)
        except UnknownHeadings as problem:
            refuse_log(match_columns(problem.headings, checked.source), self.settings.sources)
            raise
        refuse_given(staged, self.given)
        columns = map_columns(staged.headings, checked.source, self.settings.sources)
        with work_folder(folder) as own:
            limits = self.settings.limits
            made, counts = write_part(
                database, staged, columns, checked.file_id, own, self.key, self.purged, limits
            )
            if not self.again:
                self.loaded.refuse_other_form(made, counts, checked.source, self.key)
            [[outcome]] = self.put_in_store([(checked, made, counts)])
            return outcome

    def key(self) -> bytes:
        return store.hash_key(self.data)

    def check(self, unpacked: Unpacked, source: Source) -> Checked:
        """Which file a content is. Raises a Problem if it may not be loaded."""
        return identify(unpacked, source, self.given, self.data, self.purged, self.loaded, self.key)

    def is_known(self, checked: Checked) -> bool:
        old = checked.old
        if old is None or self.again or content_of(old) != checked.own.content_id:
            return False
        return bool(old.ledger["source_digest"] == checked.source.digest)

    def accept(self, checked: Checked, part: Part | None) -> Outcome:
        """The outcome of a file that is in the store, and so refused no longer."""
        state = "known" if part is checked.old else "read again" if checked.old else "loaded"
        if part and part is not checked.old:
            self.loaded.add(part, checked.old)
        # The file as a whole may have been refused, or only this content of it.
        ids = refusal_ids(checked.unpacked, store.hash_key(self.data, may_make=False))
        for refused in {checked.unpacked.packed_sha256[:ID_LENGTH], *ids}:
            store.refusal_file(self.data, refused).unlink(missing_ok=True)
        unpacked = checked.unpacked
        return Outcome(checked.path, state, part=part, stamp=unpacked.stamp, has_links=unpacked.has_links)

    def read_small(self, files: list[Path], folder: Path) -> list[list[SmallFile]]:
        """The small files without a fault, in groups of two or more that are mapped together.

        Of files with the same content only the first is there.
        """
        limits = self.settings.limits
        limits = replace(limits, unpacked_bytes=min(limits.unpacked_bytes, SMALL_BYTES))
        groups: dict[object, list[SmallFile]] = {}
        file_ids, total = set[str](), 0
        for file in files:
            with suppress(Problem, OSError), work_folder(folder) as own:
                refuse_others(file)
                found = contents(file, own, limits)
                if found.passed or len(found.contents) > 1 or found.contents[0].sheet:
                    continue
                contents_of = with_sources(self.settings, found.contents[0], found, own)
                checked = self.check(*contents_of[0])
                if len(contents_of) > 1 or self.is_known(checked) or checked.file_id in file_ids:
                    continue
                file_ids.add(checked.file_id)
                staged = stage(None, checked.unpacked, checked.source, limits, own, checked.values)
                refuse_given(staged, self.given)
                columns = map_columns(staged.headings, checked.source, self.settings.sources)
                small = small_file(checked, staged, columns)
                total += small.records.held_bytes + checked.unpacked.path.stat().st_size
                if total > MOST_HELD_BYTES:
                    break
                groups.setdefault(small.shape, []).append(small)
        return [group for group in groups.values() if len(group) > 1]

    def write_small(
        self, files: list[Path], folder: Path, database: DuckDBPyConnection
    ) -> dict[Path, Written]:
        """Writes the parts of small files outside the store; a group that cannot be written is left out."""
        written: dict[Path, Written] = {}
        for number, group in enumerate(self.read_small(files, folder)):
            own = folder / f"{number}"
            own.mkdir()
            errors = (Problem, duckdb.OutOfMemoryException, duckdb.DataError)
            with suppress(*errors), of_one_file(database) as cursor:
                limits = self.settings.limits
                for checked, made, counts in write_parts(cursor, group, own, self.key, self.purged, limits):
                    if not self.again:
                        self.loaded.refuse_other_form(made, counts, checked.source, self.key)
                    written[checked.file] = checked, made, counts
        return written

    def is_current(self, checked: Checked) -> bool:
        """Whether a file is as it was read, and no other file with its content has been loaded since."""
        is_same = not checked.file.is_symlink() and checked.unpacked.is_same
        own_name = content_name(checked.unpacked.file, checked.unpacked.place, checked.source)[0]
        found = self.loaded.find(checked.own, own_name, checked.source)
        return is_same and found == (checked.own, checked.old)

    def put_in_store(self, files: list[Written]) -> list[list[Outcome]]:
        """Puts the written parts of files in the store in their order, and waits for the disk once."""
        sealed = [
            (checked, store.seal(made, checked.ledger(counts, self.purged)))
            for checked, made, counts in files
        ]
        settle(*(part.folder for _, part in sealed))
        return [
            [self.accept(checked, store.put_in_store(self.data, part, checked.old))]
            for checked, part in sealed
        ]

    def load_window(
        self, files: list[Path], folder: Path, database: DuckDBPyConnection
    ) -> list[list[Outcome]]:
        """Loads files, small ones together; returns the outcomes of each.

        They come into the store in their order: the last list counts.
        """
        written = self.write_small(files, folder, database) if len(files) > 1 else {}
        outcomes: list[list[Outcome]] = []
        run: list[Written] = []
        for file in files:
            # A file that is named twice is known the second time.
            small = written.pop(file, None)
            # What the first file has replaced is not there for the second.
            if small and small[0].old and any(checked.old == small[0].old for checked, *_ in run):
                outcomes, run = outcomes + self.put_in_store(run), []
            if small and self.is_current(small[0]):
                run.append(small)
            else:
                outcomes, run = outcomes + self.put_in_store(run), []
                outcomes.append(outcomes_of(self, file, folder, database))
        return outcomes + self.put_in_store(run)

    def refuse(
        self, file: Path, reason: str, unpacked: Unpacked | None = None, source: Source | None = None
    ) -> Outcome:
        """Stores the refusal of a file, or of one of its contents, until it loads."""
        place = unpacked.place if unpacked else ()
        stamp = unpacked.stamp if unpacked else stamp_of(file)
        if unpacked is None:
            with suppress(Problem):
                source = source_of(self.settings, file.name)
        if os.path.lexists(file):
            has_names = source is not None and bool(source.names.file_columns)
            key = self.key() if has_names or place else b""
            file_id = refusal_ids(unpacked, key)[has_names] if unpacked else refused_file_id(file, self.key)
            name = self.purged.shown_name(file_id, content_name(file, place, source)[0])
            ledger = base_ledger(file_id, name, source, "refused", reason)
            ledger["content_id"] = unpacked.sha256[:ID_LENGTH] if unpacked else file_id
            write_json(store.refusal_file(self.data, file_id), store.with_checksums(ledger, []))
        has_links = unpacked is not None and unpacked.has_links
        path = content_path(file, place, source)
        return Outcome(path, "refused", reason=reason, stamp=stamp, has_links=has_links)


def refused_file_id(file: Path, key: Callable[[], bytes]) -> str:
    """The start of the hash of a file as it is; if it cannot be read, of its name, under the key."""
    try:
        refuse_others(file)
        return store.file_hash(file)[:ID_LENGTH]
    except (Problem, OSError):
        return digest(file.name, key())


def load(
    data: DataDir,
    settings: Settings,
    paths: list[Path],
    again: bool = False,
    given: Mapping[str, str] | None = None,
) -> list[Outcome]:
    """Loads files, and the files in folders, in this order; a refused file does not stop the others.

    `given` are values of columns that the files do not have. An ID of a return is for one file only.
    """
    files = (file for path in paths for file in files_of(data, path))
    each = load_each(data, settings, files, again, given)
    outcomes = [outcome for _, of_file in each for outcome in of_file]
    return outcomes + (left_in_other_form(data, outcomes) if again else [])


def load_each(
    data: DataDir,
    settings: Settings,
    files: Iterable[Path],
    again: bool = False,
    given: Mapping[str, str] | None = None,
) -> Iterator[tuple[Path, list[Outcome]]]:
    """Loads file after file, small ones together, and yields the outcomes of each.

    In this order, but files that may have ended an earlier process come last.
    """
    with store.store_work_folder(data) as folder, open_database(folder) as database:
        # A damaged key stops the load before its first file.
        store.hash_key(data, may_make=False)
        loaded = LoadedFiles.of(store.parts(data))
        loader = Loader(data, settings, read_purged(data), loaded, again, given or {})
        reading = Reading.of(data)
        for window, is_fatal in reading.windows(files, loader.given):
            more = f" and {len(window) - 1} more" if len(window) > 1 else ""
            with step(f"Loading {redacted_name(window[0])[0]}{more}"), work_folder(folder) as own:
                if is_fatal:
                    outcomes = [[loader.refuse(file, FATAL)] for file in window]
                else:
                    with reading.noted(window), disk_full_is_no_bug():
                        outcomes = loader.load_window(window, own, database)
                # Before files are moved out of the inbox.
                sync_to_disk(data.store)
            yield from zip(window, outcomes, strict=True)


def outcomes_of(loader: Loader, file: Path, folder: Path, database: DuckDBPyConnection) -> list[Outcome]:
    """Loads a file alone, or refuses it if it has a fault, as it was before it was read."""
    stamp = stamp_of(file)
    try:
        with work_folder(folder) as own:
            return loader.load(file, own, database)
    except duckdb.OutOfMemoryException as error:
        raise disk_full_error(error) or problem_of(error, redacted_path(file)) from error
    except Problem as problem:
        return [replace(loader.refuse(file, str(problem)), stamp=stamp)]


def open_database(folder: Path) -> DuckDBPyConnection:
    """A database in memory that spills into a private folder and opens nothing outside."""
    database = duckdb.connect(config=OFFLINE | work_limits(folder, MEMORY_BYTES))
    database.execute("set timezone = 'UTC'")
    return database


def load_inbox(data: DataDir, settings: Settings, again: bool = False) -> list[Outcome]:
    """Loads the files of the inbox by name and moves them to inbox/loaded or inbox/refused."""
    folders = set(done_folders(data))
    for done in folders:
        make_private_folder(done)
    files = files_in(data, data.inbox)
    outcomes = []
    for file, of_file in load_each(data, settings, files, again):
        outcomes += of_file
        is_refused = any(outcome.state == "refused" for outcome in of_file)
        # It still contains purged records; the other records are in the store.
        is_purged = any(
            outcome.part.ledger.get("purged_count") if outcome.part else outcome.reason == RETURN_PURGED
            for outcome in of_file
        )
        has_links = any(outcome.has_links for outcome in of_file)
        try:
            folder = take_out(data, file, of_file[0].stamp, is_refused, is_purged, has_links)
            folders |= {folder} if folder else set()
        except OSError as error:
            reason = f"it cannot be moved out of the inbox ({error.strerror})."
            outcomes.append(Outcome(redacted_path(file), LEFT, reason=reason))
    for folder in folders:
        sync_to_disk(folder)
    return outcomes + (left_in_other_form(data, outcomes) if again else [])
