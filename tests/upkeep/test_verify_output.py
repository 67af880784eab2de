"""Verify checks what was written for people, and the logs; and it remembers how long the logs were."""

import gzip
import json
import os
import shutil
from pathlib import Path

import pytest

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.sealed import sealed_logs
from etl.reports.history import history_file, read_runs
from etl.upkeep.findings import WELL
from etl.upkeep.verify import verify
from support.subscribers import due, firm

NEVER = '[[subscription]]\nreport = "totals"\nevery = "never"\n'
WELL_LOG = ("well", "runs/history.jsonl", "No line was changed, and none is missing.")
RESTORE = "Restore it from a backup. Without one, docs/commands.md says how to begin a new one."
OUTPUT = ("runs/", "reports/", "audit/")
OTHERS = "It does not belong to returntrail, and is not read: a copy, or somebody else's."


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = firm(tmp_path, NEVER)
    assert due(data, "2026-03-05T12:00") == [("seen", "written")]
    return data


def found(data: DataDir) -> list[tuple[str, str, str]]:
    """What verify finds on output and logs."""
    return [
        (one.severity, one.subject, one.finding)
        for one in verify(data)
        if one.subject.startswith(OUTPUT) and (one.severity != WELL or one.subject.endswith("jsonl"))
    ]


def test_what_was_written_is_well(data: DataDir) -> None:
    assert found(data) == [WELL_LOG]


def test_a_stored_file_that_is_not_what_its_run_wrote_is_damage(data: DataDir) -> None:
    stored = data.runs / "1" / "seen.csv.gz"
    stored.write_bytes(gzip.compress(b"something else"))
    (data.runs / "1" / "seen-changes.csv.gz").unlink()
    assert found(data) == [
        ("damage", "runs/1/seen.csv.gz", "Not what run 1 wrote. Restore it from a backup."),
        ("damage", "runs/1/seen-changes.csv.gz", "What run 1 wrote is damaged. Restore it from a backup."),
        WELL_LOG,
    ]
    (data.runs / "1" / "entry.json").write_text("{", encoding="utf-8")
    sentence = "It cannot be read, so its files cannot be checked. Restore it from a backup."
    assert found(data) == [("damage", "runs/1/entry.json", sentence), WELL_LOG]


def test_a_report_that_somebody_has_saved_is_a_note_and_one_moved_away_is_nothing(data: DataDir) -> None:
    folder = data.reports / "2026-03-05"
    (folder / "seen.csv").write_text("edited", encoding="utf-8")
    (folder / "seen-changes.csv").unlink()
    sentence = "It is not as it was written; somebody may have saved it after opening it."
    assert found(data) == [("note", "reports/2026-03-05/seen.csv", sentence), WELL_LOG]
    (folder / "manifest.json").write_text("[]", encoding="utf-8")
    sentence = "It cannot be read, so no report here can be checked. Restore it from a backup."
    assert found(data) == [("damage", "reports/2026-03-05/manifest.json", sentence), WELL_LOG]


def without_seals(data: DataDir) -> None:
    """Makes the history one of a version that sealed nothing, with a line that a killed process left."""
    entries = [json.loads(line) for line in history_file(data).read_bytes().splitlines()]
    lines = [
        json.dumps({name: entry[name] for name in entry if name not in ("line", "before", "seal")})
        for entry in entries
    ]
    history_file(data).write_text("\n".join([lines[0], '{"run": 1, "at', *lines[1:], ""]), encoding="utf-8")
    (data.runs / "head").unlink()


def test_a_history_without_seals_is_continued_and_sealed_from_then_on(data: DataDir) -> None:
    without_seals(data)
    note = "3 lines are from a version without seals, so a line changed before the update is not noticed."
    noted = [("note", "runs/history.jsonl", note), WELL_LOG]
    assert found(data) == noted
    assert due(data, "2026-03-05T18:00") == []
    assert due(data, "2026-03-06T12:00") == [("seen", "written")]
    assert found(data) == noted
    assert [(run.run, run.state) for run in read_runs(data)] == [(1, "written"), (2, "written")]
    # The first sealed line has a hash of all lines before it.
    content = history_file(data).read_bytes()
    history_file(data).write_bytes(content.replace(b'"at": "2026-03-05T12', b'"at": "2026-03-05T13', 1))
    assert [finding for _, _, finding in found(data)] == [
        "line 4: the line before it was changed, or lines were removed or inserted.",
        RESTORE,
    ]


