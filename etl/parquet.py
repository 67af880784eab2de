"""Parquet: columns with types of their own, turned into the text that a person would have exported."""

import struct
from pathlib import Path

import duckdb

from etl.dialect import checked_headings
from etl.parquet_pages import pages_are_checked
from etl.problem import Problem
from etl.records import create_malformed, identifier, literal
from etl.source import Limits, Source
from etl.unpack import over

UNCHECKED = "the Parquet file carries no checksums, so damage inside it cannot be seen"
DAMAGED = "the Parquet file is cut or damaged. Nothing was loaded from it; export it again."


def read_parquet(
    database: duckdb.DuckDBPyConnection, path: Path, source: Source, limits: Limits
) -> tuple[list[str], int, str | None]:
    """Makes `staged` of a Parquet file; the count is that of its footer, not of what was read. Last, a remark."""
    read = f"read_parquet({literal(path)}, file_row_number = true)"
    refuse_cut(path)
    try:
        described = database.execute(f"describe from {read}").fetchall()
        columns = [(row[0], row[1]) for row in described if row[0] != "file_row_number"]
        headings = checked_headings([name for name, _ in columns], source, limits)
        count = database.execute(f"select sum(num_rows) from parquet_file_metadata({literal(path)})").fetchone()
        texts = ", ".join(
            f"nullif({as_text(identifier(name), kind)}, '') as c{place}" for place, (name, kind) in enumerate(columns)
        )
        remark = None if pages_are_checked(path, chunks_of(database, path), DAMAGED) else UNCHECKED
        database.execute(
            f"create or replace table staged_text as select file_row_number + 1 as row_no, {texts} from {read}"
        )
        refuse_changed_values(database, path, [name for name, kind in columns if kind == "VARCHAR"], read)
    except duckdb.Error as error:
        if isinstance(error, duckdb.OutOfMemoryException) or "No space left" in str(error):
            raise
        raise Problem(DAMAGED) from error
    database.execute("create or replace view staged as from staged_text")
    create_malformed(database)
    refuse_long(database, len(columns), limits)
    return headings, int(count[0] or 0) if count else 0, remark


def chunks_of(database: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[int, int]]:
    """Where the column chunks stand in the file: offset and size."""
    return database.execute(
        f"""
        select
            case when dictionary_page_offset > 0 then least(dictionary_page_offset, data_page_offset)
                else data_page_offset end,
            total_compressed_size
        from parquet_metadata({literal(path)})
        """
    ).fetchall()


def refuse_cut(path: Path) -> None:
    """Refuses a file whose end is not that of a Parquet file, or whose footer does not fit into it."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        file.seek(max(0, size - 8))
        end = file.read(8)
    if size < 12 or end[4:] != b"PAR1" or struct.unpack("<I", end[:4])[0] > size - 12:
        raise Problem(DAMAGED)


def refuse_changed_values(database: duckdb.DuckDBPyConnection, path: Path, texts: list[str], read: str) -> None:
    """Compares what was read with the counts and the bounds that the file's footer states for each column of text.

    DuckDB believes the footer; a page without a checksum that was damaged on its way shows here, if it shows at all.
    """
    if not texts:
        return
    stated = database.execute(
        f"""
        select
            path_in_schema, sum(stats_null_count), min(stats_min_value), max(stats_max_value),
            count(*) = count(stats_null_count),
            count(*) = count(stats_min_value) and bool_and(coalesce(min_is_exact, false)),
            count(*) = count(stats_max_value) and bool_and(coalesce(max_is_exact, false))
        from parquet_metadata({literal(path)}) where path_in_schema in ({", ".join(map(literal, texts))})
        group by path_in_schema
        """
    ).fetchall()
    for name, nulls, least, most, has_nulls, has_least, has_most in stated:
        column = identifier(name)
        found = database.execute(
            f"select count(*) - count({column}), min({column}), max({column}) from {read}"
        ).fetchone()
        assert found is not None
        wrong = has_nulls and found[0] != nulls
        wrong = wrong or (has_least and found[1] is not None and found[1] != least)
        if wrong or (has_most and found[2] is not None and found[2] != most):
            raise Problem(DAMAGED)


def as_text(column: str, kind: str) -> str:
    """The SQL that writes a column as text: times in ISO 8601, whole numbers without a point, nested values as JSON."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"replace(cast(timezone('UTC', {column}) as varchar), ' ', 'T') || '+00:00'"
    if kind.startswith("TIMESTAMP"):
        return f"replace(cast({column} as varchar), ' ', 'T')"
    if kind in ("DOUBLE", "FLOAT"):
        whole = f"cast(cast({column} as bigint) as varchar)"
        return f"case when abs({column}) < 1e15 and {column} = trunc({column}) then {whole} else {column}::varchar end"
    if kind == "BLOB":
        return f"decode({column})"
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return f"cast(to_json({column}) as varchar)"
    return f"cast({column} as varchar)"


def refuse_long(database: duckdb.DuckDBPyConnection, width: int, limits: Limits) -> None:
    """Refuses a field over the limit, naming its record."""
    longest = f"greatest({', '.join(f'coalesce(strlen(c{place}), 0)' for place in range(width))}, 0)"
    found = database.execute(
        f"select min(row_no) from staged where {longest} > {limits.field_bytes}"
    ).fetchone()
    if found and found[0] is not None:
        words = over("a field", f"over {limits.field_bytes}", limits.field_bytes, "field_bytes")
        raise Problem(f"record {found[0]}: {words}")
