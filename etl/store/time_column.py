"""The column with the time of a record: its zone, and SQL that reads it.

What a file says wins over the settings: an offset or a word for a zone in a time, then a word in the heading.
A word that is not known, or has two meanings, refuses the file.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from etl.common.duck import literal
from etl.common.problem import Problem, listed
from etl.config.source import DAY_NUMBER, TIME, columns_of, heading_key, joined_places
from etl.config.zone_words import (
    KNOWN,
    PLACE_WORDS,
    PLACES,
    is_like_zone,
    normal,
    shown_word,
    split_heading,
    zone_of,
)
from etl.read.csv_dialect import printable_headings
from etl.store.columns import Columns
from etl.store.times import (
    CLOCK_AND_WORD,
    NEVER_ISO,
    clean_time,
    has_offset,
    is_day,
    is_utc,
    on_weekday,
    parse_time,
    plain_formats,
    plain_time,
    stamps_by_format,
)
from etl.store.zones import FIRST, LAST, Zone, zones_of_times

# The columns that SQL adds to a record, one step after the other.
Steps = list[dict[str, str]]
MOST_WORDS = 20
# What a column beside the times may have of them. CT may be a state, and Eastern an office.
HALVES, HALF_DAY = r"[AaPp]\.? ?[Mm]\.?", "AM or PM"
ZONES = r"(?:AK|[ECMPHB])[SD]T|(?:UTC|GMT)(?: ?[+-]\d\d?(?::?\d\d)?)?|[+-]\d\d:\d\d"
ZONES += r"|(?:US|America|Europe|Asia|Pacific)/[\w/-]+"
ZONES += r"|(?:.* )?(?:Eastern|Central|Pacific|Standard|Daylight) Time"
# An object or a list, as the text of JSON, that has a time zone in it.
ZONES += r"""|[\[{](?s:.*)(?i:zone|"tz|utc[ _-]?offset)"\s*:\s*"[^"](?s:.*)"""
NUMBERS = ZONES + r"|[A-Z]{2,5}|[+-]?\d{1,2}(?::?\d\d)?"
NO_WORD = {"zone_word": "null::varchar"}


@dataclass(frozen=True)
class HeadingZone:
    """The zone that the heading of the times names; without a heading, the times themselves."""

    heading: str
    word: str
    name: str


def heading_zone(columns: Columns) -> HeadingZone | None:
    """The zone in the heading of the times. Raises a Problem if its word is not known."""
    time = TIME[columns.source.kind]
    if time in columns.source.constants:
        return None
    found: dict[str, HeadingZone] = {}
    for heading, column in zip(columns.headings, columns_of(columns.source, columns.headings), strict=True):
        word = split_heading(heading)[1] if column == time else None
        if word is None:
            continue
        name, shown = zone_of(word), f'the heading "{printable_headings(heading)}"'
        if name is None:
            fault = f'{shown} has "{word}", and no time zone is known by that word. Known: {KNOWN}.'
            raise Problem(f"{fault} Rename the heading, then load the file again.")
        found[name] = HeadingZone(heading, word, name)
    if len(found) > 1:
        words = listed([one.word for one in found.values()])
        raise Problem(f"the headings of the times name two time zones, {words}. Rename one of them.")
    return next(iter(found.values()), None)


def read_times(database: DuckDBPyConnection, columns: Columns) -> None:
    """Makes `times_found` of `staged`: `unread` texts that are no times, and the span of the others.

    `is_by_first` is whether the first format reads all of these as they are, not cleaned, `is_as_is` whether
    none is read in its plain spelling; `word` is the word after a time, `record` the first with it. A table
    of all times would need much memory in a join with the records. Raises a Problem if a zone is not clear.
    """
    text, formats = columns.text(TIME[columns.source.kind]), columns.source.formats
    first = "null::timestamp"
    # A day number may be a date alone.
    if formats and formats[0] != DAY_NUMBER:
        first = stamps_by_format("text", formats)[0]
    steps: Steps = [
        {"first_stamp": first},
        {"time": f"case when first_stamp is null then {clean_time('text')} end"},
        *steps_of(columns, "first_stamp"),
        {"is_usual": f"stamp between timestamp '{FIRST}' and timestamp '{LAST}'"},
    ]
    database.execute(f"""
        create or replace temp table times_found as
        select
            case when stamp is null then text end as unread,
            case when stamp is not null then zone_word end as word,
            min(case when zone_word is not null then row_no end) as record,
            min(stamp) filter (where is_usual) as first,
            max(stamp) filter (where is_usual) as last,
            bool_and(first_stamp is not null or stamp is null) as is_by_first,
            bool_and(as_is is not null or stamp is null) as is_as_is
        from ({after(steps, f"select row_no, {text} as text from staged")})
        group by unread, word
    """)
    for word, record in words_found(database):
        if zone_of(word) is None and is_like_zone(word):
            fault = f'the time of record {record} ends in "{word.strip()}", no known word for a time zone'
            raise Problem(f"{fault}. Known: {KNOWN}. Write one of these in the file, then load it again.")
    refuse_unclear_words(database, columns)
    refuse_apart(database, columns)


def words_found(database: DuckDBPyConnection) -> list[tuple[str, int]]:
    """The words after the times, each with the number of the first record that has it."""
    query = "select word, min(record) from times_found where word is not null group by word order by 2"
    return database.execute(query).fetchall()


def refuse_unclear_words(database: DuckDBPyConnection, columns: Columns) -> None:
    """Raises a Problem if a heading says EST, and records are of summer, when ET is not EST.

    The word after times may also be of all seasons, if the file never has EDT.
    """
    without_word = "zone_word is null"
    heading, texts = heading_zone(columns), [word for word, _ in words_found(database)]
    names = {(PLACES.get(normal(word)), zone_of(word)) for word in texts}
    said = [(heading.word, heading.name, without_word, "")] if heading else []
    for text in texts:
        if sum(place == PLACES.get(normal(text)) for place, _ in names) == 1:
            # By Pacific Standard Time, Windows means PT in summer too.
            is_long = normal(text).endswith(" standard")
            having = "" if is_long else "having not bool_and(is_other)"
            said.append((shown_word(text), zone_of(text) or "", f"zone_word = {literal(text)}", having))
    rows = f"select row_no, {columns.text(TIME[columns.source.kind])} as text from staged"
    steps = [{"time": clean_time("text")}, *steps_of(columns)]
    for shown, name, condition, having in said:
        # The zone that people may mean by a word of standard or daylight time: with EST often that of ET.
        if (place := PLACES.get(normal(shown))) is None:
            continue
        own, other = zones_of_times(database, name, place)
        is_other = f"{own.utc('stamp')} <> {other.utc('stamp')} as is_other"
        query = f"""
            select min(row_no) filter (is_other)
            from (select row_no, {is_other} from ({after(steps, rows)}) where not has_offset and {condition})
            {having}
        """
        found = database.execute(query).fetchall()
        if found and found[0][0] is not None:
            where, there = "the times say", "them"
            if heading and condition == without_word:
                where, there = f'the heading "{printable_headings(heading.heading)}" says', "the heading"
            word = PLACE_WORDS[place]
            raise Problem(
                f"{where} {shown}, which is not {word} at the time of record {found[0][0]}. "
                f"Write {word} in {there} if these are the clocks of people there, or {name} if the times "
                "are always so far from UTC; then load the file again."
            )


def refuse_apart(database: DuckDBPyConnection, columns: Columns) -> None:
    """Raises a Problem if times lack a zone, or AM and PM, and another column has it.

    Either nothing reads that column, or it is joined with the times, and a cell of it is empty.
    """
    name = TIME[columns.source.kind]
    time, parts = columns.places.get(name), joined_places(columns.source, columns.headings).get(name, [])
    for place in dict.fromkeys([*parts, *columns.unmapped]) if time is not None else ():
        what = part_of_time(database, columns, place)
        lacks = f"not regexp_matches(text, '{HALVES}')" if what == HALF_DAY else "zone_word is null"
        lacks += "" if place in parts else " and own is not null"
        rows = f"select row_no, c{time} as text, c{place} as own from staged"
        steps = after([{"time": clean_time("text")}, *steps_of(columns)], rows)
        query = f"select min(row_no) from ({steps}) where stamp is not null and not has_offset and {lacks}"
        record = database.execute(query).fetchall()[0][0] if what else None
        own = [columns.headings[one] for one in parts] or [columns.heading(name)]
        *own, shown = map(printable_headings, [*own, columns.headings[place]])
        if record and place in parts:
            fault = f'record {record} has no {what} in "{shown}", and others have'
            raise Problem(f"{fault}. Write it there, then load the file again.")
        if record:
            joined = ", ".join(f'"{heading}"' for heading in [*own, shown])
            raise Problem(
                f'the time of record {record} has its {what} in another column, "{shown}", which is not '
                f'read. Add [{joined}] to {name} under [source.columns] of "{columns.source.name}", '
                f"or take the column out of the file if it is no {what}."
            )


def part_of_time(database: DuckDBPyConnection, columns: Columns, place: int) -> str | None:
    """What a column has of times, by its heading or by all of its texts; None for all other columns."""
    heading = columns.headings[place]
    key, is_tz = heading_key(heading), heading_key(heading.rpartition(".")[2]) == "tz"
    zones = ".+" if "zone" in key or is_tz else NUMBERS if re.search("offset|utc|gmt", key) else ZONES
    for what, texts in ((HALF_DAY, HALVES), ("time zone", zones)):
        is_own = f"regexp_full_match(trim(c{place}), '{texts}')"
        found, other = (f"from staged where {no} {is_own} limit 1" for no in ("", "not"))
        # The first other text ends the search. Small files, of which one may have it, are loaded alone then.
        has_others = not columns.format_no and database.execute(other).fetchall()
        if not has_others and database.execute(found).fetchall():
            return what
    return None


def after(steps: Steps, query: str) -> str:
    """A query with the columns of the steps, each of which may use those of the steps before it."""
    for step in steps:
        query = f"select *, {', '.join(f'{value} as {name}' for name, value in step.items())} from ({query})"
    return query


def accepts_days(columns: Columns) -> bool:
    """Whether a date alone is a time: midnight. In a log, only if the settings have a format for it."""
    return columns.source.kind == "returns" or any(map(is_day, columns.source.time_formats))


def steps_of(columns: Columns, first: str = "null::timestamp", all_plain: bool = False) -> Steps:
    """From the clean text `time` to `stamp`, `has_offset` and `zone_word`; `first` is a stamp that it has.

    `bare` is the plain spelling without the word: of what is not read as it is, or of all.
    """
    formats, days = columns.source.formats, accepts_days(columns)
    plain = plain_formats(formats)
    parts = f"regexp_extract(plain, '{CLOCK_AND_WORD}', ['bare', 'word'])"
    has_word = "lower(trim(clock_and_word.word)) not in ('', 'am', 'pm')"
    by_plain, stamp = has_offset("bare", plain), parse_time("bare", plain, days)
    stamp = f"case when {by_plain} then {stamp} else {on_weekday('time', stamp)} end"
    return [
        {"as_is": f"coalesce({first}, {parse_time('time', formats, days)})"},
        {"plain": f"case when {'true' if all_plain else 'as_is is null'} then {plain_time('time')} end"},
        {"clock_and_word": f"case when plain is not null then {parts} end"},
        {
            "bare": f"case when {has_word} then clock_and_word.bare else plain end",
            "zone_word": f"case when {has_word} then clock_and_word.word end",
        },
        {
            "stamp": f"coalesce(as_is, {stamp})",
            "has_offset": f"case when as_is is null then {by_plain} else {has_offset('time', formats)} end",
        },
    ]


def stamp_steps(database: DuckDBPyConnection, columns: Columns) -> Steps:
    """From the text of the times, after `read_times`, to `time`, `stamp`, `has_offset` and `zone_word`.

    They are short if the first format reads every time of the file, and none of these can be ISO 8601, or
    if no time is read in its plain spelling.
    """
    text, formats = TIME[columns.source.kind], columns.source.formats
    query = (
        "select coalesce(bool_and(is_by_first), false), coalesce(bool_and(is_as_is), false) from times_found"
    )
    [(is_by_first, is_as_is)] = database.execute(query).fetchall()
    time = {"time": clean_time(text)}
    if is_by_first and formats and re.match(NEVER_ISO, formats[0]) and not is_utc(formats[0]):
        return [time, NO_WORD | {"stamp": stamps_by_format(text, formats)[0], "has_offset": "false"}]
    if is_as_is:
        stamp = parse_time("time", formats, accepts_days(columns))
        return [time, NO_WORD | {"stamp": stamp, "has_offset": has_offset("time", formats)}]
    return [time, *steps_of(columns)]


@dataclass(frozen=True)
class Clocks:
    """The zone of the times of a file, and the zones of the words after them; None for what is no zone."""

    zone: Zone
    words: dict[str, Zone | None]

    @property
    def utc(self) -> str:
        """SQL for UTC of a stamp."""
        return f"case when has_offset then stamp else {self.by_word(Zone.utc)} end"

    @property
    def note(self) -> str:
        """SQL for the note on a stamp, see `Zone.note`."""
        return f"case when not has_offset then {self.by_word(Zone.note)} end"

    def by_word(self, of_zone: Callable[[Zone, str], str]) -> str:
        own = of_zone(self.zone, "stamp")
        cases = [
            f"when zone_word = {literal(word)} then {of_zone(zone, 'stamp')}"
            for word, zone in self.words.items()
            if zone
        ]
        return f"case when zone_word is null then {own} {' '.join(cases)} end" if self.words else own


def clocks_of(database: DuckDBPyConnection, columns: Columns) -> Clocks:
    """The clocks that the times of a file were read on, after `read_times`."""
    heading = heading_zone(columns)
    names = {word: zone_of(word) for word, _ in words_found(database)}
    known = {name for name in names.values() if name is not None}
    zones = dict(zip(known, zones_of_times(database, *known), strict=True))
    [zone] = zones_of_times(database, heading.name if heading else columns.source.timezone)
    return Clocks(zone, {word: zones[name] if name else None for word, name in names.items()})


def time_zone(columns: Columns, words: Iterable[str]) -> str | None:
    """The zones that a file itself names, in words for its ledger; None if it names none."""
    heading = heading_zone(columns)
    known = list(dict.fromkeys(shown_word(word) for word in words if zone_of(word)))
    more = ", ..." if len(known) > MOST_WORDS else ""
    said = [f"{heading.word}, as the heading says"] if heading else []
    said += [f"{', '.join(known[:MOST_WORDS])}{more}, as the times say"] if known else []
    return "; ".join(said) or None
