"""A build starts from the last warehouse only if it may, and says why it does not."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.store.parts import parts
from etl.warehouse.build import build
from etl.warehouse.last import write_digest
from etl.warehouse.models import on_duckdb
from support.loaded_files import HEAD, Firm
from support.warehouses import small_queries

APPENDED = "Started from the last warehouse; new files: 1, returns made anew: all."


def log_of_day(day: int) -> str:
    """A log of one day, in which each of three returns is opened once."""
    rows = [f"r{one},Client,Taxpayer: Tax Return Accessed,2026-03-{day:02}T10:0{one}:00Z" for one in range(3)]
    return "\n".join([HEAD, *rows, ""])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    """A firm with two days, built, and a third day, loaded since; each test changes a copy."""
    firm = Firm(tmp_path_factory.mktemp("made"))
    for day in (1, 2):
        firm.load_text(log_of_day(day), f"{day}.csv")
    build(firm.data, queries=small_queries(firm.folder / "queries"))
    firm.load_text(log_of_day(3), "3.csv")
    return firm


@pytest.fixture
def queries(tmp_path: Path, made: Firm) -> Path:
    return Path(shutil.copytree(made.folder / "queries", tmp_path / "queries"))


@pytest.fixture
def firm(tmp_path: Path, made: Firm) -> Firm:
    shutil.copytree(made.data.root, tmp_path / "data")
    for export in made.folder.glob("*.csv"):
        shutil.copy(export, tmp_path)
    return Firm(tmp_path)


def visits(data: DataDir) -> list[tuple]:
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        return database.execute("from mart.visits").fetchall()


def last_sentence(firm: Firm, queries: Path, **options: object) -> str:
    """How a build says that it was made."""
    said = str(build(firm.data, queries=queries, **options))
    return said[max(said.find("A full build"), said.find("Started")) :]


def test_a_new_file_is_appended(firm: Firm, queries: Path) -> None:
    with duckdb.connect(str(firm.data.warehouse), read_only=True) as database:
        before = database.execute("from raw.file_numbers").fetchall()
    assert last_sentence(firm, queries) == APPENDED
    appended = visits(firm.data)
    assert [row[-1] for row in appended] == [3, 3, 3]
    with duckdb.connect(str(firm.data.warehouse), read_only=True) as database:
        assert database.execute("from raw.file_numbers").fetchall()[: len(before)] == before
    assert last_sentence(firm, queries, full=True) == "A full build, because it was asked for."
    assert visits(firm.data) == appended


def remove_file(firm: Firm) -> None:
    shutil.rmtree(parts(firm.data)[0].folder)


def read_again(firm: Firm) -> None:
    [outcome] = firm.load(firm.folder / "1.csv", again=True)
    assert outcome.state == "read again"


def change_settings(firm: Firm) -> None:
    text = firm.data.settings.read_text(encoding="utf-8")
    (firm.data.root / "settings.toml").write_text(f"{text}\n# Changed.\n", encoding="utf-8")


def change_labels(firm: Firm) -> None:
    (firm.data.root / "reference").mkdir()
    (firm.data.root / "reference" / "labels.csv").write_text("tab,recipient,label,status,code,note\n")


def change_bytes(firm: Firm) -> None:
    content = bytearray(firm.data.warehouse.read_bytes())
    for place in range(12_288, len(content), 4_096):
        content[place] ^= 1
    firm.data.warehouse.write_bytes(content)


OTHER_BYTES = "the last warehouse has no checksum or was changed since"


def run_in(firm: Firm, statement: str) -> None:
    with duckdb.connect(str(firm.data.warehouse)) as database:
        database.execute(statement)


def run_and_sign(firm: Firm, statement: str) -> None:
    run_in(firm, statement)
    write_digest(firm.data, firm.data.warehouse)


def change_and_sign(firm: Firm) -> None:
    change_bytes(firm)
    write_digest(firm.data, firm.data.warehouse)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda firm: firm.data.warehouse.unlink(), "there was no warehouse"),
        (remove_file, "a file of the last build was removed, read again or has no checksum"),
        (read_again, "a file of the last build was removed, read again or has no checksum"),
        (change_settings, "the settings or the reference files have changed"),
        (change_labels, "the settings or the reference files have changed"),
        (change_bytes, OTHER_BYTES),
        (lambda firm: firm.data.warehouse_digest.unlink(), OTHER_BYTES),
        (lambda firm: run_in(firm, "update mart.visits set visit_count = 9"), OTHER_BYTES),
        (change_and_sign, "the last warehouse could not be used"),
        (
            lambda firm: run_and_sign(firm, "alter table raw.build drop code_digest"),
            "the last warehouse could not be used",
        ),
        (
            lambda firm: run_and_sign(firm, "delete from raw.build"),
            "the last warehouse is damaged or of another version",
        ),
        (
            lambda firm: run_and_sign(firm, "drop table raw.parts"),
            "the last warehouse is damaged or of another version",
        ),
        (
            lambda firm: run_and_sign(firm, "update raw.build set code_digest = 'other'"),
            "another version of returntrail, or Spark, made the last warehouse or makes this one",
        ),
    ],
)
def test_anything_else_is_a_full_build(
    firm: Firm, queries: Path, change: Callable[[Firm], None], why: str
) -> None:
    change(firm)
    assert last_sentence(firm, queries) == f"A full build, because {why}."
    assert [row[-1] for row in visits(firm.data)] == [len(parts(firm.data))] * 3


def test_what_another_program_did_not_complete_is_left_out(firm: Firm, queries: Path) -> None:
    program = """
