"""Who looks: signed in, known, and not for too long; asked at every rerun, by every question and by every download.

Streamlit keeps what the provider said in a signed cookie for thirty days and does not look at its end, so we do.
"""

import hashlib
import json
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

import streamlit as st

from dashboard.draw.words import inert
from dashboard.guard import served
from etl.access import audit
from etl.common.problem import Problem
from etl.config.access import EVERYTHING, Person, Scope, ended, person_of

# When each sign-in was used last, by its digest; less than zero once somebody has signed out.
seen: dict[str, float] = {}
lock = threading.Lock()
NOTED = "noted questions"
SIGNED_OUT = "You have signed out."


class NotAdmitted(Exception):
    """Why somebody sees nothing, in a sentence."""


def admitted(claims: Mapping[str, object]) -> Person:
    """Who has signed in, by what the provider said. Raises NotAdmitted with the reason."""
    access, now, key = served.access(), time.time(), digest(claims)
    with lock:
        last = seen.get(key)
        reason = SIGNED_OUT if last is not None and last < 0 else ended(access, claims, last, now)
        if reason:
            raise NotAdmitted(f"{reason} Sign in again.")
        person = person_of(access, claims)
        if person is None:
            raise NotAdmitted(
                "This account is not known here, so it sees nothing. Ask whoever runs the dashboard."
            )
        forget(now - access.longest_hours * 3600)
        seen[key] = now
    if last is None:
        note(person, audit.SIGNED_IN)
    return person


def forget(before: float) -> None:
    """Drops what has ended anyway; the caller holds the lock."""
    for key in [key for key, moment in seen.items() if abs(moment) < before]:
        del seen[key]


def digest(claims: Mapping[str, object]) -> str:
    """One sign-in of one person, as against their next one."""
    said = [claims.get(name) for name in ("iss", "sub", "iat", "nonce")]
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()


def claims_here() -> dict[str, object]:
    """What the provider said of whoever looks at this page."""
    return dict(st.user.to_dict())


def person_here() -> Person:
    """Whoever looks. Where a sign-in has just ended, the page is drawn anew, and its door is shut."""
    try:
        return admitted(claims_here())
    except NotAdmitted:
        st.rerun()


def reader() -> Scope:
    """What whoever looks may see."""
    return EVERYTHING if served.sign_in() is None else person_here().scope


def looked(report: str, row_count: int, build: object, filters: Mapping[str, object]) -> None:
    """Notes what was shown, once in a session and build: a rerun that shows the same is no second look."""
    if served.sign_in() is None:
        return
    question = repr((build, report, row_count, sorted(filters.items())))
    noted = st.session_state.setdefault(NOTED, set())
    if question not in noted:
        note(person_here(), audit.SAW, report, row_count, filters)
        noted.add(question)


def note(
    person: Person, act: str, report: str | None = None, row_count: int | None = None,
    filters: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    """Adds to the trail."""
    audit.note(served.data_dir(), act, person.who, person.scope.role, report, row_count, dict(filters or {}))


def door() -> str | None:
    """Why whoever looks is not let in; null for somebody who is, and where there is no door."""
    if served.sign_in() is None:
        return None
    claims = claims_here()
    if claims.get("is_logged_in") is not True:
        return "The dashboard holds data of taxpayers. Sign in with your account at the firm."
    try:
        admitted(claims)
    except NotAdmitted as refusal:
        return str(refusal)
    return None


def draw_door(reason: str) -> None:
    """What stands in place of every page: why, and the ways on."""
    claims = claims_here()
    is_in = claims.get("is_logged_in") is True
    st.title("Not signed in" if not is_in else "No access")
    st.text(reason)
    if is_in:
        st.html(
            f'<p class="rt-quiet">Signed in as {inert(str(claims.get("email") or claims.get("sub")))}.</p>'
        )
    with st.container(horizontal=True):
        st.button("Sign in", type="primary", on_click=st.login)
        if is_in:
            st.button("Sign out", on_click=leave)


def draw_person() -> None:
    """Who is signed in, and the way out."""
    if served.sign_in() is None:
        return
    person = person_here()
    st.html(f'<p class="rt-quiet">{inert(person.who)}, {person.scope.role}</p>')
    st.button("Sign out", on_click=leave, key="sign out", width="stretch")


def leave() -> None:
    """Ends this sign-in in every window that still has it, then has the cookie deleted."""
    claims = claims_here()
    with lock:
        seen[digest(claims)] = -time.time()
    # Nothing that is broken here may keep somebody in.
    with suppress(Problem):
        person = person_of(served.access(), claims)
        if person:
            note(person, audit.SIGNED_OUT)
    st.logout()
