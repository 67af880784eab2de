"""The bench on a small log: every part runs, and the peers give our rows. No time is asserted."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from etl.common.paths import CHECKOUT
from tests.bench import comparison, logs
from tests.bench.logs import Log, log_of
from tests.bench.peers.words import STEPS

EVENTS = 20_000
# Separate processes are only needed for exact times, and no time is checked here.
IN_ONE_PROCESS = """
import sys
from tests.bench import logs, phases, process
logs.alone = phases.alone = process.alone = lambda work, *given: work(*given)
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
        patch.setattr(logs, "alone", lambda work, *given: work(*given))
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


def test_the_same_size_gives_the_same_bytes(log: Log, tmp_path: Path) -> None:
    again = log_of(tmp_path, EVENTS)
    assert [file.read_bytes() for file in again.all_files] == [file.read_bytes() for file in log.all_files]


def bench(folder: Path, part: str) -> tuple[dict, str]:
    """The figures of one part of the bench over the small log, and what it prints."""
    few = ["--calls", "1", "--rounds", "1", "--people", "1", "--pause", "0", "--clicks", "3"]
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
    assert found["sizes"][str(EVENTS)]["records"] == log.records
    assert set(found["formats"]) == {"csv", "gz", "parquet"}
    for title in (
        "Load and build",
        "Where the time goes",
        "One more day",
        "Load of other formats",
        "Targets",
    ):
        assert f"### {title}" in printed


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
    assert "### Reports as complete files" in printed


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
