"""The only connection to the data: what it answers, what it refuses, and that it reaches no other file."""

import re
import shutil
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.warehouse.ask import (
    Warehouse,
    ask,
    count_rows,
    fetch_batches,
    fetch_rows,
    open_warehouse,
    question_of,
)
from etl.warehouse.build import build
from etl.warehouse.explore import query
from support.warehouses import small_queries, two_files, write_part


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    root = tmp_path_factory.mktemp("warehouse")
    data = two_files(root / "it's data")
    build(data, queries=small_queries(root / "queries"))
    return data


@pytest.fixture
def warehouse(data: DataDir) -> Warehouse:
    with open_warehouse(data.warehouse) as found:
        yield found


def test_the_warehouse_says_what_it_is(warehouse: Warehouse) -> None:
    facts = warehouse.facts
    assert (facts.as_of, facts.firm_name, facts.timezone) == (
        datetime(2026, 3, 3, 10),
        "The firm",
        "America/New_York",
    )
    seen = warehouse.reports["seen"]
    assert (seen.meaning, seen.every) == ("The returns that were seen.", "day")
    assert seen.params == {"for_returns": "null", "since": "null", "least_days": "0"}
    assert seen.columns == {
        "firm_id": "VARCHAR",
        "return_id": "VARCHAR",
        "last_at": "TIMESTAMP",
        "visit_count": "BIGINT",
    }


R1 = ("oak", "r1", datetime(2026, 3, 1, 10), 1)
R2 = ("oak", "r2", datetime(2026, 3, 3, 10), 2)


@pytest.mark.parametrize(
    ("filters", "rows"),
    [
        ({}, [R1, R2]),
        ({"for_returns": ["r2", "r9"]}, [R2]),
        ({"for_returns": "r1"}, [R1]),
        ({"for_returns": []}, []),
        ({"for_returns": None}, [R1, R2]),
        ({"for_returns": ["' or true --"]}, []),
        ({"since": "2026-03-02"}, [R2]),
        ({"since": date(2026, 3, 2)}, [R2]),
        ({"since": "2026-03-03 10:00"}, [R2]),
        ({"least_days": 2}, [R2]),
        ({"least_days": "2", "for_returns": ["r1", "r2"]}, [R2]),
    ],
)
def test_filters_are_bound_and_text_is_converted(warehouse: Warehouse, filters: dict, rows: list) -> None:
    assert ask(warehouse, "seen", **filters).rows() == rows


def test_only_the_columns_asked_for_come_in_the_order_asked(warehouse: Warehouse) -> None:
    answer = ask(warehouse, "seen", columns=["visit_count", "return_id"], least_days=1)
    assert answer.columns == ["visit_count", "return_id"] and answer.rows() == [(1, "r1"), (2, "r2")]


@pytest.mark.parametrize(
    ("report", "columns", "filters", "message"),
    [
        ("unseen", None, {}, 'No report is named "unseen". There are: seen.'),
        ("seen; drop table x", None, {}, 'No report is named "seen; drop table x". There are: seen.'),
        (
            "seen",
            None,
            {"for_offices": ["Austin"]},
            'The report seen has no parameter "for_offices". It has: for_returns, since, least_days.',
        ),
        (
            "seen",
            ["1 as x"],
            {},
            'The report seen has no column "1 as x". It has: firm_id, return_id, last_at, visit_count.',
        ),
        (
            "seen",
            None,
            {"since": "soon"},
            'since of the report seen takes a date such as 2026-03-04, not "soon".',
        ),
        ("seen", None, {"least_days": "x"}, 'least_days of the report seen takes a whole number, not "x".'),
    ],
)
def test_an_unknown_name_is_answered_by_what_there_is(
    warehouse: Warehouse, report: str, columns: list | None, filters: dict, message: str
) -> None:
    with pytest.raises(Problem) as raised:
        ask(warehouse, report, columns=columns, **filters)
    assert str(raised.value) == message


def test_what_a_report_refuses_in_sql_is_a_problem(tmp_path: Path) -> None:
    refuses = """\
-- One row, unless the split is unknown.
--
-- param: split_by = null  Nothing.
select
    case
        when split_by is null then 1
        else error('split_by: "' || split_by || '" is unknown.')
    end as one -- One.
order by one
"""
    data = two_files(tmp_path / "data")
    build(data, queries=small_queries(tmp_path / "queries", report__refuses=refuses))
    with open_warehouse(data.warehouse) as warehouse, pytest.raises(Problem) as raised:
        ask(warehouse, "refuses", split_by="moon")
    assert str(raised.value) == 'The report refuses: split_by: "moon" is unknown.'


def test_batches_hold_the_same_rows(warehouse: Warehouse) -> None:
    everything = question_of(warehouse, "seen", None, {})
    assert [frame.rows() for frame in fetch_batches(warehouse, everything, 1)] == [[R1], [R2]]
    [empty] = fetch_batches(warehouse, question_of(warehouse, "seen", None, {"for_returns": []}), 1)
    assert empty.schema == ask(warehouse, "seen").schema and empty.is_empty()


