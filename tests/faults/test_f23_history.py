"""F23: the history of runs cut, changed, forged or lost: `verify` names it, and nothing is mailed twice."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.reports import runs
from etl.reports.alert import alerting
from etl.reports.history import history_file
from etl.upkeep.verify import verify
from faults.checks import Tally
from support.subscribers import PASSWORD, Post, due, firm, post_office

EVERY_DAY = '[[subscription]]\nreport = "seen"\nto = ["ann@oak.example"]\n'
NEVER = '[[subscription]]\nreport = "totals"\nevery = "never"\n'


def rewrite(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[DataDir], None]:
    """A fault that changes the lines of the history."""

    def harm(data: DataDir) -> None:
        lines = history_file(data).read_bytes().splitlines(keepends=True)
        history_file(data).write_bytes(b"".join(change(lines)))

    return harm


def without(*names: str) -> Callable[[DataDir], None]:
    """A fault that removes files of runs/."""

    def harm(data: DataDir) -> None:
        for name in names:
            path = data.runs / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    return harm


def older(data: DataDir) -> None:
    """Restores the history, its head and the heartbeat of an earlier day, and nothing else."""
    for name in ("history.jsonl", "head", "heartbeat.json"):
        shutil.copy(data.root.parent / "earlier" / name, data.runs / name)


def forged(lines: list[bytes]) -> list[bytes]:
    return [*lines, lines[-1].replace(b'"run": 3', b'"run": 4')]


HARMS = {
    "removed": without("history.jsonl"),
    "removed with its head": without("history.jsonl", "head"),
    "removed with head and heartbeat": without("history.jsonl", "head", "heartbeat.json"),
    "removed with head and stored runs": without("history.jsonl", "head", "1", "2", "3"),
    "runs/ removed": lambda data: shutil.rmtree(data.runs),
    "emptied": lambda data: os.truncate(history_file(data), 0),
    "cut in a line": lambda data: os.truncate(history_file(data), history_file(data).stat().st_size - 9),
    "the last line removed": rewrite(lambda lines: lines[:-1]),
    "the first line removed": rewrite(lambda lines: lines[1:]),
    "a line in the middle removed": rewrite(lambda lines: lines[:3] + lines[4:]),
    "lines swapped": rewrite(lambda lines: [lines[1], lines[0], *lines[2:]]),
    "a line changed": rewrite(lambda lines: [*lines[:-1], lines[-1].replace(b"ann@", b"bob@")]),
    "a line unreadable": rewrite(lambda lines: [*lines[:2], b"\xff\n", *lines[3:]]),
    "a line forged": rewrite(forged),
    "older, with head and heartbeat": older,
}


@pytest.fixture
def three_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataDir:
    """A firm whose report was mailed on three days, and verified."""
    monkeypatch.setenv(PASSWORD, "right")
    (tmp_path / "firm").mkdir()
    return firm(tmp_path / "firm")


def test_f23_a_lost_history(
    tally: Tally, control: Tally, three_days: DataDir, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with post_office(tmp_path) as (post, mail):
        settings = three_days.root / "settings.toml"
        settings.write_text(settings.read_text(encoding="utf-8") + mail + EVERY_DAY + NEVER, encoding="utf-8")
        for day in (5, 6, 7):
            with alerting(three_days):
                assert due(three_days, f"2026-03-{day:02d}T12:00") == [("seen", "written")]
            if day == 5:
                shutil.copytree(three_days.runs, tmp_path / "earlier")
        verify(three_days)
        assert len(post.taken) == 3
        for name, harm in HARMS.items():
            for is_protected in (True, False):
                data = DataDir(Path(shutil.copytree(three_days.root, tmp_path / "data")))
                harm(data)
                post.taken.clear()
                if is_protected:
                    tally.injected += 1
                    check_refusal(tally, data, name)
                    tally.doubled += reports(post)
                    tally.unclear += len(post.taken) != 1
                else:
                    with monkeypatch.context() as patch:
                        patch.setattr(runs, "refuse_lost_history", lambda data: None)
                        due(data, "2026-03-07T18:00")
                    control.doubled += reports(post)
                shutil.rmtree(data.root)


def reports(post: Post) -> int:
    """How many reports were mailed; the owner is mailed what is wrong, once."""
    return sum(envelope.rcpt_tos == ["ann@oak.example"] for envelope in post.taken)


def check_refusal(tally: Tally, data: DataDir, name: str) -> None:
    """Two calls of the same day send nothing and say why; and `verify` names the history."""
    for _ in range(2):
        try:
            with alerting(data):
                sent = due(data, "2026-03-07T18:00")
            tally.check_message(
                f"nothing was said, and sent: {sent}", "Restore runs/ and verified.json", name
            )
        except Problem as problem:
            tally.check_message(
                str(problem),
                r"history\.jsonl.*Restore runs/ and verified\.json from one backup\. To begin",
                name,
            )
    damaged = [one.finding for one in verify(data) if (one.severity, one.subject) == DAMAGED]
    tally.check_message("\n".join(damaged), "lines|written|damaged|seal", name)


DAMAGED = ("damage", "runs/history.jsonl")
