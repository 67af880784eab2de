"""Reports: what each one answers, its first rows, all of it as a file, and what the schedule wrote."""

from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import filters
from dashboard.draw.notices import draw_no_match
from dashboard.draw.tables import draw_report, draw_table, heading
from dashboard.draw.text import counted
from dashboard.draw.title import draw_title
from dashboard.guard import signin
from dashboard.guard.download import csv_button
from etl import status
from etl.warehouse.ask import Report

PREVIEW_ROWS = 100
MAX_RUNS = 200
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
EVERY = {"load": "after every load", "day": "every day", "week": "every week", "month": "every month"}


def draw_preview(name: str, asked: dict[str, Any]) -> None:
    """The first rows with the meaning of each column as its help, and the whole report as a file."""
    rows, count = data.ask_page(name, PREVIEW_ROWS, **asked)
    if not count:
        nothing = "Nothing is in this report."
        draw_no_match("Nothing is in this report under these filters." if asked else nothing, nothing)
    shown = f", the first {rows.height} shown." if count > rows.height else "."
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(counted(count, "row", "rows") + shown)
        csv_button(name, asked, label="Download CSV")
    if count:
        draw_report(heading(name), name, rows)


def draw_runs(runs: pl.DataFrame) -> None:
    """How many reports failed at their last run, then the newest runs, each with its result."""
    if runs.is_empty():
        st.text("Nothing was written on a schedule yet. The command returntrail run writes what is due.")
        return
    latest = runs.unique("subscription", keep="first", maintain_order=True)
    failing = latest.filter(pl.col("state").str.starts_with("failed")).height
    if failing:
        reports = counted(failing, "report", "reports")
        st.warning(f"{reports} failed at the last try and will be tried again.")
    draw_table("What ran", runs.head(MAX_RUNS), RUNS)


def draw_overview(reports: dict[str, Report]) -> None:
    """Every report with its sentence and when it is written."""
    rows = [(name, EVERY[report.every or ""], report.meaning) for name, report in reports.items()]
    shown = pl.DataFrame(rows, schema=["name", "every", "meaning"], orient="row")
    draw_table("All reports", shown, {"name": "Report", "every": "Written", "meaning": "What it answers"})


draw_title("Reports")
st.caption(
    "The same rows come three ways: here, as the CSV files that `returntrail run` writes, and from a query "
    "in DuckDB. The filters of the sidebar act on every report that has them."
)
# The reports that are written on a schedule and that the reader may see.
known = data.warehouse().reports
reports = {name: report for name, report in known.items() if report.every and data.may_see(name)}
names = list(reports)
first = names.index("work_list") if "work_list" in names else 0
filters.keep_known("report", "Report", names)
name = st.selectbox("Report", names, index=first, key="report", bind="query-params", width=360)
st.header(heading(name))
st.caption(reports[name].meaning)
asked = {filter: value for filter, value in filters.chosen().items() if filter in reports[name].params}
draw_preview(name, asked)

if signin.reader().sees_whole_firm:
    st.header("What ran")
    draw_runs(status.runs(status.served_directory()))

st.header("All reports")
draw_overview(reports)
