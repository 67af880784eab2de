"""The command `returntrail`: where it prints what, and how it ends."""

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from etl.cli.options import read_options
from etl.cli.verbs import VERBS
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.system import BROKEN_PIPE, close_to_others
from etl.common.terminal import say

# What a person mends outside of here: rights, space, a name that is taken.
MENDABLE = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.ENOTDIR,
    errno.EISDIR,
}
# DuckDB's own words for a Ctrl-C that arrives while it works.
INTERRUPTED = "Query interrupted"


def main(words: list[str] | None = None) -> int:
    """Runs one verb: exit code 0, 1 for a Problem or a refused file, 2 for wrong usage; a bug shows its traceback."""
    # Taxpayer data: no other user reads what is made here, whatever the umask of the one who types.
    close_to_others()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    options = read_options(words)
    with hearing_ctrl_c() as pressed:
        try:
            if options.data.exists() and not options.data.is_dir():
                raise Problem(f"{options.data}: not a folder. --data names the data directory.")
            code = VERBS[options.verb](DataDir(options.data), options)
            sys.stdout.flush()
            return code
        except (KeyboardInterrupt, Exception) as error:
            # Libraries wrap a Ctrl-C in errors of their own: what fails once it was pressed fails by it.
            if pressed.is_set() or str(error) == INTERRUPTED:
                return interrupted()
            return ended(error)


@contextmanager
def hearing_ctrl_c() -> Iterator[Event]:
    """Notes that Ctrl-C was pressed, unless whoever started us told us not to hear it."""
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


def ended(error: BaseException) -> int:
    """The exit code of what went wrong, once it was said in a sentence; a bug is raised again."""
    if isinstance(error, KeyboardInterrupt):
        return interrupted()
    if isinstance(error, BrokenPipeError):
        return left_alone()
    if isinstance(error, Problem):
        say(str(error))
        return 1
    if isinstance(error, OSError) and error.errno in MENDABLE:
        say(f"{error.filename or 'A file'}: {error.strerror}. Mend that and type the same again.")
        return 1
    raise error


def left_alone() -> int:
    """The reader of stdout has left, as `| head` does: nothing more to say, and nobody to say it to."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def interrupted() -> int:
    """Ctrl-C ends the process by the signal itself, so that a shell script that called it ends too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.raise_signal(signal.SIGINT)
    return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
