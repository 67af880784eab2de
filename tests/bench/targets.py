"""The targets against the measured figures; a missed target is not a failure."""

from collections.abc import Iterator

from tests.bench.comparison import OURS
from tests.bench.growth import together
from tests.bench.process import median
from tests.bench.questions import is_on_screen, title
from tests.bench.tables import Table, number

# What is measured, the target, the figure, its unit, and whether more is better.
Target = tuple[str, float, float, str, bool]
LARGE = 10_000_000


def table(results: dict) -> Table:
    """Every target with a figure."""
    found = [*of_growth(results), *of_questions(results), *of_peers(results), *of_clicks(results)]
    rows = [
        [
            what,
            f"{'at least' if more else 'at most'} {aim:,g}{unit}",
            f"{value:,.2f}{unit}",
            verdict(value, aim, more),
        ]
        for what, aim, value, unit, more in found
    ]
    return Table("Targets", ["what", "target", "measured", "result"], rows)


def verdict(found: float, aim: float, more_is_better: bool) -> str:
    """Met, or by how much it is missed."""
    missed_by = aim / found if more_is_better else found / aim
    return "met" if missed_by <= 1 else f"missed: {missed_by:.2f} times the target"


def of_growth(results: dict) -> Iterator[Target]:
    sizes = sorted(results.get("load", {}).get("sizes", {}).values(), key=lambda one: one["events"])
    for one in [one for one in sizes if one["events"] >= LARGE] or sizes[-1:]:
        size, whole = number(one["events"]), together(one["load"], one["build"])
        yield (
            f"load + build, {size} events, elapsed",
            3.0,
            whole["seconds"] / one["bare"]["seconds"],
            " x",
            False,
        )
        yield f"load + build, {size} events, CPU", 3.0, whole["cpu"] / one["bare"]["cpu"], " x", False
        yield f"memory, {size} events", 4.0, whole["peak_mb"] / 1024, " GB", False
    if len(sizes) > 1:
        first, last = (
            together(one["load"], one["build"])["cpu"] / one["records"] for one in (sizes[0], sizes[-1])
        )
        span = f"{number(sizes[0]['events'])} to {number(sizes[-1]['events'])} events"
        yield f"CPU per event, growth from {span}", 1.15, last / first, " x", False


def of_questions(results: dict) -> Iterator[Target]:
    for found in results.get("questions", {}).get("sizes", {}).values():
        size, aim = number(found["events"]), 80 if found["events"] > LARGE else 50
        on_screen = [one for one in found["questions"] if is_on_screen(one)]
        worst = max(on_screen, key=lambda one: one["p95"])
        within = sum(one["p95"] * 1000 <= aim for one in on_screen)
        slowest = f"slowest question of the dashboard, {size} events: {title(worst)}, p95"
        yield slowest, aim, worst["p95"] * 1000, " ms", False
        yield f"questions within {aim} ms, {size} events", len(on_screen), within, "", True
        for report, most in (("return_timeline", 20), ("find_returns", 50)):
            slowest = max(one["p95"] for one in on_screen if one["report"] == report)
            yield f"`{report}`, {size} events, p95", most, slowest * 1000, " ms", False


def of_peers(results: dict) -> Iterator[Target]:
    peers = results.get("peers", {}).get("peers", {})
    for name, one in peers.items():
        if name != OURS:
            faster = (one["prepare"] + one["funnel"]) / peers[OURS]["funnel"]
            yield (
                f"the funnel against {name}, from its raw events",
                20 if name == "pandas" else 1,
                faster,
                " x",
                True,
            )


def of_clicks(results: dict) -> Iterator[Target]:
    for one in results.get("dashboard", {}).get("crowds", []):
        if one["people"] > 1:
            times = [taken for kind, taken in one["times"].items() if kind != "first visit"]
            every = [second for kind in times for second in kind]
            yield f"a click with {one['people']} people, p50", 150, median(every) * 1000, " ms", False
