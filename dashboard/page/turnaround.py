"""Turnaround: how long returns take, where they wait inside the firm, recalls, and what will be late."""

from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import charts, filters
from dashboard.draw.html import weekly_grid
from dashboard.draw.lists import returns_list
from dashboard.draw.notices import draw_no_delivery, draw_too_young
from dashboard.draw.numbers import draw_cards
from dashboard.draw.tables import draw_table
from dashboard.draw.text import counted
from dashboard.draw.title import draw_title
from dashboard.guard import signin

MIN_DELIVERIES = 10
# Younger deliveries are left out of the totals: most of them could not have come through yet.
YOUNG_DAYS = 21
NOT_YET = "not yet"
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
    """How soon half of the deliveries had come through each span. Shows "too few" below ten deliveries."""
    cards = []
    for row in spans.iter_rows(named=True):
        of_all = f"of {counted(row['base_count'], 'delivery', 'deliveries')}"
        value, caption = "too few", f"Half {of_all}"
        if row["base_count"] >= MIN_DELIVERIES:
            value, most = days_text(row["days_half"]), days_text(row["days_most"])
            caption = f"Half {of_all}; 90% {'not yet' if most == NOT_YET else f'within {most}'}"
        cards.append(
            {
                "label": row["span"].capitalize(),
                "value": value,
                "caption": caption,
                "help": f"Deliveries at least {YOUNG_DAYS} days old",
                "weeks": [],
            }
        )
    draw_cards("How soon half of the deliveries came through", cards, "spans")


def days_text(days: float | None) -> str:
    """3.1 days; words for a share of deliveries that has not come through yet."""
    return NOT_YET if days is None else f"{days:.1f} days"


def draw_weeks(spans: list[str], asked: dict[str, Any]) -> None:
    """Within how many days half and 90% of each week's deliveries had come through a span."""
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
    if weeks.filter(pl.col("base_count") >= charts.MIN_PER_WEEK)["days_half"].drop_nulls().is_empty():
        st.text(f"No week with {charts.MIN_PER_WEEK} deliveries or more can be judged yet.")
        return
    charts.draw_weekly_days(weeks, data.ask("deadlines", **asked), "weeks")
    st.caption(
        "What has not happened yet counts as longer: a recent week has no point until half, or 90%, have "
        f"come through. Weeks with fewer than {charts.MIN_PER_WEEK} deliveries are left out. A dotted "
        "line is a day on which many returns are due."
    )


def draw_cohorts(asked: dict[str, Any]) -> None:
    """The last weeks, each with the percentage that had signed after so many days.

    Small weeks are left out, but not for a reader who sees no small counts: it would tell them.
    """
    least: dict[str, Any] = {"least_deliveries": MIN_DELIVERIES} if signin.reader().sees_clients else {}
    rows = data.ask("cohorts", **least, **asked)
    weeks = rows["segment"].unique().sort().to_list()[-LAST_WEEKS:]
    if not weeks:
        large = f" with {MIN_DELIVERIES} deliveries or more" if least else ""
        st.text(f"No week{large} is old enough to be judged.")
        return
    cells = {(row["segment"], row["within_days"]): row for row in rows.iter_rows(named=True)}
    grid = {week: [cells.get((week, days)) for days in WITHIN_DAYS] for week in weeks}
    st.html(weekly_grid("Signed within so many days of delivery", WITHIN_DAYS, grid))
    few = f" Weeks with fewer than {MIN_DELIVERIES} deliveries are left out." if least else ""
    st.caption(
        f"The last {LAST_WEEKS} weeks of delivery; a week begins on Monday. A cell is empty while some "
        f"delivery of the week is younger than that, because it could still be signed in time.{few}"
    )


draw_title("Turnaround")
asked = filters.chosen()
spans = data.ask("turnaround", **asked)
if spans.is_empty():
    draw_no_delivery()
    st.stop()

old = data.ask("turnaround", min_age_days=YOUNG_DAYS, **asked)
draw_too_young(YOUNG_DAYS) if old.is_empty() else draw_spans(old)
st.header("By week of delivery")
draw_weeks(spans["span"].to_list(), asked)

st.header("Signed within so many days of delivery")
draw_cohorts(asked)

st.header("Where returns wait inside the firm")
draw_table("Where returns wait inside the firm", data.ask("internal_waits", **asked), STAYS)

st.header("Due soonest and not signed")
returns_list("deadlines", asked)

st.header("Recalls")
returns_list("recalls", asked)
