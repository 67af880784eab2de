"""Needs attention: what the firm must do today, and why."""

from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import filters
from dashboard.draw.cards import draw_card
from dashboard.draw.lists import returns_list
from dashboard.draw.notices import draw_no_match
from dashboard.draw.text import DASH, count_text, counted, percent_text

OWNERS = {"Waiting on us": "firm", "Waiting on client": "client"}
DONE = "Nothing is waiting. Every return in this view is signed and picked up, archived or deleted."


def draw_headline(headline: pl.DataFrame) -> None:
    """Four cards, each with the number before or the counts behind it."""
    measures = {row["measure"]: row for row in headline.iter_rows(named=True)}
    waiting, delivered = measures["our move"], measures["delivered"]
    bounced, signed = measures["bounce rate"], measures["days to sign"]
    emails = counted(bounced["base_count"], "email", "emails")
    deliveries = counted(signed["base_count"], "signed delivery", "signed deliveries")
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
        "Median days to sign": (
            days_text(signed["value"]),
            f"of {deliveries} of last week; {days_text(signed['value_before'])} the week before",
        ),
    }
    with st.grid(4, min_column_width=165):
        for label, (value, caption) in cards.items():
            draw_card(label, value, caption, gap="small")


def days_text(days: float | None) -> str:
    return DASH if days is None else f"{days:.1f}"


def choose_steps() -> dict[str, Any]:
    """Whom returns wait on, and for which next step, as a filter of the work list."""
    steps = data.ask("next_steps", **filters.chosen())
    owners = list(OWNERS)
    filters.keep_known("move", "Waiting on whom", owners)
    chosen = st.segmented_control(
        "Waiting on whom", owners, key="move", bind="query-params", default=owners[0], required=True
    )
    owner = OWNERS[chosen]
    offered = {
        row["next_step"]: row for row in steps.iter_rows(named=True) if row["next_step_owner"] == owner
    }
    step = st.pills(
        "Next step",
        list(offered),
        format_func=lambda name: f"{offered[name]['title']} {count_text(offered[name]['return_count'])}",
        key=f"step {owner}",
        label_visibility="collapsed",
    )
    return {"for_steps": [step] if step else list(offered)}


st.title("Needs attention")
draw_headline(data.ask("headline", **filters.chosen()))
if not returns_list("work list", choose_steps() | filters.chosen()):
    draw_no_match() if filters.chosen() else st.text(DONE)
