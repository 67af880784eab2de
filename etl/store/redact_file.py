"""SSNs and ITINs leave a staged file before anything of it is hashed or written.

A cheap test in SQL finds the texts that may contain a number; Python examines each of them once.
"""

import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl

from etl.common.duck import count_of, create_table, literal
from etl.read.tins import REPLACED, SUSPECT, id_hash, redact
from etl.store.survey import MALFORMED, TIME, Survey

IDS = ("return_id", "client_id")
# Fewer bytes cannot contain nine digits.
MAY_CONTAIN_TIN = f"strlen(text) >= 9 and regexp_matches(text, {literal(SUSPECT)})"
# `redact` takes nine bare digits for a TIN only after such a word.
CUE = "SSN "
NINE_DIGITS = re.compile(r"(?<!\d)\d{9}(?!\d)")
SCHEMA = {"place": pl.Int32, "text": pl.String, "redacted": pl.String, "number": pl.Int32}


def redact_file(survey: Survey, key: Callable[[], bytes]) -> tuple[set[int], int]:
    """Makes `redactions(place, text, redacted, number)` of `staged` and `malformed`.

    Returns the places it changes and the number of TINs in the records. An id with a TIN becomes a hash under
    the key, which is requested only then.
    """
    columns = survey.columns
    # Columns with a heading such as "Client SSN": their nine bare digits are TINs too.
    announced = {
        place
        for place, heading in enumerate(columns.headings)
        if redact(f"{heading} 123456789")[1] > redact(heading)[1]
    }
    ids = {columns.places[name] for name in IDS if name in columns.places}
    rows = []
    for place, text in suspects(survey, announced):
        if place == MALFORMED and announced:
            changed, number = redact_nine_digits(text)
        else:
            cue = CUE if place in announced else ""
            changed, number = redact(cue + text)
            changed = changed.removeprefix(cue)
        if number:
            rows.append((place, text, id_hash(text, key()) if place in ids else changed, number))
    create_table(survey.database, "redactions", rows, SCHEMA)
    places = {row[0] for row in rows}
    return places - {MALFORMED}, sum(count_tins(survey.database, place) for place in places)


def suspects(survey: Survey, announced: set[int]) -> list[tuple[int, str]]:
    """The texts that may contain a TIN, each once; of the times only those that cannot be read."""
    announced = announced | {MALFORMED} if announced else announced
    texts = survey.texts((survey.collected | survey.other) - announced, MAY_CONTAIN_TIN)
    texts += survey.texts(announced, "strlen(text) >= 9")
    place = survey.columns.places.get(TIME[survey.columns.source.kind])
    if place is not None and survey.times.unread_count:
        is_time = f"{survey.times.stamp(survey.times.clean('text'))} is not null"
        times = f"(select c{place} as text from staged)"
        query = f"select distinct {place}, text from {times} where not ({is_time}) and {MAY_CONTAIN_TIN}"
        texts += survey.database.execute(query).fetchall()
    return list(dict.fromkeys(texts))


def redact_nine_digits(record: str) -> tuple[str, int]:
    """Redacts an unsplit record of a file with a column of TINs: any nine digits in it may be a TIN."""
    changed, number = redact(record)
    cued = NINE_DIGITS.sub(lambda match: redact(CUE + match[0])[0].removeprefix(CUE), changed)
    return cued, number + cued.count(REPLACED) - changed.count(REPLACED)


def count_tins(database: duckdb.DuckDBPyConnection, place: int) -> int:
    """The number of SSNs and ITINs in the records of a column."""
    table, text = ("malformed", "record") if place == MALFORMED else ("staged", f"c{place}")
    join = f"join redactions on redactions.place = {place} and redactions.text = {table}.{text}"
    return count_of(database, f"select sum(redactions.number) from {table} {join}")


def redacted_fields(table: str, names: list[str], redacted: set[int]) -> str:
    """SQL for the records of `staged`, or some of them, with the texts that `redactions` replaces."""
    fields, joins = ["fields.row_no"], []
    for place, name in enumerate(names):
        field = f"fields.{name}"
        if place in redacted:
            own = f"r{place}"
            joins.append(f"left join redactions as {own} on {own}.place = {place} and {own}.text = {field}")
            field = f"coalesce({own}.redacted, {field}) as {name}"
        fields.append(field)
    return f"select {', '.join(fields)} from {table} as fields {' '.join(joins)}"


def redacted_name(path: Path) -> tuple[str, int]:
    """The name of a file without TINs, and how many it had. The whole name may be a number."""
    name, count = redact(f'"{path.name}"')
    return name[1:-1], count


def redacted_path(path: Path) -> str:
    """The path of a file as a message may show it."""
    return redact(str(path.with_name(redacted_name(path)[0])))[0]
