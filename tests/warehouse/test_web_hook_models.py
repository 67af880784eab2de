"""What web hooks prove: an e-signature with its moment, a delivery; and where they contradict the log."""

import json
import re
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.common.paths import QUERIES, DataDir
from etl.sql.catalog import read_catalog
from etl.upkeep.purge import purge
from etl.upkeep.verify import verify
from etl.warehouse.build import BuildResult, build
from support.hooks import ALL, ESIGN, LEE, STATUSES, Body, changed, esign, lines, received, status
from support.loaded_files import Firm
from support.warehouses import queries_of

HEAD = "return_id,tab,label,status,event_time,email,client_id,client_name,return_type,tax_year,is_joint\n"
ROBIN = ("Spouse", "Robin Lee", "robin@mailbox.example")


# What these tests ask for, beside the tables.
REPORTS = ("evidence_lines", "load_quality", "return_timeline", "signature_evidence", "web_hooks_to_check")


class HookFirm(Firm):
    """A firm that is built with all tables and the reports that the tests ask for."""

    queries = QUERIES

    def build(self, as_of: Any = None, full: bool = False) -> BuildResult:
        return build(self.data, as_of, self.queries, full=full)


@pytest.fixture(scope="module", autouse=True)
def few_reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    tables = [file.full_name for file in read_catalog().of("model", "mart")]
    reports = [f"report.{name}" for name in REPORTS]
    with pytest.MonkeyPatch.context() as patch:
        queries = queries_of(tmp_path_factory.mktemp("few reports"), *tables, *reports)
        patch.setattr(HookFirm, "queries", queries)
        yield


def log(*rows: str, client: str = "C-001,,1040,2025,") -> str:
    """A log of User Tracking; times are UTC. A row is a return, tab, label, status, time and address."""
    return HEAD + "".join(f"{row},{client}\n" for row in rows)


def built(folder: Path, *bodies: Body, logs: tuple[str, ...] = (), as_of: Any = None) -> HookFirm:
    """A firm that has loaded its logs, and its web hooks in one file."""
    firm = HookFirm(folder)
    for number, text in enumerate(logs):
        firm.load_text(text, f"{number}.csv")
    if bodies:
        firm.load(firm.file("hooks.ndjson", lines(*bodies)))
    firm.build(as_of)
    return firm


def ask(data: DataDir, query: str) -> list[tuple]:
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        return database.execute(query).fetchall()


def deliveries(firm: Firm) -> list[tuple]:
    query = """
        select return_id, cycle_no, strftime(delivered_at, '%m-%d %H:%M'),
            strftime(signed_at, '%m-%d %H:%M:%S'), signed_basis, signature_state
        from mart.deliveries order by all
    """
    return ask(firm.data, query)


def findings(firm: Firm) -> list[tuple]:
    """What load_quality says of web hooks."""
    rows = sorted(ask(firm.data, "select finding, subject, record_count from report.load_quality()"))
    return [row for row in rows if row[0] not in ("file", "missing attribute")]


def tables(firm: Firm) -> dict[str, list[tuple]]:
    """The tables that people use, without the file that an event is in."""
    names = ask(
        firm.data, "select distinct name from main.catalog where kind = 'table' and name like 'mart.%'"
    )
    with duckdb.connect(str(firm.data.warehouse), read_only=True) as database:
        return {
            name: database.execute(
                f"select columns(lambda c: c not in ('file_id', 'row_no')) from {name} order by all"
            ).fetchall()
            for (name,) in names
        }


