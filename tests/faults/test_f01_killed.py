"""F1: kill -9 at random times and at every step of load, build, report and purge: the next run repairs it."""

import hashlib
import json
import shutil
from collections import Counter
from pathlib import Path
from random import Random

import duckdb
import pytest

from etl.common.paths import DataDir
from faults.checks import Tally, mismatched_counts, records_in, store_rows, times, warehouse_rows
from faults.exports import few_queries, load_and_build, with_inbox, write_exports
from faults.runner import Runner


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    write_exports(folder / "exports")
    few_queries(folder / "queries")
    return folder


def chosen_steps(full: int, total: int, dice: Random) -> list[int]:
    """The steps at which to die: all of them, repeatedly, or as many as the share allows."""
    chosen = list(range(1, total + 1)) * (full // total + 1)
    return sorted(dice.sample(chosen[:full], times(full)))


def test_f1_killed_while_loading(
    tally: Tally, control: Tally, runner: Runner, exports: Path, tmp_path: Path
) -> None:
    counts = {file.name: records_in(file) for file in (exports / "exports").iterdir()}
    undisturbed = load_and_build(runner, exports / "exports", tmp_path / "clean", exports / "queries")
    clean = store_rows(undisturbed)
    total = runner.run("--data", with_inbox(exports / "exports", tmp_path / "counted").root, "load").steps
    dice = Random(1)
    at_random = [{"after": dice.uniform(0.01, 0.35)} for _ in range(times(90))]
    orders = [*at_random, *({"die": [None, at]} for at in chosen_steps(25, total, dice))]
    for number, order in enumerate(orders):
        data = with_inbox(exports / "exports", tmp_path / f"{number}")
        ended = runner.run("--data", data.root, "load", **order)
        tally.injected += ended.code == -9
        assert ended.code in (0, -9), ended
        # Nothing partial is left after the kill: every row is a row of the clean store.
        tally.compare(Counter(), store_rows(data) - clean, f"{order} killed")
        after = runner.run("--data", data.root, "load")
        tally.check_message(after.err, about=order)
        tally.compare(clean, store_rows(data), order)
        tally.add_lost(mismatched_counts(data, counts))
        tally.check_files(data, order)
        shutil.rmtree(data.root)
    # At about this step the first part is copied to its name, file by file.
    for at in range(12, total + 1):
        data = with_inbox(exports / "exports", tmp_path / f"off {at}")
        runner.run("--data", data.root, "load", off=["rename"], die=["disk", at])
        control.compare(Counter(), store_rows(data) - clean)
        if control.fault_count:
            break


def test_f1_killed_while_building(
    tally: Tally, control: Tally, runner: Runner, exports: Path, tmp_path: Path
) -> None:
    data = with_inbox(exports / "exports", tmp_path / "data")
    runner.run("--data", data.root, "load")
    build = ["--data", data.root, "build"]
    total = runner.run(*build, queries=exports / "queries").steps
    clean = warehouse_rows(data.warehouse)
    dice = Random(2)
    orders = [{"after": dice.uniform(0.02, 0.5)} for _ in range(times(40))]
    for order in [*orders, *({"die": [None, at]} for at in chosen_steps(15, total, dice))]:
        ended = runner.run(*build, queries=exports / "queries", **order)
        tally.injected += ended.code == -9
        assert ended.code in (0, -9), ended
        tally.compare(clean, warehouse_rows(data.warehouse), order)
    tally.add_lost(
        [] if runner.run(*build, queries=exports / "queries").code == 0 else ["the last build failed"]
    )
    tally.compare(clean, warehouse_rows(data.warehouse))
    tally.add_lost(mismatched_counts(data, {}))
    tally.check_files(data)
    for at in range(1, total + 1, 3):
        runner.run(*build, queries=exports / "queries", off=["swap"], die=[None, at])
        control.compare(clean, warehouse_rows(data.warehouse) if data.warehouse.exists() else Counter())
        if control.fault_count:
            break


def test_f1_killed_while_reporting(
    tally: Tally, control: Tally, runner: Runner, exports: Path, tmp_path: Path
) -> None:
    data = load_and_build(runner, exports / "exports", tmp_path / "data", exports / "queries")
    report = ["--data", data.root, "report"]
    total = runner.run(*report).steps
    clean = written(data)
    dice = Random(3)
    orders = [{"after": dice.uniform(0.01, 0.2)} for _ in range(times(20))]
    for order in [*orders, *({"die": [None, at]} for at in chosen_steps(10, total, dice))]:
        ended = runner.run(*report, **order)
        tally.injected += ended.code == -9
        tally.compare(clean, written(data), order)
    assert runner.run(*report).code == 0
    tally.compare(clean, written(data))
    tally.check_files(data)
    for at in range(1, total + 1):
        runner.run(*report, off=["atomic file"], die=["disk", at])
        control.compare(clean, written(data))
        if control.fault_count:
            break


def written(data: DataDir) -> Counter:
    """The name and hash of each report, and the files that each manifest lists."""
    found: Counter = Counter()
    for file in data.reports.glob("*/*"):
        if file.suffix == ".csv":
            found[f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}"] += 1
        elif file.name == "manifest.json":
            found[f"manifest of {sorted(json.loads(file.read_bytes())['files'])}"] += 1
    return found


GONE = "R0003"


def test_f1_killed_while_purging(
    tally: Tally, control: Tally, runner: Runner, exports: Path, tmp_path: Path
) -> None:
    """The next writer finishes a killed purge: the return is gone, and everything else is there."""
    base = load_and_build(runner, exports / "exports", tmp_path / "base", exports / "queries")
    runner.run("--data", base.root, "report")
    arguments = ["purge", "--return", GONE, "--yes"]
    undisturbed = DataDir(Path(shutil.copytree(base.root, tmp_path / "clean")))
    undisturbed_purge = runner.run("--data", undisturbed.root, *arguments, queries=exports / "queries")
    assert undisturbed_purge.code == 0, undisturbed_purge.err
    rows, built = store_rows(undisturbed), warehouse_rows(undisturbed.warehouse)
    assert found_in(undisturbed) == 0
    dice = Random(4)
    orders = [{"after": dice.uniform(0.01, 0.6)} for _ in range(times(50))]
    for number, order in enumerate(
        [*orders, *({"die": [None, at]} for at in chosen_steps(10, undisturbed_purge.steps, dice))]
    ):
        data = DataDir(Path(shutil.copytree(base.root, tmp_path / f"{number}")))
        ended = runner.run("--data", data.root, *arguments, queries=exports / "queries", **order)
        tally.injected += ended.code == -9
        # Without the next run, data of the return is left.
        control.leaked += found_in(data) > 0
        build = runner.run("--data", data.root, "build", queries=exports / "queries")
        tally.check_message(build.err, about=order)
        if found_in(data):
            # The purge was killed before it began and did nothing, so it is run again.
            tally.compare(store_rows(base), store_rows(data), order)
            assert runner.run("--data", data.root, *arguments, queries=exports / "queries").code == 0
        tally.leaked += found_in(data)
        tally.compare(rows, store_rows(data), order)
        tally.compare(built, warehouse_rows(data.warehouse), order)
        tally.check_files(data, order)
        shutil.rmtree(data.root)


def found_in(data: DataDir) -> int:
    """How many files and rows of the data directory contain the ID of the return."""
    found = sum(GONE in row for row in store_rows(data))
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        for (name,) in database.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
        ).fetchall():
            found += sum(GONE in str(row) for row in database.execute(f"from {name}").fetchall())
    plain = (
        path for path in data.root.rglob("*") if path.is_file() and path.suffix not in (".parquet", ".duckdb")
    )
    return found + sum(GONE.encode() in path.read_bytes() for path in plain)
