"""Loads small files together: those of one source with the same headings are staged and mapped as one file.

A statement takes milliseconds to plan, however few records it reads, and a load takes twenty. Each file still
becomes a part of its own, with the content that it would have if it were loaded alone: a purge, a second
reading and a check concern one file, and a part of many would have to be taken apart for them.

Nothing here refuses a file. What has any fault is left to be loaded alone, in its turn.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import polars as pl
from duckdb import DuckDBPyConnection

from etl.common.duck import create_table, literal
from etl.common.problem import Problem
from etl.config.source import Limits
from etl.read.archive import stamp_of
from etl.read.ids import MAY_BE_ROUNDED
from etl.read.records import Records, Staged
from etl.store.checked import Checked, Written
from etl.store.columns import Columns
from etl.store.contents import RETURN_KEY, SET
from etl.store.date_order import refuse_other_order
from etl.store.mapping import IDS, unread_attributes
from etl.store.purged import Purged
from etl.store.quarantine import commonest_faults, quarantined_records
from etl.store.texts import announced_places, parts_of_numbers
from etl.store.time_column import time_zone
from etl.store.times import FIRST_TEXTS, number_of_format
from etl.store.write_part import FORMAT, Key, copy_to_parquet, counts_of, map_records, records_to_store

# Of larger files, DuckDB reads more in a second than Python does.
SMALL_BYTES = 500_000
# What is loaded together is not too much work to lose if the process is killed.
MOST_FILES, MOST_BYTES = 1_000, 8_000_000
NUMBERED = {"row_no": pl.Int64, "file_no": pl.Int32, "file_id": pl.String, "own_no": pl.Int64}


@dataclass(frozen=True)
class SmallFile:
    """A small file that was read without a database."""

    checked: Checked
    staged: Staged
    records: Records
    columns: Columns

    @property
    def shape(self) -> tuple[object, ...]:
        """Files that have this in common are mapped by the same SQL."""
        return (self.columns.source.name, self.columns.format_no, *self.staged.headings)


def small_file(checked: Checked, staged: Staged, columns: Columns) -> SmallFile:
    """The file, with the format that its times have if it is alone."""
    assert staged.records
    ids = [columns.places[name] for name in IDS if name in columns.places]
    texts = (row[own] or "" for row in staged.records.rows for own in ids if own < len(row))
    if any(re.search(MAY_BE_ROUNDED, text) for text in texts):
        raise Problem("whether its ids are rounded is to be seen in its own records alone.")
    place, times = columns.places.get("event_time"), [columns.source.constants.get("event_time")]
    if place is not None:
        rows = staged.records.rows[:FIRST_TEXTS]
        times = [row[place] if place < len(row) else None for row in rows]
    return SmallFile(checked, staged, staged.records, replace(columns, format_no=number_of_format(times)))


def windows(files: Iterable[Path]) -> Iterator[list[Path]]:
    """The files in their order, as many together as are not too many or too large."""
    window: list[Path] = []
    total = 0
    for file in files:
        stamp = stamp_of(file)
        size = stamp.size if stamp else 0
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
    key: Key,
    purged: Purged,
    limits: Limits,
) -> list[Written]:
    """Writes for each file what `write_part` writes, into a new folder.

    A file of which no record could be read is left out: it is refused when it is loaded alone. Raises a
    Problem if the counts of a file do not add up, or if it has records of purged returns.
    """
    columns = files[0].columns
    stage_together(database, files, columns.headings)
    if parts_of_numbers(database, announced_places(columns)):
        raise Problem("whether its columns are parts of a number is to be seen in its own records alone.")
    if map_records(database, columns, key, purged)[1]:
        raise Problem("some of these records are of purged returns.")
    refuse_other_order(database, columns)
    if unread_attributes(database, columns):
        raise Problem("a remark on what is not read names a record of its own file.")
    # The sets are numbered for each file from 1.
    database.execute("""
        create temp table mapped_records as
        select
            mapped.*, file_no, file_id, own_no,
            dense_rank() over (partition by file_no order by set_no)::integer as own_set_no
        from mapped('staged') as mapped
        join numbered using (row_no)
    """)
    own = "(select * replace (own_no as row_no, own_set_no as set_no) from mapped_records)"
    kind = columns.source.kind
    made = [folder / f"file_no={file_no}" for file_no in range(len(files))]
    kept = copy_by_file(database, records_to_store(kind, own, "file_id", also="file_no, "), made, kind)
    if kind == "events":
        sets = f"""
            select distinct file_no, set_no, {RETURN_KEY} as return_key, {SET} from {own} where reason is null
        """
        copy_by_file(database, sets, made, "attributes")
    split_count = sum(len(file.records.rows) for file in files)
    quarantine = f"""
        select file_no, file_id, own_no as row_no, reason, record
        from ({quarantined_records(columns, "mapped_records", sum(kept.values()) < split_count)})
        join numbered using (row_no)
    """
    quarantined = copy_by_file(database, quarantine, made, "quarantine")
    query = "select file_no, sum(number) from redacted_rows join numbered using (row_no) group by file_no"
    redacted = dict(database.execute(query).fetchall())
    faults = commonest_faults(database, quarantine) if quarantined else {}
    query = "select file_no, list(distinct zone_word order by zone_word) from mapped_records group by file_no"
    words = dict(database.execute(query).fetchall())
    written: list[Written] = []
    for file_no, file in enumerate(files):
        numbers = (found.get(file_no, 0) for found in (kept, quarantined, redacted))
        counts = counts_of(columns, file.staged, limits, faults.get(file_no), *numbers)
        counts["time_zone"] = time_zone(columns, filter(None, words.get(file_no, [])))
        if kept.get(file_no) or file_no not in faults:
            written.append((file.checked, made[file_no], counts))
    return written


def stage_together(database: DuckDBPyConnection, files: Sequence[SmallFile], headings: list[str]) -> None:
    """Stages the records of all files as those of one file; `numbered` has the file of each record."""
    records, numbers = Records(database, headings), count(1)
    numbered: list[tuple[int, int, str, int]] = []
    for file_no, file in enumerate(files):
        own_numbers = range(1, file.records.count + 1)
        numbered += [(next(numbers), file_no, file.checked.file_id, own_no) for own_no in own_numbers]
        records.add_file(file.records)
    records.stage(headings)
    create_table(database, "numbered", numbered, NUMBERED)


def copy_by_file(database: DuckDBPyConnection, query: str, folders: list[Path], name: str) -> dict[int, int]:
    """Writes the rows of a query into a Parquet file in the folder of their file_no; returns their numbers.

    DuckDB names the folders. A file without rows is the same in each folder, and written once.
    """
    parent, ending = folders[0].parent, f"{name}.parquet"
    order = "set_no" if name == "attributes" else "row_no"
    [(_, files)] = database.execute(f"""
        copy (from ({query}) order by file_no, {order}) to {literal(parent)} (
            {FORMAT},
            partition_by (file_no), filename_pattern {literal(name)}, overwrite_or_ignore, return_files
        )
    """).fetchall()
    counts = {}
    if files:
        read = f"from parquet_file_metadata([{', '.join(map(literal, files))}])"
        for file, number in database.execute(f"select file_name, num_rows {read}").fetchall():
            counts[int(Path(file).parent.name.removeprefix("file_no="))] = number
            Path(file).rename(Path(file).with_name(ending))
    if len(counts) < len(folders):
        copy_to_parquet(database, f"select * exclude (file_no) from ({query}) limit 0", parent / ending)
        empty = (parent / ending).read_bytes()
        for folder in (folder for file_no, folder in enumerate(folders) if file_no not in counts):
            folder.mkdir(exist_ok=True)
            (folder / ending).write_bytes(empty)
    return counts
