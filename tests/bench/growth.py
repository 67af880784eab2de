"""Load and build of several sizes of log against DuckDB's bare typed read, and of one more day."""

import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from etl.common.paths import CHECKOUT
from tests.bench import phases
from tests.bench.logs import FORMATS, log_of
from tests.bench.phases import Measured
from tests.bench.process import alone, median, moment
from tests.bench.tables import Table, number, seconds

PHASES_SHOWN = 16
CODE = ("etl", "queries")


def measured(folder: Path, events: int, rounds: int | None = None) -> Iterator[dict]:
    """One size: bare read, load and build in turn, as often as given or the size allows; then one more day.

    The data stay for the other parts.
    """
    log, when = log_of(folder, events), moment()
    place = folder / f"work-{events}"
    rounds = rounds or (3 if events <= 1_000_000 else 2 if events <= 10_000_000 else 1)
    found = [phases.profile(log, place) for _ in range(rounds)]
    floors, loads, builds = (list(one) for one in zip(*found, strict=True))
    season = {
        "events": events,
        "when": when,
        "records": log.records,
        "csv_mb": log.bytes >> 20,
        "rounds": rounds,
        "bare": summed(floors),
        "load": summed(loads),
        "build": summed(builds),
    }
    yield season
    day = replace(log, files=[log.day])
    more = alone(phases.load_phases, day, place / "data"), alone(phases.build_phases, day, place / "data")
    yield season | {"day load": summed([more[0]]), "day build": summed([more[1]])}


def formats(folder: Path, events: int) -> dict[str, dict]:
    """Loads the same log in each format."""
    found = {}
    for kind in FORMATS:
        log = log_of(folder, events, kind)
        place = folder / f"work-{kind}"
        place.mkdir(parents=True, exist_ok=True)
        found[kind] = summed([alone(phases.load_phases, log, place)]) | {"file_mb": log.bytes >> 20}
        shutil.rmtree(place)
    return found


def data_of(folder: Path, events: int) -> Path:
    """The built data directory of a size with one more day; made where it is missing or out of date."""
    data = folder / f"work-{events}" / "data"
    warehouse = data / "warehouse.duckdb"
    newest = max(file.stat().st_mtime for place in CODE for file in (CHECKOUT / place).rglob("*.[ps][yq]*"))
    if not warehouse.exists() or warehouse.stat().st_mtime < newest:
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        log = log_of(folder, events)
        alone(phases.load_phases, replace(log, files=log.all_files), data)
        alone(phases.build_phases, log, data)
    return data


def summed(found: list[Measured]) -> dict:
    """The medians of seconds and CPU, the highest memory, and the phases of the round with the median CPU."""
    middle = sorted(found, key=lambda one: one.whole.cpu)[len(found) // 2]
    return {
        "seconds": median([one.whole.seconds for one in found]),
        "cpu": median([one.whole.cpu for one in found]),
        "peak_mb": max(one.peak_mb for one in found),
        "disk_mb": middle.disk_mb,
        "phases": {name: asdict(cost) for name, cost in middle.phases.items()},
    }


def together(load: dict, build: dict) -> dict:
    """Load and build together; memory is the higher of the two, because they run one after the other."""
    return {
        "seconds": load["seconds"] + build["seconds"],
        "cpu": load["cpu"] + build["cpu"],
        "peak_mb": max(load["peak_mb"], build["peak_mb"]),
        "disk_mb": load["disk_mb"] + build["disk_mb"],
    }


def tables(sizes: list[dict], by_format: dict[str, dict] | None) -> list[Table]:
    """The tables: ratios of each size, phases of the largest one, one more day, other formats."""
    head = ["events", "what", "s", "x", "CPU s", "x CPU", "CPU µs per event", "memory MB", "disk MB"]
    rows = []
    for one in sizes:
        whole = together(one["load"], one["build"])
        for what, cost in (
            ("bare", one["bare"]),
            ("load", one["load"]),
            ("build", one["build"]),
            ("load + build", whole),
        ):
            rows.append(
                [
                    number(one["events"]),
                    what,
                    seconds(cost["seconds"]),
                    times(cost["seconds"], one["bare"]["seconds"]),
                    seconds(cost["cpu"]),
                    times(cost["cpu"], one["bare"]["cpu"]),
                    f"{cost['cpu'] / one['records'] * 1e6:.1f}",
                    number(cost["peak_mb"]),
                    number(cost["disk_mb"]),
                ]
            )
    note = "x: relative to the bare typed read of the same files, in the same round. " + "; ".join(
        f"{number(one['events'])} events: rounds: {one['rounds']}, from {one['when']}" for one in sizes
    )
    found = [Table("Load and build", head, rows, f"{note}.")]
    found.append(phase_table(sizes[-1]))
    found.append(day_table([one for one in sizes if "day load" in one]))
    return found + ([format_table(by_format)] if by_format else [])


def phase_table(one: dict) -> Table:
    """The most expensive phases of load and build."""
    bare = one["bare"]
    listed = [
        (f"{verb}: {name}", cost) for verb in ("load", "build") for name, cost in one[verb]["phases"].items()
    ]
    listed.sort(key=lambda item: -item[1]["cpu"])
    rows = [
        [
            name,
            seconds(cost["seconds"]),
            times(cost["seconds"], bare["seconds"]),
            times(cost["cpu"], bare["cpu"]),
        ]
        for name, cost in listed[:PHASES_SHOWN]
    ]
    return Table(f"Where the time goes, {number(one['events'])} events", ["phase", "s", "x", "x CPU"], rows)


def day_table(sizes: list[dict]) -> Table:
    """The cost of one more file of 1 % for a data directory with the season."""
    rows = [
        [
            number(one["events"]),
            seconds(one["day load"]["cpu"]),
            times(one["day load"]["cpu"], one["load"]["cpu"]),
            seconds(one["day build"]["cpu"]),
            times(one["day build"]["cpu"], one["build"]["cpu"]),
            seconds(one["day load"]["seconds"] + one["day build"]["seconds"]),
        ]
        for one in sizes
    ]
    head = [
        "events",
        "load, CPU s",
        "share of the season's",
        "build, CPU s",
        "share of the season's",
        "both, s",
    ]
    return Table("One more day's file (1 %)", head, rows)


def format_table(by_format: dict[str, dict]) -> Table:
    """The load of each format against that of CSV."""
    csv = by_format["csv"]
    rows = [
        [
            kind,
            number(one["file_mb"]),
            seconds(one["seconds"]),
            seconds(one["cpu"]),
            times(one["cpu"], csv["cpu"]),
        ]
        for kind, one in by_format.items()
    ]
    return Table("Load of other formats", ["format", "MB", "s", "CPU s", "x CPU of csv"], rows)


def times(value: float, base: float) -> str:
    return f"{value / base:.2f}"
