"""Taxpayer numbers that a heading or a key announces, such as SSN or Tax ID: there every form is replaced.

Numbers lose zeros and groups there, so seven digits are enough. What is shorter stays: the last four digits
are no number of a taxpayer. Everywhere else, `tins.redact` decides.
"""

import json
import re

from etl.read.tins import HEX, REPLACED, WORD, is_issued, most_decoded, redact

# The words of a heading also as programs run them together: clientSSN, SSNs, TIN.
HEADING_WORD = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|#")
PERSON = r"(?:tax\ ?payers?|spouses?|clients?|primary|secondary|joint|tp|sp|recipients?|signers?|dependents?)"
NUMBER = "(?:nos?|nr|nbr|num|numbers?|ids?|identification|identifiers?)"
ANNOUNCED = re.compile(
    rf"""\b{PERSON}*(?:
        s\ ?s\ ?n[ts]?(?:of|{NUMBER}|{PERSON})*
        | [ia]?tins?{NUMBER}*
        | ss\ ?(?:nos?|nr|nbr|num|numbers?)
        | soc(?:ial)?\ ?sec(?:urity)?(?:\ ?{NUMBER})*
        | seguro\ social
        | tax(?:\ ?payers?)?\ ?(?:(?:spouses?|tp|sp|s|t|and|or)\ )*{NUMBER}(?:\ ?{NUMBER})*
    )\b""",
    re.VERBOSE,
)
# Under these words are amounts.
BENEFITS = re.compile(r"(?i)social\W*security(?=.*(?:benefit|income|wage|tax(?!\W*payer)|withh|amount|paid))")
# Social alone is a word of many headings, such as Social Media.
SOCIAL = re.compile(rf"(?=.*\bsocial\b)(?:(?:{PERSON}|{NUMBER}|social|s|t|ein|full|of|the|and|or)\ ?)+")
# Bare digits, or digits in any groups, as a spreadsheet rounds them too: 1.23456789E8.
DIGITS = re.compile(r"(?<!\d)\d{7,9}(?!\d)|\d(?:[^\w]*\d)*(?:E[+-]?\d+)?", re.IGNORECASE)
# In an object or a list the names of its members are between the digits.
ALL_DIGITS = re.compile(r"\d(?:.*\d)?", re.DOTALL)
FEWEST = 7
CLOCK = r"(?:[T ]\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:\ ?[AaPp][Mm])?(?:Z|[+-]\d\d:?\d\d)?)?"
DATE = re.compile(
    rf"\s*(?:(?:19|20)\d\d-[01]\d-[0-3]\d|[01]?\d/[0-3]?\d/(?:19|20)\d\d){CLOCK}\s*", re.VERBOSE
)
LETTER = re.compile(r"[^\W\d_]")
FIELD = re.compile(r'[^,;\t|"\n]+')
# A key of JSON, also inside of a text of JSON, where its quotes have a backslash.
KEY = re.compile(r'\\*"([^"\\]{2,80})\\*"\s*:\s*')
# An id, or a group of it, such as in 2025-078051121.
NINE = re.compile(r"(?<![^\W_])(\d{3})(\d\d)(\d{4})(?![^\W_])")
# For DuckDB (RE2): what `redact_keyed` and `redact_ids` may change besides what `redact` does.
MAY_HAVE_KEYS = r'(?:s.?s|tin|soc|tax)[^"]*"\s*:(?:[^0-9]*[0-9]){7}'
MAY_BE_NINE = "(?:^|[^0-9A-Za-z])[0-9]{9}(?:[^0-9A-Za-z]|$)"


def announces(heading: str) -> bool:
    """Whether a heading or a key says that the numbers under it are of taxpayers, in whatever dress."""
    form = BENEFITS.sub("", most_decoded(heading)[0])
    words = " ".join(HEADING_WORD.findall(form)).lower().replace("#", "no")
    as_written = " ".join(re.findall("[a-z]+", form.lower()))
    found = any(ANNOUNCED.search(one) or SOCIAL.fullmatch(one) for one in (words, as_written))
    return found or re.search(WORD, form) is not None


def redact_announced(text: str, fewest: int = FEWEST) -> tuple[str, int]:
    """A text under such a heading without its numbers, and how many it had. A date and a GUID stay.

    Of a number in parts the digits of each column are fewer.
    """
    changed, count = redact(text)
    if DATE.fullmatch(changed):
        return changed, count
    form, spans = most_decoded(changed)
    hexes = [match.span() for match in HEX.finditer(form)]
    digits = ALL_DIGITS if form.lstrip('-"').startswith(("{", "[{", '["', "[")) else DIGITS
    for match in reversed(list(digits.finditer(form))):
        start, end = match.span()
        is_hex = any(left <= start and end <= right for left, right in hexes)
        if sum(map(str.isdigit, match[0])) >= fewest and not is_hex:
            changed = changed[: spans[start][0]] + REPLACED + changed[spans[end - 1][1] :]
            count += 1
    return changed, count


def redact_ids(text: str) -> tuple[str, int]:
    """A text with ids in it, in which nine bare digits are a taxpayer number if they can be one."""
    changed, count = redact_keyed(text)
    form, spans = most_decoded(changed)
    for match in reversed(list(NINE.finditer(form))):
        if is_issued(*match.groups()):
            changed = changed[: spans[match.start()][0]] + REPLACED + changed[spans[match.end() - 1][1] :]
            count += 1
    return changed, count


def redact_record(text: str) -> tuple[str, int]:
    """A record that could not be split, of a file with such a heading: any field of it may be the number."""
    changed, count = redact_keyed(text)

    def redacted(field: re.Match[str]) -> str:
        return field[0] if LETTER.search(field[0]) else redact_announced(field[0])[0]

    own = FIELD.sub(redacted, changed)
    return own, count + own.count(REPLACED) - changed.count(REPLACED)


def redact_keyed(text: str) -> tuple[str, int]:
    """A text without the numbers of taxpayers, also those that a key of JSON in it announces."""
    changed, count = redact(text)
    for match in reversed(list(KEY.finditer(changed))):
        if announces(match[1]):
            start, end = match.end(), end_of_value(changed, match.end())
            value, number = redact_announced(changed[start:end])
            changed, count = changed[:start] + value + changed[end:], count + number
    return changed, count


def end_of_value(text: str, start: int) -> int:
    """Where a value of JSON ends; in a text that is no JSON, at the next comma or bracket."""
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        found = re.compile(r"[,}\]]|\Z").search(text, start)
        return found.start() if found else len(text)
