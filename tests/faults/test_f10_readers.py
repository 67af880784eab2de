"""F10: twenty readers during repeated builds: every answer is of one complete build, and nobody waits."""

import asyncio
import shutil
import threading
import time
from collections import Counter
from math import inf
from pathlib import Path

import duckdb
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.warehouse.ask import open_warehouse
from etl.warehouse.explore import query
from faults.checks import SHARE, Tally, times
from faults.exports import few_queries, load_and_build, write_exports
from faults.runner import Runner
from support.served import memory_mib, process_of, served

ASKED = "select count(*)::bigint, sum(row_no)::bigint, max(event_at)::varchar from model.events"
READERS = 20 if SHARE == 1 else 4
# Each page by its address, and the title that it has if it can show its numbers.
PAGES = {
    "": "Needs attention",
    "returns": "Returns",
    "pipeline": "Pipeline",
    "turnaround": "Turnaround",
    "email": "Email health",
    "reports": "Reports",
    "data": "Data health",
}
CLICKING_SECONDS = 600


class Readers:
    """Threads that open the warehouse and query it until they are stopped."""

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


def test_f10_readers(tally: Tally, control: Tally, runner: Runner, tmp_path: Path) -> None:
    write_exports(tmp_path / "exports", 12)
    queries = few_queries(tmp_path / "queries")
    data = load_and_build(runner, tmp_path / "exports", tmp_path / "data", queries)
    # Two builds of the same store as of two times have different events; no answer may mix them.
    known = set()
    for options in ([], ["--as-of", "2026-02-10"]):
        assert runner.run("--data", data.root, "build", *options, queries=queries).code == 0
        with open_warehouse(data.warehouse) as warehouse:
            known.add(query(warehouse, ASKED).row(0))
    assert len(known) == 2
    with Readers(data.warehouse) as readers:
        for number in range(times(30)):
            options = ["--as-of", "2026-02-10"] if number % 2 else []
            assert runner.run("--data", data.root, "build", *options, queries=queries).code == 0
    tally.injected += readers.answers.total()
    tally.lost += sum(count for answer, count in readers.answers.items() if answer not in known)
    tally.unclear += len(readers.errors)
    tally.details += readers.errors
    tally.check_files(data)
    with Readers(data.warehouse) as readers:
        for _ in range(2):
            runner.run("--data", data.root, "build", queries=queries, off=["swap"])
    control.unclear += len(readers.errors)
    control.lost += sum(count for answer, count in readers.answers.items() if answer not in known)


async def click_pages(where: str, number: int, until: float, errors: list[str], enough: float) -> int:
    """One visitor who goes from page to page until the time is over or there are enough errors of all
    visitors; returns the number of pages drawn.
    """
    pages = 0
    url = where.replace("http", "ws", 1) + "/_stcore/stream"
    async with websockets.connect(url, subprotocols=["streamlit"], origin=where, max_size=None) as socket:
        while asyncio.get_running_loop().time() < until and len(errors) < enough:
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


async def record_memory(where: str, pause: float, found: list[float]) -> None:
    """Records the memory of the server, in MiB, until it is cancelled."""
    server = process_of(where)
    while True:
        found.append(memory_mib(server))
        await asyncio.sleep(pause)


def run_visitors(
    data: DataDir, runner: Runner, visitors: int, seconds: float, enough: float = inf, **orders: object
) -> tuple[list[int], tuple[float, float], list[str]]:
    """The pages of each visitor during builds, the errors, and between them the peak memory of the server
    in the second quarter of the time and in the last one.
    """
    errors: list[str] = []
    is_over = threading.Event()

    def building() -> None:
        while not is_over.wait(5 if SHARE == 1 else 0.5):
            assert runner.run("--data", data.root, "build", **orders).code == 0

    builder = threading.Thread(target=building)

    async def all_of_them(where: str) -> tuple[list[int], tuple[float, float]]:
        until = asyncio.get_running_loop().time() + seconds
        async with asyncio.timeout(seconds + 120):
            found: list[float] = []
            recording = asyncio.create_task(record_memory(where, seconds / 40, found))
            pages = await asyncio.gather(
                *(click_pages(where, number, until, errors, enough) for number in range(visitors))
            )
            recording.cancel()
            quarter = len(found) // 4
            return pages, (max(found[quarter : 2 * quarter + 1]), max(found[3 * quarter :]))

    with served(data) as where:
        builder.start()
        try:
            return *asyncio.run(all_of_them(where)), errors
        finally:
            is_over.set()
            builder.join()


def test_f10_dashboards(
    tally: Tally, control: Tally, season: DataDir, runner: Runner, tmp_path: Path
) -> None:
    """Twenty people use the dashboard while the warehouse is rebuilt; for ten minutes in a full run."""
    data = DataDir(shutil.copytree(season.root, tmp_path / "data"))
    pages, (early, late), errors = run_visitors(data, runner, READERS, CLICKING_SECONDS if SHARE == 1 else 4)
    print(
        f"memory of the server: {early:.0f} MiB in the second quarter of the time, {late:.0f} MiB in the last"
    )
    tally.injected += sum(pages)
    tally.lost += 0 in pages
    # In a short run the server is still warming up, so its memory means nothing.
    tally.leaked += SHARE == 1 and late > 1.05 * early
    tally.unclear += len(errors)
    tally.details += errors
    # A build that writes directly into the published file causes errors on the pages.
    *_, errors = run_visitors(data, runner, 2, 12, enough=1, off=["swap"])
    control.unclear += len(errors)
