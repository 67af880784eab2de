"""The meanings of labels, codes, steps and forms: the shipped rows, and the firm's own, which replace them.

The rules are in queries/ref/*.sql. They are checked here on rows with their file and line, so that an error
tells the editor of a CSV file where the mistake is.
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

# The key of labels can be null: a row without a status is for any status.
LABEL_KEY = ("tab", "label", "status")
# Columns that a firm's own file may leave out or leave empty: they get the shipped value, else this one.
OPTIONAL = {"codes": {"is_milestone": "false", "is_problem": "false"}}
# A value in the first table and column must be in the second.
REFERENCES = (
    ("labels", "code", "codes", "code"),
    ("codes", "step", "steps", "step"),
    ("codes", "stage", "stages", "stage"),
    ("stages", "next_step", "next_steps", "next_step"),
)


@dataclass(frozen=True)
class Row:
    """A row of a reference file, and where it is."""

    file: Path
    line: int
    values: dict[str, str | None]

    @property
    def place(self) -> str:
        return f"{self.file}, line {self.line}"


def fill_reference(database: duckdb.DuckDBPyConnection, data: DataDir, catalog: Catalog) -> None:
    """Fills the empty `ref` tables. Raises a Problem that names file and line of the row that is wrong."""
    tables = {table.name: table for table in catalog.of("ref")}
    check_file_names(data, tables)
    rows = {name: reference_rows(data, table) for name, table in tables.items()}
    for name, column, other, other_column in REFERENCES:
        known = {None} | {row.values[other_column] for row in rows.get(other, [])}
        for row in rows.get(name, []):
            if row.values[column] not in known:
                fault = f'the {column} "{row.values[column]}" is not in {other}.csv'
                raise Problem(f"{row.place}: {fault}. Add it there first.")
    for name, table in tables.items():
        insert_reference(database, table, rows[name])


def check_file_names(data: DataDir, tables: dict[str, SqlFile]) -> None:
    """Refuses a misspelled file name, which would have no effect. Hidden files are ignored."""
    for path in sorted((data.root / "reference").glob("[!.]*")):
        if path.suffix != ".csv" or path.stem not in tables:
            known = ", ".join(f"{name}.csv" for name in tables)
            raise Problem(f"{path}: no reference file has this name. There are: {known}.")


def key_of(table: SqlFile) -> tuple[str, ...]:
    return LABEL_KEY if table.name == "labels" else table.key


def reference_rows(data: DataDir, table: SqlFile) -> list[Row]:
    """The shipped rows in order, then the firm's own, which replace shipped rows of the same key."""
    merged: dict[tuple[str | None, ...], Row] = {}
    for path in data.reference(f"{table.name}.csv"):
        own: dict[tuple[str | None, ...], Row] = {}
        for row in read_rows(path, table):
            key = tuple(row.values[column] for column in key_of(table))
            if key in own:
                same = f"the same {' and '.join(key_of(table))} as in line {own[key].line}"
                raise Problem(f"{row.place}: {same}. Keep one of them.")
            shipped = merged[key].values if key in merged else {}
            for name, default in OPTIONAL.get(table.name, {}).items():
                row.values[name] = row.values.get(name) or shipped.get(name) or default
            own[key] = row
        merged |= own
    return list(merged.values())


def read_rows(path: Path, table: SqlFile) -> list[Row]:
    """The rows of one file, with the patterns of labels. An empty cell is null; the text "null" is data."""
    is_labels = table.name == "labels"
    expected = [column.name for column in table.columns if not (is_labels and column.name == "pattern")]
    rows = []
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            headings = next(reader, [])
            if len(headings) < len(expected):
                expected = [name for name in expected if name not in OPTIONAL.get(table.name, {})]
            if headings != expected:
                present = ", ".join(headings) or "missing"
                raise Problem(f"{path}, line 1: the headings are {present}. Expected: {', '.join(expected)}.")
            # A quoted cell may span lines; the line of a row is its first.
            line = reader.line_num + 1
            for cells in reader:
                if cells and len(cells) != len(expected):
                    raise Problem(f"{path}, line {line}: {len(cells)} cells instead of {len(expected)}.")
                if cells:
                    values = {name: cell or None for name, cell in zip(expected, cells, strict=True)}
                    if is_labels:
                        values["pattern"] = split_quoted(tidied(values["label"] or ""))[0]
                    rows.append(Row(path, line, values))
                line = reader.line_num + 1
    except UnicodeDecodeError as error:
        raise Problem(f"{path}: not UTF-8 text. Save the file as CSV UTF-8.") from error
    except csv.Error as error:
        raise Problem(f"{path}, line {reader.line_num}: not CSV ({error}).") from error
    return rows


def insert_reference(database: duckdb.DuckDBPyConnection, table: SqlFile, rows: list[Row]) -> None:
    """Inserts the rows of a table after checking its types, keys and rules on each of them."""
    types = columns_of(database, table.full_name)
    structure = json.dumps([{"row_no": "bigint"} | dict.fromkeys(types, "varchar")])
    given = json.dumps([{"row_no": number} | row.values for number, row in enumerate(rows)])
    unnested = "select unnest(from_json(?, ?), recursive := true)"
    database.execute(f"create or replace temp table given as {unnested}", [given, structure])
    for name, kind in types.items():
        unread = f"{name} is not null and try_cast({name} as {kind}) is null"
        refuse_where(database, rows, unread, f"{name} must have the type {kind.lower()}")
    for name in key_of(table)[:2]:
        refuse_where(database, rows, f"{name} is null", f"{name} is empty")
    casts = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in types.items())
    typed = f"select row_no, {casts} from given order by row_no"
    database.execute(f"create or replace temp table given as {typed}")
    for check in table.checks:
        fault = f'the rule "{check.rule}" of {table.label} fails'
        refuse_where(database, rows, f"({check.rule}) is not true", fault)
    ordered = "select * exclude (row_no) from given order by row_no"
    database.execute(f"insert into {table.full_name} by name {ordered}")
    database.execute("drop table given")


def refuse_where(database: duckdb.DuckDBPyConnection, rows: list[Row], condition: str, fault: str) -> None:
    wrong = database.execute(f"select min(row_no) from given where {condition}").fetchall()[0][0]
    if wrong is not None:
        raise Problem(f"{rows[wrong].place}: {fault}.")
