"""F10: twenty readers while the warehouse is built again and again: every answer is of one build, whole; nobody waits."""

import asyncio
import threading
import time
from collections import Counter
from pathlib import Path

import duckdb
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.warehouse.ask import open_warehouse
from etl.warehouse.explore import query
from faults.accounts import SHARE, Tally, times
from faults.crew import Crew
from faults.exports import clean, few_queries, write_exports
from support.served import memory_mib, process_of, served

ASKED = "select count(*)::bigint, sum(row_no)::bigint, max(event_at)::varchar from model.events"
READERS = 20 if SHARE == 1 else 4
# Each page by its address, and the title that it has unless it has no numbers to show.
PAGES = {
    "": "Needs attention", "returns": "Returns", "pipeline": "Pipeline", "turnaround": "Turnaround", "email": "Email health",
    "reports": "Reports", "data": "Data health",
}  # fmt: skip
CLICKING_SECONDS = 600


class Readers:
    """Threads that open the warehouse and ask, until they are told to stop."""

    def __init__(self, file: Path) -> None:
        self.file, self.answers, self.errors, self.is_over = file, Counter(), list[str](), threading.Event()
        self.threads = [threading.Thread(target=self.read) for _ in range(READERS)]

    def read(self) -> None:
        while not self.is_over.is_set():
            try:
                with open_warehouse(self.file) as warehouse:
                    self.answers[query(warehouse, ASKED).row(0)] += 1
                time.sleep(0.02)
            except (Problem, duckdb.Error, OSError) as error:
                self.errors.append(str(error))

    def __enter__(self) -> "Readers":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.is_over.set()
        for thread in self.threads:
            thread.join()


def test_f10_readers(tally: Tally, control: Tally, crew: Crew, tmp_path: Path) -> None:
    write_exports(tmp_path / "exports", 12)
    queries = few_queries(tmp_path / "queries")
    data = clean(crew, tmp_path / "exports", tmp_path / "data", queries)
    # Two builds of the same store, as of two moments, hold different events; no answer may be of both.
    known = set()
    for words in ([], ["--as-of", "2026-02-10"]):
        assert crew.run("--data", data.root, "build", *words, queries=queries).code == 0
        with open_warehouse(data.warehouse) as warehouse:
            known.add(query(warehouse, ASKED).row(0))
    assert len(known) == 2
    with Readers(data.warehouse) as readers:
        for number in range(times(30)):
            words = ["--as-of", "2026-02-10"] if number % 2 else []
            assert crew.run("--data", data.root, "build", *words, queries=queries).code == 0
    tally.injected += readers.answers.total()
    tally.lost += sum(count for answer, count in readers.answers.items() if answer not in known)
    tally.unclear += len(readers.errors)
    tally.notes += readers.errors
    tally.look(data)
    with Readers(data.warehouse) as readers:
        for _ in range(2):
            crew.run("--data", data.root, "build", queries=queries, off=["swap"])
    control.unclear += len(readers.errors)
    control.lost += sum(count for answer, count in readers.answers.items() if answer not in known)


async def clicked(where: str, number: int, until: float, errors: list[str]) -> int:
    """One visitor who goes from page to page until the time is over; how many pages were drawn."""
    pages = 0
    url = where.replace("http", "ws", 1) + "/_stcore/stream"
    async with websockets.connect(url, subprotocols=["streamlit"], origin=where, max_size=None) as socket:
        while asyncio.get_running_loop().time() < until:
            message = BackMsg()
            name = list(PAGES)[(number + pages) % len(PAGES)]
            message.rerun_script.page_name = name
            await socket.send(message.SerializeToString())
            answer = ForwardMsg()
            while answer.WhichOneof("type") != "script_finished":
                answer.ParseFromString(await socket.recv())
                drawn = answer.delta.new_element
                is_other_title = drawn.heading.tag == "h1" and drawn.heading.body != PAGES[name]
                if is_other_title or drawn.WhichOneof("type") in ("exception", "alert"):
                    errors.append(str(drawn)[:300])
            pages += 1
            await asyncio.sleep(1)
    return pages


async def watched(where: str, seconds: float) -> tuple[float, float]:
    """The most memory that the server had in the second quarter of some time and in the last, in MiB."""
    server, found = process_of(where), []
    for _ in range(40):
        await asyncio.sleep(seconds / 40)
        found.append(memory_mib(server))
    return max(found[10:20]), max(found[30:])


def crowded(
    data: DataDir, crew: Crew, visitors: int, seconds: float, **orders: object
) -> tuple[list[int], tuple[float, float], list[str]]:
    """How many pages each visitor got while the warehouse is built again every few seconds, the memory that the server
    had early and late, and what went wrong.
    """
    errors: list[str] = []
    is_over = threading.Event()

    def building() -> None:
        while not is_over.wait(5 if SHARE == 1 else 0.5):
            assert crew.run("--data", data.root, "build", **orders).code == 0

    builder = threading.Thread(target=building)

    async def all_of_them(where: str) -> tuple[list[int], tuple[float, float]]:
        until = asyncio.get_running_loop().time() + seconds
        async with asyncio.timeout(seconds + 120):
            everybody = asyncio.gather(*(clicked(where, number, until, errors) for number in range(visitors)))
            memory, pages = await asyncio.gather(watched(where, seconds), everybody)
            return pages, memory

    with served(data) as where:
        builder.start()
        try:
            return *asyncio.run(all_of_them(where)), errors
        finally:
            is_over.set()
            builder.join()


def test_f10_dashboards(tally: Tally, control: Tally, season: DataDir, crew: Crew) -> None:
    """Dashboards of twenty people on a season that is built again every few seconds; in full for ten minutes."""
    pages, (early, late), errors = crowded(season, crew, READERS, CLICKING_SECONDS if SHARE == 1 else 4)
    print(
        f"memory of the server: {early:.0f} MiB in the second quarter of the time, {late:.0f} MiB in the last"
    )
    tally.injected += sum(pages)
    tally.lost += 0 in pages
    # In a few seconds the server is still warming up, so its memory says nothing.
    tally.leaked += SHARE == 1 and late > 1.05 * early
    tally.unclear += len(errors)
    tally.notes += errors
    # A build that writes into the published file itself is seen by whoever clicks meanwhile.
    *_, errors = crowded(season, crew, 2, 12, off=["swap"])
    control.unclear += len(errors)
