"""Load and build of several sizes of log against DuckDB's bare typed read, and of one more day."""

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from etl.common.paths import CHECKOUT
from tests.bench import phases
from tests.bench.logs import FORMATS, log_of
from tests.bench.phases import Cost, Measured
from tests.bench.process import alone, median, moment
from tests.bench.tables import Table, megabytes, number, seconds, times

PHASES_SHOWN = 16
CODE = ("etl", "queries")


def measured(folder: Path, events: int, rounds: int | None = None) -> Iterator[dict]:
    """One size: bare read, load and build in turn, as often as given or the size allows; then one more day.

    The data stay for the other parts.
    """
    log, when = log_of(folder, events), moment()
    place = folder / f"work-{events}"
    rounds = rounds or (3 if events <= 1_000_000 else 2 if events <= 10_000_000 else 1)
    found = [phases.profile(log.files, place) for _ in range(rounds)]
    floors, loads, builds = (list(one) for one in zip(*found, strict=True))
    season = {
        "events": events,
        "when": when,
        "records": log.records,
        "rounds": rounds,
        "bare": summed(floors),
        "load": summed(loads),
        "build": summed(builds),
    }
    yield season
    data = place / "data"
    more = alone(phases.command, data, "load", log.day), alone(phases.command, data, "build")
    yield season | {"day load": summed([more[0]]), "day build": summed([more[1]])}


def formats(folder: Path, events: int) -> dict[str, dict]:
    """Loads the same log in each format."""
    found = {}
    for kind in FORMATS:
        log = log_of(folder, events, kind)
        place = phases.new_folder(folder / f"work-{kind}")
        found[kind] = summed([alone(phases.command, place, "load", *log.files)]) | {"bytes": log.bytes}
        shutil.rmtree(place)
    return found


def data_of(folder: Path, events: int) -> Path:
    """The built data directory of a size with one more day; made where it is missing or out of date."""
    data = folder / f"work-{events}" / "data"
    warehouse = data / "warehouse.duckdb"
    newest = max(file.stat().st_mtime for place in CODE for file in (CHECKOUT / place).rglob("*.[ps][yq]*"))
    if not warehouse.exists() or warehouse.stat().st_mtime < newest:
        alone(phases.command, phases.new_folder(data), "load", *log_of(folder, events).all_files)
        alone(phases.command, data, "build")
    return data


def summed(found: list[Measured]) -> dict:
    """The medians of seconds and CPU, the highest memory, and the phases of the round with the median CPU."""
    middle = sorted(found, key=lambda one: one.whole.cpu)[len(found) // 2]
    return {
        "seconds": median([one.whole.seconds for one in found]),
        "cpu": median([one.whole.cpu for one in found]),
        "peak_mb": max(one.peak_mb for one in found),
        "disk_bytes": middle.disk_bytes,
        "printed": middle.printed,
        "phases": {name: asdict(cost) for name, cost in middle.phases.items()},
    }


def together(load: dict, build: dict) -> dict:
    """Load and build together; memory is the higher of the two, because they run one after the other."""
    return {
        "seconds": load["seconds"] + build["seconds"],
        "cpu": load["cpu"] + build["cpu"],
        "peak_mb": max(load["peak_mb"], build["peak_mb"]),
        "disk_bytes": load["disk_bytes"] + build["disk_bytes"],
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
                    megabytes(cost["disk_bytes"]),
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
    floor = Cost(one["bare"]["seconds"], one["bare"]["cpu"])
    listed = {
        f"{verb}: {shown(name)}": Cost(**cost)
        for verb in ("load", "build")
        for name, cost in one[verb]["phases"].items()
    }
    rows = phases.phase_rows(listed, floor)[:PHASES_SHOWN]
    note = "A phase is a function, with its module in etl, and the table it is about."
    return Table(
        f"Where the time goes, {number(one['events'])} events", ["phase", "s", "x", "x CPU"], rows, note
    )


def shown(phase: str) -> str:
    """A phase by its function: with the module before it, `raw.fill_records` would look like a table."""
    module, _, rest = phase.partition(".")
    function, *table = rest.split(" ", 1)
    return " ".join([f"{function} ({module})", *table])


def day_table(sizes: list[dict]) -> Table:
    """What one more file costs in a data directory with the season, and what the build says it did."""
    rows = []
    for one in sizes:
        load, build, bare = one["day load"], one["day build"], one["bare"]
        both = together(load, build)
        rows.append(
            [
                number(one["events"]),
                seconds(load["cpu"]),
                seconds(build["cpu"]),
                times(both["cpu"], bare["cpu"]),
                times(build["cpu"], one["build"]["cpu"]),
                seconds(both["seconds"]),
                " ".join(build["printed"].partition(": ")[2].split()),
            ]
        )
    head = ["events", "load, CPU s", "build, CPU s", "both, x CPU", "x first build", "both, s", "build"]
    note = (
        "The file has 1 % new events and repeats the last 0.5 % of the season. x CPU: relative to the bare "
        "read of the whole season. build: what the command printed."
    )
    return Table("One more day", head, rows, note)


def format_table(by_format: dict[str, dict]) -> Table:
    """The load of each format against that of CSV."""
    csv = by_format["csv"]
    rows = [
        [
            kind,
            megabytes(one["bytes"]),
            seconds(one["seconds"]),
            seconds(one["cpu"]),
            times(one["cpu"], csv["cpu"]),
        ]
        for kind, one in by_format.items()
    ]
    return Table("Load of other formats", ["format", "MB", "s", "CPU s", "x CPU of csv"], rows)
