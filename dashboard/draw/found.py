"""What a check found in a file, before anything is loaded; all of it is text from the file, and no markup."""

import re
from collections.abc import Iterable, Sequence

import streamlit as st

from dashboard.draw.html import html_lines, html_table
from dashboard.draw.tables import HEADINGS, heading
from dashboard.draw.text import count_text, html_text
from etl.adding import ContentCheck, FileCheck, Labels, listed

# The columns that every export of events needs, in words.
NEEDED = {"return_id": "return ID", "tab": "tab", "label": "event", "event_time": "date and time"}
# Those of them that a person may type: what all rows have to be of, and what to do.
TYPED = {"return_id": ("one return", "type the return ID"), "tab": ("one tab", "choose the tab")}
# A column of ours before its value, in a record that is shown in a few words.
OUR_COLUMN = re.compile(rf"(?:^|(?<=, ))(?:{'|'.join(HEADINGS)}|tab|status)(?=: )")


def columns_to_type(content: ContentCheck) -> list[str]:
    """The columns that a content lacks, if a person may type all of them.

    A column is none of them if a heading of the file means it: the rows may differ in it.
    """
    return content.typable if set(content.typable) == set(content.missing_columns) else []


def draw_found(found: FileCheck, where: str, is_alone: bool) -> None:
    """A file: each of its contents, and what is passed over.

    A person may type some columns of it `where` the page says, if the file is chosen alone.
    """
    if found.refusal:
        draw_refused(found.name, found.refusal)
    for content in found.contents:
        draw_content(content, where, is_alone)
    if found.passed:
        st.html(html_table("Passed over", ("Name", "Why"), found.passed))
    draw_lines(found.paste.sources)


def draw_refused(name: str, refusal: str, todo: str = "") -> None:
    """A file or a content that would not be loaded, why, and what to do about it on this page."""
    more = f'<p class="rt-key">{html_text(todo)}</p>' if todo else ""
    why = f"It cannot be loaded as it is: {html_text(refusal)}"
    st.html(f'<h3>{html_text(name)}</h3><p class="rt-bad">{why}</p>{more}')


def draw_content(content: ContentCheck, where: str, is_alone: bool) -> None:
    """One content: what is missing first, then what it is, then its records."""
    if content.missing_columns and content.hints:
        names = listed([NEEDED.get(column, column) for column in content.missing_columns])
        why = f"neither its headings nor its name say the {names}."
        draw_refused(content.name, why, what_to_type(content, where, is_alone))
    elif content.refusal:
        draw_refused(content.name, content.refusal)
    else:
        counts = f"{count_text(content.kept)} of {count_text(content.records)} records would be loaded."
        st.html(f"<h3>{html_text(content.name)}</h3><p>{counts}</p>")
    if content.warning:
        st.html(f'<p class="rt-bad">{html_text(content.warning)}</p>')
    if hints := headings_that_may_mean(content):
        st.html(html_lines(hints))
    draw_quarantined(content)
    draw_unknown_labels(content.labels)
    if content.first_records and content.first_records.rows:
        titles, rows = content.first_records.titles, content.first_records.rows
        draw_table("The first records as they would be stored", titles, rows, 0)
    if content.times:
        st.html(f'<p class="rt-key">Times</p>{html_lines(content.times)}')
    if content.from_names:
        draw_table("Taken from the name, or typed", ("", ""), content.from_names, 0)
    # What is taken from elsewhere has its column as its heading.
    added = {(column, column) for column, _ in content.from_names}
    if rows := [row for row in content.headings.rows if row[:2] not in added]:
        draw_table("What the headings mean", content.headings.titles, rows, 1)
    if content.about_headings:
        st.html(html_lines(list(map(in_words, content.about_headings))))
    if content.facts:
        st.html(html_table("The file", ("", ""), content.facts))


def what_to_type(content: ContentCheck, where: str, is_alone: bool) -> str:
    """What a person may do on this page about columns that are missing."""
    columns = columns_to_type(content)
    if not columns:
        return ""
    rows, todo = (" and ".join(TYPED[column][number] for column in columns) for number in (0, 1))
    alone = "" if is_alone else "choose this file alone, "
    return f"If all rows are of {rows}, {alone}{todo} {where}, and click Check again."


def headings_that_may_mean(content: ContentCheck) -> list[str]:
    """For each column that is missing the headings that may mean it."""
    found = [(NEEDED[column], hint) for column, hint in content.hints if column in NEEDED]
    return [f"{words[0].upper()}{words[1:]}: {hint}." for words, hint in found]


def in_words(line: str) -> str:
    """A sentence that begins with one of our columns, or is about the other columns of a file."""
    column, blank, rest = line.partition(" ")
    words = HEADINGS.get(column, column) + blank + rest
    return words.replace("(extra)", f"“{HEADINGS['extra']}”")


def draw_lines(sources: Sequence[str]) -> None:
    """The lines of settings with which such files load, for whoever may change them."""
    if sources:
        with st.expander("Lines for settings.toml with which such files load"):
            st.text("Whoever runs the dashboard pastes them before the first [[source]] of settings.toml.")
            st.code("\n\n".join(sources), language="toml", wrap_lines=True)


def draw_table(name: str, titles: Sequence[str], rows: Iterable[Sequence[str]], place: int) -> None:
    """A table with names of our columns at one place of each row."""
    shown = [(*row[:place], column_title(row[place]), *row[place + 1 :]) for row in rows]
    st.html(html_table(name, [title and heading(title) for title in titles], shown))


def column_title(name: str) -> str:
    """A column of ours as people call it. What follows its name stays, and so does a line that has none."""
    own, blank, more = name.partition(" ")
    return f"{heading(own.strip('()'))}{blank}{more}" if own else name.strip()


def record_in_words(example: str) -> str:
    """A record in a few words, with our columns in it as people call them."""
    return OUR_COLUMN.sub(lambda match: heading(match[0]), example)


def draw_quarantined(content: ContentCheck) -> None:
    """The records that would be quarantined, and why."""
    if not content.quarantined:
        return
    rows = [
        (
            f"{one.reason}: {one.meaning}",
            count_text(one.count),
            ", ".join(map(str, one.numbers)) + (", ..." if one.count > len(one.numbers) else ""),
            record_in_words(one.example),
        )
        for one in content.quarantined
    ]
    st.html(html_table("Quarantined", ("Why", "Records", "Numbers", "An example"), rows))


def draw_unknown_labels(labels: Labels) -> None:
    """The labels that no rule knows; their events are in the timeline and in no count."""
    if labels.unknown_count:
        table = labels.unknown
        st.html(html_table("Unrecognized events", [heading(title) for title in table.titles], table.rows))
        st.caption("They appear in timelines but are not counted. Data health says how to name them.")
