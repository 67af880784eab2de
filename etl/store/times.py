"""SQL that reads the times of a source and converts them to UTC. Nothing is guessed.

The formats of the source come first, then ISO 8601. The timestamp in a text is its *stamp*. A stamp that *has
an offset* is UTC; any other is local time of the source.

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
from functools import cache
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection

from etl.common.duck import literal
from etl.common.paths import QUERIES

# Only times from 2000 to 2100 are accepted, so no offset outside is ever needed.
FIRST, LAST = datetime(1999, 12, 25), datetime(2101, 1, 7)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
# So many texts show in which format a file writes its times, and what each part of a format looks like.
FIRST_TEXTS = 100
DIRECTIVE = re.compile(r"%-?[a-zA-Z]")
SHAPES = {"%Y": r"\d{4}", "%p": "[AP]M"}
SHAPES |= {f"%{part}": r"\d\d" for part in "mdHIMS"} | {f"%-{part}": r"[1-9]\d?" for part in "mdI"}


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
    """The zone for all local and UTC times in a span: compares days, and bisects a day with a change."""
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


EPOCHS = {"epoch": 1_000_000, "epoch_ms": 1_000}
OFFSET = r"(?:[Zz]|[+-][01]\d(?::?[0-5]\d)?)"
# DuckDB casts ISO 8601 in this form. Other forms (20260304T1405Z, a comma, second 60) are rewritten first.
PLAIN_ISO = r"^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-][01]\d(?::?[0-5]\d)?)?)?$"
FRACTION = r"(?:[.,](\d{1,9})\d*)?"
EXTENDED_ISO = rf"^(\d{{4}})-(\d\d)-(\d\d)(?:[Tt ](\d\d)(?::(\d\d)(?::(\d\d){FRACTION})?)? ?({OFFSET})?)?$"
BASIC_ISO = rf"^(\d{{4}})(\d\d)(\d\d)(?:[Tt ](\d\d)(?:(\d\d)(?:(\d\d){FRACTION})?)? ?({OFFSET})?)?$"
ISO_WITH_OFFSET = rf"^\d{{4}}-?\d\d-?\d\d[Tt ].*{OFFSET}$"
# The start of formats whose texts do not begin with the four digits of a year.
NEVER_ISO = "%[md]/|%[aAbB]"
EPOCH = r"^-?\d{1,18}(?:\.\d{1,9})?$"
PARTS = "['year', 'month', 'day', 'hour', 'minute', 'second', 'fraction', 'zone']"
TIME_DIRECTIVE = re.compile(r"[T,\s]*%[HIMSpfzZ].*$", re.DOTALL)


def read_times(database: DuckDBPyConnection, text: str, formats: tuple[str, ...]) -> None:
    """Makes `times_found` of `staged`: `unread` texts that are no times, and the span of the others.

    `is_by_first` is whether the first format reads all of these as they are, not cleaned. `text` is SQL for
    the text. A table of all times would need much memory in a join with the records.
    """
    first = [*stamps_by_format("text", formats), "null::timestamp"][0]
    database.execute(f"""
        create temp table times_found as
        select
            case when stamp is null then text end as unread,
            min(stamp) filter (where is_usual) as first,
            max(stamp) filter (where is_usual) as last,
            bool_and(first_stamp is not null or stamp is null) as is_by_first
        from (
            select *, stamp between timestamp '{FIRST}' and timestamp '{LAST}' as is_usual
            from (
                select text, first_stamp, coalesce(first_stamp, {parse_time("time", formats)}) as stamp
                from (
                    select *, case when first_stamp is null then {clean_time("text")} end as time
                    from (select text, {first} as first_stamp from (select {text} as text from staged))
                )
            )
        )
        group by unread
    """)


def number_times(database: DuckDBPyConnection, text: str, number: int | None) -> str:
    """SQL for the number of the format that gives the text `event_time` of `stamp` exactly, else null."""
    if number is None:
        rows = database.execute(f"select {text} from staged limit {FIRST_TEXTS}").fetchall()
        number = number_of_format([text for (text,) in rows])
    text_of_stamp = f"strftime(stamp, {literal(stored_formats()[number - 1])})"
    return f"case when {text_of_stamp} = event_time then {number} end"


def number_of_format(texts: Sequence[str | None]) -> int:
    """The number of the format of `time_as_logged` that most of the first texts of a file have."""
    shapes = [re.compile(DIRECTIVE.sub(lambda match: SHAPES[match[0]], one)) for one in stored_formats()]
    counts = [sum(bool(shape.fullmatch(text or "")) for text in texts[:FIRST_TEXTS]) for shape in shapes]
    return counts.index(max(counts)) + 1


@cache
def stored_formats() -> list[str]:
    functions = (QUERIES / "functions" / "raw.sql").read_text(encoding="utf-8")
    return re.findall(r"strftime\(moment, '(.+?)'\)", functions)


def stamp_columns(database: DuckDBPyConnection, text: str, formats: tuple[str, ...]) -> dict[str, str]:
    """SQL for `stamp` and `has_offset` of a record, after `read_times`; `time` is its clean text.

    It is short if the first format reads every time of the file, and none of these can be ISO 8601.
    """
    if formats and re.match(NEVER_ISO, formats[0]) and not is_utc(formats[0]):
        [(is_by_first,)] = database.execute("select bool_and(is_by_first) from times_found").fetchall()
        if is_by_first:
            return {"stamp": stamps_by_format(text, formats)[0], "has_offset": "false"}
    return {"stamp": parse_time("time", formats), "has_offset": has_offset("time", formats)}


def parse_time(text: str, formats: tuple[str, ...]) -> str:
    """SQL for the timestamp in a clean text: the first format that reads it counts, then ISO 8601."""
    return f"coalesce({', '.join([*stamps_by_format(text, formats), parse_iso(text)])})"


def stamps_by_format(text: str, formats: Sequence[str]) -> list[str]:
    """SQL for each format. If one has %y, %Y must not read a year of two digits as the year 25."""
    stamps = [parse_format(text, time_format) for time_format in formats]
    if not any("%y" in time_format for time_format in formats):
        return stamps
    return [f"case when {stamp} >= timestamp '1000-01-01' then {stamp} end" for stamp in stamps]


def has_offset(text: str, formats: tuple[str, ...]) -> str:
    """SQL for whether the stamp of a clean text is UTC: it has an offset, or counts from 1970."""
    iso = f"({may_be_iso(text)} and regexp_matches({text}, '{ISO_WITH_OFFSET}'))"
    if not any(map(is_utc, formats)):
        return iso
    stamps = zip(formats, stamps_by_format(text, formats), strict=True)
    cases = [f"when {stamp} is not null then {'true' if is_utc(own) else iso}" for own, stamp in stamps]
    return f"case {' '.join(cases)} else {iso} end"


def clean_time(text: str) -> str:
    """SQL for a time without blanks around it, and with plain blanks for the narrow blanks of browsers."""
    plain = f"trim(translate({text}, '\u00a0\u202f\u2009\t', '    '))"
    may_need_it = f"{text} < '!' or right({text}, 1) <= ' ' or strlen({text}) <> length({text})"
    return f"case when {may_need_it} then {plain} else {text} end"


def is_utc(time_format: str) -> bool:
    return time_format in EPOCHS or "%z" in time_format


def may_be_iso(text: str) -> str:
    """A cheap test that ISO 8601 passes: a dash after the year, or eight characters, or a T after eight."""
    return f"(substr({text}, 5, 1) = '-' or strlen({text}) = 8 or substr({text}, 9, 1) in ('T', 't'))"


def parse_iso(text: str) -> str:
    """SQL for ISO 8601; second 60 starts the next minute, and 24:00 starts the next day."""
    parts = f"""case when substr({text}, 5, 1) = '-' then regexp_extract({text}, '{EXTENDED_ISO}', {PARTS})
        else regexp_extract({text}, '{BASIC_ISO}', {PARTS}) end"""
    rewritten = """part.year || '-' || part.month || '-' || part.day || 'T'
        || rpad(part.hour, 2, '0') || ':' || rpad(part.minute, 2, '0') || ':'
        || case when part.second = '60' then '59' else rpad(part.second, 2, '0') end
        || '.' || coalesce(nullif(part.fraction, ''), '0') || upper(part.zone)"""
    leap = "case when part.second = '60' then interval '1' second else interval '0' second end"
    return f"""case when {may_be_iso(text)} then
        case when regexp_matches({text}, '{PLAIN_ISO}') then {cast(text)}
        else list_transform([{parts}], lambda part: {cast(rewritten)} + {leap})[1] end end"""


def cast(text: str) -> str:
    """SQL for DuckDB's own reading. A direct cast to a timestamp would silently drop the offset."""
    return f"make_timestamp(epoch_us(try_cast({text} as timestamptz)))"


