"""Numbers that open the returns behind them: a strip of groups, cards, and a table.

Texts reach the page as text nodes, never as markup.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dashboard.draw.lists import with_rows
from dashboard.draw.text import count_text, percent_text

component = with_rows("numbers", Path(__file__))

Number = dict[str, Any]


def number(count: int | None, words: str = "", address: str | None = None, is_late: bool = False) -> Number:
    """A count with what it counts; a link unless there is nothing to see, and red if it is late."""
    text = f"{count_text(count)} {words}".strip()
    is_open = address is not None and bool(count) and (count or 0) > 0
    return {"text": text, "address": address if is_open else None, "isLate": is_late and bool(count)}


def share(percent: float | None, part: int | None, whole: str, address: str | None = None) -> Number:
    """A rate that opens what it counts; `part` of `whole` is its help."""
    counts = number(part, f"of {whole}", address)
    return counts | {"text": percent_text(percent), "help": counts["text"] if percent is not None else ""}


def draw_strip(label: str, groups: Sequence[dict[str, Any]], key: str) -> None:
    """Groups of numbers side by side; each has a `title` and `numbers`, and may be `isLate`."""
    component(data={"label": label, "groups": list(groups)}, key=key)


def draw_number_table(
    label: str,
    titles: Sequence[str],
    rows: Sequence[Sequence[Number]],
    key: str,
    helps: Sequence[str] = (),
    has_caption: bool = True,
) -> None:
    """A table whose first column names the row; without a caption where a heading above it is its name.

    A cell with a `share` in percent has a small bar; one with a `shade` in percent is the darker, the larger.
    """
    table = {
        "titles": list(titles),
        "helps": list(helps),
        "rows": [list(row) for row in rows],
        "hasCaption": has_caption,
    }
    component(data={"label": label, "table": table}, key=key)


def draw_cards(label: str, cards: Sequence[dict[str, Any]], key: str) -> None:
    """Cards with a `label`, a `value`, a `caption`, and a `help` that says what the value is.

    A card may have an `address`, which its value opens, a `part` of it with an address of its own and words
    that `lead` to it, and the values of the last `weeks`, drawn as a small line
    with a gap where one is None.
    """
    component(data={"label": label, "cards": list(cards)}, key=key)


def weeks_text(weeks: Sequence[float | None]) -> str:
    """What a small line shows, for those who do not see it."""
    return f"Last weeks: {', '.join('too few' if week is None else f'{week:g}' for week in weeks)}"
