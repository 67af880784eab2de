"""Needs attention: what the firm must do today, and why."""

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import filters
from dashboard.draw.behind import behind_address
from dashboard.draw.lists import left_text, returns_list
from dashboard.draw.notices import draw_no_match
from dashboard.draw.numbers import Number, draw_cards, draw_number_table, draw_strip, number, weeks_text
from dashboard.draw.text import (
    DASH,
    clock_text,
    count_text,
    counted,
    day_text,
    local_time,
    percent_text,
    printable,
    weekday_text,
)
from dashboard.draw.title import draw_title

OWNERS = {"Waiting on us": "firm", "Waiting on client": "client"}
NONE_WAITS = {"firm": "No return is waiting on us.", "client": "No return is waiting on a client."}
MOST_DEADLINES = 4
# The changes of report.changes, what a number is of, and the list behind it.
CHANGES = (
    ("new", "new", "new"),
    ("cleared", "cleared", "cleared"),
    ("moved on", "moved on", "moved-on"),
    ("overdue", "now overdue", "became-overdue"),
)
PARTNER_TITLES = {
    "return_count": "Returns",
    "waiting_count": "Waiting on us",
    "long_wait_count": "Over 3 days",
    "overdue_count": "Overdue",
    "signed_count": "Signed",
    "signed_percent": "Signed, %",
}
DONE = "Nothing is waiting. Every return in this view is signed and picked up, archived or deleted."


def draw_deadlines(deadlines: pl.DataFrame) -> None:
    """What is past due, and what is open at the next deadlines; each number opens its returns."""
    groups = []
    for row in deadlines.head(MOST_DEADLINES).iter_rows(named=True):
        is_late = row["due_date"] is None
        if is_late:
            title, of_date, prefix = "Past due", {}, "past-due-"
        else:
            title = f"{day_text(row['due_date'])} · {left_text(row['days_left'])}"
            of_date, prefix = {"for_deadline": row["deadline"]}, ""
        numbers = [
            number(row[f"not_{part}_count"], f"not {part}", behind_address(f"{prefix}not-{part}", **of_date))
            for part in ("delivered", "signed")
        ]
        groups.append({"title": title, "isLate": is_late, "numbers": numbers})
    later = deadlines.height - MOST_DEADLINES
    if later > 0:
        groups.append({"title": counted(later, "later due date", "later due dates"), "numbers": []})
    if groups:
        draw_strip("Deadlines", groups, "deadlines")


def draw_changes(changes: pl.DataFrame) -> None:
    """What has come to us, what has left us, and what has become overdue since the working day before."""
    facts = data.facts()
    if facts.before_at is None:
        return
    counts = dict(changes.select("change", "return_count").iter_rows())
    numbers = [
        number(counts.get(change, 0), words, behind_address(address), is_late=change == "overdue")
        for change, words, address in CHANGES
    ]
    moment = local_time(facts.before_at, facts.timezone)
    title = f"Since {weekday_text(moment)}, {clock_text(facts.before_at, facts.timezone)}"
    draw_strip("Changes", [{"title": title, "isLate": False, "numbers": numbers}], "changes")


def draw_partners(rows: pl.DataFrame) -> None:
    """The work of each partner; a partner is a filter, and each number opens its returns."""
    if rows.height < 2:
        return
    meanings = data.meanings_of("partner_work")
    titles, helps = PARTNER_TITLES.values(), [meanings[name] for name in PARTNER_TITLES]
    lines = [partner_line(row) for row in rows.iter_rows(named=True)]
    draw_number_table("By partner", ["Partner", *titles], lines, "partners", ["", *helps])


def partner_line(row: dict[str, Any]) -> list[Number]:
    """A partner's numbers; returns without a partner cannot be filtered, so theirs open nothing."""
    partner = row["segment"]
    of_partner = {} if partner is None else {"partner": partner}

    def opened(name: str) -> str | None:
        return behind_address(name, **of_partner) if of_partner else None

    name = {
        "text": printable(partner) if partner is not None else "No partner",
        "address": f"/?{filters.query_with(**of_partner)}" if of_partner else None,
    }
    return [
        name,
        number(row["return_count"], address=opened("open")),
        number(row["waiting_count"], address=opened("waiting")),
        number(row["long_wait_count"], address=opened("long-waits")),
        number(row["overdue_count"], address=opened("overdue"), is_late=True),
        number(row["signed_count"], f"of {count_text(row['delivered_count'])}", opened("signed-now")),
        {"text": percent_text(row["signed_percent"]), "share": row["signed_percent"] or 0},
    ]


