"""The targets against the measured figures; a missed target is not a failure.

All limits are here and nowhere else. CPU is a multiple of the bare read of the same files in the same run.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tests.bench.comparison import OURS
from tests.bench.growth import together
from tests.bench.process import median
from tests.bench.questions import is_on_screen, title
from tests.bench.small_files import DEMO, ONE_EACH
from tests.bench.tables import Table, number, seconds

LARGE = 10_000_000
LOAD_AND_BUILD = 4.2


class Target(NamedTuple):
    """What is measured, its unit, the figure, the target, one that would be better still, and the seconds."""

    what: str
    unit: str
    found: float
    target: float
    stretch: float | None = None
    more_is_better: bool = False
    elapsed: float | None = None

    @property
    def verdict(self) -> str:
        """Met, or by how much it is missed."""
        if self.stretch is not None and self.missed_by(self.stretch) <= 1:
            return "met, and the stretch"
        missed_by = self.missed_by(self.target)
        return "met" if missed_by <= 1 else f"missed: {missed_by:.2f} times the target"

    def missed_by(self, limit: float) -> float:
        if self.more_is_better:
            return limit / self.found if self.found else float("inf")
        return self.found / limit


def table(results: dict) -> Table:
    """Every target with a figure."""
    found = [
        *of_growth(results),
        *of_small_files(results),
        *of_questions(results),
        *of_peers(results),
        *of_clicks(results),
    ]
    rows = []
    for one in found:
        least = "at least " if one.more_is_better else "at most "
        stretch = "" if one.stretch is None else f"{one.stretch:,g}{one.unit}"
        figure = f"{one.found:,.2f}".removesuffix(".00") + one.unit
        elapsed = "" if one.elapsed is None else seconds(one.elapsed)
        rows.append([one.what, f"{least}{one.target:,g}{one.unit}", stretch, figure, elapsed, one.verdict])
    return Table("Targets", ["what", "target", "stretch", "measured", "elapsed, s", "result"], rows)


def of_growth(results: dict) -> Iterator[Target]:
    sizes = sorted(results.get("load", {}).get("sizes", {}).values(), key=lambda one: one["events"])
    for one in [one for one in sizes if one["events"] >= LARGE] or sizes[-1:]:
        size, load, build = number(one["events"]), one["load"], one["build"]
        bare, whole = one["bare"]["cpu"], together(load, build)
        limits = [("load + build", whole, LOAD_AND_BUILD, 3.0)]
        if one["events"] <= LARGE:
            limits += [("load", load, 2.0, 1.5), ("build", build, 2.2, 1.5)]
            if "day load" in one:
                day = together(one["day load"], one["day build"])
                limits.append(("one more day, load + build", day, 1.0, 0.3))
        for what, cost, target, stretch in limits:
            found = cost["cpu"] / bare
            yield Target(f"{what}, {size} events, CPU", " x", found, target, stretch, elapsed=cost["seconds"])
        if one["events"] <= LARGE:
            for what, cost, target, stretch in (("store", load, 20, 15), ("warehouse", build, 90, 70)):
                each = cost["disk_bytes"] / one["records"]
                yield Target(f"{what}, {size} events, bytes an event", "", each, target, stretch)
        for what, cost in (("load", load), ("build", build)):
            yield memory(what, one["events"], cost)
    if len(sizes) > 1:
        first, last = (
            together(one["load"], one["build"])["cpu"] / one["records"] for one in (sizes[0], sizes[-1])
        )
        span = f"{number(sizes[0]['events'])} to {number(sizes[-1]['events'])} events"
        yield Target(f"CPU per event, growth from {span}", " x", last / first, 1.15)


def memory(what: str, events: int, cost: dict) -> Target:
    target = 4 if events > LARGE else 3
    return Target(f"memory, {what}, {number(events)} events", " GB", cost["peak_mb"] / 1024, target)


def of_small_files(results: dict) -> Iterator[Target]:
    for what, one in results.get("small-files", {}).get("loads", {}).items():
        target = {ONE_EACH: 60 * one["files"] / 10_000, DEMO: 2}[what]
        yield Target(f"load, {number(one['files'])} files: {what}", " s", one["seconds"], target)


def of_questions(results: dict) -> Iterator[Target]:
    for found in results.get("questions", {}).get("sizes", {}).values():
        is_larger, size = found["events"] > LARGE, number(found["events"])
        most, stretch = (80, None) if is_larger else (50, 30)
        on_screen = [one for one in found["questions"] if is_on_screen(one)]
        within = sum(one["p95"] * 1000 <= most for one in on_screen)
        what = f"questions within {most} ms, {size} events"
        yield Target(what, "", within, len(on_screen), more_is_better=True)
        worst = max(on_screen, key=lambda one: one["p95"])
        what = f"slowest question, {size} events: {title(worst)}, p95"
        yield Target(what, " ms", worst["p95"] * 1000, most, stretch)
        slowest = max(one["p95"] for one in on_screen if one["report"] == "return_timeline")
        what = f"`return_timeline`, {size} events, p95"
        yield Target(what, " ms", slowest * 1000, 20 if is_larger else 10)
        largest = found["largest"]
        yield memory(f"largest report `{largest['report']}`", found["events"], largest)
        what = f"largest report `{largest['report']}`, {size} events, CPU of its select"
        yield Target(what, " x", largest["cpu"] / largest["select cpu"], 2)


def of_peers(results: dict) -> Iterator[Target]:
    peers = results.get("peers", {}).get("peers", {})
    for name, one in peers.items():
        if name != OURS:
            faster = (one["prepare"] + one["funnel"]) / peers[OURS]["funnel"]
            what = f"the funnel against {name}, from its raw events"
            yield Target(what, " x", faster, 20 if name == "pandas" else 1, more_is_better=True)


def of_clicks(results: dict) -> Iterator[Target]:
    for one in results.get("dashboard", {}).get("crowds", []):
        if one["people"] > 1:
            times = [taken for kind, taken in one["times"].items() if kind != "first visit"]
            every = [second for kind in times for second in kind]
            yield Target(f"a click with {one['people']} people, p50", " ms", median(every) * 1000, 150)
