"""How values are written on screen: times in the firm's zone, thousands separated, texts made harmless."""

import html
import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from etl.access.scope import HIDDEN, UNDER

# Characters without a width, or that change the direction of text: they could disguise the text around them.
UNPRINTABLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
DASH = "–"
# What shows a signature, by the signed_basis of mart.deliveries.
SIGNED_BASES = {
    "seen": "e-signed, as a web hook says",
    "esigned": "e-signed",
    "picked_up": "implied by the pickup",
    "uploaded": "hand-signed forms uploaded",
}


def local_time(moment: datetime, zone: str) -> datetime:
    """A UTC moment as the firm's clocks show it."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))


def moment_text(moment: datetime | None, zone: str) -> str:
    """Apr 2, 2026, 9:00 AM; a dash for None."""
    return DASH if moment is None else f"{day_text(local_time(moment, zone))}, {clock_text(moment, zone)}"


def clock_text(moment: datetime, zone: str) -> str:
    """9:00 AM."""
    return f"{local_time(moment, zone):%I:%M %p}".lstrip("0")


def day_text(day: date | None) -> str:
    """Apr 2, 2026; a dash for None."""
    return DASH if day is None else f"{day:%b} {day.day}, {day.year}"


def short_day_text(day: date) -> str:
    """Apr 2: where the year is plain from what stands around it."""
    return f"{day:%b} {day.day}"


def weekday_text(day: date) -> str:
    """Thu, Apr 2, 2026."""
    return f"{day:%a}, {day_text(day)}"


def long_day_text(day: date) -> str:
    """Sunday, March 8, 2026."""
    return f"{day:%A, %B} {day.day}, {day.year}"


def week_text(monday: date) -> str:
    """Week of Mar 2, 2026."""
    return f"Week of {day_text(monday)}"


def count_text(count: int | None) -> str:
    """3,281; a dash for None; words for one that is too small for this reader."""
    if count == HIDDEN:
        return UNDER
    return DASH if count is None else f"{count:,}"


def percent_text(percent: float | None) -> str:
    """1.63%; a dash for None, which means that there is no base."""
    return DASH if percent is None else f"{percent:.4g}%"


def counted(count: int, singular: str, plural: str) -> str:
    """1 return, 3,281 returns."""
    return f"{count_text(count)} {singular if count == 1 else plural}"


def duration_text(seconds: int | float | None) -> str:
    """A duration in its largest unit: 40 seconds, 3 minutes, 6 hours, 2.4 days; a dash for None."""
    if seconds is None:
        return DASH
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            amount = f"{seconds / size:.1f}".removesuffix(".0") if size == 86400 else f"{seconds // size:.0f}"
            return f"{amount} {unit}{'' if amount == '1' else 's'}"
    return f"{seconds:.0f} second{'' if seconds == 1 else 's'}"


def printable(text: str | None) -> str:
    """A text from the data without unprintable characters; a dash if nothing is left to see."""
    shown = UNPRINTABLE.sub("", text or "")
    return shown if shown.strip() else DASH


def cell_text(name: str, value: object, zone: str) -> str:
    """A value of a column as a table writes it; a dash for None."""
    match value:
        case None:
            return DASH
        case bool():
            return "Yes" if value else "No"
        case datetime():
            return moment_text(value, zone)
        case date():
            return day_text(value)
        case float():
            return percent_text(value) if name.endswith("_percent") else f"{value:,.1f}"
        case int():
            # Only counts are hidden: days that are left may be -1.
            return (
                str(value) if name == "tax_year" else count_text(value) if "_count" in name else f"{value:,}"
            )
    return SIGNED_BASES.get(str(value), DASH) if name == "signed_basis" else printable(str(value))


def html_text(text: str | None) -> str:
    """A text from the data for st.html: escaped, and isolated from the direction of the text around it."""
    return f"<bdi>{html.escape(printable(text))}</bdi>"


def markdown_text(text: str) -> str:
    """A text that Markdown shows as it is: every special character becomes a character reference.

    A bare address would still become a link, so its dots and its @ are replaced too.
    """
    return "".join(
        character if character.isalnum() or character == " " else f"&#{ord(character)};" for character in text
    )
