"""What the dashboard reads of a data directory besides its warehouse: settings, runs, verification, purges.

Of etl the dashboard imports this module, `etl.adding`, `etl.warehouse.ask` and `etl.access`, and nothing
else. A file is read again only when it has changed.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from etl.common.paths import DataDir as DataDir
from etl.common.paths import default_data
from etl.common.problem import Problem as Problem
from etl.common.problem import leave_out_words as leave_out_words
from etl.common.problem import traceback_of as traceback_of
from etl.config.settings import Settings, read_settings
from etl.reports import history
from etl.store.purged import purge_history as purge_history
from etl.upkeep import findings

FileState = tuple[int, int, int]


@dataclass(frozen=True)
class Verification:
    """When `returntrail verify` ended last (UTC, without a zone), what it found, and how often damage."""

    at: datetime
    findings: pl.DataFrame
    damage_count: int


def served_directory() -> DataDir:
    """The data directory that the dashboard serves: RETURNTRAIL_DATA, or the usual one."""
    return DataDir(Path(os.environ.get("RETURNTRAIL_DATA") or default_data()))


def file_state(file: Path) -> FileState | None:
    """What changes whenever a file is written or replaced, in one system call; None without a file."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


@lru_cache(maxsize=6)
def read_once(read: Callable[[Any], Any], what: object, _state: FileState | None) -> Any:
    """The answer of a function, again only if the state of the file that it reads has changed."""
    return read(what)


def current_settings(data: DataDir) -> Settings:
    """The settings as the file has them now. Raises a Problem if it cannot be read."""
    settings: Settings = read_once(read_settings, data.settings, file_state(data.settings))
    return settings


def runs(data: DataDir) -> pl.DataFrame:
    """What the schedule wrote, and why a report was not written; the newest run first."""
    rows: pl.DataFrame = read_once(history.history, data, file_state(history.history_file(data)))
    return rows


def last_verification(data: DataDir) -> Verification | None:
    """The result of the last `returntrail verify`; None if it never ran or its result cannot be read."""
    result = read_once(findings.stored_findings, data, file_state(data.verified))
    if result is None:
        return None
    at, found = result
    return Verification(at, findings.as_frame(found), sum(one.severity == findings.DAMAGE for one in found))
