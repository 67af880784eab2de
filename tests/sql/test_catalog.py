"""The SQL files as a catalog: each rule can refuse, each construct is read, mistakes have file and line."""

import itertools
import re
from pathlib import Path

import duckdb
import pytest

from etl.common.duck import OFFLINE
from etl.common.paths import QUERIES
from etl.common.problem import Problem
from etl.sql.catalog import read_catalog
from etl.sql.file import SqlFile, read_file
from etl.sql.parse import nodes, parse
from etl.warehouse.build import create_reports, derived, source_of
from etl.warehouse.models import check_key, check_rule, columns_of, create_model
from support.warehouses import EVENTS, SEEN, VISITS, small_queries

CATALOG = read_catalog()
# Values with which a rule is tried until it does not hold; a rule's own words are tried beside them.
TRIED = {
    "VARCHAR": ["null", "''", "'x'"],
    "TIMESTAMP": ["null", "timestamp '2026-01-01'", "timestamp '2026-01-02'"],
    "DATE": ["null", "date '2026-01-01'", "date '2026-01-02'"],
    "BOOLEAN": ["null", "true", "false"],
}
NUMBERS = ["null", "-1", "0", "1", "2"]


@pytest.fixture(scope="module")
def empty() -> duckdb.DuckDBPyConnection:
    """Every table and report of the project, without a row."""
    with duckdb.connect(config=OFFLINE) as database:
        for schema in ("raw", "ref", "model", "mart", "report"):
            database.execute(f"create schema {schema}")
        for file in CATALOG.of("raw", "ref", "main"):
            if not file.is_view:
                database.execute(file.text)
        for name in ("duckdb", "raw", "report"):
            database.execute((QUERIES / "functions" / f"{name}.sql").read_text(encoding="utf-8"))
        for file in derived(CATALOG):
            create_model(database, file, file.text)
        create_reports(database, CATALOG)
        yield database


def columns_in(rule: str) -> list[str]:
    """The columns that a rule names."""
    found = (
        node["column_names"][-1] for node in nodes(parse(f"select {rule}", "rule")) if "column_names" in node
    )
    return list(dict.fromkeys(found))


def without(source: dict[str, str], values: dict[str, str]) -> str:
    """A table of one row: the values given, null elsewhere."""
    cells = (f"cast({values.get(name, 'null')} as {kind}) as {name}" for name, kind in source.items())
    return f"(select {', '.join(cells)})"


CHECKS = [(file, check) for file in CATALOG.files.values() for check in file.checks]
KEYS = [file for file in CATALOG.files.values() if file.key]


@pytest.mark.parametrize(
    ("file", "check"), CHECKS, ids=[f"{file.full_name}:{check.line}" for file, check in CHECKS]
)
def test_every_check_refuses_a_row_that_breaks_it(
    empty: duckdb.DuckDBPyConnection, file: SqlFile, check
) -> None:
    types = columns_of(empty, source_of(file))
    named = columns_in(check.rule)
    own_words = re.findall(r"'[^']*'", check.rule)
    tried = [
        TRIED.get(types[name], NUMBERS) + (own_words if types[name] == "VARCHAR" else []) for name in named
    ]
    for values in itertools.product(*tried):
        row = without(types, dict(zip(named, values, strict=True)))
        if empty.execute(f"select ({check.rule}) is not true from {row}").fetchall() == [(True,)]:
            break
    else:
        pytest.fail(f"nothing tried breaks the rule {check.rule}")
    with pytest.raises(Problem) as raised:
        check_rule(empty, file, row, check)
    assert str(raised.value).startswith(
        f'{file.label}, line {check.line}: the rule "{check.rule}" fails on 1 row'
    )
    assert file.text.splitlines()[check.line - 1].startswith("-- check:")


@pytest.mark.parametrize("file", KEYS, ids=[file.full_name for file in KEYS])
def test_every_key_refuses_nulls_and_repeats(empty: duckdb.DuckDBPyConnection, file: SqlFile) -> None:
    types = columns_of(empty, source_of(file))
    some = {
        "VARCHAR": "'x'",
        "TIMESTAMP": "timestamp '2026-01-01'",
        "DATE": "date '2026-01-01'",
        "BOOLEAN": "true",
    }
    whole = {name: some.get(types[name], "1") for name in file.key}
    row = without(types, whole)
    check_key(empty, file, row)
    broken = [without(types, whole | {name: "null"}) for name in file.key] + [
        f"({row[1:-1]} union all {row[1:-1]})"
    ]
    for source in broken:
        with pytest.raises(Problem) as raised:
            check_key(empty, file, source)
        line = int(re.match(rf"{file.label}, line (\d+): the key ", str(raised.value))[1])
        assert file.text.splitlines()[line - 1].startswith("-- key:")


