"""F18: a copy made while a load works is a backup of the store. F19: many small loads equal one load."""

import shutil
import time
from pathlib import Path
from random import Random

import polars as pl

from faults.checks import SHARE, Tally, mismatched_counts, store_rows, times, warehouse_rows
from faults.exports import few_queries, load_and_build, with_inbox, write_exports
from faults.runner import Runner
from support.loaded_files import HEAD, Firm


def test_f18_backup_and_restore(tally: Tally, control: Tally, runner: Runner, tmp_path: Path) -> None:
    write_exports(tmp_path / "exports", 6)
    queries = few_queries(tmp_path / "queries")
    clean = load_and_build(runner, tmp_path / "exports", tmp_path / "clean", queries)
    rows, built = store_rows(clean), warehouse_rows(clean.warehouse)
    dice = Random(18)
    for number in range(times(20)):
        data = with_inbox(tmp_path / "exports", tmp_path / "data")
        begun = runner.begin("--data", data.root, "load")
        time.sleep(dice.uniform(0, 0.4))
        restored = tmp_path / "restored"
        copy_while_used(data.root, restored)
        runner.end(begun)
        tally.injected += 1
        for verb in ("load", "build"):
            ended = runner.run("--data", restored, verb, queries=queries)
            tally.check_message(ended.err, about=number)
        back = type(data)(restored)
        # A file that was being loaded during the copy is loaded again; no row is there twice.
        shutil.copytree(tmp_path / "exports", tmp_path / "again")
        runner.run("--data", restored, "load", tmp_path / "again")
        runner.run("--data", restored, "build", queries=queries)
        tally.compare(rows, store_rows(back), number)
        tally.compare(built, warehouse_rows(back.warehouse), number)
        tally.add_lost(mismatched_counts(back, {}))
        for folder in (data.root, restored, tmp_path / "again"):
            shutil.rmtree(folder)
    # Control: a backup without one of the parts.
    copy_while_used(clean.root, tmp_path / "forgot")
    shutil.rmtree(next(path for path in (tmp_path / "forgot" / "store").iterdir() if path.name != "refused"))
    runner.run("--data", tmp_path / "forgot", "build", queries=queries)
    control.compare(built, warehouse_rows(tmp_path / "forgot" / "warehouse.duckdb"))


def copy_while_used(root: Path, to: Path) -> None:
    """Copies as a backup program does while files appear and disappear: the files that it finds."""
    to.mkdir(mode=0o700)
    for path in sorted(root.rglob("*")):
        target = to / path.relative_to(root)
        if any(one in str(target.relative_to(to)) for one in ("warehouse", ".work", ".build")):
            continue
        try:
            if path.is_dir():
                target.mkdir(mode=0o700, exist_ok=True, parents=True)
            else:
                shutil.copy2(path, target)
        except FileNotFoundError:
            continue


def test_f18_the_store_of_an_earlier_contract(
    tally: Tally, control: Tally, runner: Runner, tmp_path: Path
) -> None:
    """A column that was added later is null in parts written before it; nothing else differs."""
    write_exports(tmp_path / "exports", 6)
    queries = few_queries(tmp_path / "queries")
    clean = load_and_build(runner, tmp_path / "exports", tmp_path / "clean", queries)
    tables = r"raw\.events|model|mart"
    for column in ("ip_address", "time_note", "detail"):
        built = warehouse_rows(clean.warehouse, (column,), tables)
        data = type(clean)(tmp_path / column)
        shutil.copytree(clean.root, data.root)
        for file in data.store.glob("*/events.parquet"):
            pl.read_parquet(file).drop(column).write_parquet(file)
        ended = runner.run("--data", data.root, "build", queries=queries)
        tally.injected += 1
        tally.check_message(ended.err, about=column)
        tally.compare(built, warehouse_rows(data.warehouse, (column,), tables), column)
    control.compare(built, warehouse_rows(clean.warehouse, (), tables))


def test_f19_many_small_loads(tally: Tally, control: Tally, tmp_path: Path, runner: Runner) -> None:
    queries = few_queries(tmp_path / "queries")
    (tmp_path / "one").mkdir()
    (tmp_path / "many").mkdir()
    lines = [
        f"r{number % 40},Client,Event {number},2026-03-04 10:{number % 60:02d}\n"
        for number in range(1000 if SHARE == 1 else 15)
    ]
    one, many = Firm(tmp_path / "one"), Firm(tmp_path / "many")
    one.load_text(f"{HEAD}\n{''.join(lines)}")
    many.data.root.chmod(0o700)
    peaks = []
    for number, line in enumerate(lines):
        file = many.file(f"{number}.csv", f"{HEAD}\n{line}")
        peaks.append(runner.run("--data", many.data.root, "load", file).peak_bytes)
        tally.injected += 1
    for firm in (one, many):
        assert runner.run("--data", firm.data.root, "build", queries=queries).code == 0
    where = ("file_id", "row_no", "occurrence_no", "input_digest")
    tables = r"raw\.events|mart"
    clean = warehouse_rows(one.data.warehouse, where, tables)
    tally.compare(clean, warehouse_rows(many.data.warehouse, where, tables))
    tally.add_lost(mismatched_counts(many.data, {}))
    tally.check_files(many.data)
    print(f"memory of a load: {peaks[0] / 1e6:.0f} MB at first, {peaks[-1] / 1e6:.0f} MB at the end")
    tally.leaked += min(peaks[-5:]) > 1.05 * max(peaks[:5])
    control.compare(clean, warehouse_rows(many.data.warehouse, (), tables))
