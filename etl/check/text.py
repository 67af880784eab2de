"""A check as text for a terminal: one section after the other."""

from collections.abc import Sequence

from etl.check.findings import ContentCheck, FileCheck, Labels, Paste, Quarantined
from etl.common.terminal import printable

GUIDE = "docs/your-first-export.md"


def file_text(check: FileCheck) -> str:
    """All that is said of a file, without control characters."""
    sections = [content_text(content) for content in check.contents]
    if check.passed:
        sections.append(section("Passed over", [f"{name}: {reason}" for name, reason in check.passed]))
    if check.refusal:
        sections.append(refused(check.name, check.refusal))
    return joined([*sections, *paste_texts(check.paste), "Nothing was stored."])


def content_text(content: ContentCheck) -> str:
    if not content.facts:
        return refused(content.name, content.refusal or "")
    lines = [f"{title:8} {text}" for title, text in content.facts]
    sections = [
        section(content.name, lines),
        section("Headings", table(content.headings.titles, content.headings.rows) + content.about_headings),
        section("Taken from names", [f"{column}: {value}" for column, value in content.from_names]),
        section("Times", content.times),
        section("Missing", content.missing),
        records_text(content),
        labels_text(content.labels),
        section("Quarantined", quarantine_lines(content.quarantined)),
        section("Warning", [f"{content.warning}."] if content.warning else []),
        section("Refused", [content.refusal] if content.refusal and content.first_records else []),
    ]
    return "\n\n".join(filter(None, sections))


def records_text(content: ContentCheck) -> str:
    records = content.first_records
    if records is None:
        return ""
    lines = table(records.titles, records.rows) if records.rows else ["None."]
    return section("The first records as they would be stored", lines)


def labels_text(labels: Labels) -> str:
    if not labels.count:
        return ""
    title, unknown = "Unrecognized events", labels.unknown
    if not labels.unknown_count:
        return section(title, [f"None. Known labels: {labels.count}."])
    lines = [f"Unknown labels: {labels.unknown_count} of {labels.count}. Their events load as unclassified:"]
    lines += table(unknown.titles, unknown.rows)
    more = labels.unknown_count - len(unknown.rows)
    lines += [f"And {more} more."] if more else []
    rows = "Rows for reference/labels.csv of the data directory"
    lines.append(f"{rows}; replace unclassified with a code of codes.csv:")
    return section(title, [*lines, *labels.rows])


def quarantine_lines(quarantined: list[Quarantined]) -> list[str]:
    lines = []
    for one in quarantined:
        more = ", ..." if one.count > len(one.numbers) else ""
        numbers = ", ".join(map(str, one.numbers))
        lines.append(f"{one.count} {one.reason}: record {numbers}{more}. {one.meaning}")
        lines.append(f"  such as {one.example}")
    return lines or ["None."]


def refused(name: str, refusal: str) -> str:
    help_text = f"Other files would still load. See Refusals in {GUIDE} for what to do."
    return f"{name} would be refused: {refusal}\n\n{help_text}"


def paste_texts(paste: Paste) -> list[str]:
    """Each [[source]], and where to paste it."""
    return [f"To paste into {paste.into}\n    {paste.how}\n\n{source}" for source in paste.sources]


def joined(sections: list[str]) -> str:
    """The sections that are not empty, without control characters."""
    lines = "\n\n".join(filter(None, sections)).split("\n")
    return "\n".join(map(printable, lines))


def section(title: str, lines: list[str]) -> str:
    """A title with indented lines below it; nothing if there are none."""
    return "\n".join([title, *(f"    {line}" for line in lines)]) if lines else ""


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows in columns that are as wide as their widest cell."""
    cells = [titles, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
