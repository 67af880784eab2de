"""Ids of nine digits have two forms, digits and hash: the purged stay away, and nothing is there twice."""

from datetime import date
from pathlib import Path

import pytest

from etl.cli.verbs import report_outcomes
from etl.config.settings import read_settings
from etl.store.id_forms import OTHER_FORM
from etl.store.load import load
from etl.upkeep.purge import plan_returns
from support.hooks import changed, lines, status
from support.loaded_files import Firm, events, shipped_settings
from tests.store.test_announced_columns import DIGITS, OTHER, OWN_IDS, log
from tests.upkeep.test_purge_names import LOG, PURGED, SETTINGS, purge_file, purge_return

pytestmark = pytest.mark.usefixtures("private_umask")

HASHED = shipped_settings()
BOTH_WAYS = pytest.mark.parametrize(("before", "after"), [(OWN_IDS, HASHED), (HASHED, OWN_IDS)])
NAMED = SETTINGS + 'file = "{return_id}_*"'
NAMED_OWN = NAMED.replace("[firm]\n", "[firm]\nnine_digit_ids = true\n")


def change(firm: Firm, settings: str) -> Firm:
    """The same firm with other settings. A store of an earlier version is as OWN_IDS makes it."""
    return Firm(firm.folder, settings)


def log_of(firm: Firm, name: str, *ids: str, client: str = "") -> Path:
    return firm.file(name, log(["Client ID"], *[[client]] * len(ids), ids=list(ids)))


def both_forms(folder: Path) -> Firm:
    """A store with one return under its digits, whose file is gone, and under its hash."""
    firm = Firm(folder, OWN_IDS)
    old, new = log_of(firm, "old.csv", DIGITS), log_of(firm, "new.csv", DIGITS, "r2")
    firm.load(old, new)
    old.unlink()
    change(firm, HASHED).load(new, again=True)
    return firm


@BOTH_WAYS
def test_a_purged_return_does_not_come_back_under_the_other_form(
    tmp_path: Path, before: str, after: str
) -> None:
    firm = Firm(tmp_path, before)
    firm.load(log_of(firm, "first.csv", DIGITS, f"2025-{OTHER}", "r1"))
    purge_return(firm, DIGITS)
    purge_return(firm, f"2025-{OTHER}")
    own = [DIGITS, "078-05-1121", f'="{DIGITS}"', f"\u200b {DIGITS}", f"2025-{OTHER}", "r2"]
    [outcome] = change(firm, after).load(log_of(firm, "second.csv", *own))
    assert outcome.part and (outcome.part.ledger["kept_count"], outcome.part.ledger["purged_count"]) == (1, 5)
    assert events(outcome.part, "return_id") == [("r2",)]


@BOTH_WAYS
def test_a_record_that_cannot_be_split_names_a_purged_return_in_both_forms(
    tmp_path: Path, before: str, after: str
) -> None:
    firm = Firm(tmp_path, before)
    firm.load(log_of(firm, "first.csv", DIGITS))
    purge_return(firm, DIGITS)
    cut = f"{DIGITS},Client\n078-05-1121,Client\nr3,Client\n"
    file = firm.file("second.csv", log(["Note"], ["x"], ids=["r2"]) + cut)
    [outcome] = change(firm, after).load(file)
    assert outcome.part and outcome.part.ledger["purged_count"] == 2
    assert outcome.part.ledger["quarantined_count"] == 1


@BOTH_WAYS
def test_purged_web_hooks_do_not_come_back_under_the_other_form(
    tmp_path: Path, before: str, after: str
) -> None:
    own = {"taxReturnId": DIGITS, "clientId": OTHER}
    first = status("DELIVERED", "2026-03-04T15:10:00.000Z", **own)
    client = changed(OTHER, "Main", True)
    firm = Firm(tmp_path, before)
    firm.load(firm.file("hooks.ndjson", lines(first, client)))
    purge_return(firm, DIGITS)
    assert not firm.parts
    later = status("ESIGNED", "2026-03-08T15:10:00.000Z", **own)
    other = status("DELIVERED", "2026-03-09T15:10:00.000Z", 3)
    change(firm, after).load(firm.file("more.ndjson", lines(later, client, other)))
    # The status changes and the changed clients of a file are two parts.
    counts = {part.kind: (part.ledger["kept_count"], part.ledger["purged_count"]) for part in firm.parts}
    assert counts["webhook"][1] == 1
    assert [row for part in firm.parts if part.kind == "events" for row in events(part, "return_id")] == [
        ("TR000003",)
    ]


