"""Everything that only POSIX systems have: locks, file modes, memory size, signals, folder sync.

No other module uses these parts of the standard library, so everything else runs on any Python.
"""

import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PAUSE_SECONDS = 0.05
CTRL_C = {signal.SIGINT}
# The exit codes of processes that people or a shutdown have ended, and no fault.
ENDED_BY_PEOPLE = {-signal.SIGHUP, -signal.SIGINT, -signal.SIGTERM}
# DuckDB's message for a Ctrl-C that arrives while it works.
INTERRUPTED = "Query interrupted"
# The exit code that a shell reports for a program if the reader of its output has ended.
BROKEN_PIPE = 128 + signal.SIGPIPE


def close_to_others() -> None:
    """From now on, no other user of the machine can read the files that this process creates."""
    os.umask(0o077)


def make_private(path: Path) -> None:
    """Closes a file or folder to other users."""
    path.chmod(0o700 if path.is_dir() else 0o600)


def sync_to_disk(path: Path) -> None:
    """Waits until the content of a file, or the list of files in a folder, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def end_first(process_id: int) -> None:
    """If memory is short, Linux ends this process of ours and not the others. Elsewhere it does nothing."""
    with suppress(OSError):
        Path(f"/proc/{process_id}/oom_score_adj").write_text("1000", encoding="ascii")


def end_with_stdin() -> None:
    """From now on, this process ends with the one that holds the other end of its stdin."""

    def wait() -> None:
        # Not by sys.stdin: Python cannot end while a thread waits for it.
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def lock_file(descriptor: int, patience_seconds: float, shared: bool = False) -> None:
    """Locks an open file until it is closed or the process ends; BlockingIOError when patience ends."""
    until = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(PAUSE_SECONDS)


def defer_ctrl_c() -> None:
    """From now on, Ctrl-C waits for `on_ctrl_c`, unless the parent process set it to be ignored.

    Call it before DuckDB or Polars start their threads, which inherit the setting; a thread without it would
    take the signal.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.pthread_sigmask(signal.SIG_BLOCK, CTRL_C)


@contextmanager
def on_ctrl_c(interrupt: Callable[[], None]) -> Iterator[None]:
    """If Ctrl-C is deferred, it calls `interrupt` inside this block.

    DuckDB checks for Ctrl-C by itself, but only between two tasks, and a task of a cross join may take hours.
    Any thread may interrupt a connection, though, so a thread of our own waits for the signal.
    """
    if not signal.pthread_sigmask(signal.SIG_BLOCK, ()) >= CTRL_C:
        yield
        return
    over = threading.Event()

    def listen() -> None:
        signal.sigwait(CTRL_C)
        # Again and again, because an interrupt before the statement has begun has no effect.
        while not over.wait(0.1):
            interrupt()

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        yield
    finally:
        # Wakes the listener, which refers to the connection; the connection must be gone before Python ends.
        assert listener.ident
        signal.pthread_kill(listener.ident, signal.SIGINT)
        over.set()
        listener.join()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, CTRL_C)
