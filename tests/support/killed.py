"""Loads files in real processes that end while they read one.

`far` is a workbook of two kilobytes, within all limits, for which the library takes 900 MB: where a process
may not have so much, it aborts.
"""

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from etl.common.paths import CHECKOUT, DataDir

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


def three_files(folder: Path) -> DataDir:
    """An inbox with a log before and a log behind the workbook."""
    data = DataDir(folder / "data")
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
