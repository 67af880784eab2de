"""What pages ask, kept for the next rerun: by build, by filters, and by what the reader may see."""

import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import streamlit as st

from etl import warehouse as door
from etl.datadir import SHIPPED, DataDir
from etl.history import history, history_file

Build = tuple[int, int, int]
# What a reader may see. Everybody sees everything until there is a sign-in; the caches are already keyed by it.
EVERYTHING = "everything"


def data_dir() -> DataDir:
    """The directory that the dashboard serves, from RETURNTRAIL_DATA."""
    return DataDir(Path(os.environ.get("RETURNTRAIL_DATA") or SHIPPED))


def build() -> Build | None:
    """What tells one build from the next, in one system call; null without a file."""
    try:
        status = os.stat(data_dir().warehouse)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


@st.cache_resource(max_entries=2, show_spinner=False)
def opened(file: Path, of_build: Build) -> door.Warehouse:
    """The warehouse of one build; a new build is a new file and is opened beside the old one."""
    return door.opened(file)


def warehouse() -> door.Warehouse:
    """The warehouse as it is now. Raises a Problem if it cannot be opened."""
    return opened(data_dir().warehouse, build() or (0, 0, 0))


def ask(report: str, columns: list[str] | None = None, **filters: object) -> pl.DataFrame:
    """All rows of a report."""
    return kept(build(), EVERYTHING, report, columns, None, filters)[0]


def ask_first(
    report: str, limit: int, columns: list[str] | None = None, **filters: object
) -> tuple[pl.DataFrame, int]:
    """The first rows of a report, and how many there are."""
    return kept(build(), EVERYTHING, report, columns, limit, filters)


@st.cache_data(max_entries=2000, show_spinner=False)
def kept(
    of_build: Build | None, scope: str, report: str, columns: list[str] | None, limit: int | None, filters: dict
) -> tuple[pl.DataFrame, int]:
    """The answer to one question; build and scope are part of the question, so nobody sees another's rows."""
    rows = door.ask(warehouse(), report, columns, **filters)
    return (rows if limit is None else rows.head(limit)), rows.height


def runs() -> pl.DataFrame:
    """What the schedule wrote and why something did not come, the newest first."""
    try:
        status = os.stat(history_file(data_dir()))
    except OSError:
        return history(data_dir())
    return kept_runs((status.st_ino, status.st_mtime_ns, status.st_size))


@st.cache_data(max_entries=2, show_spinner=False)
def kept_runs(of_history: Build) -> pl.DataFrame:
    """The history as it stands; a line more makes another one of it."""
    return history(data_dir())


def facts() -> door.Facts:
    """As of when, built when, whose, and in which zone."""
    return warehouse().facts


def meaning_of(report: str) -> str:
    """The report's own sentence."""
    return warehouse().reports[report].meaning


def later(question: Callable[..., pl.DataFrame], *args: object, **filters: object) -> Callable[[], pl.DataFrame]:
    """A question to be asked when somebody presses for its answer."""
    return lambda: question(*args, **filters)
