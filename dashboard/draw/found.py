"""What a check found in a file, before anything is loaded; all of it is text from the file, and no markup."""

import streamlit as st

from dashboard.draw.html import html_lines, html_table
from dashboard.draw.text import count_text, html_text
from etl.adding import ContentCheck, FileCheck, Labels


def draw_found(found: FileCheck) -> None:
    """A file: each of its contents, and what is passed over."""
    if found.refusal:
        draw_refused(found.name, found.refusal)
    for content in found.contents:
        draw_content(content)
    for source in found.paste.sources:
        st.text(f"With these lines in {found.paste.into} it can be loaded. {found.paste.how}")
        st.code(source, language="toml")
    if found.passed:
        st.html(html_table("Passed over", ("Name", "Why"), found.passed))


def draw_refused(name: str, refusal: str) -> None:
    """A file or a content that would not be loaded, and why."""
    st.html(
        f'<h3>{html_text(name)}</h3><p class="rt-bad">It cannot be loaded as it is: {html_text(refusal)}</p>'
    )


def draw_content(content: ContentCheck) -> None:
    """One content: what is missing first, then what it is, then its records."""
    if content.refusal:
        draw_refused(content.name, content.refusal)
    else:
        counts = f"{count_text(content.kept)} of {count_text(content.records)} records would be loaded."
        st.html(f"<h3>{html_text(content.name)}</h3><p>{counts}</p>")
    if content.warning:
        st.html(f'<p class="rt-bad">{html_text(content.warning)}</p>')
    if content.missing:
        st.html(f'<p class="rt-key">What is missing</p>{html_lines(content.missing)}')
    draw_quarantined(content)
    draw_unknown_labels(content.labels)
    if content.first_records and content.first_records.rows:
        table = content.first_records
        st.html(html_table("The first records as they would be stored", table.titles, table.rows))
    if content.times:
        st.html(f'<p class="rt-key">Times</p>{html_lines(content.times)}')
    if content.headings.rows:
        st.html(html_table("What the headings mean", content.headings.titles, content.headings.rows))
    if content.about_headings:
        st.html(html_lines(content.about_headings))
    if content.facts:
        st.html(html_table("The file", ("", ""), content.facts))


def draw_quarantined(content: ContentCheck) -> None:
    """The records that would be quarantined, and why."""
    if not content.quarantined:
        return
    rows = [
        (
            f"{one.reason}: {one.meaning}",
            count_text(one.count),
            ", ".join(map(str, one.numbers)) + (", ..." if one.count > len(one.numbers) else ""),
            one.example,
        )
        for one in content.quarantined
    ]
    st.html(html_table("Quarantined", ("Why", "Records", "Numbers", "An example"), rows))


def draw_unknown_labels(labels: Labels) -> None:
    """The labels that no rule knows; their events are in the timeline and in no count."""
    if labels.unknown_count:
        table = labels.unknown
        st.html(html_table("Unrecognized events", table.titles, table.rows))
        st.caption("They appear in timelines but are not counted. Data health says how to name them.")