def test_a_web_hook_shows_the_moment_of_the_signature(tmp_path: Path) -> None:
    firm = built(tmp_path, *ALL)
    assert deliveries(firm) == [
        ("TR000001", 1, "03-04 15:10", "03-08 20:15:00", "seen", "signed"),
        ("TR000002", 1, "03-05 16:00", None, None, "not signed"),
        ("TR000002", 2, "03-09 17:45", None, None, "not signed"),
    ]
    recalls = "select return_id, cycle_no, strftime(recalled_at, '%m-%d %H:%M') from mart.recalls"
    assert ask(firm.data, recalls) == [("TR000002", 1, "03-06 09:30")]
    query = "select return_id, is_joint, office, next_step, why from mart.returns order by return_id"
    signed = "Everyone who must sign has e-signed, and the firm has not picked up the forms since."
    assert ask(firm.data, query) == [
        ("TR000001", True, "Austin", "pick_up", signed),
        (
            "TR000002",
            False,
            None,
            "remind_to_open",
            "The return was delivered, the log shows no email of it, and nobody has accessed it.",
        ),
    ]
    assert findings(firm) == [("web hook of another product", "3001 (signatures)", 1)]
    query = "select signature, signing_time, strftime(signing_time_at, '%H:%M:%S'), signing_method "
    query += "from report.signature_evidence() where return_id = 'TR000001' order by signer"
    assert sorted(ask(firm.data, query)) == [
        ("e-signed", "at the e-signature", "20:15:00", "electronically"),
        (
            "e-signed",
            "not after the last e-signature",
            "20:15:30",
            "electronically (implied by E-signed by all)",
        ),
    ]
    query = "select code, logged_label, row_no from report.evidence_lines(for_return := 'TR000001')"
    assert ask(firm.data, query)[2:] == [
        ("signature_seen", "Taxpayer: E-signed (web hook)", 1),
        ("return_esigned", "Web hook: E-signed", 3),
    ]
    query = "select code, logged_label, file_name from report.return_timeline(for_return := 'TR000001')"
    assert ask(firm.data, query)[2:] == [
        ("signature_seen", "Taxpayer: E-signed (web hook)", "hooks.ndjson › other bodies"),
        ("return_esigned", "Web hook: E-signed", "hooks.ndjson › status changes"),
    ]


def test_the_same_bodies_again_change_no_table(tmp_path: Path) -> None:
    firm = HookFirm(tmp_path)
    for number, body in enumerate(ALL):
        firm.load(firm.file(f"{number}.json", json.dumps(body)))
    firm.build()
    before = tables(firm)
    firm.load(firm.file("many.ndjson", lines(*map(received, ALL))))
    firm.build()
    assert tables(firm) == before


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple]]:
    """The tables of all bodies in one file."""
    return tables(built(tmp_path_factory.mktemp("plain"), *map(received, ALL)))


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10_000), files=st.integers(1, 4))
def test_neither_order_nor_repetition_nor_files_matter(
    tmp_path_factory: pytest.TempPathFactory, plain: dict[str, list[tuple]], seed: int, files: int
) -> None:
    random, folder = Random(seed), tmp_path_factory.mktemp("shuffled")
    bodies = [*map(received, ALL), *random.choices([*ALL, *map(received, ALL)], k=5)]
    random.shuffle(bodies)
    firm = HookFirm(folder)
    for number in range(files):
        firm.load(firm.file(f"{number}.ndjson", lines(*bodies[number::files])))
    firm.build()
    assert tables(firm) == plain


TRACKED = log(
    "TR000002,Internal,Deliver to Company,,2026-03-05T16:00:20Z,",
    "TR000002,Internal,Recalled return,,2026-03-06T09:29:40Z,",
    "TR000002,Client,Tax Return,Recalled,2026-03-06T09:30:45Z,",
    "TR000002,Internal,Deliver to Company,,2026-03-09T17:44:00Z,",
    "TR000002,Internal,Download PDF,,2026-03-20T09:00:00Z,",
    client="C-002,Maple Dental,1120,2025,",
)


def test_a_status_and_its_event_are_one(tmp_path: Path) -> None:
    """Whichever of them comes first; both are in the timeline."""
    firm = built(tmp_path, *STATUSES, logs=(TRACKED,))
    query = """
        select label, cycle_no, is_repeat from model.events where return_id = 'TR000002' order by event_no
    """
    assert ask(firm.data, query) == [
        ("Web hook: Delivered", 1, True),
        ("Deliver to Company", 1, False),
        ("Recalled return", 1, False),
        ("Web hook: Recalled", 1, True),
        ("Tax Return", 1, True),
        ("Deliver to Company", 2, False),
        ("Web hook: Delivered", 2, True),
        ("Download PDF", 2, False),
    ]
    assert [row[:3] for row in deliveries(firm) if row[0] == "TR000002"] == [
        ("TR000002", 1, "03-05 16:00"),
        ("TR000002", 2, "03-09 17:44"),
    ]
    assert findings(firm) == [("return only in web hooks", "firm", 1)]


