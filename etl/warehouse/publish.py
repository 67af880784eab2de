"""From tables to a warehouse that explains itself: report macros, comments, the catalog, and the swap."""

import os
import re
from pathlib import Path

import duckdb

from etl.common.duck import error_sentence, line_of_error, literal, problem_of
from etl.common.files import sync_to_disk
from etl.common.problem import Problem
from etl.sql.catalog import Catalog
from etl.sql.file import SqlFile
from etl.warehouse.models import check_columns, check_rows, columns_of, insert_rows


def create_reports(
    database: duckdb.DuckDBPyConnection, catalog: Catalog, a_return: str | None
) -> dict[str, dict[str, str]]:
    """Each report as a table macro, asked with its defaults and held against its file; one about a return, of this one.

    For all returns it has as many rows as there are events, which nobody asks for in one go: tests hold those. Returns
    the types of the columns of each.
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
        check_columns(file, list(types[file.full_name]))
        check_rows(database, file, source_of(file, a_return))
    return types


def source_of(file: SqlFile, a_return: str | None = None) -> str:
    """A table by its name; a report called with its defaults, and of one return where it can be asked for one."""
    if file.schema != "report":
        return file.full_name
    is_for_one = a_return is not None and any(param.name == "for_return" for param in file.params)
    return f"{file.full_name}({f'for_return := {literal(a_return)}' if is_for_one else ''})"


def fill_catalog(
    database: duckdb.DuckDBPyConnection, catalog: Catalog, types_of_reports: dict[str, dict[str, str]]
) -> None:
    """`main.catalog`: one row per table, column, report and parameter."""
    rows: list[tuple[str, str, str, int, str | None, str | None, bool]] = []
    for file in catalog.files.values():
        is_report = file.schema == "report"
        types = types_of_reports[file.full_name] if is_report else columns_of(database, file.full_name)
        rows.append(
            ("report" if is_report else "table", file.full_name, "", 0, file.every, file.meaning, False)
        )
        for place, param in enumerate(file.params, start=1):
            rows.append(("parameter", file.full_name, param.name, place, param.default, param.meaning, False))
        for place, column in enumerate(file.columns, start=1):
            kind = "result" if is_report else "column"
            is_key = column.name in file.key
            rows.append(
                (kind, file.full_name, column.name, place, types[column.name], column.meaning, is_key)
            )
    names = list(columns_of(database, "main.catalog"))
    insert_rows(database, "main.catalog", [dict(zip(names, row, strict=True)) for row in rows])


def write_comments(database: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    """The meanings as comments, where every tool looks for them."""
    comments: list[str] = []
    for file in catalog.files.values():
        kind = "macro table" if file.schema == "report" else "view" if file.is_view else "table"
        comments.append(f"comment on {kind} {file.full_name} is {literal(file.meaning)};")
        if file.schema != "report":
            for column in file.columns:
                comments.append(
                    f"comment on column {file.full_name}.{column.name} is {literal(column.meaning)};"
                )
    database.execute("\n".join(comments))


def replace_warehouse(new: Path, published: Path) -> None:
    """Puts the new warehouse in the place of the old one, at once and for good. Readers keep the file they have."""
    if published.is_dir():
        raise Problem(f"{published}: a folder stands where the warehouse belongs. Move it away.")
    sync_to_disk(new)
    os.replace(new, published)
    sync_to_disk(published.parent)


def line_in_report(database: duckdb.DuckDBPyConnection, file: SqlFile, error: duckdb.Error) -> int | None:
    """The line of a report that an error is about; a macro's error knows only the line of the call.

    So the query is bound once more with its defaults in place of the parameters.
    """
    defaults = {param.name: f"({param.default})" for param in file.params}
    words = "|".join(map(re.escape, defaults))
    text = re.sub(rf"\b({words})\b", lambda found: defaults[found[1]], file.text) if words else file.text
    try:
        database.execute(f"describe from ({text}\n)")
    except duckdb.Error as other:
        return line_of_error(other) if error_sentence(other) == error_sentence(error) else None
    return None
