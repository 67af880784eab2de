"""A check of a folder is one table, and prints the lines for all of its files once."""

import re
from pathlib import Path
from zipfile import ZipFile

import pytest

from etl.check.command import check_paths
from etl.check.names import patterns
from etl.common.paths import CHECKOUT, SHIPPED, DataDir
from etl.config.settings import read_settings
from etl.store.load import load
from support.loaded_files import events
from support.pasting import paste_lines

CLIENT = """\
Event,Date/Time,User
Taxpayer: Initial Email - Delivered,3/26/2026 11:15 AM,
Access Link selected,3/26/2026 7:20 PM,Ann Lee
"""
INTERNAL = "Event,Date/Time,User\nDeliver to Client,3/26/2026 11:14 AM,Pat Roe\n"
WITH_ID = """\
Return ID,Tab,Event,Date/Time
R-1,Client,Access Locked,2026-03-04 10:00
R-1,Moon,Upload,2026-03-04 10:00
"""


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


def table(data: DataDir, *paths: Path) -> str:
    text, _ = check_paths(data, read_settings(data.settings), paths)
    return text.replace(str(data.root), "DATA").replace(str(CHECKOUT), "CHECKOUT") + "\n"


def folder_of(parent: Path, files: dict[str, str]) -> Path:
    folder = parent / "exports"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_folder_of_one_file_a_return_and_tab_gets_one_source(data: DataDir, tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        {
            "2025-0001 Lee client tracking.csv": CLIENT,
            "2025-0001 Lee internal tracking.csv": INTERNAL,
            "2025-0002 Kim client tracking.csv": CLIENT,
            "march.csv": WITH_ID,
            "page.csv": "<html></html>",
        },
    )
    text = table(data, folder)
    assert text == (CHECKOUT / "tests" / "checks" / "folder.txt").read_text(encoding="utf-8")

    lines = re.search(r"^\[\[source\]\]\n(.*?)\n\n5 files", text, re.DOTALL | re.MULTILINE)[0]
    lines = lines.rsplit("\n\n5 files", 1)[0].replace("# file = ", "file = ")
    paste_lines(data, lines)
    kept = [outcome.part for outcome in load(data, read_settings(data.settings), [folder]) if outcome.part]
    assert [row for part in kept for row in events(part, "return_id, client_name, tab, label, status")] == [
        ("2025-0001", "Lee", "Client", "Taxpayer: Initial Email - Delivered", None),
        ("2025-0001", "Lee", "Client", "Access Link selected", None),
        ("2025-0001", "Lee", "Internal", "Deliver to Client", None),
        ("2025-0002", "Kim", "Client", "Taxpayer: Initial Email - Delivered", None),
        ("2025-0002", "Kim", "Client", "Access Link selected", None),
        ("R-1", None, "Client", "Access Locked", None),
    ]


def test_what_the_names_gave_is_in_the_table(data: DataDir, tmp_path: Path) -> None:
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    data.root.mkdir()
    pattern = '[source.names]\nfile = "{return_id} {tab} tracking*"\n'
    own = re.sub(r"^\[source\.names\].*\n.*\n", lambda _: pattern, shipped, flags=re.MULTILINE)
    (data.root / "settings.toml").write_text(own, encoding="utf-8")
    folder = folder_of(tmp_path, {"R-1 client tracking.csv": CLIENT, "R-2 tracking.csv": INTERNAL})
    assert table(data, folder) == (CHECKOUT / "tests" / "checks" / "names.txt").read_text(encoding="utf-8")


def test_files_of_which_one_would_be_refused_or_warned_of_fail(data: DataDir, tmp_path: Path) -> None:
    good = WITH_ID.replace("Moon", "Client")
    folder = folder_of(
        tmp_path, {"a.csv": good, "b.csv": f"{good}R-2,Client,Upload,2026-03-04 10:00\n", "moon.csv": WITH_ID}
    )
    (folder / "page.csv").write_text("<html></html>", encoding="utf-8")
    settings = read_settings(data.settings)
    fine = [folder / "a.csv", folder / "b.csv"]
    assert check_paths(data, settings, fine)[1]
    assert not check_paths(data, settings, [*fine, folder / "moon.csv"])[1]
    assert not check_paths(data, settings, [*fine, folder / "page.csv"])[1]


def test_a_file_with_the_content_of_another_is_passed_over(data: DataDir, tmp_path: Path) -> None:
    good = WITH_ID.replace("Moon", "Client")
    text = table(data, folder_of(tmp_path, {"a.csv": good, "b.csv": good}))
    assert "Passed over\n    b.csv: the same content as a.csv\n" in text
    assert text.endswith(
        "2 files: 2 records, 2 kept, 0 quarantined; 0 would be refused. Nothing was stored.\n"
    )


