"""The parts of a return's page above its time line: who, where it stands and why, how far the delivery has got."""

import shlex

import polars as pl
import streamlit as st

from dashboard import data
from dashboard.draw import opening
from dashboard.draw.find import escaped
from dashboard.draw.words import NONE, day_words, inert, moment_words, plain

OWNERS = {"firm": "Our move", "client": "Client's move", "nobody": "Nobody's move"}
MARKS = {"logged": "●", "implied": "◐", "not reached": "○", "does not apply": "–"}


def choose_firm(found: pl.DataFrame) -> None:
    """One id in several firms: a link for each."""
    st.text("More than one firm has a return of this id. Which one?")
    for row in found.iter_rows(named=True):
        words = f"{plain(row['firm_id'])} · {plain(row['client_name'])}"
        st.page_link(
            opening.RETURN_PAGE,
            label=escaped(words),
            query_params=opening.address(row["firm_id"], row["return_id"]),
        )


def heading(state: dict) -> None:
    """The client's name exactly as logged, and what the return is."""
    facts = [
        inert(state["return_id"]),
        f"Form {inert(state['return_type'])}",
        inert(str(state["tax_year"]) if state["tax_year"] else None),
        inert(state["office"]),
        f"Partner {inert(state['partner'])}",
        f"Preparer {inert(state['preparer'])}",
        "joint" if state["is_joint"] else "",
    ]
    name = inert(state["client_name"] or state["return_id"])
    st.html(f'<h1>{name}</h1><p class="rt-quiet">{" · ".join(fact for fact in facts if fact)}</p>')


def pick_delivery(steps: pl.DataFrame, state: dict) -> int | None:
    """Which delivery is shown: the latest, unless an earlier one is picked; null where there is none."""
    cycles = steps["cycle_no"].unique().sort(descending=True).to_list()
    if not cycles:
        return None
    if len(cycles) == 1:
        return cycles[0]
    return st.selectbox(
        "Delivery",
        cycles,
        format_func=lambda cycle: (
            f"Delivery {cycle}" + (" (the latest)" if cycle == cycles[0] else " (recalled)")
        ),
        key="delivery",
        bind="query-params",
        width=260,
    )


def standing(state: dict) -> None:
    """State, whose move, what next, why, since when, due."""
    zone = data.facts().timezone
    if state["handling_state"] in ("deleted", "archived"):
        st.info(f"The firm has {state['handling_state']} this return. What was logged stays readable.")
    due = f"due {day_words(state['due_date'])}" if state["due_date"] else "due date unknown"
    basis = {"register": "by the register", "calendar": "by the calendar, no extension known"}.get(
        state["due_basis"], ""
    )
    waiting = f"waiting since {moment_words(state['waiting_since'], zone)}" if state["waiting_since"] else ""
    facts = [OWNERS[state["next_step_owner"]], waiting, " ".join((due, basis)).strip()]
    words = [state["access_state"], state["handling_state"], state["signature_state"]]
    labels = ("Access", "Handling", "Signature")
    shown = "".join(
        f"<div><dt>{label}</dt><dd>{inert(word)}</dd></div>"
        for label, word in zip(labels, words, strict=True)
    )
    st.html(
        f'<section class="rt-standing" aria-label="Where it stands">'
        f'<p class="rt-next">{inert(state["next_step_title"])}</p>'
        f"<p>{' · '.join(fact for fact in facts if fact)}</p>"
        f"<p><b>Why:</b> {inert(state['why'])}</p>"
        f'<dl class="rt-states">{shown}</dl></section>'
    )


def progress(steps: pl.DataFrame, cycle_no: int | None) -> None:
    """The steps of the delivery with their times, each logged or implied by a later one."""
    if cycle_no is None:
        st.text("Not delivered yet.")
        return
    zone = data.facts().timezone
    rows = steps.filter(pl.col("cycle_no") == cycle_no)
    if rows["recalled_at"].drop_nulls().len():
        recalled = moment_words(rows["recalled_at"][0], zone)
        st.warning(
            f"This delivery was recalled on {recalled}. What is signed here is evidence of this delivery only."
        )
    items = "".join(step_item(row, zone) for row in rows.iter_rows(named=True))
    st.html(f'<ol class="rt-steps" aria-label="Steps of the delivery">{items}</ol>')


def step_item(row: dict, zone: str) -> str:
    """One step: reached when, or why it has no time."""
    words = {
        "implied": "implied by a later step",
        "not reached": "not reached",
        "does not apply": "not expected",
    }
    when = moment_words(row["reached_at"], zone) if row["reached_at"] else words.get(row["step_state"], NONE)
    state = row["step_state"].replace(" ", "-")
    basis = ", logged" if row["step_state"] == "logged" else ""
    return (
        f'<li class="rt-step rt-step-{state}" title="{inert_title(row["meaning"])}"><span aria-hidden="true">'
        f'{MARKS[row["step_state"]]}</span> <b>{inert(row["title"])}</b><br><span class="rt-quiet">{when}{basis}</span></li>'
    )


def inert_title(text: str) -> str:
    """A text for an attribute."""
    return inert(text).removeprefix("<bdi>").removesuffix("</bdi>")


def signers(evidence: pl.DataFrame, cycle_no: int | None) -> None:
    """What the log proves of each signer of a joint return, in this delivery."""
    rows = evidence.filter(pl.col("cycle_no") == cycle_no) if cycle_no is not None else evidence.clear()
    if rows.height < 2:
        return
    zone = data.facts().timezone
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("Signer", "Access", "Identity check", "Signature")
    )
    lines = "".join(
        f'<tr><th scope="row">{inert(row["signer"].capitalize())}</th>'
        f"<td>{fact(row['access'], row['accessed_at'], zone)}</td>"
        f"<td>{fact(row['identity_check'], row['kba_passed_at'], zone)}</td>"
        f"<td>{fact(row['signature'], row['esigned_at'], zone)}</td></tr>"
        for row in rows.iter_rows(named=True)
    )
    st.html(
        f'<table class="rt-table"><caption>Signers</caption><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>'
    )


def evidence_command(state: dict) -> None:
    """What writes the whole pack: the dashboard writes no files."""
    st.text(
        "The pack for an auditor, with a page to print, the logged records and checksums, is written by this command:"
    )
    named = [f"--{name}={plain(state[f'{name}_id'])}" for name in ("return", "firm")]
    st.code(shlex.join(["returntrail", "evidence", *named]), language=None, wrap_lines=True)


def fact(words: str, moment: object, zone: str) -> str:
    """What is known, and when it happened."""
    return inert(words) + (
        f'<br><span class="rt-quiet">{moment_words(moment, zone)}</span>' if moment else ""
    )
