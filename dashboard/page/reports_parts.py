"""The parts of the reports' page: the choice, a preview, what is written when, and what was."""

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import states
from dashboard.draw.lists import column, heading, readable
from dashboard.draw.words import NONE, number_of
from dashboard.guard.download import csv_button

MOST_RUNS = 200
RUNS = {
    "at": "When",
    "subscription": "Report",
    "state": "State",
    "row_count": "Rows",
    "new_count": "New",
    "cleared_count": "Cleared",
    "sent_count": "Mailed to",
    "file": "File",
    "slot": "Due",
    "run": "Run",
}
DUE = {"load": "after every load", "day": "every day", "week": "every week", "month": "every month"}


def pick() -> str:
    """The report that is shown; those that are written on a schedule."""
    written = [
        name for name, report in data.warehouse().reports.items() if report.every and data.may_see(name)
    ]
    first = "work_list" if "work_list" in written else written[0]
    return st.selectbox(
        "Report", written, index=written.index(first), key="report", bind="query-params", width=360
    )


def title_of(name: str) -> str:
    """A report's name as words."""
    return heading(name)


def preview(name: str, rows: pl.DataFrame, count: int, asked: dict[str, object]) -> None:
    """The first rows with the meaning of each column as its help, and the whole as a file."""
    meanings = data.warehouse().reports[name].meanings
    words = f"{number_of(count, 'row', 'rows')}" + (
        f", the first {rows.height} shown." if count > rows.height else "."
    )
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(words)
        csv_button(name, key="report csv", label="Download CSV", **asked)
    if not count:
        return
    config = {one: column(one, rows.schema[one], meanings.get(one)) for one in rows.columns}
    st.dataframe(
        readable(rows, data.facts().timezone),
        column_config=config,
        hide_index=True,
        placeholder=NONE,
        key=f"preview {name}",
    )


def overview() -> None:
    """Every report with its sentence and when it is written."""
    rows = [
        {"Report": name, "Written": DUE[report.every], "What it answers": report.meaning}
        for name, report in data.warehouse().reports.items()
        if report.every and data.may_see(name)
    ]
    shown = pl.DataFrame(
        rows, schema={"Report": pl.String, "Written": pl.String, "What it answers": pl.String}
    )
    config = {"What it answers": st.column_config.TextColumn(width="large")}
    st.dataframe(shown, column_config=config, hide_index=True, key="all reports")


def what_ran(runs: pl.DataFrame) -> None:
    """What failed last and still stands, then the newest runs: written, skipped and why, failed and why."""
    if runs.is_empty():
        states.nothing(
            "Nothing was written on a schedule yet. The command returntrail run writes what is due."
        )
        return
    latest = runs.unique("subscription", keep="first", maintain_order=True)
    failing = latest.filter(pl.col("state").str.starts_with("failed"))
    if not failing.is_empty():
        st.warning(
            f"{number_of(failing.height, 'report', 'reports')} failed at the last try and will be tried again."
        )
    shown = readable(runs.select(list(RUNS)).head(MOST_RUNS), data.facts().timezone).rename(RUNS)
    numbers = {name: st.column_config.NumberColumn(format="localized") for name in ("Rows", "New", "Cleared")}
    when = {"When": st.column_config.DatetimeColumn(format="MMM D, h:mm A")}
    st.dataframe(shown, column_config=numbers | when, hide_index=True, placeholder=NONE, key="runs")
