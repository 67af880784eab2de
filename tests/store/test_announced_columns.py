"""What a file's headings and ids say of taxpayer numbers: none is stored, and no two returns become one."""

import base64
import csv
import io
import json
import re
from pathlib import Path

import pytest

from etl.store.id_forms import OTHER_FORM
from support.hooks import ESIGN, STATUSES
from support.loaded_files import Firm, events, quarantined, shipped_settings
from tests.store.test_load_redaction import searched

DIGITS, OTHER = "078051121", "219451121"
OWN_IDS = shipped_settings().replace("[firm]\n", "[firm]\nnine_digit_ids = true\n")


def log(headings: list[str], *rows: list[str], ids: list[str] | None = None) -> str:
    """A log with more columns; its returns are r1, r2, ... or have these ids."""
    own = ids or [f"r{number}" for number in range(1, len(rows) + 1)]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["return_id", "tab", "label", "event_time", *headings])
    writer.writerows(
        [return_id, "Client", "Up", "2026-03-04 10:00", *row]
        for return_id, row in zip(own, rows, strict=True)
    )
    return buffer.getvalue()


def test_a_column_of_tax_ids_has_none_left(tmp_path: Path) -> None:
    text = log(
        ["Tax ID", "Phone", "Social Media"],
        ["78051121", "78051121", "78051121"],
        ["12-345-6789", "(212) 555-0123", "@lee"],
        ["6789", "", ""],
        ["1.23456789E8", "123456789", ""],
    )
    part = Firm(tmp_path).load_text(text)
    assert [json.loads(extra or "{}") for (extra,) in events(part, "extra")] == [
        {"Tax ID": "[TIN]", "Phone": "78051121", "Social Media": "78051121"},
        {"Tax ID": "[TIN]", "Phone": "(212) 555-0123", "Social Media": "@lee"},
        {"Tax ID": "6789"},
        {"Tax ID": "[TIN]", "Phone": "123456789"},
    ]
    assert part.ledger["redacted_count"] == 3


def test_a_number_split_over_columns_is_found_in_all_its_parts(tmp_path: Path) -> None:
    headings = ["SSN 1", "SSN 2", "SSN 3", "Spouse SSN last 4"]
    part = Firm(tmp_path).load_text(
        log(headings, ["078", "05", "1121", "6789"], ["1", "2", "1121", "***6789"])
    )
    assert [json.loads(extra) for (extra,) in events(part, "extra")] == [
        dict(zip(headings, ["[TIN]", "[TIN]", "[TIN]", "6789"], strict=True)),
        dict(zip(headings, ["[TIN]", "[TIN]", "[TIN]", "***6789"], strict=True)),
    ]


def test_the_last_four_digits_of_two_people_are_no_number(tmp_path: Path) -> None:
    part = Firm(tmp_path).load_text(log(["Taxpayer SSN", "Spouse SSN"], ["6789", "1121"]))
    assert events(part, "extra") == [('{"Taxpayer SSN": "6789", "Spouse SSN": "1121"}',)]


def test_a_record_that_cannot_be_split_has_none_left(tmp_path: Path) -> None:
    text = (
        log(["SSN"], ["1"]) + "r2,Client,78051121\nr3,Client,Up,2026-03-04 10:00,78-051-121,Lee,(212) 555\n"
    )
    part = Firm(tmp_path).load_text(text)
    assert [record for *_, record in quarantined(part)] == [
        "r2,Client,[TIN]",
        "r3,Client,Up,2026-03-04 10:00,[TIN],Lee,(212) 555",
    ]


def test_small_files_read_together_and_alone_are_the_same(tmp_path: Path) -> None:
    headings, split, whole = ["SSN 1", "SSN 2"], ["78051", "1121"], ["6789", "1121"]
    alone, together = Firm(tmp_path / "alone"), Firm(tmp_path / "together")
    for firm in (alone, together):
        files = [firm.file(f"{number}.csv", log(headings, row)) for number, row in enumerate((whole, split))]
        for some in [files] if firm is together else [[file] for file in files]:
            assert {outcome.state for outcome in firm.load(*some)} == {"loaded"}
    found = [
        sorted(extra for part in firm.parts for (extra,) in events(part, "extra"))
        for firm in (alone, together)
    ]
    replaced, kept = '{"SSN 1": "[TIN]", "SSN 2": "[TIN]"}', '{"SSN 1": "6789", "SSN 2": "1121"}'
    assert found[0] == found[1] == [kept, replaced]


def test_nine_bare_digits_of_an_id_become_a_hash_and_returns_stay_apart(tmp_path: Path) -> None:
    """An office may have ids of nine digits of its own; nothing tells them from the number of a taxpayer."""
    ids = [
        DIGITS,
        OTHER,
        f" {DIGITS}",
        f'="{DIGITS}"',
        "078-05-1121",
        f"2025-{DIGITS}",
        f"R{OTHER}",
        "78051121",
    ]
    firm = Firm(tmp_path)
    part = firm.load_text(log(["Client ID", "Note"], *[[own, OTHER] for own in ids], ids=ids))
    found = [own for (own,) in events(part, "return_id")]
    assert found == [client for (client,) in events(part, "client_id")]
    assert found[0] == found[2] == found[3] == found[4] and len(set(found)) == 5
    assert [bool(re.fullmatch("id-[a-p]{24}", own)) for own in found] == [True] * 6 + [False] * 2
    assert found[6:] == [f"R{OTHER}", "78051121"]
    assert DIGITS not in searched(firm.data.root)


