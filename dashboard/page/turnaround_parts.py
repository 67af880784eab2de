"""The parts of the page on turnaround: the spans as cards, weeks by age, and the waits inside the firm."""

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import charts
from dashboard.draw.words import NONE, number_of, percent_words

FEW = 10
WITHIN_DAYS = (1, 2, 3, 5, 7, 14, 21)
LAST_WEEKS = 12


def cards(spans: pl.DataFrame) -> None:
    """The median of each span; under ten deliveries no number is worth its ink."""
    with st.grid(4, min_column_width=165):
        for row in spans.iter_rows(named=True):
            with st.container(border=True, height="stretch", gap=None):
                few = row["delivery_count"] < FEW
                st.metric(row["span"].capitalize(), "too few" if few else f"{row['days_median']:.1f} days")
                nine = "" if few else f"; nine of ten within {row['days_p90']:.1f} days"
                st.caption(f"Median of {number_of(row['delivery_count'], 'delivery', 'deliveries')}{nine}")


def cohorts(asked: dict[str, object]) -> None:
    """The last weeks by what share had signed after so many days; a week too young for an age is left empty."""
    rows = data.ask("cohorts", **asked)
    weeks = rows["segment"].unique().sort().to_list()[-LAST_WEEKS:]
    cells = {(row["segment"], row["within_days"]): row for row in rows.iter_rows(named=True)}
    if not weeks:
        st.text("No week is old enough to be judged.")
        return
    shares = [[share(cells.get((week, days))) for days in WITHIN_DAYS] for week in weeks]
    words = [[cell_words(cells.get((week, days))) for days in WITHIN_DAYS] for week in weeks]
    charts.grid(weeks, [f"{days} d" for days in WITHIN_DAYS], shares, words, "cohorts")
    st.caption(
        f"The last {LAST_WEEKS} weeks of delivery, each by its Monday. A cell is empty while some delivery of the week is "
        "younger than that, since it could still be signed in time."
    )


def share(cell: dict | None) -> float | None:
    return cell["signed_percent"] if cell else None


def cell_words(cell: dict | None) -> str:
    return f"{percent_words(cell['signed_percent'])}" if cell and cell["signed_percent"] is not None else ""


def waits(rows: pl.DataFrame) -> None:
    """Stays by stage: how many, how many are open, how long, and the oldest open one."""
    shown = rows.select(
        pl.col("stage").alias("Stage"),
        pl.col("stay_count").alias("Stays"),
        pl.col("open_count").alias("Open now"),
        pl.col("days_median").alias("Median days"),
        pl.col("days_p90").alias("Nine of ten within, days"),
        pl.col("oldest_open_days").alias("Oldest open, days"),
    )
    st.dataframe(shown, hide_index=True, placeholder=NONE, key="waits")
