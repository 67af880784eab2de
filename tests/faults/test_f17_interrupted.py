"""F17: Ctrl-C, SIGTERM, a reader who leaves, a folder that may not be written, an input that changes: one line, one code."""

import shutil
import signal
from collections import Counter
from pathlib import Path
from random import Random

import pytest

import etl.store.load
from etl.read.stage import stage
from faults.accounts import Tally, store_rows, times, unequal, warehouse_rows
from faults.crew import Crew
from faults.exports import clean, few_queries, with_inbox, write_exports
from support.loaded_files import HEAD, Firm


def test_f17_signals(tally: Tally, control: Tally, crew: Crew, tmp_path: Path) -> None:
    write_exports(tmp_path / "exports", 6)
    queries = few_queries(tmp_path / "queries")
    whole = clean(crew, tmp_path / "exports", tmp_path / "clean", queries)
    rows, built = store_rows(whole), warehouse_rows(whole.warehouse)
    dice = Random(17)
    for number in range(times(20)):
        sent = (signal.SIGINT, signal.SIGTERM)[number % 2]
        data = with_inbox(tmp_path / "exports", tmp_path / "data")
        for verb in ("load", "build"):
            order = {"after": dice.uniform(0.05, 0.4), "signal": sent.name}
            ended = crew.run("--data", data.root, verb, queries=queries, **order)
            tally.injected += ended.code == -sent
            # Ctrl-C ends in silence and by its signal; SIGTERM, whose default nobody changed, too. The inbox may be unbuilt.
            is_right = ended.code in (0, -sent)
            tally.unclear += not is_right
            tally.notes += [] if is_right else [f"{verb} {order}: {ended.code} {ended.err[-800:]}"]
            tally.heard(ended.err, about=order)
            tally.compare(Counter(), store_rows(data) - rows, order)
        for verb in ("load", "build"):
            assert crew.run("--data", data.root, verb, queries=queries).code == 0
        tally.compare(rows, store_rows(data), number)
        tally.compare(built, warehouse_rows(data.warehouse), number)
        tally.account(unequal(data, {}))
        tally.look(data, number)
        shutil.rmtree(data.root)
    # A store that is torn by a signal would be seen: without the rename a part is there before it is whole.
    for at in range(12, 60):
        data = with_inbox(tmp_path / "exports", tmp_path / "off")
        crew.run("--data", data.root, "load", off=["rename"], die=["disk", at])
        control.compare(Counter(), store_rows(data) - rows)
        shutil.rmtree(data.root)
        if control.seen:
            break


def test_f17_nowhere_to_write(tally: Tally, control: Tally, crew: Crew, tmp_path: Path) -> None:
    """A closed stdout, and a data directory that is not ours to write."""
    write_exports(tmp_path / "exports", 4)
    queries = few_queries(tmp_path / "queries")
    data = clean(crew, tmp_path / "exports", tmp_path / "clean", queries)
    rows, built = store_rows(data), warehouse_rows(data.warehouse)
    for words in (
        ("query", "--csv", "from range(200000)"),
        ("load", "--check", tmp_path / "exports" / "april.csv"),
    ):
        ended = crew.run("--data", data.root, *words, closed=True)
        tally.injected += 1
        tally.unclear += ended.code not in (0, 128 + signal.SIGPIPE) or ended.err != ""
        tally.notes += [f"{words}: {ended.code} {ended.err[-500:]}"] if ended.err else []
    for folder in (data.root, *(path for path in data.root.rglob("*") if path.is_dir())):
        folder.chmod(0o555)
    for file in data.root.rglob("*"):
        if file.is_file():
            file.chmod(0o444)
    for words in (("load", tmp_path / "exports" / "april.csv"), ("build",), ("report",), ("run",), ("load",)):
        ended = crew.run("--data", data.root, *words, mortal=True)
        tally.injected += 1
        tally.heard(ended.err, r"Permission denied|Read-only|may not", words)
        tally.unclear += ended.code != 1
        tally.notes += [f"{words}: {ended.code} {ended.err[-300:]}"] if ended.code != 1 else []
    tally.compare(rows, store_rows(data))
    tally.compare(built, warehouse_rows(data.warehouse))
    for path in (data.root, *data.root.rglob("*")):
        path.chmod(0o700)
    # With the folders open the same command finds nothing to complain of.
    control.unclear += "Permission denied" not in crew.run("--data", data.root, "load", mortal=True).err


def test_f17_an_input_that_changes(
    tally: Tally, control: Tally, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that come, go or change between the hash and the reader refuse the file."""
    firm = Firm(tmp_path)
    body = "".join(f"r{number},Client,Up,2026-03-04\n" for number in range(50))
    changes = {
        "longer": lambda content: content + b"r9,Client,Late,2026-03-05\n",
        "shorter": lambda content: content[: len(content) // 2],
        "other": lambda content: content.replace(b"r1,", b"r2,"),
        "empty": lambda content: b"",
    }
    for number, (about, change) in enumerate(list(changes.items()) * times(2)):
        file = firm.file(f"log {number}.csv", f"{HEAD}\nx{number},Client,Up,2026-03-04\n{body}")

        def changed(*words: object, file: Path = file, change: object = change) -> object:
            file.write_bytes(change(file.read_bytes()))  # type: ignore[operator]
            return stage(*words)  # type: ignore[arg-type]

        monkeypatch.setattr(etl.store.load, "stage", changed)
        [outcome] = firm.load(file)
        tally.injected += 1
        tally.lost += outcome.state != "refused"
        tally.heard(outcome.reason or "", "the file changed while it was read|the file is empty", about)
    assert firm.parts == []
    monkeypatch.setattr("etl.read.archive.stamp_of", lambda status: (0, 0))
    [outcome] = firm.load(firm.file("unseen.csv", f"{HEAD}\n{body}"))
    control.lost += outcome.state == "loaded"
