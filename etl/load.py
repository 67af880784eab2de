"""From files to parts: what is given by hand, or what lies in the inbox, one file after the other."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from polars.exceptions import PolarsError

from etl import store
from etl.datadir import DataDir
from etl.inbox import done, moved, prepare, waiting
from etl.one_file import Outcome, load_file
from etl.progress import step
from etl.purged import purged
from etl.redaction import redacted_name
from etl.settings import Settings
from etl.sqlerror import system_error
from etl.syntax import OFFLINE

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
        found = system_error(error)
        if found:
            raise found from error
        raise


def opened(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory that spills into a private folder and reaches for nothing outside."""
    memory = min(MEMORY_BYTES, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2)
    limits = {"memory_limit": f"{memory // 1_000_000}MB", "threads": os.cpu_count()}
    database = duckdb.connect(config=OFFLINE | limits | {"temp_directory": str(folder / "spill")})
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
