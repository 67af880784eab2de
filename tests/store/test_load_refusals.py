"""A file that cannot be loaded whole is refused by name; the refusal is stored, and nothing else changes."""

import gzip
import json
import os
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import duckdb
import pytest

from etl.check.command import check_file
from etl.common.problem import Problem
from etl.config.settings import read_settings
from etl.config.source import Limits, Source
from etl.read.records import REASONS, Staged
from etl.store.columns import map_columns
from etl.store.parts import refusals
from etl.store.purged import Purged
from etl.store.write_part import write_part
from support.loaded_files import HEAD, Firm, events, shipped_settings, tree
from support.workbooks import excel

GOOD = f"{HEAD}\nr1,Client,Up,2026-03-04\n"
NAME_YOURS = 'Name yours under [source.columns] of "user tracking" in settings.toml.'
ONE_TAB = ' Or, if the file has only one tab, write tab = "Client" (or "Internal") under [source.constants].'
IN_NAME = " Or, if the ID is in the name of the file, write a pattern under [source.names]."
TYPED = " Or type it for one file: returntrail load --set {}=... FILE."


@pytest.mark.parametrize(
    ("headings", "missing"),
    [
        ("Return No, Event, Tab, Shoe", "event_time"),
        ("Return No, Event, When", "tab"),
        ("Client Name, Event, Tab, When", "return_id"),
        ("Office, Shoe", "return_id, tab, label and event_time"),
    ],
)
def test_a_missing_column(tmp_path: Path, headings: str, missing: str) -> None:
    refusal = Firm(tmp_path).refusal(f"{headings.replace(', ', ',')}\n1,2,3,4\n", "march.csv")
    hint = (ONE_TAB if "tab" in missing else "") + (IN_NAME if "return_id" in missing else "")
    hint += TYPED.format(missing) if missing in ("tab", "return_id") else ""
    assert refusal == f"march.csv: no column for {missing}. Headings found: {headings}. {NAME_YOURS}{hint}"


def test_a_missing_column_of_a_returns_list(tmp_path: Path) -> None:
    refusal = Firm(tmp_path).refusal("Client Name,Office\nAnn,Austin\n", "register.csv")
    assert refusal == (
        "register.csv: no column for return_id. Headings found: Client Name, Office. "
        f'Name yours under [source.columns] of "register" in settings.toml.{IN_NAME}'
        f"{TYPED.format('return_id')}"
    )


def test_a_firm_without_an_id(tmp_path: Path) -> None:
    source = '[[source]]\nname = "log"\nfiles = ["*"]\ntime_formats = ["%Y-%m-%d"]\n'
    firm = Firm(tmp_path, '[firm]\ntimezone = "UTC"\n' + source)
    hint = ' Or, if the file has only one firm, write firm_id = "..." under the [[source]].'
    assert firm.refusal(GOOD).endswith(hint)
    part = firm.load_text(f"firm_id,{HEAD}\noak,r1,Client,Up,2026-03-04\n,r1,Client,Up,2026-03-04\n")
    assert (part.ledger["kept_count"], part.ledger["quarantined_count"]) == (1, 1)


def test_no_source_for_a_name(tmp_path: Path) -> None:
    firm = Firm(
        tmp_path, '[firm]\ntimezone = "UTC"\n[[source]]\nname = "log"\nfiles = ["*.csv"]\nfirm_id = "oak"\n'
    )
    assert firm.refusal(GOOD, "log.txt") == (
        f"log.txt: no [[source]] in {firm.data.settings} matches this file's name. "
        'Patterns of files: "log": *.csv.'
    )


