"""Links to a return: a click on a client requests it in a callback, and the next run opens it."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from dashboard.draw.text import markdown_text, printable

RETURN_PAGE = "page/return.py"
REQUESTED = "requested return"


def request_return(firm_id: str, return_id: str) -> None:
    """Stores which return somebody clicked; a callback cannot switch pages itself."""
    st.session_state[REQUESTED] = (firm_id, return_id)


def open_requested_return() -> None:
    """Opens the return that was clicked, if there is one."""
    requested = st.session_state.pop(REQUESTED, None)
    if requested:
        st.switch_page(RETURN_PAGE, query_params=return_address(*requested))


def return_address(firm_id: str, return_id: str) -> dict[str, str]:
    """A return as the query of an address, with its firm, because a group may have several."""
    return {"id": return_id, "firm": firm_id}


def draw_return_link(row: dict[str, Any], values: Iterable[object]) -> None:
    """A link to the return of a row, which shows these values."""
    label = " · ".join(printable(str(value)) for value in values if value is not None)
    address = return_address(row["firm_id"], row["return_id"])
    st.page_link(RETURN_PAGE, label=markdown_text(label), query_params=address)
