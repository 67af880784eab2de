"""DuckDB: its errors as Problems, its settings, and how texts and tables are passed to it.

A conversion error of DuckDB quotes the value that failed, maybe a client's name, so it is not repeated.
"""

import errno
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from polars.exceptions import PolarsError

from etl.common.problem import Problem
from etl.common.system import memory_bytes

QUOTABLE_ERRORS = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ParserException,
    duckdb.SyntaxException,
)
# Nothing is downloaded, and a name in SQL is a table, never a variable of the Python code around it.
OFFLINE: dict[str, Any] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
}


def work_limits(folder: Path, most_bytes: int) -> dict[str, Any]:
    """How much of the machine a load or a build uses; what does not fit in memory goes into `folder`."""
    memory = min(most_bytes, memory_bytes() // 2)
    return {
        "memory_limit": f"{memory // 1_000_000}MB",
        "threads": os.cpu_count() or 1,
        "temp_directory": str(folder / "spill"),
    }


def problem_of(error: duckdb.Error, label: str, line: int | None = None) -> Problem:
    """The Problem that explains an error of a statement. An error that is a bug is raised again."""
    if disk_full_error(error):
        return Problem(f"{label}: the disk is full. Free some space and try again.")
    line = line or line_of_error(error)
    place = f"{label}, line {line}" if line else label
    if isinstance(error, QUOTABLE_ERRORS):
        return Problem(f"{place}: {error_sentence(error)}")
    if isinstance(error, duckdb.OutOfMemoryException):
        todo = "Close other programs and try again."
        return Problem(f"{place}: this step needs more memory than is free. {todo}")
    if isinstance(error, (duckdb.DataError, duckdb.InvalidInputException)):
        kind = str(error).split(":", 1)[0]
        fault = f"a value does not fit the statement ({kind}). It is not shown; it may be private."
        return Problem(f"{place}: {fault}")
    raise error


def disk_full_error(error: Exception) -> OSError | None:
    """The system's error in an error of DuckDB or Polars, if the disk, a quota or a limit stopped a write."""
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        if os.strerror(number) in str(error):
            return OSError(number, os.strerror(number))
    return None


@contextmanager
def disk_full_is_no_bug() -> Iterator[None]:
    """Raises the system's error if DuckDB or Polars stopped because the disk is full."""
    try:
        yield
    except (duckdb.Error, PolarsError) as error:
        if cause := disk_full_error(error):
            raise cause from error
        raise


def line_of_error(error: duckdb.Error) -> int | None:
    """The line that an error points at."""
    match = re.search(r"^LINE (\d+):", str(error), re.MULTILINE)
    return int(match[1]) if match else None


def error_sentence(error: duckdb.Error) -> str:
    """The message of an error, without its kind and without the excerpt of the SQL."""
    text = str(error).split("\n\nLINE ", 1)[0].split(": ", 1)[-1]
    return re.sub(r"\s*\n\s*", ". ", text).replace("!.", ".").replace(": :", ":").strip().rstrip(".!") + "."


def literal(text: object) -> str:
    """A text as an SQL literal; file names are not trusted."""
    return "'" + str(text).replace("'", "''") + "'"


def parquet(*files: Path) -> str:
    """SQL for the rows of Parquet files; a folder in their path that is named `a=b` is no column."""
    return f"read_parquet([{', '.join(map(literal, files))}], hive_partitioning = false)"


def identifier(name: str) -> str:
    """A name as an SQL identifier; headings are not trusted."""
    return '"' + name.replace('"', '""') + '"'


def count_of(database: duckdb.DuckDBPyConnection, statement: str) -> int:
    """The number that a statement returns in its only row."""
    return int(database.execute(statement).fetchall()[0][0])


def create_table(
    database: duckdb.DuckDBPyConnection, name: str, rows: Any, schema: Mapping[str, Any], append: bool = False
) -> None:
    """A temporary table of rows or columns made in Python; `schema` has the types of Polars."""
    target = f"insert into {name} by name" if append else f"create or replace temp table {name} as"
    try:
        database.register("rows_of_python", pl.DataFrame(rows, schema=schema, orient="row"))
        database.execute(f"{target} from rows_of_python")
    except duckdb.InvalidInputException as error:
        # DuckDB wraps a Ctrl-C that arrives while it reads the rows.
        if "failed: KeyboardInterrupt" in str(error):
            raise KeyboardInterrupt from error
        raise
    database.unregister("rows_of_python")
