"""The inbox: files leave it with their folders, and go after the days of [retention]."""

import os
from argparse import Namespace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl.config.settings import Retention, read_settings
from etl.store.inbox import take_out
from etl.store.load import load_each
from etl.upkeep.findings import WELL
from etl.upkeep.purge import purge
from etl.upkeep.retention import apply
from etl.upkeep.verify import check_files
from support.loaded_files import HEAD, Firm, tree

GOOD = f"{HEAD}\nr1,Client,Up,2026-03-04\n"
BAD = "Shoe\n1\n"


def log(return_id: str) -> str:
    return GOOD.replace("r1", return_id)


def with_inbox(folder: Path, files: dict[str, str], settings: str | None = None) -> Firm:
    firm = Firm(folder, settings)
    for name, text in files.items():
        file = firm.data.inbox / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(text)
    return firm


def names(firm: Firm) -> list[str]:
    return [path.as_posix() for path in tree(firm.data.inbox)]


def folders(firm: Firm) -> list[str]:
    paths = sorted(path for path in firm.data.inbox.rglob("*") if path.is_dir())
    return [path.relative_to(firm.data.inbox).as_posix() for path in paths]


def test_files_leave_the_inbox(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.data.inbox.mkdir()
    (firm.data.inbox / "deep").mkdir()
    for name in ("b.csv", ".hidden.csv", "deep/c.csv", "deep/.hidden.csv", "copy of b.csv"):
        (firm.data.inbox / name).write_text(GOOD)
    (firm.data.inbox / "a.csv").write_text("Shoe\n1\n")
    outcomes = firm.load_inbox()
    assert [(Path(outcome.name).name, outcome.state) for outcome in outcomes] == [
        ("a.csv", "refused"),
        ("b.csv", "loaded"),
        ("copy of b.csv", "known"),
        ("c.csv", "known"),
    ]
    assert sorted(path.as_posix() for path in tree(firm.data.inbox)) == [
        ".hidden.csv",
        "deep/.hidden.csv",
        "loaded/b.csv",
        "loaded/copy of b.csv",
        "loaded/deep/c.csv",
        "refused/a.csv",
    ]
    assert firm.load_inbox() == []


def test_a_taken_name_gets_a_number(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.data.inbox.mkdir()
    for number in range(3):
        (firm.data.inbox / "log.csv").write_text(GOOD + f"r{number},Client,Up,2026-03-04\n")
        firm.load_inbox()
    contents = {
        path.name: content.splitlines()[-1][:2] for path, content in tree(firm.data.inbox / "loaded").items()
    }
    assert contents == {"log.csv": b"r0", "log (2).csv": b"r1", "log (3).csv": b"r2"}


@pytest.mark.parametrize(
    ("name", "second"),
    [
        (f"{'m' * 251}.csv", f"{'m' * 247} (2).csv"),
        # No letter of two bytes is cut.
        (f"{'é' * 125}.csv", f"{'é' * 123} (2).csv"),
        (f"J. {'m' * 248}.csv", f" (2){'m' * 247}.csv"),
    ],
    ids=["ascii", "of two bytes", "all but one letter is an ending"],
)
def test_a_number_makes_no_name_too_long(tmp_path: Path, name: str, second: str) -> None:
    firm = with_inbox(tmp_path, {name: GOOD})
    assert [outcome.state for outcome in firm.load_inbox()] == ["loaded"]
    (firm.data.inbox / name).write_text(GOOD)
    assert [outcome.state for outcome in firm.load_inbox()] == ["known"]
    assert names(firm) == sorted([f"loaded/{name}", f"loaded/{second}"])


def test_a_file_that_cannot_be_moved_is_a_problem_of_its_own(tmp_path: Path) -> None:
    """Its path is as long as a path can be, and has no room for the name of one more folder."""
    firm = with_inbox(tmp_path, {"a.csv": log("a"), "z.csv": log("z")})
    long = firm.data.inbox
    while len(str(long)) < 3800:
        long /= "m" * 200
    long /= "m" * (4090 - len(str(long)) - len("//long.csv"))
    long.mkdir(parents=True)
    (long / "long.csv").write_text(log("m"))
    outcomes = firm.load_inbox()
    assert [outcome.state for outcome in outcomes] == ["loaded", "loaded", "left", "loaded"]
    assert str(outcomes[2]) == f"{long}/long.csv: it cannot be moved out of the inbox (File name too long)."
    assert [name for name in names(firm) if "mmm" not in name] == ["loaded/a.csv", "loaded/z.csv"]
    # It is loaded, and stays where it is.
    assert [outcome.state for outcome in firm.load_inbox()] == ["known", "left"]


def test_a_file_of_equal_size_and_time_that_comes_while_it_is_loaded_is_loaded_next(tmp_path: Path) -> None:
    firm = with_inbox(tmp_path, {"log.csv": log("a")})
    file, other = firm.data.inbox / "log.csv", tmp_path / "other"
    [(_, [outcome])] = load_each(firm.data, read_settings(firm.data.settings), [file])
    other.write_text(log("b"))
    os.utime(other, ns=(0, file.stat().st_mtime_ns))
    other.replace(file)
    assert take_out(firm.data, file, outcome.stamp, is_refused=False, is_purged=False) is None
    assert [outcome.state for outcome in firm.load_inbox()] == ["loaded"]
    assert len(firm.parts) == 2


def test_a_missing_inbox_is_empty(tmp_path: Path) -> None:
    assert Firm(tmp_path).load_inbox() == []


def test_retention_counts_from_the_day_a_file_was_moved(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.data.inbox.mkdir()
    (firm.data.inbox / "log.csv").write_text(GOOD)
    os.utime(firm.data.inbox / "log.csv", (0, 0))
    firm.load_inbox()
    for days, age, names in ((None, 1000, ["log.csv"]), (30, 29, ["log.csv"]), (30, 31, [])):
        apply(firm.data, Retention(inbox_days=days), datetime.now(UTC) + timedelta(days=age))
        assert [path.name for path in (firm.data.inbox / "loaded").iterdir()] == names
    assert len(firm.parts) == 1


def test_a_file_keeps_its_folder(tmp_path: Path) -> None:
    """The folders it moves to are private, and a name that is taken by a file or a link gets a number."""
    firm = with_inbox(tmp_path, {"lee": log("a"), "kim/1040/log.csv": log("b"), "kim/bad.csv": BAD})
    (firm.data.inbox / "kim").chmod(0o755)
    firm.load_inbox()
    (firm.data.inbox / "loaded" / "roe").symlink_to(tmp_path)
    again = with_inbox(tmp_path, {"lee/a.csv": log("c"), "kim/1040/log.csv": log("d"), "roe/a.csv": log("e")})
    assert [outcome.state for outcome in again.load_inbox()] == ["loaded"] * 3
    assert names(firm) == [
        "loaded/kim/1040/log (2).csv",
        "loaded/kim/1040/log.csv",
        "loaded/lee",
        "loaded/lee (2)/a.csv",
        "loaded/roe (2)/a.csv",
        "refused/kim/bad.csv",
    ]
    moved = [path for path in (firm.data.inbox / "loaded").rglob("*") if not path.is_symlink()]
    assert {path.stat().st_mode & 0o777 for path in moved if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in moved if path.is_file()} == {0o600}


def test_symbolic_links_in_folders_are_refused_and_not_followed(tmp_path: Path) -> None:
    firm = with_inbox(tmp_path, {"lee/a.csv": log("a"), "../elsewhere/b.csv": log("b")})
    elsewhere = firm.data.inbox / "../elsewhere"
    (firm.data.inbox / "lee" / "b.csv").symlink_to(elsewhere / "b.csv")
    (firm.data.inbox / "lee" / "more").symlink_to(elsewhere)
    (firm.data.inbox / "lee" / "round").symlink_to(firm.data.inbox)
    outcomes = firm.load_inbox()
    assert [(Path(outcome.name).name, outcome.state) for outcome in outcomes] == [
        ("a.csv", "loaded"),
        ("b.csv", "refused"),
        ("more", "refused"),
        ("round", "refused"),
    ]
    assert (elsewhere / "b.csv").read_text() == log("b")


def test_what_computers_add_to_folders_is_said_and_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clutter = [
        "lee/.DS_Store",
        "lee/~$078-05-1121.csv",
        "Thumbs.db",
        "lee/Desktop.ini",
        "__MACOSX/lee/._a.csv",
    ]
    firm = with_inbox(tmp_path, {"lee/a.csv": log("a")} | dict.fromkeys(clutter, "junk"))
    assert [outcome.state for outcome in firm.load_inbox()] == ["loaded"]
    assert names(firm) == sorted([*clutter, "loaded/lee/a.csv"])
    # On a slow machine, lines of progress are there too.
    said = [line for line in capsys.readouterr().err.splitlines() if "passed over" in line]
    assert said == [
        f"{firm.data.inbox}: passed over .DS_Store, ._a.csv, Desktop.ini, Thumbs.db, ~$[TIN].csv, "
        "which no person puts into a folder."
    ]
    assert [outcome.state for outcome in firm.load(firm.data.inbox / "lee")] == []


def test_folders_of_the_inbox_stay_and_those_of_moved_files_go_with_them(tmp_path: Path) -> None:
    """A person, or a program that copies files here, made those of the inbox, and misses them."""
    firm = with_inbox(tmp_path, {"lee/1040/a.csv": log("a"), "kim/.keep": "", "roe/a.csv": log("b")})
    firm.load_inbox()
    (firm.data.inbox / ".stfolder").mkdir()
    moved = ["loaded", "loaded/lee", "loaded/lee/1040", "loaded/roe", "refused", "roe"]
    apply(firm.data, Retention(), datetime.now(UTC) + timedelta(days=30))
    assert folders(firm) == [".stfolder", "kim", "lee", "lee/1040", *moved]
    # The days of [retention] are those of the files; their folders go with them.
    apply(firm.data, Retention(inbox_days=1), datetime.now(UTC) + timedelta(days=1, minutes=1))
    assert folders(firm) == [".stfolder", "kim", "lee", "lee/1040", "loaded", "refused", "roe"]


def test_a_purge_finds_exports_in_folders_and_leaves_no_folder_with_the_name(tmp_path: Path) -> None:
    files = {"2025-01/log.csv": log("2025-01"), "2025-01/bad.csv": BAD, "2025-02/log.csv": log("2025-02")}
    firm = with_inbox(tmp_path, files)
    firm.load_inbox()
    (firm.data.inbox / "2025-01").rmdir()
    options = Namespace(return_id="2025-01", firm=None, before=None, file_id=None, yes=True)
    assert purge(firm.data, options) == 0
    assert names(firm) == ["loaded/2025-02/log.csv"]
    assert folders(firm) == ["2025-02", "loaded", "loaded/2025-02", "refused"]


def test_verify_finds_nothing_wrong_with_folders(tmp_path: Path) -> None:
    firm = with_inbox(tmp_path, {"lee/a.csv": log("a"), "lee/b.csv": BAD})
    firm.load_inbox()
    for path in (firm.data.root, firm.data.inbox):
        path.chmod(0o700)
    (firm.data.inbox / "lee").chmod(0o755)
    findings = check_files(firm.data, read_settings(firm.data.settings))
    assert {finding.severity for finding in findings} == {WELL}