def test_a_killed_call_leaves_a_line_without_its_head_or_half_a_line_and_both_are_no_fault(
    data: DataDir,
) -> None:
    before = (data.runs / "head").read_bytes()
    assert due(data, "2026-03-06T12:00") == [("seen", "written")]
    lines = history_file(data).read_bytes().splitlines(keepends=True)
    (data.runs / "head").write_bytes(before)
    history_file(data).write_bytes(b"".join(lines[:3]) + lines[3][:40])
    assert found(data) == [WELL_LOG]
    assert due(data, "2026-03-06T12:00") == [("seen", "written")]
    assert found(data) == [WELL_LOG]
    assert [run.state for run in read_runs(data)][1:] == [
        "failed: its process ended before it was done",
        "written",
    ]


def test_a_restored_history_goes_on_and_a_new_one_begins_when_asked(data: DataDir, tmp_path: Path) -> None:
    backup = shutil.copytree(data.runs, tmp_path / "backup")
    assert found(data) == [WELL_LOG]
    history_file(data).unlink()
    with pytest.raises(Problem) as raised:
        due(data, "2026-03-06T12:00")
    assert str(raised.value) == (
        f"{history_file(data)}: it is missing, and it had 2 lines. So it is not known what people got, and "
        "nothing is written or sent. Restore runs/ and verified.json from one backup. "
        "To begin anew, move both elsewhere: every report is then new."
    )
    shutil.rmtree(data.runs)
    with pytest.raises(Problem, match="it is missing, and it had 2 lines"):
        due(data, "2026-03-06T12:00")
    shutil.copytree(backup, data.runs)
    assert due(data, "2026-03-06T12:00") == [("seen", "written")]
    # What was said: both are moved away, and the reports begin anew.
    shutil.move(data.runs, tmp_path / "old runs")
    shutil.move(data.verified, tmp_path / "verified.json")
    assert due(data, "2026-03-06T12:00") == [("seen", "written")]
    assert found(data) == [WELL_LOG]


def test_a_copy_made_while_no_command_runs_is_a_backup_and_one_of_two_moments_is_cut(
    data: DataDir, tmp_path: Path
) -> None:
    verify(data)
    early = shutil.copytree(data.root, tmp_path / "early")
    assert due(data, "2026-03-06T12:00") == [("seen", "written")]
    assert found(data) == [WELL_LOG]
    shutil.copytree(data.root, tmp_path / "backup" / "data")
    restored = DataDir(tmp_path / "backup" / "data")
    assert found(restored) == [WELL_LOG]
    assert due(restored, "2026-03-06T18:00") == []
    assert due(restored, "2026-03-07T12:00") == [("seen", "written")]
    # The log was copied before a run, the rest after it.
    shutil.copy(early / "runs" / "history.jsonl", history_file(data))
    shutil.rmtree(data.runs / "2")
    cut = "it has 2 lines and had 4: the end was cut off."
    assert found(data) == [("damage", "runs/history.jsonl", cut), ("note", "runs/history.jsonl", RESTORE)]


def test_an_older_history_goes_on_with_what_was_seen_of_it_then(data: DataDir, tmp_path: Path) -> None:
    """Of one backup come the history and verified.json; what was sent since then is sent again."""
    verify(data)
    backup = shutil.copytree(data.root, tmp_path / "backup")
    assert due(data, "2026-03-06T12:00") == [("seen", "written")]
    verify(data)
    shutil.rmtree(data.runs)
    shutil.copytree(backup / "runs", data.runs)
    with pytest.raises(Problem, match="it has 2 lines and had 4: the end was cut off"):
        due(data, "2026-03-06T12:00")
    shutil.copy(backup / "verified.json", data.verified)
    assert due(data, "2026-03-06T12:00") == [("seen", "written")]
    assert found(data) == [WELL_LOG]


@pytest.mark.parametrize(
    "content", ["", "[]", '{"logs": 5}', '{"logs": {"runs/history.jsonl": {"count": "x"}}}']
)
def test_a_damaged_file_that_remembers_the_logs_stops_nothing(data: DataDir, content: str) -> None:
    for file in (data.verified, data.runs / "heartbeat.json"):
        file.write_text(content, encoding="utf-8")
        file.chmod(0o600)
    assert due(data, "2026-03-06T12:00") == [("seen", "written")]
    assert found(data) == [WELL_LOG]


