"""Times as logged become moments: SQL over the formats of a source, in which nothing is guessed.

A time is read in two steps. Its *stamp* is what the text says; whether it *has an offset* tells if the stamp is UTC already
or on the clocks of the source. ISO 8601 comes first, unless a format of the source begins with the year as well.
"""

import re
from datetime import datetime

from etl.records import literal
from etl.zones import LAST, clocks, note, to_local, to_utc

EPOCHS = {"epoch": 1_000_000, "epoch_ms": 1_000}
# What DuckDB reads as ISO 8601 reads it. All other dresses (20260304T1405Z, a comma, second 60) are written anew first.
PLAIN_ISO = r"^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?$"
OFFSET = r"([Zz]|[+-]\d\d(?::?\d\d)?)?"
EXTENDED_ISO = rf"(\d{{4}})-(\d\d)-(\d\d)(?:[Tt ](\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{{1,9}})\d*)?)?)? ?{OFFSET})?"
BASIC_ISO = rf"(\d{{4}})(\d\d)(\d\d)(?:[Tt ](\d\d)(?:(\d\d)(?:(\d\d)(?:[.,](\d{{1,9}})\d*)?)?)? ?{OFFSET})?"
PARTS = "['year', 'month', 'day', 'hour', 'minute', 'second', 'fraction', 'zone']"
TIME_DIRECTIVE = re.compile(r"[T,\s]*%[HIMSpfzZ].*$", re.DOTALL)


def cleaned(text: str) -> str:
    """SQL for a time without blanks at its ends, and with plain blanks for the narrow ones that browsers write."""
    plain = f"translate({text}, '\u00a0\u202f\u2009\t', '    ')"
    return f"trim(case when strlen({text}) = length({text}) then {text} else {plain} end)"


def stamp(text: str, formats: tuple[str, ...]) -> str:
    """SQL for what a cleaned text says: a timestamp, null where no format reads it."""
    own = [one_stamp(text, one) for one in formats]
    return f"coalesce({', '.join([*own, iso_stamp(text)] if year_first(formats) else [iso_stamp(text), *own])})"


def has_offset(text: str, formats: tuple[str, ...]) -> str:
    """SQL for whether the stamp of a text is UTC: its offset is written, or it counts from 1970."""
    own = [
        f"when {one_stamp(text, one)} is not null then {'true' if knows_utc(one) else 'false'}"
        for one in formats
        if year_first(formats) or any(map(knows_utc, formats))
    ]
    iso = f"when {looks_iso(text)} then regexp_matches(substr({text}, 9), '[Tt ].*[Zz+-]')"
    return f"case {' '.join([*own, iso] if year_first(formats) else [iso, *own])} else false end"


def year_first(formats: tuple[str, ...]) -> bool:
    """A format of the source may read what ISO 8601 reads otherwise, and then goes first."""
    return any(one.lstrip().startswith("%Y") for one in formats)


def knows_utc(one: str) -> bool:
    return one in EPOCHS or "%z" in one


def looks_iso(text: str) -> str:
    """Cheap and necessary: a year and a dash, or a basic date and nothing or a time."""
    return f"(substr({text}, 5, 1) = '-' or regexp_matches({text}, '^\\d{{8}}(?:[Tt ]|$)'))"


def iso_stamp(text: str) -> str:
    """SQL for a time in ISO 8601; second 60 is the first of the next minute, 24:00 the start of the next day."""
    parts = f"""case when substr({text}, 5, 1) = '-' then regexp_extract({text}, '^{EXTENDED_ISO}$', {PARTS})
        else regexp_extract({text}, '^{BASIC_ISO}$', {PARTS}) end"""
    written = """parts.year || '-' || parts.month || '-' || parts.day || 'T'
        || rpad(parts.hour, 2, '0') || ':' || rpad(parts.minute, 2, '0') || ':'
        || case when parts.second = '60' then '59' else rpad(parts.second, 2, '0') end
        || '.' || rpad(parts.fraction, 1, '0') || upper(parts.zone)"""
    written = written.replace("parts.", f"({parts}).")
    leap = f"case when ({parts}).second = '60' then interval '1' second else interval '0' second end"
    return f"""case when {looks_iso(text)} then case when regexp_matches({text}, '{PLAIN_ISO}') then {moment_of(text)}
        else {moment_of(written)} + {leap} end end"""


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
    colons = f"strlen({text}) - strlen(replace({text}, ':', '')) = {one.count(':')}"
    return f"case when {colons} and {last_fits(text, one)} then try_strptime({text}, {literal(one)}) end"


def last_fits(text: str, one: str) -> str:
    """Cheap and necessary, because a format that fails costs ten times one that fits: how the text must end."""
    if one.endswith("%p"):
        return f"right({text}, 1) in ('M', 'm')"
    return f"right({text}, 1) between '0' and '9'" if one[-2:-1] == "%" and one[-1] in "YymdHIMSfj" else "true"


def epoch_stamp(text: str, factor: int) -> str:
    """SQL for seconds or milliseconds since 1970; what lies far outside is put just outside of what is taken."""
    number = f"case when regexp_matches({text}, '^-?\\d{{1,18}}(?:\\.\\d{{1,9}})?$') then {text}::decimal(38, 9) end"
    last = round((LAST - datetime(1970, 1, 1)).total_seconds()) * 1_000_000
    return f"make_timestamp(greatest(-1, least({last}, trunc(({number}) * {factor})))::bigint)"


def day(text: str, formats: tuple[str, ...]) -> str:
    """SQL for a date: ISO 8601, a format of the source, or what of it is a date; as written, whatever its offset."""
    dates = [TIME_DIRECTIVE.sub("", one) for one in formats if one not in EPOCHS and not knows_utc(one)]
    whole = [literal(one) for one in dict.fromkeys(dates) if "%" in one]
    short = [f"try_strptime({text}, [{', '.join(whole)}])"] if whole else []
    iso = f"case when {looks_iso(text)} then try_cast(left({text}, 10) as timestamp) end"
    return f"coalesce({', '.join([iso, *short, *(one_stamp(text, one) for one in formats if not knows_utc(one))])})::date"


class Zones:
    """The SQL of a file's times: its own zone, the firm's, and the stretch of time in which it needs them."""

    def __init__(self, own: str, firm: str, since: datetime, until: datetime) -> None:
        self.own, self.firm = clocks(own, since, until), clocks(firm, since, until)
        self.is_same = own == firm

    def utc(self, stamp: str) -> str:
        """SQL for UTC of a stamp on the source's clocks."""
        return f"{stamp} - {to_utc(self.own, stamp)}"

    def note(self, stamp: str) -> str:
        return note(self.own, stamp)

    def firm_day(self, moment: str) -> str:
        """SQL for the date in the firm's zone of a moment in UTC."""
        return f"({moment} + {to_local(self.firm, moment)})::date"
