"""The text of every time is as logged, though most parts store only its format and its minutes from UTC."""

import duckdb
import pytest

from etl.common.files import make_private_folder
from etl.common.paths import DataDir
from etl.config.settings import read_settings
from etl.store.load import load
from etl.warehouse.build import build
from support.loaded_files import shipped_settings

HEAD = "Return ID,Client Name,Tab,Event,Date/Time"
# The texts of one file each. 1:30 of November 1 happens twice in New York, and 2:30 of March 8 never.
FILES = {
    "seconds, with zeros": ["03/04/2026 02:05:09 PM", "11/01/2026 01:30:00 AM", "03/08/2026 02:30:00 AM"],
    "minutes, with zeros": ["03/04/2026 02:05 PM", "12/31/2026 12:00 AM"],
    "seconds, without zeros": ["3/4/2026 2:05:09 PM", "11/21/2026 12:05:09 AM"],
    "minutes, without zeros": ["3/4/2026 2:05 PM", "11/21/2026 12:05 AM"],
    "24 hours": ["03/04/2026 14:05:09", "03/04/2026 00:00:00"],
    "24 hours, without seconds": ["03/04/2026 14:05", "03/04/2026 00:00"],
    "ISO 8601 with a blank": ["2026-03-04 14:05:09", "2026-07-04 14:05:09"],
    "ISO 8601 with a T": ["2026-03-04T14:05:09", "2026-07-04T14:05:09"],
    "ISO 8601 of UTC": ["2026-03-04T14:05:09Z", "2026-07-04T14:05:09Z"],
    "an offset": ["2026-03-04T14:05:09-06:00", "2026-03-04T14:05:09+05:30"],
    "fractions": ["2026-03-04T14:05:09.125", "2026-03-04T14:05:09.1"],
    "several formats": ["03/04/2026 02:05:09 PM", "3/4/2026 2:05 PM", "2026-03-04", "20260304T140509Z"],
    "blanks and small letters": [
        "03/04/2026 02:05:09 pm",
        "03/04/2026  02:05:09 PM",
        " 03/04/2026 02:05:09 PM",
    ],
}
# These files have a format that gives their texts back.
NUMBERED = list(FILES)[:9]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The files in one warehouse, each with a return of its own."""
    folder = tmp_path_factory.mktemp("times")
    data = DataDir(folder / "data")
    make_private_folder(data.root)
    files = []
    for place, texts in enumerate(FILES.values()):
        lines = [f'r{place},Ann,Client,Taxpayer: Tax Return Accessed,"{text}"' for text in texts]
        files.append(folder / f"log {place}.csv")
        files[-1].write_text("\n".join([HEAD, *lines, ""]), encoding="utf-8")
    # A date alone is a time only in settings with a format for it.
    (data.root / "settings.toml").write_text(shipped_settings(), encoding="utf-8")
    outcomes = load(data, read_settings(data.settings), files)
    assert [(str(one), one.state) for one in outcomes if one.state != "loaded"] == []
    build(data)
    return duckdb.connect(data.warehouse, read_only=True)


@pytest.mark.parametrize("name", FILES)
def test_a_time_is_as_logged(warehouse: duckdb.DuckDBPyConnection, name: str) -> None:
    question = "select event_time from raw.events where return_id = ? order by row_no"
    found = warehouse.execute(question, [f"r{list(FILES).index(name)}"]).fetchall()
    assert [text for (text,) in found] == FILES[name]


def test_usual_formats_are_stored_as_numbers(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = warehouse.execute("""
        select distinct sets.return_id
        from raw.records
        join raw.attribute_sets as sets using (file_no, set_no)
        group by sets.return_id
        having count(format_no) = count(*) and count(event_time) = 0
        order by all
    """).fetchall()
    assert [name for (name,) in found] == [f"r{place}" for place in range(len(NUMBERED))]
