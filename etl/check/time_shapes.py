"""The formats that can read a column of times; if several read equally many, all, for a person to choose."""

import re
from dataclasses import dataclass

import duckdb

from etl.common.duck import literal
from etl.config.source import DAY_NUMBER
from etl.config.zone_words import zone_of
from etl.store.columns import Columns
from etl.store.mapping import EARLIEST, LATEST
from etl.store.time_column import accepts_days, after, steps_of
from etl.store.times import clean_time, is_day, parse_format, parse_iso

SAMPLE = 100_000
MOST_SHAPES = 5
ISO = "ISO 8601"
# How a date is written, and the orders in which its parts may be meant.
DATES = (
    (r"\d{1,2}([/.-])\d{1,2}\1\d{4}", ("%m{0}%d{0}%Y", "%d{0}%m{0}%Y")),
    (r"\d{1,2}([/.-])\d{1,2}\1\d{2}", ("%m{0}%d{0}%y", "%d{0}%m{0}%y", "%y{0}%m{0}%d")),
    (r"\d{4}([/.])\d{1,2}\1\d{1,2}", ("%Y{0}%m{0}%d", "%Y{0}%d{0}%m")),
    (r"\d{4}(-)\d{1,2}-\d{1,2}", ("%Y-%m-%d",)),
    (r"\d{1,2}([ -])[A-Za-z]{3}\1\d{4}", ("%d{0}%b{0}%Y",)),
    (r"\d{1,2}([ -])[A-Za-z]{3}\1\d{2}", ("%d{0}%b{0}%y",)),
    (r"[A-Za-z]{3}([ -])\d{1,2}\1\d{4}", ("%b{0}%d{0}%Y",)),
    (r"[A-Za-z]{3}( )\d{1,2}, \d{4}", ("%b %d, %Y",)),
    (r"[A-Za-z]{4,9}( )\d{1,2}, \d{4}", ("%B %d, %Y",)),
)
CLOCK = re.compile(
    r"(?P<join>[T, ]*)\d{1,2}:\d\d(?P<second>:\d\d)?(?P<fraction>\.\d{1,6})?(?P<half> ?[AaPp][Mm])?"
    r"(?P<zone> ?(?:Z|[+-]\d\d:?\d\d))?"
)
NUMBERS = (
    (r"\d{10}(?:\.\d+)?", "epoch"),
    (r"\d{13}", "epoch_ms"),
    (r"\d{14}", "%Y%m%d%H%M%S"),
    (r"[3-7]\d{4}(?:\.\d+)?", DAY_NUMBER),
)


@dataclass(frozen=True)
class Shape:
    """Times of one column that are written alike, such as 9/9/9 9:9 a."""

    count: int
    example: str
    # How many the source reads now, how many could be read, by which formats, and the example's time in each.
    known_count: int
    read_count: int
    formats: list[str]
    meanings: tuple[str, ...]
    # Whether some of the times have the month first and others the day.
    is_mixed: bool = False
    # Whether they are dates alone, and the source does not accept these.
    is_day: bool = False

    @property
    def is_ambiguous(self) -> bool:
        """Whether two orders of month and day read the same times."""
        return len(self.formats) > 1


