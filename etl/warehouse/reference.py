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
from etl.common.problem import Problem, listed
from etl.read.tidy import split_quoted, tidied
from etl.sql.catalog import Catalog
from etl.sql.file import SqlFile
from etl.warehouse.models import columns_of

# The key of labels can be null: a row without a status is for any status.
KEYS = {"labels": ("tab", "label", "status")}
# Columns that a firm's own file may leave out or leave empty: they get the shipped value, else this one.
OPTIONAL: dict[str, dict[str, str | None]] = {
    "codes": {"is_milestone": "false", "is_problem": "false"},
    "next_steps": {"limit_days": None},
}
# A value in this column of the first table must be in the second.
REFERENCES = (
    ("labels", "code", "codes"),
    ("codes", "step", "steps"),
    ("codes", "stage", "stages"),
    ("stages", "next_step", "next_steps"),
)


@dataclass(frozen=True)
class Row:
    """A row of a reference file, its line, and its place in the words of a Problem."""

    line: int
    place: str
    values: dict[str, str | None]


def fill_reference(database: duckdb.DuckDBPyConnection, data: DataDir, catalog: Catalog) -> None:
    """Fills the empty `ref` tables. Raises a Problem that names file and line of the row that is wrong."""
    tables = {table.name: table for table in catalog.of("ref")}
    # A misspelled file name would have no effect. Hidden files are ignored.
    for path in sorted((data.root / "reference").glob("[!.]*")):
        if path.suffix != ".csv" or path.stem not in tables:
            known = ", ".join(f"{name}.csv" for name in tables)
            raise Problem(f"{path}: no reference file has this name. There are: {known}.")
    rows = {name: reference_rows(data, table) for name, table in tables.items()}
    for name, column, other in REFERENCES:
        known_values = {None} | {row.values[column] for row in rows[other]}
        for row in rows[name]:
            if row.values[column] not in known_values:
                fault = f'the {column} "{row.values[column]}" is not in {other}.csv'
                raise Problem(f"{row.place}: {fault}. Add it there first.")
    for name, table in tables.items():
        insert_reference(database, table, rows[name])


def reference_rows(data: DataDir, table: SqlFile) -> list[Row]:
    """The shipped rows in order, then the firm's own, which replace shipped rows of the same key."""
    columns = KEYS.get(table.name, table.key)
    merged: dict[tuple[str | None, ...], Row] = {}
    for path in data.reference(f"{table.name}.csv"):
        own: dict[tuple[str | None, ...], Row] = {}
        for row in read_rows(path, table):
            key = tuple(row.values[column] for column in columns)
            if key in own:
                same = f"the same {listed(columns)} as in line {own[key].line}"
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
                    rows.append(Row(line, f"{path}, line {line}", values))
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
    casts = ", ".join(f"try_cast(cells.{name} as {kind}) as {name}" for name, kind in types.items())
    cells = f"select cells, {casts} from (select unnest(from_json(?, ?)) as cells)"
    database.execute(f"create or replace temp table given as {cells}", [given, structure])
    faults = {
        f"{name} is null and cells.{name} is not null": f"{name} must have the type {kind.lower()}"
        for name, kind in types.items()
    }
    faults |= {f"{name} is null": f"{name} is empty" for name in KEYS.get(table.name, table.key)[:2]}
    for check in table.checks:
        faults[f"({check.rule}) is not true"] = f'the rule "{check.rule}" of {table.label} fails'
    first_rows = ", ".join(f"min(cells.row_no) filter (where {condition})" for condition in faults)
    [found] = database.execute(f"select {first_rows} from given").fetchall()
    for row_no, fault in zip(found, faults.values(), strict=True):
        if row_no is not None:
            raise Problem(f"{rows[row_no].place}: {fault}.")
    ordered = "select * exclude (cells) from given order by cells.row_no"
    database.execute(f"insert into {table.full_name} by name {ordered}")