def test_contradictions_are_listed_and_neither_is_preferred(tmp_path: Path) -> None:
    """The log lacks the recall and the second delivery; the web hooks lack another recall."""
    without = "\n".join(
        line for line in TRACKED.splitlines() if "ecalled" not in line and "17:44" not in line
    )
    more = log(
        "TR000002,Internal,Recalled return,,2026-03-08T09:00:00Z,", client="C-002,Maple Dental,1120,2025,"
    )
    firm = built(tmp_path, *STATUSES, logs=(without, more))
    assert findings(firm) == [
        ("event without status", "Recalled", 1),
        ("return only in web hooks", "firm", 1),
        ("status without event", "Delivered", 1),
        ("status without event", "Recalled", 1),
    ]
    query = """
        select finding, subject, return_id, strftime(happened_at, '%m-%d %H:%M'), file_name
        from report.web_hooks_to_check() where return_id = 'TR000002'
    """
    assert ask(firm.data, query) == [
        ("status without event", "Delivered", "TR000002", "03-09 17:45", "hooks.ndjson › status changes"),
        ("event without status", "Recalled", "TR000002", "03-08 09:00", "1.csv"),
        ("status without event", "Recalled", "TR000002", "03-06 09:30", "hooks.ndjson › status changes"),
    ]
    assert ask(firm.data, "select count(*) from mart.recalls") == [(2,)]


def couple(*more: str) -> str:
    return log(
        "r1,Internal,Deliver to Taxpayer/Spouse,,2026-03-04T15:10:00Z,",
        "r1,Client,Taxpayer: Initial Email,Processed,2026-03-04T15:10:05Z,avery@mailbox.example",
        "r1,Client,Spouse: Initial Email,Processed,2026-03-04T15:10:05Z,robin@mailbox.example",
        *more,
        client='C-001,"Lee, Avery & Robin",1040,2025,yes',
    )


def signed(at: str, *signers: tuple[str, str, str], **others: Any) -> Body:
    return esign(f"2026-03-{at}:00Z", "2026-03-04T15:10:00Z", *signers, **others)


def of_case(number: int, text: str) -> str:
    """A log or bodies with returns, clients and times of their own, so that cases can share a build."""
    text = re.sub(r"\b(r[0-9])\b", rf"case {number} \1", text)
    text = text.replace("03-04T15:", f"03-04T{number:02}:")
    return re.sub(r"(?i)\blee\b", f"Lee{number}", text).replace("@mailbox", f"@mailbox{number}")


COUPLES = [
    ([signed("06T10:00", LEE, ROBIN)], (), ("03-06 10:00:00", "seen", "signed")),
    ([signed("06T10:00", LEE), signed("07T11:00", ROBIN)], (), ("03-07 11:00:00", "seen", "signed")),
    ([signed("06T10:00", LEE)], (), (None, None, "partly signed")),
    ([signed("06T10:00", ("Filer", *LEE[1:]))], (), (None, None, "partly signed")),
    ([signed("06T10:00", LEE), signed("06T10:00", LEE)], (), (None, None, "partly signed")),
    (
        [signed("06T10:00", LEE)],
        ("r1,Internal,E-File Forms Downloaded,,2026-03-09T09:00:00Z,",),
        ("03-09 09:00:00", "picked_up", "signed"),
    ),
    # Before the delivery, and after its recall, it is no signature of it.
    ([signed("03T10:00", LEE, ROBIN)], (), (None, None, "not signed")),
    (
        [signed("06T10:00", LEE, ROBIN)],
        ("r1,Internal,Recalled return,,2026-03-05T09:00:00Z,",),
        (None, None, "not signed"),
    ),
    # The status of all is dated by a signature just before it.
    (
        [signed("06T10:00", LEE), status("ESIGNED", "2026-03-07T11:00:30Z", taxReturnId="r1")],
        (),
        ("03-07 11:00:30", "seen", "signed"),
    ),
    (
        [signed("07T11:00", LEE), status("ESIGNED", "2026-03-07T11:00:30Z", taxReturnId="r1")],
        (),
        ("03-07 11:00:00", "seen", "signed"),
    ),
]


