"""The lines of a check, pasted without a thought, never load a wrong row: but the right ones, or nothing.

Each case is a folder of files with the rows that are right for each. Its first file is checked, and all files
are loaded: what the lines say of one file must not be wrong for the others.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.check.command import check_file, check_paths
from etl.common.paths import DataDir
from etl.config.settings import read_settings
from etl.store.load import load
from support.loaded_files import events
from support.pasting import paste_lines
from support.workbooks import excel

Row = tuple[str, str, str, str | None, str]
COLUMNS = ("return_id", "tab", "label", "status", "event_at::varchar")
OPENED = "Access Link selected"
SENT = "Deliver to Client"
AT, LATER = "2026-03-26 15:15:00", "2026-03-26 23:20:00"
US, US_LATER = "3/26/2026 11:15 AM", "3/26/2026 7:20 PM"


@dataclass(frozen=True)
class Case:
    """Files with their rows. `right` are the commented lines, as they begin, that a person would choose."""

    files: Mapping[str, str | bytes]
    rows: list[Row]
    right: tuple[str, ...] = ()
    # Whether the lines load the rows without a choice.
    is_certain: bool = False
    # What the person changes in the lines besides.
    changes: Mapping[str, str] = field(default_factory=dict)


def sheet(*rows: tuple[str, str, str]) -> str:
    """The rows of one tab of the dialog."""
    return "\n".join(["Event,Date/Time,User", *map(",".join, rows)]) + "\n"


CLIENT = sheet((OPENED, US_LATER, "Ann Lee"), ("Document KBA Success", US_LATER, "Ann Lee"))
INTERNAL = sheet((SENT, US, "Pat Roe"))
# A file that needs no lines, and two whose times need lines, each others.
PLAIN = f"Return ID,Tab,Event,When\nR-1,Client,{OPENED},{US_LATER}\n"
OCCURRED = f"Return ID,Tab,Event,Occured At\nR-1,Client,{OPENED},{US_LATER}\n"
IN_TWO_COLUMNS = f"Return ID,Tab,Event,Event Date,Event Tme\nR-2,Client,{OPENED},03/26/2026,7:20 PM\n"


def client_rows(return_id: str) -> list[Row]:
    return [(return_id, "Client", label, None, LATER) for label in (OPENED, "Document KBA Success")]


def internal_rows(return_id: str) -> list[Row]:
    return [(return_id, "Internal", SENT, None, AT)]


def cells(text: str) -> list[list[str]]:
    return [line.split(",") for line in text.splitlines()]


def book(*sheets: str, text: str = CLIENT) -> bytes:
    return excel(dict.fromkeys(sheets, cells(text)))


def zipped(members: Mapping[str, str]) -> bytes:
    content = BytesIO()
    with ZipFile(content, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return content.getvalue()


CASES = {
    "the id, the client and the tab are in the names": Case(
        {"2025-0001 Lee client tracking.csv": CLIENT, "2025-0001 Lee internal tracking.csv": INTERNAL},
        client_rows("2025-0001") + internal_rows("2025-0001"),
        ('file = "{return_id}',),
    ),
    "the tab is the first word of the names": Case(
        {
            "internal 2025-0001.csv": INTERNAL,
            "internal 2025-0002.csv": INTERNAL,
            "client 2025-0002.csv": CLIENT,
        },
        internal_rows("2025-0001") + internal_rows("2025-0002") + client_rows("2025-0002"),
        ('file = "{tab}',),
    ),
    "the names have underscores and a date": Case(
        {"TR000123_internal_2026-03-26.csv": INTERNAL, "TR000124_client_2026-03-27.csv": CLIENT},
        internal_rows("TR000123") + client_rows("TR000124"),
        ('file = "{return_id}',),
    ),
    "the tab alone is in the name": Case(
        {"Lee client tracking.csv": "Return ID,Event,Date/Time\nR-1," + OPENED + "," + US_LATER + "\n"},
        [("R-1", "Client", OPENED, None, LATER)],
        is_certain=True,
    ),
    "neither the id nor the tab is anywhere": Case({"heads.txt": CLIENT.replace(",", "\t")}, []),
    "the tab is nowhere": Case(
        {
            "march.csv": f"Return ID,Event,When\nR-1,{SENT},{US}\n",
            "march 2.csv": f"Return ID,Event,When\nR-1,{OPENED},{US_LATER}\n",
        },
        [("R-1", "Internal", SENT, None, AT)],
        ('tab = "Internal"',),
    ),
    "an id may be one of two columns": Case(
        {"a.csv": f"Vorgang;Seite;Tab;Event;When;User\nR-1;7;Client;{OPENED};{US_LATER};Ann\n"},
        [("R-1", "Client", OPENED, None, LATER)],
        ('return_id = ["Vorgang"]',),
    ),
    "the heading of the year is close to that of the return": Case(
        {"a.csv": f"Return Year,Tab,Event,When\n2025,Client,{OPENED},{US_LATER}\n"}, []
    ),
    "the id is inside of JSON texts": Case(
        {
            "audit.csv": "CreationDate,UserIds,Operations,AuditData\n"
            f"{AT.replace(' ', 'T')}Z,pat@firm.example,{SENT},"
            '"{""Id"": ""a1"", ""ObjectId"": ""2025-1401"", ""Workload"": ""Internal""}"\n'
        },
        [("2025-1401", "Internal", SENT, None, AT)],
        (
            'return_id = ["AuditData.ObjectId"]',
            'tab = ["AuditData.Workload"]',
            'label = ["Operations"]',
            'event_time = ["CreationDate"]',
        ),
    ),
    "two columns have times": Case(
        {
            "trail.csv": "ACCOUNT NAME,USER,EVENT,SERVER TIME,CLIENT TIME\n"
            f"Lee 2025 1040,Ann,{OPENED},03/26/2026 11:20 PM,03/26/2026 07:20 PM (UTC-4)\n"
            f"Lee 2025 1040,Ann,{OPENED},03/26/2026 11:21 PM,03/26/2026 07:21 PM (UTC-4)\n"
        },
        [
            ("Lee 2025 1040", "Client", OPENED, None, LATER),
            ("Lee 2025 1040", "Client", OPENED, None, LATER.replace("20:00", "21:00")),
        ],
        ('return_id = ["ACCOUNT NAME"]', 'event_time = ["SERVER TIME"]', 'tab = "Client"'),
        changes={'timezone = "America/New_York"': 'timezone = "UTC"'},
    ),
    "a date and a clock are in two columns": Case(
        {"a.csv": f"Return ID,Tab,Event,Event Date,Hour\nR-1,Client,{OPENED},03/26/2026,7:20 PM\n"},
        [("R-1", "Client", OPENED, None, LATER)],
        ('event_time = [["Event Date", "Hour"]]',),
    ),
    "a date is alone": Case({"a.csv": f"Return ID,Tab,Event,Day\nR-1,Client,{OPENED},03/26/2026\n"}, []),
    "month and day may be one or the other": Case(
        {"a.csv": f"Return ID,Tab,Event,Wann\nR-1,Client,{OPENED},04/03/2026 7:20 PM\n"},
        [("R-1", "Client", OPENED, None, "2026-03-05 00:20:00")],
        ('time_formats = ["%d/%m/%Y %I:%M %p"]', 'event_time = ["Wann"]'),
    ),
    "each sheet is a tab": Case(
        {"2025-0001 Lee.xlsx": book("Client Tracking"), "2025-0002 Kim.xlsx": book("Client Tracking")},
        client_rows("2025-0001"),
        ('file = "{return_id}',),
    ),
    "the members of a zip need different lines": Case(
        {"both.zip": zipped({"alpha.csv": OCCURRED, "beta.csv": IN_TWO_COLUMNS})},
        [("R-1", "Client", OPENED, None, LATER), ("R-2", "Client", OPENED, None, LATER)],
        is_certain=True,
    ),
    "one of the sheets of a workbook needs no lines": Case(
        {"both.xlsx": excel({"Alpha": cells(PLAIN), "Beta": cells(IN_TWO_COLUMNS)})},
        [("R-1", "Client", OPENED, None, LATER), ("R-2", "Client", OPENED, None, LATER)],
        is_certain=True,
    ),
    "the sheets of a workbook need different lines": Case(
        {"both.xlsx": excel({"Alpha": cells(OCCURRED), "Beta": cells(IN_TWO_COLUMNS)})},
        [("R-1", "Client", OPENED, None, LATER), ("R-2", "Client", OPENED, None, LATER)],
        is_certain=True,
    ),
    "each sheet is a return": Case(
        {
            "returns.xlsx": book(
                "2025-1101", "2025-1102", text=f"Tab,Event,When\nClient,{OPENED},{US_LATER}\n"
            )
        },
        [(one, "Client", OPENED, None, LATER) for one in ("2025-1101", "2025-1102")],
        ('sheet = "{return_id}"',),
    ),
    "the headings are in another language": Case(
        {
            "Protokoll 2026-03.csv": "Return-Nr;Zeitpunkt;Reiter;Ereignis;Bearbeiter\n"
            f"R-1;26.03.2026 19:20;Client Tracking;{OPENED};Ann\n"
            f"R-2;26.03.2026 11:15;Internal Tracking;{SENT};Pat\n"
        },
        [("R-1", "Client", OPENED, None, LATER), ("R-2", "Internal", SENT, None, AT)],
        (
            'return_id = ["Return-Nr"]',
            'event_time = ["Zeitpunkt"]',
            'tab = ["Reiter"]',
            'label = ["Ereignis"]',
        ),
    ),
    "the only times have a known word in another place": Case(
        {"a.csv": f"Return ID,Tab,Event,LoggedAt\nR-1,Client,{OPENED},{US_LATER}\n"},
        [("R-1", "Client", OPENED, None, LATER)],
        is_certain=True,
    ),
    "a status is in a column that the checked file does not have": Case(
        {
            "log 1.csv": f"Vorgangs No,Return Nr,Tab,Event,When\n9,R-1,Client,{OPENED},{US_LATER}\n",
            "log 2.csv": "Return Nr,Tab,Event,Status,When\n"
            f"R-2,Client,Taxpayer: Initial Email,Bounced,{US}\n",
        },
        [("R-1", "Client", OPENED, None, LATER), ("R-2", "Client", "Taxpayer: Initial Email", "Bounced", AT)],
        ('return_id = ["Return Nr"]',),
    ),
}


def loaded(folder: Path, lines: list[str]) -> list[Row]:
    """The rows of all files of a folder, loaded with these lines before the shipped settings."""
    with TemporaryDirectory() as parent:
        data = DataDir(Path(parent) / "data")
        if lines:
            paste_lines(data, *lines)
        outcomes = load(data, read_settings(data.settings), [folder])
        rows = (row for one in outcomes if one.part for row in events(one.part, *COLUMNS))
        return sorted(rows, key=str)


def lines_of(text: str) -> list[str]:
    """The lines to paste in the text of a check."""
    blocks = re.findall(
        r"^\[\[source\]\]\n.*?(?=\n\nTo paste|\n\nNothing was|\n\n\d+ files)", text, re.S | re.M
    )
    return list(blocks)


def chosen(lines: list[str], right: tuple[str, ...]) -> list[str]:
    """The lines after a person has removed the # before the right ones."""
    begins = "|".join(map(re.escape, right))
    return [re.sub(rf"^# (?=(?:{begins}))", "", one, flags=re.M) for one in lines] if right else lines


