"""What engines read differently is refused, with its line; what they read alike passes, as do all queries."""

import re

import pytest

from etl.common.paths import QUERIES
from etl.common.problem import Problem
from etl.sql.file import read_file
from etl.sql.parse import DEFINE, INSTEAD, own_functions, parse, refuse_differences

LABEL = "queries/mart/returns.sql"

# An expression, and below it the Problem about it.
REFUSED = """
row_number() over (order by x)
    write `nulls first` or `nulls last`; engines differ and raise no error.
sum(x) over (partition by y order by x)
    write `nulls first` or `nulls last`; engines differ and raise no error.
max(x order by y nulls last)
    the order inside max is written differently.
last_value(x ignore nulls) over ()
    "last_value" over a window is not known to be alike on DuckDB and Spark. Use min or max over a complete order.
lag(x ignore nulls) over ()
    ignore nulls is written differently. Carry a running count instead.
sum(x) over (order by y nulls last rows between unbounded preceding and current row exclude ties)
    only DuckDB has a window with exclude.
max_by(x, k)
    max_by treats nulls differently. Use max_by(x, k) filter (where x is not null), with k unique.
min_by(x, k) filter (where k is not null)
    min_by treats nulls differently. Use min_by(x, k) filter (where x is not null), with k unique.
max_by(x, k) filter (where x is not null or k > 1)
    max_by treats nulls differently. Use max_by(x, k) filter (where x is not null), with k unique.
extract(epoch from x)
    extract(epoch) differs. Only year, month, day are alike; use seconds_between for durations.
extract(dow from x)
    extract(dow) differs. Only year, month, day are alike; use seconds_between for durations.
date_part(x, y)
    extract of an unnamed part differs. Only year, month, day are alike; use seconds_between for durations.
due_date - delivered_on
    the difference of two dates has another type in each engine; use seconds_between or days_between.
substring(x, 0)
    substring(x, 0) differs; places count from 1.
x like 'a\\b%'
    a backslash in the pattern of like has a meaning only in Spark.
x = 'a' collate nocase
    collations differ; compare lowered(words).
x[1]
    lists and structs are written differently.
lambda y: y
    lambdas are written differently.
x % y
    DuckDB answers a remainder by zero with null and Spark with an error. Divide by a number.
x % 0
    DuckDB answers a remainder by zero with null and Spark with an error. Divide by a number.
count(*) filter (x)
    Spark knows no filter without where. Use filter (where ...).
cast(x as varchar)
    Spark wants a length for varchar. Use string.
cast(x as hugeint)
    the type "hugeint" is not known to be alike. Known: string, bigint, integer, double, date, timestamp, boolean.
rowid
    only DuckDB has rowid.
* exclude (x)
    only DuckDB has a star with exclude, replace, rename or columns. Name the columns.
* replace (x as y)
    only DuckDB has a star with exclude, replace, rename or columns. Name the columns.
columns('a.*')
    only DuckDB has a star with exclude, replace, rename or columns. Name the columns.
$for_offices
    a model has neither parameters nor columns by number.
"""  # noqa: E501

# A clause, likewise.
REFUSED_CLAUSES = """
select distinct on (x) x from model.events
    only DuckDB has distinct on. Number the rows and keep the first.
select x from a.t asof join a.u on t.x >= u.x
    an asof join is written differently. Join on columns.
select x from a.t natural join a.u
    a natural join is written differently. Join on columns.
select x from a.t positional join a.u
    a positional join is written differently. Join on columns.
select x from a.t limit 3
    which rows a limit or a sample keeps is not defined. Number the rows and keep some.
select x from a.t using sample 3
    which rows a limit or a sample keeps is not defined. Number the rows and keep some.
select x from a.t order by x
    write `nulls first` or `nulls last`; engines differ and raise no error.
select x from range(3)
    a model reads tables and queries only; pivots and table functions are written differently.
"""

