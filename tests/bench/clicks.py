"""How long the dashboard's server works on a click, with one person and with twenty who pause between clicks.

`python tests/bench/clicks.py DATA_DIR` prints p50 and p95 in milliseconds; the first visit of each person is left out.
"""

import asyncio
import os
import statistics
import subprocess
import sys
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from etl.datadir import DataDir  # noqa: E402
from etl.warehouse import ask, opened  # noqa: E402
from served import served  # noqa: E402
from visitors import Clicks, crowd  # noqa: E402

PAUSE_SECONDS = 5.0
CLICKS = 12
PAGES = ("", "returns", "pipeline", "email", "turnaround", "return")
LIMIT_SECONDS = 300


def person(number: int, offices: list[str], returns: list[str], pause: float) -> Clicks:
    """A first visit, then clicks from page to page under changing filters."""
    dice = Random(number)
    yield 0.0, "", ""
    for _ in range(CLICKS):
        page = dice.choice(PAGES)
        address = f"id={dice.choice(returns)}" if page == "return" else dice.choice(["", f"office={dice.choice(offices)}"])
        yield pause * dice.uniform(0.8, 1.2), page, address


def memory_mib(where: str) -> float:
    """The server's resident memory."""
    port = where.rsplit(":", 1)[1]
    found = subprocess.run(["pgrep", "-f", f"app.py 127.0.0.1 {port}"], capture_output=True, text=True, check=True)
    status = Path(f"/proc/{found.stdout.split()[0]}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def main() -> None:
    """One person who never stops, then twenty who pause."""
    data = DataDir(Path(sys.argv[1]).absolute())
    with opened(data.warehouse) as warehouse:
        offices = ask(warehouse, "all_returns", columns=["office"])["office"].drop_nulls().unique().sort().to_list()
        returns = ask(warehouse, "all_returns", columns=["return_id"])["return_id"].sample(50, seed=1).to_list()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; pages and filters of the clicks are drawn by lot")
    with served(data) as where:
        for people, pause in ((1, 0.0), (20, PAUSE_SECONDS)):
            visits = [person(number, offices, returns, pause) for number in range(people)]
            clicks = asyncio.run(crowd(where, visits, LIMIT_SECONDS))
            times = sorted(seconds for one in clicks for seconds in one[1:])
            p95 = times[int(len(times) * 0.95) - 1]
            print(
                f"{people:>2} people, pause {pause:.0f} s: {len(times)} clicks, p50 {statistics.median(times) * 1000:.0f} ms, "
                f"p95 {p95 * 1000:.0f} ms, memory {memory_mib(where):.0f} MiB"
            )


if __name__ == "__main__":
    main()
