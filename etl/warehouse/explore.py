"""The tables of `mart` as Parquet files, with the catalog that explains them, for tools that read no DuckDB.

What there is and what it means, for somebody at a terminal: the whole warehouse, a table, a report, or a
file.

Free SQL for an analyst at the machine: one statement that reads the warehouse and reaches nothing else.

What it may do is held by DuckDB: the warehouse is attached read-only, access to files is off, settings are
locked.
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
from etl.store.purged import history
from etl.warehouse.ask import READER, Warehouse, open_warehouse, warehouse_cursor
from etl.warehouse.cells import as_text, printable_frame

READS = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
PLAIN = frozenset(
    "boolean tinyint smallint integer bigint utinyint usmallint uinteger ubigint hugeint float double decimal "
    "varchar date timestamp".split()
)


def query(warehouse: Warehouse, sql: str) -> pl.DataFrame:
    """The rows of one statement that only reads. Raises a Problem with DuckDB's own words for any other."""
    with warehouse_cursor(warehouse.database) as cursor:
        try:
            statements = cursor.extract_statements(sql)
            if len(statements) != 1 or statements[0].type not in READS:
                raise Problem("A query is one statement that reads: select, from, with, describe or explain.")
            with on_ctrl_c(cursor.interrupt):
                return shown(cursor.sql(statements[0])).pl()
        except duckdb.InterruptException as error:
            raise KeyboardInterrupt from error
        except duckdb.Error as error:
            raise Problem(f"DuckDB: {str(error).strip()}") from error


def shown(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """The relation in types that a table on screen or in a file can hold, its column names made different."""
    names: list[str] = []
    for name in relation.columns:
        names.append(name if name not in names else f"{name}_{len(names) + 1}")
    kinds = [kind.id for kind in relation.types]
    columns = [
        f"{as_shown(place, kind)} as {identifier(name)}"
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True), start=1)
    ]
    return relation.project(", ".join(columns))


def as_shown(place: int, kind: str) -> str:
    """The column at a place: as it is, a time with a zone in UTC without one, and anything else as text."""
    if kind == "timestamp with time zone":
        return f"timezone('UTC', #{place})"
    return f"#{place}" if kind in PLAIN else f"cast(#{place} as varchar)"


ROWS = 5


def show(data: DataDir, name: str | None = None, queries: Path = QUERIES) -> str:
    """The overview, or what the table, report or file of this name is. Raises a Problem that lists what there is."""
    catalog = read_catalog(queries)
    with open_warehouse(data.warehouse) as warehouse:
        if name is None:
            return overview(data, warehouse, catalog)
        named = [file for file in catalog.files.values() if name in (file.name, file.full_name)]
        if len(named) > 1:
            raise Problem(
                f'"{name}" is several things: {", ".join(file.full_name for file in named)}. Name one.'
            )
        if named:
            return described(warehouse, catalog, named[0])
        files = rows(
            warehouse, f"from raw.files where {literal(name)} in (file_id, file_name) order by file_id"
        )
        if files.is_empty():
            known = ", ".join(sorted(catalog.files))
            raise Problem(
                f'Neither a table nor a report nor a loaded file is named "{name}". There are: {known}.'
            )
        texts = printable_frame(files, warehouse.facts.timezone)
        return "\n\n".join(aligned(list(zip(texts.columns, row, strict=True))) for row in texts.iter_rows())


def overview(data: DataDir, warehouse: Warehouse, catalog: Catalog) -> str:
    """The statement that the warehouse is, its tables with their rows, its reports, and how to go on."""
    facts = warehouse.facts
    moments = rows(warehouse, "select as_of, built_at from raw.build")
    tables = sorted(catalog.of("mart", "model", "ref", "raw", "main"), key=lambda table: table.full_name)
    counts = [rows(warehouse, f"select count(*) from {table.full_name}").item() for table in tables]
    reports = sorted(catalog.of("report"), key=lambda report: report.full_name)
    parts = (
        f"{facts.firm_name}, built by returntrail {facts.version}; times are of {facts.timezone}",
        as_text(moments, facts.timezone),
        aligned(
            [
                (one.full_name, f"{count} rows", opening(one))
                for one, count in zip(tables, counts, strict=True)
            ]
        ),
        aligned([(report.full_name, report.every or "on screen", opening(report)) for report in reports]),
        purges(data, facts.timezone),
        "More: returntrail show NAME, of a table, a report or a loaded file.",
    )
    return "\n\n".join(part.rstrip("\n") for part in parts if part)


