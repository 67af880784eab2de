"""Returns: all that match the filters, with their three states, or the ones behind a number."""

import streamlit as st

from dashboard.draw import filters
from dashboard.draw.behind import draw_behind
from dashboard.draw.lists import returns_list
from dashboard.draw.notices import draw_no_match
from dashboard.draw.title import draw_title

behind = st.query_params.get("behind")
if behind is not None:
    draw_behind(behind)
else:
    draw_title("Returns")
    if not returns_list("all returns", filters.chosen()):
        draw_no_match("No return matches these filters.", "No return is logged yet.")
