"""Times as logged become moments: SQL over the formats of a source, in which nothing is guessed.

A time is read in two steps. Its *stamp* is what the text says; whether it *has an offset* tells if the stamp is UTC
already or on the clocks of the source. The formats of the source come first, then ISO 8601.

Time zones as SQL: every rule comes from zoneinfo, the database only compares moments.

Left to itself DuckDB takes the second of two equal hours and moves a missing one in silence; here the first is taken, a
missing one moves forward, and both are noted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from etl.common.duck import literal

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
    steps = [
        (change.at + max(change.before, change.after), interval(change.after)) for change in zone.changes
    ]
    return by_time(local, interval(zone.start), steps)


def to_local(zone: Clocks, moment: str) -> str:
    """SQL for the interval to add to a UTC time to have the local one."""
    return by_time(
        moment, interval(zone.start), [(change.at, interval(change.after)) for change in zone.changes]
    )


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


EPOCHS = {"epoch": 1_000_000, "epoch_ms": 1_000}
OFFSET = r"(?:[Zz]|[+-][01]\d(?::?[0-5]\d)?)"
# In this dress ISO 8601 can be cast. The others (20260304T1405Z, a comma, second 60) are written anew first.
PLAIN_ISO = r"^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-][01]\d(?::?[0-5]\d)?)?)?$"
FRACTION = r"(?:[.,](\d{1,9})\d*)?"
EXTENDED_ISO = rf"^(\d{{4}})-(\d\d)-(\d\d)(?:[Tt ](\d\d)(?::(\d\d)(?::(\d\d){FRACTION})?)? ?({OFFSET})?)?$"
BASIC_ISO = rf"^(\d{{4}})(\d\d)(\d\d)(?:[Tt ](\d\d)(?:(\d\d)(?:(\d\d){FRACTION})?)? ?({OFFSET})?)?$"
ISO_WITH_OFFSET = rf"^\d{{4}}-?\d\d-?\d\d[Tt ].*{OFFSET}$"
EPOCH = r"^-?\d{1,18}(?:\.\d{1,9})?$"
PARTS = "['year', 'month', 'day', 'hour', 'minute', 'second', 'fraction', 'zone']"
TIME_DIRECTIVE = re.compile(r"[T,\s]*%[HIMSpfzZ].*$", re.DOTALL)


@dataclass(frozen=True)
class Reading:
    """What it takes to read the times of a file: the formats that read some of them, and what else stands in them."""

    formats: tuple[str, ...]
    has_short_years: bool
    has_odd: bool = True
    has_iso: bool = True
    has_iso_offsets: bool = True

    def cleaned(self, text: str) -> str:
        """SQL for a text as the other two take it."""
        return cleaned(text) if self.has_odd else text

    def stamp(self, text: str) -> str:
        """SQL for what a text says: a timestamp, null where no format reads it."""
        stamps = own_stamps(text, self.formats, self.has_short_years)
        stamps += [iso_stamp(text)] if self.has_iso else []
        return f"coalesce({', '.join(stamps)})" if stamps else "null::timestamp"

    def has_offset(self, text: str) -> str:
        """SQL for whether the stamp of a text is UTC: it is written with an offset, or counts from 1970."""
        iso = has_iso_offset(text) if self.has_iso_offsets else "false"
        if not any(map(knows_utc, self.formats)):
            return iso
        cases = [
            f"when {stamp} is not null then {'true' if knows_utc(one) else iso}"
            for one, stamp in zip(
                self.formats, own_stamps(text, self.formats, self.has_short_years), strict=True
            )
        ]
        return f"case {' '.join(cases)} else {iso} end"


def reading(formats: tuple[str, ...]) -> Reading:
    """What it takes to read any time in these formats or in ISO 8601."""
    return Reading(formats, any("%y" in one for one in formats))


def cleaned(text: str) -> str:
    """SQL for a time without blanks at its ends, and with plain blanks for the narrow ones that browsers write."""
    plain = f"trim(translate({text}, '\u00a0\u202f\u2009\t', '    '))"
    return f"case when {is_odd(text)} then {plain} else {text} end"


def is_odd(text: str) -> str:
    return f"({text} < '!' or right({text}, 1) <= ' ' or strlen({text}) <> length({text}))"


def stamp(text: str, formats: tuple[str, ...]) -> str:
    """SQL for what a cleaned text says in these formats or in ISO 8601."""
    return reading(formats).stamp(text)


def own_stamps(text: str, formats: tuple[str, ...], has_short_years: bool) -> list[str]:
    """SQL for each format. Beside a %y a year of two digits is not left to %Y, which would read it as of long ago."""
    stamps = [one_stamp(text, one) for one in formats]
    if not has_short_years:
        return stamps
    return [f"case when {stamp} >= timestamp '1000-01-01' then {stamp} end" for stamp in stamps]


def has_iso_offset(text: str) -> str:
    return f"({looks_iso(text)} and regexp_matches({text}, '{ISO_WITH_OFFSET}'))"


def knows_utc(one: str) -> bool:
    return one in EPOCHS or "%z" in one


def looks_iso(text: str) -> str:
    """Cheap and necessary: a dash behind the year, or eight characters, or the T of a basic date and time."""
    return f"(substr({text}, 5, 1) = '-' or strlen({text}) = 8 or substr({text}, 9, 1) in ('T', 't'))"


def iso_stamp(text: str) -> str:
    """SQL for a time in ISO 8601; second 60 is the first of the next minute, 24:00 the start of the next day."""
    parts = f"""case when substr({text}, 5, 1) = '-' then regexp_extract({text}, '{EXTENDED_ISO}', {PARTS})
        else regexp_extract({text}, '{BASIC_ISO}', {PARTS}) end"""
    written = """part.year || '-' || part.month || '-' || part.day || 'T'
        || rpad(part.hour, 2, '0') || ':' || rpad(part.minute, 2, '0') || ':'
        || case when part.second = '60' then '59' else rpad(part.second, 2, '0') end
        || '.' || coalesce(nullif(part.fraction, ''), '0') || upper(part.zone)"""
    leap = "case when part.second = '60' then interval '1' second else interval '0' second end"
    return f"""case when {looks_iso(text)} then case when regexp_matches({text}, '{PLAIN_ISO}') then {moment_of(text)}
        else list_transform([{parts}], lambda part: {moment_of(written)} + {leap})[1] end end"""


def moment_of(text: str) -> str:
    """SQL that reads what DuckDB reads; a cast to a timestamp without zone would drop the offset in silence."""
    return f"make_timestamp(epoch_us(try_cast({text} as timestamptz)))"


def one_stamp(text: str, one: str) -> str:
    """SQL for one format of the source."""
    if one in EPOCHS:
        return epoch_stamp(text, EPOCHS[one])
    if knows_utc(one):
        written = f"regexp_replace({text}, '[Zz]$', '+00:00')" if one.endswith("%z") else text
        return f"make_timestamp(epoch_us(try_strptime({written}, {literal(one)})))"
    return f"case when {may_fit(text, one)} then try_strptime({text}, {literal(one)}) end"


def may_fit(text: str, one: str) -> str:
    """Cheap and necessary, because a format that fails costs ten times one that fits: colons, slashes, the end."""
    tests = [
        [f"{text} not like '%:%'", f"{text} not like '%:%:%'", f"{text} like '%:%:%'"][min(one.count(":"), 2)]
    ]
    if "/" in one:
        tests.append(f"contains({text}, '/')")
    if one.endswith("%p"):
        tests.append(f"right({text}, 1) in ('M', 'm')")
    elif one[-2:-1] == "%" and one[-1] in "YymdHIMSfj":
        tests.append(f"right({text}, 1) between '0' and '9'")
    return " and ".join(tests)


def epoch_stamp(text: str, factor: int) -> str:
    """SQL for seconds or milliseconds since 1970; what lies far outside is put just outside of what is taken."""
    last = round((LAST - datetime(1970, 1, 1)).total_seconds()) * 1_000_000
    near = f"greatest(-1, least({last}, trunc({text}::decimal(38, 9) * {factor})))"
    return f"case when regexp_matches({text}, '{EPOCH}') then make_timestamp({near}::bigint) end"


def day(text: str, formats: tuple[str, ...]) -> str:
    """SQL for a date: ISO 8601, a format of the source, or what of it is a date; as written, whatever its offset."""
    whole = tuple(one for one in formats if not knows_utc(one))
    dates = dict.fromkeys(TIME_DIRECTIVE.sub("", one) for one in whole)
    every = (*whole, *(one for one in dates if "%" in one))
    own = own_stamps(text, every, has_short_years=any("%y" in one for one in every))
    iso = f"""case when {iso_stamp(text)} is not null
        then coalesce(try_cast(left({text}, 10) as timestamp), try_strptime(left({text}, 8), '%Y%m%d')) end"""
    return f"coalesce({', '.join([*own, iso])})::date"


@dataclass(frozen=True)
class Zones:
    """The clocks of a file's source and of the firm, for the span of time that the file covers."""

    own: Clocks
    firm: Clocks
    is_same: bool

    @property
    def is_plain(self) -> str:
        """SQL that is true where the date that was written is the firm's."""
        return "time_note is null and not has_offset" if self.is_same else "false"

    def utc(self, stamp: str) -> str:
        """SQL for UTC of a stamp on the source's clocks."""
        return f"{stamp} - {to_utc(self.own, stamp)}"

    def note(self, stamp: str) -> str:
        """SQL for what is to be said of a stamp on the source's clocks."""
        return note(self.own, stamp)

    def firm_day(self, moment: str) -> str:
        """SQL for the date in the firm's zone of a moment in UTC."""
        return f"({moment} + {to_local(self.firm, moment)})::date"


def zones(own: str, firm: str, first: datetime, last: datetime) -> Zones:
    """The clocks for all stamps and moments between two."""
    return Zones(clocks(own, first, last), clocks(firm, first, last), own == firm)