def written(folder: Path, files: Mapping[str, str | bytes]) -> list[Path]:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return [folder / name for name in files]


def check_text(*paths: Path) -> str:
    with TemporaryDirectory() as parent:
        data = DataDir(Path(parent) / "data")
        return check_paths(data, read_settings(data.settings), paths)[0]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_pasted_lines_load_the_right_rows_or_none(case: Case, tmp_path: Path) -> None:
    first, *_ = written(tmp_path / "files", case.files)
    lines = lines_of(check_text(first))
    without_a_thought = loaded(first.parent, lines)
    assert without_a_thought == (sorted(case.rows, key=str) if case.is_certain else [])
    if case.right:
        with_choice = chosen(lines, case.right)
        for old, new in case.changes.items():
            with_choice = [one.replace(old, new) for one in with_choice]
        assert loaded(first.parent, with_choice) == sorted(case.rows, key=str)


@pytest.mark.parametrize(
    "heading", ["Return Type No", "Return Batch No", "Return Year Number", "Tax Return Type ID"]
)
def test_a_heading_that_is_spelled_like_an_id_is_none_without_a_choice(heading: str, tmp_path: Path) -> None:
    lines = f"{heading},Client Nr,Tab,Event,When\n1040,R-1,Client,{OPENED},{US_LATER}\n"
    lines += f"1040,R-2,Client,{OPENED},{US_LATER}\n"
    [file] = written(tmp_path / "files", {"a.csv": lines})
    [toml] = lines_of(check_text(file))
    assert re.findall(r"^return_id.*", toml, re.M) == []
    assert f'# return_id = ["{heading}"]  # 1040\n# return_id = ["Client Nr"]  # R-1' in toml
    right = loaded(file.parent, chosen([toml], ('return_id = ["Client Nr"]',)))
    assert right == [(one, "Client", OPENED, None, LATER) for one in ("R-1", "R-2")]


