"""The texts of a staged file: each is collected once, and SSNs and ITINs leave it before anything is written.

A name, an office or a label is in thousands of records; an event's id or an address is rarely in two. So
costly tests run on few texts. A cheap test in SQL finds those with a number, and Python examines them.
"""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
from duckdb import DuckDBPyConnection

from etl.common.duck import count_of, create_table, literal
from etl.config.source import TIME, Source
from etl.read.announced import (
    FEWEST,
    MAY_BE_NINE,
    MAY_HAVE_KEYS,
    announces,
    announces_people,
    redact_announced,
    redact_ids,
    redact_keyed,
    redact_record,
)
from etl.read.ids import DAMAGED, out_of_formula_text, plain_id_text
from etl.read.shown_numbers import NOT_AS_SHOWN
from etl.read.tins import REPLACED, SUSPECT, id_hash, is_too_deep, redact, redact_name
from etl.store.columns import Columns
from etl.store.contents import SET, names_of
from etl.store.time_column import read_times

# Between the name of a file and the name of a member or a sheet in it.
PLACE = " › "
# Up to this number of records, collecting all texts costs less than counting the distinct texts first.
SAMPLE = 50_000
# The place, in collected_texts, of records that could not be split.
MALFORMED = -1
# A column is collected if each of its texts is in this many records of the sample.
REPEATS = 4
# The columns collected in one statement: more are faster for each, but planning time grows with their square.
COLUMNS_TOGETHER = 20
# Fewer bytes cannot contain nine digits.
MAY_CONTAIN_TIN = f"strlen(text) >= 9 and regexp_matches(text, {literal(f'{SUSPECT}|{MAY_HAVE_KEYS}')})"
MAY_BE_ID = f"regexp_matches(text, {literal(MAY_BE_NINE)})"
FEW_TEXTS = 500
# The most columns that people split a number over: area, group and serial.
MOST_PARTS = 3
# The ids that may be the number of a person.
IDS_OF_PEOPLE = ("return_id", "tax_return_id", "client_id")
# The ids, as a person reads them, of each hash that was made of them.
Originals = dict[str, set[str]]


def collect_texts(database: DuckDBPyConnection, columns: Columns) -> None:
    """Makes the view `texts(place, text)` of `staged` and `malformed`, in which most texts are collected.

    Of the times, only those that cannot be read are texts.
    """
    time = columns.places.get(TIME[columns.source.kind])
    read_times(database, columns)
    collect_sets(database, columns)
    of_sets = set_places(columns)
    places = [place for place in range(len(columns.headings)) if place != time and place not in of_sets]
    counts = "".join(f", approx_count_distinct(c{place})" for place in places)
    query = f"select count(*){counts} from (from staged limit {SAMPLE})"
    [(records, *distinct)] = database.execute(query).fetchall()
    most = records // REPEATS if records == SAMPLE else records
    collected = [place for place, count in zip(places, distinct, strict=True) if count <= most]
    tables = dict.fromkeys(of_sets, "set_texts") | dict.fromkeys(collected, "staged")
    queries = [f"select distinct {MALFORMED}, record from malformed"]
    queries += [
        f"select distinct {place}, c{place} from {table} where c{place} is not null"
        for place, table in tables.items()
    ]
    if time is not None:
        queries.append(f"select {time}, unread from times_found where unread is not null")
    database.execute("create temp table collected_texts (place integer, text varchar)")
    database.execute("create or replace temp table redacted_rows (row_no bigint, number integer)")
    for start in range(0, len(queries), COLUMNS_TOGETHER):
        together = " union all ".join(queries[start : start + COLUMNS_TOGETHER])
        database.execute(f"insert into collected_texts {together}")
    others = [f"union all select {place}, c{place} from staged" for place in places if place not in collected]
    database.execute(f"create temp view texts as from collected_texts {' '.join(others)}")


