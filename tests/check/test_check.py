"""A check prints how a file would be read, stores nothing, and its lines to paste really load the file."""

import gzip
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from etl.check.command import check_file
from etl.check.terminal import file_text
from etl.common.paths import CHECKOUT, SHIPPED, DataDir
from etl.config.settings import read_settings
from etl.read.records import REASONS
from etl.store.load import load
from support.loaded_files import events

DOCS = CHECKOUT / "docs"
FIRST_SOURCE = re.compile(r"^\[\[source\]\]", re.MULTILINE)

GERMAN = """\
Return-Nr;Zeitpunkt;Reiter;Ereignis;Status;Bearbeiter;Büro;Mandant
R-1;04.03.2026 14:05;Client Tracking;Taxpayer: Initial Email;Bounced;;Köln;Müller 123-45-6789
R-1;25.03.2026 02:30;Internal Tracking;Deliver to Client;;Änne;Köln;Müller
R-2;29.03.2026 02:30;Internal Tracking;"Sent to ""Moon"" by ship - Delivered";;Änne;;
"""
AMBIGUOUS = """\
Return ID,Tab,Event,Status,Date/Time,User
R-1,Client,Taxpayer: Initial Email,Processed,03/04/2026 02:05 PM,
R-1,Internal,Deliver to Client,,03/04/2026 02:04 PM,Amy
R-2,Internal,Upload,,yesterday,Amy
,Internal,Upload,,03/05/2026 02:04 PM,Amy
R-2,Elsewhere,Upload,,03/05/2026 02:04 PM,Amy
R-3,Internal,Upload,,11/01/2026 01:30 AM,Amy
R-3,Internal,Upload,,11/01/2026 01:30 AM,Amy,1,2
"""
HTML = "<!DOCTYPE html>\n<html><body>Sign in to see the report</body></html>\n"


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    """A data directory that does not exist yet."""
    return DataDir(tmp_path / "data")


def check_text(data: DataDir, file: Path) -> str:
    """The text about a file without paths of this machine. No file is written or changed.

    The folder in which a check unpacks stays in a data directory, and is empty.
    """
    root = data.root.parent
    before = state_of(root)
    text = file_text(check_file(data, read_settings(data.settings), file))
    assert state_of(root) == before | ({data.adding: False} if data.root in before else {})
    return text.replace(str(data.root), "DATA").replace(str(CHECKOUT), "CHECKOUT") + "\n"


def state_of(root: Path) -> dict[Path, int]:
    """What is in a folder, and when each file was changed."""
    return {path: path.is_file() and path.stat().st_mtime_ns for path in root.rglob("*")}


