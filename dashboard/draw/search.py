"""Find a return from any page, by client, return or client number, while somebody types."""

from typing import Any

import streamlit as st

from dashboard import data
from dashboard.draw.return_link import RETURN_PAGE, return_address
from dashboard.draw.text import markdown_text, printable

MIN_LETTERS = 2
MAX_RESULTS = 8
COLUMNS = ["firm_id", "return_id", "client_name", "return_type", "tax_year", "office"]


def draw_search_button() -> None:
    """The button, which Ctrl+K clicks too."""
    if st.button("Find a return", shortcut="Ctrl+K", width="stretch", key="find a return"):
        search()


@st.dialog("Find a return")
def search() -> None:
    """The search box and its results; an exact number comes first, then the newest year."""
    words = st.text_input(
        "Client, return or client number",
        type="search",
        live="200ms",
        key="search words",
        placeholder="Two letters or more",
    )
    words = (words or "").strip()
    if len(words) < MIN_LETTERS:
        st.caption("Type two letters or more of a client's name, a return number or a client number.")
        return
    # One result more than is shown tells that there are more; counting all of them would take longer.
    results = data.ask("find_returns", COLUMNS, search=words, max_rows=MAX_RESULTS + 1)
    if results.is_empty():
        st.text(f"No return is found for “{printable(words)}”.")
    for row in results.head(MAX_RESULTS).iter_rows(named=True):
        draw_result(row)
    if results.height > MAX_RESULTS:
        st.caption(
            f"The first {MAX_RESULTS} returns that contain these words. Type more of them to find the others."
        )


def draw_result(row: dict[str, Any]) -> None:
    """A return as a link: client, form, year, office and id."""
    values = [row["client_name"], row["return_type"], row["tax_year"], row["office"], row["return_id"]]
    label = " · ".join(printable(str(value)) for value in values if value is not None)
    address = return_address(row["firm_id"], row["return_id"])
    st.page_link(RETURN_PAGE, label=markdown_text(label), query_params=address)
