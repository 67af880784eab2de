"""Links from a return to its neighbors in the list that it was opened from, and the keys J and K.

The browser knows that list: its script keeps the addresses of its rows for the tab when a row is clicked. At
the end of a page it asks for the next one.
"""

from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.draw.lists import rows_of_page, with_rows

KEY = "neighbors"
component = with_rows("neighbors", Path(__file__))


def draw_neighbors(firm_id: str, return_id: str) -> None:
    """Draws the links; nothing where this return was opened from no list."""
    asked = st.session_state.get(KEY, {}).get("asked")
    component(
        key=KEY,
        data={
            "label": "Neighbors in the list",
            "firm": firm_id,
            "id": return_id,
            "asked": asked,
            "more": more_rows(asked),
        },
        on_asked_change=lambda: None,
    )


def more_rows(asked: Any) -> dict[str, Any] | None:
    """The page that the browser asks for; None for what is no page of a list."""
    match asked:
        case {"list": str() as key, "page": int() as page}:
            return rows_of_page(key, page)
    return None
