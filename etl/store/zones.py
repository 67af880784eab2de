"""Time zones as SQL: UTC and the day of a local time, and what is doubtful about it.

The rules of time zones come from zoneinfo, and the database only compares timestamps. In fall one local hour
occurs twice, and in spring one never occurs. DuckDB takes the second of the two and moves a missing hour
silently; here the first is taken, a missing hour moves forward, and both are noted. DuckDB was also three
times slower, and differed in 13 of 597 zones.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection

# Only times from 2000 to 2100 are accepted, so no offset outside is ever needed.
FIRST, LAST = datetime(1999, 12, 25), datetime(2101, 1, 7)
# 1970 began so many days after the day 0 of spreadsheets, 1899-12-30.
EPOCH_DAY = 25_569
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FIXED = re.compile(r"UTC([+-])(\d\d):(\d\d)")


@dataclass(frozen=True)
class Change:
    """The moment (UTC) at which the clocks of a zone change, and its offsets before and after."""

    at: datetime
    before: timedelta
    after: timedelta


@dataclass(frozen=True)
class Zone:
    """A time zone over a span of time: its offset from UTC at the start, and every change of it."""

    start: timedelta
    changes: tuple[Change, ...]

    def utc(self, local: str) -> str:
        """SQL for UTC of a local time."""
        ends = [(one.at + max(one.before, one.after), interval(one.after)) for one in self.changes]
        return f"{local} - {by_time(local, interval(self.start), ends)}"

    def note(self, local: str) -> str:
        """SQL for the note on a local time: ambiguous if it occurs twice, shifted if never, else null."""
        steps = []
        for change in self.changes:
            note = "'ambiguous'" if change.after < change.before else "'shifted'"
            first, last = sorted((change.at + change.before, change.at + change.after))
            steps += [(first, note), (last, "null::varchar")]
        return by_time(local, "null::varchar", steps)

    def day(self, moment: str) -> str:
        """SQL for the local date of a moment in UTC."""
        steps = [(change.at, interval(change.after)) for change in self.changes]
        return f"({moment} + {by_time(moment, interval(self.start), steps)})::date"


def zones_of_times(database: DuckDBPyConnection, *names: str) -> list[Zone]:
    """The zones over the time that `times_found` covers."""
    query = "select coalesce(min(first), $1), coalesce(max(last), $1) from times_found"
    [(first, last)] = database.execute(query, [FIRST]).fetchall()
    return [zone_between(name, first, last) for name in names]


def zone_between(name: str, first: datetime, last: datetime) -> Zone:
    """The zone for all local and UTC times in a span: compares days, and bisects a day with a change.

    `name` is one of the IANA list, or a fixed offset such as UTC-05:00.
    """
    if match := FIXED.fullmatch(name):
        length = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return Zone(-length if match[1] == "-" else length, ())
    zone = ZoneInfo(name)
    start = max(FIRST, min(first, LAST) - 2 * DAY)
    end = min(LAST, max(last, FIRST) + 2 * DAY)
    changes = []
    for day in (start + number * DAY for number in range((end - start) // DAY + 1)):
        before, after = offset(zone, day), offset(zone, day + DAY)
        if before != after:
            second = bisect_left(
                range(DAY // SECOND), True, key=lambda second: offset(zone, day + second * SECOND) != before
            )
            changes.append(Change(day + second * SECOND, before, after))
    return Zone(offset(zone, start), tuple(changes))


def offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    """How far the clocks of a zone are ahead of UTC at a moment in UTC."""
    return moment.replace(tzinfo=UTC).astimezone(zone).utcoffset() or timedelta()


def interval(length: timedelta) -> str:
    return f"interval '{length // SECOND}' second"


def by_time(column: str, value: str, steps: Sequence[tuple[datetime, str]]) -> str:
    """SQL, as a binary search, for `value` before the first step and then the value of the latest step."""
    if not steps:
        return value
    middle = len(steps) // 2
    start, own = steps[middle]
    earlier, later = by_time(column, value, steps[:middle]), by_time(column, own, steps[middle + 1 :])
    return f"case when {column} < timestamp '{start}' then {earlier} else {later} end"
