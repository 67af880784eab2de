"""The SQL of `model` and `mart`, run on DuckDB, and the rules that every table must keep, whatever engine made it.

An engine is a function that makes the tables in order and yields each file once its table stands in the new warehouse;
the build then holds the table against its file. An engine that writes files of its own calls `create` with a query
that reads them, so that every warehouse is checked, sorted and published by the same code.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb

from etl.common.duck import problem_of
from etl.common.problem import Problem
from etl.common.terminal import step
from etl.sql.file import SqlFile

Engine = Callable[[duckdb.DuckDBPyConnection, list[SqlFile], Path], Iterator[SqlFile]]


def on_duckdb(database: duckdb.DuckDBPyConnection, files: list[SqlFile], folder: Path) -> Iterator[SqlFile]:
    """The engine for one machine: each file's own text, in the new warehouse itself."""
    for file in files:
        create_model(database, file, file.text)
        yield file


def create_model(database: duckdb.DuckDBPyConnection, file: SqlFile, query: str) -> None:
    """Makes a table from a query, sorted by its key, or the view that a file says it is.

    The query begins on the first line and nothing is put before it there but one bracket, so the line that DuckDB
    names in an error is the line of the file.
    """
    kind = "view" if file.is_view else "table"
    order = f" order by {', '.join(file.key)}" if file.key and not file.is_view else ""
    try:
        with step(f"Building {file.full_name}"):
            database.execute(f"create {kind} {file.full_name} as from ({query}\n){order}")
    except duckdb.Error as error:
        raise problem_of(error, file.label) from error


def columns_of(database: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    """The columns of a table, or of a call that makes one, with their types."""
    return dict(database.execute(f"select column_name, column_type from (describe from {source})").fetchall())


def insert_rows(database: duckdb.DuckDBPyConnection, table: str, rows: list[dict]) -> None:
    """Inserts rows made in Python by the names of their columns, all in one statement; what a row lacks is null."""
    types = columns_of(database, table)
    whole = json.dumps([{name: row.get(name) for name in types} for row in rows])
    unnested = "select unnest(from_json_strict(?, ?), recursive := true)"
    database.execute(f"insert into {table} by name {unnested}", [whole, json.dumps([types])])


def check_table(database: duckdb.DuckDBPyConnection, file: SqlFile, source: str | None = None) -> None:
    """Holds a table, or a report's `source`, against its file: columns, key, checks. Raises a Problem at a fault."""
    source = source or file.full_name
    check_columns(file, list(columns_of(database, source)))
    check_rows(database, file, source)


def check_rows(database: duckdb.DuckDBPyConnection, file: SqlFile, source: str) -> None:
    """The key and the checks, over the rows."""
    try:
        check_key(database, file, source)
        for check in file.checks:
            check_rule(database, file, source, check.rule, check.line)
    except duckdb.Error as error:
        raise problem_of(error, file.label) from error


def check_columns(file: SqlFile, real: list[str]) -> None:
    """Documented and real columns are the same, in the same order."""
    said = [column.name for column in file.columns]
    for place, (documented, found) in enumerate(
        zip(said + [None] * len(real), real + [None] * len(said)), start=1
    ):
        if documented != found:
            line = next((column.line for column in file.columns if column.name == documented), None)
            where = f"{file.label}, line {line}" if line else file.label
            raise Problem(
                f"{where}: column {place} is documented as {quoted(documented)} and is really {quoted(found)}. "
                "Write one column a line, each with its meaning."
            )


def quoted(name: str | None) -> str:
    return f'"{name}"' if name else "missing"


def check_key(database: duckdb.DuckDBPyConnection, file: SqlFile, source: str) -> None:
    """The key is unique and never null."""
    if not file.key or (source == file.full_name and is_ascending(database, file)):
        return
    key = ", ".join(file.key)
    missing = " or ".join(f"{column} is null" for column in file.key)
    groups = f"from {source} group by {key} having count(*) > 1 or {missing}"
    count = database.execute(f"select count(*) from (select {key} {groups})").fetchall()[0][0]
    if count:
        found = database.execute(f"select {key} {groups} order by all limit 1").fetchall()[0]
        line = 1 + file.text[: re.search(r"^-- *key:", file.text, re.MULTILINE).start()].count("\n")
        times = "once" if count == 1 else f"{count} times"
        fault = f'the key "{key}" is null or repeated {times}, for example {row(found)}'
        raise Problem(f"{file.label}, line {line}: {fault}.")


def is_ascending(database: duckdb.DuckDBPyConnection, file: SqlFile) -> bool:
    """Whether every key of a table is larger than the one before it as they are stored, so that none repeats or is null.

    This is quicker than to gather the keys, and needs no memory; a table in another order says no, and is gathered.
    """
    key = ", ".join(file.key)
    before = ", ".join(f"lag({column}) over () as before_{place}" for place, column in enumerate(file.key))
    befores = ", ".join(f"before_{place}" for place in range(len(file.key)))
    whole = " and ".join(f"{column} is not null" for column in file.key)
    count, whole_count, larger_count = database.execute(f"""
        select count(*), count(*) filter (where {whole}), count(*) filter (where ({befores}) < ({key}))
        from (select {key}, {before} from {file.full_name})
    """).fetchall()[0]
    return whole_count == count and larger_count >= count - 1


def check_rule(database: duckdb.DuckDBPyConnection, file: SqlFile, source: str, rule: str, line: int) -> None:
    """A rule is true on every row; a null is not true."""
    try:
        count = database.execute(f"select count(*) from {source} where ({rule}) is not true").fetchall()[0][0]
    except duckdb.Error as error:
        raise problem_of(error, file.label, line) from error
    if not count:
        return
    example = ""
    if file.key:
        key = ", ".join(file.key)
        failing = f"select {key} from {source} where ({rule}) is not true order by all limit 1"
        example = f", for example {row(database.execute(failing).fetchall()[0])}"
    rows = "1 row" if count == 1 else f"{count} rows"
    raise Problem(f'{file.label}, line {line}: the rule "{rule}" fails on {rows}{example}.')


def row(values: tuple) -> str:
    """The key of a row; it names a return or a file and says nothing of its content."""
    return ", ".join("null" if value is None else str(value) for value in values)
