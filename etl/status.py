"""What the dashboard reads of a data directory besides its warehouse: settings, runs, verification, purges.

Of etl the dashboard imports this module, `etl.warehouse.ask` and `etl.access`, and nothing else. A file is
read again only when it has changed.
"""

import os
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import polars as pl

from etl.common.paths import DataDir, default_data
from etl.common.problem import Problem
from etl.config.settings import Settings, read_settings
from etl.reports import history
from etl.store import purged
from etl.upkeep import findings

__all__ = [
    "DataDir",
    "FileState",
    "Problem",
    "Verification",
    "current_settings",
    "file_state",
    "is_purging",
    "last_verification",
    "purges",
    "runs",
    "served_directory",
]

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


def current_settings(data: DataDir) -> Settings:
    """The settings as the file has them now. Raises a Problem if it cannot be read."""
    return settings_in(data.settings, file_state(data.settings))


@lru_cache(maxsize=2)
def settings_in(file: Path, _state: FileState | None) -> Settings:
    return read_settings(file)


def runs(data: DataDir) -> pl.DataFrame:
    """What the schedule wrote, and why a report was not written; the newest run first."""
    return runs_in(data, file_state(history.history_file(data)))


@lru_cache(maxsize=2)
def runs_in(data: DataDir, _state: FileState | None) -> pl.DataFrame:
    return history.history(data)


def last_verification(data: DataDir) -> Verification | None:
    """The result of the last `returntrail verify`; None if it never ran or its result cannot be read."""
    return verification_in(data, file_state(data.verified))


@lru_cache(maxsize=2)
def verification_in(data: DataDir, _state: FileState | None) -> Verification | None:
    result = findings.stored_findings(data)
    if result is None:
        return None
    at, found = result
    return Verification(at, findings.as_frame(found), sum(one.severity == findings.DAMAGE for one in found))


def purges(data: DataDir) -> pl.DataFrame:
    """What was purged, the newest first: counts, and no name of a client."""
    return purged.purge_history(data)


def is_purging(data: DataDir) -> bool:
    """Whether a purge has begun and is not finished, so that the warehouse still has what must be gone."""
    return data.purging.exists()
