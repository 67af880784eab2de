"""Lists of returns: the first rows on screen, all rows as CSV, and a click on a client opens the return."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from dashboard import data
from dashboard.draw.return_link import request_return
from dashboard.draw.text import DASH, printable_column
from dashboard.guard.download import csv_button
from etl.access.scope import with_hidden

MAX_ROWS = 500
ROW_HEIGHT = 35
MAX_HEIGHT = 560
KEYS = ["firm_id", "return_id", "client_name"]
NOT_FOR_YOU = "This list names clients and is not available for your role."
LAYOUT = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
HEADINGS: dict[str, str] = LAYOUT["headings"]


def returns_list(key: str, filters: Mapping[str, Any], noun: str | None = None) -> bool:
    """A list under a sentence that counts its rows ("218 returns", "The 500 most urgent of 3,281 returns").

    False for a list without rows, which draws its own sentence or nothing, so that the page can say one.
    """
    layout = LAYOUT["lists"][key]
    report, columns, order = layout["report"], layout["columns"], layout.get("order")
    if not data.may_see(report):
        st.text(NOT_FOR_YOU)
        return True
    rows, count = data.ask_first(report, MAX_ROWS, list(dict.fromkeys(KEYS + columns)), **filters)
    if not count:
        if "nothing" in layout:
            st.text(layout["nothing"])
        return False
    first = f"The {MAX_ROWS} {order} of " if order else f"The first {MAX_ROWS} of "
    counted = f"{first if count > MAX_ROWS else ''}{count:,} {noun or layout['noun']}"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(f"{counted}. Click a client to open the return.")
        csv_button(report, filters)
    draw_clickable_rows(report, rows, columns, key)
    return True


def draw_clickable_rows(report: str, rows: pl.DataFrame, columns: list[str], key: str) -> None:
    """The rows, each with the client as a button."""
    shown = screen_rows(rows.select(columns))
    config: dict[str, Any] = dict(column_configs(report, shown))
    config["client_name"] = st.column_config.ButtonColumn(
        HEADINGS["client_name"],
        type="tertiary",
        alignment="left",
        pinned=True,
        width="medium",
        on_click=request_clicked,
        args=(f"{key} clicked", rows["firm_id"].to_list(), rows["return_id"].to_list()),
        key=f"{key} clicked",
    )
    height = min(MAX_HEIGHT, ROW_HEIGHT * (rows.height + 1) + 3)
    st.dataframe(shown, column_config=config, hide_index=True, height=height, key=key, placeholder="")


def request_clicked(key: str, firms: list[str], returns: list[str]) -> None:
    """Requests the return of the row that was clicked."""
    row = st.session_state[key]["row"]
    request_return(firms[row], returns[row])


def screen_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with times of the firm's zone, and texts without unprintable characters."""
    zone = data.facts().timezone
    changed = []
    for name, kind in rows.schema.items():
        if isinstance(kind, pl.Datetime):
            changed.append(
                pl.col(name).dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None)
            )
        elif kind == pl.String:
            changed.append(printable_column(name))
    return rows.with_columns(changed)


def heading(name: str) -> str:
    """The heading of a column: ours, or the column's name as words."""
    words = name.removesuffix("_at").removesuffix("_on").replace("_", " ")
    return HEADINGS.get(name, words[0].upper() + words[1:])


def draw_rows(report: str, rows: pl.DataFrame, key: str) -> None:
    """Rows of a report, each column's meaning as its help."""
    rows = with_hidden(rows)
    configs = column_configs(report, rows)
    st.dataframe(screen_rows(rows), column_config=configs, hide_index=True, placeholder=DASH, key=key)


def column_configs(report: str, rows: pl.DataFrame) -> dict[str, ColumnConfig]:
    """How the columns of a report are drawn."""
    meanings = data.warehouse().reports[report].meanings
    return {name: column_config(name, kind, meanings.get(name)) for name, kind in rows.schema.items()}


def column_config(name: str, kind: pl.DataType, meaning: str | None) -> ColumnConfig:
    """How a column is drawn, by its type; its meaning is the help of its heading."""
    label = heading(name)
    if kind == pl.Date:
        return st.column_config.DateColumn(label, help=meaning, format="MMM D, YYYY")
    if isinstance(kind, pl.Datetime):
        return st.column_config.DatetimeColumn(label, help=meaning, format="MMM D, h:mm A")
    if kind == pl.Boolean:
        return st.column_config.CheckboxColumn(label, help=meaning)
    number_format = number_format_of(name, kind)
    if number_format:
        return st.column_config.NumberColumn(label, help=meaning, format=number_format)
    return st.column_config.TextColumn(label, help=meaning)


def number_format_of(name: str, kind: pl.DataType) -> str | None:
    """How the numbers of a column are written; None for a column of texts."""
    if name.endswith("_days"):
        return "%.1f"
    if name.endswith("_percent"):
        return "%.2f%%"
    if name == "tax_year":
        return "%d"
    return "localized" if kind.is_numeric() else None
