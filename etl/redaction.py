"""SSNs and ITINs leave a staged file before anything of it is hashed or written.

A cheap test in SQL finds the texts that may hold one; Python looks at those, each once.
"""

import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl

from etl.columns import Columns
from etl.records import create_table, literal
from etl.redact import REPLACED, SUSPECT, id_hash, redact

IDS = ("return_id", "client_id")
# Fewer bytes cannot hold nine digits.
SHORTEST = 9
# Before a text, it makes nine bare digits the number that the column's heading says they are.
CUE = "SSN "
NINE_DIGITS = re.compile(r"(?<!\d)\d{9}(?!\d)")
MALFORMED = -1


def tells_tins(heading: str) -> bool:
    """The heading says that its numbers are those of taxpayers."""
    return redact(f"{heading} 123456789")[1] > redact(heading)[1]


def redact_staged(
    database: duckdb.DuckDBPyConnection, columns: Columns, is_time: str, key: Callable[[], bytes]
) -> tuple[set[int], int]:
    """Makes `redactions(place, text, redacted)` for `staged` and `malformed`: which places have any, and how many in all.

    `is_time` is SQL that is true where the column of the time is read as one, which needs no look however its digits stand.
    """
    tests = {place: test(columns, place, is_time) for place in range(len(columns.headings))}
    counted = ", ".join(f"count(*) filter ({one})" for one in tests.values()) or "0"
    suspected = database.execute(f"select {counted} from staged").fetchall()[0]
    ids = {columns.places[name] for name in IDS if name in columns.places}
    rows: list[tuple[int, str, str]] = []
    total = 0
    for place, count in zip(tests, suspected, strict=False):
        if count:
            cue = CUE if tells_tins(columns.headings[place]) else ""
            for text, times in suspects(database, f"c{place}", tests[place], "staged"):
                changed, number = redact(cue + text)
                if number:
                    kept = id_hash(text, key()) if place in ids else changed.removeprefix(cue)
                    rows.append((place, text, kept))
                    total += number * times
    total += redact_malformed(database, any(map(tells_tins, columns.headings)), rows)
    schema = {"place": pl.Int32, "text": pl.String, "redacted": pl.String}
    create_table(database, "redactions", rows, schema)
    return {place for place, _, _ in rows}, total


def test(columns: Columns, place: int, is_time: str) -> str:
    """SQL that is true on every text of a column that may hold a number of a taxpayer."""
    text = f"c{place}"
    cued = f"{literal(CUE)} || {text}" if tells_tins(columns.headings[place]) else text
    suspicious = f"strlen({text}) >= {SHORTEST} and regexp_matches({cued}, {literal(SUSPECT)})"
    return f"{suspicious} and not {is_time}" if columns.places.get("event_time") == place else suspicious


def suspects(database: duckdb.DuckDBPyConnection, text: str, test: str, table: str) -> list[tuple[str, int]]:
    """The texts that may hold one, each once, and how often it stands there."""
    return database.execute(f"select {text}, count(*) from {table} where {test} group by {text}").fetchall()


def redact_malformed(database: duckdb.DuckDBPyConnection, is_told: bool, rows: list[tuple[int, str, str]]) -> int:
    """Adds what changes in records that could not be split; where a heading tells of TINs, any nine digits may be one."""
    test = "true" if is_told else f"regexp_matches(record, {literal(SUSPECT)})"
    total = 0
    for text, times in suspects(database, "record", test, "malformed"):
        changed, number = redact(text)
        if is_told:
            changed, more = NINE_DIGITS.subn(lambda found: redact(CUE + found[0])[0].removeprefix(CUE), changed)
            number = changed.count(REPLACED) - text.count(REPLACED) if more else number
        if number:
            rows.append((MALFORMED, text, changed))
            total += number * times
    return total


def redacted_name(path: Path) -> tuple[str, int]:
    """The name of a file; like a name in quotes, it may be a number alone."""
    name, count = redact(f'"{path.name}"')
    return name[1:-1], count
