"""Characters that steer a terminal, or the text around them, and how they are shown."""

import re

# Controls, the escapes of terminals among them, marks of direction, line ends of every kind, and what has no width.
STEERING = "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"


def seen(text: str) -> str:
    """A text on one line that steers nothing: each such character is shown as `�`."""
    return re.sub(STEERING, "�", text)
