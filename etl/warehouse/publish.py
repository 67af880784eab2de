"""Adds reports, the catalog and comments to the tables of a new warehouse, and publishes the file."""

import re
from pathlib import Path

import duckdb

from etl.common.duck import error_sentence, line_of_error, literal, problem_of
from etl.common.files import put_in_place
from etl.common.problem import Problem
from etl.sql.catalog import Catalog
from etl.sql.file import SqlFile
from etl.warehouse.models import check_columns, check_rows, columns_of, insert_rows


def create_reports(
    database: duckdb.DuckDBPyConnection, catalog: Catalog, return_id: str | None
) -> dict[str, dict[str, str]]:
    """Creates each report, runs it with its defaults, and checks its columns and keys. Returns column types.

    A report about one return runs only for `return_id`: for all returns it would have as many rows as there
    are events. Tests check that case.
    """
    types: dict[str, dict[str, str]] = {}
    for file in catalog.of("report"):
        params = ", ".join(f"{param.name} := {param.default}" for param in file.params)
        try:
            database.execute(f"create macro {file.full_name}({params}) as table {file.text}")
            types[file.full_name] = columns_of(database, source_of(file))
        except duckdb.Error as error:
            line = line_in_report(database, file, error) if "report." in str(error) else line_of_error(error)
            raise problem_of(error, file.label, line) from error
        check_columns(file, types[file.full_name])
        check_rows(database, file, source_of(file, return_id))
    return types


def source_of(file: SqlFile, return_id: str | None = None) -> str:
    """A table's name, or the call of a report: with its defaults, and for one return if it takes one."""
    if file.schema != "report":
        return file.full_name
    takes_return = any(param.name == "for_return" for param in file.params)
    argument = f"for_return := {literal(return_id)}" if return_id is not None and takes_return else ""
    return f"{file.full_name}({argument})"


def fill_catalog(
    database: duckdb.DuckDBPyConnection, catalog: Catalog, report_types: dict[str, dict[str, str]]
) -> None:
    """Fills `main.catalog`: one row per table, column, report and parameter."""
    rows: list[tuple[object, ...]] = []
    for file in catalog.files.values():
        is_report, name = file.schema == "report", file.full_name
        types = report_types[name] if is_report else columns_of(database, name)
        kind, part_kind = ("report", "result") if is_report else ("table", "column")
        rows.append((kind, name, "", 0, file.every, file.meaning, False, file.access))
        for number, param in enumerate(file.params, start=1):
            rows.append(("parameter", name, param.name, number, param.default, param.meaning, False, None))
        for number, column in enumerate(file.columns, start=1):
            is_key = column.name in file.key
            rows.append(
                (part_kind, name, column.name, number, types[column.name], column.meaning, is_key, None)
            )
    names = columns_of(database, "main.catalog")
    insert_rows(database, "main.catalog", [dict(zip(names, row, strict=True)) for row in rows])


def write_comments(database: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    """Writes the meanings as comments, which other tools show."""
    comments: list[str] = []
    for file in catalog.files.values():
        kind = "macro table" if file.schema == "report" else "view" if file.is_view else "table"
        comments.append(f"comment on {kind} {file.full_name} is {literal(file.meaning)};")
        for column in file.columns if file.schema != "report" else ():
            name = f"{file.full_name}.{column.name}"
            comments.append(f"comment on column {name} is {literal(column.meaning)};")
    database.execute("\n".join(comments))


def replace_warehouse(new: Path, published: Path) -> None:
    """Replaces the old warehouse by one rename. Programs that have it open keep the old file."""
    if published.is_dir():
        raise Problem(f"{published}: a folder is where the warehouse belongs. Move it away.")
    put_in_place(new, published)


def line_in_report(database: duckdb.DuckDBPyConnection, file: SqlFile, error: duckdb.Error) -> int | None:
    """The line of a report where an error is; the error of a macro has only the line of its call.

    So the query is bound once more with its defaults in place of the parameters.
    """
    defaults = {param.name: f"({param.default})" for param in file.params}
    text = re.sub(r"\b\w+\b", lambda match: defaults.get(match[0], match[0]), file.text)
    try:
        database.execute(f"describe from ({text}\n)")
    except duckdb.Error as other:
        return line_of_error(other) if error_sentence(other) == error_sentence(error) else None
    return None
