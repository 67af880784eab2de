"""Pipeline: how far deliveries get with clients, where they stop, and how returns move through the firm."""

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import filters
from dashboard.draw.bars import draw_bars
from dashboard.draw.behind import behind_address
from dashboard.draw.lists import returns_list
from dashboard.draw.notices import draw_no_delivery, draw_too_young
from dashboard.draw.numbers import Number, draw_cards, draw_number_table, number, share
from dashboard.draw.text import count_text, counted, day_text, duration_text, percent_text, printable
from dashboard.draw.title import draw_title

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
# Columns of delivery_outcomes -> the outcome, as funnel_returns calls it.
OUTCOMES = {
    "signed": "signed",
    "probably_signed": "probably signed",
    "partly_signed": "partly signed",
    "paper": "paper",
    "recalled": "recalled",
    "open": "not signed",
}


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
        "width": row["in_percent"] or 0,
    }


def draw_funnel(funnel: pl.DataFrame, asked: dict[str, Any]) -> None:
    """How far deliveries get, what became of them, and those behind the step that is selected."""
    st.caption(data.meaning_of("firm_funnel"))
    step = choose_bar("step", "Steps of the funnel", "funnel", funnel, step_bar)
    st.caption(
        "Share of the deliveries that the step applies to, and of those that reached the step before. A step "
        "counts as reached if it or a later one is logged. Click a step to see the returns behind it."
    )
    st.subheader("What became of all deliveries")
    of_age = {name: asked[name] for name in asked if name == "min_age_days"}
    draw_outcomes(data.ask("delivery_outcomes", **asked).row(0, named=True), of_age)
    if step:
        draw_deliveries_of(step, funnel, asked)


def draw_outcomes(row: Row, of_age: dict[str, int]) -> None:
    """What happened to all deliveries, recalled ones too; the parts add up to the whole."""
    count = row["delivery_count"]
    cards: list[Row] = [
        {
            "label": "Deliveries",
            "value": count_text(count),
            "address": behind_address("outcomes", **of_age) if count else None,
            "caption": "recalled ones included",
            "help": "All deliveries; the others add up to this.",
        }
    ]
    for name, outcome in OUTCOMES.items():
        shown = number(row[f"{name}_count"], address=behind_address("outcome", for_outcome=outcome, **of_age))
        cards.append(
            {
                "label": outcome.capitalize(),
                "value": shown["text"],
                "address": shown["address"],
                "caption": percent_text(row[f"{name}_percent"])
                + (basis_text(row) if name == "signed" else ""),
                "help": data.meanings_of("delivery_outcomes")[f"{name}_count"],
            }
        )
    draw_cards("What became of all deliveries", cards, "outcomes")


def basis_text(row: Row) -> str:
    """What shows the signatures: they are not alike as evidence."""
    parts = (("esigned", "e-signed"), ("picked_up", "implied by the pickup"), ("uploaded", "uploaded"))
    shown = [f"{count_text(row[f'{name}_count'])} {words}" for name, words in parts if row[f"{name}_count"]]
    return f": {', '.join(shown)}" if shown else ""


def draw_deliveries_of(step: str, funnel: pl.DataFrame, asked: dict[str, Any]) -> None:
    """The deliveries that stopped at a step, or all that reached it."""
    st.header(f"Behind {definitions('step')[step]['title']}")
    row = funnel.row(by_predicate=pl.col("step") == step, named=True)
    offered = {
        "stopped": f"Stopped here {count_text(row['stopped_count'])}",
        "reached": f"Reached {count_text(row['reached_count'])}",
    }
    filters.choose_from_address("which", "Which deliveries", offered, "stopped")
    chosen = st.segmented_control(
        "Which deliveries",
        list(offered),
        format_func=offered.__getitem__,
        required=True,
        key="which",
        on_change=filters.write_to_address,
        args=("which",),
        label_visibility="collapsed",
    )
    stopped = chosen == "stopped"
    returns_list("behind", {"for_step": step, "stopped": stopped} | asked)


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
    columns = ["segment", "step_no", "step", "eligible_count", "reached_count", "reached_percent"]
    rows = data.ask("firm_funnel", columns, **asked)
    if rows.is_empty():
        st.text("No delivery is old enough to compare.")
        return
    head = {"Season": "Tax year", "Week": "Week of"}.get(chosen, chosen)
    of_split: Row = {
        name: asked[name] for name in ("split_by", "min_age_days", "within_days") if name in asked
    }
    if chosen == "Season":
        of_split["year"] = filters.EVERY_YEAR
    draw_segments(rows, head, of_split)


def draw_segments(rows: pl.DataFrame, head: str, of_split: Row) -> None:
    """A row for each segment, a column for each step: the share that reached it, a link to them."""
    steps = rows.select("step_no", "step").unique().sort("step_no")["step"].to_list()
    titles = [definitions("step")[step]["title"] for step in steps[1:]]
    segments = rows.partition_by("segment", maintain_order=True)
    lines = [segment_line(segment, steps, head == "Week of", of_split) for segment in segments]
    draw_number_table("Compare", [head, "Deliveries", *titles], lines, "compare", has_caption=False)


def segment_line(segment: pl.DataFrame, steps: list[str], is_week: bool, of_split: Row) -> list[Number]:
    name = segment["segment"][0]
    by_step = {row["step"]: row for row in segment.iter_rows(named=True)}

    def address_of(step: str) -> str | None:
        of_segment = {} if name is None else {"for_segment": name}
        return behind_address("segment", for_step=step, **of_segment, **of_split)

    first = by_step[steps[0]]["reached_count"]
    cells = [
        {"text": day_text(date.fromisoformat(name)) if is_week and name else printable(name)},
        number(first, address=address_of(steps[0])),
    ]
    for step in steps[1:]:
        row = by_step[step]
        whole = counted(row["eligible_count"], "delivery", "deliveries")
        cells.append(share(row["reached_percent"], row["reached_count"], whole, address_of(step)))
    return cells


draw_title("Pipeline")
of_age = choose_age()
asked = filters.chosen() | of_age
funnel = data.ask("firm_funnel", **asked)
if not funnel.is_empty():
    draw_funnel(funnel, asked)
elif data.ask("firm_funnel", **filters.chosen()).is_empty():
    draw_no_delivery()
else:
    draw_too_young(YOUNG_DAYS)

st.header("Compare")
draw_comparison(asked)

st.header("Inside the firm")
st.caption(data.meaning_of("stage_funnel"))
stages = data.ask("stage_funnel", **filters.chosen())
stage = choose_bar("stage", "Stages inside the firm", "stages", stages, stage_bar)
st.caption(
    "A bar is the share of the returns now inside the firm that are in the stage. Click a stage to see them."
)
if stage:
    st.header(f"Now in {definitions('stage')[stage]['title']}")
    returns_list("in stage", {"for_stage": stage} | filters.chosen())
