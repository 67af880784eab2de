"""Email health: what arrives, what bounces, what is opened, and which addresses to correct."""

from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import charts, filters
from dashboard.draw.behind import behind_address
from dashboard.draw.lists import returns_list
from dashboard.draw.notices import draw_no_match
from dashboard.draw.numbers import Number, draw_cards, draw_number_table, number
from dashboard.draw.seasons import axis_of, draw_axis, week_address, weeks_of
from dashboard.draw.text import count_text, percent_text, printable
from dashboard.draw.title import draw_title
from dashboard.guard import signin
from etl.access.scope import NAMING_SPLITS

WORRYING_PERCENT = 2.0
KINDS = {"initial": "Initial email", "access_code": "Access code email", "cc": "Email to a third party"}
SPLITS = {"Kind": None, "Office": "office", "Domain": "mail_domain", "Form": "return_type"}
# Columns of email_health with their headings, and the list behind each count.
RATES = {
    "processed_count": ("Sent", "emails-sent"),
    "delivered_count": ("Delivered", "emails-delivered"),
    "delivered_percent": ("Delivered %", None),
    "opened_count": ("Opened", "emails-opened"),
    "opened_percent": ("Opened of delivered %", None),
    "bounced_count": ("Bounced", "emails-bounced"),
    "bounced_percent": ("Bounce rate %", None),
    "unconfirmed_count": ("No confirmation", "emails-unconfirmed"),
}


def draw_initial_emails(kinds: pl.DataFrame) -> None:
    """Initial emails: sent, delivered, opened, bounced, each rate with its counts."""
    initial = kinds.filter(pl.col("kind") == "initial")
    if initial.is_empty():
        st.text("No initial email matches these filters.")
        return
    row = initial.row(0, named=True)
    sent = row["processed_count"]
    cards: list[dict[str, Any]] = [
        {
            "label": "Initial emails sent",
            "value": count_text(sent),
            "address": behind_address("emails-sent", for_kinds="initial") if sent else None,
            "caption": "as the log shows them processed",
            "help": "Emails of all deliveries, recalled ones too.",
        }
    ]
    for label, part, base, meaning in (
        ("Delivered", "delivered", "processed", "A mail server took the email."),
        ("Delivered-to-opened", "opened", "delivered", "Of the delivered emails, those that were opened."),
        ("Bounce rate", "bounced", "processed", "Emails whose last status is a bounce."),
    ):
        address = behind_address(f"emails-{part}", for_kinds="initial")
        cards.append(
            {
                "label": label,
                "value": percent_text(row[f"{part}_percent"]),
                "part": number(row[f"{part}_count"], address=address),
                "caption": f"of {count_text(row[f'{base}_count'])}",
                "help": meaning,
            }
        )
    draw_cards("Initial emails", cards, "initial")


def draw_rate(
    weeks: pl.DataFrame, asked: dict[str, Any], part: str, base: str, noun: str, key: str, **line: float
) -> None:
    """A rate by week, or a sentence while no week would have a point."""
    if weeks.filter(pl.col(f"{base}_count") >= charts.MIN_PER_WEEK).is_empty():
        st.text(f"No week with {charts.MIN_PER_WEEK} {noun} or more can be judged yet.")
        return

    def address_of(row: charts.Row, name: str = part) -> str | None:
        name = "sent" if name == "processed" else name
        return week_address(f"emails-{name}", row, for_kinds="initial")

    def numbers_of(row: charts.Row) -> list[Number]:
        counts = [number(row[f"{name}_count"], address=address_of(row, name)) for name in (part, base)]
        return [*counts, {"text": percent_text(row[f"{part}_percent"])}]

    axis = axis_of(asked)
    charts.draw_weekly_rate(weeks, axis, part, base, noun, key, address_of, **line)
    draw_axis(weeks, axis)
    titles = [part.capitalize(), {"processed": "Sent", "delivered": "Delivered"}[base], "Share"]
    charts.draw_weeks_table(titles, weeks, numbers_of, f"{key} table")


def draw_weeks(asked: dict[str, Any]) -> None:
    """The bounce rate and the rate of opened emails by week."""
    weeks = weeks_of("email_health", asked).filter(pl.col("kind") == "initial")
    st.header("Bounce rate of initial emails by week")
    draw_rate(weeks, asked, "bounced", "processed", "emails", "bounces", line_at=WORRYING_PERCENT)
    st.caption(
        f"Above {WORRYING_PERCENT:g}% something is usually wrong with the addresses, not with single clients."
        " Click a week to see its bounced emails."
    )
    st.header("Delivered-to-opened by week")
    # Bounces come within minutes, opens within days.
    old = weeks.filter(~pl.col("is_young"))
    draw_rate(old, asked, "opened", "delivered", "delivered emails", "opens")
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
    rows = kinds
    if split_by is not None:
        rows = data.ask("email_health", split_by=split_by, **asked).filter(pl.col("kind") == "initial")
        rows = rows.sort("processed_count", descending=True, maintain_order=True)
    if split_by == "mail_domain" and rows["segment"].drop_nulls().is_empty():
        st.text("The exports have no addresses, so emails cannot be split by domain.")
        return
    lines = [split_line(row, split_by) for row in rows.iter_rows(named=True)]
    titles = [chosen, *(title for title, _ in RATES.values())]
    meanings = data.meanings_of("email_health")
    helps = ["", *(meanings[name] for name in RATES)]
    draw_number_table(f"By {chosen.lower()}", titles, lines, "split table", helps)


def split_line(row: dict[str, Any], split_by: str | None) -> list[Number]:
    """The rates of a kind, or of the initial emails of a segment; each count opens its emails."""
    of_split: dict[str, Any] = {"for_kinds": row["kind"]}
    if split_by is not None:
        of_split["split_by"] = split_by
        if row["segment"] is not None:
            of_split["for_segment"] = row["segment"]
    return [
        {"text": KINDS[row["kind"]] if split_by is None else printable(row["segment"])},
        *(
            {"text": percent_text(row[name])}
            if address is None
            else number(row[name], address=behind_address(address, **of_split))
            for name, (_, address) in RATES.items()
        ),
    ]


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