def test_the_first_rows_and_the_count_are_those_of_the_whole_answer(warehouse: Warehouse) -> None:
    for filters, rows in (({}, [R1, R2]), ({"since": "2026-03-02"}, [R2]), ({"for_returns": []}, [])):
        question = question_of(warehouse, "seen", ["return_id"], filters)
        assert fetch_rows(warehouse, question, 1).rows() == [(row[1],) for row in rows[:1]]
        assert count_rows(warehouse, question) == len(rows)


def test_questions_asked_at_once_do_not_mix_their_rows(warehouse: Warehouse) -> None:
    wanted = {name: [row] for name, row in (("r1", R1), ("r2", R2))}
    names = ["r1", "r2"] * 50
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda name: ask(warehouse, "seen", for_returns=[name]).rows(), names))
    assert answers == [wanted[name] for name in names]


def test_an_analysts_call_gives_the_same_rows(data: DataDir, warehouse: Warehouse) -> None:
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        typed = database.execute("from report.seen(for_returns := ['r2'], least_days := 1)").fetchall()
    assert typed == ask(warehouse, "seen", for_returns=["r2"], least_days=1).rows()


def test_a_new_build_is_seen_by_whoever_opens_anew(tmp_path: Path) -> None:
    queries = small_queries(tmp_path / "queries")
    data = two_files(tmp_path / "data")
    build(data, queries=queries)
    with open_warehouse(data.warehouse) as old:
        write_part(data, "cc" * 8, [{"return_id": "r3", "event_at": "2026-03-03 11:00:00"}])
        build(data, queries=queries)
        with open_warehouse(data.warehouse) as new:
            assert (ask(old, "seen").height, ask(new, "seen").height) == (2, 3)


ALLOWED = {
    "select return_id from mart.visits order by 1": [("r1",), ("r2",)],
    "from report.seen(for_returns := ['r1']) select visit_count": [(1,)],
    "select count(*) from catalog where kind = 'report'": [(1,)],
    "with a as (select 1 as x) from a": [(1,)],
    "select 1 as x, 2 as x, interval 3 day as i, [1, null] as l": [(1, 2, "3 days", "[1, NULL]")],
    "select timestamptz '2026-03-01 10:00:00+00' as t": [(datetime(2026, 3, 1, 10),)],
    "select column_name from (describe mart.visits) limit 1": [("firm_id",)],
    "select 1;": [(1,)],
    "select null as x": [(None,)],
    "select 'a' where false": [],
}


@pytest.mark.parametrize("sql", ALLOWED)
def test_free_sql_reads(warehouse: Warehouse, sql: str) -> None:
    assert query(warehouse, sql).rows() == ALLOWED[sql]


FORBIDDEN = """
from read_text('/etc/passwd')
from read_csv('{own}')
from read_blob('/etc/passwd')
from read_parquet('{part}')
from read_json('/etc/passwd')
from '{part}'
from sniff_csv('{own}')
from glob('/*')
from parquet_schema('{part}')
copy (select 1) to '{new}'
copy mart.visits to '{new}' (format parquet)
export database '{new}'
import database '{new}'
attach '{new}'
attach '{file}' as other
detach warehouse
create table t (x int)
create temp table t (x int)
create view v as select 1
create macro m() as 1
insert into mart.visits select * from mart.visits
update mart.visits set visit_count = 0
delete from mart.visits
drop table mart.visits
alter table mart.visits rename to x
set threads = 1
set enable_external_access = true
reset lock_configuration
pragma enable_profiling
call pragma_database_size()
install httpfs
load httpfs
load '{new}'
use memory
begin
checkpoint
vacuum
prepare p as select 1
select 1; select 2
select 1; copy (select 1) to '{new}'
explain analyze copy (select 1) to '{new}'
selec 1
select * from query('copy (select 1) to ''{new}''')

""".strip("\n").split("\n")


BEYOND = [
    *("date '290000-01-01'", "timestamp '290000-01-01'", "date 'infinity'", "timestamptz '-infinity'"),
    # In Guam it is the year 10000, and in New York it was the year 0.
    *("timestamp '9999-12-31 23:59:59'", "timestamp '0001-01-01 00:00:00'"),
]


@pytest.mark.parametrize("value", BEYOND)
def test_a_time_beyond_the_calendar_is_a_sentence(warehouse: Warehouse, value: str) -> None:
    sentence = (
        "a date or time is not in the years 1 to 9999 on every clock; write cast(... as varchar) to see it."
    )
    with pytest.raises(Problem, match=re.escape(sentence)):
        query(warehouse, f"select {value} as at")
    assert query(warehouse, f"select cast({value} as varchar) as at").height == 1


def test_the_first_and_the_last_day_of_the_calendar_are_days(warehouse: Warehouse) -> None:
    days = "date '0001-01-01' as first, date '9999-12-31' as last, timestamp '9999-12-30 23:59:59' as at"
    [row] = query(warehouse, f"select {days}").rows()
    assert list(map(str, row)) == ["0001-01-01", "9999-12-31", "9999-12-30 23:59:59"]


