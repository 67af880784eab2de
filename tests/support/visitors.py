"""Visitors who use the dashboard's protocol over its web socket, which costs less than many browsers."""

import asyncio
import time
from collections.abc import Iterator

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

Clicks = Iterator[tuple[float, str, str]]


async def click(socket: websockets.ClientConnection, page: str, address: str) -> float:
    """Seconds from a rerun of a page at an address until the server says that its script has finished."""
    message = BackMsg()
    message.rerun_script.page_name = page
    message.rerun_script.query_string = address
    started = time.perf_counter()
    await socket.send(message.SerializeToString())
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(await socket.recv())
        if answer.WhichOneof("type") == "script_finished":
            return time.perf_counter() - started


async def visitor(where: str, clicks: Clicks, cookie: str = "") -> list[float]:
    """One session: a pause, then a click, again and again; the seconds of each."""
    url = where.replace("http", "ws", 1) + "/_stcore/stream"
    times = []
    how = {"subprotocols": ["streamlit"], "origin": where, "max_size": None}
    async with websockets.connect(url, additional_headers={"Cookie": cookie}, **how) as socket:
        for pause, page, address in clicks:
            await asyncio.sleep(pause)
            times.append(await click(socket, page, address))
    return times


async def crowd(
    where: str, visits: list[Clicks], limit_seconds: float, cookie: str = ""
) -> list[list[float]]:
    """All visits at once. Raises TimeoutError if the server does not answer in time."""
    async with asyncio.timeout(limit_seconds):
        return await asyncio.gather(*(visitor(where, clicks, cookie) for clicks in visits))
