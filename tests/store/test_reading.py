"""A file whose reading ends the process stops one run, and none after it. Real processes are killed.

`far` is a workbook of two kilobytes, within all limits, for which the library takes 900 MB: where a process
may not have so much, it aborts.
"""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from etl.common.paths import CHECKOUT, DataDir
from etl.common.problem import Problem
from etl.store.reading import FATAL, Reading

LOG = "Return ID,Tab,Event,Date/Time\n{},Client,Upload,2026-03-01 09:00\n"
# What the process has when everything is imported, and 700 MB. Only Linux can say it.
LITTLE_MEMORY = """
import resource, sys
import etl.check.command, etl.store.load, etl.warehouse.build
from etl.__main__ import main
[kilobytes] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmData:")]
limit = int(kilobytes) * 1024 + 700_000_000
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
sys.exit(main(sys.argv[1:]))
"""
MEMORY = ["-c", LITTLE_MEMORY]
COMMAND = ["-m", "etl"]
NEEDS_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc and such limits")


def far() -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ("Return ID", "Tab", "Event", "Date/Time"))
        sheet.write(999_999, 28, "x")
    return buffer.getvalue()


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    """An inbox with a log before and a log behind the workbook."""
    data = DataDir(tmp_path / "data")
    data.inbox.mkdir(parents=True, mode=0o700)
    (data.inbox / "a.csv").write_text(LOG.format("R1"))
    (data.inbox / "far.xlsx").write_bytes(far())
    (data.inbox / "z.csv").write_text(LOG.format("R2"))
    return data


def begin(data: DataDir, start: list[str], *words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *start, "--data", str(data.root), *words],
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen) -> tuple[int, list[str]]:
    """The exit code, and the last line that it said of each file of the inbox."""
    _, err = process.communicate(timeout=300)
    return process.returncode, [line.split("/")[-1] for line in err.splitlines() if "/inbox/" in line]


def heartbeat(data: DataDir) -> dict:
    return json.loads((data.runs / "heartbeat.json").read_text(encoding="utf-8"))


def left_in(data: DataDir) -> list[str]:
    return sorted(path.relative_to(data.inbox).as_posix() for path in data.inbox.rglob("*.*"))


def wait_until(is_true: Callable[[], object], process: subprocess.Popen) -> None:
    while not is_true():
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)


def is_noted(data: DataDir) -> bool:
    return (data.store / "reading.json").exists()


@NEEDS_LINUX
def test_a_file_that_takes_all_memory_stops_one_run_and_is_refused_by_the_next(data: DataDir) -> None:
    code, said = ended(begin(data, MEMORY, "run"))
    assert (code, said) == (-signal.SIGABRT, [])
    # No monitor takes the killed run for a good one.
    assert (heartbeat(data)["state"], heartbeat(data)["is_well"]) == ("begun", None)
    assert left_in(data) == ["a.csv", "far.xlsx", "z.csv"]

    # By itself: the build needs more memory than there is.
    code, said = ended(begin(data, MEMORY, "load"))
    loaded = "loaded, 1 of 1 records."
    assert (code, said) == (1, [f"a.csv: {loaded}", f"z.csv: {loaded}", f"far.xlsx: {FATAL}"])
    assert left_in(data) == ["loaded/a.csv", "loaded/z.csv", "refused/far.xlsx"]

    assert ended(begin(data, COMMAND, "run"))[0] == 0
    assert (heartbeat(data)["state"], heartbeat(data)["is_well"]) == ("ended", True)


def test_a_process_that_somebody_kills_refuses_no_file(data: DataDir) -> None:
    (data.inbox / "far.xlsx").unlink()
    process = begin(data, COMMAND, "load")
    wait_until(lambda: is_noted(data), process)
    process.kill()
    assert ended(process) == (-signal.SIGKILL, [])
    assert left_in(data) == ["a.csv", "z.csv"]

    loaded = "loaded, 1 of 1 records."
    assert ended(begin(data, COMMAND, "load")) == (0, [f"a.csv: {loaded}", f"z.csv: {loaded}"])
    assert left_in(data) == ["loaded/a.csv", "loaded/z.csv"]
    assert not is_noted(data)


@NEEDS_LINUX
def test_a_reader_that_the_system_kills_again_is_refused(data: DataDir) -> None:
    """The system kills what takes the memory: first the run, and then the process that tries the file."""
    (data.inbox / "a.csv").unlink()
    (data.inbox / "z.csv").unlink()
    process = begin(data, COMMAND, "load")
    wait_until(lambda: is_noted(data), process)
    process.kill()
    ended(process)

    process = begin(data, COMMAND, "load")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait_until(lambda: children.read_text(), process)
    os.kill(int(children.read_text()), signal.SIGKILL)
    assert ended(process) == (1, [f"far.xlsx: {FATAL}"])


def test_an_error_that_nobody_foresaw_leaves_the_file_noted(data: DataDir) -> None:
    """So our mistake stops no second run. A fault of the machine is not the file's."""
    bad, good = data.inbox / "a.csv", data.inbox / "z.csv"
    data.store.mkdir(mode=0o700)
    for file, error in ((bad, ZeroDivisionError("bug")), (good, Problem("disk full"))):
        with pytest.raises(type(error)), Reading.of(data).noted([file]):
            raise error
    assert [file for file in (bad, good) if Reading.of(data).is_suspect(file)] == [bad]
