"""The returns behind a number, at an address of their own: /returns?behind=overdue."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.draw import filters
from dashboard.draw.lists import returns_list
from dashboard.draw.notices import draw_no_match
from dashboard.draw.text import day_text, markdown_text, printable
from dashboard.draw.title import draw_title
from dashboard.guard import signin

BEHIND = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
RETURNS_PAGE = "page/returns.py"
# How headings call values of a parameter that reports name otherwise.
WORDS = {
    "split_by": {"return_type": "form", "mail_domain": "domain", "tax_year": "tax year"},
    "for_kinds": {
        "initial": "initial emails",
        "access_code": "access code emails",
        "cc": "emails to third parties",
    },
}


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
    needed = {taken: given_for(taken) for taken in known.get("takes", [])}
    more = {taken: given_for(taken) for taken in known.get("may_take", []) if taken in st.query_params}
    if not known or not all(needed.values()):
        draw_title("No such list")
        st.text("This address names no list. Open it again from the number that you clicked.")
        return
    words = {taken: markdown_text(shown(taken, value)) for taken, value in needed.items()}
    draw_title(known["title"].format_map(words))
    if "split_by" in more:
        segment = shown("for_segment", more.get("for_segment", "no value"))
        st.text(f"{shown('split_by', more['split_by']).capitalize()}: {segment}")
    st.page_link(RETURNS_PAGE, label="All returns")
    if not returns_list(known["list"], known.get("filters", {}) | needed | more | filters.chosen()):
        draw_no_match("No return matches these filters.", "No return is in this list.")


def given_for(parameter: str) -> Any:
    """The value of a parameter in the address; all of them for one that takes a list."""
    if parameter.startswith("for_") and parameter.endswith("s"):
        return st.query_params.get_all(parameter)
    return st.query_params.get(parameter, "")


def shown(parameter: str, value: str | list[str]) -> str:
    """A value of an address as a heading writes it."""
    if isinstance(value, list):
        return ", ".join(shown(parameter, one) for one in value)
    try:
        return day_text(date.fromisoformat(value))
    except ValueError:
        return printable(WORDS.get(parameter, {}).get(value, value))
