"""The texts of a staged file, looked at once each where a column repeats itself, so that costly tests run on few.

A name, an office or a label stands in thousands of records; an event's id or an address hardly twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import duckdb

from etl.config.source import Source
from etl.store.columns import Columns
from etl.store.times import (
    FIRST,
    LAST,
    Reading,
    cleaned,
    has_iso_offset,
    is_odd,
    iso_stamp,
    own_stamps,
    reading,
)

TIME = {"events": "event_time", "returns": "exported_at"}
# Up to so many records it costs less to gather all texts than to ask first whether they repeat.
SAMPLE = 50_000
# The place, in few_texts, of records that could not be split.
MALFORMED = -1
# A column is worth gathering if in the sample each of its texts stands in this many records.
REPEATS = 4
# So many columns are gathered in one statement: more cost less one by one, but planning grows with their square.
TOGETHER = 20


@dataclass(frozen=True)
class Survey:
    """The columns whose texts are in `few_texts(place, text)`, those to be read from `staged`, and the span of times.

    Records that could not be split are texts of the place MALFORMED.
    The column of the times is in neither: a time that is read needs no other look, and `unread_times` says if all are.
    """

    database: duckdb.DuckDBPyConnection
    few: frozenset[int]
    many: frozenset[int]
    times: Reading
    first: datetime
    last: datetime
    unread_times: int

    def texts(self, places: Iterable[int], test: str) -> list[tuple[int, str]]:
        """The texts of some columns that pass a test, SQL about `text`, each once, with the place of its column."""
        found: list[tuple[int, str]] = []
        few, many = self.divided(places)
        if few:
            query = (
                f"select place, text from few_texts where place in ({', '.join(map(str, few))}) and {test}"
            )
            found += self.database.execute(query).fetchall()
        for place in many:
            query = f"select distinct {place}, text from (select c{place} as text from staged) where {test}"
            found += self.database.execute(query).fetchall()
        return found

    def any(self, places: Iterable[int], test: str) -> set[int]:
        """The columns of which some text passes a test."""
        few, many = self.divided(places)
        found = set()
        if few:
            query = (
                f"select distinct place from few_texts where place in ({', '.join(map(str, few))}) and {test}"
            )
            found = {place for (place,) in self.database.execute(query).fetchall()}
        for place in many:
            query = f"select 1 from (select c{place} as text from staged) where {test} limit 1"
            if self.database.execute(query).fetchall():
                found.add(place)
        return found

    def divided(self, places: Iterable[int]) -> tuple[list[int], list[int]]:
        wanted = frozenset(places)
        return sorted(wanted & self.few), sorted(wanted & self.many)


def survey(database: duckdb.DuckDBPyConnection, columns: Columns, source: Source) -> Survey:
    """Gathers the texts of the columns that repeat themselves, and reads all times once for their first and last."""
    time = columns.places.get(TIME[source.kind])
    places = [place for place in range(len(columns.headings)) if place != time]
    counted = "".join(f", approx_count_distinct(c{place})" for place in places)
    records, *distinct = database.execute(
        f"select count(*){counted} from (from staged limit {SAMPLE})"
    ).fetchall()[0]
    most = records // REPEATS if records == SAMPLE else records
    few = [place for place, count in zip(places, distinct, strict=True) if count <= most]
    gathered = [f"select distinct {MALFORMED}, record from malformed"]
    gathered += [f"select distinct {place}, c{place} from staged where c{place} is not null" for place in few]
    database.execute("create or replace temp table few_texts (place integer, text varchar)")
    for start in range(0, len(gathered), TOGETHER):
        database.execute(f"insert into few_texts {' union all '.join(gathered[start : start + TOGETHER])}")
    needed, first, last, unread = survey_times(
        database, columns.text(TIME[source.kind]), reading(source.time_formats)
    )
    return Survey(
        database=database,
        few=frozenset(few) | {MALFORMED},
        many=frozenset(places) - frozenset(few),
        times=needed,
        first=first or LAST,
        last=last or FIRST,
        unread_times=unread,
    )


def survey_times(
    database: duckdb.DuckDBPyConnection, text: str, every: Reading
) -> tuple[Reading, datetime | None, datetime | None, int]:
    """Reads all times once: what it takes to read them, the first, the last, and how many cannot be read."""
    texts = f"select {text} as text from staged"
    read = f"select text, {cleaned('text')} as time, null::timestamp as stamp, null::integer as reader from ({texts})"
    for number, stamp in enumerate(
        [*own_stamps("time", every.formats, every.has_short_years), iso_stamp("time")]
    ):
        # Only what the formats before could not read is left to the next: that is the rule, and it is quick.
        found = f"case when stamp is null then {stamp} end"
        read = f"""
            select
                text,
                time,
                coalesce(stamp, found) as stamp,
                coalesce(reader, case when found is not null then {number} end) as reader
            from (select *, {found} as found from ({read}))
        """
    near = f"stamp between timestamp '{FIRST}' and timestamp '{LAST}'"
    readers, odd, offsets, first, last, unread = database.execute(f"""
        select
            list(distinct reader) filter (reader is not null),
            coalesce(bool_or({is_odd("text")}), false),
            coalesce(bool_or({has_iso_offset("time")}), false),
            min(stamp) filter ({near}),
            max(stamp) filter ({near}),
            count(*) filter (stamp is null and time is not null)
        from ({read})
    """).fetchall()[0]
    needed = Reading(
        formats=tuple(one for number, one in enumerate(every.formats) if number in (readers or ())),
        has_short_years=every.has_short_years,
        has_odd=odd,
        has_iso=len(every.formats) in (readers or ()),
        has_iso_offsets=offsets,
    )
    return needed, first, last, unread
