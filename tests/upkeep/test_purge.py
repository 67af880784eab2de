"""A purge leaves no trace, no later export restores its returns, and a killed purge is finished."""

import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from etl.common.files import write_json
from etl.common.paths import CHECKOUT, DataDir
from etl.common.problem import Problem
from etl.config.settings import Retention, read_settings
from etl.reports.evidence import evidence
from etl.reports.runs import deliver_again, write_due
from etl.store.load import load_inbox
from etl.store.parts import parts
from etl.store.purged import entries
from etl.upkeep.purge import Plan, finish, plan_file, plan_returns, record_purge, remove_files, rewrite_parts
from etl.upkeep.retention import apply
from etl.warehouse.build import build
from etl.warehouse.explore import export, show
from support.exports import (
    CUT,
    GOING,
    HEAD,
    NAMES,
    UNREADABLE,
    lines,
    output_lines,
    put,
    returntrail,
    small_firm,
    tables,
    traces,
)

# A process that finishes a purge, and kills itself before it calls a function for the nth time.
KILLED = """
import os, signal, sys
os.umask(0o077)
from pathlib import Path
from etl.upkeep import purge, purge_files
from etl.common.paths import DataDir
place, calls = sys.argv[2], int(sys.argv[3])
owner = purge_files if place == "remove" else purge
done = 0
def dying(work):
    def work_or_die(*arguments, **named):
        global done
        done += 1
        if done > calls:
            os.kill(os.getpid(), signal.SIGKILL)
        return work(*arguments, **named)
    return work_or_die
setattr(owner, place, dying(getattr(owner, place)))
purge.finish(DataDir(Path(sys.argv[1])))
"""


pytestmark = pytest.mark.usefixtures("private_umask")


