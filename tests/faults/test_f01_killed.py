"""F1: kill -9 at random moments and at every place of a load, a build and a report: the next run converges."""

import hashlib
import json
import shutil
from collections import Counter
from pathlib import Path
from random import Random

import duckdb
import pytest

from etl.common.paths import DataDir
from faults.accounts import Tally, records_in, store_rows, times, unequal, warehouse_rows
from faults.crew import Crew
from faults.exports import clean, few_queries, with_inbox, write_exports


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    write_exports(folder / "exports")
    few_queries(folder / "queries")
    return folder


def places(full: int, total: int, dice: Random) -> list[int]:
    """At which places to die: all of them, again and again, or as many as the share allows."""
    chosen = list(range(1, total + 1)) * (full // total + 1)
    return sorted(dice.sample(chosen[:full], times(full)))


def test_f1_killed_while_loading(
    tally: Tally, control: Tally, crew: Crew, exports: Path, tmp_path: Path
) -> None:
    counts = {file.name: records_in(file) for file in (exports / "exports").iterdir()}
    undisturbed = clean(crew, exports / "exports", tmp_path / "clean", exports / "queries")
    whole = store_rows(undisturbed)
    total = crew.run("--data", with_inbox(exports / "exports", tmp_path / "counted").root, "load").places
    dice = Random(1)
    at_random = [{"after": dice.uniform(0.01, 0.35)} for _ in range(times(90))]
    orders = [*at_random, *({"die": [None, at]} for at in places(25, total, dice))]
    for number, order in enumerate(orders):
        data = with_inbox(exports / "exports", tmp_path / f"{number}")
        ended = crew.run("--data", data.root, "load", **order)
        tally.injected += ended.code == -9
        assert ended.code in (0, -9), ended
        # What is there after the kill is whole: every row of it stands in the clean store.
        tally.compare(Counter(), store_rows(data) - whole, f"{order} killed")
        after = crew.run("--data", data.root, "load")
        tally.heard(after.err, about=order)
        tally.compare(whole, store_rows(data), order)
        tally.account(unequal(data, counts))
        tally.look(data, order)
        shutil.rmtree(data.root)
    # About here the first part is put in place, file by file.
    for at in range(12, total + 1):
        data = with_inbox(exports / "exports", tmp_path / f"off {at}")
        crew.run("--data", data.root, "load", off=["rename"], die=["disk", at])
        control.compare(Counter(), store_rows(data) - whole)
        if control.seen:
            break


def test_f1_killed_while_building(
    tally: Tally, control: Tally, crew: Crew, exports: Path, tmp_path: Path
) -> None:
    data = with_inbox(exports / "exports", tmp_path / "data")
    crew.run("--data", data.root, "load")
    build = ["--data", data.root, "build"]
    total = crew.run(*build, queries=exports / "queries").places
    whole = warehouse_rows(data.warehouse)
    dice = Random(2)
    orders = [{"after": dice.uniform(0.02, 0.5)} for _ in range(times(40))]
    for order in [*orders, *({"die": [None, at]} for at in places(15, total, dice))]:
        ended = crew.run(*build, queries=exports / "queries", **order)
        tally.injected += ended.code == -9
        assert ended.code in (0, -9), ended
        tally.compare(whole, warehouse_rows(data.warehouse), order)
    tally.account(
        [] if crew.run(*build, queries=exports / "queries").code == 0 else ["the last build failed"]
    )
    tally.compare(whole, warehouse_rows(data.warehouse))
    tally.account(unequal(data, {}))
    tally.look(data)
    for at in range(1, total + 1, 3):
        crew.run(*build, queries=exports / "queries", off=["swap"], die=[None, at])
        control.compare(whole, warehouse_rows(data.warehouse) if data.warehouse.exists() else Counter())
        if control.seen:
            break


def test_f1_killed_while_reporting(
    tally: Tally, control: Tally, crew: Crew, exports: Path, tmp_path: Path
) -> None:
    data = clean(crew, exports / "exports", tmp_path / "data", exports / "queries")
    report = ["--data", data.root, "report"]
    total = crew.run(*report).places
    whole = written(data)
    dice = Random(3)
    orders = [{"after": dice.uniform(0.01, 0.2)} for _ in range(times(20))]
    for order in [*orders, *({"die": [None, at]} for at in places(10, total, dice))]:
        ended = crew.run(*report, **order)
        tally.injected += ended.code == -9
        tally.compare(whole, written(data), order)
    assert crew.run(*report).code == 0
    tally.compare(whole, written(data))
    tally.look(data)
    for at in range(1, total + 1):
        crew.run(*report, off=["atomic file"], die=["disk", at])
        control.compare(whole, written(data))
        if control.seen:
            break


def written(data: DataDir) -> Counter:
    """The reports under their names by what they hold, and of each manifest that it is whole."""
    found: Counter = Counter()
    for file in data.reports.glob("*/*"):
        if file.suffix == ".csv":
            found[f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}"] += 1
        elif file.name == "manifest.json":
            found[f"manifest of {sorted(json.loads(file.read_bytes())['files'])}"] += 1
    return found


GONE = "R0003"


def test_f1_killed_while_purging(
    tally: Tally, control: Tally, crew: Crew, exports: Path, tmp_path: Path
) -> None:
    """A purge that is killed is finished by whoever writes next: the return is gone, and everything else is there."""
    base = clean(crew, exports / "exports", tmp_path / "base", exports / "queries")
    crew.run("--data", base.root, "report")
    words = ["purge", "--return", GONE, "--yes"]
    undisturbed = DataDir(Path(shutil.copytree(base.root, tmp_path / "clean")))
    calm = crew.run("--data", undisturbed.root, *words, queries=exports / "queries")
    assert calm.code == 0, calm.err
    rows, built = store_rows(undisturbed), warehouse_rows(undisturbed.warehouse)
    assert found_in(undisturbed) == 0
    dice = Random(4)
    orders = [{"after": dice.uniform(0.01, 0.6)} for _ in range(times(50))]
    for number, order in enumerate([*orders, *({"die": [None, at]} for at in places(10, calm.places, dice))]):
        data = DataDir(Path(shutil.copytree(base.root, tmp_path / f"{number}")))
        ended = crew.run("--data", data.root, *words, queries=exports / "queries", **order)
        tally.injected += ended.code == -9
        # Without the next run something of the return is there still.
        control.leaked += found_in(data) > 0
        build = crew.run("--data", data.root, "build", queries=exports / "queries")
        tally.heard(build.err, about=order)
        if found_in(data):
            # It was killed before it had begun, so nothing of it is done: it is asked for once more.
            tally.compare(store_rows(base), store_rows(data), order)
            assert crew.run("--data", data.root, *words, queries=exports / "queries").code == 0
        tally.leaked += found_in(data)
        tally.compare(rows, store_rows(data), order)
        tally.compare(built, warehouse_rows(data.warehouse), order)
        tally.look(data, order)
        shutil.rmtree(data.root)


def found_in(data: DataDir) -> int:
    """In how many files of the data directory the return stands by its id, Parquet and warehouse unpacked."""
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
