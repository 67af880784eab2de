"""The parts of the page on data health."""

import csv
import io

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw.lists import column, readable
from dashboard.draw.words import NONE, clock_words, count_words, local, moment_words, plain
from etl.upkeep.findings import table as as_table

MOST_ROWS = 500
TRAIL = {
    "at": "When", "who": "Who", "role": "Role", "act": "What", "report": "Report", "row_count": "Rows",
    "filters": "Filters", "line": "Line",
}  # fmt: skip
PURGES = {
    "at": "When", "kind": "By", "before": "Before", "return_count": "Returns", "file_count": "Loaded files",
    "record_count": "Records", "removed_count": "Other files",
}  # fmt: skip


def cards() -> None:
    """How many files, when the last one came, how many records and how many of them were set aside."""
    facts = data.facts()
    total = data.ask("load_totals").row(0, named=True)
    with st.grid(4, min_column_width=165):
        card(
            "Files loaded",
            count_words(total["loaded_count"]),
            f"{count_words(total['refused_count'])} refused",
        )
        card("Records", count_words(total["record_count"]), f"{count_words(total['kept_count'])} kept")
        card("Set aside", count_words(total["quarantined_count"]), "with record number and reason")
        loaded_at = total["last_loaded_at"]
        at = (
            f"{local(loaded_at, facts.timezone):%Y}, at {clock_words(loaded_at, facts.timezone)}"
            if loaded_at
            else ""
        )
        card("Last load", f"{local(loaded_at, facts.timezone):%b %-d}" if loaded_at else NONE, at)


def card(label: str, value: str, words: str) -> None:
    """A number and what stands behind it."""
    with st.container(border=True, height="stretch", gap=None):
        st.metric(label, value)
        st.caption(words)


def table(report: str, rows: pl.DataFrame, columns: list[str], key: str) -> None:
    """The first rows, each column's meaning as its help."""
    meanings = data.warehouse().reports[report].meanings
    shown = readable(rows.select(columns).head(MOST_ROWS), data.facts().timezone)
    config = {name: column(name, shown.schema[name], meanings.get(name)) for name in columns}
    if rows.height > MOST_ROWS:
        st.caption(f"The first {MOST_ROWS} of {rows.height:,}.")
    st.dataframe(shown, column_config=config, hide_index=True, placeholder=NONE, key=key)


def unknown_labels(rows: pl.DataFrame) -> None:
    """The labels, and the lines to paste into the firm's own labels.csv once somebody has chosen a code."""
    columns = ["tab", "label", "status", "event_count", "return_count", "first_at", "last_at"]
    table("unclassified_labels", rows, columns, "unknown")
    st.text(
        "They stand in the time lines and count nowhere. To name them, add these lines to reference/labels.csv of the data "
        "directory, put a code from the list of events below in place of CODE, and build again."
    )
    st.code(pasteable(rows.head(50)), language=None)


def pasteable(rows: pl.DataFrame) -> str:
    """Lines of labels.csv."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["tab", "recipient", "label", "status", "code", "note"])
    for row in rows.iter_rows(named=True):
        writer.writerow([row["tab"], "", plain(row["label"]), row["status"] or "", "CODE", ""])
    return buffer.getvalue()


def findings() -> None:
    """What the last verification found, and when."""
    found = data.verified()
    if found is None:
        st.text(
            "Nobody has verified this data directory. `returntrail verify` does, and a scheduler may call it every night."
        )
        return
    at, rows = found
    st.caption(f"On {moment_words(at, data.facts().timezone)}, by `returntrail verify`.")
    shown = readable(as_table(rows), data.facts().timezone)
    config = {"finding": st.column_config.TextColumn("Finding", width="large")}
    names = {"severity": "Severity", "subject": "About"}
    st.dataframe(shown.rename(names), column_config=config, hide_index=True, key="verified")


def purged() -> None:
    """When something was purged, and how much."""
    rows = data.purges()
    if rows.is_empty():
        st.text("Nothing was purged.")
        return
    shown = readable(rows.rename(PURGES).drop("version"), data.facts().timezone)
    st.caption(
        "Removed for good; of each return a keyed hash remains, so that no later export brings it back."
    )
    st.dataframe(shown, hide_index=True, placeholder=NONE, key="purged")


def trail() -> None:
    """The newest lines of the audit trail; of one return alone, if somebody asks who saw it."""
    wanted = st.text_input(
        "Only who asked for this return", key="seen return", placeholder="Return, such as 2025-00123"
    )
    rows = data.trail(MOST_ROWS, (wanted or "").strip() or None)
    if rows.is_empty():
        st.text("Nobody has." if wanted else "Nobody has looked at anything yet.")
        return
    shown = readable(rows.rename(TRAIL), data.facts().timezone)
    config = {"When": st.column_config.DatetimeColumn(format="MMM D, YYYY, h:mm:ss A")}
    st.caption("The newest lines; a return stands there by a mark, and names of clients are nowhere in it.")
    st.dataframe(shown, column_config=config, hide_index=True, placeholder=NONE, key="trail")


def definitions(rows: pl.DataFrame) -> None:
    """Every step, stage, next step and event in a sentence."""
    kinds = rows["kind"].unique(maintain_order=True).to_list()
    kind = st.segmented_control(
        "Words of",
        kinds,
        default=kinds[0],
        required=True,
        key="kind",
        format_func=lambda one: f"{one.capitalize()}s",
        label_visibility="collapsed",
    )
    shown = rows.filter(pl.col("kind") == kind).select(
        pl.col("title").alias("Word"),
        pl.col("meaning").alias("What it means"),
        pl.col("name").alias("In tables"),
    )
    config = {"What it means": st.column_config.TextColumn(width="large")}
    st.dataframe(shown, column_config=config, hide_index=True, key="definitions")
