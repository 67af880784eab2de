"""F21: a file whose reading ends the process stops one run: the next refuses it, and loads the others."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from etl.common.paths import DataDir
from etl.store.reading import FATAL
from faults.checks import Tally
from support.killed import (
    COMMAND,
    LOG,
    MEMORY,
    NEEDS_LINUX,
    begin,
    ended,
    is_noted,
    left_in,
    three_files,
    wait_until,
)

BEFORE = ["a.csv", "far.xlsx", "z.csv"]
AFTER = ["loaded/a.csv", "loaded/z.csv", "refused/far.xlsx"]


def end_reader(process: subprocess.Popen, data: DataDir, ending: signal.Signals) -> None:
    """Ends a process while it reads the workbook, as its own code or the system would."""
    wait_until(lambda: is_noted(data), process)
    process.send_signal(ending)


def end_trial(process: subprocess.Popen, ending: signal.Signals) -> None:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait_until(children.read_text, process)
    os.kill(int(children.read_text()), ending)


@NEEDS_LINUX
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGABRT], ids=["killed", "aborted"])
def test_f21_a_signal_while_a_file_is_read(tally: Tally, tmp_path: Path, ending: signal.Signals) -> None:
    data = three_files(tmp_path)
    others = [(data.inbox / name) for name in ("a.csv", "z.csv")]
    for file in others:
        file.unlink()
    process = begin(data, COMMAND, "load")
    end_reader(process, data, ending)
    tally.injected += 1
    tally.lost += ended(process)[0] != -ending
    for number, file in enumerate(others):
        file.write_text(LOG.format(f"R{number}"))
    process = begin(data, COMMAND, "load")
    end_trial(process, ending)
    code, said = ended(process)
    tally.check_message(said[-1], f"far.xlsx: {FATAL}")
    tally.unclear += code != 1
    tally.lost += left_in(data) != AFTER


@NEEDS_LINUX
def test_f21_a_file_that_takes_all_memory(tally: Tally, control: Tally, tmp_path: Path) -> None:
    data, without_note = three_files(tmp_path), three_files(tmp_path / "without")
    for one in (data, without_note):
        tally.injected += 1
        tally.lost += ended(begin(one, MEMORY, "load"))[0] != -signal.SIGABRT or left_in(one) != BEFORE
    code, said = ended(begin(data, MEMORY, "load"))
    tally.check_message(said[1], f"far.xlsx: {FATAL}")
    tally.unclear += code != 1
    tally.lost += left_in(data) != AFTER
    # Without the note, the file would end every run, and those behind it would never load.
    (without_note.store / "reading.json").unlink()
    ended(begin(without_note, MEMORY, "load"))
    control.lost += len(set(left_in(without_note)).intersection(BEFORE))
