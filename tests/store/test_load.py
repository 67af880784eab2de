"""A loaded file becomes a part: records in the columns of the contract, counts in the ledger."""

import hashlib
import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.config.source import Source, file_columns
from etl.read.tidy import split_quoted, tidied
from etl.store.columns import Columns
from etl.store.contents import EVENT, SET
from etl.store.mapping import PATTERN, SUBJECT, tidy_labels
from etl.store.texts import collect_texts
from support.loaded_files import Firm, events, quarantined, tree

LOG = """Return ID,Tab,Event,Status,Date/Time,Office,Shoe Size
r1,Client Tracking,Taxpayer: Initial Email,Bounced,03/04/2026 02:05:09 PM,Austin,44
r1,User Tracking,Deliver to Client,,03/04/2026 02:05 PM,,
"""


def first_row(file: Path) -> dict[str, object]:
    """The values of a file's first row that are not null."""
    row = pl.read_parquet(file).row(0, named=True)
    return {name: value for name, value in row.items() if value is not None}


def test_a_log_becomes_a_part(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    file = firm.file("log.csv", LOG)
    [outcome] = firm.load(file)
    assert str(outcome) == f"{file}: loaded, 2 of 2 records."
    assert outcome.part is not None
    at = datetime(2026, 3, 4, 19, 5, 9)
    microseconds = int(at.replace(tzinfo=UTC).timestamp()) * 1_000_000
    content = ["firm", "r1", "Client", "Taxpayer: Initial Email", "Bounced", str(microseconds)]
    row_hash = hashlib.md5("\0".join([*content, "", "", ""]).encode()).hexdigest()
    assert first_row(outcome.part.data) == {
        "set_no": 1,
        "tab": "Client",
        "pattern": "Taxpayer: Initial Email",
        "status": "Bounced",
        "format_no": 1,
        "utc_minutes": -300,
        "event_at": at,
        "event_on": date(2026, 3, 4),
        "extra": '{"Shoe Size": "44"}',
        "row_no": 1,
        "content_hash": int(row_hash[:16], 16) - 2**63,
    }
    assert events(outcome.part, "tab", "label", "event_at", "status", "office", "extra", "row_no")[1] == (
        "Internal",
        "Deliver to Client",
        datetime(2026, 3, 4, 19, 5),
        None,
        None,
        None,
        2,
    )


def test_the_ledger_has_every_fact_of_the_load(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    more = "r2,Client,Uploaded,,03/04/2026 02:05 PM,,\n" * 6
    bad = "r2,Nowhere,Uploaded,,03/04/2026 02:05 PM,,\nr2,Client"
    part = firm.load_text(LOG + more + bad, "march.csv")
    ledger = json.loads((part.folder / "ledger.json").read_text())
    assert ledger == part.ledger
    assert datetime.now(UTC) - datetime.fromisoformat(ledger.pop("loaded_at")) < timedelta(minutes=1)
    assert ledger.pop("file_id") == ledger.pop("content_id") == part.folder.name
    assert ledger.pop("packed_sha256")[:16] == part.folder.name
    assert (len(ledger.pop("source_digest")), ledger.pop("version")) == (16, "0.1.0")
    assert len(ledger.pop("seal")) == len(ledger["sha256"]["events.parquet"]) == 64
    assert sorted(ledger.pop("sha256")) == ["attributes.parquet", "events.parquet", "quarantine.parquet"]
    assert ledger == {
        "part_version": 2,
        "file_name": "march.csv",
        "source": "user tracking",
        "kind": "events",
        "state": "loaded",
        "reason": "the last line has no end, so the file may have been cut",
        "record_count": 10,
        "kept_count": 8,
        "quarantined_count": 2,
        "purged_count": 0,
        "redacted_count": 0,
        "time_zone": None,
        "unmapped_columns": ["Shoe Size"],
        "names_id": None,
        "source_firm_id": "firm",
    }
    assert {path.name for path in part.folder.iterdir()} == {
        "attributes.parquet",
        "events.parquet",
        "ledger.json",
        "quarantine.parquet",
    }
    assert quarantined(part) == [
        (
            9,
            "unknown_tab",
            '{"Return ID": "r2", "Tab": "Nowhere", "Event": "Uploaded", "Date/Time": "03/04/2026 02:05 PM"}',
        ),
        (10, "wrong_field_count", "r2,Client"),
    ]


def test_each_reason_for_quarantine(tmp_path: Path) -> None:
    rows = {
        " ,Client,Uploaded,2026-03-04": "empty_return_id",
        "r1,Client,,2026-03-04": "empty_label",
        "r1,Client, \u200b\u00a0,2026-03-04": "empty_label",
        "r1,,Uploaded,2026-03-04": "unknown_tab",
        "r1,Firm,Uploaded,2026-03-04": "unknown_tab",
        "r1,Client,Uploaded,": "missing_time",
        "r1,Client,Uploaded, \u00a0": "missing_time",
        "r1,Client,Uploaded,2026-03-04 10:00 Ann": "unknown_zone",
        "r1,Client,Uploaded,soon": "unreadable_time",
        "r1,Client,Uploaded,1999-03-04": "time_out_of_range",
        '"{""id"": 7}",Client,Uploaded,2026-03-04': "not_a_text",
        'r1,"[""Client""]",Uploaded,2026-03-04': "not_a_text",
        'r1,Client," {""name"": ""Uploaded""}",2026-03-04': "not_a_text",
        "r1,Client,Uploaded": "wrong_field_count",
        'r1,Client,Up"loaded,2026-03-04,"': "open_quote",
    }
    part = Firm(tmp_path).load_text(
        "\n".join(
            [
                "return_id,tab,label,event_time",
                *rows,
                "r1,Client,null,2026-03-04",
                "[a],Client,{b},2026-03-04\n",
            ]
        )
    )
    assert [reason for _, reason, _ in quarantined(part)] == list(rows.values())
    assert events(part, "label", "row_no") == [("null", len(rows) + 1), ("{b}", len(rows) + 2)]


def test_tabs_in_every_spelling(tmp_path: Path) -> None:
    spellings = [
        "Client",
        "client",
        "CLIENT TRACKING",
        " Client_Tracking ",
        "Client-Tracking",
        "ClientTracking",
        "Internal",
        "internal tracking",
        "User Tracking",
        "usertracking",
        "Internal\u00a0Tracking",
    ]
    text = "".join(f"r1,{tab},Uploaded,2026-03-04\n" for tab in spellings)
    part = Firm(tmp_path).load_text("return_id,tab,label,event_time\n" + text)
    assert [tab for (tab,) in events(part, "tab")] == ["Client"] * 6 + ["Internal"] * 5


def test_attributes_are_read_or_stored_as_extra(tmp_path: Path) -> None:
    head = "return_id,tab,label,event_time,tax_year,is_joint,is_extended,due_date,Office,Colour"
    rows = [
        "2024,yes,FALSE,2026-04-15, Austin ,",
        "2025,Y,0,04/15/2026,Austin\u00a0,red",
        "2025,1,No,4/15/2026 12:00:00 AM,,",
        "2025,true,n,2026-04-15T00:00:00-04:00,,",
        "24,maybe,?,soon,,red",
        "2024.5,,,04/15/26,,",
        "2e03,,,2026-04-31,,",
        ",,,,,",
    ]
    part = Firm(tmp_path).load_text(
        "\n".join([head, *(f"r1,Client,Uploaded,2026-03-04,{row}" for row in rows), ""])
    )
    due = date(2026, 4, 15)
    assert events(part, "tax_year", "is_joint", "is_extended", "due_date", "office", "extra") == [
        (2024, True, False, due, "Austin", None),
        (2025, True, False, due, "Austin", '{"Colour": "red"}'),
        (2025, True, False, due, None, None),
        (2025, True, False, due, None, None),
        (
            None,
            None,
            None,
            None,
            None,
            '{"Colour": "red", "tax_year": "24", "is_joint": "maybe", '
            '"due_date": "soon", "is_extended": "?"}',
        ),
        (None, None, None, None, None, '{"tax_year": "2024.5", "due_date": "04/15/26"}'),
        (None, None, None, None, None, '{"tax_year": "2e03", "due_date": "2026-04-31"}'),
        (None, None, None, None, None, None),
    ]


def test_a_constant_fills_every_row_and_wins_over_a_column(tmp_path: Path) -> None:
    settings = """
        [firm]
        timezone = "UTC"
        [[source]]
        name = "log"
        files = ["*"]
        firm_id = "oak"
        time_formats = ["%Y-%m-%d"]
        [source.columns]
        return_id = ["Return"]
        [source.constants]
        tab = "User Tracking"
        tax_year = 2024
        is_joint = true
    """
    rows = "r1,Client,Up,2026-03-04,elm\nr2,,Up,2026-03-04,\n"
    part = Firm(tmp_path, settings).load_text(f"Return,Tab,Label,Event Time,Firm ID\n{rows}")
    assert events(part, "firm_id", "tab", "tax_year", "is_joint", "extra") == [
        ("elm", "Internal", 2024, True, '{"Tab": "Client"}'),
        ("oak", "Internal", 2024, True, None),
    ]


def test_a_returns_list_becomes_a_part(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    part = firm.load_text(
        "Return ID,Client Name,Tax Year,Joint,Due Date,Exported At,Note\n"
        "r1,Ann Lee,2025,Yes,04/15/2026,03/04/2026 02:05 PM,\n"
        "r2,,,,,never,call\n"
        ",Bob,,,,,\n",
        "register.csv",
    )
    assert part.data.name == "returns.parquet"
    assert tuple(pl.read_parquet(part.data).columns) == file_columns("returns")
    names = (
        "firm_id",
        "return_id",
        "exported_at",
        "client_name",
        "tax_year",
        "is_joint",
        "due_date",
        "extra",
    )
    assert events(part, *names) == [
        ("firm", "r1", datetime(2026, 3, 4, 19, 5), "Ann Lee", 2025, True, date(2026, 4, 15), None),
        ("firm", "r2", None, None, None, None, None, '{"Note": "call", "Exported At": "never"}'),
    ]
    assert quarantined(part) == [(3, "empty_return_id", '{"Client Name": "Bob"}')]


def test_a_file_without_records_is_loaded(tmp_path: Path) -> None:
    part = Firm(tmp_path).load_text("return_id,tab,label,event_time\n")
    assert (part.ledger["record_count"], events(part, "label"), quarantined(part)) == (0, [], [])


def test_headings_and_values_with_quotes_are_data(tmp_path: Path) -> None:
    head = 'return_id,tab,label,event_time,"O\'Brien ""x"" {y} %s"'
    part = Firm(tmp_path).load_text(head + '\nr1,Client,"a ""b"" c",2026-03-04,"d\'e ""f"" \\"\n')
    [(label, shape, inside, extra)] = events(part, "label", "pattern", "subject", "extra")
    assert (label, shape, inside) == ('a "b" c', 'a "..." c', "b")
    assert json.loads(extra) == {'O\'Brien "x" {y} %s': 'd\'e "f" \\'}


ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
PLAIN = st.text('ab "', max_size=9)
LABELS = PLAIN | st.text(st.sampled_from("ab \"“”„'’\u00a0\t\u200bﬁé:-") | ANY, max_size=14)


def test_labels_are_tidied_and_split_like_python_does() -> None:
    """The SQL for plain labels and the Python for others give the results of etl/read/tidy.py."""
    source = Source("log", "events", ("*",), "oak", "UTC", "UTC")
    columns = Columns(["label", "event_time"], source, {"label": 0, "event_time": 1}, unmapped=[])
    with duckdb.connect() as whole:

        @settings(deadline=None, max_examples=150)
        @given(labels=st.lists(LABELS, min_size=1, max_size=30))
        def holds(labels: list[str]) -> None:
            # A connection of its own has temporary tables of its own, and costs less than a database.
            with whole.cursor() as database:
                database.execute(
                    "create or replace table malformed (row_no bigint, reason varchar, record varchar)"
                )
                staged = "select unnest(range(len($1))) as row_no, unnest($1) as c0, null::varchar as c1"
                database.execute(f"create or replace table staged as {staged}", [labels])
                collect_texts(database, columns)
                tidy, join = tidy_labels(database, columns, "c0")
                found = database.execute(f"""
                    select tidy, {PATTERN}, {SUBJECT}
                    from (select row_no, {tidy} as tidy from staged {join})
                    order by row_no
                """).fetchall()
            assert found == [(tidied(label), *split_quoted(tidied(label))) for label in labels]

        holds()


def test_a_long_file_is_read_like_a_short_one(tmp_path: Path) -> None:
    """Beyond the sample some columns are collected and some not; both are trimmed, redacted and tidied."""
    rows = 60_000
    lines = [f"r{no},Client,Event “{no % 7}”,2026-03-04,office {no % 3} ,{no}" for no in range(rows)]
    lines[55_000] = 'r55000,Client,"Document ""078-05-1121.pdf""",2026-03-04, 078-05-1121 ,x 078-05-1121'
    part = Firm(tmp_path).load_text(
        "return_id,tab,label,event_time,office,source_event_id\n" + "\n".join([*lines, ""])
    )
    assert (part.ledger["kept_count"], part.ledger["redacted_count"]) == (rows, 3)
    columns = ("return_id", "pattern", "subject", "office", "source_event_id", "row_no")
    found = events(part, *columns)
    assert found[:54_999:7_000] == [
        (f"r{number}", 'Event "..."', str(number % 7), f"office {number % 3}", str(number), number + 1)
        for number in range(0, 54_999, 7_000)
    ]
    assert found[55_000] == ("r55000", 'Document "..."', "[TIN].pdf", "[TIN]", "x [TIN]", 55_001)
    assert [row[-1] for row in found] == list(range(1, rows + 1))


def test_one_log_in_five_formats(tmp_path: Path) -> None:
    """CSV, JSON lines, a JSON array, Parquet and Excel become the same records."""
    headings = ("return_id", "tab", "label", "status", "event_time", "Shoe")
    rows = [
        ("r1", "Client", 'Document "a, b.pdf"', None, "03/04/2026 02:05 PM", "44"),
        ("r1", "Client", 'Document "a, b.pdf"', None, "2026-03-04T19:05:00Z", None),
        ("r2", "Internal", "null", "Open", "2026-03-04", "x 078-05-1121"),
        ("r2", "Nowhere", "Up", None, "2026-03-04", None),
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(headings, pl.String), orient="row")
    objects = [dict(zip(headings, row, strict=True)) for row in rows]
    parquet, excel = io.BytesIO(), io.BytesIO()
    frame.write_parquet(parquet)
    frame.write_excel(excel)
    files = {
        "a.csv": frame.write_csv().encode(),
        "a.ndjson": "".join(json.dumps(one) + "\n" for one in objects).encode(),
        "a.json": json.dumps(objects).encode(),
        "a.parquet": parquet.getvalue(),
        "a.xlsx": excel.getvalue(),
    }
    firm = Firm(tmp_path)
    found = []
    for name, content in files.items():
        part = firm.load_text(content, name)
        ledger = {
            key: part.ledger[key]
            for key in ("record_count", "kept_count", "redacted_count", "unmapped_columns")
        }
        found.append((events(part, EVENT, SET, "content_hash"), quarantined(part), ledger))
    assert all(one == found[0] for one in found)
    assert found[0][2] == {
        "record_count": 4,
        "kept_count": 3,
        "redacted_count": 1,
        "unmapped_columns": ["Shoe"],
    }


def test_a_file_of_five_hundred_columns(tmp_path: Path) -> None:
    extra = [f"Shoe {number}" for number in range(496)]
    text = ",".join(["return_id", "tab", "label", "event_time", *extra]) + "\n"
    text += ",".join(["r1", "Client", "Up", "2026-03-04", *map(str, range(496))]) + "\n"
    [(found,)] = events(Firm(tmp_path).load_text(text), "extra")
    assert json.loads(found) == {f"Shoe {number}": str(number) for number in range(496)}


def test_nothing_is_left_beside_the_part(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    part = firm.load_text(LOG)
    assert {path.parts[0] for path in tree(firm.data.root)} == {"settings.toml", "store"}
    assert {path.parts[0] for path in tree(firm.data.store)} == {part.folder.name}
