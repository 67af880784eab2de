"""The four cards above the work list: each a number, what it was before, and the counts behind it."""

import polars as pl
import streamlit as st

from dashboard.draw.words import count_words, number_of, percent_words


def draw(headline: pl.DataFrame) -> None:
    """The cards in the order of the report."""
    row = {one["measure"]: one for one in headline.iter_rows(named=True)}
    with st.grid(4, min_column_width=165):
        card("Our move", count_words(int(row["our move"]["value"])), our_move(row["our move"]))
        card("Delivered last week", count_words(int(row["delivered"]["value"])), delivered(row["delivered"]))
        card("Bounce rate last week", percent_words(row["bounce rate"]["value"]), bounced(row["bounce rate"]))
        card("Median days to sign", days(row["days to sign"]["value"]), signed(row["days to sign"]))


def card(label: str, value: str, words: str) -> None:
    """A number with its sentence; the sentence carries the comparison, so no colour or arrow has to."""
    with st.container(border=True, height="stretch"):
        st.metric(label, value)
        st.caption(words)


def our_move(row: dict) -> str:
    return f"{count_words(row['part_count'] or 0)} of them wait over 3 days"


def delivered(row: dict) -> str:
    return f"{count_words(int(row['value_before']))} the week before"


def bounced(row: dict) -> str:
    counts = f"{count_words(row['part_count'] or 0)} of {number_of(row['base_count'], 'email', 'emails')}"
    return f"{counts}; {percent_words(row['value_before'])} the week before"


def signed(row: dict) -> str:
    counts = f"of {number_of(row['base_count'], 'signed delivery', 'signed deliveries')} of last week"
    return f"{counts}; {days(row['value_before'])} the week before"


def days(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
