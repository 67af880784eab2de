"""Web hooks: each body of a file is counted in one content, and no link to a document is stored."""

import base64
import gzip
import io
import json
import zipfile
from pathlib import Path

import duckdb
import pytest

from etl.common.paths import SHIPPED
from etl.read.web_hooks import LINK as LINKS
from etl.read.web_hooks import REMOVED
from etl.store.contents import rows_of
from support.hooks import ALL, ESIGN, LEE, LINK, STATUSES, changed, esign, lines, other, received, status
from support.loaded_files import Firm, events, quarantined, tree

COUNTS = ("file_name", "kind", "record_count", "kept_count", "quarantined_count", "purged_count")


def ledger(firm: Firm) -> set[tuple]:
    return {tuple(part.ledger.get(name, 0) for name in COUNTS) for part in firm.parts}


def hooks(firm: Firm, columns: str) -> list[tuple]:
    """The records of web hooks that are no status changes."""
    [part] = [part for part in firm.parts if part.kind == "webhook"]
    return duckdb.sql(f"select {columns} {rows_of(part)} order by row_no").fetchall()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("many.ndjson", lines(*ALL).encode()),
        ("in envelopes.jsonl", lines(*map(received, ALL)).encode()),
        ("one list.json", json.dumps(ALL).encode()),
        ("one list in an envelope.json", json.dumps(received(ALL)).encode()),
        ("bodies as texts.json", json.dumps([received(json.dumps(body)) for body in ALL]).encode()),
        ("one after the other.json", "\n".join(json.dumps(body, indent=2) for body in ALL).encode()),
        ("with a mark.json", json.dumps(ALL).encode("utf-8-sig")),
        ("with marks inside.ndjson", b"".join(lines(body).encode("utf-8-sig") for body in ALL)),
        ("one text.json", json.dumps(json.dumps(ALL, indent=2)).encode()),
        ("texts of texts.json", json.dumps({"body": json.dumps(json.dumps(ALL))}).encode()),
        ("a text in each line.ndjson", "\n".join(json.dumps(json.dumps(body)) for body in ALL).encode()),
        ("from n8n.json", json.dumps([{"headers": {"host": "a"}, "body": body} for body in ALL]).encode()),
        ("from a cloud.json", json.dumps([{"specversion": "1.0", "data": body} for body in ALL]).encode()),
        ("of a grid.json", json.dumps([{"eventType": "Hook", "data": body} for body in ALL]).encode()),
        ("of a queue.json", json.dumps({"Records": [{"body": json.dumps(body)} for body in ALL]}).encode()),
        ("packed.ndjson.gz", gzip.compress(lines(*ALL).encode())),
    ],
)
def test_bodies_in_every_form_are_the_same_records(tmp_path: Path, name: str, content: bytes) -> None:
    firm = Firm(tmp_path)
    assert {outcome.state for outcome in firm.load(firm.file(name, content))} == {"loaded"}
    assert ledger(firm) == {
        (f"{name} › status changes", "events", 6, 6, 0, 0),
        (f"{name} › other bodies", "webhook", 3, 3, 0, 0),
    }
    [log] = [part for part in firm.parts if part.kind == "events"]
    columns = "return_id, tab, pattern, event_at, client_id, return_type, tax_year"
    found = duckdb.sql(f"select {columns} {rows_of(log)} order by return_id, event_at").fetchall()
    assert [(*row[:3], f"{row[3]:%m-%d %H:%M:%S}", *row[4:]) for row in found] == [
        ("TR000001", "Internal", "Web hook: Processing", "03-02 14:00:00", "C-001", "E1040", 2025),
        ("TR000001", "Internal", "Web hook: Delivered", "03-04 15:10:00", "C-001", "E1040", 2025),
        ("TR000001", "Internal", "Web hook: E-signed", "03-08 20:15:30", "C-001", "E1040", 2025),
        ("TR000002", "Internal", "Web hook: Delivered", "03-05 16:00:00", "C-002", "E1120", 2025),
        ("TR000002", "Internal", "Web hook: Recalled", "03-06 09:30:00", "C-002", "E1120", 2025),
        ("TR000002", "Internal", "Web hook: Delivered", "03-09 17:45:00", "C-002", "E1120", 2025),
    ]
    columns = "body, product, client_name, signer, signer_email, documents, client_id, is_joint, office"
    assert hooks(firm, columns) == [
        ("signature", None, "Avery Lee", "Taxpayer", "avery@mailbox.example", "8879.pdf", None, None, None),
        ("client", None, None, None, None, None, "C-001", True, "Austin"),
        ("other", "3001 (signatures)", None, None, None, None, None, None, None),
    ]


