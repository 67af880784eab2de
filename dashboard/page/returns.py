"""Returns: all under the filters, with their three states apart."""

import streamlit as st

from dashboard.draw import filters, states
from dashboard.draw.lists import returns_list

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
if not returns_list("all_returns", COLUMNS, "returns", key="all returns", **filters.chosen()):
    states.no_match()
