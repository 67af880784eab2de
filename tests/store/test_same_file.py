"""Which files are two although their bytes are equal, and which is an older reading of the same file."""

import json
from pathlib import Path

from etl.config.settings import read_settings
from etl.store.load import load
from etl.store.parts import ID_LENGTH, file_hash, refusals, remove, with_checksums
from support.loaded_files import ONE_TAB, Firm, events
from support.workbooks import excel

NAMES = '[source.names]\nfile = "{return_id} {client_name} {tab} tracking*"\n'
CLIENT = "Event,Date/Time\nUp,3/26/2026 7:21 PM\n"
# What ledgers have since files have values from their names.
LATE = ("content_id", "names_id", "source_firm_id", "sha256", "seal")


def records(firm: Firm, *columns: str) -> list[tuple]:
    return sorted(row for part in firm.parts for row in events(part, *columns))


FORMATS = '["%m/%d/%Y %I:%M %p"'
CHANGED = ONE_TAB.replace(FORMATS, FORMATS + ', "%d.%m.%Y %H:%M"')
CONTRACT = "return_id,tab,label,event_time\nr1,Client,Up,3/26/2026 7:21 PM\n"


def in_folders(firm: Firm, *folders: str, content: str = CLIENT) -> list[Path]:
    """Files of equal bytes and names."""
    for folder in folders:
        (firm.folder / folder).mkdir(parents=True)
    return [firm.file(f"{folder}/client log.csv", content) for folder in folders]


def test_files_of_equal_bytes_are_two_if_their_firms_are_two(tmp_path: Path) -> None:
    """The firm is in the name, or typed, or of the source that the file belongs to."""
    named = Firm(tmp_path / "named", ONE_TAB + '[source.names]\nfile = "{firm_id} {return_id} {tab} *"\n')
    files = [named.file(f"{firm_id} r1 client log.csv", CLIENT) for firm_id in ("ash", "elm")]
    named.load(*files)
    typed = Firm(tmp_path / "typed", ONE_TAB)
    for firm_id in ("ash", "elm"):
        file, settings = typed.file("log.csv", CONTRACT), read_settings(typed.data.settings)
        load(typed.data, settings, [file], given={"firm_id": firm_id})
    head, source = ONE_TAB.split("[[source]]")
    sources = [
        "[[source]]" + source.replace('"*"', f'"{name}*"').replace("tabs", name).replace("oak", name)
        for name in ("ash", "elm")
    ]
    two = Firm(tmp_path / "two", head + "".join(sources))
    files = [two.file(f"{name}.csv", CONTRACT) for name in ("ash", "elm")]
    for states in ("loaded", "known"):
        assert [outcome.state for outcome in two.load(*files)] == [states] * 2
    for firm in (named, typed, two):
        assert sorted(set(records(firm, "firm_id", "return_id"))) == [("ash", "r1"), ("elm", "r1")]
    # Each is still the same file when its settings change.
    Firm(tmp_path / "two", (head + "".join(sources)).replace(FORMATS, FORMATS + ', "%d.%m.%Y %H:%M"'))
    assert [outcome.state for outcome in two.load(*files)] == ["read again"] * 2
    assert records(two, "firm_id", "return_id") == [("ash", "r1"), ("elm", "r1")]


def test_a_file_with_the_name_of_another_return_replaces_nothing(tmp_path: Path) -> None:
    names = '[source.names]\nfile = "{tab} *"\nfolder = "{return_id}"\n'
    firm = Firm(tmp_path, ONE_TAB + names)
    first, second, third = in_folders(firm, "r1", "r2", "r3")
    firm.load(first)
    Firm(tmp_path, CHANGED + names)
    # Two small files at once, neither of which is the one that is loaded.
    assert [outcome.state for outcome in firm.load(second, third)] == ["loaded"] * 2
    assert [outcome.state for outcome in firm.load(first)] == ["read again"]
    assert sorted(set(records(firm, "return_id"))) == [("r1",), ("r2",), ("r3",)]


def test_a_value_that_was_typed_for_a_file_is_not_replaced_by_another(tmp_path: Path) -> None:
    firm = Firm(tmp_path, ONE_TAB)
    file = firm.file("log.csv", CLIENT)
    for return_id, text in (("r1", ONE_TAB), ("r2", CHANGED)):
        Firm(tmp_path, text)
        load(
            firm.data,
            read_settings(firm.data.settings),
            [file],
            given={"return_id": return_id, "tab": "Client"},
        )
    assert sorted(set(records(firm, "return_id"))) == [("r1",), ("r2",)]


def test_names_that_differ_only_in_a_taxpayer_number_are_two(tmp_path: Path) -> None:
    names = '[source.names]\nfile = "{return_id}"\n[source.constants]\ntab = "Client"\n'
    firm = Firm(tmp_path, ONE_TAB + names)
    firm.load(firm.file("078-05-1120.csv", CLIENT))
    Firm(tmp_path, CHANGED + names)
    firm.load(firm.file("219-45-1121.csv", CLIENT))
    assert len(set(records(firm, "return_id"))) == 2


