"""returntrail against the bare engine and against peers, on logs of one to thirty million events, in one run.

    python -m tests.bench                            all of it: 1, 4 and 10 million events (BENCH_FULL=1 adds
    30) python -m tests.bench --sizes 1 --only questions python -m tests.bench --only load --write
    measures load and build, and writes docs/performance.md

Every part keeps its figures in results.json of the folder, so that one part can be measured anew by itself.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from etl.common.paths import CHECKOUT
from etl.common.terminal import say
from tests.bench import clicks, comparison, growth, questions, targets
from tests.bench.page import write_page
from tests.bench.process import machine, moment
from tests.bench.tables import Table

PARTS = ("load", "questions", "peers", "dashboard")
SIZES = [1.0, 4.0, 10.0]
LARGEST = 30.0
MILLION = 1_000_000
# From here on questions are asked of every size; peers and dashboard stop here.
LARGE = 10 * MILLION


def options(words: list[str]) -> argparse.Namespace:
    found = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = SIZES + ([LARGEST] if os.environ.get("BENCH_FULL") == "1" else [])
    found.add_argument("--sizes", type=float, nargs="+", default=sizes, help="millions of events")
    found.add_argument(
        "--only", nargs="*", choices=PARTS, default=list(PARTS), help="none of them with nothing behind it"
    )
    found.add_argument("--peers", nargs="*", default=comparison.present(), help="of those that are installed")
    found.add_argument("--rounds", type=int, help="of bare read, load and build; by the size if not given")
    found.add_argument("--calls", type=int, default=60, help="of each question")
    found.add_argument("--people", type=int, default=20, help="in the crowd on the dashboard")
    found.add_argument("--pause", type=float, default=5.0, help="seconds between the clicks of each")
    found.add_argument("--clicks", type=int, default=24, help="of each of them")
    found.add_argument(
        "--folder", type=Path, default=CHECKOUT / "build" / "bench", help="where logs and figures are kept"
    )
    found.add_argument(
        "--write", action="store_true", help="docs/performance.md from all figures of the folder"
    )
    return found.parse_args(words)


def main(words: list[str]) -> None:
    """Measures what is wished for, and prints it."""
    wishes = options(words)
    folder = wishes.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "results.json"
    results = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    sizes = sorted(round(size * MILLION) for size in wishes.sizes)
    results["machine"] = machine()
    print("\n".join(f"{what}: {found}" for what, found in results["machine"].items()), flush=True)
    for part, (measure, tabled) in parts(folder, sizes, wishes).items():
        if part in wishes.only:
            started = moment()
            say(f"Measuring: {part} ...")
            for found in measure(results.get(part, {})):
                # What was found so far outlives a run that is broken off.
                results[part] = found | {"when": started}
                kept.write_text(json.dumps(results), encoding="utf-8")
            print(f"\n## {part}: {started}\n", *tabled(results[part]), sep="\n", flush=True)
    print(targets.table(results))
    if wishes.write:
        write_page(
            results,
            CHECKOUT / "docs",
            {part: tabled for part, (_, tabled) in parts(folder, sizes, wishes).items()},
        )


Measure = Callable[[dict], Iterator[dict]]
Tabled = Callable[[dict], list[Table]]


def parts(folder: Path, sizes: list[int], wishes: argparse.Namespace) -> dict[str, tuple[Measure, Tabled]]:
    """How each part is measured, step by step and given what was found before, and how it is shown."""
    asked = [size for size in sizes if size >= LARGE] or sizes[-1:]
    moderate = max((size for size in sizes if size <= LARGE), default=sizes[0])
    crowds = list(dict.fromkeys([(1, 0.0), (wishes.people, wishes.pause)]))

    def load(found: dict) -> Iterator[dict]:
        known = found.get("sizes", {})
        for size in sizes:
            for one in growth.measured(folder, size, wishes.rounds):
                known[str(size)] = one
                yield found | {"sizes": known}
        formats = growth.formats(folder, sizes[0]) if sizes[0] <= MILLION else found.get("formats")
        yield found | {"sizes": known, "formats": formats}

    def ask(found: dict) -> Iterator[dict]:
        known = found.get("sizes", {})
        for size in asked:
            known[str(size)] = questions.measured(folder, size, wishes.calls, wishes.rounds or 3)
            yield {"sizes": known}

    def compare(_: dict) -> Iterator[dict]:
        yield comparison.measured(folder, moderate, wishes.peers)

    def press(_: dict) -> Iterator[dict]:
        yield clicks.measured(folder, moderate, crowds, wishes.clicks)

    return {
        "load": (load, lambda found: growth.tables(in_order(found), found.get("formats"))),
        "questions": (
            ask,
            lambda found: [table for one in in_order(found) for table in questions.tables(one)],
        ),
        "peers": (compare, comparison.tables),
        "dashboard": (press, clicks.tables),
    }


def in_order(found: dict) -> list[dict]:
    """The figures of all sizes, small ones first."""
    return sorted(found["sizes"].values(), key=lambda one: one["events"])


if __name__ == "__main__":
    main(sys.argv[1:])
