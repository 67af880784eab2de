"""Data health: what was loaded, refused and quarantined, unrecognized events, and what the words mean."""

import csv
import io

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw.cards import draw_card
from dashboard.draw.notices import last_full_day
from dashboard.draw.tables import LAYOUT, draw_report, draw_table
from dashboard.draw.text import DASH, clock_text, count_text, day_text, local_time, moment_text, printable
from dashboard.guard import access
from etl import status

MAX_ROWS = 500
MAX_PASTED = 50
FOUND = {"severity": "Severity", "subject": "About", "finding": "Finding"}
WORDS = {"title": "Word", "meaning": "What it means", "name": "In tables"}
TRAIL = {
    "at": "When",
    "who": "Who",
    "role": "Role",
    "act": "What",
    "report": "Report",
    "row_count": "Rows",
    "filters": "Filters",
    "line": "Line",
}
PURGES = {
    "at": "When",
    "kind": "By",
    "before": "Before",
    "return_count": "Returns",
    "file_count": "Loaded files",
    "record_count": "Records",
    "removed_count": "Other files",
}


def draw_totals() -> None:
    """How many files and records were loaded, when the last one was, and how many records are quarantined."""
    zone = data.facts().timezone
    total = data.ask("load_totals").row(0, named=True)
    day, time = DASH, ""
    if total["last_loaded_at"]:
        loaded_at = local_time(total["last_loaded_at"], zone)
        day, time = f"{loaded_at:%b %-d}", f"{loaded_at:%Y}, at {clock_text(total['last_loaded_at'], zone)}"
    with st.grid(4, min_column_width=165):
        draw_card(
            "Files loaded", count_text(total["loaded_count"]), f"{count_text(total['refused_count'])} refused"
        )
        draw_card("Records", count_text(total["record_count"]), f"{count_text(total['kept_count'])} stored")
        draw_card(
            "Quarantined", count_text(total["quarantined_count"]), "could not be read; with number and reason"
        )
        draw_card("Last load", day, time)


def draw_part(key: str, rows: pl.DataFrame) -> None:
    """The first rows of a table under its title, or a sentence if there are none."""
    layout = LAYOUT["tables"][key]
    st.header(layout["title"])
    if rows.is_empty():
        st.text(layout["nothing"])
        return
    if layout.get("is_explained"):
        st.caption(data.meaning_of(layout["report"]))
    if rows.height > MAX_ROWS:
        st.caption(f"The first {MAX_ROWS} of {rows.height:,}.")
    draw_report(layout["title"], layout["report"], rows.select(layout["columns"]).head(MAX_ROWS))


def draw_labels_to_paste(rows: pl.DataFrame) -> None:
    """The lines to paste into the firm's own labels.csv once somebody has chosen a code for each."""
    st.text(
        "They appear in timelines but are not counted. To name them, add these lines to reference/labels.csv "
        "of the data directory, put a code from the list of events below in place of CODE, and build again."
    )
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["tab", "recipient", "label", "status", "code", "note"])
    for row in rows.head(MAX_PASTED).iter_rows(named=True):
        writer.writerow([row["tab"], "", printable(row["label"]), row["status"] or "", "CODE", ""])
    st.code(buffer.getvalue(), language=None, wrap_lines=True)


def draw_verification() -> None:
    """What the last verification found, and when."""
    result = status.last_verification(status.served_directory())
    if result is None:
        st.text(
            "This data directory was never verified. `returntrail verify` does it; a scheduler may run it "
            "every night."
        )
        return
    st.caption(f"On {moment_text(result.at, data.facts().timezone)}, by `returntrail verify`.")
    draw_table("What verify found", result.findings, FOUND)


def draw_purges() -> None:
    """When something was purged, and how much."""
    rows = data.purges()
    if rows.is_empty():
        st.text("Nothing was purged.")
        return
    st.caption(
        "Removed for good; of each return a keyed hash remains, so that no later export brings it back."
    )
    draw_table("Purged", rows, PURGES)


def draw_trail() -> None:
    """The newest lines of the audit trail; on request only those about one return."""
    wanted = st.text_input(
        "Only who asked for this return", key="seen return", placeholder="Return, such as 2025-00123"
    )
    rows = data.trail(MAX_ROWS, (wanted or "").strip() or None)
    if rows.is_empty():
        st.text("Nobody has." if wanted else "Nobody has seen anything yet.")
        return
    st.caption("The newest lines. Returns appear under a pseudonym; client names are never logged.")
    seen = [local_time(at, data.facts().timezone) for at in rows["at"]]
    times = [f"{day_text(at)}, {at:%-I:%M:%S %p}" for at in seen]
    draw_table("Who saw what", rows.with_columns(pl.Series("at", times)), TRAIL)


def draw_definitions(rows: pl.DataFrame) -> None:
    """Every step, stage, next step and event in a sentence."""
    kinds = rows["kind"].unique(maintain_order=True).to_list()
    kind = st.segmented_control(
        "Words of",
        kinds,
        default=kinds[0],
        required=True,
        key="kind",
        format_func=lambda name: f"{name.capitalize()}s",
        label_visibility="collapsed",
    )
    draw_table("What the words mean", rows.filter(pl.col("kind") == kind), WORDS)


st.title("Data health")
draw_totals()
load_quality = data.ask("load_quality")
is_file = pl.col("finding") == "file"
draw_part("refused", load_quality.filter(is_file, state="refused"))
draw_part("quarantined", data.ask("quarantined_records"))
unrecognized = data.ask("unclassified_labels")
draw_part("unrecognized", unrecognized)
if not unrecognized.is_empty():
    draw_labels_to_paste(unrecognized)
draw_part("findings", load_quality.filter(~is_file))
hooks = data.ask("web_hooks_to_check")
if not hooks.is_empty():
    draw_part("hooks", hooks)
draw_part("silent", data.ask("silent_days", until=last_full_day(data.facts().timezone)))

st.header("Checks")
st.text(
    "Every key and every rule of the tables was checked when this file was built: a build that fails a check "
    "is not published."
)
st.header("What verify found")
draw_verification()
draw_part("loaded", load_quality.filter(is_file, state="loaded"))
st.header("Purged")
draw_purges()
if access.sign_in() is not None:
    st.header("Who saw what")
    draw_trail()
st.header("What the words mean")
draw_definitions(data.ask("definitions"))
