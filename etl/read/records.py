"""Passes the records of a file from Python to DuckDB."""

import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from etl.common.duck import create_table
from etl.common.problem import Problem
from etl.read.archive import Room

# About what the records in memory may take. A text takes 50 bytes, and a record as much as ten texts.
MOST_HELD_BYTES, TEXT_BYTES, LEAST_TEXTS = 50_000_000, 50, 10
MALFORMED = {"row_no": pl.Int64, "reason": pl.String, "record": pl.String}
# Why a record is quarantined, and how to correct it.
REASONS: dict[str, str] = tomllib.loads(Path(__file__).with_name("reasons.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Staged:
    """The headings of a file in the order of the columns c0, c1, ..., and its number of records.

    `records` are those of a file that was read without a database. `said` are the returns and tabs that it
    names outside of its records, such as in a title; `lists` is in how many lists of JSON these are. `added`
    are our columns that the file did not have.
    """

    headings: list[str]
    record_count: int
    remarks: Sequence[str | None] = ()
    records: "Records | None" = None
    said: Mapping[str, Collection[str]] = field(default_factory=dict)
    added: Mapping[str, str] = field(default_factory=dict)
    lists: int = 0

    @property
    def remark(self) -> str | None:
        return "; ".join(filter(None, self.remarks)) or None


def create_malformed(database: duckdb.DuckDBPyConnection) -> None:
    database.execute("create or replace table malformed (row_no bigint, reason varchar, record varchar)")


class Records:
    """The well-formed and malformed records of a file, as they are read.

    DuckDB gets them in batches, and has those that exceed its memory on the disk. Without a database they
    stay in memory: a Problem is raised if they are many.
    """

    def __init__(
        self, database: duckdb.DuckDBPyConnection | None, headings: Collection[str], room: Room | None = None
    ) -> None:
        """Headings may be added while the file is read; a record may be shorter than later ones."""
        self.database, self.headings, self.width = database, headings, 0
        self.room, self.size = room, 0
        self.count = 0
        self.numbers: list[int] = []
        self.rows: list[Sequence[str | None]] = []
        self.malformed: list[tuple[int, str, str]] = []
        self.first_reason: str | None = None
        if database:
            create_malformed(database)
            database.execute("create or replace table staged_text (row_no bigint)")

    @property
    def held_bytes(self) -> int:
        """About the memory that the records take, without the characters of their texts."""
        count = len(self.rows) + len(self.malformed)
        return count * max(len(self.headings), LEAST_TEXTS) * TEXT_BYTES

    def add(self, rows: Sequence[Sequence[str | None]]) -> None:
        """Adds well-formed records. They and the malformed records are numbered as they come."""
        self.numbers.extend(range(self.count + 1, self.count + 1 + len(rows)))
        self.rows.extend(rows)
        self.count += len(rows)
        if self.room:
            # As in CSV, a field without a text takes a delimiter. A text may have come from another record.
            self.size += len(rows) * len(self.headings) + sum(
                len(text) for row in rows for text in row if text
            )
            self.room.refuse_records(self.size)
        self.limit_memory()

    def add_malformed(self, reason: str, record: str) -> None:
        self.count += 1
        self.first_reason = self.first_reason or reason
        self.malformed.append((self.count, reason, record))
        self.limit_memory()

    def add_file(self, file: "Records") -> None:
        """Adds the records of a file; they get the next numbers."""
        self.numbers += [self.count + number for number in file.numbers]
        self.rows += file.rows
        self.malformed += [(self.count + number, reason, text) for number, reason, text in file.malformed]
        self.count += file.count
        self.limit_memory()

    def widen(self, added: Callable[[Sequence[str | None]], Iterable[str | None]]) -> None:
        """Adds the texts of new columns to the records in memory; short ones get all columns before."""
        for number, row in enumerate(self.rows):
            texts = [*row, *[None] * (len(self.headings) - len(row))]
            self.rows[number] = [*texts, *added(texts)]

    def limit_memory(self) -> None:
        if self.held_bytes > MOST_HELD_BYTES:
            if self.database is None:
                raise Problem("too many records for the memory.")
            self.flush(self.database)

    def flush(self, database: duckdb.DuckDBPyConnection) -> None:
        columns: dict[str, Sequence[Any]] = {"row_no": self.numbers}
        columns |= {f"c{place}": values for place, values in enumerate(zip_longest(*self.rows))}
        schema = dict.fromkeys(columns, pl.String) | {"row_no": pl.Int64}
        for place in range(self.width, len(self.headings)):
            database.execute(f"alter table staged_text add column c{place} varchar")
        self.width = len(self.headings)
        create_table(database, "staged_text", columns, schema, append=True)
        create_table(database, "malformed", self.malformed, MALFORMED, append=True)
        self.numbers, self.rows, self.malformed = [], [], []

    def stage(self, headings: list[str], *remarks: str | None) -> Staged:
        """Creates `staged` if there is a database; an empty text becomes null."""
        if self.database is None:
            return Staged(headings, self.count, remarks, self)
        self.flush(self.database)
        texts = "".join(f", nullif(c{place}, '') as c{place}" for place in range(len(headings)))
        self.database.execute(f"create or replace view staged as select row_no{texts} from staged_text")
        return Staged(headings, self.count, remarks)
