"""What a check found, as text for a terminal: one file in full, or many as a table."""

import re
from collections.abc import Sequence

from etl.check.findings import ContentCheck, FileCheck, Labels, Paste, Quarantined, Table
from etl.common.terminal import printable

GUIDE = "docs/your-first-export.md"
TITLES = ("file", "taken from names", "records", "kept", "quarantined", "problem")
LONGEST_PROBLEM = 100
SHOWN_NAMES = 5
Row = tuple[str, ...]


def file_text(check: FileCheck) -> str:
    """All that is said of a file."""
    sections = [*map(content_text, check.contents), passed_text([check])]
    if check.refusal:
        sections.append(refused(check.name, check.refusal))
    return joined(sections, check.paste, "Nothing was stored.")


def overview_text(checks: Sequence[FileCheck], paste: Paste) -> str:
    """A row for each content, and for each file that is refused as a whole; the totals are the last line."""
    rows = list[Row]()
    for check in checks:
        rows += map(content_row, check.contents)
        if check.refusal:
            rows.append((check.name, "", "", "", "", first_sentence(check.refusal)))
    overview = "\n".join(table(Table(TITLES, rows)))
    return joined(
        [overview, same_names_text(checks), passed_text(checks)],
        paste,
        f"{totals(checks)} Nothing was stored.",
    )


def same_names_text(checks: Sequence[FileCheck]) -> str:
    """The returns that folders of one name, in several places, name: one return, or several by mistake."""
    places: dict[str, dict[str, None]] = {}
    for content in (content for check in checks for content in check.contents):
        if content.named_in is not None:
            places.setdefault(dict(content.from_names)["return_id"], {})[content.named_in] = None
    found = [f"{name}: in {', '.join(own)}" for name, own in places.items() if len(own) > 1]
    more = [f"And {len(found) - SHOWN_NAMES} more."] if len(found) > SHOWN_NAMES else []
    rule = "The nearest folder or zip is the return. If these are of different returns, rename them:"
    return section("One name in several places", [rule, *found[:SHOWN_NAMES], *more]) if found else ""


def joined(sections: Sequence[str], paste: Paste, last: str) -> str:
    """The sections that are not empty, what to paste, and the last line, without control characters."""
    to_paste = [f"To paste into {paste.into}\n    {paste.how}\n\n{source}" for source in paste.sources]
    lines = "\n\n".join(filter(None, [*sections, *to_paste, last])).split("\n")
    return "\n".join(map(printable, lines))


def content_text(content: ContentCheck) -> str:
    if not content.facts:
        return refused(content.name, content.refusal or "")
    sections = [
        section(content.name, [f"{title:8} {text}" for title, text in content.facts]),
        section("Headings", table(content.headings) + content.about_headings),
        section("Taken from names", [f"{column}: {value}" for column, value in content.from_names]),
        section("Times", content.times),
        section("Missing", content.missing),
        records_text(content.first_records),
        labels_text(content.labels),
        section("Quarantined", quarantine_lines(content.quarantined)),
        section("Warning", [f"{content.warning}."] if content.warning else []),
        section("Refused", [content.refusal] if content.refusal and content.first_records else []),
    ]
    return "\n\n".join(filter(None, sections))


def records_text(records: Table | None) -> str:
    if records is None:
        return ""
    return section("The first records as they would be stored", table(records) if records.rows else ["None."])


def labels_text(labels: Labels) -> str:
    title = "Unrecognized events"
    if not labels.unknown_count:
        return section(title, [f"None. Known labels: {labels.count}."] if labels.count else [])
    more = labels.unknown_count - len(labels.unknown.rows)
    rows = "Rows for reference/labels.csv of the data directory"
    lines = [
        f"Unknown labels: {labels.unknown_count} of {labels.count}. Their events load as unclassified:",
        *table(labels.unknown),
        *([f"And {more} more."] if more else []),
        f"{rows}; replace unclassified with a code of codes.csv:",
        *labels.rows,
    ]
    return section(title, lines)


def quarantine_lines(quarantined: Sequence[Quarantined]) -> list[str]:
    lines = []
    for one in quarantined:
        more = ", ..." if one.count > len(one.numbers) else ""
        numbers = ", ".join(map(str, one.numbers))
        lines.append(f"{one.count} {one.reason}: record {numbers}{more}. {one.meaning}")
        lines.append(f"  such as {one.example}")
    return lines or ["None."]


def passed_text(checks: Sequence[FileCheck]) -> str:
    return section("Passed over", [f"{name}: {why}" for check in checks for name, why in check.passed])


def refused(name: str, refusal: str) -> str:
    help_text = f"Other files would still load. See Refusals in {GUIDE} for what to do."
    return f"{name} would be refused: {refusal}\n\n{help_text}"


def content_row(content: ContentCheck) -> Row:
    """A content in the table, with the first sentence of the worst that is to be said of it."""
    names = ", ".join(f"{column}: {value}" for column, value in content.from_names)
    reasons = ", ".join(f"{one.reason}: {one.count}" for one in content.quarantined)
    labels = content.labels
    unknown = f"unknown labels: {labels.unknown_count} of {labels.count}" if labels.unknown_count else ""
    problem = first_sentence(content.refusal or reasons or unknown)
    numbers = (content.records, content.kept, content.quarantined_count)
    return (content.name, names, *map(str, numbers), problem)


def totals(checks: Sequence[FileCheck]) -> str:
    contents = [content for check in checks for content in check.contents]
    records, kept = sum(one.records for one in contents), sum(one.kept for one in contents)
    quarantined = sum(one.quarantined_count for one in contents)
    refusals = [*(check.refusal for check in checks), *(content.refusal for content in contents)]
    refused_count = sum(refusal is not None for refusal in refusals)
    numbers = f"{records} records, {kept} kept, {quarantined} quarantined"
    return f"{len(checks)} files: {numbers}; {refused_count} would be refused."


def first_sentence(text: str) -> str:
    """The first sentence of a message, shortened: the check of the file alone has all of it."""
    sentence = re.split(r"(?<=[^\d\W])\. ", text.strip(), maxsplit=1)[0].removesuffix(".")
    return sentence if len(sentence) <= LONGEST_PROBLEM else f"{sentence[: LONGEST_PROBLEM - 3]}..."


def section(title: str, lines: Sequence[str]) -> str:
    """A title with indented lines below it; nothing if there are none."""
    return "\n".join([title, *(f"    {line}" for line in lines)]) if lines else ""


def table(found: Table) -> list[str]:
    """Rows in columns that are as wide as their widest cell."""
    rows = [found.titles, *found.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
