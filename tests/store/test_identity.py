"""Which file a file is, by its content and by the values in its names; and what names say of the records."""

import json
import shutil
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etl.common.problem import Problem
from etl.config.names import Names
from etl.config.settings import read_settings
from etl.store.load import load
from etl.store.parts import ID_LENGTH, file_hash, refusals, with_checksums
from support.loaded_files import ONE_TAB, Firm, events, quarantined, tree

SETTINGS = ONE_TAB.replace('["Date/Time"]', '["Date/Time", ["Day", "Hour"]]') + 'actor = ["User"]\n'
NAMES = '[source.names]\nfile = "{return_id} {client_name} {tab} tracking*"\n'
CLIENT = "Event,Date/Time,User\nAccess Link selected,3/26/2026 7:20 PM,\nUp,3/26/2026 7:21 PM,\n"
INTERNAL = (
    "Event,Date/Time,User\nUpload,3/25/2026 9:02 AM,Pat Roe\nDeliver to Client,3/26/2026 11:14 AM,Pat\n"
)
WHO = ("return_id", "client_name", "tab", "label", "event_at::varchar")


def records(firm: Firm, *columns: str) -> list[tuple]:
    return sorted(row for part in firm.parts for row in events(part, *columns))


def test_identity_files_of_equal_bytes_are_two_if_their_names_say_so(tmp_path: Path) -> None:
    """Both returns have the same two lines; before, the second file was the first one again."""
    firm = Firm(tmp_path, SETTINGS + NAMES)
    files = [
        firm.file(f"{name} tracking.csv", INTERNAL if "nternal" in name else CLIENT)
        for name in (
            "2025-0001 Lee client", "2025-0001 Lee internal", "2025-0002 Mary Ann Kim client",
            "2025-0002 Mary Ann Kim Internal",
        )
    ]  # fmt: skip
    assert [outcome.state for outcome in firm.load(*files)] == ["loaded"] * 4
    assert records(firm, *WHO) == [
        ("2025-0001", "Lee", "Client", "Access Link selected", "2026-03-26 23:20:00"),
        ("2025-0001", "Lee", "Client", "Up", "2026-03-26 23:21:00"),
        ("2025-0001", "Lee", "Internal", "Deliver to Client", "2026-03-26 15:14:00"),
        ("2025-0001", "Lee", "Internal", "Upload", "2026-03-25 13:02:00"),
        ("2025-0002", "Mary Ann Kim", "Client", "Access Link selected", "2026-03-26 23:20:00"),
        ("2025-0002", "Mary Ann Kim", "Client", "Up", "2026-03-26 23:21:00"),
        ("2025-0002", "Mary Ann Kim", "Internal", "Deliver to Client", "2026-03-26 15:14:00"),
        ("2025-0002", "Mary Ann Kim", "Internal", "Upload", "2026-03-25 13:02:00"),
    ]
    assert [outcome.state for outcome in firm.load(*files)] == ["known"] * 4


def test_identity_a_file_of_another_source_with_other_constants_is_another_file(tmp_path: Path) -> None:
    head, source = SETTINGS.split("[[source]]")
    sources = [
        "[[source]]" + source.replace('"*"', f'"{name}.csv"').replace('"tabs"', f'"{name}"')
        + f'[source.constants]\nreturn_id = "{name}"\ntab = "Client"\n'
        for name in ("r1", "r2")
    ]  # fmt: skip
    firm = Firm(tmp_path, head + "".join(sources))
    firm.load(firm.file("r1.csv", CLIENT), firm.file("r2.csv", CLIENT))
    assert records(firm, "return_id", "label") == [
        ("r1", "Access Link selected"), ("r1", "Up"), ("r2", "Access Link selected"), ("r2", "Up"),
    ]  # fmt: skip


def test_identity_a_corrected_pattern_replaces_what_was_wrong(tmp_path: Path) -> None:
    wrong = NAMES.replace("{return_id} {client_name}", "{client_name} {return_id}")
    firm = Firm(tmp_path, SETTINGS + wrong)
    file = firm.file("2025-0001 Lee client tracking.csv", CLIENT)
    firm.load(file)
    assert records(firm, "return_id", "client_name") == [("Lee", "2025-0001")] * 2
    [old] = firm.parts
    Firm(tmp_path, SETTINGS + NAMES)
    [outcome] = firm.load(file)
    assert outcome.state == "read again"
    assert records(firm, "return_id", "client_name") == [("2025-0001", "Lee")] * 2
    assert not old.folder.exists()


