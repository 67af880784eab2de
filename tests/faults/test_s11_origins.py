"""S11: web sockets for pages of other hosts and ports; the control is the same server without the guard."""

import asyncio

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.guard.protection import Origins
from faults.checks import Tally

OURS = ("127.0.0.1:8501", "localhost:8501", "[::1]:8501", "returntrail.firm.example")
FOREIGN = (
    "http://evil.invalid",
    "http://127.0.0.1",
    "http://127.0.0.1:8502",
    "http://localhost:3000",
    "http://[::1]:8502",
    "http://127.0.0.1.evil.invalid:8501",
    "http://127.0.0.1:8501@evil.invalid",
    "http://returntrail.firm.example:8501",
    "https://returntrail.firm.example:8443",
    "https://returntrail.firm.example.evil.invalid",
    "http://127.0.0.1:0",
    "http://127.0.0.1:99999",
    "http://127.0.0.1:8501\x00",
    "file://",
    "null",
    "",
)
OWN = {
    "http://127.0.0.1:8501": "127.0.0.1:8501",
    "http://localhost:8501": "localhost:8501",
    "http://LOCALHOST:8501": "localhost:8501",
    "http://[::1]:8501": "[::1]:8501",
    "https://returntrail.firm.example": "returntrail.firm.example",
    "https://returntrail.firm.example:443": "returntrail.firm.example",
    "https://returntrail.firm.example:8443": "returntrail.firm.example:8443",
}


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """A server that admits everybody."""
    await send({"type": "websocket.accept"})


def is_admitted(server: ASGIApp, origin: str | None, host: str) -> bool:
    """Whether a web socket opens for a page of this origin."""
    headers = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin is not None else [])]
    answers: list[Message] = []

    async def send(message: Message) -> None:
        answers.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    asyncio.run(server({"type": "websocket", "headers": headers}, receive, send))
    return [answer["type"] for answer in answers] == ["websocket.accept"]


def test_s11_origins(tally: Tally, control: Tally) -> None:
    for host in OURS:
        for origin in FOREIGN:
            tally.injected += 1
            if is_admitted(Origins(bare), origin, host):
                tally.leaked += 1
                tally.details.append(f"{host} admits {origin!r}")
            control.leaked += is_admitted(bare, origin, host)


@pytest.mark.parametrize("origin", OWN)
def test_s11_its_own_pages_are_admitted(origin: str) -> None:
    assert is_admitted(Origins(bare), origin, OWN[origin])


def test_s11_a_program_that_is_no_browser_names_no_origin() -> None:
    """What keeps such a program out is the sign-in, or the token in the address."""
    assert is_admitted(Origins(bare), None, OURS[0])
