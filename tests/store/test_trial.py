"""Files that may have ended an earlier process are tried by a process of their own before they are loaded."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.common.paths import CHECKOUT, SHIPPED, DataDir
from etl.common.uploads import upload_folder
from etl.store.reading import FATAL, Reading
from support.killed import LOG, NEEDS_LINUX, left_in, wait_until

COMMAND = "import sys; from etl.__main__ import main; sys.exit(main(sys.argv[1:]))"
LOADED = "loaded, 1 of 1 records."
# No file may have more than a kilobyte: as on a full disk, a part cannot be written, but a note can.
FULL = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (1000, 1000))"
# As the shell starts what a script runs in the background; the process and its children are a group.
BACKGROUND = "import os, signal; os.setsid(); signal.signal(signal.SIGINT, signal.SIG_IGN)"


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path / "data")
    data.inbox.mkdir(parents=True, mode=0o700)
    return data


def put(data: DataDir, *names: str) -> list[Path]:
    """Writes a log with a return of its own for each name."""
    for name in names:
        (data.inbox / name).write_text(LOG.format(name))
    return [data.inbox / name for name in names]


def note(data: DataDir, *files: Path) -> None:
    """What a process leaves that was killed while it read the files."""
    data.store.mkdir(mode=0o700, exist_ok=True)
    reading = Reading.of(data)
    reading.write({reading.file_id(file) for file in files}, {})


def begin(data: DataDir, start: str = "", *words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", f"{start}\n{COMMAND}", "--data", str(data.root), *(words or ("load",))],
        env={"PYTHONPATH": str(CHECKOUT)} | os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen) -> tuple[int, list[str]]:
    """The exit code and what it said, without the lines of steps that take time."""
    _, err = process.communicate(timeout=300)
    lines = [line for line in err.splitlines() if not line.startswith(("Data directory", "Loading"))]
    return process.returncode, [line.split("/")[-1] for line in lines]


def load(data: DataDir, start: str = "") -> tuple[int, list[str]]:
    return ended(begin(data, start))


def trial_of(process: subprocess.Popen) -> int:
    """The number of the process that tries files, once it is Python and no longer a copy of its parent."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")

    def is_there() -> bool:
        return any(b"load_for_trial" in Path(f"/proc/{one}/cmdline").read_bytes() for one in found())

    def found() -> list[str]:
        return children.read_text().split()

    wait_until(is_there, process)
    return int(found()[0])


def stopped(reason: str) -> list[str]:
    why = f"Files that an earlier process ended with could not be tried first: {reason}."
    return [f"{why} Mend that and run the same command again."]


@NEEDS_LINUX
def test_a_full_disk_during_the_trial_refuses_no_file(data: DataDir) -> None:
    note(data, *put(data, "a.csv"))
    assert load(data, FULL) == (1, stopped("File too large"))
    assert left_in(data) == ["a.csv"] and (data.store / "reading.json").exists()
    assert load(data) == (0, [f"a.csv: {LOADED}"])


@NEEDS_LINUX
def test_ctrl_c_is_of_the_command_alone(data: DataDir) -> None:
    """In a script's background it has no effect. Elsewhere it ends the command, and no file is refused."""
    note(data, *put(data, "a.csv"))
    process = begin(data, "import os; os.setsid()")
    trial_of(process)
    os.killpg(process.pid, signal.SIGINT)
    assert ended(process) == (-signal.SIGINT, [])
    assert left_in(data) == ["a.csv"]

    process = begin(data, BACKGROUND)
    trial_of(process)
    os.killpg(process.pid, signal.SIGINT)
    assert ended(process) == (0, [f"a.csv: {LOADED}"])


@NEEDS_LINUX
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_a_shutdown_during_the_trial_refuses_no_file(data: DataDir, ending: signal.Signals) -> None:
    """As a machine does that shuts down."""
    note(data, *put(data, "a.csv"))
    process = begin(data)
    os.kill(trial_of(process), ending)
    assert ended(process) == (1, stopped("a signal ended the trial"))
    assert load(data) == (0, [f"a.csv: {LOADED}"])


