"""Where a load and a build spend their time: each function and table, against DuckDB's bare typed read.

    python tests/bench/phases.py --events 1000000 --folder DIR

The three run one after the other, each in its own process and folder, so that peaks of memory are
their own. The functions are those that run, by their names in the code, each without the functions inside
it that are listed themselves.
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
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import wraps
from inspect import isfunction, isgeneratorfunction
from io import StringIO
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from etl.__main__ import main as returntrail
from etl.common.duck import literal
from tests.bench.logs import log_of
from tests.bench.process import alone
from tests.bench.tables import Table, megabytes, number, seconds, times

TIME = "Date/Time"
TIME_FORMAT = "%m/%d/%Y %I:%M:%S %p"
# What the commands import while they run: imported before the clock starts, because imports are no phase.
IMPORTED = ("etl.store.load", "etl.warehouse.build", "etl.reports.files")
# The packages whose functions are phases; other packages count for the function that calls them.
MEASURED = ("etl.read.", "etl.store.", "etl.warehouse.")


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
    """The cost of work, the bytes that it added, what it printed, and its phases as they began."""

    whole: Cost
    peak_mb: int
    disk_bytes: int
    printed: str = ""
    phases: dict[str, Cost] = field(default_factory=dict)


class Phases:
    """Measures functions by name, each without what is measured inside it."""

    def __init__(self) -> None:
        self.costs: defaultdict[str, Cost] = defaultdict(Cost)
        self.inside: list[Cost] = []

    def measure(self) -> None:
        """Replaces the functions of the measured packages, also where another module imported them."""
        for name in IMPORTED:
            importlib.import_module(name)
        for module in [one for name, one in sys.modules.items() if name.startswith("etl.")]:
            for name, value in list(vars(module).items()):
                # A generator runs while its caller asks for more, and counts for it.
                is_ours = isfunction(value) and value.__module__.startswith(MEASURED)
                if is_ours and not isgeneratorfunction(value):
                    setattr(module, name, self.measured(value))

    def measured(self, function: Callable) -> Callable:
        @wraps(function)
        def timed(*arguments: object, **named: object) -> object:
            # A function that gets the file of a table is measured for each table.
            tables = [one.full_name for one in arguments if hasattr(one, "full_name")]
            module = function.__module__.rpartition(".")[2]
            cost = self.costs[" ".join([f"{module}.{function.__name__}", *tables])]
            self.inside.append(Cost())
            started, cpu = time.monotonic(), time.process_time()
            try:
                return function(*arguments, **named)
            finally:
                taken, used = time.monotonic() - started, time.process_time() - cpu
                own = self.inside.pop()
                cost.add(taken - own.seconds, used - own.cpu)
                if self.inside:
                    self.inside[-1].add(taken, used)

        return timed


def measured(work: Callable[[], object], folder: Path, phases: Phases) -> Measured:
    """Does the work, which adds files to the folder, in this process."""
    before, printed = bytes_of(folder), StringIO()
    started, cpu = time.monotonic(), time.process_time()
    with redirect_stdout(printed):
        work()
    whole = Cost(time.monotonic() - started, time.process_time() - cpu)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Measured(whole, peak, bytes_of(folder) - before, printed.getvalue().strip(), dict(phases.costs))


def bytes_of(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())


def bare(files: list[Path], folder: Path) -> Measured:
    """The bare typed `create table as`: the least that the engine needs to read the files."""

    def work() -> None:
        limits = {
            "threads": os.cpu_count() or 1,
            "memory_limit": "4GB",
            "temp_directory": str(folder / "spill"),
        }
        with duckdb.connect(folder / "bare.duckdb", config=limits) as database:
            database.execute(f"""
                create table events as from read_csv(
                    [{", ".join(literal(one) for one in files)}], delim = ',', quote = '"', header = true,
                    types = {{{literal(TIME)}: 'timestamp'}}, timestampformat = {literal(TIME_FORMAT)}
                )
            """)

    return measured(work, folder, Phases())


def command(data: Path, verb: str, *words: object) -> Measured:
    """`returntrail` with a verb and its words for a data directory. Raises an AssertionError if it fails."""
    phases, messages = Phases(), StringIO()

    def work() -> None:
        with redirect_stderr(messages):
            code = returntrail(["--data", str(data), verb, *map(str, words)])
        assert code == 0, messages.getvalue()

    phases.measure()
    return measured(work, data, phases)


def profile(files: list[Path], folder: Path) -> tuple[Measured, Measured, Measured]:
    """The bare read, the load and the build of files, each new; the data directory of the last two stays."""
    data, floor = new_folder(folder / "data"), new_folder(folder / "bare")
    found = (alone(bare, files, floor), alone(command, data, "load", *files), alone(command, data, "build"))
    shutil.rmtree(floor)
    return found


def new_folder(folder: Path) -> Path:
    """The folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def phase_rows(phases: dict[str, Cost], floor: Cost) -> list[list[str]]:
    """The phases, the most expensive first, as seconds and multiples of the bare read."""
    return [
        [name, seconds(cost.seconds), times(cost.seconds, floor.seconds), times(cost.cpu, floor.cpu)]
        for name, cost in sorted(phases.items(), key=lambda one: -one[1].cpu)
    ]


def table(title: str, found: Measured, floor: Measured, shown: int = 30) -> Table:
    """The whole and its most expensive phases; "other" is the time that no phase covers."""
    other = Cost(found.whole.seconds, found.whole.cpu)
    for cost in found.phases.values():
        other.add(-cost.seconds, -cost.cpu)
    rows = phase_rows({title: found.whole}, floor.whole)
    rows += phase_rows(found.phases | {"other": other}, floor.whole)[:shown]
    note = f"{number(found.peak_mb)} MB of memory, {megabytes(found.disk_bytes)} MB on disk."
    return Table(title, ["phase", "s", "x", "x CPU"], rows, note)


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
    floor, loading, building = profile(log.files, folder)
    print(f"{number(log.records)} records, {megabytes(log.bytes)} MB of CSV; {os.cpu_count()} cores.\n")
    for title, found in (("bare read", floor), ("load", loading), ("build", building)):
        print(table(title, found, floor))
    whole = Cost(loading.whole.seconds + building.whole.seconds, loading.whole.cpu + building.whole.cpu)
    print(" | ".join(phase_rows({"load + build": whole}, floor.whole)[0]))


if __name__ == "__main__":
    main()
