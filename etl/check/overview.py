"""A check of many files as one table, and the lines to paste, once for all files that need the same."""

import re
from collections.abc import Sequence

from etl.check.findings import FileCheck, Paste, Table
from etl.check.text import joined, paste_texts, section, table

TITLES = ("file", "taken from names", "records", "kept", "quarantined", "problem")
LONGEST = 100


def overview(checks: Sequence[FileCheck]) -> Table:
    """One row for each content, and for each file that would be refused as a whole."""
    rows = []
    for check in checks:
        for content in check.contents:
            names = ", ".join(f"{column}: {value}" for column, value in content.from_names)
            quarantined = sum(one.count for one in content.quarantined)
            numbers = (content.records, content.kept, quarantined)
            reasons = ", ".join(f"{one.reason}: {one.count}" for one in content.quarantined)
            labels = content.labels
            unknown = (
                f"unknown labels: {labels.unknown_count} of {labels.count}" if labels.unknown_count else ""
            )
            problem = first_sentence(content.refusal or reasons or unknown)
            rows.append((content.name, names, *map(str, numbers), problem))
        if check.refusal:
            rows.append((check.name, "", "", "", "", first_sentence(check.refusal)))
    return Table(TITLES, rows)


def overview_text(checks: Sequence[FileCheck], paste: Paste) -> str:
    """The table, what was passed over, the lines to paste, and the totals as the last line."""
    found = overview(checks)
    passed = [f"{name}: {reason}" for check in checks for name, reason in check.passed]
    sections = ["\n".join(table(found.titles, found.rows)), section("Passed over", passed)]
    return joined([*sections, *paste_texts(paste), f"{totals(checks)} Nothing was stored."])


def totals(checks: Sequence[FileCheck]) -> str:
    contents = [content for check in checks for content in check.contents]
    quarantined = sum(one.count for content in contents for one in content.quarantined)
    refusals = [*(check.refusal for check in checks), *(content.refusal for content in contents)]
    refused = sum(refusal is not None for refusal in refusals)
    numbers = f"{sum(one.records for one in contents)} records, {sum(one.kept for one in contents)} kept"
    return f"{len(checks)} files: {numbers}, {quarantined} quarantined; {refused} would be refused."


def first_sentence(text: str) -> str:
    """The first sentence of a message, shortened: the check of the file alone has all of it."""
    sentence = re.split(r"(?<=[^\d\W])\. ", text.strip(), maxsplit=1)[0].removesuffix(".")
    return sentence if len(sentence) <= LONGEST else f"{sentence[: LONGEST - 3]}..."
