"""Needs attention: what needs the firm today, and why."""

import streamlit as st

from dashboard import data
from dashboard.draw import cards, filters, states
from dashboard.draw.lists import returns_list
from dashboard.draw.words import count_words

OWNERS = {"Our move": "firm", "Client's move": "client"}
COLUMNS = [
    "client_name",
    "return_type",
    "next_step_title",
    "waiting_days",
    "due_date",
    "why",
    "partner",
    "office",
    "return_id",
]
DONE = "Nothing waits. Every return in this view is signed and picked up, archived or deleted."

st.title("Needs attention")
cards.draw(data.ask("headline", **filters.chosen()))

steps = data.ask("next_steps", **filters.chosen())
moves = st.segmented_control(
    "Whose move", list(OWNERS), key="move", bind="query-params", default="Our move", required=True
)
owner = OWNERS[moves]
offered = {row["next_step"]: row for row in steps.iter_rows(named=True) if row["next_step_owner"] == owner}
step = st.pills(
    "Next step",
    list(offered),
    format_func=lambda name: f"{offered[name]['title']} {count_words(offered[name]['return_count'])}",
    key=f"step {owner}",
    label_visibility="collapsed",
)
wanted = {"for_steps": [step] if step else list(offered)}
asked = wanted | filters.chosen()
if not returns_list("work_list", COLUMNS, "returns", key="work list", first="most urgent", **asked):
    states.no_match() if filters.in_address() else states.nothing(DONE)
