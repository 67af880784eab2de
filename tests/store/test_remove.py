"""A file that was loaded by mistake is taken out again, as if it had not been loaded."""

from pathlib import Path

import pytest

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.config.settings import read_settings
from etl.store.load import load
from etl.store.parts import parts, remove
from support.exports import HEAD, lines, output_lines, returntrail, tables

pytestmark = pytest.mark.usefixtures("private_umask")


def export(folder: Path, return_id: str) -> Path:
    file = folder / f"{return_id}.csv"
    file.write_text(HEAD + lines(return_id), encoding="utf-8")
    return file


def test_a_file_that_was_taken_out_may_be_loaded_again(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    stays, goes = export(tmp_path, "2025-0002"), export(tmp_path, "2025-0003")

    def states() -> list[str]:
        return [outcome.state for outcome in load(data, read_settings(data.settings), [stays, goes])]

    assert states() == ["loaded", "loaded"]
    (part,) = [part for part in parts(data) if part.ledger["file_name"] == goes.name]
    assert remove(data, [part.file_id]) == [part]
    assert [part.ledger["file_name"] for part in parts(data)] == [stays.name]
    assert states() == ["known", "loaded"]


def test_an_unknown_id_takes_nothing_out(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    load(data, read_settings(data.settings), [export(tmp_path, "2025-0002")])
    (part,) = parts(data)
    with pytest.raises(Problem, match='No loaded file has the id "0123456789abcdef"'):
        remove(data, [part.file_id, "0123456789abcdef"])
    assert parts(data) == [part]


def test_the_command_takes_a_file_out_and_the_next_build_is_without_it(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    for return_id in ("2025-0002", "2025-0003"):
        returntrail(data, "load", str(export(tmp_path, return_id)), check=True)
    returntrail(data, "build", check=True)
    before = tables(data)
    (part,) = [part for part in parts(data) if part.ledger["file_name"] == "2025-0003.csv"]
    done = returntrail(data, "load", "--remove", part.file_id, check=True)
    assert output_lines(done, data) == ["2025-0003.csv: removed, 4 records."]
    returntrail(data, "build", check=True)
    after = tables(data)
    assert {row[1] for row in before["returns"]} == {"2025-0002", "2025-0003"}
    assert {row[1] for row in after["returns"]} == {"2025-0002"}
