"""The times in a text that was copied from the dialog: a day and a clock, which may be on lines of their own.

A day with the name of its month becomes ISO 8601, which every source reads; what its numbers mean decide the
time_formats of the source, so it keeps its weekday, which the load compares.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = "mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun"
WEEKDAY = rf"(?:(?P<weekday>{WEEKDAYS})(?:day)?\.?,? +)?"
NUMBERS = r"(?P<numbers>\d{1,2}/\d{1,2}/(?:\d{4}|\d\d)|\d{4}-\d\d-\d\d)"
MONTH = rf"(?P<month>{'|'.join(MONTHS)})[a-z]*"
# March 26, 2026, and 26 March 2026: a group may not have the name of another.
NAMED = rf"{MONTH}\.? +(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? +(?P<year>\d{{4}})"
BEHIND = (
    r"(?P<day_first>\d{1,2})(?:st|nd|rd|th)?[ -]+(?:of )?"
    rf"{MONTH.replace('<month>', '<month_behind>')}\.?,?[ -]+(?P<year_behind>\d{{4}})"
)
DATE = rf"{WEEKDAY}(?:{NUMBERS}|{NAMED}|{BEHIND})"
CLOCK = r"(?P<hour>\d{1,2})(?P<minute>:\d\d)(?P<second>:\d\d)?(?: ?(?P<half>[ap])\.?m\b\.?)?"
# Zones of the United States: another word in capitals may be the name of the user.
ZONE = r"(?: \(?(?P<zone>UTC|GMT|(?:[ECMP]|AK|H)[SD]?T)\)?)?"
DAY = re.compile(rf"(?i:{DATE})")
TIME = re.compile(rf"(?<![\w/:-])(?i:{DATE}(?:,? at +|,? +|T){CLOCK}){ZONE}(?![\w/:-])")
# Between a month and a number of one day; without an end, the time would grow with the square of a text.
NEAR = "{0,40}"
# A day, perhaps in a form that is not known.
DAY_WORD = re.compile(
    rf"\d[-./]\d|\b(?:{'|'.join(MONTHS)})[a-z]*\b.{NEAR}\d|\d.{NEAR}\b(?:{'|'.join(MONTHS)})"
    r"|\b(?:to|yester|mon|tues|wednes|thurs|fri|satur|sun)day\b",
    re.IGNORECASE,
)
DATELESS = (
    "is a day without a date, so the times below it cannot be read. "
    "Write the date in its place, such as 3/26/2026."
)
MONTH_WORD = rf"(?:{'|'.join(MONTHS)})[a-z]*"
# A day in numbers or with its month, in whatever form.
DAY_LIKE = re.compile(
    rf"(?=.*\d)(?:\D*(?:\d{{1,2}}\D+)?\b{MONTH_WORD}\b|\d{{1,4}}([-./])\d{{1,2}}\1\d{{2,4}}\W*$)"
    rf"(?:\W|\b(?:\d{{1,4}}(?:st|nd|rd|th)?|{MONTH_WORD}|(?:{WEEKDAYS})(?:day)?|of|the)\b)*",
    re.IGNORECASE,
)
CLOCK_TIME = re.compile(rf"(?<![\w/:.-])(?i:{CLOCK}){ZONE}(?![\w/:-])")


def day_of(text: str) -> str | None:
    """The day, if the text is nothing else."""
    match = DAY.fullmatch(" ".join(text.split()))
    return day_text(match) if match else None


def is_dateless(text: str) -> bool:
    """Whether the text is a day that says no date, such as Yesterday."""
    return re.fullmatch(r"(?i)\W*(?:to|yester|mon|tues|wednes|thurs|fri|satur|sun)day\W*", text) is not None


def unread_day(text: str) -> str | None:
    """Why the times below a text cannot be read, if it is a day in a form that is not read."""
    if is_dateless(text):
        return DATELESS
    is_unread = DAY_LIKE.fullmatch(text) and not day_of(text)
    return DATELESS.replace("without a date", "in a form that is not read") if is_unread else None


def is_clock(text: str) -> bool:
    return CLOCK_TIME.fullmatch(" ".join(text.split())) is not None


def joined_time(day: str, clock: str) -> str:
    """The time of a day, by `day_of`, and a clock."""
    match = CLOCK_TIME.fullmatch(" ".join(clock.split()))
    return f"{day} {clock_text(match, day)}" if match else f"{day} {clock}"


def time_text(match: re.Match[str]) -> str:
    """The text of a TIME. As it is if its day has numbers only."""
    day = day_text(match)
    if match["numbers"] or day is None:
        return match[0]
    return f"{day} {clock_text(match, day)}"


def moment(text: str, formats: Iterable[str]) -> datetime | None:
    """The time of a text by the first format that fits, or by ISO 8601, without its zone."""
    text = " ".join(text.split())
    match = TIME.fullmatch(text)
    if match and (day := day_text(match)):
        text = f"{match['numbers'] or day} {clock_text(match, day)}".removesuffix(f" {match['zone']}")
    for one in formats:
        with suppress(ValueError):
            return datetime.strptime(text, one)
    with suppress(ValueError):
        return datetime.fromisoformat(text).replace(tzinfo=None)
    return None


def day_text(match: re.Match[str]) -> str | None:
    """The day of a match; None if there is no such day, or if it is another weekday."""
    if match["numbers"]:
        return f"{match['weekday'][:3].title()} {match['numbers']}" if match["weekday"] else match["numbers"]
    with suppress(ValueError):
        year, month = match["year"] or match["year_behind"], match["month"] or match["month_behind"]
        number = match["day"] or match["day_first"]
        day = date(int(year), MONTHS.index(month[:3].lower()) + 1, int(number))
        own = f"{day:%a}".lower()
        return day.isoformat() if (match["weekday"] or own)[:3].lower() == own else None
    return None


def clock_text(match: re.Match[str], day: str) -> str:
    """The clock of a match; of 24 hours if the day is in ISO 8601."""
    zone = f" {match['zone']}" if match["zone"] else ""
    half, rest = (match["half"] or "").upper(), match["minute"] + (match["second"] or "")
    if "-" not in day:
        return f"{match['hour']}{rest}{f' {half}M' if half else ''}{zone}"
    hour = int(match["hour"])
    if half and 1 <= hour <= 12:
        hour = hour % 12 + 12 * (half == "P")
    return f"{hour:02}{rest}{zone}"
