"""Returns: all that match the filters, with their three states in separate columns."""

import streamlit as st

from dashboard.draw import filters
from dashboard.draw.lists import returns_list
from dashboard.draw.notices import draw_no_match

st.title("Returns")
if not returns_list("all returns", filters.chosen()):
    draw_no_match("No return matches these filters.", "No return is logged yet.")
