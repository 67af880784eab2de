"""What a person sees while a command works: one line on stderr for each step that takes over a second."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from etl.steering import seen

PATIENCE_SECONDS = 1.0


def say(words: str) -> None:
    """Words on stderr, where no name of a file steers the terminal; stdout is for data alone."""
    print("\n".join(map(seen, words.split("\n"))), file=sys.stderr, flush=True)


@contextmanager
def step(words: str) -> Iterator[None]:
    """Says what is being done once it has taken a second, and how long it took in the end; short steps stay silent."""
    words, started = seen(words), time.monotonic()
    timer = threading.Timer(PATIENCE_SECONDS, say, [f"{words} ..."])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    seconds = time.monotonic() - started
    if seconds > PATIENCE_SECONDS:
        say(f"{words}: {seconds:.1f} seconds.")
