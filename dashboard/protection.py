"""What protects the data while they are shown: one machine, no statistics, no details of errors, headers on every answer."""

import ipaddress
import logging
import os
import secrets
import sys

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

HOSTS = ["localhost", "127.0.0.1", "[::1]"]
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
    "runner.magicEnabled": False,
    "server.enableCORS": True,
    "server.enableStaticServing": False,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxUploadSize": 1,
}
ELSEWHERE = (
    "The dashboard has no sign-in, so it is served to this machine only, and {address} would be seen by others. "
    "Leave the address out. To reach it from a second desk, put a proxy with sign-in before it: README.md says how."
)


def settings(address: str = "127.0.0.1", port: str = "8501") -> dict[str, object]:
    """The server's settings, above any file and environment. Another address than this machine's ends the program."""
    refuse_elsewhere(address)
    refuse_elsewhere(os.environ.get("STREAMLIT_SERVER_ADDRESS", address))
    return SETTINGS | {"server.address": address, "server.port": int(port)}


def protect() -> None:
    """The same for a server that has been started otherwise; no address would mean all of them."""
    refuse_elsewhere(str(config.get_option("server.address") or "0.0.0.0"))
    for name, value in SETTINGS.items():
        config.set_option(name, value)


def refuse_elsewhere(address: str) -> None:
    """Ends the server before it listens where other machines reach it."""
    if not is_loopback(address):
        sys.exit(ELSEWHERE.format(address=address))


def is_loopback(address: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    if address.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


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


def failed(error: Exception) -> bool:
    """Shows a sentence with a number in place of the error, whose words can quote a client; the log has both."""
    number = secrets.token_hex(4)
    logging.getLogger("returntrail").error("error %s: %s", number, type(error).__name__, exc_info=error)
    st.error(
        f"Something went wrong here, and it is our mistake. Its number is {number}; "
        "whoever runs the dashboard finds it in the log of the server."
    )
    return True
