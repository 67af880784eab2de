"""Has the browser forget the returns of the last list, once nobody is signed in."""

from pathlib import Path

import streamlit as st

component = st.components.v2.component(
    "forget", html="", js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
)


def draw_forget() -> None:
    """Draws nothing: its script removes what our lists keep in the tab."""
    component(key="forget", height=0)
