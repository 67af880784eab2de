"""The texts of CSV cells without the quote that keeps a spreadsheet from running a formula."""

import re

from etl.warehouse.cells import FORMULA, INNER_FORMULA, MARK


def unescaped(text: str) -> str:
    """The original text. This is exact: a text that already began with the quote was given a second one."""
    inner = text[1:] if text.startswith(MARK) and re.match(FORMULA, text[1:]) else text
    return re.sub(INNER_FORMULA.replace(")(", f"){MARK}(", 1), r"\1\2", inner)
