"""The formats that would read a column of times; all that read equally many, so that a person can choose."""

import re
from dataclasses import dataclass

import duckdb

from etl.store.times import EPOCHS, clean_time, parse_format, parse_iso, time_parser
from etl.store.values import EARLIEST, LATEST

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
    """Times of one column that are written alike.

    How many, an example, how many the source reads now, how many could be read, by which formats, and what
    the example then means.
    """

    count: int
    example: str
    known_count: int
    read_count: int
    formats: tuple[str, ...]
    meanings: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Two orders of month and day read the same times."""
        return len(self.formats) > 1


def shapes(database: duckdb.DuckDBPyConnection, column: str, known: tuple[str, ...]) -> list[Shape]:
    """The shapes of a column of `staged` (SQL), the most frequent first, by its first records."""
    database.execute(f"""
        create or replace temp table times as
        select
            text,
            count(*) as times,
            regexp_replace(regexp_replace(text, '[0-9]+', '9', 'g'), '[A-Za-z]+', 'a', 'g') as shape
        from (select {clean_time(column)} as text from staged where row_no <= {SAMPLE})
        where text is not null
        group by text
    """)
    found = database.execute(f"""
        select shape, sum(times)::bigint as count, arg_min(text, (is_equal, text))
        from (
            -- An example shows the order of month and day only where they differ.
            select
                *,
                regexp_extract(text, '^([0-9]+)', 1)
                    = regexp_extract(text, '^[0-9]+[^0-9]([0-9]+)', 1) as is_equal
            from times
        )
        group by shape
        order by count desc, shape
        limit {MOST_SHAPES}
    """).fetchall()
    return [judged(database, shape, count, example, known) for shape, count, example in found]


def judged(
    database: duckdb.DuckDBPyConnection, shape: str, count: int, example: str, known: tuple[str, ...]
) -> Shape:
    """One shape with the formats that read the most of its times, equally many."""
    formats = [ISO, *formats_for(example)]
    stamps = [
        time_parser(known).stamp("text"),
        parse_iso("text"),
        *(parse_format("text", one) for one in formats[1:]),
    ]
    counted = ", ".join(
        f"coalesce(sum(times) filter (where {one} >= {EARLIEST} and {one} < {LATEST}), 0)::bigint"
        for one in stamps
    )
    known_count, *counts = database.execute(
        f"select {counted} from times where shape = ?", [shape]
    ).fetchall()[0]
    best = max(counts)
    reading = tuple(one for one, number in zip(formats, counts, strict=True) if number == best > 0)
    reading = reading[:1] if ISO in reading else reading
    meant = ", ".join(f"({stamps[1 + formats.index(one)]})::varchar" for one in reading) or "null"
    meanings = database.execute(f"select {meant} from (select ? as text)", [example]).fetchall()[0]
    return Shape(count, example, known_count, best, reading, meanings)


def formats_for(text: str) -> list[str]:
    """The formats that a time may be written in, by its pattern; the database tells which of them read it."""
    if text.isdecimal():
        return [NUMBERS[len(text)]] if len(text) in NUMBERS else []
    for written, orders in DATES:
        date = re.match(rf"(?:{written})(?!\d)", text)
        clock = CLOCK.fullmatch(text[date.end() :]) if date else None
        if date and (clock or date.end() == len(text)):
            return [order.format(date[1]) + (clock_format(clock) if clock else "") for order in orders]
    return []


def clock_format(clock: re.Match[str]) -> str:
    """The format of a time of day."""
    half = clock["half"] or ""
    fraction = {0: "", 4: ".%g", 7: ".%f"}[len(clock["fraction"] or "")]
    return "".join(
        (
            clock["join"],
            "%I:%M" if half else "%H:%M",
            ":%S" if clock["second"] else "",
            fraction,
            half[:-2] + "%p" if half else "",
            re.sub(r"\S+", "%z", clock["zone"] or ""),
            clock["word"] or "",
        )
    )


def is_epoch(shape: Shape) -> bool:
    return any(one in EPOCHS for one in shape.formats)