CONSTRUCTS = {
    "from first": "from mart.a join mart.b on true",
    "a join with on": "select 1 from mart.a join mart.b on a.x = b.x",
    "a join with using": "select 1 from mart.a join mart.b using (x)",
    "an outer join": "select 1 from mart.a full join mart.b on true",
    "a cross join": "select 1 from mart.a cross join mart.b",
    "a comma": "select 1 from mart.a, mart.b",
    "an alias": "select 1 from mart.a as b join mart.b as a on true",
    "the same table twice": "select 1 from mart.a as one join mart.a as two on true join mart.b on true",
    "a cte": "with a as (from mart.a), c as (from a) select 1 from c join mart.b on true",
    "a cte named like a table": "with b as (from mart.b) select 1 from mart.a join b on true",
    "a recursive cte": "with recursive c as (select 1 as x from mart.a union all select x + 1 from c, mart.b)"
    " from c",
    "a subquery": "select 1 from (select 1 from mart.a join (from mart.b) as c on true)",
    "a scalar subquery": "select (select max(x) from mart.b) from mart.a",
    "exists": "select 1 from mart.a where exists (select 1 from mart.b where b.x = a.x)",
    "in": "select 1 from mart.a where x in (select x from mart.b)",
    "a condition of a join": "select 1 from mart.a join mart.a as c on a.x = (select max(x) from mart.b)",
    "union": "select 1 from mart.a union all select 1 from mart.b",
    "except": "(from mart.a except all from mart.b) order by all",
    "a window": "select sum(x) over (partition by y order by (select 1 from mart.b) nulls last) from mart.a",
    "qualify": "select 1 from mart.a qualify row_number() over (order by x) = (select 1 from mart.b)",
    "group by and having": "select x from mart.a group by x having count(*) > (select count(*) from mart.b)",
    "filter": "select count(*) filter (where x in (from mart.b)) from mart.a",
    "order by": "select 1 from mart.a order by (select 1 from mart.b)",
    "limit": "select 1 from mart.a limit (select count(*) from mart.b)",
    "lateral": "select 1 from mart.a, lateral (select 1 from mart.b where b.x = a.x)",
    "case": "select case when x in (select x from mart.b) then 1 end from mart.a",
    "a report": "select 1 from mart.a() join mart.b(for_offices := ['x']) on true",
    "an argument": "select 1 from mart.a(since := (select 1 from mart.b))",
    "a sample": "select 1 from mart.a, (from mart.b using sample 1)",
}


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_what_a_query_reads_is_found_in_every_construct(tmp_path: Path, name: str) -> None:
    file = tmp_path / "report" / "r.sql"
    file.parent.mkdir()
    file.write_text(f"-- A report.\nselect\n    1 as one -- One.\nfrom ({CONSTRUCTS[name]})\n")
    assert read_file(file, tmp_path).reads == {"mart.a", "mart.b"}


