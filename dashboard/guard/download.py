"""Downloads: always all rows of a report, made when somebody presses, safe to open in a spreadsheet.

Streamlit leaves a download at an address that needs no cookie. Where people sign in, a press is therefore a request of
its own: who asks, and what they may see, is looked up again, the file is made, and nothing of it stays.
"""

import html
import json
from collections.abc import Callable
from urllib.parse import urlencode

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from dashboard import data
from dashboard.guard import served, signin
from etl.access import audit
from etl.access.scope import ask_within, may_ask
from etl.common.problem import Problem
from etl.warehouse.cells import as_csv

HELP = "All rows, for a spreadsheet."
HEADERS = {"cache-control": "no-store", "vary": "cookie"}


def csv_button(report: str, key: str, label: str = "CSV", **filters: object) -> None:
    """A button for the whole report under these filters, named after the report and the moment it is as of."""
    if served.sign_in() is not None:
        address = html.escape(f"/csv/{report}?{query_of(filters)}")
        st.html(
            f'<a class="rt-button" href="{address}" download title="{HELP}">{html.escape(label)}</a>',
            width="content",
        )
        return
    st.download_button(
        label,
        data=made(report, filters),
        file_name=file_name(report),
        mime="text/csv",
        key=key,
        on_click="ignore",
        help=HELP,
    )


def file_name(report: str) -> str:
    """The report and the moment it is as of."""
    as_of = data.facts().as_of
    return f"{report}-{as_of:%Y-%m-%d}.csv" if as_of else f"{report}.csv"


def made(report: str, filters: dict[str, object]) -> Callable[[], bytes]:
    """What makes the file once it is wanted."""
    return lambda: as_csv(data.ask(report, **filters), data.facts().timezone).encode("utf-8-sig")


def query_of(filters: dict[str, object]) -> str:
    """Filters as they stand in an address; a filter of no value, which asks for nothing, stays one."""
    pairs = []
    for name, value in filters.items():
        values = list(value) if isinstance(value, (list, tuple)) else [value]
        pairs += [(name, str(one)) for one in values if one is not None]
        pairs += [(name, "")] if isinstance(value, (list, tuple)) and not values else []
    return urlencode(pairs)


def filters_in(request: Request) -> dict[str, object]:
    """The filters of an address again; what each value means is the report's to say."""
    found: dict[str, object] = {}
    for name in request.query_params:
        values = request.query_params.getlist(name)
        is_list = name.startswith("for_") and name.endswith("s")
        found[name] = [one for one in values if one] if is_list else values[-1]
    return found


def routes() -> list[Route]:
    """The address of the files, where people sign in."""
    return [Route("/csv/{report}", answer, methods=["GET"])]


def answer(request: Request) -> Response:
    """The file for whoever asks; a sentence in its place where there is none. It runs in a thread of its own."""
    if served.sign_in() is None:
        return refusal(404, "There is nothing here.")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return refusal(403, "A page from elsewhere asked for this.")
    report = request.path_params["report"]
    try:
        person = signin.admitted(claims_of(request))
        warehouse = data.warehouse()
        known = warehouse.reports.get(report)
        if known is None or not may_ask(person.scope, known):
            return refusal(403, "This is not available for your role.")
        filters = filters_in(request)
        rows = ask_within(warehouse, person.scope, report, **filters)
        signin.note(person, audit.EXPORTED, report, rows.height, filters)
    except signin.NotAdmitted as reason:
        return refusal(401, str(reason))
    except Problem as problem:
        return refusal(400, str(problem))
    content = as_csv(rows, warehouse.facts.timezone).encode("utf-8-sig")
    attached = {"content-disposition": f'attachment; filename="{file_name(report)}"'}
    return Response(content, media_type="text/csv", headers=HEADERS | attached)


def refusal(status: int, words: str) -> Response:
    """Why there is no file."""
    return Response(f"{words}\n", status_code=status, media_type="text/plain", headers=HEADERS)


def claims_of(request: Request) -> dict[str, object]:
    """What the provider said of whoever sends this request, from the cookie that Streamlit has signed."""

    def one(name: str) -> bytes | None:
        value = request.cookies.get(name)
        return decode_signed_value(get_cookie_secret(), name, value.encode("latin-1")) if value else None

    raw, sign_in = get_cookie_with_chunks(one, USER_COOKIE_NAME), served.sign_in()
    claims = json.loads(raw) if raw else {}
    if sign_in is None or claims.get("is_logged_in") is not True or claims.get("origin") != sign_in.origin:
        raise signin.NotAdmitted("This needs a sign-in.")
    return claims