@pytest.mark.parametrize(
    "heading",
    [
        *("Due By", "Deadline At", "Client Since", "Exported By System", "Export Time", "Wann"),
        *("Birth Date", "Expires On", "ExpirationDate", "dueAt", "Valid Until Date", "Update Time"),
        *("Return Created At", "Last Login Date", "Last Activity Date", "Occurred", "Date/Time 2"),
    ],
)
def test_times_that_may_be_of_something_else_are_a_choice(heading: str, tmp_path: Path) -> None:
    rows = f"R-1,Client,{OPENED},{US}\nR-1,Client,{OPENED},{US_LATER}\n"
    parts = "".join(
        f"R-1,Client,{OPENED},{at.split(' ', 1)[0]},{at.split(' ', 1)[1]}\n" for at in (US, US_LATER)
    )
    for folder, headings, text in (("one", heading, rows), ("two", f"{heading},Hour", parts)):
        [file] = written(tmp_path / folder, {"a.csv": f"Return ID,Tab,Event,{headings}\n{text}"})
        lines = lines_of(check_text(file))
        assert loaded(file.parent, lines) == []
        right = loaded(file.parent, chosen(lines, ("event_time = ",)))
        assert right == [("R-1", "Client", OPENED, None, at) for at in (AT, LATER)]