@pytest.mark.parametrize("sql", [*FORBIDDEN, ""])
def test_free_sql_reaches_nothing_else(data: DataDir, warehouse: Warehouse, tmp_path: Path, sql: str) -> None:
    new = tmp_path / "new"
    places = {
        "own": __file__,
        "part": next(data.store.glob("*/events.parquet")),
        "new": new,
        "file": data.warehouse,
    }
    text = sql.format(**{name: str(place).replace("'", "''") for name, place in places.items()})
    before = data.warehouse.read_bytes()
    with pytest.raises(Problem):
        query(warehouse, text)
    assert not new.exists() and data.warehouse.read_bytes() == before
    assert query(warehouse, "select count(*) from mart.visits").rows() == [(2,)]


def test_free_sql_reaches_much_where_nothing_holds_it(
    data: DataDir, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The same statements in an unlocked DuckDB: the refusals above come from our settings."""
    done = []
    for number, sql in enumerate(one for one in FORBIDDEN if not one.startswith(("install", "load"))):
        file = Path(shutil.copy(data.warehouse, tmp_path / f"{number}.duckdb"))
        places = {
            "own": __file__,
            "part": next(data.store.glob("*/events.parquet")),
            "new": tmp_path / f"new {number}",
            "file": file,
        }
        with duckdb.connect(str(file)) as database:
            try:
                database.execute(
                    sql.format(**{name: str(place).replace("'", "''") for name, place in places.items()})
                )
                done.append(sql)
            except duckdb.Error:
                continue
    assert {"from read_text('/etc/passwd')", "copy (select 1) to '{new}'", "drop table mart.visits"} <= set(
        done
    )
    record_property("injected", 0)
    record_property("control", len(done))


def test_a_missing_warehouse_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(Problem) as raised:
        open_warehouse(tmp_path / "warehouse.duckdb")
    assert str(raised.value) == (
        f"{tmp_path / 'warehouse.duckdb'}: there is no warehouse yet. "
        f"Put exports into {tmp_path / 'inbox'} and type "
        "`returntrail run`, or `returntrail load FILE` and then `returntrail build`."
    )


DAMAGED = "the warehouse is damaged. Type `returntrail build`; the store has all that it needs."


@pytest.mark.parametrize("bytes_kept", [0, 100, 5_000, 300_000])
def test_a_cut_warehouse_is_damaged(data: DataDir, tmp_path: Path, bytes_kept: int) -> None:
    file = tmp_path / "warehouse.duckdb"
    file.write_bytes(data.warehouse.read_bytes()[:bytes_kept])
    with pytest.raises(Problem) as raised:
        open_warehouse(file)
    assert str(raised.value) == f"{file}: {DAMAGED}"


def test_another_database_is_no_warehouse(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as database:
        database.execute("create table t as select 1 as x")
    with pytest.raises(Problem) as raised:
        open_warehouse(file)
    assert str(raised.value) == (
        f"{file}: not a warehouse of this version of returntrail. Type `returntrail build` to build it again."
    )


def test_a_report_that_an_earlier_version_did_not_make_asks_for_a_build(
    data: DataDir, tmp_path: Path
) -> None:
    file = tmp_path / "warehouse.duckdb"
    shutil.copyfile(data.warehouse, file)
    with duckdb.connect(str(file)) as database:
        database.execute("drop schema unsorted cascade")
    with open_warehouse(file) as warehouse, pytest.raises(Problem) as raised:
        count_rows(warehouse, question_of(warehouse, "seen", None, {}))
    assert str(raised.value) == (
        f"{file}: not a warehouse of this version of returntrail. Type `returntrail build` to build it again."
    )


def checksum(block: bytes) -> int:
    """DuckDB's checksum of the main header, which has no odd bytes at its end."""
    result = 5381
    for (word,) in struct.iter_unpack("<Q", block):
        result ^= word * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    return result


@pytest.mark.parametrize("storage_version", [70, 999])
def test_a_file_of_a_newer_duckdb_is_called_so(data: DataDir, tmp_path: Path, storage_version: int) -> None:
    file = tmp_path / "warehouse.duckdb"
    shutil.copy(data.warehouse, file)
    whole = bytearray(file.read_bytes())
    assert struct.unpack_from("<Q", whole)[0] == checksum(bytes(whole[8:4096]))
    whole[12:20] = struct.pack("<Q", storage_version)
    whole[:8] = struct.pack("<Q", checksum(bytes(whole[8:4096])))
    file.write_bytes(whole)
    with pytest.raises(Problem) as raised:
        open_warehouse(file)
    assert str(raised.value) == (
        f"{file}: written by a newer DuckDB than this one. Upgrade returntrail, or type `returntrail build`."
    )


def test_answers_are_frames(warehouse: Warehouse) -> None:
    assert ask(warehouse, "seen").schema == {
        "firm_id": pl.String,
        "return_id": pl.String,
        "last_at": pl.Datetime("us"),
        "visit_count": pl.Int64,
    }
