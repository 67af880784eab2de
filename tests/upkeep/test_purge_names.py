"""A purge of returns whose ids are in the names of their files: nothing of them stays, nothing else goes."""

import gzip
import io
import json
import zipfile
import zlib
from argparse import Namespace
from datetime import date
from pathlib import Path

import pytest
import zstandard

from etl.config.settings import read_settings
from etl.store.load import load
from etl.store.parts import refusals
from etl.upkeep import text_search
from etl.upkeep.purge import purge
from etl.upkeep.text_search import TextSearch
from support.exports import traces
from support.hooks import ESIGN, LEE, STATUSES, esign, lines, status
from support.loaded_files import Firm, tree

HEAD = "tab,label,event_time\n"
LOG = HEAD + "Client,Up,2026-03-04\nClient,Down,2026-03-05\n"
CUT = "Client,Up\n"
PURGED = "its return was purged, and what was purged does not come back."


SETTINGS = """
[firm]
timezone = "America/New_York"
[[source]]
name = "log"
files = ["*"]
firm_id = "oak"
time_formats = ["%Y-%m-%d"]
[source.names]
"""


def firm_of(folder: Path, pattern: str = 'file = "{return_id}_*"') -> Firm:
    firm = Firm(folder, SETTINGS + pattern)
    firm.data.inbox.mkdir(mode=0o700, parents=True)
    return firm


def put(firm: Firm, name: str, text: str) -> None:
    file = firm.data.inbox / name
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_text(text)


def purge_return(firm: Firm, return_id: str) -> None:
    options = Namespace(return_id=return_id, firm=None, before=None, file_id=None, yes=True)
    assert purge(firm.data, options) == 0


def purge_file(firm: Firm, file_id: str) -> None:
    options = Namespace(return_id=None, firm=None, before=None, file_id=file_id, yes=True)
    assert purge(firm.data, options) == 0


def inbox(firm: Firm) -> list[str]:
    return [path.as_posix() for path in tree(firm.data.inbox)]


def file_names(firm: Firm) -> list[str]:
    return sorted(part.ledger["file_name"] for part in firm.parts)


@pytest.mark.parametrize("text", ["r1_log", "log_r1_2026", "(r1)", "r1.csv", "r1-log", '"r1"', "R1"])
def test_a_word_is_found_beside_any_character_that_is_no_letter_or_digit(text: str) -> None:
    assert TextSearch(["r1"]).is_in(text)


@pytest.mark.parametrize("text", ["r12_log", "ar1", "_r11", "r1é"])
def test_a_word_is_not_found_inside_another(text: str) -> None:
    assert not TextSearch(["r1"]).is_in(text)


NAMED = "2025-01;Zo\u00eb N\u00fa\u00f1ez;Client;Up\n"
OTHERS = "2025-02;Zo\u00eb Nuit;Client;Up\n"


def packed(kind: str, text: str) -> bytes:
    """A text as offices hand it over."""
    content = text.encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("log.csv", gzip.compress(content) if kind == "gzip in zip" else content)
    return {
        "plain": content,
        "UTF-16": text.encode("utf-16"),
        "UTF-16 without its mark": text.encode("utf-16-le"),
        "Windows-1252": text.encode("cp1252"),
        "JSON": json.dumps(text).encode(),
        "zip": archive.getvalue(),
        "gzip in zip": archive.getvalue(),
        "gzip": gzip.compress(content),
        "zip in gzip": gzip.compress(archive.getvalue()),
        "zstd": zstandard.compress(content),
        "PDF": b"%PDF-1.7\n" + zlib.compress(content),
    }[kind]


