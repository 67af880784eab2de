"""A label as it is compared: one spelling for what differs only in typography.

Unicode folding happens here and never in SQL, because engines differ in it.
"""

import re
import unicodedata

STRAIGHT = str.maketrans("“”„‟«»‘’‚‛", '""""""\'\'\'\'')
# Characters without a width and marks of direction: they change how a text looks and never what it says.
UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


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
