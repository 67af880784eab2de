"""Tables and lists of texts from files, as HTML whose every text is escaped."""

from collections.abc import Iterable, Sequence

from dashboard.draw.text import html_text


def html_table(name: str, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table under its name; a wide one is scrolled, also by keyboard. The first cell of a row names it."""
    head = "".join(f'<th scope="col">{html_text(title)}</th>' if title else "<td></td>" for title in titles)
    body = "".join(
        f'<tr><th scope="row">{html_text(first)}</th>'
        + "".join(f"<td>{html_text(text)}</td>" for text in others)
        + "</tr>"
        for first, *others in rows
    )
    head = f"<thead><tr>{head}</tr></thead>" if any(titles) else ""
    return (
        f'<div class="rt-scroll" tabindex="0" role="region" aria-label="{name}"><table class="rt-table">'
        f"<caption>{name}</caption>{head}<tbody>{body}</tbody></table></div>"
    )


def html_lines(lines: Sequence[str]) -> str:
    """Sentences one below the other."""
    return f'<ul class="rt-lines">{"".join(f"<li>{html_text(line)}</li>" for line in lines)}</ul>'
