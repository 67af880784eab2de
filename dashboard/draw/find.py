"""Find a return, from anywhere: by client, return or client number, as you type."""

import streamlit as st

from dashboard import data
from dashboard.draw import opening
from dashboard.draw.words import plain

LEAST_LETTERS = 2
MOST_RESULTS = 8
COLUMNS = ["firm_id", "return_id", "client_name", "return_type", "tax_year", "office"]


def draw() -> None:
    """The button, which Ctrl+K presses too."""
    if st.button("Find a return", shortcut="Ctrl+K", width="stretch", key="find a return"):
        search()


@st.dialog("Find a return")
def search() -> None:
    """The box and what it finds; an exact number stands first, then the newest year."""
    words = st.text_input(
        "Client, return or client number",
        type="search",
        live="200ms",
        key="search words",
        placeholder="Two letters or more",
    )
    words = (words or "").strip()
    if len(words) < LEAST_LETTERS:
        st.caption("Type two letters or more of a client's name, a return number or a client number.")
        return
    # One more than there is room for tells that there are more; to count them all would cost more than to find these.
    found = data.ask("find_returns", COLUMNS, search=words, max_rows=MOST_RESULTS + 1)
    if found.is_empty():
        st.text(f"No return is found for “{plain(words)}”.")
    for row in found.head(MOST_RESULTS).iter_rows(named=True):
        result(row)
    if found.height > MOST_RESULTS:
        st.caption(
            f"The first {MOST_RESULTS} returns that hold these words. Type more of them to find the others."
        )


def result(row: dict) -> None:
    """One return as a link: who, which form and year, where, and its id."""
    words = [row["client_name"], row["return_type"], row["tax_year"], row["office"], row["return_id"]]
    label = " · ".join(plain(str(word)) for word in words if word is not None)
    st.page_link(
        opening.RETURN_PAGE,
        label=escaped(label),
        query_params=opening.address(row["firm_id"], row["return_id"]),
    )


def escaped(label: str) -> str:
    """A label that Markdown leaves alone: every character that could mean something stands as its number.

    A bare address would still become a link, so its dots and its @ are numbers too.
    """
    return "".join(
        character if character.isalnum() or character == " " else f"&#{ord(character)};"
        for character in label
    )
