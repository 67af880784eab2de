"""What docs/architecture.md and CONTRIBUTING.md name exists, and each "where do I put" works in a copy."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from etl.common.paths import CHECKOUT
from etl.sql.catalog import read_catalog
from etl.warehouse.ask import open_warehouse, warehouse_cursor
from support.story import difference, outcome, read_story, tell

MAP, CONTRIBUTING = CHECKOUT / "docs" / "architecture.md", CHECKOUT / "CONTRIBUTING.md"
LOG = """\
Return ID,Tab,Event,Status,Date/Time,User
R1,Internal,Deliver to Client,,2026-03-02 09:00,amy
R1,Client,Taxpayer: Fax Received,,2026-03-02 10:00,
"""
REPORT = """\
-- How many deliveries each office has. One row per office.
--
-- every: day
select
    office,                     -- The office; null where none is known.
    count(*) as delivery_count  -- How many times a return was delivered.
from mart.deliveries
group by office
order by office nulls last
"""
PAGE = '''\
"""How many deliveries each office has."""

import streamlit as st

from dashboard import data

st.title("Offices")
st.dataframe(data.ask("recalls"))
'''
OPEN_PAGE = """\
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("dashboard/frame.py", default_timeout=300).switch_page("page/offices.py").run()
assert not app.exception, app.exception
print([title.value for title in app.title])
"""
READER = '''\
"""Arrow IPC files, read by Polars."""

import polars as pl

from etl.read.records import Staged


def stage_arrow(database, path, folder):
    rows = pl.read_ipc(path).cast(pl.String)
    columns = {name: f"c{place}" for place, name in enumerate(rows.columns)}
    file = folder / "arrow.parquet"
    rows.rename(columns).with_row_index("row_no", offset=1).write_parquet(file)
    database.execute(f"create or replace view staged as from read_parquet('{file}')")
    return Staged(rows.columns, rows.height)
'''


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project, without tests and data."""
    folder = tmp_path / "copy"
    for name in ("etl", "dashboard", "queries", "data/reference"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app.py", "pyproject.toml", "data/settings.toml"):
        shutil.copy(CHECKOUT / name, folder / name)
    return folder


def in_copy(copy: Path, *arguments: object) -> str:
    """The output of Python with these arguments in the copy, with the modules of the copy."""
    environment = os.environ | {"PYTHONPATH": str(copy), "RETURNTRAIL_DATA": str(copy / "firm")}
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def load_and_build(copy: Path, export: Path) -> None:
    in_copy(copy, "-m", "etl", "load", export)
    in_copy(copy, "-m", "etl", "build")


def log_in(copy: Path) -> Path:
    file = copy / "log.csv"
    file.write_text(LOG, encoding="utf-8")
    return file


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file.name} has {text.count(old)} times {old}"
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("page", [MAP, CONTRIBUTING], ids=lambda page: page.name)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(
        r"`((?:etl|dashboard|queries|tests|data|docs|\.ci)/[\w./*-]*)`", page.read_text(encoding="utf-8")
    )
    assert len(named) > 5
    assert [path for path in named if not list(CHECKOUT.glob(path.rstrip("/")))] == []


def test_the_picture_shows_every_package_and_only_imports_that_exist() -> None:
    picture = MAP.read_text(encoding="utf-8").split("```mermaid\n")[1].split("```")[0]
    packages = {folder.parent.name for folder in (CHECKOUT / "etl").glob("*/__init__.py")}
    drawn = {name for pair in re.findall(r"^ +(\w+).*?--> (\w+)", picture, re.MULTILINE) for name in pair}
    assert drawn == packages | {"adding", "dashboard", "status"}
    for above, below in re.findall(r"^ +(\w+).*?--> (\w+)", picture, re.MULTILINE):
        folder = CHECKOUT / ("dashboard" if above == "dashboard" else f"etl/{above}")
        files = folder.rglob("*.py") if folder.is_dir() else [folder.with_suffix(".py")]
        text = "\n".join(file.read_text(encoding="utf-8") for file in files)
        assert re.search(rf"(?:from|import) etl(?:\.{below}\b| import .*\b{below}\b)", text), (above, below)


