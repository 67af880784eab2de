"""Downloads: always all rows of a report, made when somebody presses, safe to open in a spreadsheet."""

from collections.abc import Callable

import streamlit as st

from dashboard import data
from etl.cells import as_csv


def csv_button(report: str, key: str, label: str = "CSV", **filters: object) -> None:
    """A button for the whole report under these filters, named after the report and the moment it is as of."""
    facts = data.facts()
    name = f"{report}-{facts.as_of:%Y-%m-%d}.csv" if facts.as_of else f"{report}.csv"
    st.download_button(
        label,
        data=made(report, filters),
        file_name=name,
        mime="text/csv",
        key=key,
        on_click="ignore",
        help="All rows, for a spreadsheet.",
    )


def made(report: str, filters: dict[str, object]) -> Callable[[], bytes]:
    """What makes the file once it is wanted."""
    return lambda: as_csv(data.ask(report, **filters), data.facts().timezone).encode("utf-8-sig")
