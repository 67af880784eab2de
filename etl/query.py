"""Free SQL for an analyst at the machine: one statement that reads the warehouse and reaches nothing else.

What it may do is held by DuckDB: the warehouse is attached read-only, access to files is off, settings are locked.
"""

import duckdb
import polars as pl

from etl.interrupt import heeding_ctrl_c
from etl.problem import Problem
from etl.records import identifier
from etl.warehouse import Warehouse, asking

READS = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
PLAIN = frozenset(
    "boolean tinyint smallint integer bigint utinyint usmallint uinteger ubigint hugeint float double decimal "
    "varchar date timestamp".split()
)


def query(warehouse: Warehouse, sql: str) -> pl.DataFrame:
    """The rows of one statement that only reads. Raises a Problem with DuckDB's own words for any other."""
    with asking(warehouse.database) as cursor:
        try:
            statements = cursor.extract_statements(sql)
            if len(statements) != 1 or statements[0].type not in READS:
                raise Problem("A query is one statement that reads: select, from, with, describe or explain.")
            with heeding_ctrl_c(cursor):
                return shown(cursor.sql(statements[0])).pl()
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