@pytest.mark.parametrize(("before", "after"), [(NAMED, NAMED_OWN), (NAMED_OWN, NAMED)])
def test_a_purged_return_in_the_name_of_a_file_does_not_come_back(
    tmp_path: Path, before: str, after: str
) -> None:
    firm = Firm(tmp_path, before)
    firm.load(firm.file(f"{DIGITS}_log.csv", LOG), firm.file(f"{OTHER}_log.csv", LOG))
    assert len(firm.parts) == 2
    purge_return(firm, DIGITS)
    [left] = firm.parts
    purge_file(firm, left.file_id)
    files = [
        firm.file(f"{DIGITS}_new.csv", f"{LOG}Client,New,2026-03-07\n"),
        firm.file(f"{OTHER}_x.csv", LOG),
    ]
    outcomes = change(firm, after).load(*files)
    content = "its content was purged, and what was purged does not come back."
    assert [(one.state, one.reason) for one in outcomes] == [("refused", PURGED), ("refused", content)]
    assert not any(DIGITS in text.read_text() for text in (firm.data.store / "refused").iterdir())


def test_a_firm_has_its_own_numbers_in_the_names_of_its_files(tmp_path: Path) -> None:
    firm = Firm(tmp_path, NAMED_OWN)
    files = [firm.file(f"{one}_log.csv", LOG) for one in (DIGITS, "219-45-1121", f"R-{OTHER}")]
    outcomes = firm.load(*files)
    found = {one.part.ledger["file_name"]: set(events(one.part, "return_id")) for one in outcomes if one.part}
    assert found.keys() == {f"{DIGITS}_log.csv", "[TIN]_log.csv", f"R-{OTHER}_log.csv"}
    assert found[f"{DIGITS}_log.csv"] == {(DIGITS,)} and found[f"R-{OTHER}_log.csv"] == {(f"R-{OTHER}",)}
    [(hashed,)] = found["[TIN]_log.csv"]
    assert hashed.startswith("id-")
    assert str(outcomes[0]) == f"{tmp_path}/{DIGITS}_log.csv: loaded, 2 of 2 records."
    assert [one.state for one in firm.load(*files)] == ["known"] * 3
    [bad] = firm.load(firm.file(f"{OTHER}_bad.csv", "Shoe\n1\n"))
    assert bad.name == f"{tmp_path}/{OTHER}_bad.csv"


def test_a_formula_that_protects_a_firms_own_number_makes_no_hash_of_it(tmp_path: Path) -> None:
    firm = Firm(tmp_path, OWN_IDS)
    files = [log_of(firm, f"{number}.csv", own) for number, own in enumerate([f'="{DIGITS}"', DIGITS])]
    assert [events(one.part, "return_id") for one in firm.load(*files) if one.part] == [[(DIGITS,)]] * 2


def test_a_firm_gives_its_own_number_for_a_file(tmp_path: Path) -> None:
    for settings, is_own in ((OWN_IDS, True), (HASHED, False)):
        firm = Firm(tmp_path / str(is_own), settings)
        file = firm.file("log.csv", "tab,label,event_time\nClient,Up,2026-03-04 10:00\n")
        given = {"return_id": DIGITS}
        [outcome] = load(firm.data, read_settings(firm.data.settings), [file], given=given)
        assert outcome.part and (events(outcome.part, "return_id") == [(DIGITS,)]) == is_own


@BOTH_WAYS
def test_a_file_is_refused_if_the_store_has_its_clients_under_the_other_form(
    tmp_path: Path, before: str, after: str
) -> None:
    """Otherwise what web hooks say of clients, who files jointly and the office, would be lost silently."""
    firm = Firm(tmp_path, before)
    hooks = firm.file("hooks.ndjson", lines(changed(OTHER, "Main", True)))
    assert [one.state for one in firm.load(hooks)] == ["loaded"]
    change(firm, after)
    [outcome] = firm.load(log_of(firm, "log.csv", "r1", client=OTHER))
    assert (outcome.state, outcome.reason) == ("refused", OTHER_FORM)
    firm.load(hooks, again=True)
    assert [one.state for one in firm.load(log_of(firm, "log.csv", "r1", client=OTHER))] == ["loaded"]