def set_places(columns: Columns) -> list[int]:
    """The places of the ids and attributes of a return, which most of its records have in common."""
    return [columns.places[name] for name in names_of(SET) if name in columns.places]


def collect_sets(database: DuckDBPyConnection, columns: Columns) -> None:
    """Makes `set_texts` of `staged`: the texts of ids and attributes that occur together, each set once."""
    names = ", ".join(f"c{place}" for place in set_places(columns)) or "null as no_text"
    database.execute(f"create or replace temp table set_texts as select distinct {names} from staged")


def select_texts(database: DuckDBPyConnection, listed: str, places: Iterable[int], test: str) -> list[Any]:
    """Place or text, each once, of the texts of some columns that pass a test (SQL about `text`)."""
    is_wanted = f"list_contains({sorted(places)}::integer[], place)"
    return database.execute(f"select distinct {listed} from texts where {is_wanted} and {test}").fetchall()


def redact_file(
    database: DuckDBPyConnection, columns: Columns, key: Callable[[], bytes]
) -> tuple[int, Originals]:
    """Replaces the TINs in `staged`, `malformed` and `texts`; returns how many there were.

    The table `redacted_rows` has their number in each text with any, and 0 for a text that is encoded too
    often. An id with a TIN becomes a hash under the key, which is requested only then. The originals of these
    hashes are returned too, because a return may have been purged under them.
    """
    announced = announced_places(columns)
    parts = parts_of_numbers(database, announced)
    ids = id_places(columns)
    with_ids = set() if columns.source.nine_digit_ids else {MALFORMED, *ids, *rests(columns)} - announced
    others = {MALFORMED, *range(len(columns.headings))} - announced
    # DuckDB compiles the pattern for each statement, which takes longer than to examine a few texts.
    suspects = select_texts(database, "place, text", others, f"strlen(text) >= 9 limit {FEW_TEXTS + 1}")
    if len(suspects) > FEW_TEXTS:
        suspects = select_texts(database, "place, text", others, MAY_CONTAIN_TIN)
        suspects += select_texts(database, "place, text", with_ids, MAY_BE_ID)
    if announced:
        suspects += select_texts(database, "place, text", {MALFORMED, *announced}, "text <> ''")
    rows = []
    originals: Originals = {}
    for place, text in dict.fromkeys(suspects):
        if place in announced:
            changed, number = redact_announced(text, fewest=1 if place in parts else FEWEST)
        else:
            # The quotes of the formula that protects an id say nothing about its number.
            own = out_of_formula_text(text) if place in ids else text
            changed, number = (redact_ids if place in with_ids else redact_keyed)(own)
        if place == MALFORMED and announced:
            changed, more = redact_record(changed)
            number += more
        if number and is_too_deep(text):
            rows.append((place, text, REPLACED, 0))
        elif number and place in ids:
            rows.append((place, text, hashed := id_without_tin(text, key), number))
            own = plain_id_text(text)
            originals.setdefault(hashed, set()).update((own, own.zfill(9) if own.isdecimal() else own))
        elif number:
            rows.append((place, text, changed, number))
    if not rows:
        return 0, originals
    schema = {"place": pl.Int32, "text": pl.String, "redacted": pl.String, "number": pl.Int32}
    create_table(database, "redactions", rows, schema)
    places = {row[0] for row in rows}
    for place in places:
        table, own = ("malformed", "record") if place == MALFORMED else ("staged", f"c{place}")
        join = f"{table} join redactions on place = {place} and text = {own}"
        database.execute(f"insert into redacted_rows select row_no, number from {join}")
    replace_texts(database, places - {MALFORMED})
    if not places.isdisjoint(set_places(columns)):
        collect_sets(database, columns)
    return count_of(database, "select coalesce(sum(number), 0) from redacted_rows"), originals


def rests(columns: Columns) -> set[int]:
    """The places of what is not read of web hooks, with any ids."""
    headings = columns.headings if columns.source.kind == "webhook" else []
    return {place for place, heading in enumerate(headings) if heading.startswith("rest")}


