"""The title of a page with filters, and beside it what the page is about; below it where there is no room."""

import streamlit as st

from dashboard.draw.chips import draw_chips


def draw_title(text: str) -> None:
    """The title, which is Markdown, and the chips."""
    with st.container(horizontal=True, vertical_alignment="center", key="title"):
        st.title(text, anchor=False, width="content")
        draw_chips()
