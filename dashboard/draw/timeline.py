"""The timeline of a return: what client and firm did, newest first; every event opens to the logged line."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw.text import (
    clock_text,
    count_text,
    day_text,
    duration_text,
    html_text,
    local_time,
    long_day_text,
    short_day_text,
)

Row = dict[str, Any]

CLIENT, INTERNAL = "Client tracking", "Internal tracking"
LEGEND = (
    '<p class="rt-legend">'
    f'<span class="rt-client">{CLIENT}</span> <span class="rt-internal">{INTERNAL}</span></p>'
)
EQUAL_IN = ("tab", "code", "subject", "recipient", "actor")
# Statuses of one email on one day are one item; a bounce is not, so that it is seen.
STATUSES = {"processed": "sent", "delivered": "delivered", "opened": "opened"}
EMAILS = {
    f"{kind}_email_{status}": (title, word)
    for kind, title in (("initial", "Initial email"), ("code", "Access code"), ("cc", "Third party's email"))
    for status, word in STATUSES.items()
}
# Documents differ only in their names, which stand in the lines as logged.
MANY = ("document_downloaded", "k1_distributed")


def draw_timeline(
    events: pl.DataFrame, steps: pl.DataFrame, cycle_no: int | None, two_lists: bool, show_all: bool
) -> None:
    """Draws the events; copies that the other tab shows too are left out unless all are wanted.

    On one timeline, each delivery is a section, and only the newest and the chosen one are open.
    """
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
        st.html(f'<div class="rt-lane">{LEGEND}{deliveries(rows, steps, cycle_no, show_all)}</div>')
    hidden = events.height - shown.height
    if hidden:
        copies = "1 copy is" if hidden == 1 else f"{count_text(hidden)} copies are"
        st.caption(
            f"{copies} left out: recalls or reprocessings that both tabs show. "
            "Switch on every event to see all."
        )


def deliveries(rows: list[Row], steps: pl.DataFrame, chosen: int | None, show_all: bool) -> str:
    """A section for each delivery, the newest first, and in it the newest event first."""
    starts = {row["cycle_no"]: row for row in steps.filter(pl.col("step") == "delivered").to_dicts()}
    sections = [(cycle, list(own)) for cycle, own in groupby(reversed(rows), key=lambda row: row["cycle_no"])]
    drawn = ""
    for place, (cycle, own) in enumerate(sections):
        is_open = " open" if show_all or not place or cycle == chosen else ""
        title, zone = delivery_title(cycle, starts.get(cycle), data.facts().timezone), data.facts().timezone
        drawn += (
            f'<details class="rt-delivery"{is_open}><summary><h2>{title}</h2></summary>'
            f'<ol class="rt-events">{"".join(lane(own, zone, show_all))}</ol></details>'
        )
    return drawn


def delivery_title(cycle: int, start: Mapping[str, Any] | None, zone: str) -> str:
    """Delivery 2, Mar 8, 2026; one that was recalled says when."""
    if start is None:
        return f"Delivery {cycle}, not sent"
    if start["recalled_at"]:
        return f"Delivery {cycle}, recalled {day_text(local_time(start['recalled_at'], zone))}"
    return f"Delivery {cycle}, {day_text(local_time(start['reached_at'], zone))}"


def lane(rows: list[Row], zone: str, show_all: bool) -> list[str]:
    """The items of a delivery; a day is named at its first item."""
    drawn, day = [], None
    for equal in [[row] for row in rows] if show_all else folded(rows):
        row = equal[0]
        name = "rt-date rt-same" if row["event_on"] == day else "rt-date"
        day = row["event_on"]
        date = f'<span class="{name}">{short_day_text(day)}</span>'
        drawn.append(item(equal, folded_title(equal), show_all, date))
    return drawn


def folded(rows: Iterable[Row]) -> list[list[Row]]:
    """Neighbors that are told as one: equal events, and on one day the statuses of an email and documents."""

    def told_as(row: Row) -> list[Any]:
        if row["code"] in EMAILS:
            return [EMAILS[row["code"]][0], row["event_on"]]
        if row["code"] in MANY:
            return [row["code"], row["event_on"]]
        return [row[name] for name in EQUAL_IN]

    found: list[list[Row]] = []
    for _, neighbors in groupby(rows, key=told_as):
        # Emails to two people are told one by one: one may have arrived and the other not.
        of_recipients: dict[str | None, list[Row]] = {}
        for row in neighbors:
            of_recipients.setdefault(row["recipient"], []).append(row)
        found += of_recipients.values()
    return found


def folded_title(equal: list[Row]) -> str:
    """Access code requested twice; Initial email sent, delivered; Document downloaded 4 times."""
    code = equal[0]["code"]
    if len(equal) == 1 or code not in EMAILS:
        return one_title(equal[0]) + times_text(len(equal))
    words = [EMAILS[row["code"]][1] for row in reversed(equal)]
    if code.startswith("code") and "sent" in words:
        return f"Access code requested{times_text(words.count('sent'))}"
    told = (word + times_text(words.count(word)) for word in dict.fromkeys(words))
    return f"{EMAILS[code][0]} {', '.join(told)}"


def times_text(count: int) -> str:
    """How often, in words; nothing for once."""
    return "" if count == 1 else " twice" if count == 2 else f" {count_text(count)} times"


def one_title(row: Row) -> str:
    """What happened, or of an event that is not recognized its label."""
    return html_text(row["label"] if row["code"] == "unclassified" else row["title"])


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
        return [item([row], one_title(row), show_all) for row in rows]
    groups = [list(equal) for _, equal in groupby(rows, key=lambda row: [row[name] for name in EQUAL_IN])]
    return [item(equal, one_title(equal[0]) + times_text(len(equal)), show_all) for equal in groups]


def item(equal: list[Row], title: str, is_opened: bool, date: str = "") -> str:
    """One event, or several that are told as one, which open to the lines as logged."""
    row, zone = equal[0], data.facts().timezone
    styles = (("rt-key", row["is_milestone"]), ("rt-bad", row["is_problem"]))
    style = " ".join(name for name, applies in styles if applies)
    # What is not the same in all of them stands in the lines as logged.
    shared = [name for name in ("subject", "recipient", "actor") if len({one[name] for one in equal}) == 1]
    details = [html_text(row[name]) for name in shared if row[name]]
    first = min(equal, key=lambda one: one["event_no"])
    if date and first["event_on"] != row["event_on"]:
        details.append(f"since {short_day_text(first['event_on'])}")
    if first["since"]:
        details.append(f"{duration_text(first['since'])} later")
    side = "rt-client" if row["tab"] == "Client" else "rt-internal"
    copy = ' <span class="rt-quiet">(copy, not counted)</span>' if row["is_repeat"] else ""
    return (
        f'<li class="{side}">{date}<details{" open" if is_opened else ""}><summary>'
        f"<time>{clock_text(row['event_at'], zone)}</time> "
        f'<span class="{style}">{title}</span>{copy} '
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
