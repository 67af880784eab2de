"""Parses a query with DuckDB's own parser: a tree of dicts, so that rules about SQL need no text search."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import duckdb

from etl.common.duck import OFFLINE
from etl.common.problem import Problem


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
    """Every node of a parsed query."""
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for part in tree:
            yield from nodes(part)


def line_at(text: str, position: str | int | None) -> int:
    """The number of the line at a byte position in a query."""
    return text.encode()[: int(position or 0)].count(b"\n") + 1
