"""What there is and what it means, for somebody at a terminal: the whole warehouse, a table, a report, or a file."""

from pathlib import Path

import polars as pl

from etl.catalog import Catalog, read_catalog
from etl.cells import as_text, readable
from etl.datadir import QUERIES, DataDir
from etl.problem import Problem
from etl.purged import history
from etl.records import literal
from etl.sqlfile import SqlFile
from etl.warehouse import Warehouse, asking, opened

ROWS = 5


def show(data: DataDir, name: str | None = None, queries: Path = QUERIES) -> str:
    """The overview, or what the table, report or file of this name is. Raises a Problem that lists what there is."""
    catalog = read_catalog(queries)
    with opened(data.warehouse) as warehouse:
        if name is None:
            return overview(data, warehouse, catalog)
        named = [file for file in catalog.files.values() if name in (file.name, file.full_name)]
        if len(named) > 1:
            raise Problem(f'"{name}" is several things: {", ".join(file.full_name for file in named)}. Name one.')
        if named:
            return described(warehouse, catalog, named[0])
        files = rows(warehouse, f"from raw.files where {literal(name)} in (file_id, file_name) order by file_id")
        if files.is_empty():
            known = ", ".join(sorted(catalog.files))
            raise Problem(f'Neither a table nor a report nor a loaded file is named "{name}". There are: {known}.')
        texts = readable(files, warehouse.facts.timezone)
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
        aligned([(one.full_name, f"{count} rows", opening(one)) for one, count in zip(tables, counts, strict=True)]),
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
    with asking(warehouse.database) as cursor:
        return cursor.sql(sql).pl()


def opening(file: SqlFile) -> str:
    """The first sentence of what it means."""
    return file.meaning.split(". ")[0].rstrip(".:")


def aligned(table: list[tuple[str, ...]]) -> str:
    """Lines of cells, each column as wide as its longest cell."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in table)
    return "\n".join(line.rstrip() for line in lines)
