"""The command `returntrail`: it runs one verb and ends with an exit code."""

import errno
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from etl.cli import verbs
from etl.cli.options import read_options
from etl.common.paths import DataDir
from etl.common.problem import Problem, traceback_of
from etl.common.system import BROKEN_PIPE, INTERRUPTED, close_to_others
from etl.common.terminal import say

# What a person can fix outside of this program: permissions, space, a name that is taken.
FIXABLE = {"EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EFBIG", "ENOTDIR", "EISDIR"}


def main(arguments: list[str] | None = None) -> int:
    """Runs one verb: exit code 0, 1 for a Problem or a refused file, 2 for wrong usage."""
    # Taxpayer data: no other user can read what is written here, whatever umask the user has.
    close_to_others()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    options = read_options(arguments)
    with noticing_ctrl_c() as pressed:
        try:
            if options.data.exists() and not options.data.is_dir():
                raise Problem(f"{options.data}: not a folder. --data names the data directory.")
            code: int = getattr(verbs, options.verb)(DataDir(options.data), options)
            sys.stdout.flush()
            return code
        except (KeyboardInterrupt, Exception) as error:
            # Libraries wrap a Ctrl-C in errors of their own, so any error after it counts as a Ctrl-C.
            if pressed.is_set() or isinstance(error, KeyboardInterrupt) or str(error) == INTERRUPTED:
                # By the signal itself, so that a shell script that called this process ends too.
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                signal.raise_signal(signal.SIGINT)
                return 128 + signal.SIGINT
            return exit_code(error)


@contextmanager
def noticing_ctrl_c() -> Iterator[Event]:
    """Remembers that Ctrl-C was pressed, unless the parent process set it to be ignored."""
    pressed, before = Event(), signal.getsignal(signal.SIGINT)

    def press(_signal: int, _frame: object) -> None:
        pressed.set()
        raise KeyboardInterrupt

    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, press)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def exit_code(error: BaseException) -> int:
    """The exit code for an error, after printing it as a sentence, or a bug without its words."""
    if isinstance(error, BrokenPipeError):
        # The reader of stdout has left, as `| head` does. Python would complain when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    if isinstance(error, Problem):
        say(str(error))
        return 1
    if isinstance(error, OSError) and errno.errorcode.get(error.errno or 0) in FIXABLE:
        from etl.store.texts import redacted_path

        name = redacted_path(Path(str(error.filename))) if error.filename else "A file"
        say(f"{name}: {error.strerror}. Fix that and run the same command again.")
        return 1
    say(traceback_of(error))
    return 1


if __name__ == "__main__":
    sys.exit(main())