def test_a_load_again_names_the_files_that_it_left_in_the_other_form(tmp_path: Path) -> None:
    firm = Firm(tmp_path, OWN_IDS)
    others = [log_of(firm, "gone.csv", DIGITS), log_of(firm, "other.csv", OTHER)]
    new = log_of(firm, "new.csv", DIGITS, "r2")
    firm.load(*others, new)
    others[0].unlink()
    gone = next(part for part in firm.parts if part.ledger["file_name"] == "gone.csv")
    [read, left] = change(firm, HASHED).load(new, again=True)
    assert (read.state, left.state, left.name) == ("read again", "other form", "gone.csv")
    assert f"returntrail load --remove {gone.file_id}" in str(left)
    assert report_outcomes(firm.data, [read, left]) and not report_outcomes(firm.data, [read])
    # Nothing is there twice of a file whose returns no other file has.
    assert [one.state for one in firm.load(new, *others[1:], again=True)] == ["read again"] * 2 + [
        "other form"
    ]


def test_a_damaged_part_does_not_stop_a_load(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.load(log_of(firm, "first.csv", DIGITS), log_of(firm, "second.csv", OTHER))
    firm.parts[0].attributes.write_bytes(b"PAR1 damaged")
    assert [one.state for one in firm.load(log_of(firm, "third.csv", "219451122"))] == ["loaded"]
    firm.parts[0].attributes.unlink()
    assert [one.state for one in firm.load(log_of(firm, "fourth.csv", "219451123"))] == ["loaded"]


def test_a_tax_number_that_is_an_id_is_treated_as_any_other_id(tmp_path: Path) -> None:
    tax = 'return_id = ["Tax Number", "Return ID"'
    ids = ["1234567", "78051121", DIGITS, "078-05-1121", "12-345-6789"]
    found = []
    for heading in ("return_id", "Tax Number"):
        firm = Firm(tmp_path / heading, HASHED.replace('return_id = ["Return ID"', tax))
        part = firm.load_text(log(["Tax ID"], *[[one] for one in ids], ids=ids).replace("return_id", heading))
        found.append([own for (own,) in events(part, "return_id")])
        # Where it is no id, every form is replaced.
        assert {extra for (extra,) in events(part, "extra")} == {'{"Tax ID": "[TIN]"}'}
    assert [own.startswith("id-") for own in found[1]] == [False, False, True, True, False]
    assert [own for own in found[1] if not own.startswith("id-")] == ["1234567", "78051121", "12-345-6789"]


def test_an_invisible_mark_makes_no_other_return(tmp_path: Path) -> None:
    ids = [DIGITS, f"\u200b{DIGITS}", f"\ufeff {DIGITS}\u200f", f"2025-{DIGITS}", f"2025\u2010{DIGITS}"]
    part = Firm(tmp_path).load_text(log([], *[[]] * len(ids), ids=ids))
    assert len({own for (own,) in events(part, "return_id")}) == 2


@pytest.mark.parametrize("typed", [DIGITS, "078-05-1121", "hash"])
def test_a_purge_removes_a_return_in_both_forms(tmp_path: Path, typed: str) -> None:
    firm = both_forms(tmp_path)
    ids = {own for part in firm.parts for (own,) in events(part, "return_id")}
    [hashed] = ids - {DIGITS, "r2"}
    assert len(ids) == 3
    purge_return(firm, hashed if typed == "hash" else typed)
    assert {own for part in firm.parts for (own,) in events(part, "return_id")} == {"r2"}
    later = [log_of(firm, "1.csv", DIGITS, "r3"), log_of(firm, "2.csv", DIGITS, "r4")]
    for settings, file in zip((HASHED, OWN_IDS), later, strict=True):
        [outcome] = change(firm, settings).load(file)
        assert outcome.part and outcome.part.ledger["purged_count"] == 1


def test_a_return_in_both_forms_is_as_old_as_its_last_event(tmp_path: Path) -> None:
    firm = Firm(tmp_path, OWN_IDS)
    old = log_of(firm, "old.csv", DIGITS)
    old.write_text(old.read_text().replace("2026-03-04", "2023-03-04"))
    new = log_of(firm, "new.csv", DIGITS)
    firm.load(old, new)
    old.unlink()
    change(firm, HASHED).load(new, again=True)
    assert plan_returns(firm.data, before=date(2025, 1, 1)).returns == []
    assert len(plan_returns(firm.data, before=date(2027, 1, 1)).returns) == 2
