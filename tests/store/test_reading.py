"""A file whose reading ends the process stops one run, and none after it. Real processes are killed."""

import os
import signal
from pathlib import Path

import pytest

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.store.reading import FATAL, Reading
from support.killed import (
    COMMAND,
    MEMORY,
    NEEDS_LINUX,
    begin,
    ended,
    heartbeat,
    is_noted,
    left_in,
    three_files,
    wait_until,
)


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return three_files(tmp_path)


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
    assert (code, said) == (1, [f"a.csv: {loaded}", f"far.xlsx: {FATAL}", f"z.csv: {loaded}"])
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