@pytest.mark.parametrize(
    "heading",
    [
        *("Date/Time (Pacific Time (US & Canada))", "Date/Time (Central Time US)", "Logged (Mountain/US)"),
        *("Zulu Time", "Occurred (Los Angeles)", "NY Time", "Local Date/Time", "Event Time (ET) US"),
    ],
)
def test_times_in_a_zone_that_is_not_read_are_a_choice(heading: str, tmp_path: Path) -> None:
    """They were proposed as times in the zone of the firm."""
    lines = f"Return ID,Tab,Event,{heading},User\nR-1,Client,{OPENED},{US_LATER},Ann\n"
    [file] = written(tmp_path / "files", {"a.csv": lines})
    [toml] = lines_of(check_text(file))
    note = f"{US_LATER}: it names no zone, so write the right one as timezone above"
    assert re.findall(r"^(?:# )?event_time.*", toml, re.M) == [f'# event_time = ["{heading}"]  # {note}']


@pytest.mark.parametrize(
    ("headings", "values", "column"),
    [
        ("Return ID,Event,Date/Time,Visible To", [f"R-1,{OPENED},{US},Client"], "tab"),
        ("Return ID,Event,Date/Time,Sent By", [f"R-1,{OPENED},{US},Client"], "tab"),
        (
            "Return ID,Tab,What happened,Latest Step,Date/Time",
            [f"R-1,Client,Client opened it,{OPENED},{US}", f"R-1,Internal,We sent it,{SENT},{US_LATER}"],
            "label",
        ),
    ],
)
def test_labels_and_tabs_of_something_else_are_a_choice(
    headings: str, values: list[str], column: str, tmp_path: Path
) -> None:
    lines = "\n".join([headings, *values]) + "\n"
    [file] = written(tmp_path / "files", {"a.csv": lines, "Lee client tracking.csv": lines})[:1]
    for one in sorted(file.parent.iterdir()):
        [toml] = lines_of(check_text(one))
        assert re.findall(rf"^{column} = .*|^file = .*", toml, re.M) == []
        assert loaded(file.parent, [toml]) == []