def test_two_people_sign_a_joint_return(tmp_path: Path) -> None:
    firm = HookFirm(tmp_path)
    for number, (bodies, more, _) in enumerate(COUPLES):
        firm.load_text(of_case(number, couple(*more)), f"{number}.csv")
        firm.load(firm.file(f"{number}.json", of_case(number, lines(*bodies))))
    firm.build()
    assert [row[3:] for row in deliveries(firm)] == [expected for _, _, expected in COUPLES]
    query = "select signer, strftime(esigned_at, '%d %H:%M') from mart.signers where return_id = 'case 9 r1'"
    assert sorted(ask(firm.data, query)) == [("spouse", None), ("taxpayer", "07 11:00")]


OTHER = "Taxpayer", "Somebody Else", "else@mailbox.example"
BY_NAME = log("r1,Internal,Deliver to Client,,2026-03-04T15:10:00Z,", client='C-1,"Lee, Avery",1040,2025,')


JOINS = [
    (signed("06T10:00", OTHER, taxReturnId="r1"), (BY_NAME,), "return id", 1),
    (signed("06T10:00", OTHER, taxReturnId="r9"), (BY_NAME,), None, 0),
    (signed("06T10:00", LEE), (BY_NAME,), "client", 1),
    (signed("06T10:00", ("Taxpayer", "AVERY  Lee", "")), (BY_NAME,), "client", 1),
    (signed("06T10:00", ("Taxpayer", "Avery Lee", ""), taxYear=2024), (BY_NAME,), None, 0),
    (signed("06T10:00", LEE, form="E1120"), (BY_NAME,), None, 0),
    (signed("06T10:00", OTHER), (BY_NAME,), None, 0),
    (signed("06T10:00", ("Spouse", "Somebody Else", "ROBIN@mailbox.example")), (couple(),), "client", 1),
    # Two returns of one client: the moment of the delivery decides, or nothing does.
    (
        signed("06T10:00", LEE),
        (BY_NAME, BY_NAME.replace("r1", "r2").replace("15:10:00", "15:20:00")),
        "client",
        2,
    ),
    (signed("06T10:00", LEE), (BY_NAME, BY_NAME.replace("r1", "r2")), None, 2),
    # No client in the log: the second of the delivery, if it is of one return.
    (
        signed("06T10:00", LEE),
        (log("r1,Internal,Deliver to Client,,2026-03-04T15:10:00Z,"),),
        "moment of delivery",
        1,
    ),
    (signed("06T10:00", LEE), (log("r1,Internal,Deliver to Client,,2026-03-04T15:12:00Z,"),), None, 0),
    (
        signed("06T10:00", LEE),
        (log(*(f"r{one},Internal,Deliver to Client,,2026-03-04T15:10:00Z," for one in (1, 2))),),
        None,
        2,
    ),
]


def test_a_signature_belongs_to_the_only_return_that_it_can(tmp_path: Path) -> None:
    firm = HookFirm(tmp_path)
    for number, (body, logs, _, _) in enumerate(JOINS):
        for part, text in enumerate(logs):
            firm.load_text(of_case(number, text), f"{number} {part}.csv")
        firm.load(firm.file(f"{number}.json", of_case(number, lines(body))))
    firm.build()
    query = """
        select try_cast(split_part(files.file_name, '.', 1) as integer) as number, joined_by, return_count
        from model.joined_signatures join raw.files as files using (file_id) order by number
    """
    expected = [(number, how, count) for number, (_, _, how, count) in enumerate(JOINS)]
    assert ask(firm.data, query) == expected
    query = "select return_id from model.events where code = 'signature_seen'"
    joined = [f"case {number} r1" for number, how, _ in expected if how]
    assert sorted(ask(firm.data, query)) == sorted((one,) for one in joined)
    assert findings(firm) == [("signature of no return", "firm", len(JOINS) - len(joined))]


