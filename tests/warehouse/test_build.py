"""A build: what the warehouse holds, what stops it, and that the old file stays when it is stopped."""

import os
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from etl.common.paths import QUERIES, DataDir
from etl.common.problem import Problem
from etl.warehouse.build import build
from support.warehouses import AA, BB, CC, SEEN, VISITS, refuse_file, small_queries, two_files, write_part

FILES = ["store", "warehouse.duckdb", "warehouse.duckdb.sha256"]


def rows(data: DataDir, sql: str) -> list[tuple]:
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        return database.execute(sql).fetchall()


def tables(data: DataDir) -> dict[str, list[tuple]]:
    """Every table of the warehouse in the order in which it is stored, the moment of the build left out."""
    names = [name for (name,) in rows(data, "select name from catalog where kind = 'table' order by name")]
    found = {name: rows(data, f"from {name}") for name in names}
    found["raw.build"] = rows(data, "select * exclude (built_at) from raw.build")
    return found


def problem(data: DataDir, queries: Path) -> str:
    """The Problem of a build that fails, after seeing that nothing of it is left."""
    before = sorted((path.name, path.stat().st_mtime_ns) for path in data.root.iterdir() if path.is_file())
    with pytest.raises(Problem) as raised:
        build(data, queries=queries)
    assert (
        sorted((path.name, path.stat().st_mtime_ns) for path in data.root.iterdir() if path.is_file())
        == before
    )
    assert not list(data.root.glob(".*"))
    return str(raised.value)


def test_two_overlapping_files_become_one_warehouse(tmp_path: Path) -> None:
    data = two_files(tmp_path / "data")
    refuse_file(data, CC, "It is HTML.")
    built = build(data, queries=small_queries(tmp_path / "queries"))
    assert (built.files, built.refused, built.events, built.repeated, built.later) == (2, 1, 3, 1, 1)
    assert built.as_of == datetime(2026, 3, 3, 10)
    assert rows(data, "from mart.visits") == [
        ("oak", "r1", datetime(2026, 3, 1, 10), 1),
        ("oak", "r2", datetime(2026, 3, 3, 10), 2),
    ]
    counts = "kept_count, distinct_count, repeated_count, later_count"
    ledger = f"select file_id, state, reason, {counts} from raw.files"
    assert rows(data, ledger) == [
        (AA, "loaded", None, 2, 2, 0, 0),
        (BB, "loaded", None, 3, 1, 1, 1),
        (CC, "refused", "It is HTML.", None, None, None, None),
    ]
    assert rows(data, "select file_id, row_no, client_name from raw.events order by all") == [
        (AA, 1, "Ann"),
        (AA, 2, "=1+1"),
        (BB, 1, None),
        (BB, 2, None),
        (BB, 3, None),
    ]


