"""SSNs and ITINs leave a staged file before anything of it is hashed or written.

A cheap test in SQL finds the texts that may hold one; Python looks at those, each once.
"""

import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl

from etl.common.duck import create_table, literal
from etl.config.source import Source
from etl.read.tins import REPLACED, SUSPECT, id_hash, redact
from etl.store.columns import Columns
from etl.store.survey import MALFORMED, TIME, Survey, survey

IDS = ("return_id", "client_id")
# Fewer bytes cannot hold nine digits.
MAY_HOLD = f"strlen(text) >= 9 and regexp_matches(text, {literal(SUSPECT)})"
# Before a text, it makes nine bare digits the number that the column's heading says they are.
CUE = "SSN "
NINE_DIGITS = re.compile(r"(?<!\d)\d{9}(?!\d)")
SCHEMA = {"place": pl.Int32, "text": pl.String, "redacted": pl.String, "number": pl.Int32}


def redact_file(
    database: duckdb.DuckDBPyConnection,
    columns: Columns,
    source: Source,
    key: Callable[[], bytes],
    seen: Survey | None = None,
) -> tuple[set[int], int]:
    """Makes `redactions(place, text, redacted, number)` of `staged` and `malformed`: the places it changes, and how
    many TINs the records hold.

    An id that holds one becomes a hash under the key, which is asked for only then.
    """
    told = {place for place, heading in enumerate(columns.headings) if tells_tins(heading)}
    ids = {columns.places[name] for name in IDS if name in columns.places}
    rows = []
    for place, text in suspects(database, columns, source, seen or survey(database, columns, source), told):
        if place == MALFORMED and told:
            changed, number = redact_nine_digits(text)
        else:
            cue = CUE if place in told else ""
            changed, number = redact(cue + text)
            changed = changed.removeprefix(cue)
        if number:
            rows.append((place, text, id_hash(text, key()) if place in ids else changed, number))
    create_table(database, "redactions", rows, SCHEMA)
    places = {row[0] for row in rows}
    return places - {MALFORMED}, sum(replaced(database, place) for place in places)


def tells_tins(heading: str) -> bool:
    """The heading says that its numbers are those of taxpayers."""
    return redact(f"{heading} 123456789")[1] > redact(heading)[1]


def suspects(
    database: duckdb.DuckDBPyConnection, columns: Columns, source: Source, seen: Survey, told: set[int]
) -> list[tuple[int, str]]:
    """The texts that may hold an SSN or ITIN, each once; of the times only those that cannot be read as one."""
    told = told | {MALFORMED} if told else told
    found = seen.texts((seen.few | seen.many) - told, MAY_HOLD)
    found += seen.texts(told, "strlen(text) >= 9") if told else []
    place = columns.places.get(TIME[source.kind])
    if place is not None and seen.unread_times:
        is_time = f"{seen.times.stamp(seen.times.cleaned('text'))} is not null"
        texts = f"(select c{place} as text from staged)"
        query = f"select distinct {place}, text from {texts} where not ({is_time}) and {MAY_HOLD}"
        found += database.execute(query).fetchall()
    return list(dict.fromkeys(found))


def redact_nine_digits(record: str) -> tuple[str, int]:
    """A record that could not be split, of a file with a column of TINs: any nine digits in it may be one."""
    changed, number = redact(record)
    cued = NINE_DIGITS.sub(lambda found: redact(CUE + found[0])[0].removeprefix(CUE), changed)
    return cued, number + cued.count(REPLACED) - changed.count(REPLACED)


def replaced(database: duckdb.DuckDBPyConnection, place: int) -> int:
    """How many SSNs and ITINs the records of a column hold."""
    text = "malformed.record" if place == MALFORMED else f"staged.c{place}"
    return database.execute(f"""
        select sum(redactions.number)
        from {text.split(".")[0]}
        join redactions on redactions.place = {place} and redactions.text = {text}
    """).fetchall()[0][0]


def redacted_fields(table: str, names: list[str], redacted: set[int]) -> str:
    """SQL for the records of `staged`, or of some of it, with their texts as `redactions` says."""
    fields, joins = [], []
    for place, name in enumerate(names):
        is_changed = place in redacted
        fields.append(
            f"coalesce(r{place}.redacted, fields.{name}) as {name}" if is_changed else f"fields.{name}"
        )
        if is_changed:
            joins.append(f"left join redactions as r{place}")
            joins.append(f"on r{place}.place = {place} and r{place}.text = fields.{name}")
    return f"select {', '.join(['fields.row_no', *fields])} from {table} as fields {' '.join(joins)}"


def redacted_name(path: Path) -> tuple[str, int]:
    """The name of a file; like a name in quotes, it may be a number alone."""
    name, count = redact(f'"{path.name}"')
    return name[1:-1], count


def redacted_path(path: Path) -> str:
    """Where a file lies, as a message may say it."""
    return redact(str(path.with_name(redacted_name(path)[0])))[0]
