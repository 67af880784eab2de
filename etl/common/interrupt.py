"""Ctrl-C while DuckDB works on a free statement, which may take hours.

DuckDB listens itself, but its main thread looks only between two tasks, and one task of a cross join has no end. Any
thread may interrupt a connection, though, so a thread of our own waits for the signal instead.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

CTRL_C = {signal.SIGINT}


def defer_ctrl_c() -> None:
    """From here on Ctrl-C waits for somebody who asks for it, unless whoever started us told us not to hear it.

    Call it before DuckDB or Polars start their threads, which inherit that; one that does not would take the signal.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.pthread_sigmask(signal.SIG_BLOCK, CTRL_C)


@contextmanager
def interruptible(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Where Ctrl-C is held, it ends at once what the connection does inside, as a KeyboardInterrupt."""
    if not CTRL_C <= signal.pthread_sigmask(signal.SIG_BLOCK, ()):
        yield
        return
    over = threading.Event()
    listener = threading.Thread(target=listen, args=(connection, over))
    listener.start()
    try:
        yield
    except duckdb.InterruptException as interrupt:
        raise KeyboardInterrupt from interrupt
    finally:
        # The listener waits for nothing else, and holds the connection, which must be gone before Python ends.
        signal.pthread_kill(listener.ident, signal.SIGINT)
        over.set()
        listener.join()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, CTRL_C)


def listen(connection: duckdb.DuckDBPyConnection, over: threading.Event) -> None:
    """Waits for Ctrl-C and passes it on, again and again: an interrupt before the statement has begun goes unheard."""
    signal.sigwait(CTRL_C)
    while not over.wait(0.1):
        connection.interrupt()
