"""kill -9, a full disk: no file is half-written under its name, and the next call finishes what was begun.

KILLS in the environment says how often; `make killed` asks for a hundred.
"""

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.common.paths import CHECKOUT, DataDir
from etl.common.problem import Problem
from etl.reports.history import read_runs
from support.subscribers import LISTED, due, files, firm

KILLS = int(os.environ.get("KILLS", "10"))
MANY = """\
-- A list of so many rows that it takes a while to write.
--
-- key:   number
-- every: day
select
    range as number,             -- A number.
    'return ' || range as words  -- A text.
from range(60000)
order by range
"""
CHILD = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from etl.common.paths import DataDir
from etl.common.files import locked
from etl.reports.runs import write_due
from etl.config.settings import read_settings
data = DataDir(Path(sys.argv[1]))
now = datetime.fromisoformat(sys.argv[2]).replace(tzinfo=UTC)
settings = read_settings(data.settings)
print("begun", flush=True)
for _ in range(int(sys.argv[3])):
    with locked(data):
        for run in write_due(data, settings, now):
            print(run.subscription, run.state, flush=True)
    now += timedelta(days=1)
"""
LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), resource.RLIM_INFINITY))
"""
UNSHELTERED = """
sys.path.insert(0, "tests")
from faults.inject import without_atomic_file
without_atomic_file()
"""
NEVER = '[[subscription]]\nreport = "totals"\nevery = "never"\n'


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return firm(tmp_path, NEVER, report__many=MANY, report__seen=LISTED)


def whole(data: DataDir) -> set[str]:
    """The digests of every stored file."""
    entries = [json.loads(file.read_text(encoding="utf-8")) for file in data.runs.glob("[0-9]*/entry.json")]
    return {said["sha256"] for entry in entries for said in entry["files"].values()}


def history_size(data: DataDir) -> int:
    file = data.runs / "history.jsonl"
    return file.stat().st_size if file.exists() else 0


def half(data: DataDir) -> list[str]:
    """The files under their final names that are not what a run wrote."""
    known = whole(data)
    found = []
    for name in files(data):
        content = (data.reports / name).read_bytes()
        if name.endswith("manifest.json"):
            found += [] if json.loads(content)["files"] else [name]
        elif "/.returntrail-" not in name:
            found += [] if hashlib.sha256(content).hexdigest() in known else [name]
    return found


def killed(
    data: DataDir, program: str, day: int, seconds: float, is_time: Callable[[], bool] = lambda: True
) -> None:
    """Writes the reports of one day after another until it is killed, so long after a state is seen."""
    command = [sys.executable, "-c", program, str(data.root), f"2026-03-{1 + day % 28:02d}T12:00", "400"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stdout.readline() == "begun\n"
        while child.poll() is None and not is_time():
            time.sleep(0.001)
        time.sleep(seconds)
        child.kill()


def test_killed_at_any_moment_no_file_is_half_and_the_next_call_goes_on(
    data: DataDir, record_property: Callable[[str, object], None]
) -> None:
    record_property("injected", KILLS)
    dice = random.Random(5)
    unfinished = 0
    for number in range(KILLS):
        # Every other kill waits until a run is recorded as begun: a busy machine may need long until then.
        size = history_size(data)
        if number % 2:
            killed(data, CHILD, number, dice.uniform(0, 0.5))
        else:
            killed(data, CHILD, number, dice.uniform(0, 0.1), lambda size=size: history_size(data) > size)
        assert half(data) == []
        unfinished += any(run.state == "begun" for run in read_runs(data))
    assert unfinished >= KILLS / 4, "hardly a run was killed at work, so little was tried"
    assert due(data, "2027-12-01T12:00") == [("many", "written"), ("seen", "written")]
    assert half(data) == [] and not list(data.runs.glob(".*")) and not list(data.reports.glob("*/.*"))
    slots = [(run.subscription, run.slot) for run in read_runs(data) if run.state == "written"]
    assert len(slots) == len(set(slots))
    assert {run.state for run in read_runs(data)} == {
        "written",
        "failed: its process ended before it was done",
    }


def test_a_file_written_straight_to_its_name_would_be_found_half(
    data: DataDir, record_property: Callable[[str, object], None]
) -> None:
    program = CHILD.replace("data = ", f"{UNSHELTERED}data = ", 1)
    for number in range(60):
        before = set(files(data))
        killed(data, program, number, 0, lambda before=before: bool(set(files(data)) - before))
        if half(data):
            break
    assert half(data)
    record_property("injected", 0)
    record_property("control", number + 1)


@pytest.mark.parametrize("limit", [100, 200, 5_000, 60_000, 200_000, 700_000])
def test_a_full_disk_is_reported_and_the_run_is_not_done(data: DataDir, limit: int) -> None:
    assert due(data, "2026-03-04T12:00") == [("many", "written"), ("seen", "written")]
    before = {name: (data.reports / name).read_bytes() for name in files(data)}
    command = [sys.executable, "-c", LIMITED + CHILD, str(data.root), "2026-03-05T12:00", "1", str(limit)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    said = done.stdout + done.stderr
    assert "many failed: " in said or "the run cannot be recorded" in said
    assert "File too large" in said or "no room" in said
    assert [name for name in files(data) if name not in before and "many" in name] == []
    assert {name: (data.reports / name).read_bytes() for name in before} == before
    assert ("many", "2026-03-05") not in [
        (r.subscription, r.slot) for r in read_runs(data) if r.state == "written"
    ]
    assert ("many", "written") in due(data, "2026-03-05T12:00")
    assert half(data) == []


def test_a_history_that_cannot_be_written_stops_before_anything_is(data: DataDir) -> None:
    (data.runs / "history.jsonl").mkdir(parents=True)
    with pytest.raises((Problem, OSError)):
        due(data, "2026-03-05T12:00")
    assert files(data) == []
