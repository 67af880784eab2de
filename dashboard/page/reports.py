"""Reports: what there is, what each one answers, its first rows, all of it as a file, and what the schedule wrote."""

import streamlit as st

from dashboard import data
from dashboard.draw import filters, states
from dashboard.guard import signin
from dashboard.page import reports_parts

PREVIEW_ROWS = 20

st.title("Reports")
st.caption(
    "The same rows come three ways: here, as the CSV files that `returntrail run` writes, and typed in DuckDB. "
    "The filters of the sidebar act on every report that knows them."
)
name = reports_parts.pick()
report = data.warehouse().reports[name]
st.header(reports_parts.title_of(name))
st.caption(report.meaning)
asked = {parameter: value for parameter, value in filters.chosen().items() if parameter in report.params}
rows, count = data.ask_first(name, PREVIEW_ROWS, **asked)
if not count:
    states.no_match(
        "Nothing is in this report under these filters." if asked else "Nothing is in this report."
    )
reports_parts.preview(name, rows, count, asked)

if signin.reader().sees_the_firm:
    st.header("What ran")
    reports_parts.what_ran(data.runs())

st.header("All reports")
reports_parts.overview()
