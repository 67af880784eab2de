"""The returns behind a number, at an address of their own: /returns?behind=overdue."""

import tomllib
from datetime import date
from pathlib import Path

import streamlit as st

from dashboard.draw import filters
from dashboard.draw.lists import returns_list
from dashboard.draw.notices import draw_no_match
from dashboard.draw.text import day_text, markdown_text
from dashboard.draw.title import draw_title
from dashboard.guard import signin

BEHIND = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
RETURNS_PAGE = "page/returns.py"


def behind_address(name: str, **values: object) -> str | None:
    """The address of the list behind a number, under the filters of the page; None for who sees no clients.

    A value named like a filter, such as `partner`, is in place of what the page has chosen.
    """
    if not signin.reader().sees_clients:
        return None
    return f"/returns?{filters.query_with(behind=name, **values)}"


def draw_behind(name: str) -> None:
    """The list, under a heading that says what it is; a sentence for an address that names none."""
    known = BEHIND.get(name, {})
    given = {taken: st.query_params.get(taken, "") for taken in known.get("takes", [])}
    if not known or not all(given.values()):
        draw_title("No such list")
        st.text("This address names no list. Open it again from the number that you clicked.")
        return
    words = {taken: markdown_text(shown(value)) for taken, value in given.items()}
    draw_title(known["title"].format_map(words))
    st.page_link(RETURNS_PAGE, label="All returns")
    if not returns_list(known["list"], known.get("filters", {}) | given | filters.chosen()):
        draw_no_match("No return matches these filters.", "No return is in this list.")


def shown(value: str) -> str:
    """A value of an address as a heading writes it."""
    try:
        return day_text(date.fromisoformat(value))
    except ValueError:
        return value
