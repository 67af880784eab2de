"""Email health: what arrives, what bounces, what is opened, and which addresses to correct."""

from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import charts, filters
from dashboard.draw.cards import draw_card
from dashboard.draw.lists import returns_list
from dashboard.draw.notices import draw_no_match
from dashboard.draw.tables import draw_table
from dashboard.draw.text import count_text, percent_text
from dashboard.draw.title import draw_title
from dashboard.guard import signin
from etl.access.scope import NAMING_SPLITS

WORRYING_PERCENT = 2.0
KINDS = {"initial": "Initial email", "access_code": "Access code email", "cc": "Email to a third party"}
SPLITS = {"Kind": None, "Office": "office", "Domain": "mail_domain", "Form": "return_type"}
RATES = {
    "processed_count": "Sent",
    "delivered_count": "Delivered",
    "delivered_percent": "Delivered %",
    "opened_count": "Opened",
    "opened_percent": "Opened of delivered %",
    "bounced_count": "Bounced",
    "bounced_percent": "Bounce rate %",
    "unconfirmed_count": "No confirmation",
}


def draw_initial_emails(kinds: pl.DataFrame) -> None:
    """Initial emails: sent, delivered, opened, bounced, each rate with its counts."""
    initial = kinds.filter(pl.col("kind") == "initial")
    if initial.is_empty():
        st.text("No initial email matches these filters.")
        return
    row = initial.row(0, named=True)
    with st.grid(4, min_column_width=165):
        draw_card(
            "Initial emails sent", count_text(row["processed_count"]), "as the log shows them processed"
        )
        for label, part, base in (
            ("Delivered", "delivered", "processed"),
            ("Delivered-to-opened", "opened", "delivered"),
            ("Bounce rate", "bounced", "processed"),
        ):
            counts = f"{count_text(row[f'{part}_count'])} of {count_text(row[f'{base}_count'])}"
            draw_card(label, percent_text(row[f"{part}_percent"]), counts)


def draw_rate(weeks: pl.DataFrame, part: str, base: str, noun: str, key: str, **line: float) -> None:
    """A rate by week, or a sentence while no week would have a point."""
    if weeks.filter(pl.col(f"{base}_count") >= charts.MIN_PER_WEEK).is_empty():
        st.text(f"No week with {charts.MIN_PER_WEEK} {noun} or more can be judged yet.")
    else:
        charts.draw_weekly_rate(weeks, part, base, noun, key, **line)


def draw_weeks(asked: dict[str, Any]) -> None:
    """The bounce rate and the rate of opened emails by week."""
    weeks = data.ask("email_health", split_by="week", **asked).filter(pl.col("kind") == "initial")
    st.header("Bounce rate of initial emails by week")
    draw_rate(weeks, "bounced", "processed", "emails", "bounces", line_at=WORRYING_PERCENT)
    st.caption(
        f"Above {WORRYING_PERCENT:g}% something is usually wrong with the addresses, not with single clients."
    )
    st.header("Delivered-to-opened by week")
    # Bounces come within minutes, opens within days.
    draw_rate(weeks.filter(~pl.col("is_young")), "opened", "delivered", "delivered emails", "opens")
    st.caption(
        "A week is drawn once it ended 7 days ago: until then some of its emails are still to be opened."
    )


def may_split(split_by: str | None) -> bool:
    """Whether the reader may split emails by this: a domain can identify a client as well as a name."""
    return split_by not in NAMING_SPLITS or signin.reader().sees_clients


def draw_split(kinds: pl.DataFrame, asked: dict[str, Any]) -> None:
    """The rates by kind, or those of initial emails by office, domain or form."""
    offered = [name for name, split_by in SPLITS.items() if may_split(split_by)]
    filters.keep_known("split", "Split by", offered)
    chosen = st.segmented_control(
        "Split by",
        offered,
        default="Kind",
        required=True,
        key="split",
        bind="query-params",
        label_visibility="collapsed",
    )
    split_by = SPLITS[chosen]
    if split_by is None:
        rows = kinds.with_columns(pl.col("kind").replace(KINDS).alias("segment"))
    else:
        rows = data.ask("email_health", split_by=split_by, **asked).filter(pl.col("kind") == "initial")
        rows = rows.sort("processed_count", descending=True, maintain_order=True)
    if split_by == "mail_domain" and rows["segment"].drop_nulls().is_empty():
        st.text("The exports have no addresses, so emails cannot be split by domain.")
        return
    draw_table(f"By {chosen.lower()}", rows, {"segment": chosen} | RATES)


draw_title("Email health")
asked = filters.chosen()
kinds = data.ask("email_health", **asked)
if kinds.is_empty():
    draw_no_match("No email matches these filters.", "No email is logged yet.")
    st.stop()

draw_initial_emails(kinds)
st.caption(
    "An open is a weak sign in both directions: mail programs open by themselves, and blocked images hide "
    "real opens. Delivered means that a mail server took the email, not that it reached the inbox. The log "
    "does not say why an email bounced."
)
draw_weeks(asked)

st.header("By kind, office and domain")
draw_split(kinds, asked)

st.header("Bounced and not resolved")
returns_list("bounced", asked)

st.header("No delivery confirmation")
returns_list("unconfirmed", {"for_steps": ["confirm_email"]} | asked)

st.header("Locked out")
returns_list("locked", asked)
