"""What protects the data while they are shown: one machine or a sign-in, no statistics, no details of errors, headers."""

import logging
import os
import secrets
import sys
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers as ASGIHeaders
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

from dashboard.guard import served
from etl.access.signin import refuse_elsewhere
from etl.common.problem import Problem

HOSTS = ("localhost", "127.0.0.1", "[::1]")
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "same-origin",
}
# Set here as well as in config.toml, because a working directory or an environment variable may say otherwise.
SETTINGS: dict[str, object] = {
    "browser.gatherUsageStats": False,
    "client.disableDataExport": True,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    # For its welcome Streamlit would ask a host elsewhere how this machine is called there.
    "logger.hideWelcomeMessage": True,
    "runner.magicEnabled": False,
    "server.enableCORS": True,
    "server.enableStaticServing": False,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxUploadSize": 1,
}


def settings(address: str = "127.0.0.1", port: str = "8501") -> dict[str, object]:
    """The server's settings, above any file and environment. An address that must not be served ends the program."""
    refuse(address)
    refuse(os.environ.get("STREAMLIT_SERVER_ADDRESS", address))
    return SETTINGS | secrets_setting() | {"server.address": address, "server.port": int(port)}


def protect() -> None:
    """The same for a server that has been started otherwise; no address would mean all of them."""
    refuse(str(config.get_option("server.address") or "0.0.0.0"))
    for name, value in (SETTINGS | secrets_setting()).items():
        config.set_option(name, value)


def refuse(address: str) -> None:
    """Ends the server before it listens where it must not, or with half a sign-in."""
    try:
        refuse_elsewhere(address, served.sign_in())
    except Problem as problem:
        sys.exit(str(problem))


def secrets_setting() -> dict[str, object]:
    """The one file with the secrets of the sign-in; none elsewhere is read."""
    sign_in = served.sign_in()
    return {"secrets.files": [str(sign_in.secrets)] if sign_in else []}


def hosts() -> list[str]:
    """The names that the dashboard answers to: this machine's, and the one at which people sign in."""
    try:
        sign_in = served.sign_in()
    except Problem as problem:
        sys.exit(str(problem))
    return [*HOSTS, *([sign_in.host] if sign_in else [])]


class Headers:
    """Adds the protective headers to every answer, downloads included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, sent)


class Origins:
    """Closes a web socket that a page from elsewhere opens, before Streamlit asks the internet for its own addresses."""

    def __init__(self, app: ASGIApp, allowed: list[str]) -> None:
        self.app, self.allowed = app, {host.strip("[]") for host in allowed}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = ASGIHeaders(scope=scope).get("origin") if scope["type"] == "websocket" else None
        if origin is not None and host_of(origin) not in self.allowed:
            await send({"type": "websocket.close", "code": 1008})
            return
        await self.app(scope, receive, send)


def host_of(origin: str) -> str | None:
    """The host of an origin; null for what is none, such as one whose port is no number."""
    try:
        address = urlsplit(origin)
        return address.hostname if address.port != 0 else None
    except ValueError:
        return None


def failed(error: Exception) -> bool:
    """Shows a sentence with a number in place of the error, whose words can quote a client; the log has both."""
    number = secrets.token_hex(4)
    logging.getLogger("returntrail").error("error %s: %s", number, type(error).__name__, exc_info=error)
    st.error(
        f"Something went wrong here, and it is our mistake. Its number is {number}; "
        "whoever runs the dashboard finds it in the log of the server."
    )
    return True
