"""What protects the data: one machine or a sign-in, headers, no usage statistics, no details of errors."""

import base64
import hashlib
import logging
import os
import re
import secrets
import sys
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers as ASGIHeaders
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

from dashboard.guard import access, door
from dashboard.guard.options import keep_to
from etl.access.signin import SignIn, refuse_elsewhere
from etl.adding import most_megabytes
from etl.status import Problem, served_directory, traceback_of

HOSTS = ("localhost", "127.0.0.1", "[::1]")


def content_policy() -> str:
    """What a page may load, run and connect to: the dashboard itself, and nothing of anybody else."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_bytes()
    # Streamlit's page has a script of its own in it. It is allowed by its hash, and any other is not.
    inline = re.findall(rb"<script>(.*?)</script>", page, flags=re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script).digest()).decode() for script in inline]
    allowed = {
        "default-src": "'none'",
        # The bars come as a script that Streamlit's own scripts make; they alone can make one.
        "script-src": " ".join(["'self'", "blob:", *(f"'sha256-{one}'" for one in hashes)]),
        # Streamlit, tables and charts write their styles into the page, and so do our own texts.
        "style-src": "'self' 'unsafe-inline'",
        "font-src": "'self' data:",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'self'",
    }
    return "; ".join(f"{name} {places}" for name, places in allowed.items())


def preloaded() -> str:
    """The scripts of Streamlit that draw our style and lists, as a Link header.

    A browser that asks for them with the page draws the page once. Else it learns of them after the first
    drawing, and what it has drawn moves when they come.
    """
    scripts = Path(st.__file__).parent / "static" / "static" / "js"
    found = sorted(file.name for name in PRELOADED for file in scripts.glob(f"{name}.*.js"))
    return ", ".join(f"</static/js/{name}>; rel=modulepreload; crossorigin" for name in found)


PRELOADED = ("Html", "BidiComponent", "purify.es", "recordbatch", "serialization", "_arrayReduce")
PRELOAD = preloaded()
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "same-origin",
    "content-security-policy": content_policy(),
}
# Set here as well as in config.toml, which is read only by `streamlit run` before this is.
SETTINGS: dict[str, object] = {
    "browser.gatherUsageStats": False,
    "client.disableDataExport": True,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    # For its welcome message Streamlit would ask a host on the internet for this machine's address.
    "logger.hideWelcomeMessage": True,
    "runner.magicEnabled": False,
    "server.enableCORS": True,
    "server.enableStaticServing": False,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxCacheDataSize": "512mb",
}
# What the dashboard's own page asks for. Figures about the server and the interfaces for programs are closed.
CORE = "/_stcore/"
OPEN_CORE = ("health", "host-config", "stream", "upload_file/", "bidi-components/")


def settings(address: str = "127.0.0.1", port: str = "8501") -> dict[str, object]:
    """The server's settings, above any file and environment. Exits for an address that must not be served."""
    refuse(address)
    refuse(os.environ.get("STREAMLIT_SERVER_ADDRESS", address))
    ours = all_settings() | {"server.address": address, "server.port": int(port)}
    begin(ours)
    return ours


def protect() -> None:
    """Protects a server started by `streamlit run`, which would listen everywhere if no address is set."""
    refuse(str(config.get_option("server.address") or "0.0.0.0"))
    begin(all_settings())


def begin(ours: dict[str, object]) -> None:
    """Sets our options, and exits if others are set, or if no browser could be let in."""
    keep_to(ours)
    try:
        door.entry()
    except Problem as problem:
        sys.exit(str(problem))


def all_settings() -> dict[str, object]:
    """The protective settings, the size of uploads, and the one file with the secrets of the sign-in."""
    sign_in = sign_in_or_exit()
    return SETTINGS | {
        "secrets.files": [str(sign_in.secrets)] if sign_in else [],
        "server.maxUploadSize": most_megabytes(served_directory()),
    }


def refuse(address: str) -> None:
    """Exits before the server listens at an address that must not be served, or with half a sign-in."""
    try:
        refuse_elsewhere(address, access.sign_in())
    except Problem as problem:
        sys.exit(str(problem))


def sign_in_or_exit() -> SignIn | None:
    """The sign-in, if there is one; exits for half a configuration."""
    try:
        return access.sign_in()
    except Problem as problem:
        sys.exit(str(problem))


def hosts() -> list[str]:
    """The host names that the dashboard answers to: this machine's, and the one at which people sign in."""
    sign_in = sign_in_or_exit()
    return [*HOSTS, *([sign_in.host] if sign_in else [])]


class Headers:
    """Adds the protective headers to every answer, downloads included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if headers.get("content-type", "").startswith("text/html"):
                    headers["link"] = PRELOAD
            await send(message)

        await self.app(scope, receive, send_with_headers)


class Closed:
    """Answers that there is nothing where Streamlit serves what the dashboard does not use."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        is_closed = path.startswith(CORE) and not path.removeprefix(CORE).startswith(OPEN_CORE)
        answer: ASGIApp = Response(status_code=404) if scope["type"] == "http" and is_closed else self.app
        await answer(scope, receive, send)


class Origins:
    """Closes web sockets of pages from elsewhere, before Streamlit asks the internet for its own address.

    Elsewhere is also another port of this machine, where anybody who has an account on it may serve a page.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            headers = ASGIHeaders(scope=scope)
            origin = headers.get("origin")
            if origin is not None and not is_same_place(origin, headers.get("host", "")):
                await send({"type": "websocket.close", "code": 1008})
                return
        await self.app(scope, receive, send)


def is_same_place(origin: str, host: str) -> bool:
    """Whether a page's origin is the host and port that its request names."""
    try:
        page = urlsplit(origin)
        asked = urlsplit(f"{page.scheme}://{host}")
        usual = {"http": 80, "https": 443}[page.scheme]
        return (page.hostname, page.port or usual) == (asked.hostname, asked.port or usual)
    except (KeyError, ValueError):
        return False


def show_error_number(error: Exception) -> bool:
    """Shows a number in place of the error; the log has both, without the words, which may quote a client."""
    number = secrets.token_hex(4)
    logging.getLogger("returntrail").error("error %s: %s", number, traceback_of(error))
    st.error(
        f"Something went wrong here, and it is our mistake. Its number is {number}; "
        "whoever runs the dashboard finds it in the log of the server."
    )
    return True
