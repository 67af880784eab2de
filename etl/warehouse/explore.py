"""The commands `query`, `show` and `export`: free SQL, descriptions of tables and reports, Parquet files.

Free SQL is one statement that only reads. DuckDB enforces this: the warehouse is attached read-only, access
to files is off, and settings are locked.
"""

from pathlib import Path

import duckdb
import polars as pl

from etl.common.duck import identifier, literal
from etl.common.files import make_private_folder, put_in_place, remove_leftovers_outside, work_folder
from etl.common.paths import QUERIES, DataDir
from etl.common.problem import Problem
from etl.common.system import on_ctrl_c
from etl.common.terminal import step
from etl.sql.catalog import Catalog, read_catalog
from etl.sql.file import SqlFile
from etl.store.purged import purge_history
from etl.warehouse.ask import READER, Warehouse, open_warehouse, warehouse_cursor
from etl.warehouse.cells import as_text, printable_frame

READS = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
# The types that a table on screen or in a file can show without a cast.
INTEGERS = "tinyint smallint integer bigint utinyint usmallint uinteger ubigint hugeint"
PLAIN_TYPES = {*INTEGERS.split(), "boolean", "float", "double", "decimal", "varchar", "date", "timestamp"}
TIMES = {"date", "timestamp", "timestamp with time zone"}
FAR = "a date or time is not in the years 1 to 9999 on every clock; write cast(... as varchar) to see it."
EXAMPLE_ROWS = 5


def query(warehouse: Warehouse, sql: str) -> pl.DataFrame:
    """The rows of one statement that only reads. Raises a Problem with DuckDB's own message for any other."""
    with warehouse_cursor(warehouse.database) as cursor:
        try:
            statements = cursor.extract_statements(sql)
            if len(statements) != 1 or statements[0].type not in READS:
                raise Problem("A query is one statement that reads: select, from, with, describe or explain.")
            with on_ctrl_c(cursor.interrupt):
                rows: pl.DataFrame = with_plain_types(cursor.sql(statements[0])).pl()
                return rows
        except duckdb.InterruptException as error:
            raise KeyboardInterrupt from error
        except duckdb.Error as error:
            raise Problem(f"DuckDB: {str(error).strip()}") from error


