"""The texts of a staged file, each once where a column repeats them, so that costly tests run on few texts.

A name, an office or a label is in thousands of records; an event's id or an address is rarely in two.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import duckdb

from etl.store.columns import Columns
from etl.store.times import (
    FIRST,
    LAST,
    TimeParser,
    clean_time,
    has_iso_offset,
    may_need_cleaning,
    parse_iso,
    time_parser,
)

TIME = {"events": "event_time", "returns": "exported_at"}
# Up to this number of records, collecting all texts costs less than first counting the distinct ones.
SAMPLE = 50_000
# The place, in collected_texts, of records that could not be split.
MALFORMED = -1
# A column is collected if each of its texts is in this many records of the sample.
REPEATS = 4
# The columns collected in one statement: more cost less for each, but planning time grows with their square.
COLUMNS_TOGETHER = 20


@dataclass(frozen=True)
class Survey:
    """A staged file: the columns whose texts are in `collected_texts(place, text)`, and what its times need.

    `other` are the columns to read from `staged`. The column of times is in neither, because only times that
    cannot be read need another test. Records that could not be split have the place MALFORMED.
    """

    database: duckdb.DuckDBPyConnection
    columns: Columns
    collected: frozenset[int]
    other: frozenset[int]
    times: TimeParser
    first: datetime
    last: datetime
    unread_times: int

    def texts(self, places: Iterable[int], test: str) -> list[tuple[int, str]]:
        """The texts of some columns that pass a test (SQL about `text`), each once, with its place."""
        return [
            row
            for table in self.tables(places)
            for row in self.database.execute(
                f"select distinct place, text from {table} where {test}"
            ).fetchall()
        ]

    def places_with(self, places: Iterable[int], test: str) -> set[int]:
        """The columns of which some text passes a test."""
        return {
            place
            for table in self.tables(places)
            for (place,) in self.database.execute(
                f"select distinct place from {table} where {test}"
            ).fetchall()
        }

    def tables(self, places: Iterable[int]) -> list[str]:
        wanted = frozenset(places)
        collected = ", ".join(map(str, sorted(wanted & self.collected)))
        tables = [f"(from collected_texts where place in ({collected}))"] if collected else []
        return tables + [
            f"(select {place} as place, c{place} as text from staged)"
            for place in sorted(wanted & self.other)
        ]


def survey_file(database: duckdb.DuckDBPyConnection, columns: Columns) -> Survey:
    """Collects the texts of the columns that repeat them, and reads all times once."""
    time = columns.places.get(TIME[columns.source.kind])
    places = [place for place in range(len(columns.headings)) if place != time]
    counts = "".join(f", approx_count_distinct(c{place})" for place in places)
    records, *distinct = database.execute(
        f"select count(*){counts} from (from staged limit {SAMPLE})"
    ).fetchall()[0]
    most = records // REPEATS if records == SAMPLE else records
    collected = [place for place, count in zip(places, distinct, strict=True) if count <= most]
    queries = [f"select distinct {MALFORMED}, record from malformed"]
    queries += [
        f"select distinct {place}, c{place} from staged where c{place} is not null" for place in collected
    ]
    database.execute("create or replace temp table collected_texts (place integer, text varchar)")
    for start in range(0, len(queries), COLUMNS_TOGETHER):
        together = " union all ".join(queries[start : start + COLUMNS_TOGETHER])
        database.execute(f"insert into collected_texts {together}")
    times, first, last, unread = survey_times(database, columns)
    return Survey(
        database=database,
        columns=columns,
        collected=frozenset(collected) | {MALFORMED},
        other=frozenset(places) - frozenset(collected),
        times=times,
        first=first or LAST,
        last=last or FIRST,
        unread_times=unread,
    )


def survey_times(
    database: duckdb.DuckDBPyConnection, columns: Columns
) -> tuple[TimeParser, datetime | None, datetime | None, int]:
    """A parser for the times that occur, the first one, the last, and how many cannot be read."""
    every = time_parser(columns.source.time_formats)
    read = f"""
        select text, {clean_time("text")} as time, null::timestamp as stamp, null::integer as reader
        from (select {columns.text(TIME[columns.source.kind])} as text from staged)
    """
    for number, stamp in enumerate([*every.stamps_by_format("time"), parse_iso("time")]):
        # The rule, and quick too: the next format gets only what the formats before it could not read.
        read = f"""
            select
                text,
                time,
                coalesce(stamp, next_stamp) as stamp,
                coalesce(reader, case when next_stamp is not null then {number} end) as reader
            from (select *, case when stamp is null then {stamp} end as next_stamp from ({read}))
        """
    is_near = f"stamp between timestamp '{FIRST}' and timestamp '{LAST}'"
    readers, needs_cleaning, has_offsets, first, last, unread = database.execute(f"""
        select
            coalesce(list(distinct reader) filter (reader is not null), []),
            coalesce(bool_or({may_need_cleaning("text")}), false),
            coalesce(bool_or({has_iso_offset("time")}), false),
            min(stamp) filter ({is_near}),
            max(stamp) filter ({is_near}),
            count(*) filter (stamp is null and time is not null)
        from ({read})
    """).fetchall()[0]
    needed = TimeParser(
        formats=tuple(own for number, own in enumerate(every.formats) if number in readers),
        has_short_years=every.has_short_years,
        has_blanks=needs_cleaning,
        has_iso=len(every.formats) in readers,
        has_iso_offsets=has_offsets,
    )
    return needed, first, last, unread