# Reading a file with "bomb" in its name ends the process, as a mistake in a library would.
BOMB = "import os, etl.store.load as own; stage = own.stage"
ALONE = f"""{BOMB}
def staged(database, unpacked, *others):
    "bomb" in unpacked.file.name and os.abort()
    return stage(database, unpacked, *others)
own.stage = staged
"""
# In a trial nothing ends it: it needs what only the load has, such as a large store.
LOAD_ONLY = ALONE.replace('"bomb" in', '"trial" not in str(sys.orig_argv) and "bomb" in')
# Only the second such file in a process ends it.
TOGETHER = f"""{BOMB}; seen = set()
def staged(database, unpacked, *others):
    "bomb" in unpacked.file.name and seen.add(unpacked.file)
    len(seen) > 1 and os.abort()
    return stage(database, unpacked, *others)
own.stage = staged
"""


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Installs a mistake into each process that starts, as a library has it, and counts the trials."""
    path = tmp_path / "library" / "sitecustomize.py"
    path.parent.mkdir()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(path.parent), str(CHECKOUT)]))

    def install(mistake: str) -> None:
        count = f'open({str(tmp_path / "trials")!r}, "a").write("x" if "trial" in str(sys.orig_argv) else "")'
        path.write_text(f"import sys; sys.path.insert(0, {str(CHECKOUT)!r})\n{count}\n{mistake}")

    return install


def refused(name: str) -> str:
    return f"{name}: {FATAL}"


def test_a_file_that_is_copied_anew_before_each_run_is_refused(
    data: DataDir, library: Callable[[str], None]
) -> None:
    """And one that was mended under the same name is loaded."""
    library(ALONE)
    bomb, mended = put(data, "bomb.csv", "mended.csv")
    note(data, bomb, mended)
    for file in (bomb, mended):
        os.utime(file, (1, 1))
    assert load(data) == (1, [f"mended.csv: {LOADED}", refused("bomb.csv")][::-1])
    assert left_in(data) == ["loaded/mended.csv", "refused/bomb.csv"]


def test_files_that_end_a_process_only_together_are_loaded_one_by_one(
    data: DataDir, library: Callable[[str], None]
) -> None:
    library(TOGETHER)
    put(data, "a.csv", "bomb1.csv", "bomb2.csv", "z.csv")
    # Each run that ends has one suspect less than the one before.
    assert load(data)[0] == -signal.SIGABRT
    assert load(data)[0] == -signal.SIGABRT
    assert load(data)[0] == 0
    assert left_in(data) == [f"loaded/{name}.csv" for name in ("a", "bomb1", "bomb2", "z")]


def test_a_file_that_survives_its_trials_and_ends_two_loads_is_refused(
    data: DataDir, library: Callable[[str], None]
) -> None:
    library(LOAD_ONLY)
    put(data, "a.csv", "bomb.csv", "z.csv")
    assert load(data)[0] == -signal.SIGABRT
    # Now they are tried: together, and from the second time on each alone, so that one is at fault.
    assert load(data)[0] == -signal.SIGABRT
    assert left_in(data) == ["a.csv", "bomb.csv", "z.csv"]
    assert load(data)[0] == -signal.SIGABRT
    assert load(data) == (1, [refused("bomb.csv"), f"z.csv: {LOADED}"])
    assert left_in(data) == ["loaded/a.csv", "loaded/z.csv", "refused/bomb.csv"]
    assert not (data.store / "reading.json").exists()
    assert load(data)[0] == 0


def test_such_a_file_that_is_loaded_again_from_its_place_is_tried_again(
    data: DataDir, library: Callable[[str], None]
) -> None:
    library(LOAD_ONLY)
    file = data.root / "bomb.csv"
    file.write_text(LOG.format("R1"))
    note(data, file)
    reading = Reading.of(data)
    reading.write(reading.suspects, {reading.file_id(file): 2})
    assert ended(begin(data, "", "load", str(file))) == (1, [refused("bomb.csv")])
    library("")
    assert ended(begin(data, "", "load", str(file))) == (0, [f"bomb.csv: {LOADED}"])


def test_one_bad_file_among_many_is_found_by_halving(
    data: DataDir, tmp_path: Path, library: Callable[[str], None]
) -> None:
    library(ALONE)
    names = [*(f"{number:02}.csv" for number in range(31)), "bomb.csv"]
    note(data, *put(data, *names))
    assert load(data) == (1, [*(f"{name}: {LOADED}" for name in names[:-1]), refused("bomb.csv")])
    # All together, and then five times both halves.
    assert (tmp_path / "trials").read_text() == "x" * 11


def test_a_trial_sees_the_folders_of_the_load(data: DataDir, library: Callable[[str], None]) -> None:
    """The inbox is no folder of an office. If a trial took it for one, it would refuse the file unread."""
    library(ALONE)
    note(data, *put(data, "bomb.csv"))
    fits_inbox_in_two_ways = 'folder = "*{office}*"'
    shipped = SHIPPED.joinpath("settings.toml").read_text()
    settings = shipped.replace("[source.names]", f"[source.names]\n{fits_inbox_in_two_ways}\n#", 1)
    (data.root / "settings.toml").write_text(settings)
    assert load(data) == (1, [refused("bomb.csv")])


def test_the_note_is_of_files_that_are_there(data: DataDir, library: Callable[[str], None]) -> None:
    """A refused file has moved, and one that was added in the dashboard is gone with its process."""
    library(ALONE)
    note(data, *put(data, "bomb.csv"))
    load(data)
    assert not (data.store / "reading.json").exists()

    with upload_folder(data) as (folder, _):
        added = folder / "bomb.csv"
        added.write_text(LOG.format("R1"))
        assert ended(begin(data, "", "load", str(added)))[0] == -signal.SIGABRT
    assert Reading.of(data).suspects == set()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("Query interrupted")])
def test_ctrl_c_counts_for_no_file(data: DataDir, error: BaseException) -> None:
    """DuckDB has an error of its own for it. Who stops a load has not shown that a file ends it."""
    [file] = put(data, "a.csv")
    note(data, file)
    before = Reading.of(data).suspects
    assert before
    with pytest.raises(type(error)), Reading.of(data).noted([file]):
        assert set(Reading.of(data).ended.values()) == {1}
        raise error
    assert (Reading.of(data).suspects, Reading.of(data).ended) == (before, {})
