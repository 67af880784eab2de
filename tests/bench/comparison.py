"""The firm funnel and the weekly bounce rate: returntrail against the raw log in other engines."""

import importlib
import importlib.util
import shutil
import time
from pathlib import Path

from tests.bench.growth import data_of
from tests.bench.logs import log_of
from tests.bench.phases import new_folder
from tests.bench.process import alone, median
from tests.bench.tables import Table, milliseconds, number, seconds

PEERS = {"pandas": "pandas", "polars": "polars", "duckdb": "duckdb", "sqlite": "sqlite3", "spark": "pyspark"}
OURS = "returntrail"
MOST_RUNS = 7
ENOUGH_SECONDS = 30.0


def present() -> list[str]:
    """The peers that are installed; Spark needs Java too."""
    found = [name for name, module in PEERS.items() if importlib.util.find_spec(module)]
    return [name for name in found if name != "spark" or shutil.which("java")]


def measured(folder: Path, events: int, names: list[str]) -> dict:
    """The costs of the peers named and ours. Raises an AssertionError for a peer with different rows."""
    files = log_of(folder, events).all_files
    found = {OURS: alone(costs, OURS, files, data_of(folder, events))}
    for name in names:
        place = new_folder(folder / f"peer-{name}")
        found[name] = alone(costs, name, files, place)
        shutil.rmtree(place)
    for name, one in found.items():
        for question in ("funnel rows", "bounces rows"):
            differing = sorted(set(one[question]) ^ set(found[OURS][question]))
            assert not differing, f"{name} gives other {question}: {differing[:4]}"
    return {"events": events, "peers": found}


def costs(name: str, files: list[Path], folder: Path) -> dict:
    """The seconds that one peer takes to read, to prepare and to answer, and its answers."""
    peer = importlib.import_module(f"tests.bench.peers.{name}_peer")
    reading, raw = clocked(peer.read, files, folder)
    preparing, events = clocked(peer.prepare, raw)
    found = {"read": reading, "prepare": preparing}
    for question in ("funnel", "bounces"):
        times: list[float] = []
        cpu = time.process_time()
        while not times or (len(times) < MOST_RUNS and sum(times) < ENOUGH_SECONDS):
            taken, rows = clocked(getattr(peer, question), events)
            times.append(taken)
        used = (time.process_time() - cpu) / len(times)
        found |= {
            question: median(times),
            f"{question} CPU": used,
            f"{question} rows": [tuple(row) for row in rows],
        }
    if name == "spark":
        events.stop()
    return found


def clocked(work: object, *arguments: object) -> tuple[float, object]:
    started = time.perf_counter()
    done = work(*arguments)
    return time.perf_counter() - started, done


def tables(found: dict) -> list[Table]:
    """Each peer's seconds, and how many times as long as ours its answers take."""
    peers, ours = found["peers"], found["peers"][OURS]
    rows = []
    for name, one in peers.items():
        is_ours = name == OURS
        rows.append(
            [
                name,
                "" if is_ours else seconds(one["read"]),
                "" if is_ours else seconds(one["prepare"]),
                *answer(name, one, ours, "funnel"),
                "" if is_ours else f"{(one['prepare'] + one['funnel']) / ours['funnel']:,.0f}",
                *answer(name, one, ours, "bounces"),
            ]
        )
    head = [
        "engine",
        "read, s",
        "prepare, s",
        "funnel, ms",
        "x",
        "x CPU",
        "from raw, x",
        "bounces, ms",
        "x",
        "x CPU",
    ]
    note = (
        "x: as a multiple of returntrail's. read: load the exports into the engine's own storage. "
        "prepare: remove repeated events and assign the codes. "
        "funnel and bounces (by week): counts from the prepared events; returntrail computes the complete "
        "report with medians, as for a page. from raw: prepare and funnel together, because the log in an "
        "engine's own storage is not prepared. Spark runs in another process, so its CPU is not known here. "
        "All rows are equal."
    )
    return [Table(f"The same two answers, {number(found['events'])} events", head, rows, note)]


def answer(name: str, one: dict, ours: dict, question: str) -> list[str]:
    """An answer's milliseconds, and its time and CPU as multiples of ours."""
    cpu = "" if name == "spark" else f"{one[f'{question} CPU'] / ours[f'{question} CPU']:,.1f}"
    return [milliseconds(one[question]), f"{one[question] / ours[question]:,.1f}", cpu]
