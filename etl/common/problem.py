"""The errors that a person can fix."""

from collections.abc import Sequence


class Problem(Exception):
    """An error message that names the file, the line and the rule, and tells the person what to do.

    The command prints it to stderr and exits 1. Any other exception is a bug and shows its traceback.
    """


def listed(words: Sequence[str]) -> str:
    """Words as a sentence has them: `a, b and c`."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
