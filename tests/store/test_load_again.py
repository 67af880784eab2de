"""The same content counts once, under any name and compression; with other settings it is read again."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from itertools import product
from pathlib import Path
from random import Random

import zstandard

from support.loaded_files import HEAD, Firm, events, tree
from support.staged_files import zipped

LOG = f"{HEAD}\nr1,Client,Up,2026-03-04\nr1,Client,Up,2026-03-04\n".encode()
SETTINGS = """
[firm]
timezone = "UTC"
[[source]]
name = "log"
files = ["*.csv"]
time_formats = ["%Y-%m-%d"]
firm_id = "{firm_id}"
[[source]]
name = "twin of the log"
files = ["*.txt"]
time_formats = ["%Y-%m-%d"]
firm_id = "{firm_id}"
"""
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "log.csv": bytes,
    "renamed.csv": bytes,
    "under another source.txt": bytes,
    "log.csv.gz": gzip.compress,
    "log best.csv.gz": lambda content: gzip.compress(content, 9, mtime=7),
    "two members.csv.gz": lambda content: gzip.compress(content[:9]) + gzip.compress(content[9:]),
    "log.csv.bz2": bz2.compress,
    "log.csv.xz": lzma.compress,
    "log.csv.zst": zstandard.ZstdCompressor(write_checksum=True).compress,
    "log.csv.zip": zipped,
}


def test_the_same_content_under_ten_names_and_compressions(tmp_path: Path) -> None:
    firm = Firm(tmp_path, SETTINGS.format(firm_id="oak"))
    firm.load_text(LOG, "first.csv")
    store = tree(firm.data.store)
    for name, pack in FORMS.items():
        file = firm.file(name, pack(LOG))
        [outcome] = firm.load(file)
        path = f"{file} › inside" if name.endswith(".zip") else file
        assert str(outcome) == f"{path}: the same content was loaded as first.csv; nothing to do."
        assert (outcome.state, outcome.part) == ("known", firm.parts[0])
    assert tree(firm.data.store) == store


def test_the_same_content_twice_in_one_load(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    outcomes = firm.load(firm.file("a.csv", LOG), firm.file("b.csv", LOG))
    assert [outcome.state for outcome in outcomes] == ["loaded", "known"]
    assert len(firm.parts) == 1


def test_with_other_settings_it_is_read_again(tmp_path: Path) -> None:
    firm = Firm(tmp_path, SETTINGS.format(firm_id="oak"))
    file = firm.file("log.csv", LOG)
    firm.load(file)
    for number, firm_id in ((2, "elm"), (3, "ash")):
        firm = Firm(tmp_path, SETTINGS.format(firm_id=firm_id))
        [outcome] = firm.load(file)
        assert str(outcome) == f"{file}: read again, 2 of 2 records."
        assert events(outcome.part, "firm_id") == [(firm_id,)] * 2
        assert [part.folder.name for part in firm.parts] == [f"{outcome.part.file_id}.{number}"]
        assert [path.name for path in firm.data.store.iterdir() if path.name != "refused"] == [
            outcome.part.folder.name
        ]
    assert [outcome.state for outcome in firm.load(file)] == ["known"]


def test_settings_that_refuse_it_leave_the_part_as_it_was(tmp_path: Path) -> None:
    firm = Firm(tmp_path, SETTINGS.format(firm_id="oak"))
    file = firm.file("log.csv", LOG)
    firm.load(file)
    broken = SETTINGS.format(firm_id="oak") + '[source.constants]\noffice = "x"\n'
    firm = Firm(tmp_path, broken.replace('firm_id = "oak"\n[[source]]', "[[source]]"))
    store = {path: content for path, content in tree(firm.data.store).items() if path.parts[0] != "refused"}
    [outcome] = firm.load(file)
    assert outcome.state == "refused" and "no column for firm_id." in str(outcome)
    assert {
        path: content for path, content in tree(firm.data.store).items() if path.parts[0] != "refused"
    } == store


def test_equal_content_has_one_hash(tmp_path: Path) -> None:
    """Case of the tab, typography, the format of the time and the office make no other content."""
    part = Firm(tmp_path).load_text(
        "return_id,tab,label,event_time,office\n"
        "r1,Client,“Up”,2026-03-04T10:00:00Z,\n"
        "r2,Client,Up,2026-03-04T10:00:00Z,\n"
        'r1,client tracking,"""Up""",2026-03-04 05:00,Austin\n'
        "r1,Internal,“Up”,2026-03-04T10:00:00Z,\n"
        'r1,Client,"""Up"" ",03/04/2026 05:00:00 AM,Boston\n'
    )
    first, second, third, fourth, fifth = events(part, "content_hash")
    assert first == third == fifth and len({first, second, fourth}) == 3


def test_the_id_of_the_platform_is_no_content(tmp_path: Path) -> None:
    ids = ["", "a", "a", "b", "", "a"]
    rows = "".join(f"r1,Client,Up,2026-03-04,{one}\n" for one in ids)
    part = Firm(tmp_path).load_text("return_id,tab,label,event_time,source_event_id\n" + rows)
    assert len(set(events(part, "content_hash"))) == 1


FIELDS = ("return_id", "tab", "label", "status", "event_time", "actor", "recipient_email", "detail")
VALUES = {
    "return_id": ["r1", "r2"],
    "tab": ["Client", "Internal"],
    "label": ["Up", "Down", "null"],
    "status": ["", "Open"],
    "event_time": ["2026-03-04", "2026-03-05"],
    "actor": ["", "amy"],
    "recipient_email": ["", "a@x"],
    "detail": ["", "d"],
}


def test_hashes_are_equal_where_content_is(tmp_path: Path) -> None:
    """Every two records that differ in one field, each record twice, in any order."""
    rows = list(product(*(VALUES[field] for field in FIELDS))) * 2
    Random(5).shuffle(rows)
    part = Firm(tmp_path).load_text("\n".join([",".join(FIELDS), *(",".join(row) for row in rows), ""]))
    found = set(zip(rows, events(part, "content_hash"), strict=True))
    assert len(found) == len({number for _, number in found}) == len(set(rows))
