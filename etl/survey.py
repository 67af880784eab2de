"""The texts of a staged file, looked at once each where a column repeats itself, so that costly tests run on few.

A name, an office or a label stands in thousands of records; an event's id or an address hardly twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import duckdb

from etl.columns import Columns
from etl.source import Source
from etl.times import cleaned, stamp
from etl.zones import FIRST, LAST

TIME = {"events": "event_time", "returns": "exported_at"}
# Up to so many records it costs less to gather all texts than to ask first whether they repeat.
SAMPLE = 50_000
# The place, in few_texts, of records that could not be split.
MALFORMED = -1
# A column is worth gathering if in the sample each of its texts stands in this many records.
REPEATS = 4


@dataclass(frozen=True)
class Survey:
    """The columns whose texts are in `few_texts(place, text)`, those to be read from `staged`, and the span of times.

    Records that could not be split are texts of the place MALFORMED.
    The column of the times is in neither: a time that is read needs no other look, and `unread_times` says if all are.
    """

    database: duckdb.DuckDBPyConnection
    few: frozenset[int]
    many: frozenset[int]
    first: datetime
    last: datetime
    unread_times: int

    def texts(self, places: Iterable[int], test: str) -> list[tuple[int, str]]:
        """The texts of some columns that pass a test, SQL about `text`, each once, with the place of its column."""
        found: list[tuple[int, str]] = []
        few, many = self.divided(places)
        if few:
            query = f"select place, text from few_texts where place in ({', '.join(map(str, few))}) and {test}"
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
            query = f"select distinct place from few_texts where place in ({', '.join(map(str, few))}) and {test}"
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
    gathered = [f"select distinct {place}, c{place} from staged where c{place} is not null" for place in few]
    gathered.append(f"select distinct {MALFORMED}, record from malformed")
    database.execute(f"create or replace temp table few_texts(place, text) as {' union all '.join(gathered)}")
    first, last, unread = database.execute(f"""
        select
            min(stamp) filter (stamp between timestamp '{FIRST}' and timestamp '{LAST}'),
            max(stamp) filter (stamp between timestamp '{FIRST}' and timestamp '{LAST}'),
            count(*) filter (stamp is null and time is not null)
        from (
            select time, {stamp("time", source.time_formats)} as stamp
            from (select {cleaned(columns.text(TIME[source.kind]))} as time from staged)
        )
    """).fetchall()[0]
    return Survey(
        database=database,
        few=frozenset(few) | {MALFORMED},
        many=frozenset(places) - frozenset(few),
        first=first or LAST,
        last=last or FIRST,
        unread_times=unread,
    )