def draw_headline(headline: pl.DataFrame, weekly: pl.DataFrame) -> None:
    """Four cards; each opens the returns behind it, and has the number before or the counts behind it."""
    measures = {row["measure"]: row for row in headline.iter_rows(named=True)}
    waiting, delivered = measures["our move"], measures["delivered"]
    bounced, signed = measures["bounce rate"], measures["signed within 7 days"]
    emails = counted(bounced["base_count"], "email", "emails")
    deliveries = counted(signed["base_count"], "delivery", "deliveries")
    week = day_text(date.fromisoformat(signed["week"])) if signed["week"] else DASH
    cards: list[dict[str, Any]] = [
        {
            "label": "Waiting on us",
            "value": count_text(waiting["base_count"]),
            "address": behind_address("waiting") if waiting["base_count"] else None,
            "part": number(waiting["part_count"] or 0, "of them", behind_address("long-waits")),
            "caption": "wait over 3 days",
            "help": "Returns whose next step is the firm's.",
        },
        {
            "label": "Delivered last week",
            "value": count_text(delivered["base_count"]),
            "address": week_address("delivered", delivered),
            "caption": f"{count_text(delivered['base_count_before'])} the week before",
            "help": "Deliveries of the last full week, Monday to Sunday.",
        },
        {
            "label": "Bounce rate last week",
            "value": percent_text(bounced["value"]),
            "part": number(bounced["part_count"] or 0, "", week_address("bounced-emails", bounced)),
            "caption": f"of {emails}; {percent_text(bounced['value_before'])} the week before",
            "help": "Initial emails of the last full week whose last status is a bounce.",
        },
        {
            "label": "Signed within 7 days",
            "value": percent_text(signed["value"]),
            "part": number(
                signed["part_count"] or 0, "", week_address("signed-within", signed, within_days=7)
            ),
            "caption": f"of {deliveries} in the week of {week}; {percent_text(signed['value_before'])} "
            "the week before",
            "help": "Of the deliveries of a week that are all 7 days old, those signed within 7 days.",
        },
    ]
    for measure, card in zip(measures, cards, strict=True):
        weeks = weekly.filter(pl.col("measure") == measure)["value"].to_list()
        card |= {"weeks": weeks, "weeksText": weeks_text(weeks)}
    draw_cards("Headline", cards, "headline")


def week_address(name: str, row: dict[str, Any], **values: object) -> str | None:
    """The list behind a number of a week; None for a week without anything."""
    if not row["base_count"] or not row["week"]:
        return None
    return behind_address(name, since=row["week"], until=row["week_end"], **values)


def choose_owner() -> str:
    """Whom returns wait on."""
    owners = list(OWNERS)
    filters.keep_known("move", "Waiting on whom", owners)
    chosen = st.segmented_control(
        "Waiting on whom",
        owners,
        key="move",
        bind="query-params",
        default=owners[0],
        required=True,
        on_change=filters.leave_out_of_address,
        args=("step",),
    )
    return OWNERS[chosen]


def choose_steps(steps: pl.DataFrame, owner: str) -> dict[str, Any]:
    """For which next step returns wait, as a filter of the work list."""
    offered = {
        row["next_step"]: row for row in steps.iter_rows(named=True) if row["next_step_owner"] == owner
    }
    filters.choose_from_address("step", "Next step", offered)
    step = st.pills(
        "Next step",
        list(offered),
        format_func=lambda name: f"{offered[name]['title']} {count_text(offered[name]['return_count'])}",
        key="step",
        on_change=filters.write_to_address,
        args=("step",),
        label_visibility="collapsed",
    )
    return {"for_steps": [step] if step else list(offered)}


def draw_nothing(steps: pl.DataFrame, owner: str) -> None:
    """Why the work list has no rows: no return, none that waits on the one who is chosen, or on anybody."""
    if steps.is_empty():
        draw_no_match("No return matches these filters.", "No return is logged yet.")
    elif steps["next_step_owner"].is_in(list(NONE_WAITS)).any():
        st.text(NONE_WAITS[owner])
    else:
        st.text(DONE)


draw_title("Needs attention")
draw_deadlines(data.ask("deadline_strip", **filters.chosen()))
draw_changes(data.ask("changes", **filters.chosen()))
draw_headline(data.ask("headline", **filters.chosen()), data.ask("weekly_headline", **filters.chosen()))
steps = data.ask("next_steps", **filters.chosen())
owner = choose_owner()
if not returns_list("work list", choose_steps(steps, owner) | filters.chosen()):
    draw_nothing(steps, owner)
draw_partners(data.ask("partner_work", **filters.chosen()))
