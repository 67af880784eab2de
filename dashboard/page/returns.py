"""Returns: all that match the filters, with their three states in separate columns."""

import streamlit as st

from dashboard.draw import filters
from dashboard.draw.lists import returns_list
from dashboard.draw.notices import draw_no_match

COLUMNS = [
    "client_name",
    "return_type",
    "tax_year",
    "access_state",
    "handling_state",
    "signature_state",
    "next_step_title",
    "waiting_days",
    "due_date",
    "partner",
    "office",
    "return_id",
]

st.title("Returns")
if not returns_list("all_returns", COLUMNS, filters.chosen(), noun="returns", key="all returns"):
    draw_no_match()
