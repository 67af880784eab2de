"""A card: a number, its name, and a sentence with the counts or the comparison behind it."""

from typing import Literal

import streamlit as st


def draw_card(label: str, value: str, caption: str, gap: Literal["small"] | None = None) -> None:
    """A number with its sentence; the sentence has the comparison, so no color or arrow is needed."""
    with st.container(border=True, height="stretch", gap=gap):
        st.metric(label, value)
        st.caption(caption)
