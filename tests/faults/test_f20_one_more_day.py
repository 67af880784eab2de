"""F20: after any history, a build that starts from the last warehouse has the rows of a full build."""

import shutil
from collections import Counter
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from random import Random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.common.paths import QUERIES, DataDir
from etl.common.problem import Problem
from etl.store.parts import parts
from etl.upkeep.purge import Plan, plan_file, plan_returns, record_purge, rewrite_parts
from etl.warehouse.build import build
from faults.checks import SHARE, Tally, warehouse_rows
from faults.runner import Runner
from support.loaded_files import Firm, with_times

HEAD = "return_id,tab,label,status,event_time,actor,client_name,office,source_event_id"
LABELS = (
    "Deliver to Client",
    "Recalled return",
    "Taxpayer: Initial Email",
    "Taxpayer: Tax Return Accessed",
    "Document KBA Success",
    'Files Uploaded "a.pdf"',
    'Files Uploaded "b.pdf"',
    "Something New",
)
FILES, REGISTERS, RETURNS, MINUTES = 6, 2, 12, 60
ZONES = ("America/Chicago", "Asia/Tokyo")
LABEL_ROWS = "tab,recipient,label,status,code,note\nClient,,Something New,,kba_passed,\n"
# Numbers of a build: another build may give others.
NUMBERS = ("file_no", "label_no")
# The tables that the others are made from, for the test run; `make faults` compares all tables and reports.
FEW = ("raw", "ref", "main", "functions", "model/labels", "model/returns/returns.sql", "model/events")
FEW += ("model/hooks", "model/attributes", "mart/client_timeline.sql", "report/return_timeline.sql")

# What happens before a build, and which file or return it is about.
KINDS = ["load"] * 8 + ["register"] * 2 + ["purge return", "purge file", "settings", "labels"]
CHANGES = st.tuples(st.sampled_from(KINDS), st.integers(0, FILES - 1))
BUILDS = st.tuples(
    st.lists(CHANGES, max_size=3),
    st.sampled_from(["killed", None, None, None]),
    st.sampled_from([None] * 8 + ["2026-03-04 10:30", "2026-03-04 11:00", "2030-01-01"]),
)


