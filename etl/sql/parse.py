"""Parses a query with DuckDB's own parser, and refuses SQL in `model` and `mart` on which engines differ.

portable.toml lists the functions known to be alike, and constructs that DuckDB and Spark answer differently,
or that only one of them knows. Functions that the engines write differently are defined for each engine in
queries/functions/. The tests in tests/spark/ compare the engines, which proves the list.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from etl.common.duck import OFFLINE
from etl.common.paths import QUERIES
from etl.common.problem import Problem

DEFINE = "Define it in queries/functions/duckdb.sql and spark.sql."
LISTS = tomllib.loads(Path(__file__).with_name("portable.toml").read_text(encoding="utf-8"))
ALIKE = frozenset(LISTS["functions"].split())
INSTEAD = {name: text.format(define=DEFINE) for name, text in LISTS["instead"].items()}
REFUSED = [(tuple(refused["where"].items()), refused["fault"]) for refused in LISTS["refused"]]
DATE_PARTS = ("year", "month", "day")
# The names of columns that are times or dates.
DATES = re.compile(r"_(at|on|date)$")
USE_BETWEEN = "use seconds_between"


@cache
def parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config=OFFLINE)


def parse(text: str, label: str) -> dict[str, Any]:
    """The tree of one select. Raises a Problem that names the line of a mistake."""
    [(parsed,)] = parser().execute("select json_serialize_sql(?)", [text]).fetchall()
    tree: dict[str, Any] = json.loads(parsed)
    if tree["error"]:
        raise Problem(f"{label}, line {line_at(text, tree.get('position'))}: {tree['error_message']}")
    if len(tree["statements"]) != 1:
        raise Problem(f"{label}: {len(tree['statements'])} statements. A file is a comment and one select.")
    return tree


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every node of a parsed query, each before its parts."""
    parts = [tree]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            yield part
            part = list(part.values())
        if isinstance(part, list):
            parts.extend(reversed(part))


def line_at(text: str, position: str | int | None) -> int:
    """The number of the line at a byte position in a query."""
    return text.encode()[: int(position or 0)].count(b"\n") + 1


@cache
def own_functions() -> frozenset[str]:
    """The functions that queries/functions/ defines."""
    text = (QUERIES / "functions" / "duckdb.sql").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^create macro (\w+)\(", text, re.MULTILINE))


def refuse_differences(tree: dict[str, Any], text: str, label: str) -> None:
    """Raises a Problem, naming file and line, for the first construct on which engines differ."""
    for node in nodes(tree):
        for fault in faults(node):
            # A node without a place of its own is at the place of its first part.
            places = (part.get("query_location") for part in nodes(node))
            position = next((place for place in places if isinstance(place, int)), 0)
            raise Problem(f"{label}, line {line_at(text, position)}: {fault}")
    # Literals and comments become blanks, so that every position stays the same.
    code = re.sub(r"'(?:[^']|'')*'|--[^\n]*", lambda match: " " * len(match[0]), text)
    for match in re.finditer(r"\bfilter\s*\(\s*(?!where\b|\s)", code, re.IGNORECASE):
        line = text[: match.start()].count("\n") + 1
        raise Problem(f"{label}, line {line}: Spark knows no filter without where. Use filter (where ...).")


def faults(node: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a node; most nodes can have only one fault."""
    kind = node.get("class")
    if kind == "WINDOW" and (name := node["function_name"].lower()) not in ALIKE:
        instead = INSTEAD.get(name, DEFINE)
        yield f'"{name}" over a window is not known to be alike on DuckDB and Spark. {instead}'
    for where, fault in REFUSED:
        for key, values in where:
            if node.get(key) not in values:
                break
        else:
            yield fault
    if kind == "FUNCTION":
        yield from function_faults(node)
    elif kind == "TYPE" and (name := node["type_name"].lower()) not in LISTS["types"]:
        # DuckDB's parser adds casts of its own: to integer and double for an interval, both in the list.
        yield f'the type "{name}" is not known to be alike. Known: {", ".join(LISTS["types"])}.'
    elif kind == "COLUMN_REF" and node["column_names"][-1].lower() == "rowid":
        yield "only DuckDB has rowid."
    elif kind == "STAR" and any(map(node.get, ("columns", "exclude_list", "replace_list", "rename_list"))):
        yield "only DuckDB has a star with exclude, replace, rename or columns. Name the columns."
    elif node.get("type") == "DISTINCT_MODIFIER" and node["distinct_on_targets"]:
        yield "only DuckDB has distinct on. Number the rows and keep the first."
    elif node.get("sample"):
        yield "which rows a limit or a sample keeps is not defined. Number the rows and keep some."


def function_faults(node: dict[str, Any]) -> Iterator[str]:
    name = node["function_name"].lower()
    arguments = [argument["expression"] for argument in node["arguments"]]
    dates = [column for column in arguments if DATES.search(column.get("column_names", [""])[-1])]
    if name == "date_part":
        part = constant(arguments[0])
        if (part or "").lower() not in DATE_PARTS:
            extract = f"extract({part})" if part else "extract of an unnamed part"
            yield f"{extract} differs. Only {', '.join(DATE_PARTS)} are alike; {USE_BETWEEN} for durations."
    elif name not in ALIKE and name not in own_functions():
        yield f'"{name}" is not known to be alike on DuckDB and Spark. {INSTEAD.get(name, DEFINE)}'
    elif node["order_bys"]["orders"]:
        yield f"the order inside {name} is written differently."
    elif name in ("max_by", "min_by") and not leaves_out_nulls(node["filter"], arguments[0]):
        instead = f"Use {name}(x, k) filter (where x is not null), with k unique."
        yield f"{name} treats nulls differently. {instead}"
    elif name == "substring" and constant(arguments[1]) == "0":
        yield "substring(x, 0) differs; places count from 1."
    elif name == "%" and constant(arguments[1]) in (None, "0"):
        yield "DuckDB answers a remainder by zero with null and Spark with an error. Divide by a number."
    elif name in ("~~", "!~~") and "\\" in (constant(arguments[1]) or ""):
        yield "a backslash in the pattern of like has a meaning only in Spark."
    elif name == "-" and len(dates) == 2:
        yield f"the difference of two dates has another type in each engine; {USE_BETWEEN} or days_between."


def leaves_out_nulls(condition: dict[str, Any] | None, value: dict[str, Any]) -> bool:
    """Whether a filter requires the value to be not null, alone or among conditions joined by `and`."""
    if condition is None:
        return False
    if condition["type"] == "CONJUNCTION_AND":
        return any(leaves_out_nulls(part, value) for part in condition["children"])
    is_required: bool = condition["type"] == "OPERATOR_IS_NOT_NULL"
    return is_required and without_places(condition["children"]) == [without_places(value)]


def without_places(tree: Any) -> Any:
    """An expression without its places in the text, to compare it with another."""
    if isinstance(tree, dict):
        places = ("query_location", "query_location_length", "alias")
        return {key: without_places(part) for key, part in tree.items() if key not in places}
    return list(map(without_places, tree)) if isinstance(tree, list) else tree


def constant(expression: dict[str, Any]) -> str | None:
    """The text of a literal; None for anything else."""
    return expression["literal"].get("text") if expression["class"] == "CONSTANT" else None
