"""How long answers of pages and reports take, on a file not in the cache and later with changing filters."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import duckdb

from etl.common.paths import DataDir
from etl.warehouse.ask import Warehouse, ask, count_rows, fetch_rows, open_warehouse, question_of
from tests.bench.growth import data_of
from tests.bench.pages import asked, question
from tests.bench.phases import bytes_of, command
from tests.bench.process import alone, forget, median, moment, percentile
from tests.bench.tables import Table, megabytes, milliseconds, number, seconds, times

ENOUGH_SECONDS = 15.0
LEAST_CALLS = 3
DRAWN = {"for_offices": "office", "for_partners": "partner", "for_types": "form", "for_years": "year"}
# Which filters are set together; the first call of each question sets none.
TOGETHER = (
    (),
    ("for_offices",),
    ("for_partners",),
    ("for_types",),
    ("for_years",),
    ("for_offices", "for_years"),
    ("for_partners", "for_types"),
    ("for_offices", "for_types", "for_years"),
)


def measured(folder: Path, events: int, calls: int, cold_calls: int) -> dict:
    """Every question of the dashboard, and every scheduled report as a complete file."""
    data, when = data_of(folder, events), moment()
    questions = alone(answered, data, alone(asked, data), calls, cold_calls)
    as_files = [one for one in questions if not is_on_screen(one)]
    return {
        "events": events,
        "when": when,
        "questions": questions,
        "largest": largest(data, max(as_files, key=lambda one: one["rows"])),
    }


def largest(data: Path, report: dict) -> dict:
    """What `returntrail report` costs for a report, and what the engine needs for its rows alone."""
    name, out = report["report"], data.parent / "largest"
    written = alone(command, data, "report", name, "--out", out)
    size = bytes_of(out)
    shutil.rmtree(out)
    return {
        "report": name,
        "rows": report["rows"],
        "bytes": size,
        "seconds": written.whole.seconds,
        "cpu": written.whole.cpu,
        "peak_mb": written.peak_mb,
        "select cpu": alone(selected, data, name),
    }


def selected(data: Path, report: str) -> float:
    """The CPU seconds of a report's rows as a table of DuckDB."""
    with duckdb.connect(DataDir(data).warehouse, read_only=True) as warehouse:
        cpu = time.process_time()
        warehouse.execute(f"create temp table selected as from report.{report}()")
        return time.process_time() - cpu


def answered(data: Path, questions: list[dict], calls: int, cold_calls: int) -> list[dict]:
    """Each question with its costs in seconds."""
    file = DataDir(data).warehouse
    with open_warehouse(file) as warehouse:
        choices = ask(warehouse, "filter_choices")
        offered = {
            name: choices.filter(choices["filter_name"] == filter_name)["choice"].to_list()
            for name, filter_name in DRAWN.items()
        }
        some = ask(warehouse, "all_returns", ["return_id", "client_name"]).sample(200, seed=1)
        returns = some.rows(named=True)
        written = [
            question("as a file", name, None, {}) for name, one in warehouse.reports.items() if one.every
        ]
        found = []
        for one in [*questions, *written]:
            found.append(one | warm(warehouse, one, list(varied(warehouse, one, offered, returns, calls))))
    for one in filter(is_on_screen, found):
        one["cold"] = median([cold(file, one) for _ in range(cold_calls)])
    return found


def varied(
    warehouse: Warehouse, one: dict, offered: dict[str, list[str]], returns: list[dict], calls: int
) -> Iterator[dict[str, object]]:
    """Random filters for each call of a question, the same in every run."""
    dice = Random(f"{one['report']} {one['filters']}")
    params = warehouse.reports[one["report"]].params
    for turn in range(calls):
        chosen = dict(one["filters"])
        some = dice.choice(returns)
        if "for_return" in chosen:
            chosen |= {"for_return": some["return_id"]}
        elif "search" in chosen:
            text = dice.choice([some["client_name"], some["return_id"]])
            chosen["search"] = text[: dice.randint(2, len(text))]
        elif turn:
            together = dice.choice(TOGETHER)
            chosen |= {
                name: [dice.choice(offered[name])] for name in together if name in params and offered[name]
            }
        yield chosen


