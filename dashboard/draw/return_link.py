"""Links to a return."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from dashboard.draw.text import markdown_text, printable

RETURN_PAGE = "page/return.py"


def return_address(firm_id: str, return_id: str) -> dict[str, str]:
    """A return as the query of an address, with its firm, because a group may have several."""
    return {"id": return_id, "firm": firm_id}


def draw_return_link(row: dict[str, Any], values: Iterable[object]) -> None:
    """A link to the return of a row, which shows these values."""
    label = " · ".join(printable(str(value)) for value in values if value is not None)
    address = return_address(row["firm_id"], row["return_id"])
    st.page_link(RETURN_PAGE, label=markdown_text(label), query_params=address)
