"""Needs attention: what the firm must do today, and why."""

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import filters
from dashboard.draw.cards import draw_card
from dashboard.draw.lists import returns_list
from dashboard.draw.notices import draw_no_match
from dashboard.draw.text import DASH, count_text, counted, day_text, percent_text

OWNERS = {"Waiting on us": "firm", "Waiting on client": "client"}
NONE_WAITS = {"firm": "No return is waiting on us.", "client": "No return is waiting on a client."}
DONE = "Nothing is waiting. Every return in this view is signed and picked up, archived or deleted."


def draw_headline(headline: pl.DataFrame) -> None:
    """Four cards, each with the number before or the counts behind it."""
    measures = {row["measure"]: row for row in headline.iter_rows(named=True)}
    waiting, delivered = measures["our move"], measures["delivered"]
    bounced, signed = measures["bounce rate"], measures["signed within 7 days"]
    emails = counted(bounced["base_count"], "email", "emails")
    deliveries = counted(signed["base_count"], "delivery", "deliveries")
    week = day_text(date.fromisoformat(signed["week"])) if signed["week"] else DASH
    cards = {
        "Waiting on us": (
            count_text(waiting["base_count"]),
            f"{count_text(waiting['part_count'] or 0)} of them wait over 3 days",
        ),
        "Delivered last week": (
            count_text(delivered["base_count"]),
            f"{count_text(delivered['base_count_before'])} the week before",
        ),
        "Bounce rate last week": (
            percent_text(bounced["value"]),
            f"{count_text(bounced['part_count'] or 0)} of {emails}; "
            f"{percent_text(bounced['value_before'])} the week before",
        ),
        "Signed within 7 days": (
            percent_text(signed["value"]),
            f"{count_text(signed['part_count'] or 0)} of {deliveries} in the week of {week}; "
            f"{percent_text(signed['value_before'])} the week before",
        ),
    }
    with st.grid(4, min_column_width=165):
        for label, (value, caption) in cards.items():
            draw_card(label, value, caption, gap="small")


def choose_owner() -> str:
    """Whom returns wait on."""
    owners = list(OWNERS)
    filters.keep_known("move", "Waiting on whom", owners)
    chosen = st.segmented_control(
        "Waiting on whom",
        owners,
        key="move",
        bind="query-params",
        default=owners[0],
        required=True,
        on_change=filters.leave_out_of_address,
        args=("step",),
    )
    return OWNERS[chosen]


def choose_steps(steps: pl.DataFrame, owner: str) -> dict[str, Any]:
    """For which next step returns wait, as a filter of the work list."""
    offered = {
        row["next_step"]: row for row in steps.iter_rows(named=True) if row["next_step_owner"] == owner
    }
    filters.choose_from_address("step", "Next step", offered)
    step = st.pills(
        "Next step",
        list(offered),
        format_func=lambda name: f"{offered[name]['title']} {count_text(offered[name]['return_count'])}",
        key="step",
        on_change=filters.write_to_address,
        args=("step",),
        label_visibility="collapsed",
    )
    return {"for_steps": [step] if step else list(offered)}


def draw_nothing(steps: pl.DataFrame, owner: str) -> None:
    """Why the work list has no rows: no return, none that waits on the one who is chosen, or on anybody."""
    if steps.is_empty():
        draw_no_match("No return matches these filters.", "No return is logged yet.")
    elif steps["next_step_owner"].is_in(list(NONE_WAITS)).any():
        st.text(NONE_WAITS[owner])
    else:
        st.text(DONE)


st.title("Needs attention")
draw_headline(data.ask("headline", **filters.chosen()))
steps = data.ask("next_steps", **filters.chosen())
owner = choose_owner()
if not returns_list("work list", choose_steps(steps, owner) | filters.chosen()):
    draw_nothing(steps, owner)
