"""The errors that a person can fix, and what is said of the others, which are our mistakes."""

import logging
import sys
import threading
import traceback
from collections.abc import Sequence
from typing import Any

from etl.common.terminal import say

LEFT_OUT = "its words are left out, because they may quote a record"


class Problem(Exception):
    """An error message that names the file, the line and the rule, and tells the person what to do.

    The command prints it to stderr and exits 1. Any other exception is a bug and shows where it came from.
    """


def traceback_of(error: BaseException) -> str:
    """Where an error that nobody foresaw came from, without its words: they may quote a row of a client."""
    texts: list[str] = []
    seen: list[BaseException] = []
    one: BaseException | None = error
    # Causes may go round in a circle.
    while one and one not in seen:
        steps = "".join(traceback.format_tb(one.__traceback__))
        texts.append(f"Traceback (most recent call last):\n{steps}{type(one).__name__}: {LEFT_OUT}")
        seen.append(one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return "\n\n".join(reversed(texts))


def leave_out_words() -> None:
    """From now on, this process logs and prints errors that nobody foresaw as `traceback_of` has them."""
    make_record = logging.getLogRecordFactory()

    def without_words(*given: Any, **more: Any) -> logging.LogRecord:
        record = make_record(*given, **more)
        if record.exc_info and record.exc_info[1]:
            record.exc_text = traceback_of(record.exc_info[1])
        return record

    logging.setLogRecordFactory(without_words)
    sys.excepthook = lambda kind, error, trace: say(traceback_of(error))
    threading.excepthook = lambda ended: say(traceback_of(ended.exc_value or ended.exc_type()))


def listed(words: Sequence[str]) -> str:
    """Words as a sentence has them: `a, b and c`."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
