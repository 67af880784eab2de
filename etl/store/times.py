"""SQL that reads a time. Nothing is guessed.

The formats of the source come first, then ISO 8601. The timestamp in a text is its *stamp*. A stamp that *has
an offset* is UTC; any other is local time of the source. What none of these reads is read once more in its
plain spelling, which is certain: without the weekday, with PM for p.m., a blank for a bar between date and
clock, and without the word for its zone.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache

from duckdb import DuckDBPyConnection

from etl.common.duck import literal
from etl.common.paths import QUERIES
from etl.config.source import DAY_NUMBER
from etl.read.dialog_times import MONTHS, WEEKDAYS
from etl.store.zones import EPOCH_DAY, LAST

# So many texts show in which format a file writes its times, and what each part of a format looks like.
FIRST_TEXTS = 100
DIRECTIVE = re.compile(r"%-?[a-zA-Z]")
SHAPES = {"%Y": r"\d{4}", "%p": "[AP]M"}
SHAPES |= {f"%{part}": r"\d\d" for part in "mdHIMS"} | {f"%-{part}": r"[1-9]\d?" for part in "mdI"}
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
# A date alone, as ISO 8601 or spreadsheets write it, and what a format for a date alone does not have.
DAY_ALONE = r"\d{4}-\d\d-\d\d|\d{8}|\d{5}"
CLOCK_DIRECTIVE = re.compile(r"%[HIMSpfz]")
# Days since 1899-12-30. Five digits are 1927 to 2173.
DAYS = r"^\d{5}(?:\.\d{1,15})?$"
# The plain spelling of a time, and of a format: what is replaced, in this order.
DAYS_OF_WEEK = "('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')"
WEEKDAY = rf"(?i)^(?:{WEEKDAYS})(?:day)?[.,]? +"
MONTH = rf"(?i)\b({'|'.join(MONTHS)})[a-z]*\b\.?"
BEFORE_CLOCK = r"(?:\s*\|\s*|,\s*|\s+at\s+|\s+-\s+|\s+)"
HALF = r"(?i)(\d)\s*{}\.?\s?m(?:\.|\b)"
# What Java writes after an offset, or a column with the zone has.
PLACE = r"([+-]\d\d:\d\d|Z)(?:\[[A-Za-z_/-]+\]| (?:UTC|GMT|[A-Z][SD]?T|[A-Za-z]+/[A-Za-z_/-]+))$"
# A day and a clock of a spreadsheet, joined: a cell with a day may have midnight, one with a clock the day 0.
CELLS = r"^(\d{4}-\d\d-\d\d)(?:[ T]00:00:00)? (?:1899-12-3[01][ T])?(\d{1,2}:\d\d)"
PLAIN = (
    (CELLS, r"\1 \2", ""),
    (WEEKDAY, "", ""),
    (MONTH, r"\1", "g"),
    (BEFORE_CLOCK + r"(\d{1,2}:\d\d)", r" \1", ""),
    (HALF.format("a"), r"\1 AM", ""),
    (HALF.format("p"), r"\1 PM", ""),
    (PLACE, r"\1", ""),
    (r"\s+", " ", "g"),
)
# A time, and after it a word for its zone or an offset, maybe in brackets. It has too few digits for an SSN.
CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: [AaPp][Mm]\b)?|\d{14}"
NAME = r"[A-Za-z][A-Za-z_/& -]{0,40}"
HOURS = rf"(?:(?:UTC|GMT) ?| )[+-]\d{{1,2}}(?::?\d\d)?(?:\)?[ (\[]+{NAME})*"
WORD = rf"[ ,]*[(\[]?(?:{NAME}(?:\(US & Canada)?|{HOURS})[)\]]*"
CLOCK_AND_WORD = rf"^(.*?(?:{CLOCK}))({WORD})$"
# With am or pm, a date of ISO 8601 is no less certain.
ISO_WITH_HALF = ("%Y-%m-%d %I:%M:%S %p", "%Y-%m-%d %I:%M %p")
# A date with the month in letters, or the year first, has one meaning: 15-Apr-26, April 15, 2026, 2026/04/15.
CERTAIN_DAYS = ("%d %b %Y", "%d %b %y", "%b %d %Y", "%Y %m %d")
TIME_DIRECTIVE = re.compile(r"[T,\s]*%[HIMSpfzZ].*$", re.DOTALL)


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


def parse_time(text: str, formats: tuple[str, ...], days: bool = True) -> str:
    """SQL for the timestamp in a clean text: the first format that reads it counts, then ISO 8601.

    Without `days`, a date alone is no time.
    """
    stamp = f"coalesce({', '.join([*stamps_by_format(text, formats), parse_iso(text)])})"
    # The longest date alone has ten characters.
    may_be_day = f"strlen({text}) <= 10 and regexp_full_match({text}, '{DAY_ALONE}')"
    return stamp if days else f"case when not ({may_be_day}) then {stamp} end"


def is_day(time_format: str) -> bool:
    """Whether a format is of dates without a time of day."""
    return "%" in time_format and not CLOCK_DIRECTIVE.search(time_format)


def plain_time(text: str) -> str:
    """SQL for a clean text in its plain spelling."""
    for expression, by, options in PLAIN:
        text = f"regexp_replace({text}, '{expression}', '{by}', '{options}')"
    return text


def plain_formats(formats: Sequence[str]) -> tuple[str, ...]:
    """The formats that read the plain spelling of what the formats of a source read."""
    plain = []
    for one in formats:
        one = re.sub(r"^%[aA][.,]? +", "", one).replace("%B", "%b")
        one = re.sub(BEFORE_CLOCK + "(%[HI]:%M)", r" \1", one, count=1)
        plain.append(re.sub(r"\s+", " ", re.sub(r"\s*%p", " %p", one)))
    return tuple(dict.fromkeys([*plain, *ISO_WITH_HALF]))


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
    if time_format == DAY_NUMBER:
        # Spreadsheets write fifteen digits, which is not exact to the millisecond.
        second = f"round({text}::double * 86400)::bigint - {EPOCH_DAY * 86_400}"
        return f"case when regexp_matches({text}, '{DAYS}') then make_timestamp(({second}) * 1_000_000) end"
    if is_utc(time_format):
        numeric = f"regexp_replace({text}, '[Zz]$', '+00:00')" if time_format.endswith("%z") else text
        return f"make_timestamp(epoch_us(try_strptime({numeric}, {literal(time_format)})))"
    stamp = f"case when {may_fit(text, time_format)} then try_strptime({text}, {literal(time_format)}) end"
    # DuckDB reads the name of a weekday and does not compare it.
    return on_weekday(text, stamp) if re.match("%[aA]", time_format) else stamp


def on_weekday(text: str, stamp: str) -> str:
    """SQL for a stamp on its own clock; null if its text begins with another weekday.

    Then month and day are in another order than in the format, or one of them is wrong.
    """
    word = f"lower(left({text}, 3))"
    is_same = f"{word} not in {DAYS_OF_WEEK} or {word} = lower(strftime(one, '%a'))"
    return f"list_transform([{stamp}], lambda one: case when {is_same} then one end)[1]"


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
    """SQL for a date in a format of the source, in the date part of such a format, or that is certain."""
    times = [time_format for time_format in formats if not is_utc(time_format)]
    dates = [TIME_DIRECTIVE.sub("", time_format) for time_format in times]
    days = stamps_by_format(text, list(dict.fromkeys([*times, *(date for date in dates if "%" in date)])))
    iso = f"""case when {parse_iso(text)} is not null
        then coalesce(try_cast(left({text}, 10) as timestamp), try_strptime(left({text}, 8), '%Y%m%d')) end"""
    plain = f"regexp_replace(regexp_replace({text}, '{MONTH}', '\\1', 'g'), '[ ,/-]+', ' ', 'g')"
    return f"coalesce({', '.join([*days, iso, *stamps_by_format(plain, CERTAIN_DAYS)])})::date"