def test_identity_a_load_that_was_killed_after_the_new_part_leaves_one_of_the_two(tmp_path: Path) -> None:
    firm = Firm(tmp_path, SETTINGS + NAMES.replace("{return_id} {client_name}", "{client_name} {return_id}"))
    file = firm.file("2025-0001 Lee client tracking.csv", CLIENT)
    firm.load(file)
    [old] = firm.parts
    content = tree(old.folder)
    Firm(tmp_path, SETTINGS + NAMES)
    firm.load(file)
    old.folder.mkdir()
    for path, data in content.items():
        (old.folder / path).write_bytes(data)
    assert records(firm, "return_id", "client_name") == [("2025-0001", "Lee")] * 2
    assert [outcome.state for outcome in firm.load(file)] == ["known"]
    assert not old.folder.exists()


def test_identity_a_part_of_before_is_known_and_read_again_as_the_same_file(tmp_path: Path) -> None:
    """Its id was of the content alone, although its tab is a constant of the source."""
    settings = SETTINGS + '[source.constants]\ntab = "Client"\n'
    firm = Firm(tmp_path, settings)
    file = firm.file("a.csv", "Return ID," + CLIENT.replace("\nUp", "\nr1,Up").replace("\nAcc", "\nr1,Acc"))
    firm.load(file)
    [part] = firm.parts
    file_id = file_hash(file)[:ID_LENGTH]
    assert part.file_id != file_id
    dropped = ("content_id", "names_id", "sha256", "seal")
    ledger = {name: value for name, value in part.ledger.items() if name not in dropped} | {
        "file_id": file_id
    }
    ledger = with_checksums(ledger, part.folder.glob("*.parquet"))
    (part.folder / "ledger.json").write_text(json.dumps(ledger), encoding="utf-8")
    part.folder.rename(part.folder.with_name(file_id))
    assert [outcome.state for outcome in firm.load(file)] == ["known"]
    Firm(tmp_path, settings.replace('"Client"', '"Internal"'))
    assert [outcome.state for outcome in firm.load(file)] == ["read again"]
    assert records(firm, "return_id", "tab") == [("r1", "Internal")] * 2


def test_a_folder_may_name_the_return_but_the_inbox_names_nothing(tmp_path: Path) -> None:
    firm = Firm(tmp_path, SETTINGS + '[source.names]\nfile = "{tab}*"\nfolder = "{return_id}"\n')
    (tmp_path / "2025-0007").mkdir()
    firm.load(firm.file("2025-0007/client.csv", CLIENT))
    assert records(firm, "return_id", "tab") == [("2025-0007", "Client")] * 2
    firm.data.inbox.mkdir()
    (firm.data.inbox / "client.csv").write_text(CLIENT)
    [outcome] = firm.load_inbox()
    assert outcome.reason == (
        "no column for return_id. Headings found: Event, Date/Time, User. Name yours under [source.columns] "
        'of "tabs" in settings.toml. '
        "Or rename the file: its name fits no pattern of [source.names] for return_id. "
        "Or type it for one file: returntrail load --set return_id=... FILE."
    )


def test_a_zip_with_the_name_of_its_member_is_no_folder(tmp_path: Path) -> None:
    """Two returns became one with the name of their zips, and a third was not loaded: it was known."""
    firm = Firm(tmp_path, SETTINGS + '[source.names]\nfile = "{tab}*"\nfolder = "{return_id}"\n')
    member = tmp_path / "client.csv"
    member.write_text(CLIENT)
    names = ("R1/client.zip", "R2/client.zip", "R3/client.csv.zip", "exports/R4.zip")
    for name in names:
        (tmp_path / name).parent.mkdir()
        with ZipFile(tmp_path / name, "w") as archive:
            archive.write(member, "client.csv")
    assert [outcome.state for outcome in firm.load(*(tmp_path / name for name in names))] == ["loaded"] * 4
    assert [one for (one,) in records(firm, "distinct return_id")] == ["R1", "R2", "R3", "R4"]


def test_a_column_of_the_file_counts_more_than_its_name(tmp_path: Path) -> None:
    firm = Firm(tmp_path, SETTINGS + NAMES)
    part = firm.load_text(
        "Event,Date/Time,User,Return ID\nUp,3/26/2026 7:20 PM,,2025-0009\nUp,3/26/2026 7:21 PM,,\n",
        "2025-0001 Lee client tracking.csv",
    )
    assert events(part, "return_id", "client_name") == [("2025-0009", "Lee")]
    assert [reason for _, reason, _ in quarantined(part)] == ["empty_return_id"]