def with_plain_types(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """The relation with unique names, times with a zone as UTC without one, and other types as text.

    A time beyond the years of a calendar, which only a query can make, is an error.
    """
    names: list[str] = []
    columns = []
    for place, (name, kind) in enumerate(zip(relation.columns, relation.types, strict=True), start=1):
        names.append(name if name not in names else f"{name}_{place}")
        value = f"#{place}" if kind.id in PLAIN_TYPES else f"cast(#{place} as varchar)"
        if kind.id == "timestamp with time zone":
            value = f"timezone('UTC', #{place})"
        if kind.id in TIMES:
            # The clocks of the firm, which are shown, may have another day than UTC.
            days = 0 if kind.id == "date" else 1
            first, last = f"date '0001-01-01' + {days}", f"date '9999-12-31' - {days}"
            is_far = f"{value}::date not between {first} and {last} or not isfinite({value})"
            value = f"case when {is_far} then error({literal(FAR)}) else {value} end"
        columns.append(f"{value} as {identifier(names[-1])}")
    return relation.project(", ".join(columns))


def show(data: DataDir, name: str | None = None, queries: Path = QUERIES) -> str:
    """The overview, or one table, report or file. Raises a Problem that lists the known names."""
    catalog = read_catalog(queries)
    with open_warehouse(data.warehouse) as warehouse:
        if name is None:
            return overview(data, warehouse, catalog)
        matches = [file for file in catalog.files.values() if name in (file.name, file.full_name)]
        if len(matches) > 1:
            names = ", ".join(file.full_name for file in matches)
            raise Problem(f'"{name}" is several things: {names}. Name one.')
        if matches:
            return describe(warehouse, catalog, matches[0])
        # A workbook or an archive by its own name is all of its contents.
        inside = f"starts_with(file_name, {literal(f'{name} › ')})"
        is_named = f"{literal(name)} in (file_id, file_name) or {inside}"
        loaded = f"from raw.files where {is_named} order by file_name, file_id"
        files = query(warehouse, loaded)
        if files.is_empty():
            known = ", ".join(sorted(catalog.files))
            raise Problem(f'No table, report or loaded file is named "{name}". There are: {known}.')
        texts = printable_frame(files, warehouse.facts.timezone)
        return "\n\n".join(aligned(list(zip(texts.columns, row, strict=True))) for row in texts.iter_rows())


def overview(data: DataDir, warehouse: Warehouse, catalog: Catalog) -> str:
    """The firm and the moment, the tables with their row counts, the reports, and what was purged."""
    facts, purges = warehouse.facts, purge_history(data)
    tables: list[tuple[str, ...]] = []
    reports: list[tuple[str, ...]] = []
    for name, file in sorted(catalog.files.items()):
        sentence = file.meaning.split(". ")[0].rstrip(".:")
        if file.schema == "report":
            reports.append((name, file.every or "on screen", sentence))
        else:
            count = query(warehouse, f"select count(*) from {name}").item()
            tables.append((name, f"{count} rows", sentence))
    return paragraphs(
        f"{facts.firm_name}, built by returntrail {facts.version}; times are of {facts.timezone}",
        as_text(query(warehouse, "select as_of, built_at from raw.build"), facts.timezone),
        aligned(tables),
        aligned(reports),
        "" if purges.is_empty() else f"Purged for good:\n{as_text(purges, facts.timezone)}",
        "More: returntrail show NAME, of a table, a report or a loaded file.",
    )


def describe(warehouse: Warehouse, catalog: Catalog, file: SqlFile) -> str:
    """One table or report: meaning, key, rules, what it reads and what reads it, columns, and some rows."""
    own = f"from main.catalog where name = {literal(file.full_name)} and kind in ('column', 'result')"
    columns = query(warehouse, f"select part, type, meaning {own} order by position")
    if columns.is_empty():
        raise Problem(f"{warehouse.file}: built before {file.full_name} existed. Type `returntrail build`.")
    arguments = ", ".join(f"{param.name} := {param.default}" for param in file.params)
    call = f"{file.full_name}({arguments})" if file.schema == "report" else file.full_name
    readers = (other.full_name for other in catalog.files.values() if file.full_name in other.reads)
    facts = [
        ("key", ", ".join(file.key)),
        *(("check", check.rule) for check in file.checks),
        ("every", file.every or ""),
        ("reads", ", ".join(sorted(file.reads))),
        ("read by", ", ".join(sorted(readers))),
    ]
    example = f"from {call} limit {EXAMPLE_ROWS}"
    return paragraphs(
        f"{file.full_name}: {file.meaning}",
        aligned([fact for fact in facts if fact[1]]),
        aligned([(param.name, f"= {param.default}", param.meaning) for param in file.params]),
        aligned(columns.rows()),
        f"{example};",
        as_text(query(warehouse, example), warehouse.facts.timezone),
    )


def paragraphs(*parts: str) -> str:
    return "\n\n".join(part.rstrip("\n") for part in parts if part)


def aligned(table: list[tuple[str, ...]]) -> str:
    """A table as text, each column as wide as its longest cell."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in table)
    return "\n".join(line.rstrip() for line in lines)


def export(data: DataDir, out: Path | None = None) -> list[Path]:
    """Writes one file per table into `out`, or else `export/` of the data directory; no file is partial."""
    folder = out or data.root / "export"
    make_private_folder(folder)
    remove_leftovers_outside(folder)
    marts = "select name from main.catalog where kind = 'table' and name like 'mart.%' order by name"
    with open_warehouse(data.warehouse) as warehouse:
        tables = [*query(warehouse, marts)["name"], "main.catalog"]
    files = [folder / f"{table.split('.')[1]}.parquet" for table in tables]
    with duckdb.connect(config=READER) as database:
        # This connection can write files, so it runs only the copies below.
        database.execute(f"attach {literal(data.warehouse)} as warehouse (read_only)")
        for table, file in zip(tables, files, strict=True):
            try:
                with step(f"Exporting {table}"), work_folder(folder) as work:
                    new = work / file.name
                    options = "(format parquet, compression zstd)"
                    database.execute(f"copy warehouse.{table} to {literal(new)} {options}")
                    put_in_place(new, file)
            except duckdb.IOException as error:
                check = "Check the folder's permissions and free space."
                raise Problem(f"{file}: it cannot be written. {check}") from error
    return files
