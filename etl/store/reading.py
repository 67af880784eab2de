"""Keeps one file from ending every run: a file whose reading ended the process is refused at the next start.

Files are read by native code, which may abort or ask for more memory than there is. Then no error is raised,
and the file would end every later run before the files behind it are read. So a note of the files is on the
disk while they are read. Files that are still noted at the next start are suspects: they are read last, and
first in a trial: by a process of its own, into an empty folder. If reading ends the trial too, the file is
refused. If not, the kill was not the fault of the file, and it loads as ever. If something else stops the
trial, such as a full disk, the load ends, and the next one tries the file again.
"""

import errno
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from etl.common.files import write_json
from etl.common.paths import CHECKOUT, DataDir
from etl.common.problem import Problem
from etl.common.system import end_first, ended_by_people
from etl.common.uploads import upload_folder
from etl.read.archive import stamp_of
from etl.store.identity import digest
from etl.store.small_files import windows

# Also where other programs had the memory twice: nobody can tell that from a file that takes all of it.
FATAL = "reading it ended the process. If memory was short, load it again; if not, export it as CSV."
TRIAL = "import sys; from etl.store.trial import load_for_trial; sys.exit(load_for_trial())"
# The exit code of a trial that stopped for a reason that is not in the files.
STOPPED = 75


@dataclass
class Reading:
    """Digests of the paths and times of files that are being read; `suspects` are of earlier processes."""

    data: DataDir
    suspects: set[str]

    @classmethod
    def of(cls, data: DataDir) -> "Reading":
        """What earlier processes left. A note that was damaged is as good as none."""
        try:
            suspects = set(map(str, json.loads(note_of(data).read_text(encoding="utf-8"))["suspects"]))
        except (OSError, ValueError, KeyError, TypeError):
            suspects = set()
        return cls(data, suspects)

    def file_id(self, file: Path) -> str:
        """The same as long as the file has its path, size and time."""
        stamp = stamp_of(file)
        return digest([str(file.absolute()), stamp and (stamp.size, stamp.time)])

    def is_suspect(self, file: Path) -> bool:
        return bool(self.suspects) and self.file_id(file) in self.suspects

    def windows(self, files: Iterable[Path]) -> Iterator[list[Path]]:
        """The files in their order, as many together as may be loaded together, the suspects last."""
        if not self.suspects:
            yield from windows(files)
            return
        files = list(files)
        yield from windows(file for file in files if not self.is_suspect(file))
        yield from windows(file for file in files if self.is_suspect(file))

    @contextmanager
    def noted(self, files: list[Path]) -> Iterator[None]:
        """Notes files on the disk while they are read.

        They stay noted if the process ends, if the memory does not suffice, and after an error that nobody
        foresaw: it is a mistake of ours. Each would stop every run at this file.
        """
        before, ids = self.suspects, {self.file_id(file) for file in files}
        self.write(before | ids)
        try:
            yield
        except (Problem, OSError, KeyboardInterrupt) as error:
            if not is_out_of_memory(error):
                self.write(before)
            raise
        self.suspects = before - ids

    def write(self, suspects: set[str]) -> None:
        write_json(note_of(self.data), {"suspects": sorted(suspects)})

    def end(self) -> None:
        """Removes the note, or keeps those that are still suspects."""
        if self.suspects:
            self.write(self.suspects)
        else:
            note_of(self.data).unlink(missing_ok=True)

    def fatal(self, files: list[Path], given: Mapping[str, str]) -> list[Path]:
        """The suspects whose reading ends a process: they are tried together, and then one by one."""
        suspects = [file for file in files if self.is_suspect(file)]
        if not suspects or self.survives(suspects, given):
            return []
        if len(suspects) == 1:
            return suspects
        return [file for file in suspects if not self.survives([file], given)]

    def survives(self, files: list[Path], given: Mapping[str, str]) -> bool:
        """Whether a process can load the files, or refuses them with a reason.

        Raises a Problem if it stopped for a reason that is not in the files, such as a full disk.
        """
        with upload_folder(self.data) as (empty, lock):
            asked = {
                "folder": str(empty),
                "settings": str(self.data.settings.absolute()),
                "paths": [str(file.absolute()) for file in files],
                "given": dict(given),
            }
            trial = subprocess.Popen(
                [sys.executable, "-c", TRIAL],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=CHECKOUT,
                text=True,
                pass_fds=[lock],
                # Ctrl-C is for this process alone, which ends the trial.
                start_new_session=True,
            )
            end_first(trial.pid)
            assert trial.stdin and trial.stdout
            reason = ""
            try:
                # Its stdin stays open: the trial ends when this process does.
                with suppress(BrokenPipeError), trial.stdin:
                    print(json.dumps(asked), file=trial.stdin, flush=True)
                    reason = trial.stdout.read().strip().rstrip(".")
                    trial.wait()
            finally:
                trial.kill()
                trial.wait()
                trial.stdout.close()
        signal = ended_by_people(trial.returncode)
        if signal or trial.returncode == STOPPED:
            reason = f"{signal} ended the trial" if signal else reason
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
