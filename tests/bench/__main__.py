"""returntrail against the bare engine and against peers, on logs of one to thirty million events, in one run.

    python -m tests.bench                              all parts of 1, 4 and 10 million events
    python -m tests.bench --sizes 1 --only questions   one part of one size
    python -m tests.bench --only load --write          load and build, and writes docs/performance.md

Every part stores its figures in results.json of the folder, so that one part can be measured again by itself.
BENCH_FULL=1 adds 30 million events.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from etl.common.paths import CHECKOUT
from etl.common.terminal import say
from tests.bench import clicks, comparison, growth, questions, scripts, small_files, targets
from tests.bench.page import write_page
from tests.bench.process import machine, moment
from tests.bench.tables import Table
from tests.bench.targets import LARGE

PARTS = ("load", "small-files", "questions", "scripts", "peers", "dashboard")
SIZES = [1.0, 4.0, 10.0]
LARGEST = 30.0
MILLION = 1_000_000


def options(words: list[str]) -> argparse.Namespace:
    found = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = SIZES + ([LARGEST] if os.environ.get("BENCH_FULL") == "1" else [])
    found.add_argument("--sizes", type=float, nargs="+", default=sizes, help="millions of events")
    found.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS), help="without a name: none")
    found.add_argument(
        "--peers", nargs="*", default=comparison.present(), help="default: those that are installed"
    )
    found.add_argument("--rounds", type=int, help="of bare read, load and build; default: by the size")
    found.add_argument("--small-files", type=int, default=10_000, help="of one record each, in the inbox")
    found.add_argument("--calls", type=int, default=60, help="of each question")
    found.add_argument("--people", type=int, default=20, help="in the crowd on the dashboard")
    found.add_argument("--pause", type=float, default=5.0, help="seconds between the clicks of each")
    found.add_argument("--clicks", type=int, default=24, help="of each of them")
    found.add_argument(
        "--folder", type=Path, default=CHECKOUT / "build" / "bench", help="where logs and figures are stored"
    )
    found.add_argument(
        "--write", action="store_true", help="write docs/performance.md from all figures of the folder"
    )
    return found.parse_args(words)


def main(words: list[str]) -> None:
    """Measures the chosen parts, and prints them."""
    chosen = options(words)
    folder = chosen.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    stored = folder / "results.json"
    results = json.loads(stored.read_text(encoding="utf-8")) if stored.exists() else {}
    sizes = sorted(round(size * MILLION) for size in chosen.sizes)
    results["machine"] = machine()
    print("\n".join(f"{what}: {found}" for what, found in results["machine"].items()), flush=True)
    for part, (measure, tabled) in parts(folder, sizes, chosen).items():
        if part in chosen.only:
            started = moment()
            say(f"Measuring: {part} ...")
            for found in measure(results.get(part, {})):
                # Stored after each step, so that an interrupted run loses little.
                results[part] = found | {"when": started}
                stored.write_text(json.dumps(results, default=str), encoding="utf-8")
            print(f"\n## {part}: {started}\n", *tabled(results[part]), sep="\n", flush=True)
    print(targets.table(results))
    if chosen.write:
        write_page(
            results,
            CHECKOUT / "docs",
            {part: tabled for part, (_, tabled) in parts(folder, sizes, chosen).items()},
        )


Measure = Callable[[dict], Iterator[dict]]
Tabled = Callable[[dict], list[Table]]


def parts(folder: Path, sizes: list[int], chosen: argparse.Namespace) -> dict[str, tuple[Measure, Tabled]]:
    """How each part is measured, from the figures stored before, and how it is shown.

    Questions are measured at every large size, or else at the largest; the other parts at one moderate size.
    """
    asked = [size for size in sizes if size >= LARGE] or sizes[-1:]
    moderate = max((size for size in sizes if size <= LARGE), default=sizes[0])
    crowds = list(dict.fromkeys([(1, 0.0), (chosen.people, chosen.pause)]))

    def load(found: dict) -> Iterator[dict]:
        known = found.get("sizes", {})
        for size in sizes:
            for one in growth.measured(folder, size, chosen.rounds):
                known[str(size)] = one
                yield found | {"sizes": known}
        formats = growth.formats(folder, sizes[0]) if sizes[0] <= MILLION else found.get("formats")
        yield found | {"sizes": known, "formats": formats}

    def load_small(_: dict) -> Iterator[dict]:
        yield small_files.measured(folder, moderate, chosen.small_files)

    def ask(found: dict) -> Iterator[dict]:
        known = found.get("sizes", {})
        for size in asked:
            known[str(size)] = questions.measured(folder, size, chosen.calls, chosen.rounds or 3)
            yield {"sizes": known}

    def compare_scripts(_: dict) -> Iterator[dict]:
        yield scripts.measured(folder, moderate, chosen.peers)

    def compare(_: dict) -> Iterator[dict]:
        yield comparison.measured(folder, moderate, chosen.peers)

    def click(_: dict) -> Iterator[dict]:
        yield clicks.measured(folder, moderate, crowds, chosen.clicks)

    return {
        "load": (load, lambda found: growth.tables(by_size(found), found.get("formats"))),
        "small-files": (load_small, small_files.tables),
        "questions": (
            ask,
            lambda found: [table for one in by_size(found) for table in questions.tables(one)],
        ),
        "scripts": (compare_scripts, scripts.tables),
        "peers": (compare, comparison.tables),
        "dashboard": (click, clicks.tables),
    }


def by_size(found: dict) -> list[dict]:
    """The figures of all sizes, small ones first."""
    return sorted(found["sizes"].values(), key=lambda one: one["events"])


if __name__ == "__main__":
    main(sys.argv[1:])
