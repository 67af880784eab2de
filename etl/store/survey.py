"""Collects the texts of columns that repeat them, each text once, so that costly tests run on few texts.

A name, an office or a label is in thousands of records; an event's id or an address is rarely in two.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb

from etl.store.columns import Columns
from etl.store.times import read_times

TIME = {"events": "event_time", "returns": "exported_at"}
# Up to this number of records, collecting all texts costs less than counting the distinct texts first.
SAMPLE = 50_000
# The place, in collected_texts, of records that could not be split.
MALFORMED = -1
# A column is collected if each of its texts is in this many records of the sample.
REPEATS = 4
# The columns collected in one statement: more are faster for each, but planning time grows with their square.
COLUMNS_TOGETHER = 20


@dataclass(frozen=True)
class Survey:
    """A staged file, and the columns whose texts are in `collected_texts(place, text)`.

    Columns in `other` must be read from `staged`. The column of times is in neither set, because only times
    that cannot be read need a test. Records that could not be split have the place MALFORMED.
    """

    database: duckdb.DuckDBPyConnection
    columns: Columns
    collected: frozenset[int]
    other: frozenset[int]

    def select(self, listed: str, places: Iterable[int], test: str) -> list[Any]:
        """Place or text, each once, of the texts of some columns that pass a test (SQL about `text`)."""
        wanted = frozenset(places)
        collected = ", ".join(map(str, sorted(wanted & self.collected)))
        tables = [f"(from collected_texts where place in ({collected}))"] if collected else []
        tables += [
            f"(select {place} as place, c{place} as text from staged)"
            for place in sorted(wanted & self.other)
        ]
        queries = [f"select distinct {listed} from {table} where {test}" for table in tables]
        return [row for query in queries for row in self.database.execute(query).fetchall()]


def survey_file(database: duckdb.DuckDBPyConnection, columns: Columns) -> Survey:
    """Collects the texts of the columns that repeat them, and reads all times into `stamps`."""
    time = TIME[columns.source.kind]
    read_times(database, columns.text(time), columns.source.time_formats)
    places = [place for place in range(len(columns.headings)) if place != columns.places.get(time)]
    counts = "".join(f", approx_count_distinct(c{place})" for place in places)
    query = f"select count(*){counts} from (from staged limit {SAMPLE})"
    [(records, *distinct)] = database.execute(query).fetchall()
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
    return Survey(
        database, columns, frozenset([MALFORMED, *collected]), frozenset(places).difference(collected)
    )
