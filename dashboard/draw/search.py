"""Find a return from any page, by client, return or client number, while somebody types."""

import streamlit as st

from dashboard import data
from dashboard.draw.return_link import draw_return_link
from dashboard.draw.text import printable

MIN_LETTERS = 2
MAX_RESULTS = 8
SHOWN = ["client_name", "return_type", "tax_year", "office", "return_id"]


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
    results = data.ask("find_returns", ["firm_id", *SHOWN], search=words, max_rows=MAX_RESULTS + 1)
    if results.is_empty():
        st.text(f"No return is found for “{printable(words)}”.")
    for row in results.head(MAX_RESULTS).iter_rows(named=True):
        draw_return_link(row, [row[name] for name in SHOWN])
    if results.height > MAX_RESULTS:
        st.caption(
            f"The first {MAX_RESULTS} returns that contain these words. Type more of them to find the others."
        )
