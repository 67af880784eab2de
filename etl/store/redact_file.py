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


def redact_file(survey: Survey, key: Callable[[], bytes]) -> int:
    """Replaces the TINs in `staged`, `malformed` and `collected_texts`; returns how many there were.

    An id with a TIN becomes a hash under the key, which is requested only then.
    """
    database, columns = survey.database, survey.columns
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
    schema = {"place": pl.Int32, "text": pl.String, "redacted": pl.String, "number": pl.Int32}
    create_table(database, "redactions", rows, schema)
    places = {row[0] for row in rows}
    count = 0
    for place in places:
        table, own = ("malformed", "record") if place == MALFORMED else ("staged", f"c{place}")
        join = f"{table} join redactions on place = {place} and text = {own}"
        count += count_of(database, f"select sum(number) from {join}")
    replace_texts(database, places - {MALFORMED})
    return count


def replace_texts(database: duckdb.DuckDBPyConnection, places: set[int]) -> None:
    """Puts the texts of `redactions` in place of those with TINs; `staged` becomes a view of itself."""
    database.execute(f"""
        update malformed set record = redacted from redactions
        where place = {MALFORMED} and text = record
    """)
    database.execute("""
        update collected_texts set text = redacted from redactions
        where redactions.place = collected_texts.place and redactions.text = collected_texts.text
    """)
    if places:
        replaced = ", ".join(f"coalesce(r{place}.redacted, c{place}) as c{place}" for place in places)
        joins = " ".join(
            f"left join redactions as r{place} on r{place}.place = {place} and r{place}.text = c{place}"
            for place in places
        )
        database.execute("alter view staged rename to unredacted")
        database.execute(
            f"create view staged as select own.* replace ({replaced}) from unredacted as own {joins}"
        )


def suspects(survey: Survey, announced: set[int]) -> list[tuple[int, str]]:
    """The texts that may contain a TIN, each once; of the times only those that cannot be read."""
    announced = announced | {MALFORMED} if announced else announced
    texts = survey.select("place, text", (survey.collected | survey.other) - announced, MAY_CONTAIN_TIN)
    texts += survey.select("place, text", announced, "strlen(text) >= 9")
    place = survey.columns.places.get(TIME[survey.columns.source.kind])
    if place is not None and count_of(survey.database, "select count(*) from stamps where stamp is null"):
        times = f"select stamp, c{place} as text from staged join stamps using (row_no) where stamp is null"
        query = f"select distinct {place}, text from ({times}) where {MAY_CONTAIN_TIN}"
        texts += survey.database.execute(query).fetchall()
    return list(dict.fromkeys(texts))


def redact_nine_digits(record: str) -> tuple[str, int]:
    """Redacts an unsplit record of a file with a column of TINs: any nine digits in it may be a TIN."""
    changed, number = redact(record)
    cued = NINE_DIGITS.sub(lambda match: redact(CUE + match[0])[0].removeprefix(CUE), changed)
    return cued, number + cued.count(REPLACED) - changed.count(REPLACED)


def redacted_name(path: Path) -> tuple[str, int]:
    """The name of a file without TINs, and how many it had. The whole name may be a number."""
    name, count = redact(f'"{path.name}"')
    return name[1:-1], count


def redacted_path(path: Path) -> str:
    """The path of a file as a message may show it."""
    return redact(str(path.with_name(redacted_name(path)[0])))[0]