def test_a_firm_may_say_that_ids_of_nine_digits_are_its_own(tmp_path: Path) -> None:
    firm = Firm(tmp_path, OWN_IDS)
    part = firm.load_text(log(["Client ID"], [OTHER], ["c2"], ids=[DIGITS, "078-05-1121"]))
    [own, other] = events(part, "return_id", "client_id")
    assert own == (DIGITS, OTHER) and other[0].startswith("id-")
    assert not (Firm(tmp_path / "other", OWN_IDS).data.root / ".key").exists()


def test_a_return_is_not_loaded_under_both_forms_of_its_id(tmp_path: Path) -> None:
    """The store is from a version that kept such ids as they are, as the setting does."""
    firm = Firm(tmp_path, OWN_IDS)
    files = [firm.file(f"{number}.csv", log(["Note"], ["x"], ids=[DIGITS])) for number in range(2)]
    files[1].write_text(log(["Note", "More"], ["x", "y"], ["x", "y"], ids=[DIGITS, "r2"]))
    others = [firm.file(f"{own}.csv", log(["Note"], ["x"], ids=[own])) for own in (OTHER, "r3")]
    assert [outcome.state for outcome in firm.load(files[0])] == ["loaded"]
    (firm.data.root / "settings.toml").write_text(shipped_settings())
    reason = OTHER_FORM
    assert [(one.state, one.reason) for one in firm.load(files[1])] == [("refused", reason)]
    assert [(one.state, one.reason) for one in firm.load(*others)] == [("loaded", None), ("loaded", None)]
    assert {one.state for one in firm.load(*files, again=True)} == {"read again", "loaded"}
    ids = {own for part in firm.parts for (own,) in events(part, "return_id")}
    assert len(ids) == 4 and {"r2", "r3"} < ids and ids.isdisjoint({DIGITS, OTHER})
    (firm.data.root / "settings.toml").write_text(OWN_IDS)
    again = firm.file("again.csv", log(["Note"], ["z"], ids=[DIGITS]))
    assert [(one.state, one.reason) for one in firm.load(again)] == [("refused", reason)]


def test_a_rounded_number_as_an_id_is_damaged_and_not_the_id_of_several_returns(tmp_path: Path) -> None:
    settings = shipped_settings().replace('return_id = ["Return ID"', 'return_id = ["SSN", "Return ID"')
    text = log([], [], [], [], ids=["1.23457E+08", "123456789.0", "78051121"]).replace("return_id", "SSN")
    firm = Firm(tmp_path, settings)
    part = firm.load_text(text)
    assert [(row_no, reason) for row_no, reason, _ in quarantined(part)] == [
        (1, "damaged_id"),
        (2, "damaged_id"),
    ]
    assert events(part, "return_id = 'x'") == [(False,)]
    assert not re.search("1.23457|123456789|78051121", searched(firm.data.root))


@pytest.mark.parametrize("key", ["ssn", "taxpayerId"])
def test_keys_inside_of_json_announce_too(tmp_path: Path, key: str) -> None:
    record = {"return_id": "r1", "tab": "Client", "label": "Up", "event_time": "2026-03-04 10:00"}
    lines = [
        record | {key: 78051121},
        record | {"return_id": "r2", "person": {"name": "Lee", key: "78051121"}},
    ]
    text = "".join(f"{json.dumps(line)}\n" for line in lines) + f'{{"{key}": "78051121", broken\n'
    firm = Firm(tmp_path)
    part = firm.load_text(text, "log.ndjson")
    assert [json.loads(extra) for (extra,) in events(part, "extra")] == [
        {key: "[TIN]"},
        {"person": f'{{"name": "Lee", "{key}": "[TIN]"}}'},
    ]
    assert "78051121" not in searched(firm.data.root)


def test_a_web_hook_has_none_left_in_what_is_not_read_of_it(tmp_path: Path) -> None:
    hidden = base64.b64encode(
        json.dumps({"ssn": "78051121", "sasUrl": "https://x.example/?sig=secret"}).encode()
    )
    bodies = [
        STATUSES[0] | {"clientId": DIGITS, "ssn": "78051121"},
        ESIGN | {"taxId": "12-345-6789"},
        {"body": hidden.decode(), "isBase64Encoded": True, "clientId": OTHER},
    ]
    firm = Firm(tmp_path)
    firm.load(firm.file("hooks.ndjson", "".join(f"{json.dumps(body)}\n" for body in bodies)))
    assert {part.ledger["record_count"] for part in firm.parts} == {1, 2}
    text = searched(firm.data.root)
    assert not re.search(f"{DIGITS}|{OTHER}|78051121|12-345-6789|sig=secret|{hidden.decode()}", text)
