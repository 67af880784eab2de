"""The errors that a person can fix, and what is said of the others, which are our mistakes."""

import traceback
from collections.abc import Sequence

LEFT_OUT = "its words are left out, because they may quote a record"


class Problem(Exception):
    """An error message that names the file, the line and the rule, and tells the person what to do.

    The command prints it to stderr and exits 1. Any other exception is a bug and shows where it came from.
    """


def traceback_of(error: BaseException) -> str:
    """Where an error that nobody foresaw came from, without its words: they may quote a row of a client."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    steps = "".join(traceback.format_tb(error.__traceback__))
    own = f"Traceback (most recent call last):\n{steps}{type(error).__name__}: {LEFT_OUT}"
    return f"{traceback_of(before)}\n\n{own}" if before else own


def listed(words: Sequence[str]) -> str:
    """Words as a sentence has them: `a, b and c`."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
