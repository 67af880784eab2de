"""Atomic writing: complete or not there, private, on the disk; leftovers are found and removed."""

import os
from pathlib import Path

import pytest

from etl.common.files import (
    EARLIER_PREFIXES,
    LEFTOVER_PREFIX,
    atomic_file,
    is_leftover,
    put_in_place,
    remove_folder,
    remove_leftovers,
    remove_leftovers_outside,
    work_folder,
    write_atomically,
)


class Killed(Exception):
    """The process was killed here."""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_failed_write_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    file.write_text("old")
    with pytest.raises(Killed), atomic_file(file) as stream:
        stream.write(b"half")
        raise Killed
    assert file.read_text() == "old" and names(tmp_path) == ["report.csv"]
    write_atomically(file, b"new")
    assert file.read_text() == "new" and mode(file) == 0o600 and names(tmp_path) == ["report.csv"]


def test_a_folder_replaces_another_and_is_private(tmp_path: Path) -> None:
    for content in ("old", "new"):
        with work_folder(tmp_path) as work:
            (work / "pack" / "pages").mkdir(parents=True, mode=0o755)
            (work / "pack" / "pages" / "one.html").write_text(content)
            put_in_place(work / "pack", tmp_path / "pack")
    page = tmp_path / "pack" / "pages" / "one.html"
    assert page.read_text() == "new" and names(tmp_path) == ["pack"]
    assert (mode(page), mode(page.parent), mode(tmp_path / "pack")) == (0o600, 0o700, 0o700)


def test_everything_is_on_the_disk_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: steps.append("sync") or fsync(handle))
    monkeypatch.setattr(os, "replace", lambda made, to: steps.append("rename") or replace(made, to))
    write_atomically(tmp_path / "file", b"")
    assert steps == ["sync", "rename", "sync"]
    steps.clear()
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "file").touch()
    put_in_place(tmp_path / "made", tmp_path / "folder")
    assert steps == ["sync", "sync", "rename", "sync"]


@pytest.mark.parametrize("where", ["writing", "removing"])
def test_a_killed_process_leaves_only_what_the_next_one_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def killed(*arguments: object, **more: object) -> None:
        raise Killed

    (tmp_path / "old").mkdir()
    if where == "writing":
        monkeypatch.setattr("os.replace", killed)
        monkeypatch.setattr("pathlib.Path.unlink", killed)
        with pytest.raises(Killed):
            write_atomically(tmp_path / "file", b"")
    else:
        monkeypatch.setattr("shutil.rmtree", killed)
        with pytest.raises(Killed):
            remove_folder(tmp_path / "old")
        assert not (tmp_path / "old").exists()
    monkeypatch.undo()
    [left] = [path for path in tmp_path.iterdir() if path.name != "old"]
    assert is_leftover(left)
    remove_leftovers(tmp_path, tmp_path / "missing")
    assert not left.exists()


def test_leftovers_of_earlier_versions_go_but_not_from_a_folder_of_the_user(tmp_path: Path) -> None:
    for prefix in (LEFTOVER_PREFIX, *EARLIER_PREFIXES):
        (tmp_path / f"{prefix}x").mkdir()
    (tmp_path / ".mine").touch()
    remove_leftovers_outside(tmp_path)
    assert names(tmp_path) == sorted([".mine", *(f"{prefix}x" for prefix in EARLIER_PREFIXES)])
    remove_leftovers(tmp_path)
    assert names(tmp_path) == [".mine"]
