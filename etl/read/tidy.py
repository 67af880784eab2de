"""Normalizes labels for comparison: one spelling for labels that differ only in typography.

Unicode folding happens here and never in SQL, because engines differ in it.
"""

import re
import unicodedata

from etl.common.terminal import INVISIBLE

STRAIGHT = str.maketrans("“”„‟«»‘’‚‛", '""""""\'\'\'\'')
# Characters that change how a text looks but not its meaning. A terminal shows a soft hyphen (U+00AD).
UNSEEN = re.compile(f"[\u00ad\u180e{INVISIBLE}]")


def tidied(text: str) -> str:
    """The text with compatibility forms folded, quotes straight, and every run of blanks as one space."""
    folded = unicodedata.normalize("NFKC", UNSEEN.sub("", text)).translate(STRAIGHT)
    return " ".join(folded.split())


def split_quoted(label: str) -> tuple[str, str | None]:
    """A tidied label with `"..."` for the text between its first and its last quote, and that text."""
    first, last = label.find('"'), label.rfind('"')
    if first == last:
        return label, None
    return f"{label[: first + 1]}...{label[last:]}", label[first + 1 : last]
