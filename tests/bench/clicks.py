"""How long the server works on a first visit, another page, filter or return, for one user or many.

The visitors speak the dashboard's own protocol, so what a browser takes to draw is not in these times.
"""

import asyncio
import os
from collections import defaultdict
from pathlib import Path
from random import Random

from etl.common.paths import DataDir
from etl.warehouse.ask import ask, open_warehouse
from tests.bench.growth import data_of
from tests.bench.process import median, percentile
from tests.bench.tables import Table, milliseconds, number
from tests.support.served import memory_mib, process_of, served
from tests.support.visitors import Clicks, crowd

PAGES = ("", "returns", "pipeline", "email", "turnaround")
KINDS = ("first visit", "another page", "another filter", "a return")
LIMIT_SECONDS = 900
Click = tuple[str, str, str]


def measured(folder: Path, events: int, crowds: list[tuple[int, float]], clicks: int) -> dict:
    """Measures crowds of so many people with so many clicks and pauses, each crowd on its own server."""
    data = DataDir(data_of(folder, events))
    with open_warehouse(data.warehouse) as warehouse:
        choices = ask(warehouse, "filter_choices")
        offices = choices.filter(choices["filter_name"] == "office")["choice"].to_list()
        returns = ask(warehouse, "all_returns", ["return_id"])["return_id"].sample(50, seed=1).to_list()
    found = []
    for people, pause in crowds:
        visits = [person(number, clicks, offices, returns) for number in range(people)]
        found.append({"people": people, "pause": pause} | of_crowd(data, visits, pause))
    return {"events": events, "crowds": found}


def of_crowd(data: DataDir, visits: list[list[Click]], pause: float) -> dict:
    """The seconds of every click by its kind, and what the server used."""
    with served(data) as where:
        server = process_of(where)
        before = cpu_seconds(server)
        answered = asyncio.run(crowd(where, [with_pauses(clicks, pause) for clicks in visits], LIMIT_SECONDS))
        used, memory = cpu_seconds(server) - before, memory_mib(server)
    times = defaultdict(list)
    for clicks, seconds in zip(visits, answered, strict=True):
        for (kind, _, _), taken in zip(clicks, seconds, strict=True):
            times[kind].append(taken)
    count = sum(len(one) for one in times.values())
    return {"times": times, "cpu": used / count, "memory_mib": memory}


def with_pauses(clicks: list[Click], pause: float) -> Clicks:
    """The clicks with about this pause before each, at different times for each person."""
    dice = Random(str(clicks))
    for place, (_, page, address) in enumerate(clicks):
        yield pause * (dice.uniform(0.8, 1.2) if place else dice.random()), page, address


def person(number: int, clicks: int, offices: list[str], returns: list[str]) -> list[Click]:
    """A first visit, then so many clicks of the other kinds in turn, each from the page of the one before."""
    dice = Random(number)
    page, address = "", ""
    visit = [("first visit", page, address)]
    for turn in range(clicks):
        kind = KINDS[1 + (turn + number) % 3]
        if kind == "another page":
            page = dice.choice([one for one in PAGES if one != page])
        elif kind == "another filter":
            address = f"office={dice.choice([one for one in offices if one not in address])}"
        visit.append(
            (kind, "return", f"id={dice.choice(returns)}") if kind == "a return" else (kind, page, address)
        )
    return visit


def cpu_seconds(process: Path) -> float:
    """The CPU seconds of the server so far."""
    fields = (process / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tables(found: dict) -> list[Table]:
    """Each kind of click in each crowd."""
    rows = []
    for one in found["crowds"]:
        every = [taken for kind, times in one["times"].items() if kind != "first visit" for taken in times]
        for kind, times in [
            *((kind, one["times"].get(kind, [])) for kind in KINDS),
            ("all but the first", every),
        ]:
            if times:
                rows.append(
                    [
                        number(one["people"]),
                        f"{one['pause']:.0f}",
                        kind,
                        number(len(times)),
                        milliseconds(median(times)),
                        milliseconds(percentile(times, 95)),
                        milliseconds(one["cpu"]),
                        number(one["memory_mib"]),
                    ]
                )
    head = [
        "people",
        "pause, s",
        "click",
        "clicks",
        "p50, ms",
        "p95, ms",
        "server CPU per click, ms",
        "server memory, MiB",
    ]
    note = "From the click until the server reports a complete page. Pages, filters and returns are random."
    return [Table(f"Clicks on the dashboard, {number(found['events'])} events", head, rows, note)]
