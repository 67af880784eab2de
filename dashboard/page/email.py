"""Email health: what arrives, what bounces, what is opened, and which addresses to mend."""

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import charts, filters, states
from dashboard.draw.lists import returns_list
from dashboard.page import email_parts

WORRYING_PERCENT = 2.0

st.title("Email health")
asked = filters.chosen()
kinds = data.ask("email_health", **asked)
if kinds.is_empty():
    states.no_match("No email matches these filters." if filters.in_address() else "No email is logged yet.")
    st.stop()

email_parts.cards(kinds)
st.caption(
    "An open is a weak sign in both directions: mail programs open by themselves, and blocked images hide true opens. "
    "Delivered means that a mail server took the email, not that it reached the inbox. The log does not say why an email "
    "bounced."
)

weeks = data.ask("email_health", split_by="week", **asked).filter(pl.col("kind") == "initial")
st.header("Bounce rate of initial emails by week")
charts.weekly_rate(
    weeks, "bounced_percent", "bounced_count", "processed_count", "emails", WORRYING_PERCENT, "bounces"
)
st.caption(
    f"Above {WORRYING_PERCENT:g}% something is usually wrong with the addresses, not with single clients."
)
st.header("Delivered-to-opened by week")
charts.weekly_rate(
    weeks, "opened_percent", "opened_count", "delivered_count", "delivered emails", None, "opens"
)

st.header("By kind, office and domain")
email_parts.split(kinds, asked)

st.header("Bounced, and nothing has cleared it")
columns = [
    "client_name",
    "recipient",
    "recipient_email",
    "bounced_at",
    "waiting_days",
    "office",
    "partner",
    "return_id",
]
if not returns_list("bounced_emails", columns, "bounced emails", key="bounced", **asked):
    states.nothing("No bounced email waits for a better address.")

st.header("No word came back")
columns = ["client_name", "next_step_title", "waiting_days", "why", "office", "partner", "return_id"]
if not returns_list("work_list", columns, "returns", key="unconfirmed", for_steps=["confirm_email"], **asked):
    states.nothing("No email of the last days is without a verdict.")

st.header("Locked out")
columns = [
    "client_name",
    "authentication_failures",
    "locked_at",
    "waiting_days",
    "delivered_by",
    "office",
    "return_id",
]
if not returns_list("locked_returns", columns, "returns", key="locked", **asked):
    states.nothing("No client is locked out.")
