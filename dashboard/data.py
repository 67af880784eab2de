"""What pages ask, kept for the next rerun: by build, by filters, and by what the reader may see."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import polars as pl
import streamlit as st

from dashboard.guard import signin
from dashboard.guard.served import data_dir
from etl.access import audit
from etl.access.scope import ask_within, may_ask
from etl.config.access import Scope
from etl.reports.history import history, history_file
from etl.store.purged import history as purge_history
from etl.upkeep.findings import Finding
from etl.upkeep.findings import kept as kept_result
from etl.warehouse import ask as door

Build = tuple[int, int, int]
# What draws the frame of every page; who looks at it has not looked at anything yet.
OF_THE_FRAME = {"filter_choices", "load_totals"}


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
    """All rows of a report that the reader may see."""
    return ask_first(report, None, columns, **filters)[0]


def ask_first(
    report: str, limit: int | None, columns: list[str] | None = None, **filters: object
) -> tuple[pl.DataFrame, int]:
    """The first rows of a report, and how many there are."""
    of_build = build()
    rows, count = kept(of_build, signin.reader(), report, columns, limit, filters)
    if report not in OF_THE_FRAME:
        signin.looked(report, rows.height, of_build, filters)
    return rows, count


def may_see(report: str) -> bool:
    """Whether the reader may ask a report at all."""
    return may_ask(signin.reader(), warehouse().reports[report])


@st.cache_data(max_entries=2000, show_spinner=False)
def kept(
    of_build: Build | None,
    scope: Scope,
    report: str,
    columns: list[str] | None,
    limit: int | None,
    filters: dict,
) -> tuple[pl.DataFrame, int]:
    """The answer to one question; build and scope are part of the question, so nobody sees another's rows."""
    rows = ask_within(warehouse(), scope, report, columns, **filters)
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


def trail(most: int, return_id: str | None) -> pl.DataFrame:
    """Who saw and exported what, the newest first; of one return, or of all. For the data owner alone."""
    rows = audit.recent(data_dir(), most, return_id)
    return rows if signin.reader().keeps_the_data else rows.clear()


def verified() -> tuple[datetime, list[Finding]] | None:
    """When `returntrail verify` ended last, and what it found; null where it never ran."""
    try:
        status = os.stat(data_dir().verified)
    except OSError:
        return None
    return kept_findings((status.st_ino, status.st_mtime_ns, status.st_size))


@st.cache_data(max_entries=2, show_spinner=False)
def kept_findings(of_result: Build) -> tuple[datetime, list[Finding]] | None:
    """The result as it stands; the next verification makes another file of it."""
    return kept_result(data_dir())


def is_purging() -> bool:
    """Whether a purge has begun and is not done, so that the file still has what should be gone."""
    return data_dir().purging.exists()


def purges() -> pl.DataFrame:
    """What was purged, the newest first: counts, and nobody's name. For the data owner alone."""
    rows = purge_history(data_dir())
    return rows if signin.reader().keeps_the_data else rows.clear()


def facts() -> door.Facts:
    """As of when, built when, whose, and in which zone."""
    return warehouse().facts


def meaning_of(report: str) -> str:
    """The report's own sentence."""
    return warehouse().reports[report].meaning


def later(
    question: Callable[..., pl.DataFrame], *args: object, **filters: object
) -> Callable[[], pl.DataFrame]:
    """A question to be asked when somebody presses for its answer."""
    return lambda: question(*args, **filters)
