"""Time zones as SQL: every rule comes from zoneinfo, the database only compares moments.

Left to itself DuckDB takes the second of two equal hours and moves a missing one in silence; here the first is taken, a
missing one moves forward, and both are noted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

# Times from 2000 to 2100 are taken at all, so no offset outside is ever asked for.
FIRST, LAST = datetime(1999, 12, 25), datetime(2101, 1, 7)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
Step = tuple[datetime, str]


@dataclass(frozen=True)
class Change:
    """The moment (UTC, without a zone) at which the clocks of a zone change, and its offsets before and after."""

    at: datetime
    before: timedelta
    after: timedelta


@dataclass(frozen=True)
class Clocks:
    """The clocks of a zone over some time: the offset at its start, and every change in it."""

    start: timedelta
    changes: tuple[Change, ...]


def clocks(name: str, since: datetime, until: datetime) -> Clocks:
    """The clocks of a zone for all times, local or UTC, between two: zoneinfo is asked for each day, and within a day
    that has a change by halving."""
    zone = ZoneInfo(name)
    day = max(FIRST, min(since, LAST) - 2 * DAY)
    end = min(LAST, max(until, FIRST) + 2 * DAY)
    before = start = offset(zone, day)
    changes = []
    while day < end:
        after = offset(zone, day + DAY)
        if before != after:
            low, high = day, day + DAY
            while high - low > SECOND:
                middle = low + (high - low) // SECOND // 2 * SECOND
                low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
            changes.append(Change(high, before, after))
        day, before = day + DAY, after
    return Clocks(start, tuple(changes))


def offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    """What the zone's clocks are ahead of UTC at a moment of UTC."""
    found = moment.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    assert found is not None
    return found


def to_utc(zone: Clocks, local: str) -> str:
    """SQL for the interval to take from a local time without an offset to have UTC."""
    steps = [(change.at + max(change.before, change.after), interval(change.after)) for change in zone.changes]
    return by_time(local, interval(zone.start), steps)


def to_local(zone: Clocks, moment: str) -> str:
    """SQL for the interval to add to a UTC time to have the local one."""
    return by_time(moment, interval(zone.start), [(change.at, interval(change.after)) for change in zone.changes])


def note(zone: Clocks, local: str) -> str:
    """SQL for the note on a local time: ambiguous in a repeated hour, shifted in a missing one, else null."""
    steps: list[Step] = []
    for change in zone.changes:
        words = "'ambiguous'" if change.after < change.before else "'shifted'"
        steps.append((change.at + min(change.before, change.after), words))
        steps.append((change.at + max(change.before, change.after), "null::varchar"))
    return by_time(local, "null::varchar", steps)


def interval(length: timedelta) -> str:
    return f"interval '{length // SECOND}' second"


def by_time(column: str, value: str, steps: Sequence[Step]) -> str:
    """SQL for `value` before the first step and each step's own from its time on; a row is compared log2 times."""
    if not steps:
        return value
    middle = len(steps) // 2
    start, own = steps[middle]
    earlier, later = by_time(column, value, steps[:middle]), by_time(column, own, steps[middle + 1 :])
    return f"case when {column} < timestamp '{start}' then {earlier} else {later} end"