def test_a_refusal_is_a_row_of_the_ledger(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.refusal("Shoe,Size\n1,2\n", "shoes.csv")
    firm.refusal(gzip.compress(GOOD.encode())[:-4], "cut.csv.gz")
    rows = sorted(refusals(firm.data), key=lambda row: row["file_name"])
    assert [(row["file_name"], row["state"], row["source"], row["kind"]) for row in rows] == [
        ("cut.csv.gz", "refused", "user tracking", "events"),
        ("shoes.csv", "refused", "user tracking", "events"),
    ]
    assert (
        rows[0]["reason"]
        == "the archive is cut (gzip ends early). Nothing was loaded from it; export it again."
    )
    for row in rows:
        file = firm.data.store / "refused" / f"{row['file_id']}.json"
        assert json.loads(file.read_text()) == row
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_refusal_is_forgotten_once_the_file_loads(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    text = "Return,Tab,Event,Moment\nr1,Client,Up,2026-03-04T12:00\n"
    firm.refusal(text, "log.csv")
    firm.refusal("Shoe,Size\n1,2\n", "shoes.csv")
    settings = '[firm]\ntimezone = "UTC"\n[[source]]\nname = "log"\nfiles = ["*"]\nfirm_id = "oak"\n'
    settings += "[source.columns]\n"
    settings += 'return_id = ["Return"]\nlabel = ["Event"]\nevent_time = ["Moment"]\n'
    firm = Firm(tmp_path, settings)
    firm.load_text(text, "log.csv")
    assert [row["file_name"] for row in refusals(firm.data)] == ["shoes.csv"]


def test_other_files_still_load(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    texts = {"a.csv": "Shoe\n1\n", "b.csv": GOOD, "c.csv": "", "d.csv": GOOD + "r2,Client,Up,2026-03-04\n"}
    files = [firm.file(name, text) for name, text in texts.items()]
    assert [outcome.state for outcome in firm.load(*files)] == ["refused", "loaded", "refused", "loaded"]
    assert all(file.exists() for file in files)


LOG = "Return ID,Tab,Event,Date/Time\nR1,Client,Up,3/26/2026 2:00 PM\nR1,Client,Down,3/26/2026 2:10 PM\n"
CELLS = [line.split(",") for line in LOG.splitlines()]


def zip_of(name: str, text: str) -> bytes:
    content = BytesIO()
    with ZipFile(content, "w") as archive:
        archive.writestr(name, text)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Registered Agents LLC tracking.csv", LOG),
        ("Registered Agents LLC.csv", LOG.replace("Date/Time", "Date,Time").replace(":00 PM", ":00,PM")),
        ("Registered Agents LLC.xlsx", excel({"Client Tracking": CELLS})),
        ("lee.xlsx", excel({"Register": CELLS})),
        ("Registered Agents LLC.csv", LOG.replace("Return ID,", "").replace("R1,", "")),
        ("registers.zip", zip_of("user tracking.csv", LOG)),
    ],
)
def test_an_event_log_with_the_name_of_a_returns_list_is_refused(
    tmp_path: Path, name: str, content: str | bytes
) -> None:
    """Because of a client's name, each event was a row of the returns list, and none was an event."""
    firm = Firm(tmp_path)
    refusal = firm.refusal(content, name).split(": ", 1)[1]
    time = "Time" if "Date,Time" in str(content) else "Date/Time"
    assert refusal == (
        f'it has the headings of an event log, "Event" and "{time}", and by its name it is a returns list: '
        'files of "register" in settings.toml are *register*, *returns-list*, *returns list*, '
        "*returns_list*, *return list*, *returnlist*. Rename it (file, zip or sheet), or write a "
        '[[source]] of kind events for its name before "register". If it is a returns list, remove these '
        "columns."
    )
    [checked] = check_file(firm.data, read_settings(firm.data.settings), tmp_path / name).contents
    assert checked.refusal == refusal


def test_a_returns_list_may_have_one_heading_of_a_log(tmp_path: Path) -> None:
    part = Firm(tmp_path).load_text("Return ID,Client,Event,Office\nR1,Ann,Call,Austin\n", "register.csv")
    assert events(part, "return_id", "extra") == [("R1", '{"Event": "Call"}')]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        *((content, None) for content in ("[]", "{}", "[{}]", '{"events": []}')),
        *((content, "not_an_object") for content in ("[1,2]", "[null]", '[["Return ID"], ["R1"]]')),
        ('[{"returnId": NaN}]', "not_a_json_number"),
        ('{"tab": 1, "tab": 2}\n', "doubled_key"),
        ('[{"tab": "Client", "event": "Up", "eventTime": {"at": "2026"}}]', "not_a_text"),
        ('[{"returnId": "R1", "time": {"dateTime": "2026-03-26T14:00", "timeZone": "UTC"}}]', "not_a_text"),
    ],
)
def test_json_without_a_heading_is_refused_and_the_next_file_loads(
    tmp_path: Path, content: str, fault: str | None
) -> None:
    firm = Firm(tmp_path)
    outcomes = firm.load(firm.file("a.json", content), firm.file("b.csv", GOOD))
    assert [outcome.state for outcome in outcomes] == ["refused", "loaded"]
    refusal = str(outcomes[0]).removeprefix(f"{tmp_path}/")
    message = "no column for return_id, tab, label and event_time. "
    if fault:
        message = f"no record could be read. The first is {fault}: {REASONS[fault]} Nothing was loaded"
    assert refusal.startswith(f"a.json: {message}")
    [checked] = check_file(firm.data, read_settings(firm.data.settings), tmp_path / "a.json").contents
    assert f"a.json: {checked.refusal}" == refusal


