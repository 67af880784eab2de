"""Ctrl-C while DuckDB works on a free statement, which may take hours.

DuckDB listens itself, but its main thread looks only between two tasks, and one task of a cross join has no end. Any
thread may interrupt a connection, though, so a thread of our own waits for the signal instead.
"""

import signal
import threading
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

CTRL_C = {signal.SIGINT}


def hold_ctrl_c() -> None:
    """From here on Ctrl-C waits for somebody who asks for it.

    Call it before DuckDB or Polars start their threads, which inherit that; one that does not would take the signal.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, CTRL_C)


@contextmanager
def heeding_ctrl_c(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """What the connection does inside ends by Ctrl-C at once, as a KeyboardInterrupt; afterwards Python listens again."""
    over = threading.Event()
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        threading.Thread(target=listen, args=(connection, over), daemon=True).start()
    try:
        yield
    except duckdb.InterruptException as interrupt:
        raise KeyboardInterrupt from interrupt
    finally:
        over.set()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, CTRL_C)


def listen(connection: duckdb.DuckDBPyConnection, over: threading.Event) -> None:
    """Waits for Ctrl-C and passes it on, again and again: an interrupt before the statement has begun goes unheard."""
    signal.sigwait(CTRL_C)
    while not over.wait(0.1):
        connection.interrupt()
    interrupt_main()
