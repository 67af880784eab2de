"""Keeps one file from ending every run: a file whose reading ended the process is refused at the next start.

Files are read by native code, which may abort or ask for more memory than there is. Then no error is raised,
and the file would end every later run before the files behind it are read. So a note of the files is on the
disk while they are read. Files that are still noted at the next start are suspects: they are read last, and
first in a trial: by a process of its own, into an empty folder. If reading ends the trial too, the file is
refused. If not, the kill was not the fault of the file, and it loads as ever. If something else stops the
trial, such as a full disk, the load ends, and the next one tries the file again. A file that survives its
trials and ends the load behind them twice, the second time alone, is refused too.
"""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from etl.common.files import write_json
from etl.common.paths import CHECKOUT, DataDir
from etl.common.problem import Problem
from etl.common.system import ENDED_BY_PEOPLE, INTERRUPTED, end_first
from etl.common.uploads import upload_folder
from etl.store.identity import digest
from etl.store.small_files import windows

FATAL = "reading it ended the process. If memory was short, load it again; if not, export it as CSV."
TRIAL = "import sys; from etl.store.trial import load_for_trial; sys.exit(load_for_trial())"
# The exit code of a trial that stopped for a reason that is not in the files.
STOPPED = 75
# So many loads a file may end after trials that it survived.
MOST_ENDED = 2
# Files that may be loaded together, and whether reading them ends a process.
Window = tuple[list[Path], bool]


@dataclass
class Reading:
    """Digests of the paths of files that are being read; `suspects` are of earlier processes.

    `ended` has how many loads of a suspect have begun after its trial, and not come to an end.
    """

    data: DataDir
    suspects: set[str]
    ended: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, data: DataDir) -> "Reading":
        """What earlier processes left. A note that was damaged is as good as none."""
        try:
            note = json.loads(note_of(data).read_text(encoding="utf-8"))
            ended = {str(own): int(count) for own, count in note.get("ended", {}).items()}
            return cls(data, set(map(str, note["suspects"])), ended)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls(data, set())

    def file_id(self, file: Path) -> str:
        """By the path alone: a copy may have a new time at each start, and the trial tells a mended file."""
        return digest(str(file.absolute()))

    def is_suspect(self, file: Path) -> bool:
        return bool(self.suspects) and self.file_id(file) in self.suspects

    def windows(self, files: Iterable[Path], given: Mapping[str, str]) -> Iterator[Window]:
        """The files in their order, as many together as may be loaded together, the suspects last.

        After the last, the note is removed, or keeps those that are still suspects.
        """
        files = list(files) if self.suspects else files
        for window in windows(file for file in files if not self.is_suspect(file)):
            yield window, False
        suspects = [file for file in files if self.is_suspect(file)]
        alone = [file for file in suspects if self.file_id(file) in self.ended]
        for file in alone:
            if self.ended[self.file_id(file)] < MOST_ENDED:
                yield from self.tried([file], given)
            else:
                # If somebody loads it again from there, it is tried again.
                del self.ended[self.file_id(file)]
                yield [file], True
        for window in windows(file for file in suspects if file not in alone):
            yield from self.tried(window, given)
        # A refused file of the inbox has moved by now.
        self.suspects -= {self.file_id(file) for file in suspects if not os.path.lexists(file)}
        if self.suspects:
            self.write(self.suspects, self.ended)
        else:
            note_of(self.data).unlink(missing_ok=True)

    @contextmanager
    def noted(self, files: list[Path]) -> Iterator[None]:
        """Notes files on the disk while they are read.

        They stay noted if the process ends, if the memory does not suffice, and after an error that nobody
        foresaw: it is a mistake of ours. Each would stop every run at this file.
        """
        # An upload is gone with its process.
        files = [file for file in files if self.data.adding.absolute() not in file.absolute().parents]
        before, ids = self.suspects, {self.file_id(file) for file in files}
        # What was suspect has survived a trial.
        self.write(before | ids, self.ended | {own: self.ended.get(own, 0) + 1 for own in ids & before})
        try:
            yield
        except (Problem, OSError, KeyboardInterrupt, RuntimeError) as error:
            is_foreseen = not isinstance(error, RuntimeError) or str(error) == INTERRUPTED
            if is_foreseen and not is_out_of_memory(error):
                self.write(before, self.ended)
            raise
        self.suspects = before - ids

    def write(self, suspects: set[str], ended: Mapping[str, int]) -> None:
        counts = {own: count for own, count in ended.items() if own in suspects}
        write_json(note_of(self.data), {"suspects": sorted(suspects), "ended": counts})

    def tried(self, files: list[Path], given: Mapping[str, str]) -> Iterator[Window]:
        """The suspects, halved until a process survives each group, or the group is one file."""
        # Where files end a process only together, each run that they end loads some of them.
        survives, middle = self.survives(files, given), len(files) // 2
        if survives or len(files) == 1:
            yield files, not survives
        else:
            yield from self.tried(files[:middle], given)
            yield from self.tried(files[middle:], given)

    def survives(self, files: list[Path], given: Mapping[str, str]) -> bool:
        """Whether a process can load the files, or refuses them with a reason.

        Raises a Problem if it stopped for a reason that is not in the files, such as a full disk.
        """
        reason = "a signal ended the trial"
        with upload_folder(self.data) as (empty, lock), suppress(BrokenPipeError):
            paths = [str(file.absolute()) for file in files]
            asked = [str(self.data.root.absolute()), str(empty), paths, dict(given)]
            with subprocess.Popen(
                [sys.executable, "-c", TRIAL],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=CHECKOUT,
                text=True,
                pass_fds=[lock],
                # Ctrl-C is for this process alone, which ends the trial.
                start_new_session=True,
            ) as trial:
                end_first(trial.pid)
                assert trial.stdin and trial.stdout
                try:
                    # Its stdin stays open: the trial ends when this process does.
                    print(json.dumps(asked), file=trial.stdin, flush=True)
                    reason = trial.stdout.read().strip().rstrip(".") or reason
                    trial.wait()
                finally:
                    trial.kill()
        if trial.returncode in {STOPPED, *ENDED_BY_PEOPLE}:
            fault = f"Files that an earlier process ended with could not be tried first: {reason}."
            raise Problem(f"{fault} Mend that and run the same command again.")
        return trial.returncode == 0


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the memory did not suffice, as far as an error tells."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error.__cause__, duckdb.OutOfMemoryException)


def note_of(data: DataDir) -> Path:
    return data.store / "reading.json"
