"""A pytest plugin that sums the counts of the tests of each fault, and writes the table of docs/faults.md.

`make faults` calls it. It replaces the rows of the tested faults, and leaves the other rows as they are.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from pathlib import Path

import pytest

from etl.common.system import lock_file

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "faults.md"
FAULTS = {
    "F1": "kill -9 at random times and at each step of load, build, report and purge",
    "F2": "kill -9 while the scheduled reports are written",
    "F3": "full disk, and files that may not grow",
    "F4": "bits flipped and ends cut off: gz, bz2, xz, zst, zip, Parquet, CSV, NDJSON",
    "F5": "one table in every dialect of CSV",
    "F6": "malformed records by the thousand, stray and unclosed quotes",
    "F7": "the same events in other forms: renamed, repacked, reordered, overlapping, 46 times",
    "F8": "files in any order, late files of last season",
    "F9": "two writers at once, a stale lock",
    "F10": "readers and dashboards during builds",
    "F11": "hostile labels",
    "F12": "giant lines, zip bombs, deep JSON, thousands of columns and files",
    "F13": "clock changes, leap days, invalid times",
    "F14": "a wrong clock of the machine",
    "F15": "new, missing, renamed, reordered and doubled columns",
    "F16": "parts, ledgers and warehouse damaged or removed",
    "F17": "signals, a closed stdout, a read-only folder, a changing input",
    "F18": "copies made while a load works, and restored; a store of an earlier contract",
    "F19": "many small loads",
    "F20": "builds that start from the last warehouse, after any history of the store",
    "F21": "files whose reading ends the process: killed, aborted, out of memory",
    "F22": "small files with very much inside, in every format",
    "F23": "the history of runs cut, changed, forged or lost, so that reports would be mailed again",
    "S1": "hostile text on every page, in Chromium",
    "S2": "hostile text in every CSV",
    "S3": "SQL injection in every input and address",
    "S4": "forbidden statements in `query`",
    "S5": "pages and exports without permission",
    "S6": "SSNs and ITINs in every notation and under every heading, through the whole pipeline",
    "S7": "file modes after each command, with any umask",
    "S8": "file and report names that point outside the data directory",
    "S9": "client names in messages",
    "S10": "offices of two firms with one name",
    "S11": "web sockets for pages of other hosts and ports",
    "S12": "options of Streamlit that are set elsewhere",
    "S13": "the audit trail deleted, cut, rolled back or forged",
    "S14": "another account of the machine asks the dashboard",
}
# Faults with tests in other folders: of these, only the number of tests counts.
ELSEWHERE = {
    "F1": ("tests/upkeep/test_purge.py::test_a_killed_purge",),
    "F2": ("tests/reports/test_runs_killed.py",),
    "F9": (
        "tests/store/test_load_store.py::test_one_writer_at_a_time",
        "tests/store/test_load_store.py::test_the_second_writer",
    ),
    "F12": ("tests/read/test_staging_refusals.py", "tests/read/test_unpack.py::test_a_zip_bomb"),
    "F13": ("tests/store/test_load_times.py",),
    "F21": ("tests/store/test_reading.py",),
    "F22": ("tests/read/test_bombs.py",),
    "F16": ("tests/upkeep/test_verify.py",),
    "S1": tuple(
        f"tests/dashboard/test_naughty_pages.py::test_{name}"
        for name in ("every_page", "a_name", "a_timeline")
    ),
    "S2": (
        "tests/warehouse/test_cells.py",
        *(f"tests/project/test_naughty.py::test_{name}" for name in ("no_cell", "an_excel")),
    ),
    "S3": (
        *(
            f"tests/project/test_naughty.py::test_{name}"
            for name in ("a_filter", "a_search", "what_a_report")
        ),
        *(f"tests/dashboard/test_naughty_pages.py::test_{name}" for name in ("the_search_box", "an_address")),
        "tests/warehouse/test_warehouse.py::test_filters",
    ),
    "S4": (
        "tests/warehouse/test_warehouse.py::test_free_sql_reaches",
        "tests/project/test_network.py::test_an_analysts",
    ),
    "S10": ("tests/access/test_scope.py::test_a_right_is_a_pair",),
    "S5": ("tests/config/test_access.py", "tests/access/test_scope.py", "tests/dashboard/test_signin.py"),
    "S6": (
        *("tests/read/test_redact.py", "tests/read/test_announced.py"),
        *("tests/store/test_load_redaction.py", "tests/store/test_announced_columns.py"),
    ),
}
COUNTS = ("injected", "lost", "doubled", "leaked", "unclear")
HEADING = [
    "fault",
    "what",
    *COUNTS,
    "detected without protection",
    "tests",
    "failed",
    "amount",
    "minutes",
    "on",
]


@dataclass
class Row:
    """What the tests of a fault counted, how many tests ran, which failed, and how long they took."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    control: int = 0
    tests: int = 0
    failed: set[str] = field(default_factory=set)
    seconds: float = 0.0

    def cells(self, fault: str) -> list[str]:
        share = "all" if os.environ.get("FAULTS") == "full" else "a tenth"
        today = datetime.now(UTC).date().isoformat()
        counts = [str(self.counts[name]) for name in COUNTS]
        minutes = f"{self.seconds / 60:.1f}"
        return [
            fault,
            FAULTS[fault],
            *counts,
            str(self.control or ""),
            str(self.tests),
            str(len(self.failed)),
            share,
            minutes,
            today,
        ]


