"""What a file of `model` or `mart` may not say: DuckDB and Spark answer it differently, or only one of them answers.

Functions are held against a list of those that are known to be alike; what is not known is refused, for most
differences raise no error. A word that engines say differently is said once for each of them in queries/functions/.
The comparison of the two engines in tests/spark/ proves what this list claims.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from etl.common.paths import QUERIES
from etl.common.problem import Problem
from etl.sql.parse import line_at, nodes

ALIKE = frozenset(
    # Aggregates, and what only windows know.
    "count count_star count_if sum min max max_by min_by bool_and bool_or row_number rank dense_rank lag lead "
    # Text; functions count characters alike, and || is null where a part is.
    "length replace split_part position substring translate || ~~ !~~ "
    # Numbers, dates, and what a literal interval is read as.
    "+ - * % abs greatest least nullif make_date year month day date_part "
    "to_years to_months to_days to_hours to_minutes to_seconds trunc".split()
)
DATE_PARTS = ("year", "month", "day")
TYPES = ("string", "bigint", "integer", "double", "date", "timestamp", "boolean")
RANKED = ("max_by", "min_by")
DATES = re.compile(r"_(at|on|date)$")
OWN_WORD = "Give it a word in queries/functions/duckdb.sql and spark.sql."
INSTEAD = {
    "//": f"Spark has no such division. {OWN_WORD}",
    "/": "DuckDB answers a division by zero with null and Spark with an error. Divide in a report.",
    "arg_max": "Say max_by(x, k) filter (where x is not null), with k unique.",
    "arg_min": "Say min_by(x, k) filter (where x is not null), with k unique.",
    "avg": "Sums of fractions differ in the last bit. Keep sum and count, and divide in a report.",
    "concat": "A null part is passed over by DuckDB and makes the text null in Spark. Say ||.",
    "date_diff": "Engines count different things. Say seconds_between or days_between.",
    "datediff": "Engines count different things. Say seconds_between or days_between.",
    "dayofweek": f"Sunday is 0 in DuckDB and 1 in Spark. {OWN_WORD}",
    "first_value": "Say min or max over a complete order.",
    "last_value": "Say min or max over a complete order.",
    "list_value": "Lists and structs are written differently.",
    "lower": "Engines disagree on small letters. Say lowered(words).",
    "median": "Medians of fractions differ in the last bit. Ask for them in a report.",
    "quantile_cont": "Ask for quantiles in a report.",
    "regexp_matches": "Say matches(words, expression).",
    "regexp_extract": "Say extracted(words, expression).",
    "starts_with": "Say like 'x%'.",
    "string_agg": "The order of the parts is not said alike.",
    "strpos": "Say position(part in words).",
    "struct_pack": "Lists and structs are written differently.",
    "timezone": "Models know UTC alone; dates of the firm's zone come from the loader.",
    "trim": "Engines disagree on what a blank is. Say squeezed(words).",
    "unnest": "Lists and structs are written differently.",
}


@cache
def own_words() -> frozenset[str]:
    """The words of queries/functions/."""
    text = (QUERIES / "functions" / "duckdb.sql").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^create macro (\w+)\(", text, re.MULTILINE))


def refuse_differences(tree: dict[str, Any], text: str, label: str) -> None:
    """Raises a Problem, naming file and line, for the first construct on which engines differ."""
    for node in nodes(tree):
        for fault in faults(node):
            raise Problem(f"{label}, line {line_at(text, place(node))}: {fault}")
    for found in re.finditer(r"\bfilter\s*\(\s*(?!where\b|\s)", without_words(text), re.IGNORECASE):
        line = text[: found.start()].count("\n") + 1
        raise Problem(f"{label}, line {line}: Spark knows no filter without where. Say filter (where ...).")


def place(node: dict[str, Any]) -> int:
    """Where a node stands in the text; one without a place of its own stands where its first part does."""
    return next(
        (part["query_location"] for part in nodes(node) if isinstance(part.get("query_location"), int)), 0
    )


def without_words(text: str) -> str:
    """The text with literals and comments blanked, each character in its place."""
    return re.sub(r"'(?:[^']|'')*'|--[^\n]*", lambda found: " " * len(found[0]), text)


def faults(node: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a node; most nodes can be wrong in one way only."""
    kind = node.get("class")
    if kind == "FUNCTION":
        yield from function_faults(node)
    elif kind == "WINDOW":
        yield from window_faults(node)
    elif kind == "CAST":
        yield from cast_faults(node)
    elif kind == "COLUMN_REF" and node["column_names"][-1].lower() == "rowid":
        yield "rowid is DuckDB's alone."
    elif kind == "OPERATOR" and node["type"] in (
        "ARRAY_EXTRACT",
        "ARRAY_SLICE",
        "STRUCT_EXTRACT",
        "ARRAY_CONSTRUCTOR",
    ):
        yield "lists and structs are written differently."
    elif kind == "LAMBDA":
        yield "lambdas are written differently."
    elif kind == "COLLATE":
        yield "collations differ; compare lowered(words)."
    elif kind in ("PARAMETER", "POSITIONAL_REFERENCE"):
        yield "a model has neither parameters nor columns by number."
    elif kind == "STAR" and any(
        node.get(word) for word in ("columns", "exclude_list", "replace_list", "rename_list")
    ):
        yield "a star with exclude, replace, rename or columns is DuckDB's alone. Name the columns."
    elif kind is None:
        yield from clause_faults(node)


