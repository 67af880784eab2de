"""The filters of every page, which are in its address too, so that a view can be shared as a link."""

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
LABELS = {"firm": "Firm", "year": "Tax year", "office": "Office", "partner": "Partner", "form": "Form"}


def draw() -> None:
    """The filters in the sidebar; each writes its choices into the address."""
    choices = data.ask("filter_choices")
    for name, label in LABELS.items():
        offered = choices.filter(pl.col("filter_name") == name)["choice"].to_list()
        if name == "firm" and len(offered) < 2:
            continue
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
