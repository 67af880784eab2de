"""The parts of the reports' page: the choice, a preview, and what is written when."""

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.download import csv_button
from dashboard.lists import column, heading, readable
from dashboard.words import NONE, number_of

DUE = {"load": "after every load", "day": "every day", "week": "every week", "month": "every month"}


def pick() -> str:
    """The report that is shown; those that are written on a schedule."""
    written = [name for name, report in data.warehouse().reports.items() if report.every]
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
    words = f"{number_of(count, 'row', 'rows')}" + (f", the first {rows.height} shown." if count > rows.height else ".")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(words)
        csv_button(name, key="report csv", label="Download CSV", **asked)
    if not count:
        return
    config = {one: column(one, rows.schema[one], meanings.get(one)) for one in rows.columns}
    st.dataframe(
        readable(rows, data.facts().timezone), column_config=config, hide_index=True, placeholder=NONE, key=f"preview {name}"
    )


def overview() -> None:
    """Every report with its sentence and when it is written."""
    rows = [
        {"Report": name, "Written": DUE[report.every], "What it answers": report.meaning}
        for name, report in data.warehouse().reports.items()
        if report.every
    ]
    shown = pl.DataFrame(rows, schema={"Report": pl.String, "Written": pl.String, "What it answers": pl.String})
    config = {"What it answers": st.column_config.TextColumn(width="large")}
    st.dataframe(shown, column_config=config, hide_index=True, key="all reports")
