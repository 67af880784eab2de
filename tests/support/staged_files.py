"""Stages bytes as a file in a test, and returns the records."""

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest

from etl.common.paths import SHIPPED
from etl.common.problem import Problem
from etl.config.settings import read_settings
from etl.config.source import Limits, Source
from etl.read.archive import Unpacked, contents
from etl.read.records import Staged
from etl.read.stage import stage

LOG = read_settings(SHIPPED / "settings.toml").sources[-1]
OFFLINE = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
LIMITS = Limits()
Row = tuple[str | None, ...]


class Result:
    """The result of staging a file."""

    def __init__(self, staged: Staged, rows: list[tuple], malformed: list[tuple]) -> None:
        self.headings, self.count, self.remark = staged.headings, staged.record_count, staged.remark
        self.rows, self.malformed = rows, malformed
        self.texts: list[Row] = [row[1:] for row in rows]


def only_content(file: Path, folder: Path, limits: Limits = LIMITS) -> Unpacked:
    """The verified content of a file that has only one."""
    [content] = contents(file, folder, limits).contents
    return content


def staged(name: str, content: bytes | str, limits: Limits = LIMITS, source: Source = LOG) -> Result:
    """The content, written to a file of that name, verified and staged."""
    with TemporaryDirectory() as folder, duckdb.connect(config=OFFLINE) as database:
        file, private = Path(folder, name), Path(folder, "pri'vate")
        private.mkdir()
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        result = stage(database, only_content(file, private, limits), source, limits, private)
        rows = database.execute("from staged order by row_no").fetchall()
        malformed = database.execute("from malformed order by row_no").fetchall()
        numbers = sorted(row[0] for row in rows + malformed)
        assert numbers == list(range(1, result.record_count + 1))
        assert [path.name for path in Path(folder).iterdir() if path != private] == [name]
        return Result(result, rows, malformed)


def refusal(name: str, content: bytes | str, limits: Limits = LIMITS, source: Source = LOG) -> str:
    with pytest.raises(Problem) as raised:
        staged(name, content, limits, source)
    return str(raised.value)


def staged_in_memory(name: str, content: bytes | str, source: Source = LOG) -> Result:
    """The same as `staged`, read without a database, as small files are."""
    with TemporaryDirectory() as folder:
        file = Path(folder, name)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        result = stage(None, only_content(file, file.parent, LIMITS), source, LIMITS, file.parent)
    records = result.records
    assert records
    rows = zip(records.numbers, records.rows, strict=True)
    return Result(result, [(no, *(text or None for text in row)) for no, row in rows], records.malformed)


def as_csv(table: Sequence[Row], **options: Any) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, **options).writerows([[value or "" for value in row] for row in table])
    return buffer.getvalue()


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside", content)
    return buffer.getvalue()
