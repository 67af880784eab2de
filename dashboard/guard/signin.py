"""Who is reading: signed in, known, and not for too long; checked at every rerun, question and download.

Streamlit keeps the provider's claims in a signed cookie for thirty days and does not check when they end, so
this module does.
"""

import hashlib
import json
import logging
import threading
import time
from collections.abc import Mapping

import streamlit as st
from starlette.requests import Request
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from dashboard.draw.forget import draw_forget
from dashboard.draw.text import html_text
from dashboard.guard import access
from etl.access import EVERYTHING, Person, Scope, audit, ended, person_of
from etl.access.signed_out import has_signed_out, remember
from etl.status import Problem, served_directory

# When each sign-in was used last, by its id; negative once its person has signed out.
last_uses: dict[str, float] = {}
# The sign-ins of unknown accounts that are in the audit trail.
refused: set[str] = set()
lock = threading.Lock()
RECORDED = "recorded questions"
SIGNED_OUT = "You have signed out."


class NotAdmitted(Exception):
    """Why somebody sees nothing, in a sentence."""


def admit(claims: Mapping[str, object]) -> Person:
    """Who has signed in, by the provider's claims. Raises NotAdmitted with the reason."""
    rules, now, key = access.rules(), time.time(), sign_in_id(claims)
    with lock:
        last_use = last_uses.get(key)
        signed_out = (last_use is not None and last_use < 0) or has_signed_out(served_directory(), key)
        reason = SIGNED_OUT if signed_out else ended(rules, claims, last_use, now)
        if reason:
            raise NotAdmitted(f"{reason} Sign in again.")
        person = person_of(rules, claims)
        if person is None:
            if key not in refused:
                audit.record_refusal(served_directory(), claims)
                refused.add(key)
            raise NotAdmitted(
                "This account is not known here, so it sees nothing. Ask whoever runs the dashboard."
            )
        forget_uses_before(now - rules.longest_hours * 3600)
        last_uses[key] = now
    if last_use is None:
        record(person, audit.SIGNED_IN)
    return person


def forget_uses_before(moment: float) -> None:
    """Drops sign-ins that have ended anyway; the caller has the lock."""
    for key in [key for key, last_use in last_uses.items() if abs(last_use) < moment]:
        del last_uses[key]


def sign_in_id(claims: Mapping[str, object]) -> str:
    """Tells one sign-in of a person from the next one."""
    identifying = [claims.get(name) for name in ("iss", "sub", "iat", "nonce")]
    return hashlib.sha256(json.dumps(identifying, default=str).encode()).hexdigest()


def session_claims() -> dict[str, object]:
    """The provider's claims about the reader of this session."""
    return dict(st.user.to_dict())


def claims_of(request: Request) -> dict[str, object]:
    """The provider's claims about whoever sends this request, from the cookie that Streamlit has signed."""

    def read_cookie(name: str) -> bytes | None:
        value = request.cookies.get(name)
        return decode_signed_value(get_cookie_secret(), name, value.encode("latin-1")) if value else None

    raw, sign_in = get_cookie_with_chunks(read_cookie, USER_COOKIE_NAME), access.sign_in()
    claims: dict[str, object] = json.loads(raw) if raw else {}
    if sign_in is None or claims.get("is_logged_in") is not True or claims.get("origin") != sign_in.origin:
        raise NotAdmitted("This needs a sign-in.")
    return claims


def current_person() -> Person:
    """The reader. If the sign-in has just ended, the page is drawn again and shows the sign-in."""
    try:
        return admit(session_claims())
    except NotAdmitted:
        st.rerun()


def reader() -> Scope:
    """What the reader may see."""
    return EVERYTHING if access.sign_in() is None else current_person().scope


def record_view(report: str, row_count: int, build: object, filters: Mapping[str, object]) -> None:
    """Records what was shown, once in a session and build: a rerun that shows the same is no second view."""
    if access.sign_in() is None:
        return
    question = repr((build, report, row_count, sorted(filters.items())))
    recorded = st.session_state.setdefault(RECORDED, set())
    if question not in recorded:
        record(current_person(), audit.SAW, report, row_count, filters)
        recorded.add(question)


def record_act(act: str, count: int, filters: Mapping[str, object]) -> None:
    """Records what the reader is about to do; without a sign-in nobody is known, and nothing is recorded."""
    if access.sign_in() is not None:
        record(current_person(), act, row_count=count, filters=filters)


def record(
    person: Person,
    act: str,
    report: str | None = None,
    row_count: int | None = None,
    filters: Mapping[str, object] | None = None,
) -> None:
    """Adds a line to the audit trail."""
    audit.record(
        served_directory(), act, person.who, person.scope.role, report, row_count, dict(filters or {})
    )


def refusal_reason() -> str | None:
    """Why the reader is not let in; None for a reader who is, and without a sign-in."""
    if access.sign_in() is None:
        return None
    claims = session_claims()
    if claims.get("is_logged_in") is not True:
        return "The dashboard contains data of taxpayers. Sign in with your account at the firm."
    try:
        admit(claims)
    except NotAdmitted as reason:
        return str(reason)
    return None


def draw_sign_in(reason: str) -> None:
    """What every page shows to a reader who is not let in: why, and what to do."""
    claims = session_claims()
    is_signed_in = claims.get("is_logged_in") is True
    st.title("No access" if is_signed_in else "Not signed in")
    st.text(reason)
    draw_forget()
    if is_signed_in:
        name = html_text(str(claims.get("email") or claims.get("sub")))
        st.html(f'<p class="rt-quiet">Signed in as {name}.</p>')
    with st.container(horizontal=True):
        st.button("Sign in", type="primary", on_click=st.login)
        if is_signed_in:
            st.button("Sign out", on_click=sign_out)


def draw_account() -> None:
    """Who is signed in, and the button to sign out."""
    if access.sign_in() is None:
        return
    person = current_person()
    st.html(f'<p class="rt-quiet">{html_text(person.who)}, {person.scope.role}</p>')
    st.button("Sign out", on_click=sign_out, key="sign out", width="stretch")


def sign_out() -> None:
    """Ends this sign-in in every window that still has it, then has the cookie deleted."""
    claims = session_claims()
    ends, sign_in = claims.get("exp"), sign_in_id(claims)
    with lock:
        last_uses[sign_in] = -time.time()
    try:
        remember(served_directory(), sign_in, ends if isinstance(ends, int | float) else time.time())
    except (OSError, Problem) as error:
        kept = "A sign-out is not kept, so a copy of its cookie would work again after a restart: %s"
        logging.getLogger("returntrail").error(kept, type(error).__name__)
    # A fault in the settings or the trail must not stop anybody from signing out.
    try:
        person = person_of(access.rules(), claims)
        if person:
            record(person, audit.SIGNED_OUT)
    except Problem as problem:
        logging.getLogger("returntrail").error("A sign-out is not in the audit trail: %s", problem)
    st.logout()
