"""One return: where it is, whom it waits on, what to do next and why, and what happened on both sides."""

import html
import shlex
from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw.addresses import draw_addresses
from dashboard.draw.neighbors import draw_neighbors
from dashboard.draw.return_link import draw_return_link
from dashboard.draw.text import (
    DASH,
    SIGNED_BASES,
    counted,
    day_text,
    html_text,
    local_time,
    moment_text,
    printable,
    short_day_text,
)
from dashboard.draw.timeline import draw_timeline
from dashboard.guard.download import csv_button

Row = dict[str, Any]

OWNERS = {"firm": "Waiting on us", "client": "Waiting on client", "nobody": "Waiting on nobody"}
DUE_BASES = {"register": ", from the returns list", "calendar": ", from the calendar, no extension known"}
# How a step is marked, and what is written if it has no time.
MARKS = {
    "logged": ("●", DASH),
    "implied": ("◐", DASH),
    "not reached": ("○", "not reached"),
    "does not apply": ("–", "not expected"),
    "partly signed": ("◐", "partly signed"),
    "probably signed": ("◐", "probably signed"),
}
# What shows that a delivery is signed, or sent, where it is not the event of that name.
BASES = SIGNED_BASES | {"initial email": "the initial email"}
NOT_SIGNED = {"not delivered": "not delivered yet", "partly signed": "partly signed"}
CLOSED = ("deleted", "archived")
TIMELINE_SHAPES = ["One timeline", "Two lists"]
HOW_TO_FIND = "Click Find a return, or press Ctrl+K, and type a client's name, a number or an email address."


def draw_heading(state: Row) -> None:
    """The client's name exactly as logged, and what the return is."""
    facts = [
        html_text(state["return_id"]),
        f"Form {html_text(state['return_type'])}",
        html_text(str(state["tax_year"]) if state["tax_year"] else None),
        html_text(state["office"]),
        f"Partner {html_text(state['partner'])}",
        f"Preparer {html_text(state['preparer'])}",
        *(["joint"] if state["is_joint"] else []),
    ]
    name = html_text(state["client_name"] or state["return_id"])
    st.html(f'<h1>{name}</h1><p class="rt-quiet">{" · ".join(facts)}</p>')
    draw_addresses(state)


def choose_delivery(steps: pl.DataFrame) -> int | None:
    """The number of the shown delivery: the latest, unless an earlier one is chosen; None without any."""
    cycles: list[int] = steps["cycle_no"].unique().sort(descending=True).to_list()
    if len(cycles) < 2:
        return cycles[0] if cycles else None
    return st.selectbox(
        "Delivery",
        cycles,
        format_func=lambda cycle: f"Delivery {cycle} ({'the latest' if cycle == cycles[0] else 'recalled'})",
        key="delivery",
        bind="query-params",
        width=260,
    )


def draw_status(state: Row, zone: str) -> None:
    """The states, whom the return waits on, what to do next, why, since when, and when it is due."""
    if state["handling_state"] in CLOSED:
        st.info(f"The firm has {state['handling_state']} this return. What was logged stays readable.")
    due = f"due {day_text(state['due_date'])}" if state["due_date"] else "due date unknown"
    facts = [OWNERS[state["next_step_owner"]]]
    if state["waiting_since"]:
        facts.append(f"waiting since {moment_text(state['waiting_since'], zone)}")
    facts.append(due + DUE_BASES.get(state["due_basis"], ""))
    shown = "".join(
        f"<div><dt>{label}</dt><dd>{html_text(state[f'{label.lower()}_state'])}</dd></div>"
        for label in ("Access", "Handling", "Signature")
    )
    st.html(
        f'<section class="rt-status" aria-label="Status">'
        f'<p class="rt-next">{html_text(state["next_step_title"])}</p>'
        f"<p>{' · '.join(facts)}</p>"
        f"<p><b>Why:</b> {html_text(state['why'])}</p>{voided_signature(state, zone)}"
        f"{reminders_since_lock(state)}"
        f'<dl class="rt-states">{shown}</dl></section>'
    )


