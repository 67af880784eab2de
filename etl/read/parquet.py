"""Parquet: columns with types of their own, turned into the text that a person would have exported.

The checksums of a Parquet file's pages, which DuckDB does not look at.

Few writers make them; where they are missing, a flipped bit can load as other text, and the file says so in a remark.
"""

import struct
import zlib
from pathlib import Path

import duckdb

from etl.common.duck import identifier, literal
from etl.common.problem import Problem
from etl.config.source import Limits, Source
from etl.read.archive import over
from etl.read.csv_dialect import checked_headings
from etl.read.records import create_malformed

# A header holds the bounds of its page, so it may be as long as two fields.
LONGEST_HEADER = 1 << 20
BOOLEANS, BYTE, WHOLE, DOUBLE, BINARY, LISTS, STRUCT = (1, 2), 3, (4, 5, 6), 7, 8, (9, 10), 12
COMPRESSED_SIZE, CHECKSUM = 3, 4


def pages_are_checked(path: Path, chunks: list[tuple[int, int]], damaged: str) -> bool:
    """Verifies each page of the chunks (offset, size) that has a checksum; true if all have one."""
    are_checked = True
    with open(path, "rb") as file:
        for start, size in chunks:
            place, end = start, start + size
            while place < end:
                file.seek(place)
                header = file.read(min(LONGEST_HEADER, end - place))
                try:
                    used, fields = struct_at(header, 0)
                    length = fields[COMPRESSED_SIZE]
                except (IndexError, KeyError, ValueError, RecursionError) as error:
                    raise Problem(damaged) from error
                if length < 0 or place + used + length > end:
                    raise Problem(damaged)
                file.seek(place + used)
                content = file.read(length)
                if CHECKSUM not in fields:
                    are_checked = False
                elif zlib.crc32(content) != fields[CHECKSUM] & 0xFFFFFFFF:
                    raise Problem(damaged)
                place += used + length
    return are_checked


def struct_at(data: bytes, place: int) -> tuple[int, dict[int, int]]:
    """A struct in Thrift's compact protocol: where it ends, and its whole numbers by field; all else is passed over."""
    fields: dict[int, int] = {}
    number = 0
    while data[place]:
        kind, step = data[place] & 15, data[place] >> 4
        place += 1
        if step:
            number += step
        else:
            place, raw = varint(data, place)
            number = zigzag(raw)
        place, value = value_at(data, place, kind)
        if value is not None:
            fields[number] = value
    return place + 1, fields


def value_at(data: bytes, place: int, kind: int) -> tuple[int, int | None]:
    """Where a value ends, and the value if it is a whole number."""
    if kind in BOOLEANS:
        return place, None
    if kind == BYTE:
        return place + 1, None
    if kind in WHOLE:
        place, raw = varint(data, place)
        return place, zigzag(raw)
    if kind == DOUBLE:
        return place + 8, None
    if kind == BINARY:
        place, length = varint(data, place)
        return place + length, None
    if kind in LISTS:
        length, inner = data[place] >> 4, data[place] & 15
        place += 1
        if length == 15:
            place, length = varint(data, place)
        for _ in range(length):
            place = place + 1 if inner in BOOLEANS else value_at(data, place, inner)[0]
        return place, None
    if kind == STRUCT:
        return struct_at(data, place)[0], None
    raise ValueError(kind)


def varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of any length, seven bits a byte."""
    value = 0
    for step in range(0, 70, 7):
        value |= (data[place] & 127) << step
        place += 1
        if data[place - 1] < 128:
            return place, value
    raise ValueError("a number longer than 64 bits")


def zigzag(raw: int) -> int:
    return (raw >> 1) ^ -(raw & 1)


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
        count = database.execute(
            f"select sum(num_rows) from parquet_file_metadata({literal(path)})"
        ).fetchone()
        texts = ", ".join(
            f"nullif({as_text(identifier(name), kind)}, '') as c{place}"
            for place, (name, kind) in enumerate(columns)
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


def refuse_changed_values(
    database: duckdb.DuckDBPyConnection, path: Path, texts: list[str], read: str
) -> None:
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