def test_misspelled_headings_are_certain(tmp_path: Path) -> None:
    lines = f"Return ID,Tabs,Evnt,Date/Tme\nR-1,Client,{OPENED},{US_LATER}\n"
    [file] = written(tmp_path / "files", {"a.csv": lines})
    assert loaded(file.parent, lines_of(check_text(file))) == [("R-1", "Client", OPENED, None, LATER)]


def test_sheets_that_need_the_same_lines_get_one_source(tmp_path: Path) -> None:
    sheets = {"Alpha": cells(OCCURRED), "Beta": cells(OCCURRED.replace("R-1", "R-2"))}
    [file] = written(tmp_path / "files", {"a.xlsx": excel(sheets)})
    [toml] = lines_of(check_text(file))
    assert 'files = ["a*.xlsx"]' in toml


def test_a_plain_file_needs_no_lines(tmp_path: Path) -> None:
    [file] = written(
        tmp_path / "files", {"a.csv": f"Return ID,Tab,Event,When\nR-1,Client,{OPENED},{US_LATER}\n"}
    )
    assert lines_of(check_text(file)) == []
    data = DataDir(tmp_path / "data")
    assert check_file(data, read_settings(data.settings), file).would_load


IDS = st.one_of(
    st.from_regex(r"20[12][0-9]-[0-9]{4}", fullmatch=True),
    st.from_regex(r"[A-Z]{1,2}-?[0-9]{3,7}", fullmatch=True),
    st.from_regex(r"[0-9]{5,7}", fullmatch=True),
)
NAMES = st.sampled_from(["Lee", "Kim", "Van Dyke", "O'Hara", "Client Smith", "Internal Revenue", "May"])
LABELS = {
    "Client": (OPENED, "Document KBA Success", "Access Locked"),
    "Internal": (SENT, "Upload", "Sent for Review"),
}


@st.composite
def folders(draw: st.DrawFn) -> dict[str, tuple[str, list[Row]]]:
    """Files of one tab of one return each, named in one way, with their rows."""
    parts = draw(st.permutations(["id", "name", "tab"]))
    separator, after = (
        draw(st.sampled_from([" ", "_", " - "])),
        draw(st.sampled_from(["", " tracking", " log"])),
    )
    headings = draw(st.permutations(["Event", "Date/Time", "User"]))
    files: dict[str, tuple[str, list[Row]]] = {}
    for number, return_id in enumerate(draw(st.lists(IDS, min_size=1, max_size=3, unique=True))):
        client = draw(NAMES)
        for tab in draw(st.sampled_from([("Client", "Internal"), ("Client",), ("Internal",)])):
            words = {"id": return_id, "name": client, "tab": tab.lower()}
            rows, lines = [], [",".join(headings)]
            for minute, label in enumerate(
                draw(st.lists(st.sampled_from(LABELS[tab]), min_size=1, max_size=3))
            ):
                at = datetime(2026, 3, 26, 9 + number, minute)
                values = {"Event": label, "Date/Time": f"{at:%m/%d/%Y %I:%M %p}", "User": "Pat Roe"}
                lines.append(",".join(values[heading] for heading in headings))
                rows.append((return_id, tab, label, None, str(at + timedelta(hours=4))))
            name = separator.join(words[part] for part in parts) + after + ".csv"
            files[name] = ("\n".join(lines) + "\n", rows)
    return files


@settings(max_examples=12, deadline=None)
@given(folders(), st.booleans())
def test_no_event_gets_another_return_tab_label_or_time(
    files: dict[str, tuple[str, list[Row]]], checks_folder: bool
) -> None:
    with TemporaryDirectory() as parent:
        first, *_ = written(Path(parent) / "files", {name: text for name, (text, _) in files.items()})
        lines = lines_of(check_text(first.parent if checks_folder else first))
        assert loaded(first.parent, lines) == []
        truth = Counter(row for _, rows in files.values() for row in rows)
        own = files[first.name][1][0]
        choices = [
            match[1]
            for one in lines
            for match in re.finditer(r"^# (file = .*)$", one, re.M)
            if f"return_id: {own[0]}" in match[1] and f"tab: {own[1].lower()}" in match[1]
        ]
        for choice in choices:
            kept = Counter(loaded(first.parent, chosen(lines, (choice,))))
            assert kept <= truth
            assert kept >= Counter(files[first.name][1])
