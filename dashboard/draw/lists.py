"""Lists of returns: the first rows on screen, all of them as CSV, and a press on a client opens the return."""

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import opening
from dashboard.draw.words import plain_column
from dashboard.guard.download import csv_button

MOST_ROWS = 500
ROW_HEIGHT = 35
TALLEST = 560
KEYS = ["firm_id", "return_id", "client_name"]
NOT_FOR_YOU = "This list names clients and is not available for your role."
# Column -> its heading on screen, where the name of the column is not good enough.
HEADINGS = {
    "return_id": "Return",
    "client_name": "Client",
    "return_type": "Form",
    "tax_year": "Year",
    "due_date": "Due",
    "waiting_days": "Days",
    "ero_signer": "ERO/signer",
    "next_step_title": "Do next",
    "access_state": "Access",
    "handling_state": "Handling",
    "signature_state": "Signature",
}


def returns_list(
    report: str, columns: list[str], words: str, key: str, first: str | None = None, **filters: object
) -> bool:
    """A list under a sentence that counts its rows ("218 returns", "The 500 longest waits of 3,281 returns").

    False for a list without rows, which draws nothing, so that the page can say its own sentence.
    """
    if not data.may_see(report):
        st.text(NOT_FOR_YOU)
        return True
    asked = list(dict.fromkeys(KEYS + columns))
    rows, count = data.ask_first(report, MOST_ROWS, asked, **filters)
    if not count:
        return False
    some = f"The {MOST_ROWS} {first} of " if first else f"The first {MOST_ROWS} of "
    shown = f"{some if count > MOST_ROWS else ''}{count:,} {words}"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(f"{shown}. Press a client to open the return.")
        csv_button(report, key=f"{key} csv", **filters)
    table(report, rows, columns, key)
    return True


def table(report: str, rows: pl.DataFrame, columns: list[str], key: str) -> None:
    """The rows, each with the client as a button."""
    shown = readable(rows.select(columns), data.facts().timezone)
    meanings = data.warehouse().reports[report].meanings
    config = {name: column(name, shown.schema[name], meanings.get(name)) for name in columns}
    config["client_name"] = st.column_config.ButtonColumn(
        HEADINGS["client_name"],
        type="tertiary",
        alignment="left",
        pinned=True,
        width="medium",
        on_click=open_pressed,
        args=(f"{key} pressed", rows["firm_id"].to_list(), rows["return_id"].to_list()),
        key=f"{key} pressed",
    )
    height = min(TALLEST, ROW_HEIGHT * (rows.height + 1) + 3)
    st.dataframe(shown, column_config=config, hide_index=True, height=height, key=key, placeholder="")


def open_pressed(key: str, firms: list[str], returns: list[str]) -> None:
    """Notes the return of the row that was pressed."""
    row = st.session_state[key]["row"]
    opening.want(firms[row], returns[row])


def readable(rows: pl.DataFrame, zone: str) -> pl.DataFrame:
    """The rows with moments on the firm's clock, and texts without characters that steer their neighbours."""
    changed = []
    for name, kind in rows.schema.items():
        if isinstance(kind, pl.Datetime):
            changed.append(
                pl.col(name).dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None)
            )
        elif kind == pl.String:
            changed.append(plain_column(name))
    return rows.with_columns(changed)


def heading(name: str) -> str:
    """A column's heading: ours, or its name as words."""
    words = name.removesuffix("_at").removesuffix("_on").replace("_", " ")
    return HEADINGS.get(name, words[0].upper() + words[1:])


def column(name: str, kind: pl.DataType, meaning: str | None = None) -> object:
    """How a column is drawn, by its type; its meaning is the help of its heading."""
    words = {"label": heading(name), "help": meaning}
    if kind == pl.Date:
        return st.column_config.DateColumn(**words, format="MMM D, YYYY")
    if isinstance(kind, pl.Datetime):
        return st.column_config.DatetimeColumn(**words, format="MMM D, h:mm A")
    if name.endswith("_days"):
        return st.column_config.NumberColumn(**words, format="%.1f")
    if name.endswith("_percent"):
        return st.column_config.NumberColumn(**words, format="%.2f%%")
    if name == "tax_year":
        return st.column_config.NumberColumn(**words, format="%d")
    if kind.is_numeric():
        return st.column_config.NumberColumn(**words, format="localized")
    if kind == pl.Boolean:
        return st.column_config.CheckboxColumn(**words)
    return st.column_config.TextColumn(**words)
