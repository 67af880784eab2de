"""F14: the clock of the machine is wrong: same rows, later events left out, nothing removed by retention."""

import shutil
from pathlib import Path

import duckdb
import polars as pl

from etl.common.paths import SHIPPED, DataDir
from faults.checks import SHARE, Tally, mismatched_counts, store_rows, warehouse_rows
from faults.exports import few_queries, queries, with_inbox, write_csv, write_exports
from faults.runner import Runner

DAY = 86_400
JUMPS = (-DAY, -3_600, 3_600, DAY, 365 * DAY, 10 * 365 * DAY)
HEADING = ["return_id", "event_time", "tab", "label"]


def test_f14_the_clock_jumps(tally: Tally, control: Tally, runner: Runner, tmp_path: Path) -> None:
    write_exports(tmp_path / "exports", 6)
    clean = with_inbox(tmp_path / "exports", tmp_path / "clean")
    runner.run("--data", clean.root, "load")
    built_by = queries(tmp_path / "queries")
    assert runner.run("--data", clean.root, "build", queries=built_by).code == 0
    rows, built = store_rows(clean), warehouse_rows(clean.warehouse)
    for jump in JUMPS if SHARE == 1 else (JUMPS[0], JUMPS[-1]):
        data = with_inbox(tmp_path / "exports", tmp_path / f"{jump}")
        runner.run("--data", data.root, "load", clock=jump)
        assert runner.run("--data", data.root, "build", clock=jump, queries=built_by).code == 0
        tally.injected += 1
        tally.compare(rows, store_rows(data), jump)
        tally.compare(built, warehouse_rows(data.warehouse), jump)
        tally.add_lost(mismatched_counts(data, {}))
        tally.check_files(data, jump)
    # A build with another `as_of`, such as that of the clock, has other rows.
    assert runner.run("--data", clean.root, "build", "--as-of", "2026-02-01", queries=built_by).code == 0
    control.compare(built, warehouse_rows(clean.warehouse))


def test_f14_events_of_the_future_are_left_out(
    tally: Tally, control: Tally, runner: Runner, tmp_path: Path
) -> None:
    """A file loaded while the clock is years behind has events later than its load: left out and reported."""
    exports = tmp_path / "exports"
    exports.mkdir()
    write_csv(
        exports / "log.csv", HEADING, [["r1", f"2026-03-0{day} 10:00", "Client", "Up"] for day in range(1, 6)]
    )
    data = with_inbox(exports, tmp_path / "data")
    runner.run("--data", data.root, "load", clock=-20 * 365 * DAY)
    built_by = few_queries(tmp_path / "queries")
    ended = runner.run("--data", data.root, "build", queries=built_by)
    tally.injected += 5
    tally.check_message(ended.out, "5 later events left out", "build")
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        later = database.execute("select sum(later_count) from raw.files").fetchall()[0][0]
        tally.lost += later != 5
        # They are stored and are in the raw table: only the models leave them out.
        tally.lost += database.execute("select count(*) from raw.events").fetchall()[0][0] != 5
        tally.lost += database.execute("select count(*) from model.events").fetchall()[0][0] != 0
    tally.add_lost(mismatched_counts(data, {"log.csv": 5}))
    # With a later --as-of the build leaves nothing out.
    control.unclear += (
        "later" not in runner.run("--data", data.root, "build", "--as-of", "2030-01-01", queries=built_by).out
    )


def test_f14_retention_does_not_believe_a_clock_that_is_ahead(
    tally: Tally, control: Tally, runner: Runner, tmp_path: Path
) -> None:
    write_exports(tmp_path / "exports", 6)
    base = with_inbox(tmp_path / "exports", tmp_path / "base")
    rules = "".join(f"{name}_days = 30\n" for name in ("inbox", "quarantine", "report"))
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    (base.root / "settings.toml").write_text(f"{shipped}\n[retention]\n{rules}", encoding="utf-8")
    few = few_queries(tmp_path / "queries")
    runner.run("--data", base.root, "run", queries=few)
    # A load while the clock was ahead does not make it believed later.
    write_csv(base.inbox / "late.csv", HEADING, [["r1", "2026-03-06 10:00", "Client", "Up"]])
    runner.run("--data", base.root, "load", clock=JUMPS[-1])
    (base.reports / "2026-03-01").mkdir(mode=0o700, parents=True)
    (base.reports / "2026-03-01" / "seen.csv").write_text("rows")
    for verb in ("run", "load"):
        for is_protected in (True, False):
            data = DataDir(Path(shutil.copytree(base.root, tmp_path / "data", symlinks=True)))
            before = kept(data)
            order = {"clock": JUMPS[-1], "queries": few} | ({} if is_protected else {"off": ["known time"]})
            ended = runner.run("--data", data.root, verb, **order)
            if is_protected:
                tally.injected += 1
                tally.add_lost(sorted(before - kept(data)))
                tally.check_message(ended.err, r"\[retention\]: nothing was removed, because the clock", verb)
            else:
                control.lost += len(before - kept(data))
            shutil.rmtree(data.root)


def kept(data: DataDir) -> set[str]:
    """Exports, reports and the quarantined texts that are there."""
    files = {str(path) for folder in (data.inbox, data.reports) for path in folder.rglob("*.*")}
    texts = (pl.read_parquet(file)["record"].drop_nulls() for file in data.store.glob("*/quarantine.parquet"))
    return files | {text for column in texts for text in column}