def test_without_its_key_no_seal_can_be_checked(data: DataDir) -> None:
    (data.root / ".key").unlink()
    assert [finding for _, _, finding in found(data)] == [
        f"{data.root}/.key: it is missing, so no seal can be checked. Restore it from a backup.",
        RESTORE,
    ]


def test_copies_of_a_log_and_folders_of_others_are_notes_and_stop_no_report(data: DataDir) -> None:
    for name in ("history-backup.jsonl", "history-2026.jsonl", "history (copy).jsonl"):
        shutil.copy(history_file(data), data.runs / name)
    for name in ("2026", "3", "tmp"):
        (data.runs / name).mkdir(mode=0o700)
        (data.runs / name / "mine.txt").write_text("of a person", encoding="utf-8")
        (data.runs / name / "mine.txt").chmod(0o600)
    assert due(data, "2026-03-06T12:00") == [("seen", "written")]
    assert due(data, "2026-03-07T12:00") == [("seen", "written")]
    notes = [f"runs/{name}" for name in ("2026", "3", "history (copy).jsonl")]
    notes += ["runs/history-2026.jsonl", "runs/history-backup.jsonl"]
    more = ("note", "runs", "1 more files and folders do not belong to returntrail.")
    assert found(data) == [*(("note", name, OTHERS) for name in notes), WELL_LOG]
    assert more in [(one.severity, one.subject, one.finding) for one in verify(data)]
    # A run takes no number whose folder somebody else has.
    assert [run.run for run in read_runs(data)] == [1, 2, 4]
    assert (data.runs / "3" / "mine.txt").read_text(encoding="utf-8") == "of a person"


def test_a_history_that_was_renamed_to_that_of_a_year_is_missing(data: DataDir) -> None:
    """Only the audit trail begins a new file each year: nothing else would be read of this one."""
    os.rename(history_file(data), data.runs / "history-2026.jsonl")
    with pytest.raises(Problem, match="it is missing, and it had 2 lines"):
        due(data, "2026-03-06T12:00")


def test_a_stored_run_that_no_line_knows_is_damage_and_an_entry_that_is_gone_too(data: DataDir) -> None:
    shutil.copytree(data.runs / "1", data.runs / "7")
    lost = "it has no line of the stored runs 7."
    assert found(data) == [("damage", "runs/history.jsonl", lost), ("note", "runs/history.jsonl", RESTORE)]
    shutil.rmtree(data.runs / "7")
    (data.runs / "1" / "entry.json").unlink()
    sentence = "It cannot be read, so its files cannot be checked. Restore it from a backup."
    assert found(data) == [("damage", "runs/1/entry.json", sentence), WELL_LOG]


def test_power_that_fails_right_after_an_upgrade_damages_no_history(
    data: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not written through to the disk is gone; the history of the old version had no head."""
    without_seals(data)
    on_disk, sync = {history_file(data): history_file(data).read_bytes()}, os.fsync

    def written_through(descriptor: int) -> None:
        sync(descriptor)
        for file in data.runs.glob("*"):
            if file.is_file() and os.path.samestat(os.fstat(descriptor), file.stat()):
                on_disk[file] = file.read_bytes()

    log = sealed_logs(data)["runs/history.jsonl"]
    with monkeypatch.context() as patch, log.locked():
        patch.setattr(os, "fsync", written_through)
        log.append({"run": 2})
    for file in (log.file, log.head_file):
        file.write_bytes(on_disk.get(file, b""))
    assert log.faults() == []
    with log.locked():
        log.append({"run": 3})
    assert log.faults() == []


def test_lines_of_an_older_version_behind_sealed_ones_are_named_as_such(data: DataDir) -> None:
    """The older version ran again for a day. Anybody may write such lines."""
    line = json.loads(history_file(data).read_bytes().splitlines()[-1]) | {"run": 2, "slot": "2026-03-06"}
    for name in ("line", "before", "seal"):
        del line[name]
    with history_file(data).open("ab") as file:
        file.write(json.dumps(line).encode() + b"\n")
    older = "it has no seal: an older version of returntrail wrote it, or somebody else."
    assert found(data)[0] == ("damage", "runs/history.jsonl", f"line 3: {older}")
    with pytest.raises(Problem) as raised:
        due(data, "2026-03-07T12:00")
    assert str(raised.value).startswith(
        f"{history_file(data)}, line 3: {older} So it is not known what people"
    )
