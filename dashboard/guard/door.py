"""Who gets in where nobody signs in: browsers that have opened the printed address, and the firm's proxy."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

from dashboard.guard import access
from etl.access.entry import COOKIE_SECONDS, TOKEN, Entry, announce
from etl.status import served_directory

OPEN = "--open"
HEALTH = "/_stcore/health"
PROXY_HEADER = "x-returntrail-proxy"
NOT_KNOWN = (
    "This browser is not known here. Open the address that the dashboard printed when it started. "
    "It works once; then the next one is in app/address-PORT.txt of the data directory. "
    "Behind a proxy, see docs/nginx.conf.\n"
)


@cache
def entry() -> Entry | None:
    """How browsers get in; None where people sign in, and with --open, for everybody of this machine."""
    return None if access.sign_in() or OPEN in sys.argv else Entry(served_directory())


@contextmanager
def announced() -> Iterator[None]:
    """Prints the address of the dashboard, with its token, while it is served."""
    host, door, sign_in = str(config.get_option("server.address")), entry(), access.sign_in()
    origin = f"http://{f'[{host}]' if ':' in host else host}:{config.get_option('server.port')}"
    announce(served_directory(), door.renew(origin) if door else origin, sign_in.origin if sign_in else None)
    try:
        yield
    finally:
        if door:
            door.close()


class Door:
    """Answers nothing to a browser that has not opened the printed address, by web socket neither."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door, answer = entry(), self.app
        if door and scope["type"] != "lifespan" and scope["path"] != HEALTH:
            asked = HTTPConnection(scope)
            is_known = door.is_proxy(asked.headers.get(PROXY_HEADER, ""))
            is_known = is_known or door.knows(asked.cookies.get(door.cookie, ""))
            token = asked.query_params.get(TOKEN)
            if scope["type"] == "websocket" and not is_known:
                await send({"type": "websocket.close", "code": 1008})
                return
            if token is not None and (is_known or door.takes(token)):
                answer = let_in(door, asked)
            elif not is_known:
                answer = refusal(asked)
        await answer(scope, receive, send)


def let_in(door: Entry, asked: HTTPConnection) -> Response:
    """The same address without the token, and the cookie that takes its place."""
    given = parse_qsl(asked.url.query, keep_blank_values=True)
    rest = urlencode([(name, value) for name, value in given if name != TOKEN])
    # One slash, because two would begin the name of another host.
    path = "/" + quote(asked.scope["path"].lstrip("/"))
    answer = RedirectResponse(f"{path}?{rest}" if rest else path, 303, {"cache-control": "no-store"})
    answer.set_cookie(door.cookie, door.new_cookie(), COOKIE_SECONDS, httponly=True, samesite="strict")
    return answer


def refusal(asked: HTTPConnection) -> Response:
    """What to do. A link on another site comes without the cookie, so the page asks once more by itself."""
    sent = [asked.headers.get(f"sec-fetch-{name}") for name in ("site", "mode")]
    again = {"refresh": "0"} if sent == ["cross-site", "navigate"] else {}
    return Response(NOT_KNOWN, 403, {"cache-control": "no-store", **again}, media_type="text/plain")
