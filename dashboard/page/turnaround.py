"""Turnaround: how long returns take, where they wait inside the firm, recalls, and what will be late."""

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import charts, filters
from dashboard.draw.behind import behind_address
from dashboard.draw.lists import returns_list
from dashboard.draw.notices import draw_no_delivery, draw_too_young
from dashboard.draw.numbers import Number, draw_cards, draw_number_table, number, share
from dashboard.draw.seasons import axis_of, draw_axis, week_address, weeks_of
from dashboard.draw.text import cell_text, counted, day_text
from dashboard.draw.title import draw_title
from dashboard.guard import signin

MIN_DELIVERIES = 10
# Younger deliveries are left out of the totals: most of them could not have come through yet.
YOUNG_DAYS = 21
NOT_YET = "not yet"
WITHIN_DAYS = [1, 2, 3, 5, 7, 14, 21]
LAST_WEEKS = 12
STAYS = {
    "stay_count": "Stays",
    "open_count": "Open now",
    "days_median": "Median days",
    "days_p90": "90% within, days",
    "oldest_open_days": "Oldest open, days",
}
COHORTS = "Signed within so many days of delivery"
WAITS = "Where returns wait inside the firm"


def draw_spans(spans: pl.DataFrame) -> None:
    """How soon half of the deliveries had come through each span. Shows "too few" below ten deliveries."""
    cards = []
    for row in spans.iter_rows(named=True):
        address = behind_address("span", for_span=row["span"], min_age_days=YOUNG_DAYS)
        value, caption = "too few", ""
        if row["base_count"] >= MIN_DELIVERIES:
            value, most = days_text(row["days_half"]), days_text(row["days_most"])
            caption = f"; 90% {'not yet' if most == NOT_YET else f'within {most}'}"
        words = "delivery" if row["base_count"] == 1 else "deliveries"
        cards.append(
            {
                "label": row["span"].capitalize(),
                "value": value,
                "lead": "Half of",
                "part": number(row["base_count"], words, address),
                "caption": caption,
                "help": f"Deliveries at least {YOUNG_DAYS} days old",
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
    weeks, axis = weeks_of("turnaround", asked).filter(pl.col("span") == span), axis_of(asked)
    if weeks.filter(pl.col("base_count") >= charts.MIN_PER_WEEK)["days_half"].drop_nulls().is_empty():
        st.text(f"No week with {charts.MIN_PER_WEEK} deliveries or more can be judged yet.")
        return

    def address_of(row: charts.Row) -> str | None:
        return week_address("week-span", row, for_span=span)

    deadlines = data.ask("deadlines", **asked)
    charts.draw_weekly_days(weeks, axis, deadlines, "weeks", address_of)
    draw_axis(weeks, axis)
    st.caption(
        "What has not happened yet counts as longer: a recent week has no point until half, or 90%, have "
        f"come through. Weeks with fewer than {charts.MIN_PER_WEEK} deliveries are left out."
        f"{due_text(deadlines)} Click a week to see its returns."
    )
    charts.draw_weeks_table(
        ["Deliveries", "Half within", "90% within"],
        weeks,
        lambda row: [
            number(row["base_count"], address=address_of(row)),
            {"text": days_text(row["days_half"])},
            {"text": days_text(row["days_most"])},
        ],
        "weeks table",
    )


def due_text(deadlines: pl.DataFrame) -> str:
    """Which forms are due at the dotted lines."""
    due = [
        f"{day_text(day)} ({forms})"
        for day, forms in deadlines.select("due_date", "return_types").iter_rows()
    ]
    return f" Dotted lines are weeks in which many returns are due: {', '.join(due)}." if due else ""


def draw_cohorts(asked: dict[str, Any]) -> None:
    """The last weeks, each with the percentage that had signed after so many days.

    Small weeks are left out, but not for a reader who sees no small counts: it would tell them.
    """
    least: dict[str, Any] = {"least_deliveries": MIN_DELIVERIES} if signin.reader().sees_clients else {}
    rows = data.ask("cohorts", **least, **asked).with_columns(season=pl.lit(None))
    weeks = rows["segment"].unique().sort().to_list()[-LAST_WEEKS:]
    if not weeks:
        large = f" with {MIN_DELIVERIES} deliveries or more" if least else ""
        st.text(f"No week{large} is old enough to be judged.")
        return
    cells = {(row["segment"], row["within_days"]): row for row in rows.iter_rows(named=True)}
    lines = [cohort_line(week, [cells.get((week, days)) for days in WITHIN_DAYS]) for week in weeks]
    titles = ["Week of", "Deliveries", *(f"{days} d" for days in WITHIN_DAYS)]
    draw_number_table(COHORTS, titles, lines, "cohorts", has_caption=False)
    few = f" Weeks with fewer than {MIN_DELIVERIES} deliveries are left out." if least else ""
    st.caption(
        f"The last {LAST_WEEKS} weeks of delivery; a week begins on Monday. A cell is empty while some "
        f"delivery of the week is younger than that, because it could still be signed in time.{few} "
        "Click a share to see who had signed."
    )


def cohort_line(week: str, cells: list[charts.Row | None]) -> list[Number]:
    """A week, its deliveries, and the share that had signed after so many days; no text for a young one."""
    [first, *_] = [cell for cell in cells if cell is not None]
    deliveries = number(first["delivery_count"], address=week_address("week-delivered", first))
    return [{"text": day_text(date.fromisoformat(week))}, deliveries, *map(cohort_cell, cells)]


def cohort_cell(row: charts.Row | None) -> Number:
    if row is None or row["signed_percent"] is None:
        return {"text": ""}
    whole = counted(row["delivery_count"], "delivery", "deliveries")
    address = week_address("signed-within", row, within_days=row["within_days"])
    rate = round(row["signed_percent"])
    return share(rate, row["signed_count"], whole, address) | {"shade": rate}


def draw_waits(waits: pl.DataFrame) -> None:
    """How long returns stay in each stage; each count opens its stays."""
    meanings, lines = (
        data.meanings_of("internal_waits"),
        [wait_line(row) for row in waits.iter_rows(named=True)],
    )
    helps = ["", *(meanings[name] for name in STAYS)]
    draw_number_table(WAITS, ["Stage", *STAYS.values()], lines, "waits", helps, has_caption=False)


def wait_line(row: charts.Row) -> list[Number]:
    zone = data.facts().timezone
    return [
        {"text": row["stage"]},
        number(row["stay_count"], address=behind_address("stays", for_stage=row["stage"])),
        number(row["open_count"], address=behind_address("open-stays", for_stage=row["stage"])),
        *({"text": cell_text(name, row[name], zone)} for name in list(STAYS)[2:]),
    ]


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

st.header(COHORTS)
draw_cohorts(asked)

st.header(WAITS)
draw_waits(data.ask("internal_waits", **asked))

st.header("Due soonest and not signed")
returns_list("deadlines", asked)

st.header("Recalls")
returns_list("recalls", asked)