def test_a_taxpayer_number_in_a_name_is_stored_nowhere(tmp_path: Path) -> None:
    firm = Firm(tmp_path, SETTINGS + '[source.names]\nfile = "{return_id} {tab}"\n')
    files = [firm.file(f"{number} client.csv", CLIENT) for number in ("078-05-1120", "219-45-1121")]
    firm.load(*files)
    assert len({row[0] for row in records(firm, "return_id")}) == 2
    assert [part.ledger["file_name"] for part in firm.parts] == ["[TIN] client.csv"] * 2
    found = b"".join(tree(firm.data.root).values()) + "".join(map(str, tree(firm.data.root))).encode()
    assert b"078-05-1120" not in found and b"219-45-1121" not in found
    assert [outcome.state for outcome in firm.load(*files)] == ["known"] * 2


def test_small_files_with_values_in_their_names_are_loaded_together_as_they_are_alone(tmp_path: Path) -> None:
    names = [f"2025-{number:04} Lee client tracking.csv" for number in range(5)]
    together, alone = Firm(tmp_path / "a", SETTINGS + NAMES), Firm(tmp_path / "b", SETTINGS + NAMES)
    together.load(*(together.file(name, CLIENT) for name in names))
    # The ids are hashes under the key.
    shutil.copy(together.data.root / ".key", alone.data.root)
    for name in names:
        alone.load(alone.file(name, CLIENT))
    assert records(together, *WHO) == records(alone, *WHO)
    assert {part.file_id for part in together.parts} == {part.file_id for part in alone.parts}


@pytest.mark.parametrize("clock", ["Hour", "Hour,More"])
def test_a_date_and_a_clock_in_two_columns_are_one_time(tmp_path: Path, clock: str) -> None:
    more = ",x" if "," in clock else ""
    firm = Firm(tmp_path, SETTINGS + '[source.constants]\ntab = "Client"\n')
    part = firm.load_text(
        f"Return ID,Event,Day,{clock}\nr1,Up,03/26/2026,11:15 AM{more}\nr1,Up,03/26/2026,7:20 PM{more}\n"
    )
    extra = '{"More": "x"}' if more else None
    assert events(part, "event_at::varchar", "extra") == [
        ("2026-03-26 15:15:00", extra),
        ("2026-03-26 23:20:00", extra),
    ]
    assert part.ledger["unmapped_columns"] == (["More"] if more else [])


def test_a_time_in_one_column_and_in_two_is_refused(tmp_path: Path) -> None:
    firm = Firm(tmp_path, SETTINGS + '[source.constants]\ntab = "Client"\n')
    assert firm.refusal(
        "Return ID,Event,Date/Time,Day,Hour\nr1,Up,3/26/2026 7:20 PM,3/26/2026,7:20 PM\n"
    ) == (
        'log.csv: the headings "Date/Time" and "Day" both mean event_time. Remove one of them from the file, '
        'or from [source.columns] of "tabs" in settings.toml.'
    )


WORD = st.text("abcXYZ019", min_size=1, max_size=5)
PEOPLE = st.lists(WORD, min_size=1, max_size=3).map(" ".join)


@given(return_id=WORD, person=PEOPLE, tab=st.sampled_from(["client", "Internal", "USER"]), rest=WORD)
def test_a_pattern_takes_what_a_name_was_made_of(return_id: str, person: str, tab: str, rest: str) -> None:
    names = Names(file=("{return_id} {client_name} {tab} tracking*",))
    made = {"return_id": return_id, "client_name": person, "tab": tab}
    assert names.values(f"{return_id} {person} {tab} tracking {rest}", None, None) == made


@example(left="Ann", right="2025")
@given(left=PEOPLE, right=PEOPLE)
def test_a_pattern_never_guesses_where_one_value_ends(left: str, right: str) -> None:
    names = Names(file=("{client_name} {office}",))
    if " " in left + right:
        with pytest.raises(Problem, match="fits this name in two ways: client_name differs"):
            names.values(f"{left} {right}", None, None)
    else:
        assert names.values(f"{left} {right}", None, None) == {"client_name": left, "office": right}


def test_values_that_a_person_gives_are_part_of_the_file(tmp_path: Path) -> None:
    firm = Firm(tmp_path, SETTINGS + '[source.constants]\ntab = "Internal"\n')
    file, settings = firm.file("log.csv", CLIENT), read_settings(firm.data.settings)
    for return_id, tab in (("r1", "Client"), ("r2", "Client"), ("r2", "Client")):
        load(firm.data, settings, [file], given={"return_id": return_id, "tab": tab, "client_name": "Ann"})
    assert records(firm, "return_id", "tab", "client_name", "label") == [
        ("r1", "Client", "Ann", "Access Link selected"), ("r1", "Client", "Ann", "Up"),
        ("r2", "Client", "Ann", "Access Link selected"), ("r2", "Client", "Ann", "Up"),
    ]  # fmt: skip


