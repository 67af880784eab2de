"""The formats that can read a column of times; if several read equally many, all, for a person to choose."""

import re
from dataclasses import dataclass

import duckdb

from etl.store.mapping import EARLIEST, LATEST
from etl.store.times import clean_time, parse_format, parse_iso, parse_time

SAMPLE = 100_000
MOST_SHAPES = 5
ISO = "ISO 8601"
# How a date is written, and the orders in which its parts may be meant.
DATES = (
    (r"\d{1,2}([/.-])\d{1,2}\1\d{4}", ("%m{0}%d{0}%Y", "%d{0}%m{0}%Y")),
    (r"\d{1,2}([/.-])\d{1,2}\1\d{2}", ("%m{0}%d{0}%y", "%d{0}%m{0}%y", "%y{0}%m{0}%d")),
    (r"\d{4}([/.])\d{1,2}\1\d{1,2}", ("%Y{0}%m{0}%d", "%Y{0}%d{0}%m")),
    (r"\d{1,2}([ -])[A-Za-z]{3}\1\d{4}", ("%d{0}%b{0}%Y",)),
    (r"[A-Za-z]{3}( )\d{1,2}, \d{4}", ("%b %d, %Y",)),
    (r"[A-Za-z]{4,9}( )\d{1,2}, \d{4}", ("%B %d, %Y",)),
)
CLOCK = re.compile(
    r"(?P<join>[T, ]*)\d{1,2}:\d\d(?P<second>:\d\d)?(?P<fraction>\.\d{6}|\.\d{3})?(?P<half> ?[AaPp][Mm])?"
    r"(?P<zone> ?(?:Z|[+-]\d\d:?\d\d))?(?P<word> [A-Za-z]{2,9})?"
)
NUMBERS = {10: "epoch", 13: "epoch_ms"}


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

    @property
    def is_ambiguous(self) -> bool:
        """Whether two orders of month and day read the same times."""
        return len(self.formats) > 1


def shapes(database: duckdb.DuckDBPyConnection, column: str, known: tuple[str, ...]) -> list[Shape]:
    """The shapes of a column of `staged` (SQL), the most frequent first, by its first records."""
    database.execute(f"""
        create or replace temp table times as
        select
            text,
            count(*) as times,
            regexp_replace(regexp_replace(text, '[0-9]+', '9', 'g'), '[A-Za-z]+', 'a', 'g') as shape,
            regexp_extract(text, '^([0-9]+)', 1)
                = regexp_extract(text, '^[0-9]+[^0-9]([0-9]+)', 1) as is_equal
        from (select {clean_time(column)} as text from staged where row_no <= {SAMPLE})
        where text is not null
        group by text
    """)
    # An example shows the order of month and day only where they differ.
    rows = database.execute(f"""
        select shape, arg_min(text, (is_equal, text))
        from times
        group by shape
        order by sum(times) desc, shape
        limit {MOST_SHAPES}
    """).fetchall()
    return [read_shape(database, shape, example, known) for shape, example in rows]


def read_shape(
    database: duckdb.DuckDBPyConnection, shape: str, example: str, known: tuple[str, ...]
) -> Shape:
    """One shape with the formats that read the most of its times, equally many."""
    stamps = {ISO: parse_iso("text")} | {one: parse_format("text", one) for one in formats_for(example)}
    counted = ", ".join(
        f"coalesce(sum(times) filter (where {stamp} >= {EARLIEST} and {stamp} < {LATEST}), 0)::bigint"
        for stamp in (parse_time("text", known), *stamps.values())
    )
    count, known_count, *counts = database.execute(
        f"select sum(times)::bigint, {counted} from times where shape = ?", [shape]
    ).fetchall()[0]
    best = max(counts)
    formats = [one for one, number in zip(stamps, counts, strict=True) if number == best > 0]
    formats = [ISO] if ISO in formats else formats
    meanings = ", ".join(f"({stamps[one]})::varchar" for one in formats) or "null"
    meant = database.execute(f"select {meanings} from (select ? as text)", [example]).fetchall()[0]
    return Shape(count, example, known_count, best, formats, meant)


def formats_for(text: str) -> list[str]:
    """The formats that a time may be written in, by its pattern. The database finds out which can read it."""
    if text.isdecimal():
        return [NUMBERS[len(text)]] if len(text) in NUMBERS else []
    for written, orders in DATES:
        date = re.match(rf"(?:{written})(?!\d)", text)
        clock = CLOCK.fullmatch(text[date.end() :]) if date else None
        if date and (clock or date.end() == len(text)):
            return [order.format(date[1]) + (clock_format(clock) if clock else "") for order in orders]
    return []


def clock_format(clock: re.Match[str]) -> str:
    hour = "%I:%M" if clock["half"] else "%H:%M"
    second = ":%S" if clock["second"] else ""
    fraction = {0: "", 4: ".%g", 7: ".%f"}[len(clock["fraction"] or "")]
    half = re.sub(r"\S+", "%p", clock["half"] or "")
    zone = re.sub(r"\S+", "%z", clock["zone"] or "")
    return clock["join"] + hour + second + fraction + half + zone + (clock["word"] or "")