def parse_format(text: str, time_format: str) -> str:
    """SQL for a time in one format of a source."""
    if time_format in EPOCHS:
        # A time far outside the accepted years becomes a time just outside, which fits a timestamp.
        last = round((LAST - datetime(1970, 1, 1)).total_seconds()) * 1_000_000
        near = f"greatest(-1, least({last}, trunc({text}::decimal(38, 9) * {EPOCHS[time_format]})))"
        return f"case when regexp_matches({text}, '{EPOCH}') then make_timestamp({near}::bigint) end"
    if is_utc(time_format):
        numeric = f"regexp_replace({text}, '[Zz]$', '+00:00')" if time_format.endswith("%z") else text
        return f"make_timestamp(epoch_us(try_strptime({numeric}, {literal(time_format)})))"
    return f"case when {may_fit(text, time_format)} then try_strptime({text}, {literal(time_format)}) end"


def may_fit(text: str, time_format: str) -> str:
    """A cheap test before the costly one: a format that fails takes ten times as long as one that fits."""
    colons = [f"{text} not like '%:%'", f"{text} not like '%:%:%'", f"{text} like '%:%:%'"]
    tests = [colons[min(time_format.count(":"), 2)]]
    if "/" in time_format:
        tests.append(f"contains({text}, '/')")
    if time_format.endswith("%p"):
        tests.append(f"right({text}, 1) in ('M', 'm')")
    elif time_format[-2:-1] == "%" and time_format[-1] in "YymdHIMSfj":
        tests.append(f"right({text}, 1) between '0' and '9'")
    return " and ".join(tests)


def parse_day(text: str, formats: tuple[str, ...]) -> str:
    """SQL for a date in a format of the source, in the date part of such a format, or in ISO 8601."""
    times = [time_format for time_format in formats if not is_utc(time_format)]
    dates = [TIME_DIRECTIVE.sub("", time_format) for time_format in times]
    days = stamps_by_format(text, list(dict.fromkeys([*times, *(date for date in dates if "%" in date)])))
    iso = f"""case when {parse_iso(text)} is not null
        then coalesce(try_cast(left({text}, 10) as timestamp), try_strptime(left({text}, 8), '%Y%m%d')) end"""
    return f"coalesce({', '.join([*days, iso])})::date"
