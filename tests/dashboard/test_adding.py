"""What is added by browser is read as a file of that name: its name has values, its folder has none."""

from pathlib import Path
from threading import Event

import duckdb

from etl import adding
from etl.adding import Export, Job
from etl.common.paths import SHIPPED, DataDir
from etl.store.parts import parts

ROWS = b"Event,Date/Time,User\nAccess Link selected,3/26/2026 7:20 PM,Ann Lee\n"
SOURCE = """
[[source]]
name = "by name"
files = ["*tracking.csv"]
firm_id = "firm"
time_formats = ["%m/%d/%Y %I:%M %p"]
columns.label = ["Event"]
columns.event_time = ["Date/Time"]
names.file = "{return_id} {client_name} {tab} tracking"
names.folder = "{office}"

"""


def done(job: Job) -> Job:
    """The job, once it has ended."""
    while not job.is_done:
        Event().wait(0.05)
    return job


def test_a_name_has_values_and_the_folder_of_an_upload_has_none(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    head, first, rest = (SHIPPED / "settings.toml").read_text(encoding="utf-8").partition("\n[[source]]")
    (data.root / "settings.toml").write_text(head + SOURCE + first + rest, encoding="utf-8")
    export = Export("2025-0001 Lee client tracking.csv", ROWS)
    checked = done(adding.check(data, [export], {}))
    assert checked.problem is None
    (found,) = checked.checked
    assert dict(found.contents[0].from_names) == {
        "return_id": "2025-0001",
        "client_name": "Lee",
        "tab": "client",
    }
    job = done(adding.load(data, [export], {}))
    assert (job.problem, job.lines) == (None, [f"{export.name}: loaded, 1 of 1 records."])
    assert [one.returns for one in job.loaded] == [[("firm", "2025-0001")]]
    (part,) = parts(data)
    rows = duckdb.sql(f"select return_id, client_name, office from '{part.attributes}'").fetchall()
    assert rows == [("2025-0001", "Lee", None)]
    assert list(data.adding.iterdir()) == []


def test_a_number_in_the_name_of_a_file_is_not_stored(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    values = {"return_id": "2025-0001", "tab": "Client"}
    job = done(adding.load(data, [Export("Lee 123-45-6789.csv", ROWS)], values))
    assert [one.name for one in job.loaded] == ["Lee [TIN].csv"]
    assert job.lines == ["Lee [TIN].csv: loaded, 1 of 1 records, 1 SSNs or ITINs replaced."]
