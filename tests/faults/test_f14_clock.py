"""F14: the clock of the machine is wrong: same rows; events later than the load are left out and counted."""

from pathlib import Path

import duckdb

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
