"""What a command prints: results on stdout, messages and progress on stderr; nothing controls a terminal."""

import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# Text direction marks and characters without a width, for the brackets of a regular expression.
INVISIBLE = "\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
# Control characters, terminal escapes among them, line separators, and invisible characters.
CONTROL_CHARACTERS = f"[\x00-\x1f\x7f-\x9f\u2028\u2029{INVISIBLE}]"
PATIENCE_SECONDS = 1.0
PIECE_LENGTH = 32_768


def printable(text: str) -> str:
    """A text on one line that cannot control the terminal: each control character is shown as `�`."""
    return re.sub(CONTROL_CHARACTERS, "�", text)


def say(text: str) -> None:
    """Prints the lines of a text on stderr, made printable; stdout is for data only."""
    print("\n".join(map(printable, text.split("\n"))), file=sys.stderr, flush=True)


def tell(text: str) -> None:
    """Prints a result on stdout: to a terminal made printable, and to a file or a pipe as it is.

    It is printed in pieces, so that a write fails as soon as the reader of stdout has closed it.
    """
    if sys.stdout.isatty():
        text = "\n".join(map(printable, text.split("\n")))
    text = text.removesuffix("\n") + "\n"
    for start in range(0, len(text), PIECE_LENGTH):
        sys.stdout.write(text[start : start + PIECE_LENGTH])


@contextmanager
def step(text: str) -> Iterator[None]:
    """Prints the name of a step that takes more than a second, and at its end how long it took."""
    text, started = printable(text), time.monotonic()
    timer = threading.Timer(PATIENCE_SECONDS, say, [f"{text} ..."])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    seconds = time.monotonic() - started
    if seconds > PATIENCE_SECONDS:
        say(f"{text}: {seconds:.1f} seconds.")