# An expression, and the function in it that is not known to be alike.
UNKNOWN = """
arg_max(x, k)                            -> arg_max
date_diff('hour', a_at, b_at)            -> date_diff
dayofweek(x)                             -> dayofweek
concat(x, y)                             -> concat
trim(x)                                  -> trim
lower(x)                                 -> lower
upper(x)                                 -> upper
chr(x)                                   -> chr
regexp_extract(x, 'a', 0)                -> regexp_extract
regexp_replace(x, 'a', 'b')              -> regexp_replace
x similar to 'a'                         -> regexp_full_match
starts_with(x, 'a')                      -> starts_with
strpos(x, 'a')                           -> strpos
x ilike 'a'                              -> ~~*
string_agg(x, ',' order by x nulls last) -> string_agg
[1, 2]                                   -> list_value
{'a': 1}                                 -> struct_pack
unnest(x)                                -> unnest
x // y                                   -> //
1 / 0                                    -> /
median(x)                                -> median
quantile_cont(x, 0.5)                    -> quantile_cont
avg(x)                                   -> avg
any_value(x)                             -> any_value
now()                                    -> now
x at time zone 'UTC'                     -> timezone
"""

ALIKE = """
row_number() over (partition by x order by y nulls last, z desc nulls first)
sum(x) filter (where y is not null) over (order by y nulls last rows between unbounded preceding and current row)
max_by(x, k) filter (where x is not null)
max_by(events.x, k) filter (where y = 1 and events.x is not null)
extract(year from x)
x + interval '10' minute
x || ' % ' || cast(y as string)
case when x like 'delivered%' then 'filter (x)' else substring(x, 1, 2) end
count(distinct x) + length(split_part(x, ': ', 1))
seconds_between(a_at, b_at)
x % 7
coalesce(x is not distinct from y, false)
""".strip().splitlines()  # noqa: E501


def pairs(text: str) -> list[tuple[str, str]]:
    lines = [line.strip() for line in text.strip().splitlines()]
    return list(zip(lines[::2], lines[1::2], strict=True))


def fault(text: str) -> str:
    with pytest.raises(Problem) as raised:
        refuse_differences(parse(text, LABEL), text, LABEL)
    return str(raised.value)


@pytest.mark.parametrize(("expression", "answer"), pairs(REFUSED))
def test_an_expression_on_which_engines_differ_is_refused(expression: str, answer: str) -> None:
    assert fault(f"select\n    {expression}\nfrom model.events") == f"{LABEL}, line 2: {answer}"


@pytest.mark.parametrize(
    ("expression", "name"), [re.split(" +-> ", line) for line in UNKNOWN.strip().splitlines()]
)
def test_a_function_that_is_not_known_to_be_alike_is_refused(expression: str, name: str) -> None:
    answer = f'"{name}" is not known to be alike on DuckDB and Spark. {INSTEAD.get(name, DEFINE)}'
    assert fault(f"select\n    {expression}\nfrom model.events") == f"{LABEL}, line 2: {answer}"


def test_a_refusal_says_what_to_write_instead() -> None:
    assert fault("select trim(x) from model.events") == (
        'queries/mart/returns.sql, line 1: "trim" is not known to be alike on DuckDB and Spark. '
        "Engines disagree on what a blank is. Use squeezed(words)."
    )


@pytest.mark.parametrize(("expression", "answer"), pairs(REFUSED_CLAUSES))
def test_a_clause_on_which_engines_differ_is_refused(expression: str, answer: str) -> None:
    assert fault(expression) == f"{LABEL}, line 1: {answer}"


@pytest.mark.parametrize("expression", ALIKE)
def test_what_engines_read_alike_passes(expression: str) -> None:
    text = f"-- A comment may say filter (x) and trim(x).\nselect\n    {expression}\nfrom model.events"
    refuse_differences(parse(text, LABEL), text, LABEL)


def test_a_difference_is_found_at_any_depth() -> None:
    deep = "select x from model.events where x in (\n        select trim(y) from a.b)"
    text = f"with deep as (\n    {deep}\n)\nselect x from deep"
    assert fault(text).startswith(f"{LABEL}, line 3: ")


def test_all_queries_pass() -> None:
    read = [
        read_file(path).full_name
        for schema in ("model", "mart")
        for path in (QUERIES / schema).rglob("*.sql")
    ]
    assert "model.events" in read


def test_both_engines_define_the_same_functions() -> None:
    text = (QUERIES / "functions" / "spark.sql").read_text(encoding="utf-8")
    assert set(re.findall(r"^create temporary function (\w+)\(", text, re.MULTILINE)) == own_functions()
