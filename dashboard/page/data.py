"""Data health: what was loaded, refused and set aside, which labels nobody knows, and what the words mean."""

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import states
from dashboard.guard import served
from dashboard.page import data_parts

st.title("Data health")
findings = data.ask("load_quality")
files = findings.filter(pl.col("finding") == "file")
data_parts.cards()

refused = files.filter(pl.col("state") == "refused")
st.header("Refused files")
if refused.is_empty():
    states.nothing("No file was refused.")
else:
    data_parts.table("load_quality", refused, ["subject", "reason", "loaded_at"], "refused")

st.header("Records set aside")
aside = data.ask("quarantined_records")
if aside.is_empty():
    states.nothing("Every record of every file was read.")
else:
    st.caption(data.meaning_of("quarantined_records"))
    columns = [
        "file_name",
        "reason",
        "record_count",
        "first_row_no",
        "last_row_no",
        "file_record_count",
        "loaded_at",
    ]
    data_parts.table("quarantined_records", aside, columns, "aside")

st.header("Labels that nobody knows")
unknown = data.ask("unclassified_labels")
if unknown.is_empty():
    states.nothing("Every label is known.")
else:
    data_parts.unknown_labels(unknown)

st.header("What else is remarkable")
others = findings.filter(pl.col("finding") != "file")
if others.is_empty():
    states.nothing("Nothing else is remarkable.")
else:
    data_parts.table("load_quality", others, ["finding", "subject", "record_count", "reason"], "findings")

st.header("Silent days")
silent = data.ask("silent_days")
if silent.is_empty():
    states.nothing("No stretch of days is without an event.")
else:
    st.caption(data.meaning_of("silent_days"))
    data_parts.table("silent_days", silent, ["tab", "silent_since", "silent_until", "day_count"], "silent")

st.header("Checks")
states.nothing(
    "Every key and every rule of the tables held when this file was built: a build in which one fails is not published."
)

st.header("What verify found")
data_parts.findings()

st.header("Loaded files")
columns = [
    "subject",
    "source",
    "kind",
    "record_count",
    "kept_count",
    "quarantined_count",
    "purged_count",
    "distinct_count",
    "repeated_count",
    "later_count",
    "redacted_count",
    "unmapped_columns",
    "loaded_at",
]
data_parts.table("load_quality", files.filter(pl.col("state") == "loaded"), columns, "loaded")

st.header("Purged")
data_parts.purged()

if served.sign_in() is not None:
    st.header("Who saw what")
    data_parts.trail()

st.header("What the words mean")
data_parts.definitions(data.ask("definitions"))
