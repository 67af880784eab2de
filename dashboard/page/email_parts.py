"""The parts of the page on email health: the rates with their counts, and the same by kind, office and domain."""

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw.words import NONE, count_words, percent_words, plain_column
from dashboard.guard import signin
from etl.access.scope import NAMING_SPLITS

KINDS = {"initial": "Initial email", "access_code": "Access code email", "cc": "Email to a third party"}
SPLITS = {"Kind": None, "Office": "office", "Domain": "mail_domain", "Form": "return_type"}
COLUMNS = {
    "processed_count": "Sent",
    "delivered_count": "Delivered",
    "delivered_percent": "Delivered %",
    "opened_count": "Opened",
    "opened_percent": "Opened of delivered %",
    "bounced_count": "Bounced",
    "bounced_percent": "Bounce rate %",
    "unconfirmed_count": "No word",
}


def cards(kinds: pl.DataFrame) -> None:
    """Initial emails: sent, delivered, opened, bounced, each rate with its counts."""
    initial = kinds.filter(pl.col("kind") == "initial")
    if initial.is_empty():
        st.text("No initial email matches these filters.")
        return
    row = initial.row(0, named=True)
    with st.grid(4, min_column_width=165):
        card("Initial emails sent", count_words(row["processed_count"]), "as the log shows them processed")
        card(
            "Delivered",
            percent_words(row["delivered_percent"]),
            of(row, "delivered_count", "processed_count"),
        )
        card(
            "Delivered-to-opened",
            percent_words(row["opened_percent"]),
            of(row, "opened_count", "delivered_count"),
        )
        card(
            "Bounce rate", percent_words(row["bounced_percent"]), of(row, "bounced_count", "processed_count")
        )


def card(label: str, value: str, words: str) -> None:
    """A number with the counts behind it."""
    with st.container(border=True, height="stretch", gap=None):
        st.metric(label, value)
        st.caption(words)


def of(row: dict, part: str, base: str) -> str:
    """8 of 236."""
    return f"{count_words(row[part])} of {count_words(row[base])}"


def may_split(split_by: str | None) -> bool:
    """Whether the reader may tell emails apart by this: a domain can be as good as a name."""
    return split_by not in NAMING_SPLITS or signin.reader().sees_clients


def split(kinds: pl.DataFrame, asked: dict[str, object]) -> None:
    """The rates by kind, or those of initial emails by office, domain or form."""
    offered = [name for name, split_by in SPLITS.items() if may_split(split_by)]
    chosen = st.segmented_control(
        "Split by",
        offered,
        default="Kind",
        required=True,
        key="split",
        bind="query-params",
        label_visibility="collapsed",
    )
    if SPLITS[chosen] is None:
        rows, head = kinds.with_columns(pl.col("kind").replace(KINDS).alias("segment")), "Kind"
    else:
        rows = data.ask("email_health", split_by=SPLITS[chosen], **asked).filter(pl.col("kind") == "initial")
        rows, head = rows.sort("processed_count", descending=True, maintain_order=True), chosen
    if SPLITS[chosen] == "mail_domain" and rows["segment"].drop_nulls().is_empty():
        st.text("The exports carry no addresses, so emails cannot be told apart by domain.")
        return
    shown = rows.select(
        plain_column("segment").alias(head), *(pl.col(name).alias(title) for name, title in COLUMNS.items())
    )
    config = {
        title: st.column_config.NumberColumn(title, format="%.2f%%")
        for title in COLUMNS.values()
        if title.endswith("%")
    }
    st.dataframe(shown, column_config=config, hide_index=True, placeholder=NONE, key=f"split {head}")