def warm(warehouse: Warehouse, one: dict, filters: list[dict[str, object]]) -> dict:
    """Median and 95th percentile of the calls within the time limit, without the first call."""
    rows = answer(warehouse, one, filters[0])
    times: list[float] = []
    cpu = time.process_time()
    for chosen in filters:
        if len(times) >= LEAST_CALLS and sum(times) > ENOUGH_SECONDS:
            break
        started = time.perf_counter()
        answer(warehouse, one, chosen)
        times.append(time.perf_counter() - started)
    used = (time.process_time() - cpu) / len(times)
    slow = percentile(times, 95)
    return {
        "rows": rows,
        "cpu": used,
        "calls": len(times),
        "p50": median(times),
        "p95": slow,
        "first": filters[0],
    }


def answer(warehouse: Warehouse, one: dict, filters: dict[str, object]) -> int:
    """Asks as the pages do: of a long list the first rows, and how many there are. Returns the number."""
    question = question_of(warehouse, one["report"], one["columns"], filters)
    rows = fetch_rows(warehouse, question, one["limit"])
    return rows.height if rows.height != one["limit"] else count_rows(warehouse, question)


def cold(file: Path, one: dict) -> float:
    """Seconds of one call on a file that was just opened and is not in the cache of the system."""
    forget(file)
    with open_warehouse(file) as warehouse:
        started = time.perf_counter()
        answer(warehouse, one, one["first"])
        return time.perf_counter() - started


def is_on_screen(one: dict) -> bool:
    return one["page"] != "as a file"


def tables(found: dict) -> list[Table]:
    """The questions of the pages, slowest first, and the reports as files."""
    head = ["question", "page", "rows", "calls", "p50, ms", "p95, ms", "CPU, ms", "cold, ms"]
    on_screen = [one for one in found["questions"] if is_on_screen(one)]
    as_files = [one for one in found["questions"] if not is_on_screen(one)]
    note = (
        "rows: of the first call, without filters. CPU: the mean of all calls. "
        "cold: one call without filters by a new process on a file that is not in the cache of the system. "
        f"Measured from {found['when']}."
    )
    return [
        Table(f"Questions of the dashboard, {number(found['events'])} events", head, rows(on_screen), note),
        Table(f"Rows of reports, {number(found['events'])} events", head[:-1], rows(as_files)),
        largest_table(found),
    ]


def largest_table(found: dict) -> Table:
    """The report with the most rows as a file."""
    one = found["largest"]
    row = [
        f"`{one['report']}`",
        number(one["rows"]),
        megabytes(one["bytes"]),
        seconds(one["seconds"]),
        seconds(one["cpu"]),
        times(one["cpu"], one["select cpu"]),
        number(one["peak_mb"]),
    ]
    head = ["report", "rows", "MB", "s", "CPU s", "x CPU of its select", "memory MB"]
    return Table(f"The largest report as a file, {number(found['events'])} events", head, [row])


def rows(questions: list[dict]) -> list[list[str]]:
    ordered = sorted(questions, key=lambda one: -one["p95"])
    return [
        [
            title(one),
            one["page"],
            number(one["rows"]),
            number(one["calls"]),
            milliseconds(one["p50"]),
            milliseconds(one["p95"]),
            milliseconds(one["cpu"]),
            *([milliseconds(one["cold"])] if "cold" in one else []),
        ]
        for one in ordered
    ]


def title(one: dict) -> str:
    """The title of a question: its report, and the filters that the page sets."""
    own = {name: value for name, value in one["filters"].items() if name not in ("for_return", "search")}
    shown = [
        f"{name} = {f'{len(value)} values' if isinstance(value, list) else value}"
        for name, value in own.items()
    ]
    return f"`{one['report']}`" + (f" ({', '.join(shown)})" if shown else "")
