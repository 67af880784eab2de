"""The heartbeat names no file of a client, and tells of a call that could not begin."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from etl.__main__ import exit_code
from etl.common.files import locked
from etl.common.paths import CHECKOUT, DataDir
from etl.common.problem import Problem
from etl.reports.alert import alerting


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


def heartbeat(data: DataDir) -> dict:
    return json.loads((data.runs / "heartbeat.json").read_text(encoding="utf-8"))


def state(data: DataDir) -> tuple[str, bool | None, list[str]]:
    found = heartbeat(data)
    return found["state"], found["is_well"], found["problems"]


def call(data: DataDir, *words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "etl", "--data", str(data.root), *words],
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            OSError(13, "Permission denied", "/data/inbox/Smith.xlsx"),
            "a file cannot be read or written (Permission denied); the log of the scheduler names it.",
        ),
        (
            "{inbox}/Smith.xlsx: this step needs more memory than is free.",
            "a file of the inbox stopped the call; the log of the scheduler says why.",
        ),
        ("settings.toml: not TOML.", "settings.toml: not TOML."),
    ],
    ids=["of the system", "of a file of the inbox", "of the settings"],
)
def test_an_error_names_no_file_of_a_client(data: DataDir, error: OSError | str, told: str) -> None:
    raised = error if isinstance(error, OSError) else Problem(error.format(inbox=data.inbox))
    with pytest.raises(type(raised)), alerting(data):
        raise raised
    assert heartbeat(data)["problems"] == [told]


def test_the_command_says_no_number_of_a_taxpayer_in_the_name_of_a_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(OSError(13, "Permission denied", "/inbox/Smith 123-45-6789.xlsx")) == 1
    said = "/inbox/Smith [TIN].xlsx: Permission denied. Fix that and run the same command again.\n"
    assert capsys.readouterr().err == said


def test_a_call_that_cannot_begin_leaves_no_old_good_heartbeat(data: DataDir) -> None:
    """Another command writes for longer than a call waits."""
    with alerting(data):
        pass
    assert state(data) == ("ended", True, [])
    for words in (["run"], ["report", "--due"]):
        with locked(data):
            _, err = call(data, *words).communicate(timeout=300)
        problem = err.splitlines()[-1]
        assert f"process {os.getpid()}" in problem and problem.endswith(
            "is writing here. Wait until it has finished, and try again."
        )
        assert state(data) == ("ended", False, [problem])
        with alerting(data):
            pass


def test_two_calls_at_once_leave_the_heartbeat_to_the_one_that_works(data: DataDir) -> None:
    with locked(data), alerting(data):
        begun = heartbeat(data)
        assert call(data, "run").wait(timeout=300) == 1
        assert heartbeat(data) == begun
    assert state(data) == ("ended", True, [])