def written(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    file = folder / name
    file.write_bytes(text.encode(encoding))
    return file


def expected(name: str) -> str:
    """The expected text in tests/checks."""
    return (CHECKOUT / "tests" / "checks" / f"{name}.txt").read_text(encoding="utf-8")


def paste(data: DataDir, text: str) -> None:
    """Follows the check: pastes its lines before the first source of an own copy of the settings."""
    lines = text.split("\n\nNothing was stored.")[0].rsplit("[[source]]", 1)[1]
    settings = data.settings.read_text(encoding="utf-8")
    place = FIRST_SOURCE.search(settings).start()
    data.root.mkdir(exist_ok=True)
    content = f"{settings[:place]}[[source]]{lines}\n\n{settings[place:]}"
    (data.root / "settings.toml").write_text(content, encoding="utf-8")


def loaded_rows(data: DataDir, file: Path, columns: str) -> list[tuple]:
    [outcome] = load(data, read_settings(data.settings), [file])
    assert outcome.state == "loaded", outcome
    return events(outcome.part, columns)


def test_a_plain_export_needs_no_settings(data: DataDir) -> None:
    assert check_text(data, DOCS / "template-events.csv") == expected("plain")


def test_unknown_headings_get_a_source_that_loads_them(data: DataDir, tmp_path: Path) -> None:
    file = written(tmp_path, "Protokoll 2026-03.csv", GERMAN, "cp1252")
    text = check_text(data, file)
    assert text == expected("strange")
    assert not check_file(data, read_settings(data.settings), file).would_load
    paste(data, re.sub(r"^# (return_id = ..Ret|tab|label|event_time)", r"\1", text, flags=re.MULTILINE))
    again = check_text(data, file)
    assert "To paste" not in again
    assert "Missing" not in again
    assert UNKNOWN in again
    assert loaded_rows(data, file, "return_id, tab, label, event_at::varchar, time_note, actor, extra") == [
        (
            "R-1",
            "Client",
            "Taxpayer: Initial Email",
            "2026-03-04 19:05:00",
            None,
            None,
            '{"Büro": "Köln", "Mandant": "Müller [TIN]"}',
        ),
        (
            "R-1",
            "Internal",
            "Deliver to Client",
            "2026-03-25 06:30:00",
            None,
            None,
            '{"Bearbeiter": "Änne", "Büro": "Köln", "Mandant": "Müller"}',
        ),
        (
            "R-2",
            "Internal",
            'Sent to "Moon" by ship - Delivered',
            "2026-03-29 06:30:00",
            None,
            None,
            '{"Bearbeiter": "Änne"}',
        ),
    ]


def test_an_ambiguous_month_and_day_are_left_as_a_choice(data: DataDir, tmp_path: Path) -> None:
    file = written(tmp_path, "march.csv", AMBIGUOUS)
    text = check_text(data, file)
    assert text == expected("choice")
    chosen = re.sub(r"^# (time_formats = .*%d/%m.*)$", r"\1", text, flags=re.MULTILINE)
    paste(data, chosen)
    assert loaded_rows(data, file, "return_id, event_at::varchar") == [
        ("R-1", "2026-04-03 18:05:00"),
        ("R-1", "2026-04-03 18:04:00"),
        ("R-3", "2026-01-11 06:30:00"),
    ]
    assert "To paste" not in check_text(data, file)


def test_due_dates_in_both_orders_are_refused_as_by_a_load(data: DataDir, tmp_path: Path) -> None:
    file = written(tmp_path, "returns list.csv", "Return ID,Due Date\nr1,4/04/2026\nr2,15/04/2026\n")
    text = check_text(data, file)
    assert "Quarantined\n    None.\n" in text
    assert (
        "Refused\n    record 2 has 15/04/2026, with the day first, and record 1 has 4/04/2026, which" in text
    )


def test_headings_inside_of_json_texts_are_suggested_and_the_texts_are_not(
    data: DataDir, tmp_path: Path
) -> None:
    rows = "".join(
        f'2026-03-26T15:15:1{no}Z,Deliver to Client,"{{""Id"": {no}, ""On"": {{""Return"": '
        f'""R{no}"", ""Tab"": ""Internal""}}}}"\n'
        for no in range(2)
    )
    file = written(tmp_path, "audit.csv", "CreationDate,Operations,AuditData\n" + rows)
    text = check_text(data, file)
    assert (
        """
# Does one of these headings mean the ID of the return? Use one of these lines:
# return_id = ["AuditData.Id"]  # 0
# return_id = ["AuditData.On.Return"]  # R0
# Does this heading mean the tab? If this is right, delete the # before it:
# tab = ["AuditData.On.Tab"]
# Does this heading mean label? If this is right, delete the # before it:
# label = ["Operations"]  # Deliver to Client
# Does this heading mean event_time? If this is right, delete the # before it:
# event_time = ["CreationDate"]  # 2026-03-26T15:15:10Z: each time names its zone
"""
        in text
    )
    pasted = text[text.index("[[source]]\nname") : text.index("Nothing was stored.")]
    right = r'^# (return_id = \["AuditData.On|tab|label|event_time)'
    pasted = re.sub(right, r"\1", pasted, flags=re.MULTILINE)
    data.root.mkdir()
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    own = FIRST_SOURCE.sub(lambda _: f"{pasted}\n[[source]]", shipped, count=1)
    (data.root / "settings.toml").write_text(own, encoding="utf-8")
    [outcome] = load(data, read_settings(data.settings), [file])
    assert outcome.part
    assert events(outcome.part, "return_id", "tab", "label") == [
        ("R0", "Internal", "Deliver to Client"),
        ("R1", "Internal", "Deliver to Client"),
    ]


def test_a_web_page_is_refused_with_help(data: DataDir, tmp_path: Path) -> None:
    assert check_text(data, written(tmp_path, "log.csv", HTML)) == expected("refused")
    assert "123" not in check_text(data, written(tmp_path, "log 123-45-6789.csv", HTML))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "one.csv",
            "Return ID,Event,When\nR-1,Upload,2026-03-04 10:00\n",
            [
                'files = ["one.csv"]',
                '# tab = "Internal"  # The known labels in it are of the Internal tab.\n# tab = "Client"',
            ],
        ),
        (
            "both.csv",
            "Return ID,Event,When\nR-1,Upload,2026-03-04 10:00\nR-1,Access Locked,2026-03-04 10:00\n",
            ["tab: no heading looks like it", '# tab = "Client"\n# tab = "Internal"'],
        ),
        (
            "ids.csv",
            "Vorgang;Art;Seite;Tab;Event;When\nR-1;x;7;Client;Access Locked;2026-03-04 10:00\n",
            [
                'return_id: perhaps "Vorgang", "Seite"; only you can say it',
                '# return_id = ["Vorgang"]  # R-1\n# return_id = ["Seite"]  # 7',
            ],
        ),
        (
            "types.csv",
            "Return ID,Type,Event,When\nR-1,Client Tracking,Access Locked,2026-03-04 10:00\n",
            ['tab: perhaps "Type"; only you can say it'],
        ),
        (
            "no.csv",
            "Alpha;Beta\nx;y\nx;\n",
            [
                "Format   CSV, UTF-8, semicolon between fields",
                "No column for return_id, tab, label and event_time, so a load would refuse the file.",
                "event_time: no heading looks like it",
                "# No heading looks like label. Write yours here:\n# label = []",
                '# file = "{return_id} {tab} no*"',
            ],
        ),
        (
            "two.csv",
            "Return ID,Return Number,Tab\n1,2,Client\n",
            ['would be refused: the headings "Return ID" and "Return Number" both mean return_id.'],
        ),
        ("record.csv", "1;2\n3;4\n", ["would be refused: no heading is known", "looks like a record"]),
        (
            "log.json",
            '{"when": 1772618400, "id": "R-1", "what": "Upload", "tab": "Internal"}\n',
            [
                "Format   JSON",
                "1 like 1772618400: epoch; the settings read none of them.",
                'time_formats = ["epoch"]',
            ],
        ),
        ("new.csv.gz", None, ["the name says gzip, the content is not"]),
        (
            "known.csv",
            "Return ID,Tab,Event,When\n123-45-6789,Client,Access Locked,2026-03-04 10:00\n",
            ["return_id              id-", "Known labels: 1.", "Quarantined\n    None."],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.endswith(("csv", "json", "gz")) else "",
)
def test_the_text_contains(
    data: DataDir, tmp_path: Path, name: str, content: str | None, expected: list[str]
) -> None:
    text = check_text(data, written(tmp_path, name, content or "no archive"))
    assert [part for part in expected if part not in text] == []