def test_a_changed_client_is_below_the_returns_list_and_above_the_log(tmp_path: Path) -> None:
    text = log("r1,Internal,Upload,,2026-03-04T15:10:00Z,", client="C-001,Lee,1040,2025,no")
    changes = [
        received(changed("C-001", "Austin", True), "2026-03-02T00:00:00Z"),
        received(changed("C-001", "Boston", None), "2026-03-01T00:00:00Z"),
        received(changed("C-002", "Chicago", True)),
    ]
    firm = built(tmp_path, *changes, logs=(text,))
    query = "select is_joint, office from mart.returns"
    assert ask(firm.data, query) == [(True, "Austin")]
    firm.load_text("return_id,office\nr1,Denver\n", "register.csv")
    firm.build()
    assert ask(firm.data, query) == [(True, "Denver")]


def test_what_a_status_says_of_a_return_is_below_the_log(tmp_path: Path) -> None:
    text = log("TR000001,Internal,Upload,,2026-03-01T15:10:00Z,", client="C-7,Lee,1040-SR,2025,")
    firm = built(tmp_path, *STATUSES[:3], logs=(text,))
    assert ask(firm.data, "select client_id, return_type from mart.returns") == [("C-7", "1040SR")]


def test_one_more_day_of_web_hooks_is_a_full_build(tmp_path: Path) -> None:
    """Also where a later log makes it unclear which return a signature belongs to."""
    firm = built(tmp_path, changed("C-1", "Austin", None), logs=(BY_NAME,))
    for number, text in enumerate(
        (
            lines(signed("06T10:00", LEE)),
            lines(received(changed("C-1", "Boston", None), "2030-01-01T00:00:00Z"), STATUSES[1]),
            BY_NAME.replace("r1", "r2"),
        )
    ):
        firm.load(firm.file(f"more {number}.{'json' if text.startswith('{') else 'csv'}", text))
        assert firm.build().why_full is None
        appended = tables(firm)
        firm.build(full=True)
        assert tables(firm) == appended
    assert ("signature of no return", "firm", 1) in findings(firm)


def test_the_changed_clients_of_one_more_day_touch_their_returns(tmp_path: Path) -> None:
    others = log(
        *(f"other {one},Internal,Upload,,2026-03-01T09:00:00Z," for one in range(9)), client="C-2,,1040,2025,"
    )
    firm = built(tmp_path, logs=(BY_NAME, others))
    firm.load(firm.file("changed.json", lines(changed("C-1", "Austin", None))))
    result = firm.build()
    assert (result.why_full, result.remade) == (None, 1)
    assert ask(firm.data, "select distinct office from mart.returns where return_id = 'r1'") == [("Austin",)]


def test_verify_rebuilds_returns_with_web_hooks(tmp_path: Path) -> None:
    firm = built(tmp_path, *ALL, logs=(TRACKED, couple()))
    found = [finding for finding in verify(firm.data) if finding.severity not in ("note", "well")]
    # The folder of the test is readable.
    assert {finding.subject for finding in found} <= {"data directory"}, found


def test_a_purge_removes_the_web_hooks_of_a_return_for_good(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.data.inbox.mkdir(parents=True)
    for name in ("hooks.ndjson", "again.json"):
        (firm.data.inbox / name).write_text(lines(*(ALL if name == "hooks.ndjson" else [ESIGN])))
    firm.load_inbox()
    build(firm.data)
    options = Namespace(return_id="TR000001", firm=None, before=None, file_id=None, yes=True)
    assert purge(firm.data, options) == 0
    firm.load(firm.file("later.json", lines(received(ESIGN), STATUSES[3])))
    build(firm.data)
    assert ask(firm.data, "select return_id from mart.returns") == [("TR000002",)]
    assert ask(firm.data, "select body from raw.webhook") == [("other",)]
    for path in filter(Path.is_file, firm.data.root.rglob("*")):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content = str(duckdb.sql(f"from '{path}'").fetchall()).encode()
        assert b"Avery" not in content and b"TR000001" not in content, path
