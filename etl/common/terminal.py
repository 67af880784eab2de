"""What a person sees while a command works: one line on stderr for each step that takes over a second.

Characters that steer a terminal, or the text around them, and how they are shown.
"""

import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# Controls, the escapes of terminals among them, marks of direction, line ends of every kind, and what has no width.
CONTROL_CHARACTERS = "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"


def printable(text: str) -> str:
    """A text on one line that steers nothing: each such character is shown as `�`."""
    return re.sub(CONTROL_CHARACTERS, "�", text)


PATIENCE_SECONDS = 1.0


def say(words: str) -> None:
    """Words on stderr, where no name of a file steers the terminal; stdout is for data alone."""
    print("\n".join(map(printable, words.split("\n"))), file=sys.stderr, flush=True)


@contextmanager
def step(words: str) -> Iterator[None]:
    """Says what is being done once it has taken a second, and how long it took in the end; short steps stay silent."""
    words, started = printable(words), time.monotonic()
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
