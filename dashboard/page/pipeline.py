"""Pipeline: how far deliveries get with clients, where they stop, and how returns move through the firm."""

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import filters
from dashboard.draw.bars import draw_bars
from dashboard.draw.lists import returns_list
from dashboard.draw.notices import draw_no_match
from dashboard.draw.text import DASH, count_text, duration_text, percent_text, printable_column
from etl.access.scope import with_hidden

Row = dict[str, Any]

YOUNG_DAYS = 14
# How the funnel can be compared -> its `split_by`.
SPLITS = {
    "Season": "tax_year",
    "Office": "office",
    "Partner": "partner",
    "Form": "return_type",
    "Week": "week",
}
OUTCOMES = ("signed", "probably_signed", "partly_signed", "paper", "recalled", "open")


def choose_age() -> dict[str, int]:
    """Whether deliveries too young to judge are left out, as a filter; they would look like failures."""
    filters.keep_known("old", "Age of deliveries", ("true", "false"))
    old_only = st.toggle(
        f"Only deliveries {YOUNG_DAYS} days old or older",
        value=True,
        key="old",
        bind="query-params",
        help="Clients take days to open and sign. Younger deliveries have not failed yet, "
        "so they are left out.",
    )
    if old_only:
        return {"min_age_days": YOUNG_DAYS}
    st.caption("Deliveries too young to judge are counted too, so the last steps look worse than they are.")
    return {}


def definitions(kind: str) -> dict[str, Row]:
    """The steps, or the stages, by the name that reports use, with title and meaning."""
    rows = data.ask("definitions").filter(pl.col("kind") == kind)
    return {row["name"]: row for row in rows.iter_rows(named=True)}


def choose_bar(
    kind: str, label: str, key: str, rows: pl.DataFrame, describe: Callable[[Row, str], Row]
) -> str | None:
    """The steps or the stages as bars; the one that is selected. A second click takes the selection back."""
    defined = definitions(kind)
    filters.keep_known(kind, label, rows[kind])
    selected = st.query_params.get(kind)
    bars = [
        {"id": row[kind], "name": defined[row[kind]]["title"], "selected": row[kind] == selected}
        | describe(row, defined[row[kind]]["meaning"])
        for row in rows.iter_rows(named=True)
    ]
    clicked = draw_bars(label, bars, key)
    if clicked:
        if clicked == selected:
            st.query_params.pop(kind, None)
        else:
            st.query_params[kind] = clicked
        st.rerun()
    return next((bar["id"] for bar in bars if bar["selected"]), None)


def step_bar(row: Row, meaning: str) -> Row:
    """A step: how many reached it, their share of the step before, and how soon it came."""
    parts = []
    if row["previous_percent"] is not None:
        parts.append(f"{percent_text(row['previous_percent'])} of the step before")
    if row["seconds_median"]:
        parts.append(f"median {duration_text(row['seconds_median'])}")
    return {
        "figures": f"{count_text(row['reached_count'])} · {percent_text(row['reached_percent'])}",
        "note": " · ".join(parts) or ("all deliveries" if row["previous_count"] is None else ""),
        "help": f"{meaning} Logged: {count_text(row['logged_count'])}. "
        f"Stopped here: {count_text(row['stopped_count'])}.",
        "width": row["reached_percent"] or 0,
    }


def stage_bar(row: Row, meaning: str) -> Row:
    """A stage: how many returns are in it, entered it and skipped it, and how long a stay takes."""
    parts = [f"{count_text(row['entered_count'])} entered", f"{count_text(row['skipped_count'])} skipped"]
    if row["seconds_median"]:
        parts.append(f"median {duration_text(row['seconds_median'])}")
    return {
        "figures": f"{count_text(row['in_count'])} in it now",
        "note": " · ".join(parts),
        "help": meaning,
        "width": row["entered_percent"] or 0,
    }


def draw_outcomes(row: Row) -> None:
    """What happened to all deliveries, recalled ones too; the parts add up to the whole."""
    with st.container(border=True):
        st.caption(
            f"What became of all {count_text(row['delivery_count'])} deliveries, recalled ones included"
        )
        with st.grid(6, min_column_width=110):
            for name in OUTCOMES:
                with st.container(gap=None):
                    st.metric(name.replace("_", " ").capitalize(), count_text(row[f"{name}_count"]))
                    st.caption(percent_text(row[f"{name}_percent"]))


