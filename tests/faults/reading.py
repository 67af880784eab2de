"""Reads one file as the loader does: verified and staged, or refused."""

from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

import duckdb

from etl.common.duck import OFFLINE
from etl.config.source import Limits
from etl.read.stage import stage
from support.staged_files import LOG, only_content

Read = tuple[list[tuple], list[tuple], str | None]
LIMITS = Limits()


class Reader:
    """A private folder and a database, reused for every file."""

    def __init__(self) -> None:
        self.folder = TemporaryDirectory()
        self.database = duckdb.connect(config=OFFLINE | {"threads": 1})

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.database.close()
        self.folder.cleanup()

    def read(self, name: str, content: bytes, limits: Limits = LIMITS) -> Read:
        """The records, those that could not be split, and the remark. Raises a Problem for a refused file."""
        with TemporaryDirectory(dir=self.folder.name) as private:
            file = Path(self.folder.name, name)
            file.write_bytes(content)
            self.database.execute("drop table if exists staged_text")
            staged = stage(
                self.database, only_content(file, Path(private), limits), LOG, limits, Path(private)
            )
            rows = self.database.execute("from staged order by row_no").fetchall()
            malformed = self.database.execute("from malformed order by row_no").fetchall()
            assert len(rows) + len(malformed) == staged.record_count
            return rows, malformed, staged.remark

    def read_with_duckdb(self, name: str, content: bytes, **options: object) -> list[tuple] | None:
        """The control: the rows that DuckDB alone reads, or None if it reports an error."""
        file = Path(self.folder.name, name)
        file.write_bytes(content)
        given = "".join(f", {option}={value}" for option, value in options.items())
        function = "read_parquet" if ".parquet" in name else "read_json" if "json" in name else "read_csv"
        try:
            return self.database.execute(f"from {function}('{file}'{given})").fetchall()
        except (duckdb.Error, UnicodeDecodeError):
            return None