def test_the_story_in_contributing_is_correct(tmp_path: Path) -> None:
    (text,) = re.findall(r"```\n(An email .*?)```", CONTRIBUTING.read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / "shown.txt"
    file.write_text(text, encoding="utf-8")
    story = read_story(file)
    with (
        open_warehouse(tell([story], tmp_path / "story")) as warehouse,
        warehouse_cursor(warehouse.database) as database,
    ):
        for block in story.expected:
            rows = outcome(database, story, block, read_catalog())
            assert rows == block.rows, difference(block, rows)


def test_a_label_is_a_row(copy: Path) -> None:
    with open(copy / "data" / "reference" / "labels.csv", "a", encoding="utf-8") as file:
        file.write("Client,taxpayer,Taxpayer: Fax Received,,return_accessed,\n")
    load_and_build(copy, log_in(copy))
    question = "select code from mart.client_timeline where label like '%Fax%'"
    assert "return_accessed" in in_copy(copy, "-m", "etl", "query", question)


def test_a_report_is_a_file(copy: Path) -> None:
    (copy / "queries" / "report" / "office_deliveries.sql").write_text(REPORT, encoding="utf-8")
    load_and_build(copy, log_in(copy))
    assert "How many deliveries each office has." in in_copy(copy, "-m", "etl", "show", "office_deliveries")
    (written,) = in_copy(copy, "-m", "etl", "report", "office_deliveries").splitlines()
    assert pl.read_csv(written).rows() == [(None, 1)]


def test_a_page_is_a_script_and_a_line(copy: Path) -> None:
    (copy / "dashboard" / "page" / "offices.py").write_text(PAGE, encoding="utf-8")
    replace(
        copy / "dashboard" / "guard" / "navigation.py",
        '    "data": ("page/data.py", "Data health"),\n',
        '    "data": ("page/data.py", "Data health"),\n    "offices": ("page/offices.py", "Offices"),\n',
    )
    load_and_build(copy, log_in(copy))
    assert in_copy(copy, "-c", OPEN_PAGE) == "['Offices']\n"


def test_a_reader_of_a_format_is_a_module_and_its_first_bytes(copy: Path) -> None:
    (copy / "etl" / "read" / "arrow.py").write_text(READER, encoding="utf-8")
    replace(
        copy / "etl" / "read" / "formats.py",
        '    elif beginning.startswith(PACKED_MAGIC["zip"]):\n',
        '    elif beginning.startswith(b"ARROW1"):\n        actual = "arrow"\n'
        '    elif beginning.startswith(PACKED_MAGIC["zip"]):\n',
    )
    replace(
        copy / "etl" / "read" / "stage.py",
        '    elif kind == "parquet":\n',
        '    elif kind == "arrow":\n        from etl.read.arrow import stage_arrow\n'
        '        staged = stage_arrow(database, path, folder)\n    elif kind == "parquet":\n',
    )
    file = copy / "log.arrow"
    pl.read_csv(LOG.encode(), infer_schema=False).write_ipc(file)
    load_and_build(copy, file)
    assert "2" in in_copy(copy, "-m", "etl", "query", "select count(*) as events from model.events")


def test_a_setting_is_a_field(copy: Path) -> None:
    replace(copy / "data" / "settings.toml", "\nratio = 200 ", "\nsheets = 9\nratio = 200 ")
    question = "from etl.config.settings import read_settings; from pathlib import Path;"
    question += "print(read_settings(Path('data/settings.toml')).limits.sheets)"
    replace(
        copy / "etl" / "config" / "source.py",
        "    columns: Count = 500\n",
        "    columns: Count = 500\n    sheets: Count = 20\n",
    )
    assert in_copy(copy, "-c", question) == "9\n"
