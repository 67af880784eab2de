"""Find a return from any page, by client, number or email address, while somebody types."""

from pathlib import Path

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw.lists import MOST_LETTERS, list_row, with_rows
from dashboard.draw.text import counted, printable

MIN_LETTERS = 2
MAX_RESULTS = 8
SHOWN = ["client_name", "return_type", "tax_year", "office", "return_id"]
ROW = {"first": ["{client_name}"], "second": ["{return_type}", "{tax_year}", "{office}", "{return_id}"]}
KEY = "search"
component = with_rows("search", Path(__file__))


def draw_search_button() -> None:
    """The button, which Ctrl+K clicks too."""
    if st.button("Find a return", shortcut="Ctrl+K", width="stretch", key="find a return"):
        search()


@st.dialog("Find a return")
def search() -> None:
    """The search box and its results; an exact number comes first, then the newest year."""
    typed = str(st.session_state.get(KEY, {}).get("words", ""))
    words = typed.strip()[:MOST_LETTERS]
    results = pl.DataFrame()
    if len(words) >= MIN_LETTERS:
        # One result more than is shown tells that there are more; counting all of them would take longer.
        results = data.ask("find_returns", ["firm_id", *SHOWN], search=words, max_rows=MAX_RESULTS + 1)
    rows = [list_row(ROW, row) for row in results.head(MAX_RESULTS).iter_rows(named=True)]
    component(
        key=KEY,
        data={
            "label": "Client, number or email address",
            "found": "Returns",
            "words": typed,
            "said": sentence(words, results.height),
            "rows": rows,
        },
        on_words_change=lambda: None,
    )


def sentence(words: str, count: int) -> str:
    """What the search says of its results."""
    if len(words) < MIN_LETTERS:
        return "Type words of the client's name, a number or an email address, in any order."
    if not count:
        return f"No return is found for “{printable(words)}”."
    if count > MAX_RESULTS:
        return f"The first {MAX_RESULTS} returns that contain these words. Type more to find the others."
    return counted(count, "return", "returns")
