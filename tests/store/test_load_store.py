"""The store stays intact: modes, leftovers, the lock, and processes killed at any moment."""

import os
import random
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from etl.common.files import locked, make_private_folder
from etl.common.paths import CHECKOUT, DataDir
from etl.common.problem import Problem
from etl.store.parts import parts
from support.loaded_files import HEAD, Firm, tree

GOOD = f"{HEAD}\nr1,Client,Up,2026-03-04T12:00\n"
LOAD = """
import os, sys
from pathlib import Path
os.umask(0)
from etl.common.paths import DataDir
from etl.store.load import load_inbox
from etl.config.settings import read_settings
data = DataDir(Path(sys.argv[1]))
print("ready", flush=True)
load_inbox(data, read_settings(data.settings))
"""


def modes(folder: Path) -> set[str]:
    return {
        f"{'folder' if path.is_dir() else 'file'} {path.stat().st_mode & 0o777:o}"
        for path in folder.rglob("*")
    }


def started(script: str, *words: object) -> subprocess.Popen:
    command = [sys.executable, "-c", script, *map(str, words)]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, cwd=CHECKOUT
    )


def test_private_umask_what_is_stored(tmp_path: Path) -> None:
    """The loader sets the modes, whatever the umask, and those of the files that leave the inbox too."""
    data = DataDir(tmp_path / "data")
    data.inbox.mkdir(parents=True, mode=0o700)
    data.inbox.joinpath("good.csv").write_text(GOOD.replace("r1", "078-05-1121"))
    data.inbox.joinpath("bad.csv").write_text("Shoe\n1\n")
    process = started(LOAD, data.root)
    assert process.wait() == 0
    assert modes(data.root) == {"folder 700", "file 600"}
    assert sorted(path.as_posix() for path in tree(data.inbox)) == ["loaded/good.csv", "refused/bad.csv"]


def test_folders_are_made_private_with_their_parents(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        make_private_folder(tmp_path / "a" / "b" / "c")
        make_private_folder(tmp_path / "a")
    finally:
        os.umask(umask)
    assert modes(tmp_path) == {"folder 700"}


def test_a_folder_given_by_hand_stays_as_it_is(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.data.inbox.mkdir()
    (firm.data.inbox / "log.csv").write_text(GOOD)
    assert [outcome.state for outcome in firm.load(firm.data.inbox)] == ["loaded"]
    assert sorted(tree(firm.data.inbox)) == [Path("log.csv")]


def test_the_next_load_removes_leftovers(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    part = firm.load_text(GOOD)
    for name in (".work-left/part-x", f"{part.file_id}.2"):
        (firm.data.store / name).mkdir(parents=True)
        for file in part.folder.iterdir():
            (firm.data.store / name / file.name).write_bytes(file.read_bytes())
    (firm.data.store / "refused" / ".new-left").write_text("{")
    firm.load()
    assert [path.name for path in firm.data.store.iterdir() if path.name != "refused"] == [
        f"{part.file_id}.2"
    ]
    assert list((firm.data.store / "refused").iterdir()) == []


def test_a_damaged_ledger_is_named(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    ledger = firm.load_text(GOOD).folder / "ledger.json"
    for content in ("{", "[]"):
        ledger.write_text(content)
        with pytest.raises(
            Problem, match=f"{ledger}: .* so the store is damaged. Remove it and load its file again."
        ):
            parts(firm.data)


KILLS = """
import os, signal, sys, time
from pathlib import Path
from etl.common.paths import DataDir
from etl.store.load import load_inbox
from etl.config.settings import read_settings
data = DataDir(Path(sys.argv[1]))
settings = read_settings(data.settings)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        load_inbox(data, settings)
        os._exit(0)
    if line != "calm\\n":
        time.sleep(float(line))
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print("over", flush=True)
"""


def test_killed_at_any_moment_it_leaves_nothing_or_everything(tmp_path: Path) -> None:
    """After several kills and one complete run the store equals that of an undisturbed load."""
    rows = [f"r{number % 50},Client,Event {number},2026-03-04T12:00" for number in range(400)]
    files = {f"{name}.csv": "\n".join([HEAD, *rows[name * 100 : name * 100 + 200], ""]) for name in range(3)}
    data, calm = DataDir(tmp_path / "data"), DataDir(tmp_path / "calm")
    for one in (data, calm):
        one.inbox.mkdir(parents=True)
        for name, text in files.items():
            (one.inbox / name).write_text(text)
    load_once(started(KILLS, calm.root), "calm")
    process = started(KILLS, data.root)
    chance = random.Random(7)
    for _ in range(12):
        load_once(process, str(chance.uniform(0.02, 0.4)))
        for part in parts(data):
            assert pl.read_parquet(part.data).height == part.ledger["kept_count"]
        assert sorted(path.name for path in tree(data.inbox)) == sorted(files)
    load_once(process, "calm")
    assert stored_rows(data) == stored_rows(calm)
    assert [path.name for path in data.store.iterdir() if path.name.startswith(".")] == []
    assert sorted(path.as_posix() for path in tree(data.inbox)) == [
        f"loaded/{name}" for name in sorted(files)
    ]


def load_once(process: subprocess.Popen, word: str) -> None:
    """Makes the process load once, and waits until it has finished or was killed."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(f"{word}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "over\n"


def stored_rows(data: DataDir) -> list[list[tuple]]:
    return [pl.read_parquet(part.data).rows() for part in parts(data)]


KEEP_LOCKED = """
import sys, time
from pathlib import Path
from etl.common.paths import DataDir
from etl.common.files import locked
with locked(DataDir(Path(sys.argv[1]))):
    print("locked", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    process = started(KEEP_LOCKED, data.root, 60)
    assert process.stdout is not None and process.stdout.readline() == "locked\n"
    with pytest.raises(Problem) as raised, locked(data, patience_seconds=0.3):
        pass
    words = str(raised.value)
    assert words.startswith(f"{data.root}: process {process.pid}, since 2")
    assert words.endswith(", is writing here. Wait until it has finished, and try again.")
    process.kill()
    process.wait()
    with locked(data, patience_seconds=0.3):
        assert (data.root / ".lock").read_text().startswith(f"process {os.getpid()}, since ")
    assert (data.root / ".lock").stat().st_mode & 0o777 == 0o600


def test_the_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    process = started(KEEP_LOCKED, data.root, 0.3)
    assert process.stdout is not None and process.stdout.readline() == "locked\n"
    with locked(data):
        assert process.wait() == 0