def draw_deliveries_of(step: str, funnel: pl.DataFrame, asked: dict[str, Any]) -> None:
    """The deliveries that stopped at a step, or all that reached it."""
    st.header(f"Behind {definitions('step')[step]['title']}")
    row = funnel.row(by_predicate=pl.col("step") == step, named=True)
    offered = {
        "stopped": f"Stopped here {count_text(row['stopped_count'])}",
        "reached": f"Reached {count_text(row['reached_count'])}",
    }
    chosen = st.segmented_control(
        "Which deliveries",
        list(offered),
        format_func=lambda name: offered[name],
        default="stopped",
        required=True,
        key="which",
        label_visibility="collapsed",
    )
    stopped = chosen == "stopped"
    noun = "deliveries that stopped here" if stopped else "deliveries that came this far"
    returns_list("behind", {"for_step": step, "stopped": stopped} | asked, noun)


def draw_comparison(asked: dict[str, Any]) -> None:
    """Seasons at the same age, or the funnel split another way."""
    filters.keep_known("by", "Compare by", SPLITS)
    chosen = st.segmented_control(
        "Compare by", list(SPLITS), default="Season", required=True, key="by", bind="query-params"
    )
    asked = asked | {"split_by": SPLITS[chosen]}
    if chosen == "Season":
        st.caption(
            f"What happened within {YOUNG_DAYS} days of delivery, of deliveries at least that old: "
            "seasons at the same age."
        )
        asked = asked | {"min_age_days": YOUNG_DAYS, "within_days": YOUNG_DAYS}
        asked.pop("for_years", None)
    # Without the times, which the comparison does not show and which take longest.
    rows = data.ask(
        "firm_funnel", ["segment", "step_no", "step", "reached_count", "reached_percent"], **asked
    )
    if rows.is_empty():
        st.text("No delivery is old enough to compare.")
        return
    draw_segments(rows, {"Season": "Tax year", "Week": "Week of"}.get(chosen, chosen))


def draw_segments(rows: pl.DataFrame, head: str) -> None:
    """A row for each segment, a column for each step: the share that reached it."""
    titles = {name: row["title"] for name, row in definitions("step").items()}
    rows = rows.with_columns(pl.col("step").replace_strict(titles).alias("title"))
    steps = rows.select("step_no", "title").unique().sort("step_no")["title"].to_list()
    first = with_hidden(rows.filter(pl.col("step_no") == 1))
    counts = first.select("segment", pl.col("reached_count").alias("Deliveries"))
    shares = rows.filter(pl.col("step_no") > 1).pivot("title", index="segment", values="reached_percent")
    # Names are made printable last: two that differ in unprintable characters only are still two rows.
    name = pl.col("segment").str.to_date() if head == "Week of" else printable_column("segment")
    shown = counts.join(shares, on="segment", how="left", nulls_equal=True, maintain_order="left")
    shown = shown.with_columns(name).rename({"segment": head})
    config: dict[str, Any] = {
        title: st.column_config.NumberColumn(title, format="%.1f%%") for title in steps[1:]
    }
    config["Week of"] = st.column_config.DateColumn(format="MMM D, YYYY")
    st.dataframe(shown, column_config=config, hide_index=True, placeholder=DASH, key=f"compare {head}")


st.title("Pipeline")
of_age = choose_age()
asked = filters.chosen() | of_age
funnel = data.ask("firm_funnel", **asked)
if funnel.is_empty():
    draw_no_match("No delivery matches these filters." if filters.chosen() else "Nothing is delivered yet.")
    st.stop()

st.caption(data.meaning_of("firm_funnel"))
step = choose_bar("step", "Steps of the funnel", "funnel", funnel, step_bar)
st.caption(
    "Share of the deliveries that the step applies to, and of those that reached the step before. A step "
    "counts as reached if it or a later one is logged. Click a step to see the returns behind it."
)
draw_outcomes(data.ask("delivery_outcomes", **asked).row(0, named=True))
if step:
    draw_deliveries_of(step, funnel, asked)

st.header("Compare")
draw_comparison(asked)

st.header("Inside the firm")
st.caption(data.meaning_of("stage_funnel"))
stages = data.ask("stage_funnel", **filters.chosen())
stage = choose_bar("stage", "Stages inside the firm", "stages", stages, stage_bar)
st.caption(
    "A bar is the share of returns that ever entered the stage. Click a stage to see the returns in it now."
)
if stage:
    st.header(f"Now in {definitions('stage')[stage]['title']}")
    returns_list("in stage", {"for_stage": stage} | filters.chosen())
