"""DuckDB's complaints as Problems: which file, which line, what is wrong. The text of a row is never repeated.

A conversion error of DuckDB quotes the value that failed, and a value may be a client's name.
"""

import errno
import os
import re
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from etl.common.problem import Problem
from etl.common.system import memory_bytes

QUOTABLE_ERRORS = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ParserException,
    duckdb.SyntaxException,
)


def problem_of(error: duckdb.Error, label: str, line: int | None = None) -> Problem:
    """The Problem behind an error of a statement, at its own line where none is given. Raises again what is a bug."""
    if is_disk_full(error):
        return Problem(f"{label}: there is no room on the disk. Make some and try again.")
    place = f"{label}, line {line or line_of_error(error)}" if line or line_of_error(error) else label
    if isinstance(error, QUOTABLE_ERRORS):
        return Problem(f"{place}: {error_sentence(error)}")
    if isinstance(error, duckdb.OutOfMemoryException):
        return Problem(
            f"{place}: the machine's memory is too small for this step. Close other programs and try again."
        )
    if isinstance(error, (duckdb.DataError, duckdb.InvalidInputException)):
        kind = str(error).split(":", 1)[0]
        return Problem(
            f"{place}: a value does not fit the statement ({kind}). It is not shown; it may be private."
        )
    raise error


def is_disk_full(error: duckdb.Error) -> bool:
    """Whether the disk, a quota or a limit of the process stopped a write; DuckDB says so in the system's words."""
    return disk_full_error(error) is not None


def disk_full_error(error: Exception) -> OSError | None:
    """The system's own error behind one of DuckDB or Polars, where there was no room for a write."""
    found = [one for one in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) if os.strerror(one) in str(error)]
    return OSError(found[0], os.strerror(found[0])) if found else None


def line_of_error(error: duckdb.Error) -> int | None:
    """The line that an error points at."""
    found = re.search(r"^LINE (\d+):", str(error), re.MULTILINE)
    return int(found[1]) if found else None


def error_sentence(error: duckdb.Error) -> str:
    """What is wrong, without the family of the error and without the excerpt of the SQL."""
    words = str(error).split("\n\nLINE ", 1)[0].split(": ", 1)[-1]
    return re.sub(r"\s*\n\s*", ". ", words).replace("!.", ".").replace(": :", ":").strip().rstrip(".!") + "."


# Nothing is fetched, and a name in SQL is a table, never a variable of the Python code around it.
OFFLINE: dict[str, Any] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
}


def work_limits(folder: Path, most_bytes: int) -> dict[str, Any]:
    """How much of the machine a load or a build takes: at most half of its memory; it spills into `folder`."""
    memory = min(most_bytes, memory_bytes() // 2)
    return {
        "memory_limit": f"{memory // 1_000_000}MB",
        "threads": os.cpu_count() or 1,
        "temp_directory": str(folder / "spill"),
    }


def literal(text: object) -> str:
    """A text inside SQL; file names come from strangers."""
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name inside SQL; headings come from strangers too."""
    return '"' + name.replace('"', '""') + '"'


def create_table(database: duckdb.DuckDBPyConnection, name: str, rows: list[tuple], schema: dict) -> None:
    """A temporary table of a few rows that Python has made; `schema` holds the types of Polars."""
    try:
        database.register("rows_of_python", pl.DataFrame(rows, schema=schema, orient="row"))
        database.execute(f"create or replace temp table {name} as from rows_of_python")
    except duckdb.InvalidInputException as error:
        # A Ctrl-C that Python hears while it hands over the rows comes back in DuckDB's words.
        if "failed: KeyboardInterrupt" in str(error):
            raise KeyboardInterrupt from error
        raise
    database.unregister("rows_of_python")
