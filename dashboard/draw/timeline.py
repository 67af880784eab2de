"""The timeline of a return: what client and firm did, on one axis; every event opens to the logged line."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw.text import clock_text, count_text, duration_text, html_text, long_day_text

Row = dict[str, Any]

CLIENT, INTERNAL = "Client tracking", "Internal tracking"
EQUAL_IN = ("tab", "code", "subject", "recipient", "actor")


def draw_timeline(events: pl.DataFrame, two_lists: bool, show_all: bool) -> None:
    """Draws the events; copies that the other tab shows too are left out unless all are wanted."""
    shown = events if show_all else events.filter(~pl.col("is_repeat"))
    # On one timeline the event before may be of the other tab.
    shown = shown.with_columns(since=pl.col("wait_seconds" if two_lists else "pause_seconds"))
    rows = list(shown.iter_rows(named=True))
    if two_lists:
        left, right = st.columns(2)
        with left:
            st.html(one_side(CLIENT, [row for row in rows if row["tab"] == "Client"], show_all))
        with right:
            st.html(one_side(INTERNAL, [row for row in rows if row["tab"] == "Internal"], show_all))
    else:
        heads = f'<div class="rt-heads"><h2>{CLIENT}</h2><h2>{INTERNAL}</h2></div>'
        st.html(f'<div class="rt-line">{heads}{days(rows, "rt-day", show_all)}</div>')
    hidden = events.height - shown.height
    if hidden:
        copies = "1 copy is" if hidden == 1 else f"{count_text(hidden)} copies are"
        st.caption(
            f"{copies} left out: recalls or reprocessings that both tabs show. "
            "Switch on every event to see all."
        )


def one_side(title: str, rows: list[Row], show_all: bool) -> str:
    """The events of one side under their days."""
    if not rows:
        return f'<h2>{title}</h2><p class="rt-quiet">Nothing is logged here.</p>'
    return f'<div class="rt-line"><h2>{title}</h2>{days(rows, "rt-day rt-one-side", show_all)}</div>'


def days(rows: list[Row], style: str, show_all: bool) -> str:
    """A heading and a list of events for each day."""
    return "".join(
        f'<h3>{long_day_text(day)}</h3><ol class="{style}">{"".join(items(of_day, show_all))}</ol>'
        for day, of_day in groupby(rows, key=lambda row: row["event_on"])
    )


def items(rows: Iterable[Row], show_all: bool) -> list[str]:
    """The events one after the other; equal neighbors are one item, unless all are wanted."""
    if show_all:
        return [item([row], show_all) for row in rows]
    folded = groupby(rows, key=lambda row: [row[name] for name in EQUAL_IN])
    return [item(list(equal), show_all) for _, equal in folded]


def item(equal: list[Row], is_opened: bool) -> str:
    """One event, or several equal ones, which open to the lines as logged."""
    row, zone = equal[0], data.facts().timezone
    styles = (("rt-key", row["is_milestone"]), ("rt-bad", row["is_problem"]))
    style = " ".join(name for name, applies in styles if applies)
    times = f" ×{count_text(len(equal))}" if len(equal) > 1 else ""
    title = html_text(row["label"] if row["code"] == "unclassified" else row["title"])
    details = [html_text(row[name]) for name in ("subject", "recipient", "actor") if row[name]]
    if row["since"]:
        details.append(f"{duration_text(row['since'])} later")
    side = "rt-client" if row["tab"] == "Client" else "rt-internal"
    copy = ' <span class="rt-quiet">(copy, not counted)</span>' if row["is_repeat"] else ""
    return (
        f'<li class="{side}"><details{" open" if is_opened else ""}><summary>'
        f"<time>{clock_text(row['event_at'], zone)}</time> "
        f'<span class="{style}">{title}{times}</span>{copy} '
        f'<span class="rt-quiet">{" · ".join(details)}</span>'
        f"</summary>{''.join(logged_line(each) for each in equal)}</details></li>"
    )


def logged_line(row: Row) -> str:
    """The line of the export behind an event."""
    status = f" | {html_text(row['status'])}" if row["status"] else ""
    return (
        f'<p class="rt-logged">{html_text(row["logged_label"])}{status} | {html_text(row["logged_time"])}<br>'
        f'<span class="rt-quiet">{html_text(row["file_name"])}, record {count_text(row["row_no"])}</span></p>'
    )
