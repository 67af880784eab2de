"""A build killed at any moment leaves the old warehouse or a complete new one, and the next succeeds."""

import subprocess
import sys
import time
from pathlib import Path

import duckdb

from etl.common.paths import CHECKOUT, DataDir
from etl.warehouse.build import build
from support.warehouses import CC, small_queries, two_files, write_part

CHILD = """
import sys
from pathlib import Path
from etl.warehouse.build import build
from etl.common.paths import DataDir
print("begun", flush=True)
build(DataDir(Path(sys.argv[1])), queries=Path(sys.argv[2]))
"""
MOMENTS = 4

FILES = ["store", "warehouse.duckdb", "warehouse.duckdb.sha256"]


def begun(data: DataDir, queries: Path) -> subprocess.Popen:
    """A build in a process of its own, past its imports."""
    command = [sys.executable, "-c", CHILD, str(data.root), str(queries)]
    child = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "begun\n"
    return child


def visits(data: DataDir) -> list[tuple]:
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        return database.execute("from mart.visits").fetchall()


def test_a_killed_build_leaves_a_whole_warehouse_and_the_next_one_converges(tmp_path: Path) -> None:
    data, queries = two_files(tmp_path / "data"), small_queries(tmp_path / "queries")
    build(data, queries=queries)
    old = visits(data)
    write_part(
        data, CC, [{"return_id": f"s{number}", "event_at": "2026-03-03 11:00:00"} for number in range(50)]
    )
    started = time.monotonic()
    with begun(data, queries) as child:
        assert child.wait() == 0
    seconds = time.monotonic() - started
    new = visits(data)
    assert len(new) == 52
    unfinished = 0
    for moment in range(MOMENTS):
        with begun(data, queries) as child:
            time.sleep(seconds * moment / MOMENTS / 2)
            child.kill()
        assert visits(data) in (old, new)
        unfinished += len(list(data.root.glob(".returntrail-*")))
    assert unfinished, "no build was killed at work, so nothing was tried"
    build(data, queries=queries)
    assert visits(data) == new
    assert sorted(path.name for path in data.root.iterdir()) == [
        "store",
        "warehouse.duckdb",
        "warehouse.duckdb.sha256",
    ]


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
"""


def test_a_build_that_finds_no_room_says_so_and_leaves_the_old_warehouse(tmp_path: Path) -> None:
    data, queries = two_files(tmp_path / "data"), small_queries(tmp_path / "queries")
    build(data, queries=queries)
    size, old = data.warehouse.stat().st_size, data.warehouse.read_bytes()
    for limit in (4_000, size // 3, size - 4_096):
        command = [sys.executable, "-c", LIMITED + CHILD, str(data.root), str(queries), str(limit)]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
        assert done.stderr.splitlines()[-1] == (
            f"etl.common.problem.Problem: {data.warehouse}: the disk is full. Free some space and try again. "
            "The old warehouse stays."
        )
        assert data.warehouse.read_bytes() == old
        assert sorted(path.name for path in data.root.iterdir()) == [
            "store",
            "warehouse.duckdb",
            "warehouse.duckdb.sha256",
        ]