@pytest.mark.parametrize("count", [1, 2])
def test_a_value_that_a_person_gives_for_a_column_of_the_file_is_refused(
    data: DataDir, tmp_path: Path, count: int
) -> None:
    text = "Return ID,Tab,Event,When\nR-1,Client,Access Locked,2026-03-04 10:00\n"
    files = [written(tmp_path, f"{number}.csv", text * (number + 1)) for number in range(count)]
    settings, given = read_settings(data.settings), {"return_id": "R-7"}
    refusal = "the file has a column for return_id; leave --set return_id out."
    assert [one.reason for one in load(data, settings, files, given=given)] == [refusal] * count
    [checked] = check_file(data, settings, files[0], given).contents
    assert (checked.refusal, checked.from_names) == (refusal, [])


def test_only_what_was_taken_from_a_name_is_said_to_be(data: DataDir, tmp_path: Path) -> None:
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    data.root.mkdir()
    pattern = '[source.names]\nfile = "{return_id} {client_name}"\n'
    own = re.sub(r"^\[source\.names\].*\n.*\n", lambda _: pattern, shipped, flags=re.MULTILINE)
    (data.root / "settings.toml").write_text(own, encoding="utf-8")
    text = "Return ID,Tab,Event,When\nR-1,Client,Access Locked,2026-03-04 10:00\n"
    found = check_file(data, read_settings(data.settings), written(tmp_path, "R-7 Lee.csv", text))
    assert found.contents[0].from_names == [("client_name", "Lee")]