import duckdb, os, sys
database = duckdb.connect(sys.argv[1])
database.execute("set checkpoint_threshold = '1TB'; update mart.visits set visit_count = 9")
os._exit(1)
"""
    subprocess.run([sys.executable, "-c", program, str(firm.data.warehouse)], check=False)
    unfinished = firm.data.warehouse.with_name("warehouse.duckdb.wal")
    assert unfinished.exists()
    assert last_sentence(firm, queries) == APPENDED
    assert not unfinished.exists()
    assert [row[-1] for row in visits(firm.data)] == [3, 3, 3]


def test_without_a_checksum_nothing_is_published(firm: Firm, queries: Path) -> None:
    before = firm.data.warehouse.read_bytes()
    firm.data.warehouse_digest.unlink()
    firm.data.warehouse_digest.mkdir()
    with pytest.raises(Problem, match=r"sha256: a folder is where its checksum belongs.*stays"):
        build(firm.data, queries=queries)
    assert firm.data.warehouse.read_bytes() == before


def test_a_name_in_the_last_warehouse_is_no_sql(firm: Firm, queries: Path, tmp_path: Path) -> None:
    made = tmp_path / "made.csv"
    name = f"records; copy (select 42) to '{made}'; --"
    run_and_sign(firm, f'create table raw."{name}" as select 1 as x')
    assert last_sentence(firm, queries) == APPENDED
    assert not made.exists()


def test_other_queries_another_engine_or_an_earlier_time_is_a_full_build(
    firm: Firm, queries: Path, tmp_path: Path
) -> None:
    def other(*arguments: object) -> object:
        return on_duckdb(*arguments)

    for _ in range(2):
        assert "Spark, made the last" in last_sentence(firm, queries, engine=other)
    assert "Spark, made the last" in last_sentence(firm, queries)
    (queries / "mart" / "more.sql").write_text("-- One row.\nselect\n    1 as one -- A number.\n")
    assert "another version" in last_sentence(firm, queries)
    earlier = last_sentence(firm, queries, as_of=datetime(2026, 3, 2))
    assert earlier == "A full build, because the last warehouse is as of a later time."
    assert last_sentence(firm, queries) == APPENDED.replace("1,", "0,")


def test_many_days_do_not_make_the_file_large(
    tmp_path: Path, queries: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each appended day adds blocks that are not full; when the file has doubled, the store is read anew."""
    monkeypatch.setattr("etl.warehouse.last.FREE_GROWTH_BYTES", 0)
    firm, said, sizes = Firm(tmp_path), [], []
    for day in range(1, 22):
        firm.load_text(log_of_day(day), f"{day}.csv")
        said.append(last_sentence(firm, queries))
        sizes.append(firm.data.warehouse.stat().st_size)
    grown = "A full build, because the file has grown to more than twice that of the last full build."
    assert set(said[1:]) == {APPENDED, grown}
    assert said.count(APPENDED) > 2 * said.count(grown)
    assert max(sizes) < 2.5 * sizes[0]
