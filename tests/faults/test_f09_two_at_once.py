"""F9: two commands at once, and a stale lock: one works, the other one is refused, nothing is mixed."""

import shutil
from pathlib import Path

from faults.checks import Tally, mismatched_counts, store_rows, times, warehouse_rows
from faults.exports import few_queries, load_and_build, with_inbox, write_exports
from faults.runner import Runner

WRITING = "is writing here. Wait until it has finished, and try again."
PAIRS = (("load", "load"), ("load", "build"), ("build", "load"), ("report", "load"), ("build", "build"))


def test_f9_two_at_once(tally: Tally, control: Tally, runner: Runner, tmp_path: Path) -> None:
    write_exports(tmp_path / "exports", 6)
    queries = few_queries(tmp_path / "queries")
    clean = load_and_build(runner, tmp_path / "exports", tmp_path / "clean", queries)
    rows, built = store_rows(clean), warehouse_rows(clean.warehouse)
    for number in range(times(50)):
        data = with_inbox(tmp_path / "exports", tmp_path / "data")
        # The text that a dead process left in the lock file has no effect: its lock ended with it.
        (data.root / ".lock").write_text("process 1, since 2020-01-01 00:00:00+00:00,\n")
        (data.root / ".lock").chmod(0o600)
        if "report" in PAIRS[number % len(PAIRS)]:
            runner.run("--data", data.root, "build", queries=queries)
        begun = [
            runner.begin("--data", data.root, verb, queries=queries) for verb in PAIRS[number % len(PAIRS)]
        ]
        for one in begun:
            ended = runner.end(one)
            tally.check_message(ended.err, "" if ended.code == 0 else WRITING, PAIRS[number % len(PAIRS)])
        tally.injected += 1
        for verb in ("load", "build"):
            assert runner.run("--data", data.root, verb, queries=queries).code == 0
        tally.compare(rows, store_rows(data), number)
        tally.compare(built, warehouse_rows(data.warehouse), number)
        tally.add_lost(mismatched_counts(data, {}))
        tally.check_files(data, number)
        shutil.rmtree(data.root)
    for _ in range(20):
        data = with_inbox(tmp_path / "exports", tmp_path / "data")
        for one in [runner.begin("--data", data.root, "load", off=["lock"]) for _ in range(3)]:
            ended = runner.end(one)
            control.unclear += ended.code not in (0, 1) or "Traceback" in ended.err
        control.compare(rows, store_rows(data))
        shutil.rmtree(data.root)
        if control.fault_count:
            break
