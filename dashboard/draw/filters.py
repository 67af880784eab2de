"""The filters that stand on every page and in its address, so that a view is a link."""

import polars as pl
import streamlit as st

from dashboard import data

# As it is called in the address and on screen -> the parameter of the reports.
PARAMETERS = {
    "firm": "for_firms",
    "year": "for_years",
    "office": "for_offices",
    "partner": "for_partners",
    "form": "for_types",
}
LABELS = {"firm": "Firm", "year": "Tax year", "office": "Office", "partner": "Partner", "form": "Form"}


def draw() -> None:
    """The filters in the sidebar; each writes itself into the address."""
    choices = data.ask("filter_choices")
    for name, label in LABELS.items():
        offered = choices.filter(pl.col("filter_name") == name)["choice"].to_list()
        if name == "firm" and len(offered) < 2:
            continue
        st.multiselect(label, offered, key=name, bind="query-params", placeholder=f"Every {label.lower()}")


def chosen() -> dict[str, list[str]]:
    """What is chosen, as parameters of the reports; a filter without a choice is left out, which means all."""
    picked = {parameter: list(st.session_state.get(name) or []) for name, parameter in PARAMETERS.items()}
    return {parameter: values for parameter, values in picked.items() if values}


def in_address() -> dict[str, list[str]]:
    """What is chosen, as the address holds it: for links to other pages."""
    picked = {name: list(st.session_state.get(name) or []) for name in PARAMETERS}
    return {name: values for name, values in picked.items() if values}


def in_words() -> str:
    """What is chosen, as a person would say it; empty for everything."""
    return "; ".join(f"{LABELS[name].lower()} {', '.join(values)}" for name, values in in_address().items())


def clear() -> None:
    """Takes every choice back."""
    for name in PARAMETERS:
        if name in st.session_state:
            st.session_state[name] = []
