"""F9: two loaders, a loader beside a build or a report, a stale lock: one works, the other waits, nothing is mixed."""

import shutil
from pathlib import Path

from faults.accounts import Tally, store_rows, times, unequal, warehouse_rows
from faults.crew import Crew
from faults.exports import clean, few_queries, with_inbox, write_exports

WRITING = "is writing here. Wait until it has finished, and try again."
PAIRS = (("load", "load"), ("load", "build"), ("build", "load"), ("report", "load"), ("build", "build"))


def test_f9_two_at_once(tally: Tally, control: Tally, crew: Crew, tmp_path: Path) -> None:
    write_exports(tmp_path / "exports", 6)
    queries = few_queries(tmp_path / "queries")
    whole = clean(crew, tmp_path / "exports", tmp_path / "clean", queries)
    rows, built = store_rows(whole), warehouse_rows(whole.warehouse)
    for number in range(times(50)):
        data = with_inbox(tmp_path / "exports", tmp_path / "data")
        # What a process that is dead wrote into the lock says nothing: the lock died with it.
        (data.root / ".lock").write_text("process 1, since 2020-01-01 00:00:00+00:00,\n")
        (data.root / ".lock").chmod(0o600)
        if "report" in PAIRS[number % len(PAIRS)]:
            crew.run("--data", data.root, "build", queries=queries)
        begun = [
            crew.begin("--data", data.root, verb, queries=queries) for verb in PAIRS[number % len(PAIRS)]
        ]
        for one in begun:
            ended = crew.end(one)
            tally.heard(ended.err, "" if ended.code == 0 else WRITING, PAIRS[number % len(PAIRS)])
        tally.injected += 1
        for verb in ("load", "build"):
            assert crew.run("--data", data.root, verb, queries=queries).code == 0
        tally.compare(rows, store_rows(data), number)
        tally.compare(built, warehouse_rows(data.warehouse), number)
        tally.account(unequal(data, {}))
        tally.look(data, number)
        shutil.rmtree(data.root)
    for _ in range(20):
        data = with_inbox(tmp_path / "exports", tmp_path / "data")
        for one in [crew.begin("--data", data.root, "load", off=["lock"]) for _ in range(3)]:
            ended = crew.end(one)
            control.unclear += ended.code not in (0, 1) or "Traceback" in ended.err
        control.compare(rows, store_rows(data))
        shutil.rmtree(data.root)
        if control.seen:
            break