ROWS: dict[str, Row] = {}


def fault_of(test: str) -> str | None:
    """The fault that a test tests: by its name, test_f4_..., or by its file."""
    named = re.search(r"::test_([fs]\d+)_", test)
    if named and named[1].upper() in FAULTS:
        return named[1].upper()
    return next((fault for fault, places in ELSEWHERE.items() if test.startswith(places)), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Selects the tests of the faults that FAULT names, by default of all, and puts slow ones first."""
    chosen = set(os.environ.get("FAULT", "").upper().replace(",", " ").split()) or FAULTS.keys()
    selected = [item for item in items if fault_of(item.nodeid) in chosen]
    config.hook.pytest_deselected(items=[item for item in items if item not in selected])
    # A test file runs in one process: a slow file that comes last would make all the others wait.
    minutes = {fault: float(row[HEADING.index("minutes")]) for fault, row in written().items()}
    items[:] = sorted(selected, key=lambda item: minutes.get(fault_of(item.nodeid) or "", inf), reverse=True)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Adds the counts of a test; they are in its last report, that of the teardown."""
    fault = fault_of(report.nodeid)
    if fault is None:
        return
    row = ROWS.setdefault(fault, Row())
    row.seconds += report.duration
    if report.failed:
        row.failed.add(report.nodeid)
    if report.when != "teardown":
        return
    counted = dict(report.user_properties)
    row.tests += 1
    row.control += counted.get("control", 0)
    for name in COUNTS:
        row.counts[name] += counted.get(name, 1 if name == "injected" else 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table, and writes it into the page after a full run."""
    rows = {fault: row.cells(fault) for fault, row in ROWS.items()}
    lines = write_page(rows) if os.environ.get("FAULTS") == "full" else table(written() | rows)
    terminalreporter.write_line("")
    for line in lines:
        terminalreporter.write_line(line)


def write_page(rows: dict[str, list[str]]) -> list[str]:
    """Puts rows into the table of the page and leaves the others as they are; returns the lines.

    Several `make faults` may end at the same moment, and others read the page when they begin: it is
    complete at all times.
    """
    with locked(PAGE.parent):
        lines = table(written() | rows)
        before = PAGE.read_text(encoding="utf-8").split("| fault |")[0]
        new = PAGE.with_name(f".{PAGE.name}.new")
        new.write_text(before + "\n".join(lines) + "\n", encoding="utf-8")
        shutil.copymode(PAGE, new)
        os.replace(new, PAGE)
    return lines


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lets one process at a time write in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        lock_file(descriptor, 60)
        yield
    finally:
        os.close(descriptor)


def written() -> dict[str, list[str]]:
    """The rows of the table on the page."""
    lines = PAGE.read_text(encoding="utf-8").splitlines() if PAGE.exists() else []
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in lines
        if re.match(r"\| [FS]\d", line)
    ]
    return {row[0]: row for row in rows if len(row) == len(HEADING)}


def table(rows: dict[str, list[str]]) -> list[str]:
    """The rows in the order of FAULTS, as Markdown."""
    ordered = [rows[fault] for fault in FAULTS if fault in rows]
    return [f"| {' | '.join(cells)} |" for cells in (HEADING, ["---"] * len(HEADING), *ordered)]


if __name__ == "__main__":
    places = sorted({place.split("::")[0] for places in ELSEWHERE.values() for place in places})
    there = [place for place in places if (CHECKOUT / place).exists()]
    # This program and the plugin are two instances of this module: only the plugin has the counts.
    own = ["-p", "faults.table", "-o", "faulthandler_timeout=3000"]
    workers = ["--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile", "--no-loadscope-reorder"]
    sys.exit(pytest.main([*own, *workers, "tests/faults", *there, *sys.argv[1:]]))
