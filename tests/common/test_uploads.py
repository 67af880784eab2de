"""Uploads are there while processes work on them; what killed processes left is found and removed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from etl.common.paths import CHECKOUT, DataDir
from etl.common.uploads import is_in_use, remove_left_uploads, upload_folder
from etl.upkeep.findings import Finding
from etl.upkeep.verify import check_files

WORKS = """
import sys
from pathlib import Path
from etl.common.paths import DataDir
from etl.common.uploads import upload_folder
with upload_folder(DataDir(Path(sys.argv[1]))) as (folder, _):
    (folder / "Lee.csv").write_text("a client")
    print(folder, flush=True)
    sys.stdin.read()
"""
pytestmark = pytest.mark.usefixtures("private_umask")


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    (tmp_path / "data").mkdir(mode=0o700)
    return DataDir(tmp_path / "data")


def findings(data: DataDir) -> list[Finding]:
    return [found for found in check_files(data, None) if found.subject.startswith("adding")]


def test_a_folder_of_uploads_is_private_and_gone_at_the_end(data: DataDir) -> None:
    with upload_folder(data) as (folder, _), upload_folder(data) as (other, _):
        assert folder != other
        assert [path.stat().st_mode & 0o777 for path in (data.adding, folder, other)] == [0o700] * 3
    assert list(data.adding.iterdir()) == []


def test_what_a_killed_process_left_is_found_and_removed(data: DataDir) -> None:
    program = [sys.executable, "-c", WORKS, str(data.root)]
    process = subprocess.Popen(program, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout and process.stdin
    folder = Path(process.stdout.readline().decode().strip())
    remove_left_uploads(data)
    with upload_folder(data):
        assert (folder / "Lee.csv").exists() and findings(data) == []
    process.kill()
    process.communicate()
    sentence = "A process that was killed left it. The next load, build or report removes it; you may too."
    assert [(found.subject, found.finding) for found in findings(data)] == [
        (f"adding/{folder.name}", sentence)
    ]
    remove_left_uploads(data)
    assert list(data.adding.iterdir()) == []


def test_a_folder_is_in_use_as_long_as_a_process_that_was_started_for_it(data: DataDir) -> None:
    with upload_folder(data) as (folder, lock):
        started = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[lock])
        spare = os.open(folder, os.O_RDONLY)
        # As if this process had been killed.
        os.dup2(spare, lock)
        os.close(spare)
        remove_left_uploads(data)
        assert is_in_use(folder)
        started.communicate()
        assert not is_in_use(folder)
        remove_left_uploads(data)
        assert not folder.exists()