# What is in these is not read, so each of them counts as a match.
UNREADABLE = {"gzip in zip", "zstd", "PDF"}
KINDS = (
    "plain",
    "UTF-16",
    "UTF-16 without its mark",
    "Windows-1252",
    "JSON",
    "zip",
    "gzip",
    "zip in gzip",
    *sorted(UNREADABLE),
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("word", ["2025-01", "Zo\u00eb N\u00fa\u00f1ez"])
def test_a_word_is_found_in_a_file_of_any_kind(tmp_path: Path, kind: str, word: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(packed(kind, NAMED))
    assert TextSearch([word]).is_in_file(file)
    file.write_bytes(packed(kind, OTHERS))
    assert TextSearch([word]).is_in_file(file) is (kind in UNREADABLE)


@pytest.mark.parametrize("word", ["2025-01", "Zo\u00eb N\u00fa\u00f1ez"])
def test_a_word_is_found_at_the_end_of_a_piece_of_a_very_long_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setattr(text_search, "CHUNK_CHARACTERS", 64)
    monkeypatch.setattr(text_search, "LONGEST_LINE", 16)
    monkeypatch.setattr(text_search, "OVERLAP", 32)
    file = tmp_path / "file"
    for number in range(120):
        file.write_text("x" * number + f" {word} " + "y" * 300)
        assert max(map(len, text_search.texts_of(file))) <= 64 + 16 + 32
        assert TextSearch([word]).is_in_file(file)


def test_a_purge_reads_a_record_with_a_character_of_very_many_digits_or_very_many_backslashes(
    tmp_path: Path,
) -> None:
    firm = firm_of(tmp_path)
    strange = "&#" + "1" * 5_000 + ";", "\\" * 60_000 + "\\u00e9", "&#0000000050;025-01"
    for number in (1, 2):
        put(firm, f"2025-0{number}_log.csv", LOG + "".join(f"Client,{text}\n" for text in strange))
    firm.load_inbox()
    purge_return(firm, "2025-01")
    [left] = firm.parts
    # Only the last names the return: the number of its first digit has zeros before it.
    assert left.ledger["quarantined_count"] == 2


def test_a_folder_that_is_named_like_a_purged_return_goes_if_nothing_is_in_it(tmp_path: Path) -> None:
    firm = firm_of(tmp_path)
    for name in ("2025-01/2025-01_log.csv", "2025-02/2025-02_log.csv"):
        put(firm, name, LOG)
    firm.load_inbox()
    put(firm, "2025-01 new/later.txt", "")
    purge_return(firm, "2025-01")
    folders = {path.name for path in firm.data.inbox.iterdir()} - {"loaded", "refused"}
    assert folders == {"2025-01 new", "2025-02"}


def test_an_export_of_a_purged_return_is_refused_whole_and_its_name_is_stored_nowhere(tmp_path: Path) -> None:
    firm = firm_of(tmp_path)
    put(firm, "2025-01_log.csv", LOG + CUT)
    put(firm, "2025-02_log.csv", LOG + "Client,Again,2026-03-06\n")
    firm.load_inbox()
    purge_return(firm, "2025-01")
    assert (inbox(firm), traces(firm.data, ("2025-01",))) == (["loaded/2025-02_log.csv"], [])
    put(firm, "2025-01_log.csv", LOG + CUT)
    put(firm, "2025-01_new.csv", LOG + CUT + "Client,New,2026-03-07\n")
    put(firm, "2025-01_wide.csv", LOG.replace("event_time", "when"))
    put(firm, "2025-03_log.csv", LOG + CUT)
    assert [(outcome.state, outcome.reason) for outcome in firm.load_inbox()][:2] == [("refused", PURGED)] * 2
    assert {row["file_name"] for row in refusals(firm.data)} == {
        f"{row['file_id']} (its name was purged)" for row in refusals(firm.data)
    }
    assert inbox(firm) == [
        "loaded/2025-02_log.csv", "loaded/2025-03_log.csv", "refused/2025-01_wide.csv",
    ]  # fmt: skip
    assert file_names(firm) == ["2025-02_log.csv", "2025-03_log.csv"]
    assert traces(firm.data, ("2025-01",)) == ["inbox/refused/2025-01_wide.csv"]


def test_an_id_that_a_person_gives_is_that_of_a_purged_return_too(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    settings, file = read_settings(firm.data.settings), firm.file("log.csv", LOG + CUT)
    load(firm.data, settings, [file], given={"return_id": "r1"})
    purge_return(firm, "r1")
    outcomes = load(firm.data, settings, [file], given={"return_id": "r1"})
    outcomes += load(firm.data, settings, [file], given={"return_id": "r2"})
    assert [(outcome.state, outcome.reason) for outcome in outcomes] == [
        ("refused", PURGED),
        ("loaded", None),
    ]
    assert file.exists()


def test_a_purge_of_a_file_removes_no_export_of_another_file(tmp_path: Path) -> None:
    """The bytes of the first two are equal, and the next names the return in its name."""
    firm = firm_of(tmp_path, 'file = "{return_id}_{client_name}"')
    for name in ("r1_Lee.csv", "r2_Kim.csv"):
        put(firm, name, LOG)
    put(firm, "r1_Roe.csv", LOG + "Client,Again,2026-03-06\n")
    put(firm, "r1_bad.csv", "Shoe\nr1\n")
    put(firm, "r1_zip.zip", "no archive")
    firm.load_inbox()
    [lee] = [part.file_id for part in firm.parts if part.ledger["file_name"] == "r1_Lee.csv"]
    purge_file(firm, lee)
    assert inbox(firm) == [
        "loaded/r1_Roe.csv", "loaded/r2_Kim.csv", "refused/r1_bad.csv", "refused/r1_zip.zip",
    ]  # fmt: skip
    assert file_names(firm) == ["r1_Roe.csv", "r2_Kim.csv"]


def test_a_purge_of_a_return_removes_no_export_of_another_return_with_equal_bytes(tmp_path: Path) -> None:
    firm = firm_of(tmp_path)
    for name in ("r1_a.csv", "r2_a.csv"):
        put(firm, name, LOG)
    firm.load_inbox()
    purge_return(firm, "r1")
    assert (inbox(firm), file_names(firm)) == (["loaded/r2_a.csv"], ["r2_a.csv"])


def test_a_purged_file_does_not_come_back_with_other_values_of_the_same_return(tmp_path: Path) -> None:
    firm = firm_of(tmp_path, 'file = "{return_id}_{client_name}"')
    put(firm, "r1_Lee.csv", LOG)
    firm.load_inbox()
    purge_file(firm, firm.parts[0].file_id)
    for name in ("r1_Roe.csv", "r2_Roe.csv"):
        put(firm, name, LOG)
    assert [outcome.state for outcome in firm.load_inbox()] == ["refused", "loaded"]


def test_a_purged_file_with_its_own_ids_does_not_come_back_with_other_values(tmp_path: Path) -> None:
    firm = firm_of(tmp_path, 'file = "{client_name}_*"')
    log = "return_id," + HEAD + "r1,Client,Up,2026-03-04\nr2,Client,Up,2026-03-04\n"
    put(firm, "Lee_log.csv", log)
    firm.load_inbox()
    purge_file(firm, firm.parts[0].file_id)
    put(firm, "Roe_log.csv", log)
    assert [outcome.state for outcome in firm.load_inbox()] == ["refused"]


def test_a_purge_of_all_old_signatures_keeps_no_later_signature_out(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    old = lines(
        status("DELIVERED", "2023-03-04T15:10:00.000Z", 9),
        esign("2023-03-08T20:15:00.000Z", "2023-03-04T15:10:00.000Z", LEE),
    )
    new = lines(*STATUSES, ESIGN)
    firm.load(firm.file("old.ndjson", old))
    options = {"return_id": None, "firm": None, "before": date(2024, 1, 1), "file_id": None, "yes": True}
    assert purge(firm.data, Namespace(**options)) == 0
    assert not firm.parts
    firm.load(firm.file("new.ndjson", new + old))
    counts = {part.kind: (part.ledger["kept_count"], part.ledger["purged_count"]) for part in firm.parts}
    assert counts == {"events": (6, 1), "webhook": (1, 1)}
