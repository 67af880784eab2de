"""F3: no room, at every size: exit code 1 and the disk named, what was there stays, and the next run converges."""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from etl.common.paths import DataDir
from faults.accounts import Tally, store_rows, times, unequal, warehouse_rows
from faults.crew import Crew
from faults.exports import clean, few_queries, with_inbox, write_exports

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
    tally: Tally, control: Tally, crew: Crew, exports: Path, tmp_path: Path
) -> None:
    whole = clean(crew, exports / "exports", tmp_path / "clean", exports / "queries")
    rows = store_rows(whole)
    largest = max(file.stat().st_size for file in whole.store.rglob("*.parquet"))
    for limit in spread(largest, times(30)):
        data = with_inbox(exports / "exports", tmp_path / "load")
        ended = crew.run("--data", data.root, "load", limit=limit)
        tally.injected += 1
        tally.heard(ended.err, NO_ROOM, f"load {limit}")
        tally.unclear += ended.code != 1
        tally.compare(Counter(), store_rows(data) - rows, f"load {limit}")
        crew.run("--data", data.root, "load")
        tally.compare(rows, store_rows(data), f"load {limit}")
        tally.look(data, limit)
        shutil.rmtree(data.root)
    built = warehouse_rows(whole.warehouse)
    for limit in spread(whole.warehouse.stat().st_size - 4096, times(30)):
        ended = crew.run("--data", whole.root, "build", limit=limit, queries=exports / "queries")
        tally.injected += 1
        tally.heard(ended.err, NO_ROOM, f"build {limit}")
        tally.unclear += ended.code != 1
        tally.compare(built, warehouse_rows(whole.warehouse), f"build {limit}")
        tally.look(whole, limit)
    tally.account(unequal(whole, {}))
    crew.run("--data", whole.root, "build", limit=2_048, queries=exports / "queries", off=["swap"])
    control.compare(built, warehouse_rows(whole.warehouse))


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[bool]:
    """A disk of that size, where this user may mount one; the size of a file alone is limited where not."""
    folder.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder)]
    may = os.geteuid() == 0 and shutil.which("mount") is not None
    mounted = may and subprocess.run(words, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def test_f3_a_small_disk(tally: Tally, control: Tally, crew: Crew, exports: Path, tmp_path: Path) -> None:
    whole = clean(crew, exports / "exports", tmp_path / "clean", exports / "queries")
    rows, built = store_rows(whole), warehouse_rows(whole.warehouse)
    needed = sum(file.stat().st_size for file in whole.root.rglob("*") if file.is_file())
    sent = sum(file.stat().st_size for file in (exports / "exports").iterdir())
    for size in spread(needed, times(50)):
        with small_disk(tmp_path / "disk", sent + 16_384 + size) as is_mounted:
            data = with_inbox(exports / "exports", tmp_path / "disk" / "data")
            limit = {} if is_mounted else {"limit": max(size // 8, 2_048)}
            ended = [
                crew.run("--data", data.root, verb, queries=exports / "queries", **limit)
                for verb in ("load", "build")
            ]
            tally.injected += any(one.code for one in ended)
            for one in ended:
                tally.heard(one.err if one.code else NO_ROOM, NO_ROOM, f"disk {size}")
            tally.compare(Counter(), store_rows(data) - rows, f"disk {size}")
            if data.warehouse.exists() and ended[0].code == ended[1].code == 0:
                tally.compare(built, warehouse_rows(data.warehouse), f"disk {size}")
            if is_mounted:
                enough = ["mount", "-o", f"remount,size={needed * 9}", str(tmp_path / "disk")]
                subprocess.run(enough, check=True)
            for verb in ("load", "build"):
                assert crew.run("--data", data.root, verb, queries=exports / "queries").code in (0, 1)
            converged(tally, data, rows, built, size)
            shutil.rmtree(data.root)
    crew.run("--data", whole.root, "build", limit=2_048, queries=exports / "queries", off=["swap"])
    control.compare(built, warehouse_rows(whole.warehouse))


def converged(tally: Tally, data: DataDir, rows: Counter, built: Counter, size: int) -> None:
    """Once there is room the same, typed again, ends where a clean run does."""
    tally.compare(rows, store_rows(data), f"disk {size} after")
    tally.compare(built, warehouse_rows(data.warehouse), f"disk {size} after")
    tally.look(data, size)