def test_hostile_names_and_headings_are_escaped(data: DataDir, tmp_path: Path) -> None:
    content = (
        "Return\x1b[0m No;When \u202eis;Tab;SSN 123456789;Was\n1;2026-03-04 10:00;Client;123456789;Upload\n"
    )
    text = check_text(data, written(tmp_path, "a\x1b[31m 123-45-6789\u202e.csv", content))
    assert text.startswith("a�[31m [TIN]�.csv\n")
    assert re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]|123456789|123-45", text) == []
    paste(data, re.sub(r"^# (return_id = ..Return|label|event_time)", r"\1", text, flags=re.MULTILINE))
    assert "To paste" not in check_text(data, next(tmp_path.glob("a*.csv")))


def test_the_command_prints_the_text_and_its_exit_code_tells_whether_the_file_would_load(
    data: DataDir, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "etl", "--data", data.root, "load", "--check"]
    plain = subprocess.run(
        [*command, DOCS / "template-events.csv"], cwd=CHECKOUT, capture_output=True, text=True
    )
    assert (plain.returncode, plain.stdout.endswith("\n\nNothing was stored.\n")) == (0, True)
    page = subprocess.run(
        [*command, written(tmp_path, "x.csv", HTML)], cwd=CHECKOUT, capture_output=True, text=True
    )
    assert (page.returncode, "would be refused" in page.stdout) == (1, True)
    assert not data.root.exists()


@pytest.mark.parametrize("name", ["template-events.csv", "template-register.csv"])
def test_the_templates_load_completely(data: DataDir, name: str) -> None:
    [outcome] = load(data, read_settings(SHIPPED / "settings.toml"), [DOCS / name])
    counts = {
        key: outcome.part.ledger[key] for key in ("quarantined_count", "redacted_count", "unmapped_columns")
    }
    assert counts == {"quarantined_count": 0, "redacted_count": 0, "unmapped_columns": []}
    assert outcome.part.ledger["kept_count"] == len((DOCS / name).read_text().splitlines()) - 1


def test_the_page_explains_every_reason() -> None:
    page = (DOCS / "your-first-export.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE)).items() >= REASONS.items()


UNKNOWN = """
Unrecognized events
    Unknown labels: 1 of 3. Their events load as unclassified:
    tab       label                  status     events
    Internal  Sent to "..." by ship  Delivered  1
    Rows for reference/labels.csv of the data directory; replace unclassified with a code of codes.csv:
    tab,recipient,label,status,code,note
    Internal,,"Sent to ""..."" by ship",Delivered,unclassified,
"""


def test_a_check_unpacks_in_the_data_directory_and_not_where_the_system_keeps_temporary_files(
    data: DataDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is unpacked may have SSNs, and a killed check would leave it there for good."""
    file = tmp_path / "log.csv.gz"
    file.write_bytes(gzip.compress(AMBIGUOUS.encode()))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    assert "Records" in check_text(data, file)
    assert not data.root.exists()
    data.adding.mkdir(parents=True)
    check_file(data, read_settings(data.settings), file)
    assert not any(data.adding.iterdir())
