"""Passes the records of a file from Python to DuckDB."""

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from etl.common.duck import create_table

BATCH = 50_000
MALFORMED = {"row_no": pl.Int64, "reason": pl.String, "record": pl.String}
# Why a record is quarantined, and how to correct it.
REASONS: dict[str, str] = tomllib.loads(Path(__file__).with_name("reasons.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Staged:
    """The headings of a file in the order of the columns c0, c1, ..., and its number of records.

    `records` are those of a file that was read without a database.
    """

    headings: list[str]
    record_count: int
    remark: str | None = None
    records: "Records | None" = None


def create_malformed(database: duckdb.DuckDBPyConnection) -> None:
    database.execute("create or replace table malformed (row_no bigint, reason varchar, record varchar)")


class Records:
    """The well-formed and malformed records of a file, given to DuckDB in batches.

    DuckDB has them in memory, and on the disk if there are more than its limit allows.
    """

    def __init__(self, database: duckdb.DuckDBPyConnection | None, headings: Collection[str]) -> None:
        """Headings may be added while the file is read; a record may be shorter than later ones."""
        self.database, self.headings = database, headings
        self.count = self.width = 0
        self.numbers: list[int] = []
        self.rows: list[Sequence[str | None]] = []
        self.malformed: list[tuple[int, str, str]] = []
        if database:
            database.execute("create or replace table staged_text (row_no bigint)")
            database.execute("delete from malformed")

    def add(self, rows: Sequence[Sequence[str | None]]) -> None:
        """Adds well-formed records. They and the malformed records are numbered as they come."""
        self.numbers.extend(range(self.count + 1, self.count + 1 + len(rows)))
        self.rows.extend(rows)
        self.count += len(rows)
        if len(self.rows) >= BATCH:
            self.flush()

    def add_malformed(self, reason: str, record: str) -> None:
        self.count += 1
        self.malformed.append((self.count, reason, record))
        if len(self.malformed) >= BATCH:
            self.flush()

    def add_file(self, file: "Records") -> None:
        """Adds the records of a file; they get the next numbers."""
        self.numbers += [self.count + number for number in file.numbers]
        self.rows += file.rows
        self.malformed += [(self.count + number, reason, text) for number, reason, text in file.malformed]
        self.count += file.count

    def flush(self) -> None:
        if self.database is None:
            return
        columns: dict[str, Sequence[Any]] = {"row_no": self.numbers}
        columns |= {f"c{place}": values for place, values in enumerate(zip_longest(*self.rows))}
        schema = dict.fromkeys(columns, pl.String) | {"row_no": pl.Int64}
        for place in range(self.width, len(self.headings)):
            self.database.execute(f"alter table staged_text add column c{place} varchar")
        self.width = len(self.headings)
        create_table(self.database, "staged_text", columns, schema, append=True)
        create_table(self.database, "malformed", self.malformed, MALFORMED, append=True)
        self.numbers, self.rows, self.malformed = [], [], []

    def stage(self, headings: list[str]) -> Staged:
        """Creates `staged`; an empty text becomes null."""
        if self.database is None:
            return Staged(headings, self.count, records=self)
        self.flush()
        texts = "".join(f", nullif(c{place}, '') as c{place}" for place in range(len(headings)))
        self.database.execute(f"create or replace view staged as select row_no{texts} from staged_text")
        return Staged(headings, self.count)
