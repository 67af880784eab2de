"""F17: signals, a closed stdout, a read-only folder, a changing input: clear messages and exit codes."""

import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

import etl.store.load
from etl.read.archive import Stamp
from etl.read.records import Staged
from etl.read.stage import stage
from faults.checks import Tally, mismatched_counts, store_rows, times, warehouse_rows
from faults.exports import few_queries, load_and_build, with_inbox, write_exports
from faults.runner import Runner
from support.loaded_files import HEAD, Firm


def test_f17_signals(tally: Tally, control: Tally, runner: Runner, tmp_path: Path) -> None:
    write_exports(tmp_path / "exports", 6)
    queries = few_queries(tmp_path / "queries")
    clean = load_and_build(runner, tmp_path / "exports", tmp_path / "clean", queries)
    rows, built = store_rows(clean), warehouse_rows(clean.warehouse)
    dice = Random(17)
    for number in range(times(20)):
        sent = (signal.SIGINT, signal.SIGTERM)[number % 2]
        data = with_inbox(tmp_path / "exports", tmp_path / "data")
        for verb in ("load", "build"):
            order = {"after": dice.uniform(0.05, 0.4), "signal": sent.name}
            ended = runner.run("--data", data.root, verb, queries=queries, **order)
            tally.injected += ended.code == -sent
            # Both signals end the command without a message, unless it has finished before.
            is_right = ended.code in (0, -sent)
            tally.unclear += not is_right
            tally.details += [] if is_right else [f"{verb} {order}: {ended.code} {ended.err[-800:]}"]
            tally.check_message(ended.err, about=order)
            tally.compare(Counter(), store_rows(data) - rows, order)
        for verb in ("load", "build"):
            assert runner.run("--data", data.root, verb, queries=queries).code == 0
        tally.compare(rows, store_rows(data), number)
        tally.compare(built, warehouse_rows(data.warehouse), number)
        tally.add_lost(mismatched_counts(data, {}))
        tally.check_files(data, number)
        shutil.rmtree(data.root)
    # Control: without the rename, a killed load leaves an incomplete part.
    for at in range(12, 60):
        data = with_inbox(tmp_path / "exports", tmp_path / "off")
        runner.run("--data", data.root, "load", off=["rename"], die=["disk", at])
        control.compare(Counter(), store_rows(data) - rows)
        shutil.rmtree(data.root)
        if control.fault_count:
            break


def test_f17_nowhere_to_write(tally: Tally, control: Tally, runner: Runner, tmp_path: Path) -> None:
    """A closed stdout, and a read-only data directory."""
    write_exports(tmp_path / "exports", 4)
    queries = few_queries(tmp_path / "queries")
    data = load_and_build(runner, tmp_path / "exports", tmp_path / "clean", queries)
    rows, built = store_rows(data), warehouse_rows(data.warehouse)
    for arguments in (
        ("query", "--csv", "from range(200000)"),
        ("load", "--check", tmp_path / "exports" / "april.csv"),
    ):
        ended = runner.run("--data", data.root, *arguments, closed=True)
        tally.injected += 1
        tally.unclear += ended.code not in (0, 128 + signal.SIGPIPE) or ended.err != ""
        tally.details += [f"{arguments}: {ended.code} {ended.err[-500:]}"] if ended.err else []
    for folder in (data.root, *(path for path in data.root.rglob("*") if path.is_dir())):
        folder.chmod(0o555)
    for file in data.root.rglob("*"):
        if file.is_file():
            file.chmod(0o444)
    april = tmp_path / "exports" / "april.csv"
    for arguments in (("load", april), ("build",), ("report",), ("run",), ("load",)):
        ended = runner.run("--data", data.root, *arguments, unprivileged=True)
        tally.injected += 1
        tally.check_message(ended.err, r"Permission denied|Read-only|may not", arguments)
        tally.unclear += ended.code != 1
        tally.details += [f"{arguments}: {ended.code} {ended.err[-300:]}"] if ended.code != 1 else []
    tally.compare(rows, store_rows(data))
    tally.compare(built, warehouse_rows(data.warehouse))
    for path in (data.root, *data.root.rglob("*")):
        path.chmod(0o700)
    # With writable folders the same command reports nothing.
    control.unclear += (
        "Permission denied" not in runner.run("--data", data.root, "load", unprivileged=True).err
    )


def test_f17_an_input_that_changes(
    tally: Tally, control: Tally, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file whose bytes change between the hash and the reader is refused."""
    firm = Firm(tmp_path)
    body = "".join(f"r{number},Client,Up,2026-03-04\n" for number in range(50))
    changes: dict[str, Callable[[bytes], bytes]] = {
        "longer": lambda content: content + b"r9,Client,Late,2026-03-05\n",
        "shorter": lambda content: content[: len(content) // 2],
        "other": lambda content: content.replace(b"r1,", b"r2,"),
        "empty": lambda content: b"",
        "equal size": lambda content: content.replace(b"r3,", b"r4,"),
    }
    for number, (about, change) in enumerate(list(changes.items()) * times(2)):
        file = firm.file(f"log {number}.csv", f"{HEAD}\nx{number},Client,Up,2026-03-04\n{body}")

        def changed(
            *arguments: Any, file: Path = file, change: Callable = change, about: str = about
        ) -> Staged:
            replace_file(file, change(file.read_bytes()), is_seen=about != "equal size")
            return stage(*arguments)

        monkeypatch.setattr(etl.store.load, "stage", changed)
        [outcome] = firm.load(file)
        tally.injected += 1
        tally.lost += outcome.state != "refused"
        tally.check_message(
            outcome.reason or "", "the file changed while it was read|the file is empty", about
        )
    assert firm.parts == []
    monkeypatch.setattr("etl.read.archive.stamp_of", lambda file: Stamp(0, 0, 0, 0))
    [outcome] = firm.load(firm.file("unseen.csv", f"{HEAD}\n{body}"))
    control.lost += outcome.state == "loaded"


def replace_file(file: Path, content: bytes, is_seen: bool) -> None:
    """Writes a file, or puts another of the same time in its place, as some copying programs do."""
    if is_seen:
        file.write_bytes(content)
        return
    other, status = file.with_suffix(".new"), file.stat()
    other.write_bytes(content)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(file)
