"""What labels, codes, steps and forms mean: the shipped rows, and the firm's own, which win over them.

The rules stand in queries/ref/*.sql. They are tested here on rows that still know their file and line, so that whoever
edits a CSV reads where to mend it.
"""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.read.tidy import split_quoted, tidied
from etl.sql.catalog import Catalog
from etl.sql.file import SqlFile
from etl.warehouse.models import columns_of

# The catalogue has no key without nulls: a row without a status is for any status.
IDENTITY = {"labels": ("tab", "label", "status")}
MADE = {"labels": ("pattern",)}
# A value of the first column must stand in the second.
REFERENCES = (
    ("labels", "code", "codes", "code"),
    ("codes", "step", "steps", "step"),
    ("codes", "stage", "stages", "stage"),
    ("stages", "next_step", "next_steps", "next_step"),
)


@dataclass(frozen=True)
class Row:
    """A row of a reference file, and where it stands."""

    file: Path
    line: int
    values: dict[str, str | None]

    @property
    def place(self) -> str:
        return f"{self.file}, line {self.line}"


def fill_reference(database: duckdb.DuckDBPyConnection, data: DataDir, catalog: Catalog) -> None:
    """Fills the empty `ref` tables. Raises a Problem that names file and line of the row that is wrong."""
    tables = {table.name: table for table in catalog.of("ref")}
    refuse_strangers(data, tables)
    rows = {name: reference_rows(data, table) for name, table in tables.items()}
    for name, column, other, other_column in REFERENCES:
        known = {row.values[other_column] for row in rows.get(other, [])}
        for row in rows.get(name, []):
            if row.values[column] is not None and row.values[column] not in known:
                value = row.values[column]
                raise Problem(
                    f'{row.place}: the {column} "{value}" is not in {other}.csv. Add it there first.'
                )
    for name, table in tables.items():
        insert_reference(database, table, rows[name])


def refuse_strangers(data: DataDir, tables: dict[str, SqlFile]) -> None:
    """A misspelt file name would be passed over in silence; what an operating system hides is not meant."""
    for path in sorted((data.root / "reference").glob("[!.]*")):
        if path.suffix != ".csv" or path.stem not in tables:
            known = ", ".join(f"{name}.csv" for name in tables)
            raise Problem(f"{path}: no reference file has this name. There are: {known}.")


def reference_rows(data: DataDir, table: SqlFile) -> list[Row]:
    """The shipped rows in their order, then the firm's own; a row of the firm's replaces the one with its key."""
    merged: dict[tuple[str | None, ...], Row] = {}
    for path in data.reference(f"{table.name}.csv"):
        own: dict[tuple[str | None, ...], Row] = {}
        for row in read_rows(path, table):
            key = tuple(row.values[column] for column in IDENTITY.get(table.name, table.key))
            if key in own:
                raise Problem(
                    f"{row.place}: the same {words(table)} as in line {own[key].line}. Keep one of them."
                )
            own[key] = row
        merged.update(own)
    return list(merged.values())


def words(table: SqlFile) -> str:
    return " and ".join(IDENTITY.get(table.name, table.key))


def read_rows(path: Path, table: SqlFile) -> list[Row]:
    """The rows of one file. The text null is data; an empty cell is null."""
    expected = [column.name for column in table.columns if column.name not in MADE.get(table.name, ())]
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            heading = next(reader, [])
            if heading != expected:
                found = ", ".join(heading) or "missing"
                raise Problem(f"{path}, line 1: the headings are {found}. Expected: {', '.join(expected)}.")
            rows, line = [], reader.line_num
            for cells in reader:
                # A quoted cell may span lines; a row stands where it begins.
                first, line = line + 1, reader.line_num
                if cells and len(cells) != len(expected):
                    raise Problem(f"{path}, line {first}: {len(cells)} cells instead of {len(expected)}.")
                if cells:
                    values = {name: cell or None for name, cell in zip(expected, cells, strict=True)}
                    rows.append(Row(path, first, with_made(table, values)))
    except UnicodeDecodeError as error:
        raise Problem(f"{path}: not UTF-8 text. Save the file as CSV UTF-8.") from error
    except csv.Error as error:
        raise Problem(f"{path}, line {reader.line_num}: not CSV ({error}).") from error
    return rows


def with_made(table: SqlFile, values: dict[str, str | None]) -> dict[str, str | None]:
    """The row with what the build makes of it."""
    if table.name != "labels":
        return values
    return values | {"pattern": split_quoted(tidied(values["label"] or ""))[0]}


def insert_reference(database: duckdb.DuckDBPyConnection, table: SqlFile, rows: list[Row]) -> None:
    """Inserts the rows after every rule of the table has held on each of them."""
    types = columns_of(database, table.full_name)
    structure = json.dumps([{"row_no": "bigint"} | {name: "varchar" for name in types}])
    given = json.dumps([{"row_no": number} | row.values for number, row in enumerate(rows)])
    unnested = "select unnest(from_json(?, ?), recursive := true)"
    database.execute(f"create or replace temp table given as {unnested}", [given, structure])
    for name, kind in types.items():
        unread = f"{name} is not null and try_cast({name} as {kind}) is null"
        refuse(database, rows, unread, f"{name} is no {kind.lower()}")
    for name in IDENTITY.get(table.name, table.key)[:2]:
        refuse(database, rows, f"{name} is null", f"{name} is empty")
    casts = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in types.items())
    database.execute(
        f"create or replace temp table given as select row_no, {casts} from given order by row_no"
    )
    for check in table.checks:
        refuse(
            database, rows, f"({check.rule}) is not true", f'the rule "{check.rule}" of {table.label} fails'
        )
    database.execute(
        f"insert into {table.full_name} by name select * exclude (row_no) from given order by row_no"
    )
    database.execute("drop table given")


def refuse(database: duckdb.DuckDBPyConnection, rows: list[Row], condition: str, fault: str) -> None:
    """Raises a Problem at the first row for which a condition holds."""
    found = database.execute(f"select min(row_no) from given where {condition}").fetchall()[0][0]
    if found is not None:
        raise Problem(f"{rows[found].place}: {fault}.")