def test_an_empty_store_builds_an_empty_warehouse_and_says_so(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    built = build(data, queries=small_queries(tmp_path / "queries"))
    assert str(built).endswith(
        "an empty warehouse, because the store has no files yet. Load some and build again."
    )
    assert rows(data, "select as_of, firm_name, timezone from raw.build") == [
        (None, "The firm", "America/New_York")
    ]
    assert rows(data, "from mart.visits") == []


def test_only_a_register_builds_without_events(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    write_part(data, AA, [{"return_id": "r1", "office": "Austin"}], kind="returns")
    assert "without events" in str(build(data, queries=small_queries(tmp_path / "queries")))
    assert rows(data, "select return_id, office from raw.returns") == [("r1", "Austin")]
    assert rows(data, "select kind, distinct_count from raw.files") == [("returns", None)]


@pytest.mark.parametrize(
    "as_of",
    [datetime(2026, 3, 2, 4, 59), datetime(2026, 3, 2, 9, 59, tzinfo=UTC)],
    ids=["in the firm's zone", "with an offset"],
)
def test_as_of_makes_the_warehouse_as_it_stood_then(tmp_path: Path, as_of: datetime) -> None:
    data = two_files(tmp_path / "data")
    built = build(data, as_of, queries=small_queries(tmp_path / "queries"))
    assert (built.as_of, built.events, built.later) == (datetime(2026, 3, 2, 9, 59), 1, 4)
    assert rows(data, "from mart.visits") == [("oak", "r1", datetime(2026, 3, 1, 10), 1)]


def test_the_same_store_gives_the_same_tables(tmp_path: Path) -> None:
    queries = small_queries(tmp_path / "queries")
    data = two_files(tmp_path / "data")
    build(data, queries=queries)
    first = tables(data)
    build(data, queries=queries)
    assert tables(data) == first


def test_tables_are_stored_by_their_key(tmp_path: Path) -> None:
    data = two_files(tmp_path / "data")
    build(
        data,
        queries=small_queries(
            tmp_path / "queries", mart__visits=f"{VISITS}order by return_id desc nulls last\n"
        ),
    )
    assert rows(data, "select return_id from mart.visits") == [("r1",), ("r2",)]


def test_a_file_that_says_so_is_a_view_with_its_meanings(tmp_path: Path) -> None:
    data = two_files(tmp_path / "data")
    saying = VISITS.replace("-- check:", "-- view: quickly had from the events\n-- check:")
    build(data, queries=small_queries(tmp_path / "others", mart__visits=saying))
    assert rows(data, "select comment from duckdb_views() where view_name = 'visits'") == [
        ("One row per return that was seen.",)
    ]
    assert rows(data, "select comment from duckdb_columns() where column_name = 'last_at'") == [
        ("The last event (UTC).",)
    ]
    assert rows(data, "select return_id, visit_count from report.seen()") == [("r1", 1), ("r2", 2)]
    assert problem(data, small_queries(tmp_path / "broken", mart__visits=saying.replace(">= 1", "< 2"))) == (
        'queries/mart/visits.sql, line 5: the rule "visit_count < 2" fails on 1 row, for example oak, r2. '
        "The old warehouse stays."
    )


def test_the_file_is_private_and_nothing_else_is_left(tmp_path: Path) -> None:
    data = two_files(tmp_path / "data")
    old = os.umask(0)
    try:
        build(data, queries=small_queries(tmp_path / "queries"))
    finally:
        os.umask(old)
    assert sorted(path.name for path in data.root.iterdir()) == [
        "store",
        "warehouse.duckdb",
        "warehouse.duckdb.sha256",
    ]
    assert data.warehouse.stat().st_mode & 0o777 == 0o600


def test_the_leftovers_of_a_killed_build_go(tmp_path: Path) -> None:
    data = two_files(tmp_path / "data")
    left = data.root / ".build-abc" / "spill"
    left.mkdir(parents=True)
    (left.parent / "warehouse.duckdb").write_bytes(b"half")
    build(data, queries=small_queries(tmp_path / "queries"))
    assert not left.parent.exists()


def test_a_reader_keeps_the_file_it_opened(tmp_path: Path) -> None:
    queries = small_queries(tmp_path / "queries")
    data = two_files(tmp_path / "data")
    build(data, queries=queries)
    with duckdb.connect() as reader:
        reader.execute(f"attach '{data.warehouse}' as old (read_only)")
        write_part(data, CC, [{"return_id": "r3", "event_at": "2026-03-04 10:00:00"}])
        build(data, queries=queries)
        assert reader.execute("select count(*) from old.mart.visits").fetchall() == [(2,)]
    assert rows(data, "select count(*) from mart.visits") == [(3,)]


def test_meanings_are_comments_and_rows_of_the_catalog(tmp_path: Path) -> None:
    data = two_files(tmp_path / "data")
    build(data, queries=small_queries(tmp_path / "queries"))
    comments = """
        select comment from duckdb_tables() where table_name = 'visits'
        union all
        select comment from duckdb_columns() where table_name = 'visits'
        union all
        select comment from duckdb_functions() where schema_name = 'report' and function_name = 'seen'
    """
    account = "The account of the platform: a column of the export, or its source's setting."
    known = "The return, as the platform names it; a keyed hash where the export uses an SSN or ITIN."
    last, count = "The last event (UTC).", "Events of the return."
    table, report = "One row per return that was seen.", "The returns that were seen."
    assert [comment for (comment,) in rows(data, comments)] == [table, account, known, last, count, report]
    assert rows(
        data, "from catalog where name in ('mart.visits', 'report.seen') order by name, kind, position"
    ) == [
        ("column", "mart.visits", "firm_id", 1, "VARCHAR", account, True, None),
        ("column", "mart.visits", "return_id", 2, "VARCHAR", known, True, None),
        ("column", "mart.visits", "last_at", 3, "TIMESTAMP", last, False, None),
        ("column", "mart.visits", "visit_count", 4, "BIGINT", count, False, None),
        ("table", "mart.visits", "", 0, None, table, False, None),
        (
            "parameter",
            "report.seen",
            "for_returns",
            1,
            "null",
            "Only these returns; all if not given.",
            False,
            None,
        ),
        (
            "parameter",
            "report.seen",
            "since",
            2,
            "null",
            "Only those seen on this day (UTC) or later.",
            False,
            None,
        ),
        (
            "parameter",
            "report.seen",
            "least_days",
            3,
            "0",
            "Only those seen at least so many times.",
            False,
            None,
        ),
        ("report", "report.seen", "", 0, "day", report, False, None),
        ("result", "report.seen", "firm_id", 1, "VARCHAR", account, True, None),
        ("result", "report.seen", "return_id", 2, "VARCHAR", known, True, None),
        ("result", "report.seen", "last_at", 3, "TIMESTAMP", last, False, None),
        ("result", "report.seen", "visit_count", 4, "BIGINT", count, False, None),
    ]


BROKEN = {
    "a check": (
        {"mart__visits": VISITS.replace("visit_count >= 1", "visit_count < 2")},
        'queries/mart/visits.sql, line 4: the rule "visit_count < 2" fails on 1 row, for example oak, r2. '
        "The old warehouse stays.",
    ),
    "a check that is null": (
        {"mart__visits": VISITS.replace("visit_count >= 1", "nullif(visit_count, 1) > 1")},
        'queries/mart/visits.sql, line 4: the rule "nullif(visit_count, 1) > 1" fails on 1 row, '
        "for example oak, r1. "
        "The old warehouse stays.",
    ),
    "a check of a column that is not there": (
        {"mart__visits": VISITS.replace("visit_count >= 1", "visits >= 1")},
        "queries/mart/visits.sql, line 4: ",
    ),
    "a key that repeats": (
        {"mart__visits": VISITS.replace("firm_id, return_id\n-- check", "firm_id\n-- check")},
        'queries/mart/visits.sql, line 3: the key "firm_id" is null or repeated once, for example oak. '
        "The old warehouse stays.",
    ),
    "a key that is null": (
        {
            "mart__visits": VISITS.replace(
                "events.return_id,", "nullif(events.return_id, 'r1') as return_id,"
            )
            .replace(
                "by events.firm_id, events.return_id", "by events.firm_id, nullif(events.return_id, 'r1')"
            )
            .replace("as return_id,", "as return_id, -- The return.")
        },
        'queries/mart/visits.sql, line 3: the key "firm_id, return_id" is null or repeated once, '
        "for example oak, null. The old warehouse stays.",
    ),
    "a misspelt column": (
        {"mart__visits": VISITS.replace("max(events.event_at)", "max(events.event_it)")},
        "queries/mart/visits.sql, line 8: ",
    ),
    "a column without its line": (
        {"mart__visits": VISITS.replace("count(*) as", "1 as one, count(*) as")},
        'queries/mart/visits.sql, line 9: column 4 is documented as "visit_count" and is really "one". '
        "Write one column a line, each with its meaning. The old warehouse stays.",
    ),
    "a misspelt column of a report": (
        {"report__seen": SEEN.replace("and visits.visit_count >=", "and visits.visit_counts >=")},
        "queries/report/seen.sql, line 16: ",
    ),
    "a report with a key that repeats": (
        {"report__seen": SEEN.replace("-- key:   firm_id, return_id", "-- key:   firm_id")},
        'queries/report/seen.sql, line 3: the key "firm_id" is null or repeated once, for example oak. '
        "The old warehouse stays.",
    ),
    "a value that does not fit": (
        {"mart__visits": VISITS.replace("max(events.event_at)", "max(cast(events.return_id as timestamp))")},
        "queries/mart/visits.sql, line 8: a value does not fit the statement (Conversion Error). "
        "It is not shown; "
        "it may be private. The old warehouse stays.",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_build_that_breaks_a_rule_is_refused_by_file_and_line(tmp_path: Path, name: str) -> None:
    files, message = BROKEN[name]
    data = two_files(tmp_path / "data")
    build(data, queries=small_queries(tmp_path / "good"))
    found = problem(data, small_queries(tmp_path / "queries", **files))
    assert found.startswith(message) and found.endswith(" The old warehouse stays.")
    assert "Ann" not in found


def test_the_name_of_a_parameter_may_be_a_word_of_a_text(tmp_path: Path) -> None:
    data = two_files(tmp_path / "data")
    seen = SEEN.replace("where (", "where 'seen since long' <> 'least_days' and (")
    build(data, queries=small_queries(tmp_path / "queries", report__seen=seen))
    assert rows(data, "select return_id from report.seen(least_days := 1)") == [("r1",), ("r2",)]


def test_without_an_old_warehouse_nothing_is_built(tmp_path: Path) -> None:
    data = two_files(tmp_path / "data")
    queries = small_queries(tmp_path / "queries", mart__visits=VISITS.replace(">= 1", "< 1"))
    assert problem(data, queries).endswith("fails on 2 rows, for example oak, r1. Nothing was built.")


def test_a_part_that_holds_another_number_of_records_than_its_ledger_is_refused(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    write_part(
        data, AA, [{"return_id": "r1", "event_at": "2026-03-01 10:00:00"}], kept_count=2, record_count=2
    )
    assert problem(data, small_queries(tmp_path / "queries")) == (
        f"{data.store / AA}: 1 records in events.parquet, and its ledger says 2. "
        "The part is damaged; remove it and load its file again. Nothing was built."
    )


def test_a_part_with_two_records_of_one_number_is_refused(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    twice = [
        {"return_id": "r1", "event_at": f"2026-03-01 10:0{minute}:00", "row_no": 1} for minute in range(2)
    ]
    write_part(data, AA, twice)
    text = (QUERIES / "raw" / "records.sql").read_text(encoding="utf-8")
    line = text.splitlines().index("-- key: file_no, row_no") + 1
    assert problem(data, small_queries(tmp_path / "queries")) == (
        f'queries/raw/records.sql, line {line}: the key "file_no, row_no" is null or repeated once, '
        "for example 1, 1. Nothing was built."
    )


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    data = two_files(tmp_path / "data")
    part = data.store / AA / "events.parquet"
    part.write_bytes(part.read_bytes()[:-20])
    assert problem(data, small_queries(tmp_path / "queries")).startswith(
        f"{data.store / AA}: this part is damaged."
    )


def test_counts_that_do_not_add_up_refuse_the_build(tmp_path: Path) -> None:
    data = two_files(tmp_path / "data")
    text = (QUERIES / "model" / "events" / "numbered_events.sql").read_text(encoding="utf-8")
    losing = text.replace("where records.event_at <=", "where records.row_no > 1 and records.event_at <=")
    queries = small_queries(tmp_path / "queries", model__events__numbered_events=losing)
    assert problem(data, queries) == (
        "queries/model/events/file_counts.sql, line 5: "
        'the rule "distinct_count + repeated_count + later_count = kept_count" '
        f"fails on 1 row, for example {AA}. Nothing was built."
    )


def test_a_folder_in_the_place_of_the_warehouse_is_named(tmp_path: Path) -> None:
    data = two_files(tmp_path / "data")
    data.warehouse.mkdir()
    assert "a folder is where the warehouse belongs" in problem(data, small_queries(tmp_path / "queries"))


def test_two_returns_with_one_number_are_refused(tmp_path: Path) -> None:
    data = two_files(tmp_path / "data")
    text = (QUERIES / "model" / "returns" / "returns.sql").read_text(encoding="utf-8")
    colliding = (
        text.replace("        sets.return_key,\n", "        1 as return_key,\n", 1)
        .replace("group by sets.return_key, ", "group by ")
        .replace("join begun using (return_key)", "cross join (values (1)) as begun")
    )
    queries = small_queries(tmp_path / "queries", model__returns__returns=colliding)
    line = text.splitlines().index("-- check: sharing_count = 1") + 1
    assert problem(data, queries) == (
        f'queries/model/returns/returns.sql, line {line}: the rule "sharing_count = 1" '
        "fails on 2 rows, for example oak, r1. Nothing was built."
    )