def id_places(columns: Columns) -> set[int]:
    return {columns.places[name] for name in IDS_OF_PEOPLE if name in columns.places}


def announced_places(columns: Columns) -> set[int]:
    """The places of the columns whose heading says that their numbers are of taxpayers.

    Ids under a heading such as Tax Number are as under any other.
    """
    ids = id_places(columns)
    return {
        place
        for place, heading in enumerate(columns.headings)
        if announces(heading) and (place not in ids or announces_people(heading))
    }


def parts_of_numbers(database: DuckDBPyConnection, announced: set[int]) -> set[int]:
    """The places of such columns side by side with nine digits together in a record, as 123, 45 and 6789."""
    parts = set[int]()
    for start, size in product(announced, range(2, MOST_PARTS + 1)):
        places = set(range(start, start + size))
        if places <= announced:
            are_short = " and ".join(f"regexp_full_match(trim(c{place}), '[0-9]{{1,6}}')" for place in places)
            together = " || ".join(f"trim(c{place})" for place in places)
            query = f"from staged where {are_short} and strlen({together}) = 9 limit 1"
            parts |= places if database.execute(query).fetchall() else set()
    return parts


def id_without_tin(text: str, key: Callable[[], bytes]) -> str:
    """The hash of an id with a TIN; a damaged one, which may be that of several returns, stays damaged."""
    own = plain_id_text(text)
    if re.fullmatch(DAMAGED, own):
        return REPLACED + NOT_AS_SHOWN
    # A spreadsheet takes the zeros off.
    return id_hash(own.zfill(9) if own.isdecimal() else own, key())


def replace_texts(database: DuckDBPyConnection, places: set[int]) -> None:
    """Puts the texts of `redactions` in place of those with TINs; `staged` becomes a view of itself."""
    database.execute(f"""
        update malformed set record = redacted from redactions where place = {MALFORMED} and text = record;
        update collected_texts set text = redacted from redactions
        where redactions.place = collected_texts.place and redactions.text = collected_texts.text
    """)
    if places:
        replaced = ", ".join(f"coalesce(r{place}.redacted, c{place}) as c{place}" for place in places)
        joins = " ".join(
            f"left join redactions as r{place} on r{place}.place = {place} and r{place}.text = c{place}"
            for place in places
        )
        database.execute(f"""
            alter view staged rename to unredacted;
            create view staged as select own.* replace ({replaced}) from unredacted as own {joins}
        """)


def redacted_name(path: Path) -> tuple[str, int]:
    """The name of a file without TINs, and how many it had."""
    return redact_name(os.fsencode(path.name).decode(errors="replace"))


def redacted_path(path: Path) -> str:
    """The path of a file as a message may show it."""
    return redact_name(os.fsencode(path).decode(errors="replace"))[0]


def redact_of(source: Source | None) -> Callable[[str], tuple[str, int]]:
    """What takes TINs out of the names of its files, in which nine digits may be the firm's own ids."""
    if source and source.nine_digit_ids and not source.names.columns.isdisjoint(IDS_OF_PEOPLE):
        return redact
    return redact_name


def content_name(file: Path, place: Sequence[str], source: Source | None = None) -> tuple[str, int]:
    """The name of a content, such as `Lee.xlsx › Client Tracking`, without TINs, and how many it had."""
    names = [os.fsencode(file.name).decode(errors="replace"), *place]
    redacted = list(map(redact_of(source), names))
    return PLACE.join(name for name, _ in redacted), sum(count for _, count in redacted)


def content_path(file: Path, place: Sequence[str], source: Source | None = None) -> str:
    """The path of a content as a message may show it."""
    names = [os.fsencode(file).decode(errors="replace"), *place]
    return PLACE.join(name for name, _ in map(redact_of(source), names))
