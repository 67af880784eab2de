"""Parts of the first version are built, verified and purged like those of today."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from etl.common.files import make_private_folder
from etl.common.paths import DataDir
from etl.config.settings import read_settings
from etl.store.load import load
from etl.upkeep.findings import is_well
from etl.upkeep.verify import verify
from etl.warehouse.build import build
from faults.checks import warehouse_rows
from support.exports import returntrail, traces

VERSION_1 = Path(__file__).parents[1] / "support" / "parts_v1"
EXPORTS = [VERSION_1 / "exports" / name for name in ("january.csv", "february.csv", "Returns register.csv")]
JANUARY, FEBRUARY = "f7cbaabf83bad960", "663d936cc6a92356"
# raw.records has the text of a time as its part has it, which differs; raw.events has it as logged.
SAME = r"raw\.(?!records)\w+|model|mart"

pytestmark = pytest.mark.usefixtures("private_umask")


def loaded(root: Path, old: tuple[str, ...]) -> DataDir:
    """A firm with all three exports; the parts of the files with these ids are of the first version."""
    data = DataDir(root)
    make_private_folder(data.store)
    for file_id in old:
        (data.store / file_id).mkdir()
        for file in (VERSION_1 / "store" / file_id).iterdir():
            shutil.copyfile(file, data.store / file_id / file.name)
    load(data, read_settings(data.settings), EXPORTS)
    return data


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Counter]:
    """The rows of a firm whose exports were all loaded today, before and after the purge of a return."""
    data = loaded(tmp_path_factory.mktemp("new"), ())
    build(data)
    rows = warehouse_rows(data.warehouse, tables=SAME)
    purge_one(data)
    return {"before": rows, "after": warehouse_rows(data.warehouse, tables=SAME)}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Counter]:
    """The same of a firm with a part of the first version, and every table."""
    data = loaded(tmp_path_factory.mktemp("plain"), (JANUARY,))
    build(data)
    rows = warehouse_rows(data.warehouse)
    purge_one(data)
    return {"before": rows, "after": warehouse_rows(data.warehouse)}


def purge_one(data: DataDir) -> None:
    """Purges a return with the command, and proves that nothing of it is left."""
    done = returntrail(data, "purge", "--return", "r1", "--firm", "oak", "--yes")
    assert done.stdout.startswith("1 return: 11 records of 3 loaded files."), done.stderr
    assert traces(data, ("Ann Ash", "ann@ash.test")) == []


@pytest.mark.parametrize("old", [(JANUARY, FEBRUARY), (JANUARY,), (FEBRUARY,)])
def test_a_build_has_the_same_rows_from_parts_of_any_version(
    tmp_path: Path, new: dict[str, Counter], old: tuple[str, ...]
) -> None:
    """Every table, as of the same time, as if every export had been loaded today."""
    mixed = loaded(tmp_path, old)
    build(mixed)
    assert warehouse_rows(mixed.warehouse, tables=SAME) == new["before"]
    assert [found for found in verify(mixed) if not is_well([found])] == []


def test_a_purge_removes_a_return_from_parts_of_any_version(tmp_path: Path, new: dict[str, Counter]) -> None:
    mixed = loaded(tmp_path, (JANUARY,))
    build(mixed)
    purge_one(mixed)
    assert warehouse_rows(mixed.warehouse, tables=SAME) == new["after"]
    assert [found for found in verify(mixed) if not is_well([found])] == []


@pytest.mark.parametrize("name", ["firm_id=zzz", "set_no=7", "tax_year=2020"])
def test_the_name_of_a_folder_is_no_value(tmp_path: Path, plain: dict[str, Counter], name: str) -> None:
    """DuckDB takes a folder named a=b for a column, unless it is told not to."""
    apart = loaded(tmp_path / name / "data", (JANUARY,))
    build(apart)
    assert warehouse_rows(apart.warehouse) == plain["before"]
    purge_one(apart)
    assert warehouse_rows(apart.warehouse) == plain["after"]
