"""Turnaround: how long returns take, where they wait inside the firm, what was recalled, and what will miss its date."""

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import charts, filters, states
from dashboard.draw.lists import returns_list
from dashboard.page import turnaround_parts

st.title("Turnaround")
asked = filters.chosen()
spans = data.ask("turnaround", **asked)
if spans.is_empty():
    states.no_match(
        "No delivery matches these filters." if filters.in_address() else "Nothing is delivered yet."
    )
    st.stop()

turnaround_parts.cards(spans)
st.header("By week of delivery")
span = st.segmented_control(
    "From what to what",
    spans["span"].to_list(),
    default=spans["span"].to_list()[-1],
    required=True,
    key="span",
    bind="query-params",
    label_visibility="collapsed",
)
weeks = data.ask("turnaround", split_by="week", **asked).filter(pl.col("span") == span)
charts.weekly_days(weeks, data.ask("deadlines", **asked), "weeks")
st.caption(
    "Recent weeks look fast: only what has happened already can be measured. Weeks with fewer than "
    f"{charts.FEWEST_A_WEEK} are left out. A dotted line is a day on which many returns are due."
)

st.header("Signed within so many days of delivery")
turnaround_parts.cohorts(asked)

st.header("Where returns wait inside the firm")
turnaround_parts.waits(data.ask("internal_waits", **asked))

st.header("Due soonest and not signed")
columns = [
    "client_name",
    "return_type",
    "due_date",
    "days_left",
    "step",
    "signature_state",
    "next_step_title",
    "partner",
    "office",
    "return_id",
]
if not returns_list("deadline_risk", columns, "returns without a proven signature", key="deadlines", **asked):
    states.nothing("Every return in this view is signed.")

st.header("Recalls")
columns = [
    "client_name",
    "return_type",
    "recalled_at",
    "recalled_by",
    "delivery_to_recall_days",
    "step",
    "recall_to_redelivery_days",
    "office",
    "return_id",
]
if not returns_list("recalls", columns, "recalls", key="recalls", **asked):
    states.nothing("Nothing was recalled.")