def function_faults(node: dict[str, Any]) -> Iterator[str]:
    name = node["function_name"].lower()
    arguments = [argument["expression"] for argument in node["arguments"]]
    if name == "date_part":
        part = (arguments[0].get("literal") or {}).get("text")
        if (part or "").lower() not in DATE_PARTS:
            said = f"extract({part})" if part else "extract of an unnamed part"
            yield f"{said} differs. Only {', '.join(DATE_PARTS)} are alike; say seconds_between for durations."
    elif name not in ALIKE and name not in own_words():
        yield f'"{name}" is not known to be alike on DuckDB and Spark. {INSTEAD.get(name, OWN_WORD)}'
    elif node["order_bys"]["orders"]:
        yield f"the order inside {name} is not said alike."
    elif name in RANKED and not leaves_out_nulls(node["filter"], arguments[0]):
        yield f"{name} treats nulls differently. Say {name}(x, k) filter (where x is not null), with k unique."
    elif name == "substring" and constant(arguments[1]) == "0":
        yield "substring(x, 0) differs; places count from 1."
    elif name == "%" and constant(arguments[1]) in (None, "0"):
        yield "DuckDB answers a remainder by zero with null and Spark with an error. Divide by a number."
    elif name in ("~~", "!~~") and "\\" in (constant(arguments[1]) or ""):
        yield "a backslash in the pattern of like means something to Spark alone."
    elif name == "-" and len(arguments) == 2 and all(map(is_date, arguments)):
        yield "the difference of two dates has another type in each engine. Say seconds_between or days_between."


def leaves_out_nulls(condition: dict[str, Any] | None, value: dict[str, Any]) -> bool:
    """Whether a filter says that the value is not null, alone or among conditions that must all hold."""
    if condition is None:
        return False
    if condition["class"] == "CONJUNCTION" and condition["type"] == "CONJUNCTION_AND":
        return any(leaves_out_nulls(part, value) for part in condition["children"])
    return condition["type"] == "OPERATOR_IS_NOT_NULL" and same(condition["children"][0], value)


def same(one: Any, other: Any) -> bool:
    """Whether two expressions say the same, wherever they stand."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = (one.keys() | other.keys()) - {"query_location", "query_location_length", "alias"}
        return all(same(one.get(key), other.get(key)) for key in keys)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def constant(expression: dict[str, Any]) -> str | None:
    """The text of a literal; null for anything else."""
    return expression["literal"].get("text") if expression["class"] == "CONSTANT" else None


def is_date(expression: dict[str, Any]) -> bool:
    """A column whose name says that it holds a time or a date."""
    return expression["class"] == "COLUMN_REF" and bool(DATES.search(expression["column_names"][-1]))


def window_faults(node: dict[str, Any]) -> Iterator[str]:
    name = node["function_name"].lower()
    if name not in ALIKE:
        yield f'"{name}" over a window is not known to be alike on DuckDB and Spark. {INSTEAD.get(name, OWN_WORD)}'
    if node.get("ignore_nulls"):
        yield "ignore nulls is not said alike. Carry a running count instead."
    if node.get("exclude_clause", "NO_OTHER") != "NO_OTHER":
        yield "a window with exclude is DuckDB's alone."


def cast_faults(node: dict[str, Any]) -> Iterator[str]:
    """Types that DuckDB's parser makes of literals have no place in the text and are nobody's choice."""
    name = node["type_expr"].get("type_name", "")
    if name == "VARCHAR":
        yield "Spark wants a length for varchar. Say string."
    elif name.lower() not in TYPES:
        yield f'the type "{name.lower()}" is not known to be alike. Known: {", ".join(TYPES)}.'


def clause_faults(node: dict[str, Any]) -> Iterator[str]:
    """Orders, joins, and what stands in `from` or behind the query."""
    kind = node.get("type")
    if node.get("null_order") == "ORDER_DEFAULT":
        yield "say `nulls first` or `nulls last`; engines differ in silence."
    elif node.get("ref_type") in ("ASOF", "POSITIONAL", "NATURAL", "DEPENDENT"):
        word = node["ref_type"].lower()
        yield f"{'an' if word == 'asof' else 'a'} {word} join is not said alike. Join on columns."
    elif kind == "DISTINCT_MODIFIER" and node["distinct_on_targets"]:
        yield "distinct on is DuckDB's alone. Number the rows and keep the first."
    elif kind in ("LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER") or node.get("sample"):
        yield "which rows a limit or a sample keeps is not said. Number the rows and keep some."
    elif kind in ("PIVOT", "TABLE_FUNCTION", "SHOW_REF"):
        yield "a model reads tables and queries only; pivots and table functions are not said alike."
