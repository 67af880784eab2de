"""The filters of every page, which are in its address too, so that a view can be shared as a link.

Pages open on the season that is under way. An address with a value that does not exist shows nothing: the
numbers of the whole firm in its place would be taken for those of the office that was asked for.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw.text import printable

# Name in the address -> the parameter of the reports.
PARAMETERS = {
    "firm": "for_firms",
    "year": "for_years",
    "office": "for_offices",
    "partner": "for_partners",
    "form": "for_types",
}
LEFT_OUT = "choices of the address that were left out"
LABELS = {"firm": "Firm", "year": "Tax year", "office": "Office", "partner": "Partner", "form": "Form"}
EVERY_YEAR = "All"


def keep_known(key: str, label: str, offered: Iterable[object]) -> None:
    """Leaves out of the address what a choice does not offer, such as nothing in /?move=, and says so.

    For choices of how to show a page; it is for filters to show nothing. Call it before the choice is drawn.
    The page is run once more, because Streamlit has read the address.
    """
    noted = st.session_state.setdefault(LEFT_OUT, set())
    if key in noted:
        noted.remove(key)
        st.caption(f"{label}: the address has a value that does not exist here, so it was left out.")
    given, known = st.query_params.get_all(key), {str(one) for one in offered}
    kept = [value for value in given if value in known]
    if kept == given:
        return
    if kept:
        st.query_params[key] = kept
    else:
        del st.query_params[key]
    noted.add(key)
    st.rerun()


def choose_from_address(key: str, label: str, offered: Iterable[object], usual: str | None = None) -> None:
    """Sets a choice to what the address says, before it is drawn.

    For a choice whose words have counts in them: what `bind` writes into the address are these words, which
    the next build changes. `write_to_address` is for its `on_change`.
    """
    keep_known(key, label, offered)
    st.session_state[key] = st.query_params.get(key, usual)


def write_to_address(key: str) -> None:
    """Writes a choice into the address, and takes one away that was taken back."""
    if st.session_state[key] is None:
        leave_out_of_address(key)
    else:
        st.query_params[key] = st.session_state[key]


def leave_out_of_address(key: str) -> None:
    st.query_params.pop(key, None)


def draw() -> list[str]:
    """The filters in the sidebar; each writes its choices into the address.

    Returns a sentence for each value of the address that does not exist. Its filter is not drawn then.
    """
    unknown = list[str]()
    for name, label in LABELS.items():
        offered = offered_by(name)
        wrong = [value for value in st.query_params.get_all(name) if value not in offered]
        unknown += [f"{label}: there is no “{printable(value)}”." for value in wrong]
        if wrong or (name == "firm" and len(offered) < 2):
            continue
        if name == "year":
            st.selectbox(
                label, offered, index=offered.index(current_season()), key="year", bind="query-params"
            )
        else:
            st.multiselect(
                label, offered, key=name, bind="query-params", placeholder=f"Every {label.lower()}"
            )
    return unknown


def offered_by(name: str) -> list[str]:
    """The values of a filter."""
    values = data.ask("filter_choices").filter(pl.col("filter_name") == name)["choice"].to_list()
    return [*values, EVERY_YEAR] if name == "year" else values


def current_season() -> str:
    """The tax year that is chosen until somebody chooses another one."""
    seasons = data.ask("filter_choices").filter("is_current")["choice"].to_list()
    return seasons[0] if seasons else EVERY_YEAR


def chosen() -> dict[str, Any]:
    """The choices as parameters of the reports; a filter without a choice is left out, which means all."""
    picked = {parameter: picked_of(name) for name, parameter in PARAMETERS.items()}
    return {parameter: values for parameter, values in picked.items() if values}


def query_with(**values: object) -> str:
    """The filters in the address as the query of another one, with these values, which win over a filter."""
    kept = {name: st.query_params.get_all(name) for name in PARAMETERS}
    return urlencode(kept | {name: str(value) for name, value in values.items()}, doseq=True)


def are_picked() -> bool:
    """Whether somebody has picked what is shown; nobody has picked the season that pages open on.

    All leaves out nothing, so it is not a pick: where it shows nothing there is nothing.
    """
    return chosen() not in ({}, {PARAMETERS["year"]: [current_season()]})


def picked_of(name: str) -> list[Any]:
    """What is picked of a filter; nothing means all."""
    value = st.session_state.get(name)
    if name == "year":
        return [] if value in (None, EVERY_YEAR) else [value]
    return list(value or [])


def clear() -> None:
    """Removes every choice, so that the page shows what it opens on: the current season."""
    for name in PARAMETERS:
        if name in st.session_state:
            st.session_state[name] = current_season() if name == "year" else []


def clear_unknown() -> None:
    """Removes from the address the values that do not exist, and leaves the others."""
    for name in PARAMETERS:
        given, offered = st.query_params.get_all(name), offered_by(name)
        kept = [value for value in given if value in offered]
        if not kept:
            leave_out_of_address(name)
        elif kept != given:
            st.query_params[name] = kept
