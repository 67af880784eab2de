"""Tables of rows as HTML: they can be selected, printed, scrolled by touch and keyboard, and read aloud."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw.html import html_table
from dashboard.draw.text import cell_text

LAYOUT: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
HEADINGS: dict[str, str] = LAYOUT["headings"]


def heading(name: str) -> str:
    """The heading of a column: ours, or the column's name as words."""
    words = name.removesuffix("_at").removesuffix("_on").replace("_", " ")
    return HEADINGS.get(name, words[0].upper() + words[1:])


def draw_report(name: str, report: str, rows: pl.DataFrame) -> None:
    """Rows of a report, each column's meaning as its help."""
    meanings = data.warehouse().reports[report].meanings
    draw_table(name, rows, {column: heading(column) for column in rows.columns}, meanings)


def draw_table(
    name: str, rows: pl.DataFrame, titles: Mapping[str, str], meanings: Mapping[str, str] | None = None
) -> None:
    """The columns of the rows that have a title, times in the firm's zone. The page has the name above it."""
    zone, shown = data.facts().timezone, rows.select(list(titles))
    numbers = [place for place, kind in enumerate(shown.dtypes) if kind.is_numeric()]
    texts = [
        [cell_text(column, value, zone) for column, value in zip(titles, row, strict=True)]
        for row in shown.iter_rows()
    ]
    helps = [meanings.get(column, "") for column in titles] if meanings else []
    st.html(html_table(name, list(titles.values()), texts, numbers, helps, has_caption=False))
