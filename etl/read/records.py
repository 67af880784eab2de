"""The records of one file, read in Python and given to DuckDB as Parquet, so no text is parsed twice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl

from etl.common.duck import literal
from etl.common.system import make_private

BATCH = 50_000
# Why a record is quarantined (kept out of the events, and stored apart): what it means, how to correct it.
REASONS = {
    "wrong_field_count": (
        "More or fewer fields than headings; mostly a delimiter in a text without quotes around it."
    ),
    "stray_quote": "A quote inside a quoted text is not doubled; it must be.",
    "open_quote": "A text in quotes never ends, or ends in another record.",
    "broken_json": "The line is not JSON.",
    "not_an_object": "The line is JSON but not an object, so it has no headings.",
    "doubled_key": "An object has one key twice, and one of the two values would be lost.",
    "not_a_json_number": "NaN and Infinity are not JSON; a number must be written out.",
    "zero_byte": "A text contains a zero byte, which no export means to write.",
    "half_a_character": "A text contains half of a character (a lone surrogate).",
    "empty_return_id": "The record names no return.",
    "empty_firm_id": "No firm is named in a file that has a column for it, and its source names none.",
    "empty_label": "The event has no label. (The text null is a label and is kept.)",
    "unknown_tab": (
        "The tab is neither Client nor Internal: map another column, or set it under [source.constants]."
    ),
    "unreadable_time": (
        "No format of the source reads the time: add one to time_formats, then load the file again."
    ),
    "time_out_of_range": (
        "The time is before 2000 or after 2100; mostly a typing error, or a year of two digits."
    ),
}


@dataclass(frozen=True)
class Staged:
    """The headings of a file in the order of the columns c0, c1, ..., and its number of records."""

    headings: list[str]
    record_count: int
    remark: str | None = None


@dataclass
class Records:
    """The well-formed and the malformed records of a file, written in batches so that memory stays flat."""

    folder: Path
    headings: list[str]
    count: int = 0
    numbers: list[int] = field(default_factory=list)
    rows: list[Sequence[str | None]] = field(default_factory=list)
    malformed: list[tuple[int, str, str]] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    malformed_files: list[Path] = field(default_factory=list)

    def add(self, first_no: int, rows: Sequence[Sequence[str | None]]) -> None:
        """Well-formed records with consecutive numbers. A row may be shorter than later ones."""
        self.numbers.extend(range(first_no, first_no + len(rows)))
        self.rows.extend(rows)
        self.count += len(rows)
        if len(self.rows) >= BATCH:
            self.flush()

    def add_malformed(self, row_no: int, reason: str, record: str) -> None:
        """A record that cannot be split."""
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
        """Deletes what was written by a dialect that turned out to be the wrong one."""
        for file in self.files + self.malformed_files:
            file.unlink()
        self.files, self.malformed_files = [], []

    def stage(self, database: duckdb.DuckDBPyConnection, remark: str | None = None) -> Staged:
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
        return Staged(self.headings, self.count, remark)
