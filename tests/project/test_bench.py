"""The bench on a small log: every part runs, and the peers give our rows. No time is asserted."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from etl.common.paths import CHECKOUT
from tests.bench import chart, comparison, logs, phases, scripts, targets
from tests.bench.__main__ import PARTS
from tests.bench.logs import Log, log_of
from tests.bench.page import write_page
from tests.bench.peers import duckdb_script
from tests.bench.peers.words import STEPS
from tests.bench.tables import Table

EVENTS = 20_000
# Separate processes are only needed for exact times, and no time is checked here.
IN_ONE_PROCESS = """
import sys
from tests.bench import logs, process
logs.alone = process.alone = lambda work, *given: work(*given)
from tests.bench.__main__ import main
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module", autouse=True)
def in_one_process() -> Iterator[None]:
    """An earlier test may have made a Streamlit page the main module, which a new process would run."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (logs, phases, scripts):
            patch.setattr(module, "alone", lambda work, *given: work(*given))
        yield


@pytest.fixture(scope="module")
def log(folder: Path) -> Log:
    return log_of(folder, EVENTS)


def test_a_log_has_the_shape_that_the_bench_promises(log: Log) -> None:
    lines = duckdb.read_csv([str(file) for file in log.files], all_varchar=True)
    records, distinct, returns, untidy, unknown = lines.aggregate("""
        count(*), (select count(*) from (select distinct * from lines)), count(distinct "Return ID"),
        count(*) filter (where "Event" similar to '.*(\u00a0|\u201c| $).*' or "Event" = upper("Event")),
        count(*) filter (where "Event" ilike 'return viewed%')
    """).fetchall()[0]
    assert records == log.records
    assert abs(records / EVENTS - 1) < 0.03
    assert abs(records / distinct - 1.015) < 0.001
    assert 24 < distinct / returns < 29
    assert 0.01 < untidy / records < 0.025
    assert 0.0005 < unknown / records < 0.002
    assert all(file.stat().st_size < 2_000_000_000 for file in log.all_files)


def test_one_more_day_is_newer_and_overlaps_the_season(log: Log) -> None:
    season = duckdb.read_csv([str(file) for file in log.files], all_varchar=True)
    day = duckdb.read_csv(str(log.day), all_varchar=True)
    known = len(day.intersect(season))
    assert abs((len(day) - known) / EVENTS - 0.01) < 0.001
    assert abs(known / EVENTS - 0.005) < 0.001


def test_the_same_size_gives_the_same_bytes(log: Log, tmp_path: Path) -> None:
    again = log_of(tmp_path, EVENTS)
    assert [file.read_bytes() for file in again.all_files] == [file.read_bytes() for file in log.all_files]


def bench(folder: Path, part: str) -> tuple[dict, str]:
    """The figures of one part of the bench over the small log, and what it prints."""
    few = ["--calls", "1", "--rounds", "1", "--people", "1", "--pause", "0", "--clicks", "3"]
    few += ["--small-files", "5"]
    words = [
        "--sizes",
        str(EVENTS / 1e6),
        "--folder",
        str(folder),
        *few,
        "--peers",
        "pandas",
        "polars",
        "duckdb",
        "sqlite",
    ]
    program = [sys.executable, "-c", IN_ONE_PROCESS, *words, "--only", part]
    done = subprocess.run(program, cwd=CHECKOUT, capture_output=True, text=True, timeout=380, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))[part], done.stdout


def test_load_and_build_are_measured_against_the_bare_read(folder: Path, log: Log) -> None:
    found, printed = bench(folder, "load")
    one = found["sizes"][str(EVENTS)]
    assert one["records"] == log.records
    assert set(found["formats"]) == {"csv", "gz", "parquet"}
    for title in (
        "Load and build",
        "Where the time goes",
        "One more day",
        "Load of other formats",
        "Targets",
    ):
        assert f"### {title}" in printed
    # The phases are the functions that run, with their tables.
    assert "models.create_model mart.deliveries" in one["build"]["phases"]
    assert any(name.startswith("write_part.") for name in one["load"]["phases"])
    parts = chart.parts(one)
    assert all(part > 0 for part in parts.values())
    assert sum(parts.values()) == pytest.approx(
        (one["load"]["cpu"] + one["build"]["cpu"]) / one["bare"]["cpu"]
    )


def test_the_day_after_is_measured_by_what_the_build_says(folder: Path) -> None:
    one = json.loads((folder / "results.json").read_text(encoding="utf-8"))["load"]["sizes"][str(EVENTS)]
    first, after = one["build"]["printed"], one["day build"]["printed"]
    assert "from 4 files" in first and "from 5 files" in after
    assert {"load", "build", "one more day", "store", "warehouse", "memory"} <= {
        target.what.split(",")[0] for target in targets.of_growth({"load": {"sizes": {"1": one}}})
    }


def test_each_small_file_is_loaded(folder: Path) -> None:
    found, printed = bench(folder, "small-files")
    assert [one["files"] for one in found["loads"].values()] == [5, 60]
    assert "### Many small files" in printed


def test_every_script_makes_our_tables(folder: Path) -> None:
    found, printed = bench(folder, "scripts")
    assert list(found["engines"]) == ["returntrail", "duckdb", "polars", "pandas"]
    assert "### Three tables from the exports" in printed


def test_a_script_that_makes_other_rows_has_no_time(
    folder: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        duckdb_script, "MESSAGES", duckdb_script.MESSAGES.replace("interval 24 hour", "interval 24 day")
    )
    with pytest.raises(AssertionError, match=r"duckdb gives other messages: .*unconfirmed"):
        scripts.measured(folder, EVENTS, ["duckdb"])


def test_every_question_of_every_page_is_measured(folder: Path) -> None:
    found, printed = bench(folder, "questions")
    asked = found["sizes"][str(EVENTS)]["questions"]
    assert {"firm_funnel", "return_timeline", "find_returns", "work_list"} <= {one["report"] for one in asked}
    assert {one["page"] for one in asked} >= {
        "attention",
        "returns",
        "return",
        "pipeline",
        "turnaround",
        "email",
        "data",
    }
    assert "### Questions of the dashboard" in printed
    assert "### Rows of reports" in printed
    assert "### The largest report as a file" in printed
    assert found["sizes"][str(EVENTS)]["largest"]["report"] == "signature_evidence"


def test_every_peer_gives_our_rows(folder: Path) -> None:
    found, printed = bench(folder, "peers")
    assert list(found["peers"]) == ["returntrail", "pandas", "polars", "duckdb", "sqlite"]
    assert [row[0] for row in found["peers"]["sqlite"]["funnel rows"]] == list(STEPS)
    assert "### The same two answers" in printed


def test_every_kind_of_click_is_measured(folder: Path) -> None:
    found, printed = bench(folder, "dashboard")
    kinds = ["a return", "another filter", "another page", "first visit"]
    assert [sorted(one["times"]) for one in found["crowds"]] == [kinds]
    assert "### Clicks on the dashboard" in printed


def test_a_peer_that_answers_differently_has_no_time(
    folder: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(name: str, _files: list[Path], _folder: Path) -> dict:
        rows = [("delivered", 2, 2, 2 if name == comparison.OURS else 1)]
        return {
            "read": 1.0,
            "prepare": 1.0,
            "funnel": 1.0,
            "bounces": 1.0,
            "funnel rows": rows,
            "bounces rows": [],
        }

    monkeypatch.setattr(comparison, "alone", lambda _, *arguments: other(*arguments))
    monkeypatch.setattr(comparison, "data_of", lambda *_: folder)
    with pytest.raises(AssertionError, match="polars gives other funnel rows"):
        comparison.measured(folder, EVENTS, ["polars"])


@pytest.mark.parametrize(
    ("found", "more_is_better", "verdict"),
    [
        (1.5, False, "met, and the stretch"),
        (2.0, False, "met"),
        (3.0, False, "missed: 1.50 times the target"),
        (1.5, True, "missed: 1.33 times the target"),
        (2.0, True, "met"),
    ],
)
def test_a_verdict_says_by_how_much_a_target_is_missed(
    found: float, more_is_better: bool, verdict: str
) -> None:
    stretch = None if more_is_better else 1.5
    assert targets.Target("load", " x", found, 2.0, stretch, more_is_better).verdict == verdict


def test_larger_logs_have_other_targets() -> None:
    def season(events: int) -> dict:
        cost = {"cpu": 20.0, "seconds": 10.0, "peak_mb": 3584, "disk_bytes": 20 * events}
        return {"events": events, "records": events, "bare": cost, "load": cost, "build": cost}

    def asked(events: int) -> dict:
        one = {"page": "return", "report": "return_timeline", "filters": {}, "p95": 0.015}
        largest = {"report": "signature_evidence", "peak_mb": 3584, "cpu": 3.0, "select cpu": 2.0}
        return {"events": events, "questions": [one], "largest": largest}

    sizes = (10_000_000, 30_000_000)
    results = {
        "load": {"sizes": {str(size): season(size) for size in sizes}},
        "questions": {"sizes": {str(size): asked(size) for size in sizes}},
    }
    verdicts = {what: verdict for what, *_, verdict in targets.table(results).rows}
    assert verdicts["load, 10,000,000 events, CPU"] == "met, and the stretch"
    assert verdicts["load + build, 30,000,000 events, CPU"] == "met, and the stretch"
    assert verdicts["store, 10,000,000 events, bytes an event"] == "met"
    assert "load, 30,000,000 events, CPU" not in verdicts
    for what in ("load", "build", "largest report `signature_evidence`"):
        assert verdicts[f"memory, {what}, 10,000,000 events"] == "missed: 1.17 times the target"
        assert verdicts[f"memory, {what}, 30,000,000 events"] == "met"
    assert verdicts["questions within 50 ms, 10,000,000 events"] == "met"
    assert verdicts["`return_timeline`, 10,000,000 events, p95"] == "missed: 1.50 times the target"
    assert verdicts["`return_timeline`, 30,000,000 events, p95"] == "met"


def test_the_page_has_a_place_for_every_part(tmp_path: Path) -> None:
    results = {"machine": {}} | {part: {"when": "today", "title": f"All of {part}"} for part in PARTS}
    write_page(
        results, tmp_path, dict.fromkeys(PARTS, lambda found: [Table(found["title"], ["ms"], [["1"]])])
    )
    page = (tmp_path / "performance.md").read_text(encoding="utf-8")
    assert [part for part in PARTS if f"### All of {part}\n" not in page] == []
    assert "{" not in page
