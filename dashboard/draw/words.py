"""How values are written on screen: the firm's zone, thousands set off, and names as inert text."""

import html
import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl

# Characters that steer the direction of text or have no width: a name that holds one could dress up its neighbours.
STEERING = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
NONE = "–"


def local(moment: datetime, zone: str) -> datetime:
    """A UTC moment as the firm's clocks show it."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))


def moment_words(moment: datetime | None, zone: str) -> str:
    """Apr 2, 2026, 9:00 AM; a dash for none."""
    return NONE if moment is None else f"{day_words(local(moment, zone))}, {clock_words(moment, zone)}"


def clock_words(moment: datetime, zone: str) -> str:
    """9:00 AM."""
    return f"{local(moment, zone):%I:%M %p}".lstrip("0")


def day_words(day: date | None) -> str:
    """Apr 2, 2026; a dash for none."""
    return NONE if day is None else f"{day:%b} {day.day}, {day.year}"


def long_day_words(day: date) -> str:
    """Sunday, March 8, 2026."""
    return f"{day:%A, %B} {day.day}, {day.year}"


def count_words(count: int | None) -> str:
    """3,281; a dash for none."""
    return NONE if count is None else f"{count:,}"


def percent_words(percent: float | None) -> str:
    """1.63%; a dash where there is no base."""
    return NONE if percent is None else f"{percent:.4g}%"


def number_of(count: int, one: str, many: str) -> str:
    """1 return, 3,281 returns."""
    return f"{count:,} {one if count == 1 else many}"


def span_words(seconds: int | float | None) -> str:
    """A length of time to its first unit: 40 seconds, 3 minutes, 6 hours, 2.4 days; a dash for none."""
    if seconds is None:
        return NONE
    for size, one, many in ((86400, "day", "days"), (3600, "hour", "hours"), (60, "minute", "minutes")):
        if seconds >= size:
            amount = f"{seconds / size:.1f}".removesuffix(".0") if size == 86400 else f"{seconds // size:.0f}"
            return f"{amount} {one if amount == '1' else many}"
    return f"{seconds:.0f} {'second' if seconds == 1 else 'seconds'}"


def plain(text: str | None) -> str:
    """A text from the data without characters that steer its neighbours; a dash where nothing is left to see."""
    shown = STEERING.sub("", text or "")
    return shown if shown.strip() else NONE


def plain_column(name: str) -> pl.Expr:
    """The same for a column. No Python function runs inside Polars: its threads would wait for the interpreter's lock,
    which another session's thread may hold while it waits for them, and the server would stand still for everybody.
    """
    shown = pl.col(name).fill_null("").str.replace_all(STEERING.pattern, "")
    return pl.when(shown.str.strip_chars() == "").then(pl.lit(NONE)).otherwise(shown).alias(name)


def inert(text: str | None) -> str:
    """A text from the data for st.html: escaped, and isolated from the direction of what stands around it."""
    return f"<bdi>{html.escape(plain(text))}</bdi>"