def purges(data: DataDir, zone: str) -> str:
    """What was purged; nothing where nothing was."""
    found = history(data)
    return "" if found.is_empty() else f"Purged for good:\n{as_text(found, zone)}"


def described(warehouse: Warehouse, catalog: Catalog, file: SqlFile) -> str:
    """One table or report: what it says, what holds, where it comes from and goes to, and some rows."""
    entries = rows(
        warehouse,
        f"select kind, part, type, meaning from main.catalog where name = {literal(file.full_name)} order by position",
    )
    if entries.is_empty():
        raise Problem(f"{warehouse.file}: built before {file.full_name} existed. Type `returntrail build`.")
    columns = entries.filter(pl.col("kind").is_in(["column", "result"])).select("part", "type", "meaning")
    arguments = ", ".join(f"{param.name} := {param.default}" for param in file.params)
    facts = [("key", ", ".join(file.key))] + [("check", check.rule) for check in file.checks]
    facts += [("every", file.every or ""), ("reads", ", ".join(sorted(file.reads)))]
    facts += [("read by", ", ".join(catalog.readers(file.full_name)))]
    call = f"{file.full_name}({arguments})" if file.schema == "report" else file.full_name
    parts = (
        f"{file.full_name}: {file.meaning}",
        aligned([fact for fact in facts if fact[1]]),
        aligned([(param.name, f"= {param.default}", param.meaning) for param in file.params]),
        aligned(columns.rows()),
        f"from {call} limit {ROWS};",
        as_text(rows(warehouse, f"from {call} limit {ROWS}"), warehouse.facts.timezone),
    )
    return "\n\n".join(part.rstrip("\n") for part in parts if part)


def rows(warehouse: Warehouse, sql: str) -> pl.DataFrame:
    """The rows of a query of ours."""
    with warehouse_cursor(warehouse.database) as cursor:
        return cursor.sql(sql).pl()


def opening(file: SqlFile) -> str:
    """The first sentence of what it means."""
    return file.meaning.split(". ")[0].rstrip(".:")


def aligned(table: list[tuple[str, ...]]) -> str:
    """Lines of cells, each column as wide as its longest cell."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in table)
    return "\n".join(line.rstrip() for line in lines)


def export(data: DataDir, out: Path | None = None) -> list[Path]:
    """Writes a file a table into `out`, or else `export/` of the data directory; a file is whole or not there."""
    folder = out or data.root / "export"
    make_private_folder(folder)
    remove_leftovers_outside(folder)
    marts = "select name from main.catalog where kind = 'table' and name like 'mart.%' order by name"
    with open_warehouse(data.warehouse) as warehouse, warehouse_cursor(warehouse.database) as cursor:
        wanted = [name for (name,) in cursor.execute(marts).fetchall()] + ["main.catalog"]
    with duckdb.connect(config=READER) as database:
        # This connection writes files, so it runs no SQL but the copies below.
        database.execute(f"attach {literal(data.warehouse)} as warehouse (read_only)")
        return [exported(database, name, folder / f"{name.split('.')[1]}.parquet") for name in wanted]


def exported(database: duckdb.DuckDBPyConnection, table: str, file: Path) -> Path:
    """One table in one file, under a hidden name until it is whole."""
    try:
        with step(f"Exporting {table}"), work_folder(file.parent) as work:
            new = work / file.name
            database.execute(f"copy warehouse.{table} to {literal(new)} (format parquet, compression zstd)")
            put_in_place(new, file)
    except duckdb.IOException as error:
        raise Problem(
            f"{file}: it cannot be written. See that the folder can be written to and has room."
        ) from error
    return file
