"""The list of naughty strings, and logs in which they name clients, offices, people, labels and files.

What takes a page or a process for each string is tested with one string of each kind; FAULTS=full tests all.
"""

import json
import os
import shutil
from pathlib import Path

from etl.common.paths import SHIPPED, DataDir
from etl.config.settings import read_settings
from etl.reports.evidence import evidence
from etl.reports.runs import write_due
from etl.store.load import load
from etl.warehouse.build import build

LIST = Path(__file__).parent / "naughty.txt"
LONGEST_NAME = 60
BOOK = '\n[[subscription]]\nname = "book"\nreport = "all_returns"\nevery = "day"\nformat = "xlsx"\n'
# The return that has every string as a label, as an actor and as a subject.
EVERYTHING = "everything"


def kinds() -> dict[str, list[str]]:
    """The strings under their kinds, in the order of the list."""
    found: dict[str, list[str]] = {}
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            found[line[3:]] = strings = []
        elif line.startswith('"'):
            strings.append(json.loads(line))
    return found


KINDS = kinds()
STRINGS = [string for strings in KINDS.values() for string in strings]
# The loader quarantines a record with a zero byte, and one with a JSON object or list for a name.
LOADED = [
    number for number, string in enumerate(STRINGS) if "\0" not in string and string not in ("[1, 2]", "{}")
]
FIRST_OF_KIND = [
    next(number for number in LOADED if STRINGS[number] in strings) for strings in KINDS.values()
]
IS_FULL = os.environ.get("FAULTS") == "full"
# The numbers of the strings that get a page or a process of their own.
WALKED = LOADED if IS_FULL else FIRST_OF_KIND
# What each box, filter and parameter is tried with.
INJECTED = STRINGS if IS_FULL else KINDS["sql"]


def naughty_data(root: Path) -> DataDir:
    """A data directory with a return named by each string, in a file of each kind with a naughty name."""
    data = DataDir(root / "data")
    data.inbox.mkdir(parents=True)
    numbers = iter(range(len(STRINGS)))
    files = [write_log(data.inbox, strings, [next(numbers) for _ in strings]) for strings in KINDS.values()]
    load(data, read_settings(data.settings), files)
    build(data)
    return data


def write_log(folder: Path, strings: list[str], numbers: list[int]) -> Path:
    """An export of returns r0, r1, ...: delivered, an email bounced, an unknown label and document."""
    file = folder / f"{next(filter(None, map(as_file_name, strings)))} {numbers[0]}.json"
    records = [
        record for number, string in zip(numbers, strings, strict=True) for record in events(number, string)
    ]
    file.write_text("\n".join(map(json.dumps, records)) + "\n", encoding="utf-8")
    return file


def as_file_name(string: str) -> str:
    """What of a string can be in a file name: any character but the two that no system accepts."""
    return string.encode().replace(b"/", b"").replace(b"\0", b"")[:LONGEST_NAME].decode(errors="ignore")


def events(number: int, string: str) -> list[dict[str, object]]:
    """The log of a return, and the string's part of the log of the return that has all of them."""
    own = {
        "Return ID": f"r{number}",
        "Client Name": string,
        "Office": string,
        "Partner": string,
        "Client ID": string,
    }
    of_everything = {
        "Return ID": EVERYTHING,
        "Client Name": "Everything at once",
        "Tax Year": 2025,
        "Return Type": "1040",
    }
    logged = [
        ("Internal", "Upload", ""),
        ("Internal", "Deliver to Client", ""),
        ("Client", "Taxpayer: Initial Email", "Processed"),
        ("Client", "Taxpayer: Initial Email", "Bounced"),
        ("Client", f'Document "{string}"', ""),
        ("Client", string, ""),
    ]
    shared_fields = {
        f"{string} as a heading": "more",
        "Return Type": "1040",
        "Tax Year": 2025,
        "User": string,
        "Email": string,
        "Detail": string,
    }
    at = f"03/{number % 28 + 1:02}/2026 10:{{:02}} AM"
    records = [
        own | shared_fields | {"Tab": tab, "Event": label, "Status": status, "Date/Time": at.format(minute)}
        for minute, (tab, label, status) in enumerate(logged)
    ]
    return records + [record | of_everything for record in records[-2:]]


def reported(built: DataDir, root: Path) -> DataDir:
    """A copy of a warehouse, every report as its subscription writes it, one as Excel too, and evidence."""
    data = DataDir(root)
    root.mkdir()
    shutil.copy(built.warehouse, data.warehouse)
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    (root / "settings.toml").write_text(shipped + BOOK, encoding="utf-8")
    runs = write_due(data, read_settings(data.settings))
    assert {run.state for run in runs} <= {"written", "skipped: empty"}
    evidence(data, return_id=EVERYTHING, out=root / "evidence")
    return data
