"""Runs the SQL of `model` and `mart` on DuckDB, and checks the rules of every table of every engine.

An engine is a function that creates the tables in order and yields each SQL file when its table is in the new
warehouse; the build then checks it. An engine that writes other files calls `create_model` with a query that
reads them, so that the same code sorts, checks and publishes every warehouse.
"""

import json
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb

from etl.common.duck import literal, problem_of
from etl.common.problem import Problem
from etl.common.system import make_private
from etl.common.terminal import step
from etl.sql.file import Check, SqlFile

Engine = Callable[[duckdb.DuckDBPyConnection, list[SqlFile], Path], Generator[SqlFile, None, None]]


def attach(database: duckdb.DuckDBPyConnection, file: Path, name: str) -> None:
    """Opens a private file of tables that DuckDB 1.5 can read too.

    A killed build needs no recovery, so nothing is written twice: there is no write-ahead log.
    """
    options = "storage_version 'v1.5.0', recovery_mode 'no_wal_writes'"
    database.execute(f"attach {literal(file)} as {name} ({options})")
    make_private(file)


def on_duckdb(
    database: duckdb.DuckDBPyConnection, files: list[SqlFile], folder: Path
) -> Generator[SqlFile, None, None]:
    """The engine for one machine: runs the text of each file in the new warehouse."""
    for file in files:
        create_model(database, file, file.text)
        yield file


def create_model(database: duckdb.DuckDBPyConnection, file: SqlFile, query: str) -> None:
    """Creates a table from a query, sorted by its key, or a view if the file asks for it.

    The query starts on the first line, so the line in an error of DuckDB is the line of the file.
    """
    kind = "view" if file.is_view else "table"
    order = f" order by {', '.join(file.key)}" if file.key and not file.is_view else ""
    with step(f"Building {file.full_name}"), duckdb_errors(file.label):
        database.execute(f"create {kind} {file.full_name} as from ({query}\n){order}")


@contextmanager
def duckdb_errors(label: str, line: int | None = None) -> Iterator[None]:
    """Raises an error of DuckDB as a Problem that names a file, and the line if it is not in the error."""
    try:
        yield
    except duckdb.Error as error:
        raise problem_of(error, label, line) from error


def columns_of(database: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    """The columns of a table, or of a call that returns one, with their types."""
    return {name: kind for name, kind, *_ in database.execute(f"describe from {source}").fetchall()}


def insert_rows(database: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    """Inserts rows by the names of their columns, in one statement; what a row lacks is null."""
    types = columns_of(database, table)
    content = json.dumps([{name: row.get(name) for name in types} for row in rows])
    unnested = "select unnest(from_json_strict(?, ?), recursive := true)"
    database.execute(f"insert into {table} by name {unnested}", [content, json.dumps([types])])


def check_table(
    database: duckdb.DuckDBPyConnection,
    file: SqlFile,
    source: str | None = None,
    types: dict[str, str] | None = None,
) -> None:
    """Checks columns, key and rules of a table, or of a report's `source`. Raises a Problem at a fault."""
    source = source or file.full_name
    types = types or columns_of(database, source)
    # The documented and the real columns must be the same, in the same order.
    for number, (column, real) in enumerate(zip_longest(file.columns, types), start=1):
        documented = column.name if column else None
        if documented != real:
            place = f"{file.label}, line {column.line}" if column else file.label
            names = [f'"{name}"' if name else "missing" for name in (documented, real)]
            fault = f"column {number} is documented as {names[0]} and is really {names[1]}"
            raise Problem(f"{place}: {fault}. Write one column a line, each with its meaning.")
    if not is_right(database, file, source):
        with duckdb_errors(file.label):
            check_key(database, file, source)
        for check in file.checks:
            check_rule(database, file, source, check)


def is_right(database: duckdb.DuckDBPyConnection, file: SqlFile, source: str) -> bool:
    """Whether one scan shows that key and rules are right; if not, they must be checked one by one.

    A table is right if every key is larger than the one before it, which needs no memory. Keys of a table in
    another order, and those of a report, must be grouped.
    """
    # The key of a view follows from the keys of the tables that it joins.
    key = () if file.is_view and source == file.full_name else file.key
    rules = [f"({check.rule})" for check in file.checks] + [f"{column} is not null" for column in key]
    if not rules:
        return True
    right, keys = f"coalesce(bool_and(coalesce({' and '.join(rules)}, false)), true)", ", ".join(key)
    query = f"select {right} from {source}"
    if key and file.schema == "report":
        query = f"""
            select coalesce(bool_and(is_right and key_count = 1), true)
            from (select {right} as is_right, count(*) as key_count from {source} group by {keys})
        """
    elif key:
        query = f"""
            select {right} and count(*) filter (where key_before < key_here) >= count(*) - 1
            from (select *, row({keys}) as key_here, lag(row({keys})) over () as key_before from {source})
        """
    try:
        return bool(database.execute(query).fetchall()[0][0])
    except duckdb.Error:
        # The rules, one by one, say which of them fails.
        return False


def check_key(database: duckdb.DuckDBPyConnection, file: SqlFile, source: str) -> None:
    """Checks that no key repeats or is null, by grouping the keys."""
    if not file.key or (file.is_view and source == file.full_name):
        return
    key = ", ".join(file.key)
    missing = " or ".join(f"{column} is null" for column in file.key)
    repeated = f"select {key} from {source} group by {key} having count(*) > 1 or {missing}"
    count, first = count_wrong(database, f"from ({repeated})", file.key)
    if count:
        line = 1 + re.split(r"^-- *key:", file.text, maxsplit=1, flags=re.MULTILINE)[0].count("\n")
        times = "once" if count == 1 else f"{count} times"
        raise Problem(f'{file.label}, line {line}: the key "{key}" is null or repeated {times}{first}.')


def check_rule(database: duckdb.DuckDBPyConnection, file: SqlFile, source: str, check: Check) -> None:
    """Checks that a rule is true on every row; null is not true."""
    with duckdb_errors(file.label, check.line):
        count, first = count_wrong(database, f"from {source} where ({check.rule}) is not true", file.key)
    if count:
        rows = "1 row" if count == 1 else f"{count} rows"
        raise Problem(f'{file.label}, line {check.line}: the rule "{check.rule}" fails on {rows}{first}.')


def count_wrong(database: duckdb.DuckDBPyConnection, wrong: str, key: tuple[str, ...]) -> tuple[int, str]:
    """The number of wrong rows, and the key of the first, which names a return or a file, and no content."""
    count: int = database.execute(f"select count(*) {wrong}").fetchall()[0][0]
    if not count or not key:
        return count, ""
    first = database.execute(f"select {', '.join(key)} {wrong} order by all limit 1").fetchall()[0]
    return count, f", for example {', '.join('null' if value is None else str(value) for value in first)}"