@pytest.fixture(scope="module")
def loaded(private_umask: None, tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """The small firm: loaded, built, its reports written, a pack of evidence and the tables exported."""
    data = small_firm(tmp_path_factory.mktemp("purge"))
    settings = read_settings(data.settings)
    load_inbox(data, settings)
    build(data)
    write_due(data, settings)
    evidence(data, return_id=GOING)
    export(data)
    return data


@pytest.fixture
def data(loaded: DataDir, tmp_path: Path) -> DataDir:
    shutil.copytree(loaded.root, tmp_path / "data")
    return DataDir(tmp_path / "data")


def write_plan(data: DataDir, plan: Plan) -> None:
    """Begins a purge, which the next writer finishes."""
    write_json(data.purging, asdict(plan))


def counts(data: DataDir) -> dict[str, tuple]:
    """The counts of each file: records, kept, quarantined, purged."""
    names = ("record_count", "kept_count", "quarantined_count", "purged_count")
    return {part.ledger["file_name"]: tuple(part.ledger[name] for name in names) for part in parts(data)}


def test_a_record_that_cannot_be_split_is_left_out_before_its_return_id_is_redacted(tmp_path: Path) -> None:
    """In a file with a column of SSNs nine digits are redacted anywhere in such a record."""
    data = DataDir(tmp_path / "data")
    data.inbox.mkdir(parents=True)
    head = "Return ID,Client Name,Tab,Event,Date/Time,Client SSN\n"
    event = "Client,Return Accessed,03/01/2026 10:00 AM,\n"
    put(data, "first.csv", f"{head}123456789,John Doe,{event}987654320,Jane Roe,{event}".encode())
    load_inbox(data, read_settings(data.settings))
    build(data)
    assert returntrail(data, "purge", "--return", "123456789", "--yes").returncode == 0
    too_long = event.replace("\n", ",one,too many\n")
    put(data, "second.csv", f"{head}123456789,John Doe,{too_long}987654320,Jane Roe,{too_long}".encode())
    load_inbox(data, read_settings(data.settings))
    assert counts(data)["second.csv"] == (2, 0, 1, 1)


def test_a_return_is_purged_by_the_number_that_the_store_has_as_a_hash(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    data.inbox.mkdir(parents=True)
    head = "Return ID,Tab,Event,Date/Time\n"
    event = "Client,Return Accessed,03/01/2026 10:00 AM\n"
    put(data, "first.csv", f"{head}078051121,{event}219-45-1121,{event}R-3,{event}".encode())
    load_inbox(data, read_settings(data.settings))
    build(data)
    for typed, left in (("078051121", 2), ("219451121", 1)):
        done = returntrail(data, "purge", "--return", typed, "--yes")
        assert done.returncode == 0, done.stderr
        assert counts(data)["first.csv"][1] == left
    put(data, "second.csv", f"{head}078-05-1121,{event}219451121,{event}R-4,{event}".encode())
    load_inbox(data, read_settings(data.settings))
    assert counts(data)["second.csv"] == (3, 1, 0, 2)


def test_a_purge_without_yes_lists_what_it_removes_and_removes_nothing(data: DataDir) -> None:
    before = traces(data)
    asked = returntrail(data, "purge", "--return", GOING)
    assert asked.returncode == 1
    printed = output_lines(asked, data)
    assert printed[0] == "1 return: 11 records of 3 loaded files."
    assert (
        printed[-1]
        == "Nothing was removed. A purge cannot be undone. To purge, type the same command with --yes."
    )
    folders = {line.removeprefix("to remove: ").rsplit("/", 1)[0].split("/20")[0] for line in printed[1:-1]}
    assert folders == {"reports", "runs", "evidence", "export", "inbox/loaded", "inbox/refused"}
    assert traces(data) == before
    assert not data.purging.exists()


def test_no_trace_of_a_purged_return_stays_and_no_export_restores_it(data: DataDir) -> None:
    assert len(traces(data)) > 30
    others = {name: [row for row in rows if row[1] != GOING] for name, rows in tables(data).items()}
    done = returntrail(data, "purge", "--return", GOING, "--yes")
    assert (done.returncode, output_lines(done, data)[-1]) == (
        0,
        "Purged: 11 records and 27 other files. Backups and --out folders are not searched; "
        "remove their copies yourself.",
    )
    assert traces(data) == []
    assert tables(data) == others
    named_by_client = next(
        part.file_id for part in parts(data) if part.ledger["packed_sha256"][:16] != part.file_id
    )
    assert counts(data) == {
        "january.csv": (10, 4, 0, 6),
        f"{named_by_client} (its name was purged)": (8, 4, 0, 4),
        "register.csv": (2, 1, 0, 1),
    }
    [entry] = entries(data)
    assert (entry.kind, entry.return_count, entry.file_count, entry.record_count, entry.removed_count) == (
        "return",
        1,
        3,
        11,
        27,
    )
    assert "Purged for good:" in show(data)
    with pytest.raises(Problem, match=r"No run 24 has files\. These have: 3, 4, "):
        deliver_again(data, read_settings(data.settings), 24, None)
    [folder] = data.reports.iterdir()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert sorted(manifest["files"]) == sorted(file.name for file in folder.glob("*.csv"))
    put(data, "later.csv", (HEAD + lines(GOING) + lines("2025-0003") + UNREADABLE + CUT).encode())
    [outcome] = load_inbox(data, read_settings(data.settings))
    assert str(outcome).endswith("later.csv: loaded, 4 of 10 records, 6 of purged returns left out.")
    assert counts(data)["later.csv"] == (10, 4, 0, 6)
    assert traces(data) == []
    with pytest.raises(Problem, match=f'The store has no return "{GOING}"; there is nothing to purge.'):
        plan_returns(data, GOING)


def test_a_killed_purge_is_finished_by_the_next_writer(data: DataDir, tmp_path: Path) -> None:
    """It is killed several times at different places; the next process that writes finishes it first."""
    uninterrupted = DataDir(tmp_path / "uninterrupted")
    shutil.copytree(data.root, uninterrupted.root)
    plan = plan_returns(data, GOING)
    write_plan(data, plan)
    write_plan(uninterrupted, plan)
    finish(uninterrupted)
    for place, calls in (
        ("remove_files", 0),
        ("remove", 0),
        ("remove", 12),
        ("publish", 0),
        ("publish", 1),
        ("build", 0),
    ):
        command = [sys.executable, "-c", KILLED, str(data.root), place, str(calls)]
        died = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=300)
        assert died.returncode == -9, (place, died.stderr)
        assert data.purging.exists()
    returntrail(data, "load", check=True)
    assert not data.purging.exists()
    assert traces(data) == []
    assert counts(data) == counts(uninterrupted)
    assert tables(data) == tables(uninterrupted)
    assert sorted(
        path.relative_to(data.root) for path in data.root.rglob("*") if path.name != ".lock"
    ) == sorted(
        path.relative_to(uninterrupted.root) for path in uninterrupted.root.rglob("*") if path.name != ".lock"
    )
    assert [(entry.record_count, entry.removed_count) for entry in entries(data)] == [(11, 27)]


def test_old_returns_are_purged_by_their_last_event(data: DataDir) -> None:
    assert plan_returns(data, before=date(2023, 3, 4)).returns == []
    plan = plan_returns(data, before=date(2023, 3, 5))
    assert (plan.returns, plan.words) == (
        [["firm", "2023-0001"]],
        ["2023-0001", "CO-1", "Otto Old", "otto@old.test"],
    )
    record_purge(data, plan)
    remove_files(data, plan)
    rewrite_parts(data, plan)
    assert traces(data, ("2023-0001", *NAMES["2023-0001"])) == ["warehouse.duckdb"]
    assert counts(data)["january.csv"] == (10, 4, 2, 4)


def test_a_return_without_events_is_purged_by_the_day_of_the_register(tmp_path: Path) -> None:
    data = small_firm(tmp_path)
    for file in data.inbox.iterdir():
        file.unlink()
    put(data, "register.csv", b"Return ID,Client Name,Exported At\nr1,Ann,2024-05-01\nr2,Bo,2026-05-01\n")
    load_inbox(data, read_settings(data.settings))
    assert plan_returns(data, before=date(2025, 1, 1)).returns == [["firm", "r1"]]


def test_a_purged_file_is_refused_afterwards_but_its_returns_are_not(data: DataDir) -> None:
    [january] = [part for part in parts(data) if part.ledger["file_name"] == "january.csv"]
    write_plan(data, plan_file(data, january.file_id))
    finish(data)
    assert {row[1] for row in tables(data)["returns"]} == {GOING, "2025-0003"}
    assert january.file_id not in "".join(map(str, data.store.rglob("*")))
    assert traces(data, ("2023-0001",)) == []
    put(data, "again.csv", (HEAD + lines("2023-0001", 2023) + lines(GOING) + UNREADABLE + CUT).encode())
    put(data, "other.csv", (HEAD + lines("2023-0001", 2023)).encode())
    outcomes = load_inbox(data, read_settings(data.settings))
    assert [(outcome.state, outcome.reason) for outcome in outcomes] == [
        ("refused", "its content was purged, and what was purged does not come back."),
        ("loaded", None),
    ]


def test_nothing_is_loaded_without_the_key_of_the_purges(data: DataDir) -> None:
    record_purge(data, plan_returns(data, GOING))
    (data.root / ".key").write_bytes(b"k" * 32)
    with pytest.raises(Problem, match="not the key under which returns were purged, so they might come back"):
        load_inbox(data, read_settings(data.settings))
    (data.root / "purged.jsonl").write_text("{}\n")
    with pytest.raises(
        Problem,
        match=r"the list of purges cannot be read, so purged data might come back. Restore it from a backup.",
    ):
        load_inbox(data, read_settings(data.settings))


def test_a_damaged_part_is_not_rewritten(data: DataDir) -> None:
    part = next(part for part in parts(data) if part.kind == "events")
    content = bytearray(part.data.read_bytes())
    content[len(content) // 3] ^= 4
    part.data.write_bytes(content)
    with pytest.raises(
        Problem, match=f"{part.data}: it is not the file that was written, .* load its file again"
    ):
        plan_returns(data, GOING)
    with pytest.raises(
        Problem, match=f"{part.data}: it is not the file that was written, .* load its file again"
    ):
        rewrite_parts(data, Plan("return", None, None, [["firm", GOING]], [GOING], 1, 1))
    assert part.data.read_bytes() == content and not data.purging.exists()


def test_a_return_of_several_firms_needs_the_firm(tmp_path: Path) -> None:
    data = small_firm(tmp_path)
    for name in ("oak", "elm"):
        put(
            data,
            f"{name}.csv",
            ("Account," + HEAD + "".join(f"{name},{line}\n" for line in lines(GOING).splitlines())).encode(),
        )
    load_inbox(data, read_settings(data.settings))
    with pytest.raises(Problem, match=f'Several firms have a return "{GOING}": elm, firm, oak. Add --firm.'):
        plan_returns(data, GOING)
    assert plan_returns(data, GOING, "oak").returns == [["oak", GOING]]


def test_retention_removes_quarantined_text_and_reports(data: DataDir) -> None:
    now = datetime.now(UTC)
    apply(data, Retention(quarantine_days=30, report_days=30), now + timedelta(days=29))
    assert len(traces(data)) > 30
    apply(data, Retention(quarantine_days=30, report_days=30), now + timedelta(days=31))
    [january] = [part for part in parts(data) if part.ledger["file_name"] == "january.csv"]
    kept = pl.read_parquet(january.quarantine)
    assert kept.select("row_no", "reason", "record").rows() == [
        (9, "unreadable_time", None),
        (10, "wrong_field_count", None),
    ]
    assert (counts(data)["january.csv"], list(data.reports.iterdir())) == ((10, 8, 2, 0), [])
    assert [folder.name for folder in data.runs.iterdir() if folder.is_dir()] == []
    assert list((data.root / "evidence").iterdir()) == []
    version = january.folder.name
    apply(data, Retention(quarantine_days=30), now + timedelta(days=60))
    assert [part.folder.name for part in parts(data) if part.file_id == january.file_id] == [version]
