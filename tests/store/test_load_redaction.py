"""No SSN or ITIN reaches the store, wherever it is in a file and however it is written; look-alikes stay."""

import json
import re
from itertools import chain
from pathlib import Path

import polars as pl
import pytest

from etl.common.problem import Problem
from support.loaded_files import Firm, events, quarantined

TIN, DIGITS = "078-05-1121", "078051121"
HEAD = "return_id,tab,label,event_time,status,actor,recipient_email,detail,client_id,client_name,Shoe"


def searched(folder: Path) -> str:
    """The content and the names of all files in a folder, and the values that Parquet compresses."""
    texts = [str(path.relative_to(folder)) for path in folder.rglob("*")]
    for path in folder.rglob("*"):
        if path.suffix == ".parquet":
            texts += map(str, chain.from_iterable(pl.read_parquet(path).rows()))
        if path.is_file():
            texts.append(path.read_bytes().decode(errors="replace"))
    return "\n".join(texts)


def refuse_digits(folder: Path) -> None:
    """No file may contain the number, however its nine digits are separated."""
    assert not re.search(r"078\D{0,3}05\D{0,3}1121", searched(folder))


def test_the_whole_path(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    rows = [
        f'{TIN},Client,"Document ""{DIGITS}.pdf""",2026-03-04,{TIN},Ann {TIN},{TIN}@x.com,078 05 1121,'
        f"{TIN},{TIN} Lee,{TIN}",
        f"{TIN},Client,Up ０７８－０５－１１２１,2026-03-04,,,,SSN {DIGITS},c1,,078/05/1121",
        f"{TIN},Nowhere,Up {TIN},2026-03-04,,,,,,,{TIN}",
        f"r1,Client,Up,{TIN},,,,,,,",
        f"r1,Client,{TIN}",
    ]
    part = firm.load_text("\n".join([HEAD + f" {TIN}", *rows, ""]), f"log {DIGITS}.csv")
    refuse_digits(firm.data.root)
    kept = events(
        part, "label", "subject", "status", "actor", "recipient_email", "detail", "client_name", "extra"
    )
    assert kept == [
        (
            'Document "[TIN].pdf"',
            "[TIN].pdf",
            "[TIN]",
            "Ann [TIN]",
            "[TIN]@x.com",
            "[TIN]",
            "[TIN] Lee",
            '{"Shoe [TIN]": "[TIN]"}',
        ),
        ("Up [TIN]", None, None, None, None, "SSN [TIN]", None, '{"Shoe [TIN]": "[TIN]"}'),
    ]
    [(first, client), (second, other)] = events(part, "return_id", "client_id")
    assert first == second == client and re.fullmatch("id-[a-p]{24}", first) and other == "c1"
    assert [(row_no, reason) for row_no, reason, _ in quarantined(part)] == [
        (3, "unknown_tab"),
        (4, "unreadable_time"),
        (5, "wrong_field_count"),
    ]
    assert json.loads(quarantined(part)[0][2])["return_id"] == first
    assert (
        quarantined(part)[1][2]
        == '{"return_id": "r1", "tab": "Client", "label": "Up", "event_time": "[TIN]"}'
    )
    assert quarantined(part)[2][2] == "r1,Client,[TIN]"
    assert part.ledger["file_name"] == "log [TIN].csv"
    assert part.ledger["unmapped_columns"] == ["Shoe [TIN]"]
    # The name, the heading, 9 in the first record, 4 in the second, 3, 1 and 1 in the quarantined ones.
    assert part.ledger["redacted_count"] == 1 + 1 + 9 + 4 + 3 + 1 + 1


def test_nine_bare_digits_under_a_heading_that_announces_them(tmp_path: Path) -> None:
    part = Firm(tmp_path).load_text(
        "return_id,tab,label,event_time,Taxpayer SSN,Phone\n"
        f"r1,Client,Up,2026-03-04,{DIGITS},{DIGITS}\nr2,Client,{DIGITS}\n"
    )
    assert events(part, "extra") == [(f'{{"Taxpayer SSN": "[TIN]", "Phone": "{DIGITS}"}}',)]
    assert quarantined(part) == [(2, "wrong_field_count", "r2,Client,[TIN]")]


def test_an_id_column_that_is_an_ssn_becomes_hashes(tmp_path: Path) -> None:
    settings = """
        [firm]
        timezone = "UTC"
        [[source]]
        name = "log"
        files = ["*"]
        firm_id = "oak"
        time_formats = ["%Y-%m-%d"]
        [source.columns]
        return_id = ["SSN"]
    """
    firm = Firm(tmp_path, settings)
    rows = "".join(f"{one},Client,Up,2026-03-04\n" for one in (DIGITS, TIN, "r3"))
    part = firm.load_text(f"SSN,tab,label,event_time\n{rows}")
    [(first,), (second,), (third,)] = events(part, "return_id")
    assert first == second and first.startswith("id-") and third == "r3"
    refuse_digits(firm.data.root)


def test_the_key_is_made_once_and_each_directory_has_its_own(tmp_path: Path) -> None:
    text = f"return_id,tab,label,event_time\n{TIN},Client,Up,2026-03-04\n"
    one, other = Firm(tmp_path / "one"), Firm(tmp_path / "other")
    hashes = [
        events(one.load_text(text), "return_id"),
        events(one.load_text(text + "r2,Client,Up,2026-03-04\n"), "return_id")[:1],
        events(other.load_text(text), "return_id"),
    ]
    assert hashes[0] == hashes[1] != hashes[2]
    assert (one.data.root / ".key").stat().st_mode & 0o777 == 0o600
    assert len((one.data.root / ".key").read_bytes()) == 32


def test_no_key_is_made_where_no_id_needs_one(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.load_text(f"return_id,tab,label,event_time\nr1,Client,Up {TIN},2026-03-04\n")
    assert not (firm.data.root / ".key").exists()


def test_a_broken_key_stops_the_load_and_refuses_no_file(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    (firm.data.root / ".key").write_bytes(b"short")
    with pytest.raises(Problem) as raised:
        firm.load_text("return_id,tab,label,event_time\nr1,Client,Up,2026-03-04\n")
    words = "not the key of this data directory (it has 32 bytes). Restore it from a backup."
    assert str(raised.value) == f"{firm.data.root}/.key: {words}"
    assert not list(firm.data.store.rglob("*.json"))


def test_refusals_contain_none_either(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    assert firm.refusal(f"Return Number {TIN},Shoe,Return ID\n", f"{TIN}.csv") == (
        "[TIN].csv: no column for tab, label and event_time. "
        "Headings found: Return Number [TIN], Shoe, Return ID. "
        'Name yours under [source.columns] of "user tracking" in settings.toml. '
        'Or, if the file has only one tab, write tab = "Client" (or "Internal") under [source.constants].'
    )
    refuse_digits(firm.data.root)


@pytest.mark.parametrize(
    "text",
    ["(212) 555-0123", "2026-03-04", "000-12-3456", "666-12-3456", "xxx-xx-1234", "R123456789", "12-3456789"],
)
def test_look_alikes_stay(tmp_path: Path, text: str) -> None:
    # A date alone is no ID.
    own = f"r{text}" if text == "2026-03-04" else text
    row = f"{own},Client,Up {text},2026-03-04,{text},{text}\n"
    part = Firm(tmp_path).load_text(f"return_id,tab,label,event_time,detail,Shoe\n{row}")
    found = events(part, "return_id", "label", "detail", "extra")
    assert found == [(own, f"Up {text}", text, f'{{"Shoe": "{text}"}}')]
    assert part.ledger["redacted_count"] == 0


def test_a_content_hash_does_not_depend_on_the_number(tmp_path: Path) -> None:
    """Two numbers in one place give one hash, so the hash is of the redacted text."""
    part = Firm(tmp_path).load_text(
        "return_id,tab,label,event_time\n"
        "r1,Client,Up 078-05-1121,2026-03-04\nr1,Client,Up 219-45-1121,2026-03-04\n"
    )
    [(first,), (second,)] = events(part, "content_hash")
    assert first == second


def test_a_record_with_a_text_that_is_encoded_more_than_eight_times_is_quarantined(tmp_path: Path) -> None:
    """Nobody encodes a name so often, and what is in it is not kept: it may be a number."""
    firm = Firm(tmp_path)
    deep, label = f"123%{'25' * 8}2d45%{'25' * 8}2d6789", f"%{'25' * 5_000}31"
    rows = [("r1", "Up", deep), ("r2", "Up", "Ann"), ("r3", label, "Bo")]
    lines = [f"{return_id},Client,{text},2026-03-04,{actor}" for return_id, text, actor in rows]
    part = firm.load_text("\n".join(["return_id,tab,label,event_time,actor", *lines, ""]))
    assert events(part, "return_id", "actor") == [("r2", "Ann")]
    assert [row[:2] for row in quarantined(part)] == [(1, "too_deep"), (3, "too_deep")]
    assert not re.search("2d6789|252525252", searched(firm.data.store))