def test_one_body_a_file_loads_alone_and_together(tmp_path: Path) -> None:
    alone, together = Firm(tmp_path / "alone"), Firm(tmp_path / "together")
    for firm in (alone, together):
        for number, body in enumerate(ALL):
            firm.file(f"{number}.json", json.dumps(body, indent=2))
    files = sorted(path.name for path in alone.folder.glob("*.json"))
    for name in files:
        alone.load(alone.folder / name)
    together.load(*(together.folder / name for name in files))
    assert ledger(alone) == ledger(together)
    assert len(ledger(alone)) == len(ALL)
    assert {part.file_id for part in alone.parts} == {part.file_id for part in together.parts}


def test_a_body_that_comes_again_is_known(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.load(firm.file("status-3.json", json.dumps(STATUSES[2], indent=2)))
    [again] = firm.load(firm.file("status-3-again.json", lines(received(STATUSES[2]))))
    assert again.state == "known"


def test_every_body_is_counted_and_what_is_none_is_quarantined(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    bodies = [
        *STATUSES,
        status("DELIVERED", "soon"),
        status("DELIVERED", "2026-03-05T16:00:00Z", taxReturnId=None),
        ESIGN | {"signedOn": "then"},
        ESIGN | {"signatureStatus": "Declined"},
        changed("", "Austin", True),
        changed("C-001", "Austin", True),
        {"hello": "world", "see": "https://documents.example/two?sig=secret"},
        other(2001),
    ]
    text = lines(*bodies) + 'broken "https://documents.example/three?sig=secret"\n[1, 2]\n\n'
    firm.load(firm.file("many.ndjson", text))
    assert ledger(firm) == {
        ("many.ndjson › status changes", "events", 8, 6, 2, 0),
        ("many.ndjson › other bodies", "webhook", 8, 2, 6, 0),
    }
    reasons = [
        duckdb.sql(f"select reason from '{part.quarantine}' order by row_no").fetchall()
        for part in firm.parts
    ]
    assert sorted(reasons, key=len) == [
        [("unreadable_time",), ("empty_return_id",)],
        [
            ("unreadable_time",),
            ("unknown_body",),
            ("empty_client_id",),
            ("unknown_body",),
            ("unknown_body",),
            ("unknown_body",),
        ],
    ]
    assert not any(b"sig=secret" in content for content in unpacked_tree(firm).values())


def zip_of(*contents: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"inside {number}.json", content + b"\n" * number)
    return buffer.getvalue()


def unpacked_tree(firm: Firm) -> dict[str, bytes]:
    """The content of every file of the data directory; of Parquet, all texts."""
    found = {str(path): content for path, content in tree(firm.data.root).items()}
    for path in firm.data.root.rglob("*.parquet"):
        found[str(path)] = str(duckdb.sql(f"from '{path}'").fetchall()).encode()
    return found


@pytest.mark.parametrize("name", ["esign.json", "esign.ndjson.gz", "esign.zip", "two.zip"])
def test_no_link_to_a_document_is_stored(tmp_path: Path, name: str) -> None:
    firm = Firm(tmp_path)
    firm.data.inbox.mkdir(parents=True)
    text = lines(received(ESIGN | {"note": "see https://documents.example/four?sig=secret now"}), STATUSES[0])
    content = text.encode()
    if name.endswith(".gz"):
        content = gzip.compress(content)
    elif name.endswith(".zip"):
        content = zip_of(*[content] * (2 if name == "two.zip" else 1))
    (firm.data.inbox / name).write_bytes(content)
    assert {outcome.state for outcome in firm.load_inbox()} <= {"loaded", "known"}
    left = unpacked_tree(firm)
    assert not any(b"sig=secret" in content for content in left.values())
    # A text is kept without its links, and is still the same file; a packed one is gone.
    kept = firm.data.inbox / "loaded" / name
    assert kept.exists() == (name == "esign.json")
    if kept.exists():
        assert {outcome.state for outcome in firm.load(kept)} == {"known"}


def test_the_copy_of_bodies_in_texts_stays_json_without_its_links(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.data.inbox.mkdir(parents=True)
    texts = [json.dumps(ESIGN), json.dumps(json.dumps(SENT | {"note": LINK}))]
    (firm.data.inbox / "texts.json").write_text(json.dumps(texts))
    assert {outcome.state for outcome in firm.load_inbox()} == {"loaded"}
    kept = firm.data.inbox / "loaded" / "texts.json"
    assert not any(b"sig=secret" in content for content in unpacked_tree(firm).values())
    assert json.loads(json.loads(json.loads(kept.read_text())[1]))["note"] == "[link removed]"
    assert {outcome.state for outcome in firm.load(kept)} == {"known"}


def test_a_word_as_long_as_a_document_in_base64_is_searched_for_links_once() -> None:
    """From each of its characters, it would take hours."""
    word = "JVBERi0x/" * 100_000
    texts = [word, f"{word}?sig=secret", f"see https://{word} now", "\\" * 500_000]
    assert [LINKS.sub(REMOVED, text) for text in texts] == [word, REMOVED, f"see {REMOVED} now", texts[3]]


def test_a_refused_file_of_web_hooks_loses_its_links_too(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.data.inbox.mkdir(parents=True)
    (firm.data.inbox / "esign.json").write_text(lines(ESIGN | {"signedOn": "then"}))
    [outcome] = firm.load_inbox()
    assert outcome.state == "refused"
    assert "sig=secret" not in (firm.data.inbox / "refused" / "esign.json").read_text()


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_out_of_range_in_one_file_does_not_stop_the_next(tmp_path: Path, at: str) -> None:
    firm = Firm(tmp_path)
    paths = [
        firm.file("1.json", lines(ESIGN | {"deliveredOn": at})),
        firm.file("2.json", lines(ESIGN | {"signedOn": at, "taxYear": 2024})),
        firm.file("3.json", lines({"eventType": "9" * 5000, "eventData": {}}, STATUSES[0])),
    ]
    assert [outcome.state for outcome in firm.load(*paths)] == ["loaded", "refused", "loaded", "loaded"]
    [first] = [part for part in firm.parts if part.ledger["file_name"].startswith("1.json")]
    assert duckdb.sql(f"select delivered_at {rows_of(first)}").fetchall() == [(None,)]
    extra = duckdb.sql(f"select extra {rows_of(first)}").fetchall()[0][0]
    assert at in extra


SENT, RECALLED = STATUSES[1], STATUSES[4]


@pytest.mark.parametrize(
    ("document", "counts"),
    [
        ({"17": STATUSES[0], "18": SENT, "19": RECALLED}, (3, 0)),
        ({"first": SENT, "second": json.dumps(RECALLED)}, (2, 0)),
        ([{"status": SENT, "esign": ESIGN}], (1, 1)),
        ([received(SENT) | {"previous": [ESIGN, {"ping": 1}, 17]}], (1, 3)),
        ({"request": {"headers": {"host": "a"}, "body": [SENT]}, "retry": [received(RECALLED)]}, (2, 0)),
        ({"eventType": "webhook", "eventData": SENT}, (1, 0)),
        ({"eventType": "webhook", "eventData": json.dumps(received(SENT))}, (1, 0)),
        ({"eventType": "webhook", "eventData": {"ping": 1}}, (0, 1)),
        # The events of other products have what looks like a return.
        ({"eventType": 2001, "eventData": SENT}, (0, 1)),
    ],
)
def test_every_body_in_an_envelope_is_counted(tmp_path: Path, document: object, counts: tuple) -> None:
    firm = Firm(tmp_path)
    firm.load(firm.file("one.json", json.dumps(document)))
    found = dict.fromkeys(("events", "webhook"), 0)
    found |= {part.kind: part.ledger["record_count"] for part in firm.parts}
    assert tuple(found.values()) == counts


def test_the_time_of_an_envelope_is_that_of_a_body_only_if_it_has_one(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    old, new = changed("C-001", "Austin", True), changed("C-001", "Waco", True)
    bodies = (received(new), received(new) | {"previous": old})
    firm.load(firm.file("two.ndjson", lines(*bodies)))
    assert hooks(firm, "office, seen_at::varchar") == [
        ("Waco", "2026-03-10 00:00:00"),
        ("Waco", None),
        ("Austin", None),
    ]


@pytest.mark.parametrize("key", ["eventTime", "time", "Timestamp", "received_at"])
def test_the_envelopes_of_relays_say_when_a_body_came(tmp_path: Path, key: str) -> None:
    firm = Firm(tmp_path)
    envelope = {"eventType": "Hook", key: "2026-03-10T00:00:00Z", "data": changed("C-001", "Austin", True)}
    firm.load(firm.file("one.json", json.dumps([envelope])))
    assert hooks(firm, "office, seen_at::varchar") == [("Austin", "2026-03-10 00:00:00")]


def test_all_times_of_a_body_are_in_the_zone_of_the_settings(tmp_path: Path) -> None:
    """A relay may write times without an offset; only one of the two followed the settings."""
    settings = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    firm = Firm(tmp_path, settings.replace('timezone = "UTC" ', 'timezone = "America/New_York" '))
    bare = esign("2026-03-08T20:15:00", "2026-03-04T15:10:00", LEE)
    firm.load(firm.file("two.ndjson", lines(bare, ESIGN | {"deliveredOn": "2026-03-04"}, ESIGN)))
    assert hooks(firm, "seen_at::varchar, delivered_at::varchar, extra like '%deliveredOn%'") == [
        ("2026-03-09 00:15:00", "2026-03-04 20:10:00", False),
        ("2026-03-08 20:15:00", None, True),
        ("2026-03-08 20:15:00", "2026-03-04 15:10:00", False),
    ]


REFUSED = {
    "commas.ndjson": f"{json.dumps(SENT)},\n{json.dumps(RECALLED)},\n",
    "commas.json": f"{json.dumps(SENT, indent=2)},\n{json.dumps(RECALLED, indent=2)}",
    "open.json": f"[{json.dumps(SENT)},\n{json.dumps(RECALLED)}\n",
    "base64.json": json.dumps(
        {"isBase64Encoded": True, "body": base64.b64encode(lines(SENT).encode()).decode()}
    ),
    "flat.json": json.dumps({f"data__{key}": item for key, item in SENT.items()}),
    "test of the address.json": '[{"eventType": "Validation", "data": {"validationCode": "1"}}]',
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_relay_has_made_of_bodies_is_refused_where_it_is_not_read(tmp_path: Path, name: str) -> None:
    reason = Firm(tmp_path).refusal(REFUSED[name], name)
    assert (
        "the JSON is damaged" in reason or "the JSON array is damaged" in reason or "no column for" in reason
    )


BAD_LINES = [
    "ping",
    "null",
    "17",
    '"ping"',
    "POST /hook HTTP/1.1",
    "<html>",
    "[1, 2]",
    '{"cut": ',
    '{"a": 1, "a": 2}',
    '{"ping": 1}',
]


@pytest.mark.parametrize("bad", BAD_LINES)
def test_a_bad_line_among_web_hooks_is_quarantined_alone(tmp_path: Path, bad: str) -> None:
    sent, esigned = lines(SENT), lines(ESIGN)
    texts = [f"{sent}{bad}\n{esigned}", f"{sent}{esigned}{bad}\n"]
    # With a bracket alone at its beginning, a file is an array, or an object that is damaged.
    texts += [] if bad.startswith(("[", '{"cut')) else [f"{bad}\n{sent}{esigned}"]
    for number, text in enumerate(texts):
        firm = Firm(tmp_path / f"{number}")
        assert {outcome.state for outcome in firm.load(firm.file("hooks.ndjson", text))} == {"loaded"}
        assert ledger(firm) == {
            ("hooks.ndjson › status changes", "events", 1, 1, 0, 0),
            ("hooks.ndjson › other bodies", "webhook", 2, 1, 1, 0),
        }


def test_statuses_load_beside_lines_that_are_no_bodies(tmp_path: Path) -> None:
    """The bad lines are quarantined with their reason and warned of, as in other files."""
    firm = Firm(tmp_path)
    outcomes = firm.load(firm.file("hooks.ndjson", f'{lines(SENT)}ping\n{{"a": 1}}\n'))
    assert [(outcome.state, outcome.is_warned) for outcome in outcomes] == [
        ("loaded", False),
        ("loaded", True),
    ]
    assert ledger(firm) == {
        ("hooks.ndjson › status changes", "events", 1, 1, 0, 0),
        ("hooks.ndjson › other bodies", "webhook", 2, 0, 2, 0),
    }
    [others] = [part for part in firm.parts if part.kind == "webhook"]
    reasons = duckdb.sql(f"select distinct reason from '{others.quarantine}'").fetchall()
    assert reasons == [("unknown_body",)]
    # Of a file without any body that is read, nothing is loaded.
    body = json.dumps(ESIGN | {"signatureStatus": "Declined"})
    [outcome] = firm.load(firm.file("declined.json", body))
    assert (outcome.state, "no record could be read" in str(outcome)) == ("refused", True)


def test_the_first_object_alone_does_not_decide_that_a_file_has_no_web_hooks(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.load(firm.file("hooks.json", json.dumps([{"ping": 1}, SENT, ESIGN])))
    assert ledger(firm) == {
        ("hooks.json › status changes", "events", 1, 1, 0, 0),
        ("hooks.json › other bodies", "webhook", 2, 1, 1, 0),
    }


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_body_that_is_too_deep_refuses_its_file_only(tmp_path: Path, quote: str) -> None:
    firm = Firm(tmp_path)
    deep = f'{{"status": "Sent", "deep": {quote}{"[" * 700}{"]" * 700}{quote}}}'
    paths = [firm.file("1.ndjson", f"{lines(ESIGN)}{deep}"), firm.file("2.json", lines(SENT))]
    assert [outcome.state for outcome in firm.load(*paths)] == ["refused", "loaded"]


SIGNER = ESIGN["documentClients"][0]


@pytest.mark.parametrize(
    ("signers", "read"),
    [
        (SIGNER, ("Taxpayer", "8879.pdf", False)),
        (json.dumps([SIGNER]), ("Taxpayer", "8879.pdf", False)),
        (["Avery Lee"], (None, None, True)),
        ([SIGNER, "Avery Lee"], (None, None, True)),
        ("Avery Lee", (None, None, True)),
    ],
)
def test_signers_of_another_form_are_read_or_stay_in_the_rest(
    tmp_path: Path, signers: object, read: tuple
) -> None:
    firm = Firm(tmp_path)
    firm.load(firm.file("esign.json", json.dumps(ESIGN | {"documentClients": signers})))
    columns = "signer, documents, coalesce(contains(extra, 'Avery Lee'), false)"
    assert hooks(firm, columns) == [read]
    assert not any(b"sig=secret" in content for content in unpacked_tree(firm).values())


@pytest.mark.parametrize(
    ("own", "read", "rest"),
    [
        ({"signerDocuments": {"fileName": "a.pdf"}}, "a.pdf", None),
        ({"signerDocuments": "a.pdf"}, None, {"signerDocuments": "a.pdf"}),
        ({"signerDocuments": ["a.pdf", {}]}, None, {"signerDocuments": ["a.pdf", {}]}),
        (
            {"signerDocuments": [{"fileName": "a.pdf", "pages": 2}]},
            "a.pdf",
            {"signerDocuments": [{"fileName": "a.pdf", "pages": 2}]},
        ),
        ({"phone": "1", "kba": {"passed": True}}, "8879.pdf", {"phone": "1", "kba": {"passed": True}}),
        ({"EMail": "other@mailbox.example"}, "8879.pdf", {"email": LEE[2], "EMail": "other@mailbox.example"}),
    ],
)
def test_what_is_not_read_of_a_signer_stays_beside_the_signer(
    tmp_path: Path, own: object, read: str | None, rest: object
) -> None:
    firm = Firm(tmp_path)
    firm.load(firm.file("esign.json", json.dumps(ESIGN | {"documentClients": [SIGNER | own]})))
    [(signer, documents, extra)] = hooks(firm, "signer, documents, extra")
    assert (signer, documents) == ("Taxpayer", read)
    assert json.loads(json.loads(extra).get("rest_of_signer", "null")) == rest


def test_a_body_without_a_status_of_its_signature_is_one_if_its_document_is_signed(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    bodies = [
        ESIGN | {"signatureStatus": own, "documentStatus": document}
        for own in ("ESigned", "", None, ["ESigned"])
        for document in ("USERSIGNED", "VOIDED", None)
    ]
    firm.load(firm.file("esign.ndjson", lines(*bodies)))
    [part] = firm.parts
    assert hooks(firm, "row_no") == [(1,), (2,), (3,), (4,), (7,)]
    assert [row[:2] for row in quarantined(part)] == [
        (number, "unknown_body") for number in (5, 6, 8, 9, 10, 11, 12)
    ]


def test_two_spellings_of_one_key_are_not_read_and_not_lost(tmp_path: Path) -> None:
    """One of the two values was taken, and the other one lost."""
    firm = Firm(tmp_path)
    client = changed("C-001", "Austin", True)
    bodies = [
        SENT | {"TaxReturnId": "TR9"},
        SENT | {"Status": "RECALLED"},
        SENT | {"status_date": "2026-01-01T00:00:00Z"},
        SENT | {"ClientID": "C-009"},
        ESIGN | {"SignedOn": "2026-01-01T00:00:00Z"},
        ESIGN | {"SignatureStatus": "Declined"},
        client | {"EventType": 2001},
        client | {"EventData": {}},
        client | {"firm": "oak"},
    ]
    firm.load(firm.file("hooks.ndjson", lines(*bodies)))
    log, others = sorted(firm.parts, key=lambda part: part.kind)
    [(client_id, extra)] = duckdb.sql(f"select client_id, extra {rows_of(log)}").fetchall()
    assert (client_id, json.loads(json.loads(extra)["rest"])["ClientID"]) == (None, "C-009")
    assert [row[1] for row in quarantined(log)] == ["empty_return_id", "empty_label", "missing_time"]
    assert all(word in str(quarantined(log)) for word in ("TR9", "TR000001", "RECALLED", "DELIVERED"))
    assert hooks(firm, "body, client_id, json_extract_string(extra, 'rest_of_event')") == [
        ("client", "C-001", '{"firm": "oak"}')
    ]
    reasons = ["missing_time", "unknown_body", "unknown_body", "empty_client_id"]
    assert [row[1] for row in quarantined(others)] == reasons
    assert all(word in str(quarantined(others)) for word in ("2026-01-01", "Declined", "2001", "Austin"))


def test_other_json_goes_to_the_next_source(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    event = {"return_id": "r1", "tab": "Client", "label": "Up", "event_time": "2026-03-04", "status": "Open"}
    part = firm.load_text(lines(event), "log.ndjson")
    assert (part.kind, part.ledger["source"]) == ("events", "user tracking")
    assert events(part, "label", "status") == [("Up", "Open")]


def test_the_settings_say_which_number_is_the_return(tmp_path: Path) -> None:
    settings = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    commented = "# [source.columns]\n# tax_return_id"
    assert commented in settings
    firm = Firm(tmp_path, settings.replace(commented, "[source.columns]\ntax_return_id"))
    [outcome] = firm.load(firm.file("one.json", json.dumps(STATUSES[0])))
    assert duckdb.sql(f"select return_id {rows_of(outcome.part)}").fetchall() == [("140001",)]


NO_IDS = [0, "0", -1, "-17", False, True, "", " ", "null", "None", "undefined", "N/A", "--", [], {}]
NO_IDS += ["00000000-0000-0000-0000-000000000000", "2.02512E+14"]


@pytest.mark.parametrize("missing", NO_IDS)
def test_what_programs_write_for_a_missing_id_is_no_return_and_no_client(
    tmp_path: Path, missing: object
) -> None:
    """The bodies of all returns without an id became those of one return, 0."""
    firm = Firm(tmp_path)
    no_return, no_client = {"taxReturnId": missing}, {"clientId": missing}
    data = changed("C-001", "Austin", True)["eventData"] | no_client
    bodies = [status("DELIVERED", "2026-03-04T15:10:00Z", 7), SENT | no_client, SENT | no_return, RECALLED]
    bodies += [RECALLED | no_return, ESIGN | no_return | no_client, {"eventType": 5001, "eventData": data}]
    firm.load(firm.file("hooks.ndjson", lines(*bodies, changed("C-001", "Austin", True))))
    log, others = sorted(firm.parts, key=lambda part: part.kind)
    rows = duckdb.sql(f"select return_id, client_id {rows_of(log)} order by row_no").fetchall()
    assert rows == [("TR000007", "C-007"), ("TR000001", None), ("TR000002", "C-002")]
    assert [row[:2] for row in quarantined(log)] == [(3, "empty_return_id"), (5, "empty_return_id")]
    assert hooks(firm, "body, tax_return_id, client_id") == [
        ("signature", None, None),
        ("client", None, "C-001"),
    ]
    assert [row[:2] for row in quarantined(others)] == [(2, "empty_client_id")]
    # What is no id is not lost.
    [(kept,)] = duckdb.sql(f"select extra {rows_of(log)} where client_id is null").fetchall()
    assert json.loads(json.loads(kept)["rest"]).get("clientId", "") == missing


def test_the_next_number_of_the_settings_stands_for_a_missing_one(tmp_path: Path) -> None:
    settings = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    own = '[source.columns]\ntax_return_id = ["taxReturnId", "documentId"]'
    firm = Firm(tmp_path, settings.replace('# [source.columns]\n# tax_return_id = ["documentId"]', own))
    firm.load(firm.file("two.ndjson", lines(SENT | {"taxReturnId": 0}, RECALLED)))
    assert events(firm.parts[0], "return_id") == [("140001",), ("TR000002",)]


def test_an_object_in_place_of_an_id_is_no_id_and_is_not_lost(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    bodies = (STATUSES[0] | {"clientId": {"own": "C-7"}}, ESIGN | {"clientId": ["C-8"]})
    firm.load(firm.file("two.ndjson", lines(*bodies)))
    found = [duckdb.sql(f"select client_id, extra {rows_of(part)}").fetchall() for part in firm.parts]
    assert {(row[0], "C-7" in row[1], "C-8" in row[1]) for [row] in found} == {
        (None, True, False),
        (None, False, True),
    }


def test_each_signer_of_a_body_is_a_record_without_taxpayer_numbers(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    body = esign(
        "2026-03-08T20:15:00Z", "later", LEE, ("Spouse", "Robin 234-56-7890 Lee", "r@mailbox.example")
    )
    firm.load(firm.file("esign.json", json.dumps(body)))
    assert ledger(firm) == {("esign.json › other bodies", "webhook", 2, 2, 0, 0)}
    assert hooks(firm, "signer, client_name, delivered_at") == [
        ("Taxpayer", "Avery Lee", None),
        ("Spouse", "Robin [TIN] Lee", None),
    ]
    extra = hooks(firm, "extra")[0][0]
    assert "later" in extra