BAD = {
    "no sentence": (
        "-- key: firm_id\n" + VISITS[VISITS.index("select") :],
        "queries/mart/visits.sql: the file starts with no sentence. Say in a comment what one row is.",
    ),
    "an unknown word": (
        VISITS.replace("-- check:", "-- rule:"),
        'queries/mart/visits.sql, line 4: unknown word "rule" in the header. Known: key, check, filters, '
        "param, every, access, view, by, ages.",
    ),
    "made by return without a return": (
        VISITS.replace("-- check: visit_count >= 1", "-- by: return").replace("    events.firm_id,\n", ""),
        "queries/mart/visits.sql: a table that is made by return is no view, and has a column return_key or "
        "the columns firm_id and return_id.",
    ),
    "aging without a number": (
        VISITS.replace("-- check: visit_count >= 1", "-- ages: visit_count = 1"),
        "queries/mart/visits.sql: only a table that is made by return, with a column return_key, ages.",
    ),
    "made by something else": (
        VISITS.replace("-- check: visit_count >= 1", "-- by: office"),
        "queries/mart/visits.sql, line 4: a table is made by return, or this line is left out.",
    ),
    "an unknown access": (
        VISITS.replace("-- check: visit_count >= 1", "-- access: nobody"),
        "queries/mart/visits.sql, line 4: access is one of everyone, counts, loading.",
    ),
    "an unknown filter": (
        VISITS.replace("-- check: visit_count >= 1", "-- filters: offices, towns"),
        'queries/mart/visits.sql, line 4: unknown filter "towns". '
        "Known: firms, offices, partners, types, years.",
    ),
    "a filter named twice": (
        VISITS.replace("-- check: visit_count >= 1", "-- filters: offices, offices"),
        'queries/mart/visits.sql, line 4: the parameter "for_offices" is there twice.',
    ),
    "an unknown period": (
        VISITS.replace("-- check: visit_count >= 1", "-- every: year"),
        "queries/mart/visits.sql, line 4: every is one of load, day, week, month.",
    ),
    "a parameter without a meaning": (
        VISITS.replace("-- check: visit_count >= 1", "-- param: since = null"),
        "queries/mart/visits.sql, line 4: a parameter is written `name = default  meaning`, with two blanks.",
    ),
    "two statements": (
        VISITS.rstrip() + ";\nselect 1\n",
        "queries/mart/visits.sql: 2 statements. A file is a comment and one select.",
    ),
    "a slip": (
        VISITS.replace("group by", "group buy"),
        'queries/mart/visits.sql, line 11: syntax error at or near "buy"',
    ),
    "a column that says nothing": (
        VISITS.replace(" -- The last event (UTC).", ""),
        'queries/mart/visits.sql, line 8: "last_at" has no meaning and is in no table that the file reads. '
        "Write the meaning beside it.",
    ),
    "a table that is not there": (
        VISITS.replace("model.events", "model.event"),
        "queries/mart/visits.sql: reads model.event, and there is no queries/model/event.sql.",
    ),
    "a circle": (
        VISITS.replace("from model.events", "from mart.visits"),
        "These read each other in a circle: mart.visits -> mart.visits.",
    ),
    "a window without the place of nulls": (
        VISITS.replace("count(*) as", "row_number() over (order by max(events.event_at)) as"),
        "queries/mart/visits.sql, line 9: ",
    ),
    "a function that engines say differently": (
        VISITS.replace("count(*) as", "median(length(events.file_id)) as"),
        "queries/mart/visits.sql, line 9: ",
    ),
    "no select at the start of a line": (
        VISITS.replace("\nselect\n", "\n select\n"),
        "queries/mart/visits.sql: a file is a comment and one select, its `select` at the start of a line.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_in_a_file_is_named_by_file_and_line(tmp_path: Path, name: str) -> None:
    text, message = BAD[name]
    queries = small_queries(tmp_path / "queries", mart__visits=text)
    with pytest.raises(Problem) as raised:
        read_catalog(queries)
    assert str(raised.value).startswith(message)


def test_a_parameter_named_like_a_column_is_refused(tmp_path: Path) -> None:
    text = SEEN.replace("least_days", "visit_count")
    queries = small_queries(tmp_path / "queries", report__seen=text)
    with pytest.raises(Problem) as raised:
        read_catalog(queries)
    assert str(raised.value) == (
        'queries/report/seen.sql, line 6: the parameter "visit_count" is named like a column.'
    )


def test_the_usual_filters_are_parameters_with_one_meaning(tmp_path: Path) -> None:
    text = SEEN.replace("-- param: since", "-- filters: firms, years\n-- param: since")
    file = read_catalog(small_queries(tmp_path / "queries", report__seen=text)).files["report.seen"]
    assert [param.name for param in file.params] == [
        "for_returns",
        "for_firms",
        "for_years",
        "since",
        "least_days",
    ]
    assert [(param.default, param.meaning) for param in file.params[1:3]] == [
        ("null", "Only these firms; all if not given."),
        ("null", "Only these tax years; all if not given."),
    ]


def test_the_first_folder_is_the_schema_and_the_others_are_topics(tmp_path: Path) -> None:
    queries = small_queries(tmp_path / "queries")
    topic = queries / "mart" / "visits of clients" / "raw"
    topic.mkdir(parents=True)
    (queries / "mart" / "visits.sql").unlink()
    (topic / "visits.sql").write_text(VISITS, encoding="utf-8")
    file = read_catalog(queries).files["mart.visits"]
    assert (file.schema, file.name) == ("mart", "visits")
    assert file.label == "queries/mart/visits of clients/raw/visits.sql"


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    queries = small_queries(tmp_path / "queries", model__events=EVENTS)
    (queries / "model" / "events" / "events.sql").write_text(EVENTS, encoding="utf-8")
    with pytest.raises(Problem) as raised:
        read_catalog(queries)
    assert str(raised.value) == (
        "queries/model/events.sql: queries/model/events/events.sql is model.events already. "
        "Rename one of them."
    )


def test_meanings_are_inherited_and_readers_known(tmp_path: Path) -> None:
    catalog = read_catalog(small_queries(tmp_path / "queries"))
    seen = catalog.files["report.seen"]
    assert [(column.name, column.meaning) for column in seen.columns][2:] == [
        ("last_at", "The last event (UTC)."),
        ("visit_count", "Events of the return."),
    ]
    order = [file.full_name for file in catalog.of("model", "mart", "report")]
    assert order.index("model.events") < order.index("mart.visits") < order.index("report.seen")
    readers = {file.full_name for file in catalog.files.values() if "model.events" in file.reads}
    assert readers == {"mart.visits"}
