"""Records that were read one by one in Python, handed to DuckDB as Parquet files, so that no text is parsed twice."""

from pathlib import Path

import duckdb
import polars as pl

from etl.common.duck import literal
from etl.common.system import make_private

BATCH = 50_000


def create_malformed(database: duckdb.DuckDBPyConnection) -> None:
    database.execute("create or replace table malformed (row_no bigint, reason varchar, record varchar)")


class Records:
    """The well-formed and the malformed records of one file, in batches: memory stays flat however long it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers: list[int] = []
        self.rows: list[list[str | None]] = []
        self.broken: list[tuple[int, str, str]] = []
        self.files: list[Path] = []
        self.broken_files: list[Path] = []
        self.count = 0

    def add(self, first_no: int, rows: list[list[str | None]]) -> None:
        """Well-formed records with consecutive numbers."""
        self.numbers.extend(range(first_no, first_no + len(rows)))
        self.rows.extend(rows)
        self.count += len(rows)
        if len(self.rows) >= BATCH:
            self.flush()

    def add_broken(self, row_no: int, reason: str, record: str) -> None:
        """A record that could not be split."""
        self.broken.append((row_no, reason, record))
        self.count += 1
        if len(self.broken) >= BATCH:
            self.flush()

    def flush(self) -> None:
        if self.rows:
            width = max(len(row) for row in self.rows)
            padded = (row if len(row) == width else row + [None] * (width - len(row)) for row in self.rows)
            columns = {f"c{place}": list(values) for place, values in enumerate(zip(*padded, strict=True))}
            schema = {"row_no": pl.Int64} | {name: pl.String for name in columns}
            frame = pl.DataFrame({"row_no": self.numbers} | columns, schema=schema)
            self.files.append(self.written(frame, len(self.files)))
            self.numbers, self.rows = [], []
        if self.broken:
            schema = {"row_no": pl.Int64, "reason": pl.String, "record": pl.String}
            frame = pl.DataFrame(self.broken, schema=schema, orient="row")
            self.broken_files.append(self.written(frame, f"broken-{len(self.broken_files)}"))
            self.broken = []

    def written(self, frame: pl.DataFrame, name: object) -> Path:
        file = self.folder / f"records-{id(self)}-{name}.parquet"
        frame.write_parquet(file, compression="lz4", statistics=False)
        make_private(file)
        return file

    def remove(self) -> None:
        """Takes back what a reading wrote that turned out to be the wrong one."""
        for file in self.files + self.broken_files:
            file.unlink()
        self.files, self.broken_files = [], []

    def stage(self, database: duckdb.DuckDBPyConnection, width: int) -> None:
        """Makes `staged`, a view over the files in the folder, and `malformed`."""
        self.flush()
        names = [f"c{place}" for place in range(width)]
        if self.files:
            paths = ", ".join(literal(file) for file in self.files)
            texts = "".join(f", nullif({name}, '') as {name}" for name in names)
            source = f"from read_parquet([{paths}], union_by_name = true)"
        else:
            texts = "".join(f", null::varchar as {name}" for name in names)
            source = "from (select null::bigint as row_no) where false"
        database.execute(f"create or replace view staged as select row_no{texts} {source}")
        create_malformed(database)
        for file in self.broken_files:
            database.execute(f"insert into malformed from read_parquet({literal(file)})")