def test_two_files_that_were_one_part_replace_it_once(tmp_path: Path) -> None:
    """Before names had values, both were one file; the second was then lost with the part of the first."""
    firm = Firm(tmp_path, ONE_TAB)
    files = in_folders(firm, "Lee", "Kim", content=CONTRACT)
    assert [outcome.state for outcome in firm.load(*files)] == ["loaded", "known"]
    Firm(tmp_path, ONE_TAB + '[source.names]\nfolder = "{client_name}"\n')
    assert [outcome.state for outcome in firm.load(*files)] == ["read again", "loaded"]
    assert records(firm, "return_id", "client_name") == [("r1", "Kim"), ("r1", "Lee")]


def test_a_workbook_of_before_is_replaced_by_its_sheets(tmp_path: Path) -> None:
    """It was one content, with the id of the file."""
    firm = Firm(tmp_path, ONE_TAB + '[source.names]\nsheet = "{return_id} {tab}"\n')
    rows = [["Event", "Date/Time"], ["Up", "3/26/2026 7:21 PM"]]
    file = firm.file("m.xlsx", excel({"r1 Client": rows, "r2 Client": rows}))
    firm.load(file)
    expected = records(firm, "return_id", "label")
    first, second = firm.parts
    remove(firm.data, [second.file_id])
    ledger = {name: value for name, value in first.ledger.items() if name not in LATE}
    file_id = file_hash(file)[:ID_LENGTH]
    ledger = with_checksums(
        ledger | {"file_id": file_id, "file_name": "m.xlsx"}, first.folder.glob("*.parquet")
    )
    (first.folder / "ledger.json").write_text(json.dumps(ledger), encoding="utf-8")
    first.folder.rename(first.folder.with_name(file_id))
    assert [outcome.state for outcome in firm.load(file)] == ["read again", "loaded"]
    assert records(firm, "return_id", "label") == expected
    assert [outcome.state for outcome in firm.load(file)] == ["known"] * 2


def test_no_folder_of_the_inbox_and_no_year_is_taken_for_an_id(tmp_path: Path) -> None:
    names = '[source.names]\nfile = "{tab} *"\nfolder = "{return_id}"\n'
    firm = Firm(tmp_path, ONE_TAB + names)
    inbox = in_folders(firm, *(f"data/inbox/{name}" for name in ("loaded", "refused")))
    assert [str(outcome.reason)[:23] for outcome in firm.load(*inbox)] == ["no column for return_id"] * 2
    [year, office] = in_folders(firm, "Lee/2025", "Kim/2026 r7")
    [outcome] = firm.load(year)
    assert outcome.reason == (
        "its folder is a year, and names nothing else. Move it into a folder with the right name."
    )
    Firm(tmp_path, ONE_TAB + names.replace("{return_id}", "{tax_year} {return_id}"))
    firm.load(office)
    assert set(records(firm, "return_id", "tax_year")) == {("r7", 2026)}


def test_what_a_ledger_keeps_of_names_cannot_be_found_by_trying_names(tmp_path: Path) -> None:
    """Its ids are hashes under the key of the data directory: another directory has others."""
    ids = []
    for folder in ("one", "two"):
        firm = Firm(tmp_path / folder, ONE_TAB + NAMES)
        firm.load(firm.file("2025-0001 Lee client tracking.csv", CLIENT), firm.file("Lee.csv", CLIENT))
        (firm.folder / "Kim.csv").symlink_to("missing")
        firm.load(firm.folder / "Kim.csv")
        [part] = firm.parts
        ids.append({part.file_id, part.ledger["names_id"], *(row["file_id"] for row in refusals(firm.data))})
    assert list(map(len, ids)) == [4, 4]
    assert ids[0].isdisjoint(ids[1])


def test_nine_digits_in_a_name_are_a_taxpayer_number(tmp_path: Path) -> None:
    names = '[source.names]\nfile = ["{tab} {client_name} log", "{tab} log"]\nfolder = "{return_id}"\n'
    firm = Firm(tmp_path, ONE_TAB + names)
    files = in_folders(firm, "078051120", "078-05-1120", "r1")
    files.append(firm.file("r1/client Lee 219451121 log.csv", CLIENT))
    outcomes = firm.load(*files)
    [number, *others] = records(firm, "return_id", "coalesce(client_name, '')")
    assert number[0].startswith("id-")
    assert others == [("r1", ""), ("r1", "Lee [TIN]")]
    texts = [*map(str, outcomes), *(part.data.read_text("latin-1") for part in firm.parts)]
    texts += [(part.folder / "ledger.json").read_text() for part in firm.parts]
    assert [text for text in texts if "078051120" in text or "219451121" in text] == []
