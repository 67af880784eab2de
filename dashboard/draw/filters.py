"""The filters of every page, which are in its address too, so that a view can be shared as a link."""

from collections.abc import Iterable
from typing import Any

import polars as pl
import streamlit as st

from dashboard import data

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


def keep_known(key: str, label: str, offered: Iterable[object]) -> None:
    """Leaves out of the address what a choice does not offer, such as nothing in /?move=, and says so.

    Call it before the choice is drawn. The page is run once more, because Streamlit has read the address.
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


def draw() -> None:
    """The filters in the sidebar; each writes its choices into the address."""
    choices = data.ask("filter_choices")
    for name, label in LABELS.items():
        offered = choices.filter(pl.col("filter_name") == name)["choice"].to_list()
        if name == "firm" and len(offered) < 2:
            continue
        keep_known(name, label, offered)
        st.multiselect(label, offered, key=name, bind="query-params", placeholder=f"Every {label.lower()}")


def chosen() -> dict[str, Any]:
    """The choices as parameters of the reports; a filter without a choice is left out, which means all."""
    picked = {parameter: list(st.session_state.get(name) or []) for name, parameter in PARAMETERS.items()}
    return {parameter: values for parameter, values in picked.items() if values}


def clear() -> None:
    """Removes every choice."""
    for name in PARAMETERS:
        if name in st.session_state:
            st.session_state[name] = []
