"""Passes the records of a file from Python to DuckDB as Parquet, so that no text is parsed twice."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl

from etl.common.duck import literal
from etl.common.system import make_private

BATCH = 50_000
# Why a record is quarantined, and how to correct it.
REASONS: dict[str, str] = tomllib.loads(Path(__file__).with_name("reasons.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Staged:
    """The headings of a file in the order of the columns c0, c1, ..., and its number of records."""

    headings: list[str]
    record_count: int
    remark: str | None = None


@dataclass
class Records:
    """The well-formed and malformed records of a file, written in batches to keep memory use constant."""

    folder: Path
    headings: list[str]
    count: int = 0
    numbers: list[int] = field(default_factory=list)
    rows: list[Sequence[str | None]] = field(default_factory=list)
    malformed: list[tuple[int, str, str]] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    malformed_files: list[Path] = field(default_factory=list)

    def add(self, first_no: int, rows: Sequence[Sequence[str | None]]) -> None:
        """Adds well-formed records with consecutive numbers. A row may be shorter than later rows."""
        self.numbers.extend(range(first_no, first_no + len(rows)))
        self.rows.extend(rows)
        self.count += len(rows)
        if len(self.rows) >= BATCH:
            self.flush()

    def add_malformed(self, row_no: int, reason: str, record: str) -> None:
        self.malformed.append((row_no, reason, record))
        self.count += 1
        if len(self.malformed) >= BATCH:
            self.flush()

    def flush(self) -> None:
        if self.rows:
            width = max(len(row) for row in self.rows)
            padded = (row if len(row) == width else (*row, *[None] * (width - len(row))) for row in self.rows)
            columns = {f"c{place}": list(values) for place, values in enumerate(zip(*padded, strict=True))}
            schema = {"row_no": pl.Int64} | dict.fromkeys(columns, pl.String)
            self.write(pl.DataFrame({"row_no": self.numbers} | columns, schema=schema), self.files)
            self.numbers, self.rows = [], []
        if self.malformed:
            schema = {"row_no": pl.Int64, "reason": pl.String, "record": pl.String}
            self.write(pl.DataFrame(self.malformed, schema=schema, orient="row"), self.malformed_files)
            self.malformed = []

    def write(self, frame: pl.DataFrame, files: list[Path]) -> None:
        kind = "malformed" if files is self.malformed_files else "records"
        file = self.folder / f"{kind}-{id(self)}-{len(files)}.parquet"
        frame.write_parquet(file, compression="lz4", statistics=False)
        make_private(file)
        files.append(file)

    def remove(self) -> None:
        """Deletes the files written so far, because the dialect was wrong."""
        for file in self.files + self.malformed_files:
            file.unlink()
        self.files, self.malformed_files = [], []

    def stage(self, database: duckdb.DuckDBPyConnection) -> Staged:
        """Creates `staged`, a view over the files in the folder, and fills `malformed`."""
        self.flush()
        names = [f"c{place}" for place in range(len(self.headings))]
        if self.files:
            paths = ", ".join(literal(file) for file in self.files)
            texts = "".join(f", nullif({name}, '') as {name}" for name in names)
            source = f"from read_parquet([{paths}], union_by_name = true)"
        else:
            texts = "".join(f", null::varchar as {name}" for name in names)
            source = "from (select null::bigint as row_no) where false"
        database.execute(f"create or replace view staged as select row_no{texts} {source}")
        for file in self.malformed_files:
            database.execute(f"insert into malformed from read_parquet({literal(file)})")
        return Staged(self.headings, self.count)