def reminders_since_lock(state: Row) -> str:
    """The reminders that a client who is locked out has got, none of which can be followed."""
    count = state["reminders_since_lock"]
    if not count or state["next_step"] != "unlock":
        return ""
    return f'<p class="rt-bad">{counted(count, "reminder", "reminders")} went out since the lock.</p>'


def voided_signature(state: Row, zone: str) -> str:
    """The signature that a recall voided, while nothing newer is signed."""
    if not state["signed_earlier_at"]:
        return ""
    signed, voided = (
        short_day_text(local_time(state[name], zone)) for name in ("signed_earlier_at", "signature_voided_at")
    )
    now = NOT_SIGNED.get(state["signature_state"], "not signed")
    return (
        f'<p class="rt-bad">Signed an earlier version, {signed}; the recall of {voided} voided it. '
        f"The current one is {now}.</p>"
    )


def draw_steps(state: Row, steps: pl.DataFrame, cycle_no: int | None, zone: str) -> None:
    """The steps of the delivery with their times, each logged or implied by a later one."""
    if cycle_no is None:
        is_over = state["handling_state"] in CLOSED
        st.text("The log shows no delivery." if is_over else "Not delivered yet.")
        return
    rows = steps.filter(pl.col("cycle_no") == cycle_no)
    recalled = rows["recalled_at"].drop_nulls()
    if recalled.len():
        st.warning(
            f"This delivery was recalled on {moment_text(recalled[0], zone)}. "
            "What is signed here is evidence of this delivery only."
        )
    items = "".join(step_item(row, zone) for row in rows.iter_rows(named=True))
    st.html(f'<ol class="rt-steps" aria-label="Steps of the delivery">{items}</ol>')


def step_item(row: Row, zone: str) -> str:
    """A step: when it was reached, or why it has no time."""
    state = row["step_state"]
    mark, without_time = MARKS[state]
    # An attribute has no tags in it.
    meaning = html.escape(printable(row["meaning"]))
    when, basis = without_time, ""
    if state == "logged":
        when, basis = moment_text(row["reached_at"], zone), f", {BASES.get(row['basis'], 'logged')}"
    elif state == "implied":
        when, basis = f"by {moment_text(row['implied_by_at'], zone)}", f", implied by {row['implied_by']}"
    return (
        f'<li class="rt-step rt-step-{state.replace(" ", "-")}" title="{meaning}">'
        f'<span aria-hidden="true">{mark}</span> <b>{html_text(row["title"])}</b><br>'
        f'<span class="rt-quiet">{when}{basis}</span></li>'
    )


def draw_signers(state: Row, evidence: pl.DataFrame, cycle_no: int | None, zone: str) -> None:
    """What the log proves about each signer of a joint return, in this delivery, and who is missing."""
    rows = evidence.filter(pl.col("cycle_no") == cycle_no) if cycle_no is not None else evidence.clear()
    rows = rows.with_columns(passed_at=pl.coalesce("kba_passed_at", "identity_check_implied_at"))
    if rows.height < 2:
        return
    names = ("Signer", "Access", "Identity check", "Signature")
    head = "".join(f'<th scope="col" role="columnheader">{name}</th>' for name in names)
    lines = "".join(signer_line(row, names[1:], zone) for row in rows.iter_rows(named=True))
    # With roles, because a phone shows it as blocks, and a browser reads those as no table.
    st.html(
        '<table class="rt-table rt-signers" role="table"><caption>Signers</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{lines}</tbody></table>{one_is_missing(state, rows, zone)}'
    )


def signer_line(row: Row, names: tuple[str, ...], zone: str) -> str:
    """What is proven of one signer; on a phone, which shows no head, each cell has its name."""
    cells = (
        proof(row["access"], row["accessed_at"], zone),
        proof(row["identity_check"], row["passed_at"], zone),
        proof(row["signature"], row["esigned_at"], zone) + missing(row, zone),
    )
    shown = "".join(
        f'<td role="cell"><span class="rt-name" aria-hidden="true">{name}: </span>{cell}</td>'
        for name, cell in zip(names, cells, strict=True)
    )
    signer = html_text(row["signer"].capitalize())
    return f'<tr role="row"><th scope="row" role="rowheader">{signer}</th>{shown}</tr>'