def shapes(database: duckdb.DuckDBPyConnection, column: str, columns: Columns) -> list[Shape]:
    """The shapes of a column of `staged` (SQL), the most frequent first, by its first records."""
    steps = [{"time": "text"}, *steps_of(columns, all_plain=True)]
    texts = f"select {clean_time(column)} as text from staged where row_no <= {SAMPLE}"
    texts = f"select text, count(*) as times from ({texts}) group by text"
    database.execute(f"""
        create or replace temp table times as
        select
            text, times, as_is, bare, stamp, zone_word,
            regexp_replace(regexp_replace(text, '[0-9]+', '9', 'g'), '[A-Za-z]+', 'a', 'g') as shape,
            list_unique(regexp_extract_all(text, '[0-9]+')[:3]) < 3 as is_equal
        from ({after(steps, texts)})
        where text is not null
    """)
    words = database.execute("select distinct zone_word from times where zone_word is not null").fetchall()
    zones = ", ".join(literal(word) for (word,) in words if zone_of(word))
    has_zone = f"(zone_word is null or list_contains([{zones}]::varchar[], zone_word))"
    is_known = f"{is_usual('stamp')} and (as_is is not null or {has_zone})"
    # An example shows the order of day, month and year only where they differ.
    rows = database.execute(f"""
        select
            shape, arg_min(text, (is_equal, text)), arg_min(bare, (is_equal, text)),
            sum(times)::bigint, coalesce(sum(times) filter (where {is_known}), 0)::bigint
        from times
        group by shape
        order by sum(times) desc, shape
        limit {MOST_SHAPES}
    """).fetchall()
    found, accepts = [], accepts_days(columns)
    for shape, text, bare, count, known_count in rows:
        # The times as they are, or in their plain spelling: what reads more.
        as_is = best_formats(database, shape, "text", text, "true")
        plain = best_formats(database, shape, "bare", bare, has_zone)
        read_count, formats, meanings, is_mixed = max(as_is, plain, key=lambda best: best[0])
        day_alone = not accepts and bool(formats) and all(map(is_day, formats))
        found.append(Shape(count, text, known_count, read_count, formats, meanings, is_mixed, day_alone))
    return found


def best_formats(
    database: duckdb.DuckDBPyConnection, shape: str, column: str, example: str, condition: str
) -> tuple[int, list[str], tuple[str, ...], bool]:
    """How many texts the best formats read, these, the example in each, and whether orders are mixed."""
    own = formats_for(example)
    stamps = {one: parse_format(column, one) for one in own}
    stamps |= {} if any(map(is_day, own)) else {ISO: parse_iso(column)}
    some = " or ".join(is_usual(stamp) for one, stamp in stamps.items() if one != ISO) or "false"
    counted = ", ".join(
        f"coalesce(sum(times) filter (where {condition} and ({test})), 0)::bigint"
        for test in (some, *map(is_usual, stamps.values()))
    )
    query = f"select {counted} from times where shape = ?"
    some_count, *counts = database.execute(query, [shape]).fetchall()[0]
    best = max(counts)
    formats = [one for one, number in zip(stamps, counts, strict=True) if number == best > 0]
    if ISO in formats:
        return best, [ISO], ("",), False
    if some_count > best:
        return best, [], (), True
    meanings = ", ".join(f"({stamps[one]})::varchar" for one in formats) or "null"
    query = f"select {meanings} from (select ? as {column})"
    return best, formats, database.execute(query, [example]).fetchall()[0], False


def is_usual(stamp: str) -> str:
    return f"({stamp} >= {EARLIEST} and {stamp} < {LATEST})"


def formats_for(text: str) -> list[str]:
    """The formats that a time may be written in, by its pattern. The database finds out which can read it."""
    for pattern, word in NUMBERS:
        if re.fullmatch(pattern, text):
            return [word]
    for written, orders in DATES:
        date = re.match(rf"(?:{written})(?!\d)", text)
        clock = CLOCK.fullmatch(text[date.end() :]) if date else None
        if date and (clock or date.end() == len(text)):
            return [order.format(date[1]) + (clock_format(clock) if clock else "") for order in orders]
    return []


def clock_format(clock: re.Match[str]) -> str:
    hour = "%I:%M" if clock["half"] else "%H:%M"
    second = ":%S" if clock["second"] else ""
    fraction = ".%f" if clock["fraction"] else ""
    half = re.sub(r"\S+", "%p", clock["half"] or "")
    zone = re.sub(r"\S+", "%z", clock["zone"] or "")
    return clock["join"] + hour + second + fraction + half + zone
