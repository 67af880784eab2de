"""What pages ask; answers are cached by build, filters and what the reader may see. No SQL, no arithmetic."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from dashboard.guard import signin
from etl import status
from etl.access import Scope, audit
from etl.access.scope import may_ask, question_within
from etl.warehouse.ask import Facts, Question, Warehouse, arranged, count_rows, fetch_rows, open_warehouse

# What the frame of every page asks; it is not recorded as seen by anybody.
ASKED_BY_THE_FRAME = {"filter_choices", "load_totals", "silent_days"}
# The columns that the search of a list reads.
SEARCHED = (
    "client_name",
    "client_id",
    "return_id",
    "partner",
    "office",
    "return_type",
    "preparer",
    "recipient_email",
)


def current_build() -> status.FileState | None:
    """What tells one build from the next; None without a warehouse."""
    return status.file_state(status.served_directory().warehouse)


def warehouse() -> Warehouse:
    """The warehouse as it is now. Raises a Problem if it cannot be opened."""
    return warehouse_of(status.served_directory().warehouse, current_build())


@st.cache_resource(max_entries=2, show_spinner=False)
def warehouse_of(file: Path, build: status.FileState | None) -> Warehouse:
    """The warehouse of one build; a new build is a new file and is opened beside the old one."""
    return open_warehouse(file)


def ask(report: str, columns: list[str] | None = None, **filters: Any) -> pl.DataFrame:
    """All rows of a report that the reader may see."""
    build = current_build()
    rows = answer(build, signin.reader(), report, columns, filters)
    record_view(report, rows.height, build, filters)
    return rows


def ask_page(
    report: str, most: int, first: int = 0, search: str = "", sort: str = "", **filters: Any
) -> tuple[pl.DataFrame, int]:
    """Some rows of a report that the reader may see, and how many there are; the first row is number 0."""
    build, scope = current_build(), signin.reader()
    rows = page_of(build, scope, report, most, first, search, sort, filters)
    is_last = rows.height < most and (rows.height or not first)
    count = first + rows.height if is_last else row_count(build, scope, report, search, filters)
    record_view(report, rows.height, build, filters | ({"search": search} if search else {}))
    return rows, count


def record_view(report: str, shown: int, build: object, filters: Mapping[str, Any]) -> None:
    if report not in ASKED_BY_THE_FRAME:
        signin.record_view(report, shown, build, filters)


# Build and scope are part of each question that is cached, so nobody sees another person's rows.
@st.cache_data(max_entries=2000, show_spinner=False, hash_funcs={Scope: repr})
def answer(
    build: status.FileState | None,
    scope: Scope,
    report: str,
    columns: list[str] | None,
    filters: Mapping[str, Any],
) -> pl.DataFrame:
    """The answer to one question."""
    return fetch_rows(warehouse(), question_within(warehouse(), scope, report, columns, filters))


@st.cache_data(max_entries=2000, show_spinner=False, hash_funcs={Scope: repr})
def page_of(
    build: status.FileState | None,
    scope: Scope,
    report: str,
    most: int,
    first: int,
    search: str,
    sort: str,
    filters: Mapping[str, Any],
) -> pl.DataFrame:
    """Some rows of the answer to a question about a list."""
    return fetch_rows(warehouse(), list_question(scope, report, search, sort, filters), most, first)


@st.cache_data(max_entries=2000, show_spinner=False, hash_funcs={Scope: repr})
def row_count(
    build: status.FileState | None, scope: Scope, report: str, search: str, filters: Mapping[str, Any]
) -> int:
    """How many rows the answer to a question about a list has."""
    return count_rows(warehouse(), list_question(scope, report, search, "", filters))


def list_question(scope: Scope, report: str, search: str, sort: str, filters: Mapping[str, Any]) -> Question:
    """The question of a list; a search reads what its rows say of a return and of whose it is."""
    question = question_within(warehouse(), scope, report, None, filters)
    known = warehouse().reports[report]
    return arranged(question, known, search, [name for name in SEARCHED if name in known.columns], sort)


def may_see(report: str) -> bool:
    """Whether the reader may ask a report at all."""
    return may_ask(signin.reader(), warehouse().reports[report])


def facts() -> Facts:
    """As of when, built when, whose, and in which zone."""
    return warehouse().facts


def meaning_of(report: str) -> str:
    """The report's own sentence."""
    return warehouse().reports[report].meaning


def meanings_of(report: str) -> dict[str, str]:
    """What each column of a report means."""
    return warehouse().reports[report].meanings


def trail(limit: int, return_id: str | None) -> pl.DataFrame:
    """Who saw and exported what, the newest first; of one return, or of all. For the data owner alone."""
    rows = audit.recent(status.served_directory(), limit, return_id)
    return rows if signin.reader().sees_data_health else rows.clear()


def purges() -> pl.DataFrame:
    """What was purged, the newest first. For the data owner alone."""
    rows = status.purge_history(status.served_directory())
    return rows if signin.reader().sees_data_health else rows.clear()