def missing(row: Row, zone: str) -> str:
    """Since when a signer is missing, where it is known that the other one has acted."""
    if not row["missing_since"]:
        return ""
    return f'<br><span class="rt-bad">missing since {moment_text(row["missing_since"], zone)}</span>'


def one_is_missing(state: Row, rows: pl.DataFrame, zone: str) -> str:
    """That one of the two is missing, where nothing says who."""
    if state["next_step"] != "remind_second_signer" or state["cycle_no"] != rows["cycle_no"][0]:
        return ""
    if rows["missing_since"].count():
        return ""
    since = moment_text(state["waiting_since"], zone)
    return f'<p class="rt-bad">One of the two is missing since {since}; the log does not say who.</p>'


def proof(text: str | None, moment: datetime | None, zone: str) -> str:
    """What is known, and when it happened."""
    when = f'<br><span class="rt-quiet">{moment_text(moment, zone)}</span>' if moment else ""
    # Evidence files keep the words of the report; a screen has no room to define them.
    return html_text("not logged" if text == "not in source" else text) + when


def draw_timeline_of(asked: dict[str, Any], steps: pl.DataFrame, cycle_no: int | None) -> None:
    """The timeline, with what chooses its shape."""
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    shape = left.segmented_control(
        "Show",
        TIMELINE_SHAPES,
        default=TIMELINE_SHAPES[0],
        required=True,
        key="shape",
        bind="query-params",
        label_visibility="collapsed",
    )
    show_all = left.toggle("Every event, as logged", key="every", bind="query-params")
    with right:
        csv_button("return_timeline", asked)
    events = data.ask("return_timeline", **asked)
    draw_timeline(events, steps, cycle_no, two_lists=shape != TIMELINE_SHAPES[0], show_all=show_all)


def draw_evidence(state: Row, asked: dict[str, Any]) -> None:
    """The facts as CSV, and the command that writes the whole pack: the dashboard writes no files."""
    with st.expander("Evidence of the signatures, to hand over"):
        csv_button("evidence_facts", asked)
        st.text(
            "This command writes the evidence pack for an auditor: a page to print, the logged records and "
            "checksums."
        )
        options = [f"--{name}={printable(state[f'{name}_id'])}" for name in ("return", "firm")]
        st.code(shlex.join(["returntrail", "evidence", *options]), language=None, wrap_lines=True)


def draw_return(state: Row, asked: dict[str, Any]) -> None:
    """The page of a return that was found."""
    zone = data.facts().timezone
    steps = data.ask("return_steps", **asked)
    draw_neighbors(state["firm_id"], state["return_id"])
    draw_heading(state)
    cycle_no = choose_delivery(steps)
    draw_status(state, zone)
    draw_steps(state, steps, cycle_no, zone)
    draw_signers(state, data.ask("signature_evidence", **asked), cycle_no, zone)
    draw_timeline_of(asked, steps, cycle_no)
    draw_evidence(state, asked)


wanted, firm = st.query_params.get("id", ""), st.query_params.get("firm")
if wanted:
    st.set_page_config(page_title=f"{printable(wanted)} · returntrail")
asked: dict[str, Any] = {"for_return": wanted} | ({"for_firms": [firm]} if firm else {})
matches = data.ask("return_state", **asked) if wanted else pl.DataFrame()
if not wanted:
    st.title("One return")
    st.text(f"This address names no return. {HOW_TO_FIND}")
elif matches.is_empty():
    st.title("No such return")
    st.text(f"No return has the id “{printable(wanted)}”. {HOW_TO_FIND}")
elif matches.height > 1:
    st.title("Several returns")
    st.text("More than one firm has a return with this id. Which one?")
    for row in matches.iter_rows(named=True):
        draw_return_link(row, [row["firm_id"], row["client_name"] or ""])
else:
    draw_return(matches.row(0, named=True), asked)
