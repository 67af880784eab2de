"""Reads Parquet, whose values have types, as the text that a CSV export would have.

DuckDB does not verify the checksums of a Parquet file's pages, so pyarrow does. Few writers write checksums;
without them a flipped bit can load as other text, and a remark reports that.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

from etl.common.duck import count_of, identifier, literal, parquet
from etl.common.problem import Problem
from etl.config.source import Source
from etl.read.archive import Room
from etl.read.csv_dialect import checked_headings
from etl.read.records import Staged
from etl.read.streams import refuse_damage

UNCHECKED = "the Parquet file carries no checksums, so damage inside it cannot be seen"
DAMAGED_PARQUET = "the Parquet file is cut or damaged. Nothing was loaded from it; export it again."
BUFFER = 1 << 20
BATCH, BATCH_BYTES = 2_000, 100_000_000
# The beginning of a page's header (Thrift, compact protocol): its type and both sizes, each a number after a
# byte for its field; the last byte matches only if the next field is the checksum.
PAGE_HEADER = re.compile(rb"(?:\x15[\x80-\xff]*[\x00-\x7f]){3}\x15")
LONGEST_BEGINNING = 32


def stage_parquet(database: duckdb.DuckDBPyConnection, path: Path, source: Source, room: Room) -> Staged:
    """Creates `staged` from a Parquet file; the count is from its footer, not from what was read."""
    read, limits = parquet(path), room.limits
    try:
        # Few bytes may be pages of many bytes, or many values.
        sizes = "select coalesce(sum(greatest(total_uncompressed_size, num_values)), 0)"
        room.refuse_records(count_of(database, f"{sizes} from parquet_metadata({literal(path)})"))
        columns = database.execute(f"select column_name, column_type from (describe from {read})")
        kinds: dict[str, str] = dict(columns.fetchall())
        headings = checked_headings(list(kinds), source, limits)
        texts = [f"nullif({as_text(identifier(name), kind)}, '')" for name, kind in kinds.items()]
        listed = ", ".join(f"{text} as c{place}" for place, text in enumerate(texts))
        rows = f"""
            select file_row_number + 1 as row_no, {listed}
            from read_parquet({literal(path)}, file_row_number = true, hive_partitioning = false)
        """
        longest = refuse_large_records(database, rows, len(kinds), room)
        count = verify_pages(path, max(1, min(BATCH, BATCH_BYTES // (longest + 1))))
        remark = None if has_checksums(database, path) else UNCHECKED
        database.execute(f"create or replace table staged_text as {rows}")
        refuse_changed_values(database, path, [name for name, kind in kinds.items() if kind == "VARCHAR"])
    except duckdb.Error as error:
        if isinstance(error, duckdb.OutOfMemoryException) or "No space left" in str(error):
            raise
        raise Problem(DAMAGED_PARQUET) from error
    quarantine_zero_bytes(database, headings)
    database.execute("create or replace view staged as from staged_text")
    return Staged(headings, count, [remark])


def quarantine_zero_bytes(database: duckdb.DuckDBPyConnection, headings: Sequence[str]) -> None:
    """Takes the records with a zero byte out of `staged_text`, as JSON, which is quarantined for one too."""
    has_any = " or ".join(f"contains(c{place}, chr(0))" for place in range(len(headings)))
    members = ", ".join(f"{literal(heading)}: c{place}" for place, heading in enumerate(headings))
    if database.execute(f"from staged_text where {has_any} limit 1").fetchall():
        database.execute(f"""
            insert into malformed
            select row_no, 'zero_byte', to_json({{{members}}})::varchar from staged_text where {has_any};
            delete from staged_text where {has_any}
        """)


def refuse_large_records(database: duckdb.DuckDBPyConnection, rows: str, width: int, room: Room) -> int:
    """Refuses records that are too long or too many, before they are stored; the size of the longest.

    DuckDB reads a text of a dictionary once, and stores it in each record.
    """
    sizes = [f"coalesce(strlen(c{place}), 0)" for place in range(width)]
    long = f"greatest(0, {', '.join(sizes)}) > {room.limits.field_bytes}"
    [(size, longest, row_no)] = database.execute(f"""
        select coalesce(sum(size), 0), coalesce(max(size), 0), min(row_no) filter (is_long)
        from (select row_no, {width} + {" + ".join(sizes)} as size, {long} as is_long from ({rows}))
    """).fetchall()
    if row_no:
        raise room.limits.over("field_bytes", "a field", place=f"record {row_no}")
    room.refuse_records(int(size))
    return int(longest)


def verify_pages(path: Path, batch: int) -> int:
    """The number of records in the footer. Refuses a file with a page that fails its checksum.

    The file is read in small batches of records, so memory use does not grow with it.
    """
    # Imported here because it takes a tenth of a second, and few exports are Parquet.
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    with (
        refuse_damage(DAMAGED_PARQUET, ArrowException, UnicodeDecodeError),
        ParquetFile(path, buffer_size=BUFFER, pre_buffer=False, page_checksum_verification=True) as file,
    ):
        for _ in file.iter_batches(batch, use_threads=False):
            pass
        return int(file.metadata.num_rows)


def has_checksums(database: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Whether each column of each row group has a checksum in its first page and in its first page of data.

    The pages of a column are written alike, and no library reports whether a page has a checksum. The places
    come from DuckDB, because pyarrow ends the process if a damaged footer states impossible statistics.
    """
    query = f"select dictionary_page_offset, data_page_offset from parquet_metadata({literal(path)})"
    places = database.execute(query).fetchall()
    with open(path, "rb") as file:
        for place in {place for pair in places for place in pair if place}:
            file.seek(place)
            if not PAGE_HEADER.match(file.read(LONGEST_BEGINNING)):
                return False
    return True


def refuse_changed_values(database: duckdb.DuckDBPyConnection, path: Path, texts: list[str]) -> None:
    """Compares the values read with the counts and bounds in the file's footer, for each column of text.

    DuckDB trusts the footer; damage in a page without a checksum shows here, if it shows at all.
    """
    stated = database.execute(
        f"""
        select
            path_in_schema,
            case when count(*) = count(stats_null_count) then sum(stats_null_count) end,
            case when count(*) = count(stats_min_value) and bool_and(coalesce(min_is_exact, false))
                then min(stats_min_value) end,
            case when count(*) = count(stats_max_value) and bool_and(coalesce(max_is_exact, false))
                then max(stats_max_value) end
        from parquet_metadata({literal(path)}) where path_in_schema in $texts
        group by path_in_schema
        """,
        {"texts": texts},
    ).fetchall()
    for name, *bounds in stated:
        query = "select count(*) - count({0}), min({0}), max({0}) from {1}"
        [values] = database.execute(query.format(identifier(name), parquet(path))).fetchall()
        for value, bound in zip(values, bounds, strict=True):
            if value is not None and bound is not None and value != bound:
                raise Problem(DAMAGED_PARQUET)


def as_text(column: str, kind: str) -> str:
    """SQL for a column as text: times in ISO 8601, whole numbers without a point, nested values as JSON."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"replace(cast(timezone('UTC', {column}) as varchar), ' ', 'T') || '+00:00'"
    if kind.startswith("TIMESTAMP"):
        return f"replace(cast({column} as varchar), ' ', 'T')"
    if kind in ("DOUBLE", "FLOAT"):
        is_whole = f"abs({column}) < 1e15 and {column} = trunc({column})"
        return f"case when {is_whole} then {column}::bigint::varchar else {column}::varchar end"
    if kind == "BLOB":
        return f"decode({column})"
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return f"cast(to_json({column}) as varchar)"
    return f"cast({column} as varchar)"
