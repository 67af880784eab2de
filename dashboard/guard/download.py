"""CSV downloads: always all rows of a report, safe to open in a spreadsheet, sent while they are read.

Streamlit would hold a whole file in memory, and serve it at an address that needs no cookie. A click is
therefore a request of its own: the reader and the reader's rights are checked again, and nothing is stored.
"""

import html
import re
from collections.abc import Generator, Mapping
from itertools import chain
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from dashboard import data
from dashboard.guard import access, signin
from etl.access import EVERYTHING, audit
from etl.access.scope import may_ask
from etl.status import Problem
from etl.warehouse.ask import count_rows, csv_file

HELP = "All rows, for a spreadsheet."
# What the screen says of a list; no report has a parameter of these names.
SEARCH, SORT = "_search", "_sort"
UNSAFE = re.compile(r"[^A-Za-z0-9]+")
MOST_OF_A_NAME = 60
HEADERS = {"cache-control": "no-store", "vary": "cookie"}


def csv_button(report: str, filters: Mapping[str, Any], label: str = "CSV") -> None:
    """A button for the whole report under these filters."""
    address = html.escape(f"/csv/{report}?{query_of(filters)}")
    st.html(
        f'<a class="rt-button" href="{address}" download title="{HELP}">{html.escape(label)}</a>',
        width="content",
    )


def csv_address(report: str, filters: Mapping[str, Any], search: str, sort: str) -> str:
    """The address of a list as a file, with the search and the order of the screen."""
    return f"/csv/{report}?{query_of({**filters, SEARCH: search or None, SORT: sort or None})}"


def file_name(report: str, filters: Mapping[str, Any]) -> str:
    """The report, its filters, and the day it is as of, in characters that every disk takes.

    Not the words of a search: they are names of clients, and a list of downloads is read by others.
    """
    as_of = data.facts().as_of
    values = [
        value
        for name, given in filters.items()
        if name.startswith("for_")
        for value in (given if isinstance(given, list) else [given])
    ]
    words = UNSAFE.sub("-", " ".join(map(str, values))).strip("-").lower()[:MOST_OF_A_NAME].rstrip("-")
    return "-".join([report, *([words] if words else []), *([f"{as_of:%Y-%m-%d}"] if as_of else [])]) + ".csv"


def query_of(filters: Mapping[str, Any]) -> str:
    """Filters as the query of an address; an empty list, which asks for nothing, stays one."""
    given = {name: value for name, value in filters.items() if value is not None}
    return urlencode({name: "" if value in ([], ()) else value for name, value in given.items()}, doseq=True)


def filters_in(request: Request) -> dict[str, Any]:
    """The filters of an address; the report decides what each value means."""
    filters: dict[str, Any] = {}
    for name in request.query_params:
        values = request.query_params.getlist(name)
        is_list = name.startswith("for_") and name.endswith("s")
        filters[name] = [value for value in values if value] if is_list else values[-1]
    return filters


def answer(request: Request) -> Response:
    """The file for the person who asks, or a sentence why there is none. It runs in a thread of its own."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return refusal(403, "A page from elsewhere asked for this.")
    report = request.path_params["report"]
    try:
        person = signin.admit(signin.claims_of(request)) if access.sign_in() else None
        scope = person.scope if person else EVERYTHING
        warehouse = data.warehouse()
        known = warehouse.reports.get(report)
        if known is None or not may_ask(scope, known):
            return refusal(403, "This is not available for your role.")
        filters = filters_in(request)
        name = file_name(report, filters)
        search, sort = filters.pop(SEARCH, ""), filters.pop(SORT, "")
        question = data.list_question(scope, report, search, sort, filters)
        parts = csv_file(warehouse, question)
        # What can fail fails before the first rows, where the reason can still be said.
        first = next(parts)
        if person:
            count = count_rows(warehouse, question)
            signin.record(
                person, audit.EXPORTED, report, count, filters | ({"search": search} if search else {})
            )
    except signin.NotAdmitted as reason:
        return refusal(401, str(reason))
    except Problem as problem:
        return refusal(400, str(problem))
    return Download(first, parts, name)


class Download(StreamingResponse):
    """A file whose rows are released even if its reader leaves before the last."""

    def __init__(self, first: bytes, others: Generator[bytes, None, None], name: str) -> None:
        attached = {"content-disposition": f'attachment; filename="{name}"'}
        super().__init__(chain([first], others), media_type="text/csv", headers=HEADERS | attached)
        self.others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the file; the thread that reads rows has ended when this does."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.others.close()


def refusal(status: int, sentence: str) -> Response:
    """Why there is no file."""
    return Response(f"{sentence}\n", status_code=status, media_type="text/plain", headers=HEADERS)