def write_files(firm: Firm, dice: Random) -> list[Path]:
    """Logs of some returns and minutes of one day that overlap, in any order, and then returns lists."""
    lines = []
    for minute in range(MINUTES):
        for _ in range(dice.randrange(6)):
            label, one = dice.choice(LABELS), dice.randrange(RETURNS)
            status = dice.choice(("Processed", "Bounced")) if "Email" in label else ""
            told = dice.choice((f"{dice.choice(('Ann', 'Ann B.'))} {one},Austin", ",", f"Ann {one},Boston"))
            source_id = dice.choice(("", "", f"id {dice.randrange(40)}"))
            time = f"2026-03-04T{10 + minute // 30}:{minute % 30:02}:00Z"
            tab = dice.choice(("Client", "Internal"))
            quoted = label.replace('"', '""')
            line = f'r{one},{tab},"{quoted}",{status},{time},amy,{told},{source_id}'
            lines += [(minute, one, line)] * dice.choice((1, 1, 1, 2))
    files = []
    for number in range(FILES):
        since = dice.randrange(MINUTES)
        until = since + dice.randrange(1, MINUTES // 2)
        shown = dice.sample(range(RETURNS), dice.choice((1, 2, 3, RETURNS)))
        rows = [line for minute, one, line in lines if since <= minute <= until and one in shown]
        files.append(firm.file(f"log {number}.csv", "\n".join([HEAD, f"# {number}", *rows, ""])))
    for number in range(REGISTERS):
        listed = dice.sample(range(RETURNS), dice.choice((2, RETURNS)))
        rows = [f"r{one},Client {dice.randrange(3)} {one},1040,2025" for one in listed]
        text = "\n".join(["Return ID,Client Name,Form,Tax Year", *rows, ""])
        files.append(firm.file(f"register {number}.csv", text))
    return files


def change(firm: Firm, files: list[Path], what: str, number: int) -> None:
    """One thing that happens to the store, the settings or the reference files."""
    if what == "load":
        firm.load(files[number])
    elif what == "register":
        firm.load(files[FILES + number % REGISTERS])
    elif what == "settings":
        (firm.data.root / "settings.toml").write_text(with_times(ZONES[number % 2], "UTC", []))
        # They are read again under the new settings.
        loaded = {part.ledger["file_name"] for part in firm.parts}
        firm.load(*(file for file in files if file.name in loaded))
    elif what == "labels":
        own = firm.data.root / "reference" / "labels.csv"
        own.parent.mkdir(exist_ok=True)
        own.unlink() if own.exists() else own.write_text(LABEL_ROWS)
    else:
        # A return that no file has cannot be purged.
        with suppress(Problem):
            purge(firm.data, what, number)


def purge(data: DataDir, what: str, number: int) -> None:
    """A purge without its build, which would be a full one."""
    plan: Plan
    if what == "purge return":
        plan = plan_returns(data, f"r{number % RETURNS}")
    else:
        found = parts(data)
        if not found:
            return
        plan = plan_file(data, found[number % len(found)].file_id)
    record_purge(data, plan)
    rewrite_parts(data, plan)


def built_in_full(data: DataDir, to: Path, queries: Path, as_of: datetime | None) -> DataDir:
    """A full build of a copy of the store."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(data.root, to, ignore=shutil.ignore_patterns("warehouse.duckdb", ".returntrail-*"))
    assert "A full build" in str(build(DataDir(to), as_of, queries)) or not parts(data)
    return DataDir(to)


def rows_of(file: Path) -> Counter:
    """Every row of every table, and the answer of every report in its order, without numbers of the build."""
    found = warehouse_rows(file, NUMBERS, "raw|ref|model|mart|main")
    with duckdb.connect(str(file), read_only=True) as database:
        for (report,) in database.execute(
            "select distinct function_name from duckdb_functions() where schema_name = 'report'"
        ).fetchall():
            found[f"{report} {database.execute(f'from report.{report}()').fetchall()}"] += 1
    return found


def few_or_all(folder: Path) -> Path:
    """The queries of a full run are all of them."""
    for name in ("",) if SHARE == 1 else FEW:
        if (QUERIES / name).is_dir():
            shutil.copytree(QUERIES / name, folder / name)
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(QUERIES / name, folder / name)
    return folder


def test_f20_any_history(tally: Tally, runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> None:
    queries = few_or_all(tmp_path_factory.mktemp("queries") / "queries")
    how: Counter = Counter()

    @settings(max_examples=200 if SHARE == 1 else 20)
    @given(seed=st.integers(0, 10**6), history=st.lists(BUILDS, min_size=1, max_size=3 if SHARE == 1 else 2))
    def holds(seed: int, history: list) -> None:
        firm = Firm(tmp_path_factory.mktemp("firm"), with_times(ZONES[0], "UTC", []))
        files = write_files(firm, Random(seed))
        firm.load(files[seed % FILES])
        build(firm.data, queries=queries)
        for number, (changes, killed, moment) in enumerate(history, start=1):
            as_of = moment and datetime.fromisoformat(moment)
            for what, which in changes:
                change(firm, files, what, which)
            if killed:
                # While records are read or a model is made, at a check, or right before the end.
                step = [("model", "check", "publish")[seed % 3], 1 + seed % 7]
                ended = runner.run("--data", firm.data.root, "build", queries=queries, die=step)
                assert ended.code in (0, -9), ended.err
                how["killed"] += ended.code == -9
            built = build(firm.data, as_of, queries)
            how[built.why_full or ("all returns" if built.remade is None else "touched returns")] += 1
            # Nothing is damaged here: then an appended build went wrong, and a full one took its place.
            assert "damaged" not in str(built)
            tally.injected += 1
            if number == len(history) or SHARE == 1:
                full = built_in_full(firm.data, firm.folder / "full", queries, as_of)
                assert rows_of(firm.data.warehouse) == rows_of(full.warehouse), built
        shutil.rmtree(firm.folder)

    holds()
    print("\n".join(f"{count} {why}" for why, count in how.most_common()))
    assert how["all returns"] and how["touched returns"] and how["killed"]


def test_f20_a_purged_part_that_is_kept_is_found(
    control: Tally, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: a build that does not notice a missing part keeps its records."""
    queries = few_or_all(tmp_path / "queries")
    firm = Firm(tmp_path, with_times(ZONES[0], "UTC", []))
    files = write_files(firm, Random(1))
    firm.load(*files[:FILES])
    build(firm.data, queries=queries)
    before = parts(firm.data)
    purge(firm.data, "purge file", 1)
    monkeypatch.setattr("etl.warehouse.last.parts", lambda data: before)
    build(firm.data, queries=queries)
    full = built_in_full(firm.data, tmp_path / "full", queries, None)
    control.compare(rows_of(full.warehouse), rows_of(firm.data.warehouse))
