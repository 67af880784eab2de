"""Turnaround: how long returns take, where they wait inside the firm, recalls, and what will be late."""

from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import charts, filters
from dashboard.draw.cards import draw_card
from dashboard.draw.lists import returns_list
from dashboard.draw.notices import draw_no_match
from dashboard.draw.text import DASH, counted
from etl.access.scope import with_hidden

MIN_DELIVERIES = 10
WITHIN_DAYS = [1, 2, 3, 5, 7, 14, 21]
LAST_WEEKS = 12
STAYS = {
    "stage": "Stage",
    "stay_count": "Stays",
    "open_count": "Open now",
    "days_median": "Median days",
    "days_p90": "90% within, days",
    "oldest_open_days": "Oldest open, days",
}


def draw_spans(spans: pl.DataFrame) -> None:
    """The median of each span. Shows "too few" below ten deliveries."""
    with st.grid(4, min_column_width=165):
        for row in spans.iter_rows(named=True):
            value, caption = (
                "too few",
                f"Median of {counted(row['delivery_count'], 'delivery', 'deliveries')}",
            )
            if row["delivery_count"] >= MIN_DELIVERIES:
                value = f"{row['days_median']:.1f} days"
                caption = f"{caption}; 90% within {row['days_p90']:.1f} days"
            draw_card(row["span"].capitalize(), value, caption)


def draw_weeks(spans: list[str], asked: dict[str, Any]) -> None:
    """The median and the 90% of one span by week of delivery."""
    filters.keep_known("span", "From what to what", spans)
    span = st.segmented_control(
        "From what to what",
        spans,
        default=spans[-1],
        required=True,
        key="span",
        bind="query-params",
        label_visibility="collapsed",
    )
    weeks = data.ask("turnaround", split_by="week", **asked).filter(pl.col("span") == span)
    charts.draw_weekly_days(weeks, data.ask("deadlines", **asked), "weeks")
    st.caption(
        "Recent weeks seem fast: only what has happened already can be measured. Weeks with fewer than "
        f"{charts.MIN_PER_WEEK} are left out. A dotted line is a day on which many returns are due."
    )


def draw_cohorts(rows: pl.DataFrame) -> None:
    """The last weeks, each with the percentage that had signed after so many days."""
    weeks = rows["segment"].unique().sort().to_list()[-LAST_WEEKS:]
    if not weeks:
        st.text("No week is old enough to be judged.")
        return
    columns = ("segment", "within_days", "signed_percent")
    percents = {(week, days): percent for week, days, percent in rows.select(columns).iter_rows()}
    grid = [[percents.get((week, days)) for days in WITHIN_DAYS] for week in weeks]
    charts.draw_weekly_grid(weeks, WITHIN_DAYS, grid, "cohorts")
    st.caption(
        f"The last {LAST_WEEKS} weeks of delivery; a week begins on Monday. A cell is empty while some "
        "delivery of the week is younger than that, because it could still be signed in time."
    )


st.title("Turnaround")
asked = filters.chosen()
spans = data.ask("turnaround", **asked)
if spans.is_empty():
    draw_no_match("No delivery matches these filters." if asked else "Nothing is delivered yet.")
    st.stop()

draw_spans(spans)
st.header("By week of delivery")
draw_weeks(spans["span"].to_list(), asked)

st.header("Signed within so many days of delivery")
draw_cohorts(data.ask("cohorts", **asked))

st.header("Where returns wait inside the firm")
stays = with_hidden(data.ask("internal_waits", **asked)).select(list(STAYS)).rename(STAYS)
st.dataframe(stays, hide_index=True, placeholder=DASH, key="waits")

st.header("Due soonest and not signed")
returns_list("deadlines", asked)

st.header("Recalls")
returns_list("recalls", asked)
