"""Tables and lists of texts from files, as HTML whose every text is escaped."""

import html
from collections.abc import Collection, Iterable, Sequence
from itertools import repeat

from dashboard.draw.text import html_text


def html_table(
    name: str,
    titles: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Collection[int] = (),
    helps: Sequence[str] = (),
    has_caption: bool = True,
) -> str:
    """A table under its name; a wide one is scrolled, also by keyboard. The first cell of a row names it.

    The places of columns of `numbers` are aligned at the right. `helps` say what each column means.
    """
    kinds = [' class="rt-number"' if place in numbers else "" for place in range(len(titles))]
    meanings = [f' title="{html.escape(one)}"' if one else "" for one in helps or [""] * len(titles)]
    head = "".join(
        f'<th scope="col"{kind}{meaning}>{html_text(title)}</th>' if title else "<td></td>"
        for title, kind, meaning in zip(titles, kinds, meanings, strict=True)
    )
    body = "".join(map(table_row, rows, repeat(kinds)))
    head = f"<thead><tr>{head}</tr></thead>" if any(titles) else ""
    shown, label = (f"<caption>{html_text(name)}</caption>" if has_caption else ""), html.escape(name)
    return (
        f'<div class="rt-scroll" tabindex="0" role="region" aria-label="{label}"><table class="rt-table">'
        f"{shown}{head}<tbody>{body}</tbody></table></div>"
    )


def table_row(texts: Sequence[str], kinds: Sequence[str]) -> str:
    """A row whose first cell is its name."""
    cells = [f"{kind}>{html_text(text)}" for text, kind in zip(texts, kinds, strict=True)]
    others = "".join(f"<td{cell}</td>" for cell in cells[1:])
    return f'<tr><th scope="row"{cells[0]}</th>{others}</tr>'


def html_lines(lines: Sequence[str]) -> str:
    """Sentences one below the other."""
    return f'<ul class="rt-lines">{"".join(f"<li>{html_text(line)}</li>" for line in lines)}</ul>'