def test_files_of_equal_bytes_that_are_refused_for_their_names_are_two_refusals(tmp_path: Path) -> None:
    firm = Firm(tmp_path, SETTINGS + NAMES)
    wrong = [firm.file(name, CLIENT) for name in ("a.csv", "b.csv")]
    assert [outcome.state for outcome in firm.load(*wrong)] == ["refused"] * 2
    assert sorted(row["file_name"] for row in refusals(firm.data)) == ["a.csv", "b.csv"]
    firm.load(firm.file("2025-0001 Lee client tracking.csv", CLIENT))
    assert sorted(row["file_name"] for row in refusals(firm.data)) == ["a.csv", "b.csv"]


def test_a_copied_row_that_ends_after_its_label_names_the_statuses_below(tmp_path: Path) -> None:
    """A label alone on its line was quarantined, and its statuses became events of that name."""
    firm = Firm(tmp_path, SETTINGS)
    file = firm.file(
        "copied.txt",
        "Event\tDate/Time\tUser\nTaxpayer: Initial Email\n    Processed\t3/26/2026 11:15 AM\t\n"
        "Access Link selected\t3/26/2026 7:20 PM\tAnn Lee\n",
    )
    given = {"return_id": "r1", "tab": "Client"}
    [outcome] = load(firm.data, read_settings(firm.data.settings), [file], given=given)
    assert outcome.part and events(outcome.part, "label", "status", "actor") == [
        ("Taxpayer: Initial Email", "Processed", None),
        ("Access Link selected", None, "Ann Lee"),
    ]


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("* {return_id} *", "Kim Lee 2025-0001 log"), ("* {tab}*", "a internal audit client tracking"),
        ("{return_id}-*", "2025-0001-Lee"), ("* {return_id} *", "a b c b d"),
    ],
)  # fmt: skip
def test_a_star_hides_no_second_way(pattern: str, name: str) -> None:
    with pytest.raises(Problem, match="fits this name in two ways"):
        Names(file=(pattern,)).values(name, None, None)


def test_a_tab_beside_a_star_is_a_whole_word() -> None:
    names = Names(file=("{return_id} {tab}*", "*{tab} {return_id}"))
    assert names.values("r1 clientele notes", None, None) == {}
    assert names.values("subclient r1", None, None) == {}
    assert names.values("r1 client_2", None, None) == {"return_id": "r1", "tab": "client"}


def test_a_load_that_is_killed_while_it_removes_the_old_part_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, the old part stayed without its ledger, and every command refused the store."""

    remove_all = shutil.rmtree

    def killed(folder: str | Path, **more: Any) -> None:
        if (ledger := Path(folder) / "ledger.json").exists():
            ledger.unlink()
            raise KeyboardInterrupt
        remove_all(folder, **more)

    firm = Firm(tmp_path, SETTINGS + NAMES.replace("{return_id} {client_name}", "{client_name} {return_id}"))
    file = firm.file("2025-0001 Lee client tracking.csv", CLIENT)
    firm.load(file)
    Firm(tmp_path, SETTINGS + NAMES)
    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            firm.load(file)
    assert [outcome.state for outcome in firm.load(file)] == ["known"]
    assert records(firm, "return_id", "client_name") == [("2025-0001", "Lee")] * 2


def test_lists_of_other_returns_than_the_name_says_are_refused(tmp_path: Path) -> None:
    """The ID stands beside each list: before, the events of both returns became those of the name."""
    firm = Firm(tmp_path, SETTINGS + NAMES.replace(" tracking*", "*"))
    event = '{"event": "Up", "time": "2026-03-26T15:15:10Z"}'
    settings = firm.data.settings
    settings.write_text(settings.read_text().replace('event_time = ["Date/Time"', 'event_time = ["Time"'))
    lists = ", ".join(f'{{"returnId": "{name}", "events": [{event}]}}' for name in ("A1", "B2"))
    texts = {
        "lists": f'{{"returns": [{lists}]}}',
        "one": f'{{"return": {{"id": "B2"}}, "events": [{event}]}}',
    }
    for name, text in texts.items():
        assert firm.refusal(text, f"A1 Lee client {name}.json").endswith(
            'it names the return_id "B2", and its name or the settings give "A1". '
            "Correct one, or load each as a file of its own."
        )
    same = firm.load_text(f'{{"returnId": "A1", "events": [{event}]}}', "A1 Lee client same.json")
    assert events(same, "return_id", "label") == [("A1", "Up")]