NAMED = shipped_settings().replace("[source.names] ", '[source.names]\nfile = "{return_id} *"\n#', 1)
TIMES = ("03/26/2026 02:00 PM", "03/27/2026 02:00 PM")
ROWS = "".join(f"Upload,{time}\n" for time in TIMES)
UPLOADS = [f"Upload\t{time}\tAnn Lee\n" for time in TIMES]
TABS = "Event,Date/Time,Tab\n" + ROWS.replace("PM", "PM,Client")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Return ID: A1\nClient Tracking\n{0}Return ID: A2\nClient Tracking\n{1}", ""),
        ("Return ID: R77\nClient Tracking\n{0}Return ID: A2\nClient Tracking\n{1}", "A2"),
        ("Return ID:,A1\n" + TABS, "A1"),
        ("Report,,\nReturn ID: A1,,\n" + TABS, "A1"),
    ],
)
def test_another_return_than_that_of_the_name_refuses_the_file(
    tmp_path: Path, content: str, said: str
) -> None:
    """In silence, the events of all returns in the file were those of the one in its name."""
    firm, content = Firm(tmp_path, NAMED), content.format(*UPLOADS)
    assert firm.refusal(content, "R77 log.csv").startswith(f'R77 log.csv: it names the return_id "{said}')
    same = content.replace("A1", "r77").replace("A2", "R77")
    assert events(firm.load_text(same, "R77 log.csv"), "return_id", "tab") == [("R77", "Client")] * 2


def test_another_tab_than_that_of_the_name_refuses_the_file(tmp_path: Path) -> None:
    named = NAMED.replace('"{return_id} *"', '"{return_id} {tab} log"')
    firm = Firm(tmp_path, "\n".join(line for line in named.splitlines() if not line.startswith("sheet = ")))
    table = "Event,Date/Time\n" + ROWS
    copied = "Client Tracking\n{}Internal Tracking\n{}".format(*UPLOADS)
    for content in ("Internal Tracking\n" + table, copied):
        assert firm.refusal(content, "R1 Client log.csv") == (
            'R1 Client log.csv: it names the tab "Internal", and its name or the settings give "Client". '
            "Correct one, or load each as a file of its own."
        )
    # Both captions above the headings are the names of the tabs.
    for above in ("Client Tracking\n", "Client Tracking\nInternal Tracking\n"):
        assert len(events(firm.load_text(above + table, f"R{len(above)} Client log.csv"), "tab")) == 2


def test_links_pipes_and_missing_files_are_refused(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    secret = firm.file("secret.csv", GOOD)
    link, pipe, dangling = tmp_path / "link.csv", tmp_path / "pipe.csv", tmp_path / "dangling.csv"
    link.symlink_to(secret)
    dangling.symlink_to(tmp_path / "nowhere")
    os.mkfifo(pipe)
    missing = tmp_path / "missing.csv"
    assert [str(outcome) for outcome in firm.load(link, dangling, pipe, missing)] == [
        f"{link}: a symbolic link. Load the file that it points to.",
        f"{dangling}: a symbolic link. Load the file that it points to.",
        f"{pipe}: not a regular file.",
        f"{missing}: there is no such file.",
    ]
    assert firm.parts == []
    assert sorted(row["file_name"] for row in refusals(firm.data)) == ["dangling.csv", "link.csv", "pipe.csv"]


def test_folders_are_walked_without_links_and_hidden_files(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    inner = tmp_path / "season" / "b"
    inner.mkdir(parents=True)
    for number, name in enumerate(["season/c.csv", "season/b/a.csv", "season/.hidden.csv", "season/a.csv"]):
        firm.file(name, GOOD + f"r{number},Client,Up,2026-03-04\n")
    (tmp_path / "season" / "d").symlink_to(tmp_path)
    outcomes = firm.load(tmp_path / "season")
    names = [Path(outcome.name).relative_to(tmp_path / "season").as_posix() for outcome in outcomes]
    assert names == ["a.csv", "b/a.csv", "c.csv", "d"]
    assert [outcome.state for outcome in outcomes] == ["loaded"] * 3 + ["refused"]


@pytest.mark.parametrize(
    "name",
    ["CON", "a\nb.csv", "'; drop table staged; --.csv", "🦆.csv", "..csv", "-rf", "%s{x}.csv", "x" * 240],
)
def test_strange_names_are_only_names(tmp_path: Path, name: str) -> None:
    firm = Firm(tmp_path)
    part = firm.load_text(GOOD, name)
    assert part.ledger["file_name"] == name
    assert {path.parts[0] for path in tree(firm.data.root)} == {"settings.toml", "store"}


def test_counts_that_do_not_add_up_refuse_the_file(tmp_path: Path) -> None:
    """No known file causes this, so the test makes the tables of a reader that dropped a record."""
    source = Source("log", "events", ("*",), "oak", "UTC", "UTC", ("%Y-%m-%d",))
    headings = HEAD.split(",")
    with duckdb.connect() as database:
        database.execute("set timezone = 'UTC'")
        record = "1 as row_no, 'r1' as c0, 'Client' as c1, 'Up' as c2, '2026-03-04' as c3"
        database.execute(f"create table staged as select {record}")
        database.execute("create table malformed (row_no bigint, reason varchar, record varchar)")
        with pytest.raises(Problem) as raised:
            columns = map_columns(headings, source)
            write_part(
                database, Staged(headings, 2), columns, "f1", tmp_path, lambda: b"", Purged(), Limits()
            )
    assert str(raised.value) == (
        "2 records were counted, but 1 stored, 0 quarantined. Nothing was loaded from it."
    )
