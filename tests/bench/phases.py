"""Where a load and a build spend their time: each phase and table, against DuckDB's bare typed read.

    python tests/bench/phases.py --events 1000000 --folder DIR

The three run one after the other, each in its own process and folder, so that peaks of memory are
their own. A phase counts without the phases inside it; "other" is the time that no phase covers.
"""

import argparse
import importlib
import os
import resource
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from etl.common.duck import literal
from etl.common.paths import DataDir
from tests.bench.logs import Log, log_of
from tests.bench.process import alone

TIME = "Date/Time"
TIME_FORMAT = "%m/%d/%Y %I:%M:%S %p"
# The measured functions, by the module that calls them. A function that gets the file of a table is measured
# for each table.
LOAD = {
    "etl.store.load": ("verified", "stage", "write_part"),
    "etl.read.stage": ("utf8_text",),
    "etl.read.csv_records": ("stage_fast",),
    "etl.store.write_part": (
        "collect_texts",
        "redact_file",
        "map_staged",
        "write_records",
        "write_quarantine",
    ),
    "etl.store.parts": ("publish",),
}
BUILD = {
    "etl.warehouse.build": (
        "read_catalog",
        "fill_reference",
        "fill_raw",
        "fill_counts",
        "check_table",
        "create_reports",
        "describe_tables",
        "replace_warehouse",
    ),
    "etl.warehouse.models": ("create_model",),
}


@dataclass
class Cost:
    """Seconds of a phase by the clock and of the processors."""

    seconds: float = 0.0
    cpu: float = 0.0

    def add(self, seconds: float, cpu: float) -> None:
        self.seconds += seconds
        self.cpu += cpu


@dataclass
class Measured:
    """The cost of a process, and its phases in the order in which they began."""

    whole: Cost
    peak_mb: int
    disk_mb: int
    phases: dict[str, Cost] = field(default_factory=dict)


class Phases:
    """Measures functions by name, each without what is measured inside it."""

    def __init__(self) -> None:
        self.costs: defaultdict[str, Cost] = defaultdict(Cost)
        self.inside: list[Cost] = []

    def measure(self, modules: dict[str, tuple[str, ...]]) -> None:
        for module_name, names in modules.items():
            module = importlib.import_module(module_name)
            for name in names:
                setattr(module, name, self.measured(name, getattr(module, name)))

    def measured(self, name: str, function: Callable) -> Callable:
        @wraps(function)
        def timed(*arguments: object, **named: object) -> object:
            tables = [one.full_name for one in arguments if hasattr(one, "full_name")]
            cost = self.costs[" ".join([name, *tables])]
            self.inside.append(Cost())
            started, cpu = time.monotonic(), time.process_time()
            try:
                return function(*arguments, **named)
            finally:
                seconds, used = time.monotonic() - started, time.process_time() - cpu
                own = self.inside.pop()
                cost.add(seconds - own.seconds, used - own.cpu)
                if self.inside:
                    self.inside[-1].add(seconds, used)

        return timed


def measured(work: Callable[[], object], place: Path, phases: Phases) -> Measured:
    """Does the work in this process."""
    started, cpu = time.monotonic(), time.process_time()
    work()
    whole = Cost(time.monotonic() - started, time.process_time() - cpu)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    files = [place] if place.is_file() else [one for one in place.rglob("*") if one.is_file()]
    return Measured(whole, peak, sum(one.stat().st_size for one in files) >> 20, dict(phases.costs))


def bare(log: Log, file: Path) -> Measured:
    """The bare typed `create table as`: the least that the engine needs to read the files."""

    def work() -> None:
        limits = {
            "threads": os.cpu_count() or 1,
            "memory_limit": "4GB",
            "temp_directory": str(file.parent / "spill"),
        }
        with duckdb.connect(file, config=limits) as database:
            database.execute(f"""
                create table events as from read_csv(
                    [{", ".join(literal(one) for one in log.files)}], delim = ',', quote = '"', header = true,
                    types = {{{literal(TIME)}: 'timestamp'}}, timestampformat = {literal(TIME_FORMAT)}
                )
            """)

    return measured(work, file, Phases())


def load_phases(log: Log, folder: Path) -> Measured:
    """`returntrail load` of the files into an empty data directory."""
    from etl.config.settings import read_settings
    from etl.store import load

    data, phases = DataDir(folder), Phases()
    phases.measure(LOAD)
    return measured(lambda: load.load(data, read_settings(data.settings), log.files), data.store, phases)


def build_phases(log: Log, folder: Path) -> Measured:
    """`returntrail build` of the loaded files."""
    from etl.warehouse.build import build

    data, phases = DataDir(folder), Phases()
    phases.measure(BUILD)
    return measured(lambda: build(data), data.warehouse, phases)


def profile(log: Log, folder: Path) -> tuple[Measured, Measured, Measured]:
    """The bare read, the load and the build of a log, each new; the data directory of the last two stays."""
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    floor = folder / "bare.duckdb"
    floor.unlink(missing_ok=True)
    found = alone(bare, log, floor), alone(load_phases, log, data), alone(build_phases, log, data)
    floor.unlink()
    return found


def show(title: str, found: Measured, floor: Measured, least: float = 0.005) -> None:
    """The total and its phases, slowest first, as seconds and multiples of the bare read."""
    line("", "s", "x", "CPU s", "x")
    line(title, *figures(found.whole, floor.whole))
    covered = Cost()
    for cost in found.phases.values():
        covered.add(cost.seconds, cost.cpu)
    rest = Cost(found.whole.seconds - covered.seconds, found.whole.cpu - covered.cpu)
    phases = sorted(found.phases.items(), key=lambda one: -one[1].cpu)
    for name, cost in [*phases, ("other", rest)]:
        if cost.cpu >= least * floor.whole.cpu:
            line(f"  {name}", *figures(cost, floor.whole))
    print(f"{title}: {found.peak_mb:,} MB of memory, {found.disk_mb:,} MB on disk.\n")


def figures(cost: Cost, floor: Cost) -> tuple[str, str, str, str]:
    return (
        f"{cost.seconds:.2f}",
        f"{cost.seconds / floor.seconds:.2f}",
        f"{cost.cpu:.2f}",
        f"{cost.cpu / floor.cpu:.2f}",
    )


def line(name: str, *cells: str) -> None:
    print(f"{name:44}" + "".join(f"{cell:>10}" for cell in cells))


def main() -> None:
    """One measurement, printed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument(
        "--folder", type=Path, required=True, help="where the log is stored and all files are made"
    )
    chosen = parser.parse_args()
    folder = chosen.folder.resolve()
    log = log_of(folder, chosen.events)
    floor, loading, building = profile(log, folder)
    print(
        f"{log.records:,} records, {log.bytes >> 20:,} MB of CSV in {len(log.files)} files; "
        f"{os.cpu_count()} cores.\n"
    )
    show("bare typed read", floor, floor)
    show("load", loading, floor)
    show("build", building, floor)
    whole = Cost(loading.whole.seconds + building.whole.seconds, loading.whole.cpu + building.whole.cpu)
    line("load + build", *figures(whole, floor.whole))


if __name__ == "__main__":
    main()
