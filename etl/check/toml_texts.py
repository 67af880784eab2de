"""Texts as settings.toml has them."""

import json
import re
from collections.abc import Collection, Iterable
from itertools import count

from etl.common.terminal import CONTROL_CHARACTERS

LONGEST_NOTE = 80


def texts(values: Iterable[str]) -> str:
    return f"[{', '.join(map(quoted, values))}]"


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, with a number if it is taken."""
    names = (name if number == 1 else f"{name} {number}" for number in count(1))
    return next(one for one in names if one not in taken)


def printed(text: str) -> str:
    """A text for a comment, on one line."""
    shown = re.sub(CONTROL_CHARACTERS, "�", text)
    return shown if len(shown) <= LONGEST_NOTE else f"{shown[:LONGEST_NOTE]}..."


def quoted(text: str) -> str:
    """A text of TOML, whose escapes are those of JSON. Control characters are written as escapes too."""
    return re.sub(
        CONTROL_CHARACTERS, lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False)
    )
