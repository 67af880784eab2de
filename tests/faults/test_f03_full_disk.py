"""F3: a disk that is full at any size: exit code 1, a clear message, no data lost, the next run works."""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from etl.common.paths import DataDir
from faults.checks import Tally, mismatched_counts, store_rows, times, warehouse_rows
from faults.exports import few_queries, load_and_build, with_inbox, write_exports
from faults.runner import Runner

NO_ROOM = r"no room|No space left|File too large|disk"


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full")
    write_exports(folder / "exports")
    few_queries(folder / "queries")
    return folder


def spread(largest: int, amount: int) -> list[int]:
    """Sizes from nearly nothing to nearly enough."""
    return [largest * number // (amount + 1) // 512 * 512 + 512 for number in range(1, amount + 1)]


def test_f3_files_may_not_grow(
    tally: Tally, control: Tally, runner: Runner, exports: Path, tmp_path: Path
) -> None:
    clean = load_and_build(runner, exports / "exports", tmp_path / "clean", exports / "queries")
    rows = store_rows(clean)
    largest = max(file.stat().st_size for file in clean.store.rglob("*.parquet"))
    for limit in spread(largest, times(30)):
        data = with_inbox(exports / "exports", tmp_path / "load")
        ended = runner.run("--data", data.root, "load", limit=limit)
        tally.injected += 1
        tally.check_message(ended.err, NO_ROOM, f"load {limit}")
        tally.unclear += ended.code != 1
        tally.compare(Counter(), store_rows(data) - rows, f"load {limit}")
        runner.run("--data", data.root, "load")
        tally.compare(rows, store_rows(data), f"load {limit}")
        tally.check_files(data, limit)
        shutil.rmtree(data.root)
    built = warehouse_rows(clean.warehouse)
    for limit in spread(clean.warehouse.stat().st_size - 4096, times(30)):
        ended = runner.run("--data", clean.root, "build", limit=limit, queries=exports / "queries")
        tally.injected += 1
        tally.check_message(ended.err, NO_ROOM, f"build {limit}")
        tally.unclear += ended.code != 1
        tally.compare(built, warehouse_rows(clean.warehouse), f"build {limit}")
        tally.check_files(clean, limit)
    tally.add_lost(mismatched_counts(clean, {}))
    runner.run("--data", clean.root, "build", limit=2_048, queries=exports / "queries", off=["swap"])
    control.compare(built, warehouse_rows(clean.warehouse))


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[bool]:
    """Mounts a disk of that size if this user may; yields whether it is mounted."""
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder)]
    may_mount = os.geteuid() == 0 and shutil.which("mount") is not None
    mounted = may_mount and subprocess.run(mount, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def test_f3_a_small_disk(tally: Tally, control: Tally, runner: Runner, exports: Path, tmp_path: Path) -> None:
    clean = load_and_build(runner, exports / "exports", tmp_path / "clean", exports / "queries")
    rows, built = store_rows(clean), warehouse_rows(clean.warehouse)
    needed = sum(file.stat().st_size for file in clean.root.rglob("*") if file.is_file())
    sent = sum(file.stat().st_size for file in (exports / "exports").iterdir())
    for size in spread(needed, times(50)):
        with small_disk(tmp_path / "disk", sent + 16_384 + size) as is_mounted:
            data = with_inbox(exports / "exports", tmp_path / "disk" / "data")
            limit = {} if is_mounted else {"limit": max(size // 8, 2_048)}
            ended = [
                runner.run("--data", data.root, verb, queries=exports / "queries", **limit)
                for verb in ("load", "build")
            ]
            tally.injected += any(one.code for one in ended)
            for one in ended:
                tally.check_message(one.err if one.code else NO_ROOM, NO_ROOM, f"disk {size}")
            tally.compare(Counter(), store_rows(data) - rows, f"disk {size}")
            if data.warehouse.exists() and ended[0].code == ended[1].code == 0:
                tally.compare(built, warehouse_rows(data.warehouse), f"disk {size}")
            if is_mounted:
                enough = ["mount", "-o", f"remount,size={needed * 9}", str(tmp_path / "disk")]
                subprocess.run(enough, check=True)
            for verb in ("load", "build"):
                assert runner.run("--data", data.root, verb, queries=exports / "queries").code in (0, 1)
            check_converged(tally, data, rows, built, size)
            shutil.rmtree(data.root)
    runner.run("--data", clean.root, "build", limit=2_048, queries=exports / "queries", off=["swap"])
    control.compare(built, warehouse_rows(clean.warehouse))


def check_converged(tally: Tally, data: DataDir, rows: Counter, built: Counter, size: int) -> None:
    """With enough space, the same commands give the same rows as a clean run."""
    tally.compare(rows, store_rows(data), f"disk {size} after")
    tally.compare(built, warehouse_rows(data.warehouse), f"disk {size} after")
    tally.check_files(data, size)
