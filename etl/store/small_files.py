"""Loads small files together: those of one source with the same headings are staged and mapped as one file.

A statement takes milliseconds to plan, however few records it reads, and a load takes twenty. Each file still
becomes a part of its own, with the content that it would have if it were loaded alone: a purge, a second
reading and a check concern one file, and a part of many would have to be taken apart for them.

Nothing here refuses a file. What has any fault is left to be loaded alone, in its turn.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from duckdb import DuckDBPyConnection

from etl.common.duck import create_table, literal
from etl.common.problem import Problem
from etl.read.records import Records, Staged, create_malformed
from etl.store.columns import Columns
from etl.store.contents import RETURN_KEY, SET
from etl.store.purged import Purged
from etl.store.times import number_of_format
from etl.store.write_part import (
    FORMAT,
    copy_to_parquet,
    counts_of,
    map_records,
    records_to_store,
    unread_records,
)

# Of larger files, DuckDB reads more in a second than Python does.
SMALL_BYTES = 1_000_000
# What is loaded together fits in memory, and is not too much work to lose if the process is killed.
MOST_FILES, MOST_BYTES = 1_000, 16_000_000
OF_FILE = {"file_no": pl.Int32, "file_id": pl.String, "before": pl.Int64, "count": pl.Int64}


@dataclass(frozen=True)
class SmallFile:
    """A small file that was read without a database."""

    file_id: str
    staged: Staged
    columns: Columns

    @property
    def records(self) -> Records:
        assert self.staged.records
        return self.staged.records

    @property
    def shape(self) -> tuple[object, ...]:
        """What files that are mapped together have in common, so that each is stored as if it were alone."""
        place = self.columns.places.get("event_time", len(self.staged.headings))
        times = [row[place] for row in self.records.rows if place < len(row)]
        return (self.columns.source.name, number_of_format(times), *self.staged.headings)


def windows(files: Iterable[Path]) -> Iterator[list[Path]]:
    """The files in their order, as many together as are not too many or too large."""
    window: list[Path] = []
    total = 0
    for file in files:
        size = file.stat().st_size if file.is_file() else 0
        if window and (len(window) == MOST_FILES or total + size > MOST_BYTES):
            yield window
            window, total = [], 0
        window.append(file)
        total += size
    if window:
        yield window


def write_parts(
    database: DuckDBPyConnection,
    files: Sequence[SmallFile],
    folder: Path,
    key: Callable[[], bytes],
    purged: Purged,
) -> list[tuple[Path, dict[str, Any]]]:
    """Writes for each file what `write_part` writes; returns the new folders with the counts.

    Raises a Problem if the counts of any file do not add up.
    """
    columns = files[0].columns
    stage_together(database, files, columns.headings)
    map_records(database, columns, key, purged)
    # The sets are numbered for each file from 1.
    database.execute("""
        create temp table mapped_records as
        select
            mapped.* replace (
                own_no as row_no,
                dense_rank() over (partition by file_no order by mapped.set_no)::integer as set_no
            ),
            mapped.row_no as staged_no, mapped.set_no as staged_set_no, file_no, file_id
        from mapped('staged') as mapped
        join numbered using (row_no)
    """)
    kind = columns.source.kind
    made = [folder / f"file_no={file_no}" for file_no in range(len(files))]
    records = records_to_store(kind, "mapped_records", "file_id", also="file_no, ")
    kept = copy_by_file(database, records, "row_no", made, kind)
    if kind == "events":
        sets = f"""
            select distinct file_no, own.set_no, {RETURN_KEY} as return_key, {SET}
            from (
                select distinct file_no, set_no, staged_set_no from mapped_records where reason is null
            ) as own
            join sets on sets.set_no = own.staged_set_no
        """
        copy_by_file(database, sets, "set_no", made, "attributes")
    unread = unread_records(columns, "(select * replace (staged_no as row_no) from mapped_records)")
    quarantine = f"""
        select file_no, file_id, own_no as row_no, reason, record
        from ({unread} union all from malformed) join numbered using (row_no)
    """
    quarantined = copy_by_file(database, quarantine, "row_no", made, "quarantine")
    redacted_counts = by_file(database, "sum(number) from redacted_rows")
    purged_counts = by_file(database, "count(*) from purged_rows") if purged.hashes else {}
    found = (kept, quarantined, purged_counts, redacted_counts)
    return [
        (made[file_no], counts_of(columns, file.staged.record_count, *(one.get(file_no, 0) for one in found)))
        for file_no, file in enumerate(files)
    ]


def stage_together(database: DuckDBPyConnection, files: Sequence[SmallFile], headings: list[str]) -> None:
    """Stages the records of all files as those of one file; `numbered` has the file of each record."""
    create_malformed(database)
    records, rows = Records(database, headings), []
    for file_no, file in enumerate(files):
        rows.append((file_no, file.file_id, records.count, file.records.count))
        records.add_file(file.records)
    records.stage(headings)
    create_table(database, "small_files", rows, OF_FILE)
    database.execute("""
        create temp table numbered as
        select before + own_no as row_no, file_no, file_id, own_no
        from (select *, unnest(range(1, count + 1)) as own_no from small_files)
    """)


def copy_by_file(
    database: DuckDBPyConnection, query: str, order: str, folders: list[Path], name: str
) -> dict[int, int]:
    """Writes the rows of a query into a Parquet file in the folder of their file_no; returns their numbers.

    DuckDB names the folders. A file without rows is the same in each folder, and written once.
    """
    counts = dict(database.execute(f"select file_no, count(*) from ({query}) group by file_no").fetchall())
    parent, ending = folders[0].parent, f"{name}.parquet"
    [(count, files)] = database.execute(f"""
        copy (from ({query}) order by file_no, {order}) to {literal(parent)} (
            {FORMAT},
            partition_by (file_no), filename_pattern {literal(name)}, overwrite_or_ignore, return_files
        )
    """).fetchall()
    if (count, len(files)) != (sum(counts.values()), len(counts)):
        raise Problem(f"{count} records of {sum(counts.values())} were written into {len(files)} files.")
    for file in map(Path, files):
        file.rename(file.with_name(ending))
    copy_to_parquet(database, f"select * exclude (file_no) from ({query}) limit 0", parent / ending)
    empty = (parent / ending).read_bytes()
    for file_no, folder in enumerate(folders):
        if file_no not in counts:
            folder.mkdir(exist_ok=True)
            (folder / ending).write_bytes(empty)
    return counts


def by_file(database: DuckDBPyConnection, counted: str) -> dict[int, int]:
    """The sum of counts of records for each file that has any."""
    query = f"select file_no, {counted} join numbered using (row_no) group by file_no"
    return dict(database.execute(query).fetchall())