def test_each_source_to_paste_gets_a_name_that_no_other_has(data: DataDir, tmp_path: Path) -> None:
    paste_lines(data, '[[source]]\nname = "march 2"\nfiles = ["none.csv"]')
    texts = {
        f"march-{number}.csv": WITH_ID.replace("Date/Time", heading)
        for number, heading in enumerate(("Logged At Desk", "Desk Time"))
    }
    text = table(data, folder_of(tmp_path, texts))
    assert re.findall('^name = "(.*)"', text, re.MULTILINE) == ["march", "march 3"]


def test_lines_with_a_constant_tab_are_for_the_checked_files_alone(data: DataDir, tmp_path: Path) -> None:
    names = ["2025-0001 Lee.csv", "2025-0002 Kim.csv"]
    other = CLIENT.replace("7:20", "8:20")
    text = table(data, folder_of(tmp_path, dict(zip(names, (CLIENT, other), strict=True))))
    assert '# tab = "Client"' in text
    assert 'files = ["2025-0001 Lee.csv", "2025-0002 Kim.csv"]' in text


def test_the_patterns_match_no_name_of_a_checked_file_that_needs_no_lines(
    data: DataDir, tmp_path: Path
) -> None:
    files = {
        "2025-0001 Lee client tracking.csv": CLIENT,
        "2025-0002 Kim client tracking.csv": CLIENT.replace("7:20", "8:20"),
        "2025-0003 May client tracking.csv": WITH_ID,
    }
    [patterns] = re.findall(r"^files = (.*)", table(data, folder_of(tmp_path, files)), re.MULTILINE)
    assert patterns == (
        '["* Lee client tracking*.csv", "* Lee internal tracking*.csv", '
        '"* Kim client tracking*.csv", "* Kim internal tracking*.csv"]'
    )


@pytest.mark.parametrize(
    ("name", "pattern", "client"),
    [
        ("Smith & Co 2025-0001 client", "{client_name} {return_id} {tab}", "Smith & Co"),
        ("2025-0001 Lee and Sons internal", "{return_id} {client_name} {tab}", "Lee and Sons"),
        ("TR000123_Kim & Lee_client", "{return_id}_{client_name}_{tab}", "Kim & Lee"),
        ("2025-0001 Andrew Andersen client", "{return_id} {client_name} {tab}", "Andrew Andersen"),
    ],
)
def test_the_name_of_a_client_may_have_an_and(name: str, pattern: str, client: str) -> None:
    [found] = patterns(name, ["return_id", "tab"], has_client=True)
    assert (found.text, found.values["client_name"]) == (pattern, client)


def test_folders_of_one_name_in_several_places_are_named(data: DataDir, tmp_path: Path) -> None:
    """Two clients became one return, called tracking, and nothing said so."""
    source = """
[[source]]
name = "folders"
files = ["client.csv"]
firm_id = "firm"
time_formats = ["%m/%d/%Y %I:%M %p"]
columns.label = ["Event"]
columns.event_time = ["Date/Time"]
columns.actor = ["User"]
constants.tab = "Client"
names.folder = "{return_id}"
"""
    head, first, rest = (SHIPPED / "settings.toml").read_text(encoding="utf-8").partition("\n[[source]]")
    data.root.mkdir()
    (data.root / "settings.toml").write_text(head + source + first + rest, encoding="utf-8")
    for folder in ("a/R1/tracking", "a/R2/tracking", "a/R3", "b/R4"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "client.csv").write_text(CLIENT.replace("11:15", f"11:1{folder[3]}"), "utf-8")
    for folder in ("R5", "R6"):
        (tmp_path / "b" / folder).mkdir()
        with ZipFile(tmp_path / "b" / folder / "export.zip", "w") as archive:
            archive.writestr("client.csv", CLIENT.replace("11:15", f"11:1{folder[1]}"))
    for folder in ("a", "b"):
        lines = table(data, tmp_path / folder).replace(str(tmp_path), "HERE").split("\n\n")
        names = {
            "a": ("tracking", "HERE/a/R1/tracking, HERE/a/R2/tracking"),
            "b": ("export", "HERE/b/R5, HERE/b/R6"),
        }
        assert lines[1] == (
            "One name in several places\n"
            "    The nearest folder or zip is the return. If these are of different returns, rename them:\n"
            "    {}: in {}".format(*names[folder])
        )
        _, would_load = check_paths(data, read_settings(data.settings), [tmp_path / folder])
        assert would_load
