"""A return's time line: what the client did and what the firm did, on one axis; every event opens to the logged line."""

from itertools import groupby

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw.words import clock_words, count_words, inert, long_day_words, span_words

CLIENT, INTERNAL = "Client tracking", "Internal tracking"
# Where the client or the firm has come a step further.
KEY_CODES = frozenset(
    "return_accessed kba_passed efile_esigned other_documents_esigned files_uploaded efile_forms_downloaded_by_firm "
    "uploaded delivered delivered_to_client delivered_to_company delivered_to_taxpayer_first delivered_to_spouse_first "
    "delivered_taxpayer_or_spouse_first return_recalled".split()
)
BAD_CODES = frozenset(
    "initial_email_bounced code_email_bounced cc_email_bounced authentication_failed access_locked uploads_deleted "
    "return_recalled deleted unclassified".split()
)


def draw_timeline(events: pl.DataFrame, two_lists: bool, every: bool) -> None:
    """The events, copies that the other tab shows too left out unless every event is wanted."""
    shown = events if every else events.filter(~pl.col("is_repeat"))
    rows = list(shown.iter_rows(named=True))
    if two_lists:
        left, right = st.columns(2)
        with left:
            st.html(side_list(CLIENT, [row for row in rows if row["tab"] == "Client"], every))
        with right:
            st.html(side_list(INTERNAL, [row for row in rows if row["tab"] == "Internal"], every))
    else:
        st.html(one_line(rows, every))
    hidden = events.height - shown.height
    if hidden:
        copies = "1 copy" if hidden == 1 else f"{count_words(hidden)} copies"
        st.caption(
            f"{copies} of recalls or reprocessings that both tabs show are left out. Switch on every event to see all."
        )


def one_line(rows: list[dict], every: bool) -> str:
    """One axis with a column for each side, a heading for each day."""
    heads = f'<div class="rt-heads"><h2>{CLIENT}</h2><h2>{INTERNAL}</h2></div>'
    days = "".join(
        f'<h3>{long_day_words(day)}</h3><ol class="rt-day">{"".join(items(list(of_day), every))}</ol>'
        for day, of_day in groupby(rows, key=lambda row: row["event_on"])
    )
    return f'<div class="rt-line">{heads}{days}</div>'


def side_list(title: str, rows: list[dict], every: bool) -> str:
    """The events of one side under their days."""
    if not rows:
        return f'<h2>{title}</h2><p class="rt-quiet">Nothing is logged here.</p>'
    days = "".join(
        f'<h3>{long_day_words(day)}</h3><ol class="rt-day rt-one-side">{"".join(items(list(of_day), every))}</ol>'
        for day, of_day in groupby(rows, key=lambda row: row["event_on"])
    )
    return f'<div class="rt-line"><h2>{title}</h2>{days}</div>'


def items(rows: list[dict], every: bool) -> list[str]:
    """Events one after the other; equal neighbours are folded into one, unless every event is wanted."""
    if every:
        return [item([row], every) for row in rows]
    folded = groupby(
        rows, key=lambda row: (row["tab"], row["code"], row["subject"], row["recipient"], row["actor"])
    )
    return [item(list(alike), every) for _, alike in folded]


def item(alike: list[dict], every: bool) -> str:
    """One event, or several alike, which open to the lines as logged."""
    row, zone = alike[0], data.facts().timezone
    kind = " ".join(
        word
        for word, holds in (("rt-key", row["code"] in KEY_CODES), ("rt-bad", row["code"] in BAD_CODES))
        if holds
    )
    times = f" ×{count_words(len(alike))}" if len(alike) > 1 else ""
    title = inert(row["label"] if row["code"] == "unclassified" else row["title"])
    quiet = [inert(row[name]) for name in ("subject", "recipient", "actor") if row[name]]
    if row["wait_seconds"]:
        quiet.append(f"{span_words(row['wait_seconds'])} later")
    lines = "".join(evidence(one) for one in alike)
    side = "rt-client" if row["tab"] == "Client" else "rt-internal"
    repeat = ' <span class="rt-quiet">(copy, counts nowhere)</span>' if row["is_repeat"] else ""
    return (
        f'<li class="{side}"><details{" open" if every else ""}><summary><time>{clock_words(row["event_at"], zone)}</time> '
        f'<span class="{kind}">{title}{times}</span>{repeat} <span class="rt-quiet">{" · ".join(quiet)}</span></summary>'
        f"{lines}</details></li>"
    )


def evidence(row: dict) -> str:
    """The line of the export behind an event."""
    status = f" | {inert(row['status'])}" if row["status"] else ""
    return (
        f'<p class="rt-logged">{inert(row["logged_label"])}{status} | {inert(row["logged_time"])}<br>'
        f'<span class="rt-quiet">{inert(row["file_name"])}, record {count_words(row["row_no"])}</span></p>'
    )
