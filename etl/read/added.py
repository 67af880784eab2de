"""Adds columns to what is staged: values inside of JSON texts, joined texts, and values from elsewhere.

Their headings are those of the settings, or our own names, and they are columns like all others, so that
later steps treat them alike.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

import polars as pl
from duckdb import DuckDBPyConnection

from etl.common.duck import count_of, create_table, literal
from etl.common.problem import Problem
from etl.config.source import Limits, Source, columns_of, heading_key, joined_places
from etl.read.csv_dialect import checked_headings
from etl.read.json_documents import Keys
from etl.read.json_places import leaves
from etl.read.json_records import as_text, value_of
from etl.read.records import Staged

# The place of a JSON text in a record, and the keys to a value in it.
Cell = tuple[int, Keys]
# The records whose texts are in memory at once.
ROWS = 50_000
# How many records of a column, and how many headings inside of it, a check looks at.
SHOWN = 50


def add_columns(
    database: DuckDBPyConnection | None, staged: Staged, source: Source, values: Mapping[str, str]
) -> Staged:
    """Adds the columns whose headings are joined, and the `values` of columns that the file does not have."""
    joined = joined_places(source, staged.headings)
    own = columns_of(source, staged.headings)
    given = {column: value for column, value in values.items() if column not in own}
    if staged.records and (joined or given):
        staged.records.widen(
            lambda row: [
                *(" ".join(filter(None, (row[place] for place in places))) for places in joined.values()),
                *given.values(),
            ]
        )
    elif database and (joined or given):
        joins = [
            f"nullif(concat_ws(' ', {', '.join(f'c{place}' for place in places)}), '')"
            for places in joined.values()
        ]
        texts = enumerate([*joins, *map(literal, given.values())], len(staged.headings))
        listed = "".join(f", {text} as c{place}" for place, text in texts)
        database.execute(f"""
            alter view staged rename to staged_as_read;
            create view staged as select *{listed} from staged_as_read
        """)
    return replace(staged, headings=[*staged.headings, *joined, *given], added=given)


def refuse_given(staged: Staged, given: Mapping[str, str]) -> None:
    """Refuses what a person gave for a column that the file has: it would be lost."""
    for column in given:
        if column not in staged.added:
            raise Problem(f"the file has a column for {column}; leave --set {column} out.")


def add_cells(database: DuckDBPyConnection | None, staged: Staged, source: Source, limits: Limits) -> Staged:
    """Adds the columns that are inside of JSON texts, by headings such as AuditData.ObjectId."""
    found = cell_headings(source, staged.headings)
    if not found:
        return staged
    headings = checked_headings([*staged.headings, *found], source, limits)
    if staged.records:
        staged.records.widen(lambda row: [text_at(keys, row[place]) for place, keys in found.values()])
    elif database:
        stage_cells(database, len(staged.headings), list(found.values()))
    return replace(staged, headings=headings)


def cell_headings(source: Source, headings: list[str]) -> dict[str, Cell]:
    """The dotted headings of the settings that begin with a heading of the file.

    What the file has a column for is not looked for inside of others.
    """
    places = {heading_key(heading): place for place, heading in enumerate(headings)}
    has = set(columns_of(source, headings))
    found: dict[str, Cell] = {}
    for column, named in source.columns.items():
        parts = [part for heading in named for part in ([heading] if isinstance(heading, str) else heading)]
        for heading in parts if column not in has else ():
            words = heading.split(".")
            for size in range(len(words) - 1, 0, -1):
                place = places.get(heading_key(".".join(words[:size])))
                if place is not None and heading_key(heading) not in places:
                    found[heading] = (place, tuple(words[size:]))
                    break
    return found


def text_at(keys: Keys, text: str | None) -> str | None:
    """The value at these keys in a JSON text, as a JSON file with it would have it; None if there is none.

    DuckDB's own functions take 1.10 for 1.1, the first of two equal keys, and NaN; so the parser of JSON
    files reads these too.
    """
    value = value_of(text) if text else None
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    own = as_text(value)
    # A zero byte or half of a character is in no text.
    return None if own is None or re.search("[\0\ud800-\udfff]", own) else own


def stage_cells(database: DuckDBPyConnection, width: int, cells: list[Cell]) -> None:
    """Adds the values as columns to `staged`, which is read and written once for all of them."""
    names = [f"c{width + number}" for number in range(len(cells))]
    schema = {"row_no": pl.Int64} | dict.fromkeys(names, pl.String)
    create_table(database, "json_cells", [], schema)
    texts = ", ".join(f"c{place}" for place, _ in cells)
    last = count_of(database, "select coalesce(max(row_no), 0) from staged")
    for start in range(0, last, ROWS):
        read = f"select row_no, {texts} from staged where row_no > {start} and row_no <= {start + ROWS}"
        rows = [
            (row_no, *(text_at(keys, text) or None for (_, keys), text in zip(cells, row, strict=True)))
            for row_no, *row in database.execute(read).fetchall()
        ]
        create_table(database, "json_cells", rows, schema, append=True)
    database.execute("""
        create or replace table staged_cells as from staged join json_cells using (row_no) order by row_no;
        drop view staged;
        create view staged as from staged_cells
    """)


def show_cells(database: DuckDBPyConnection, staged: Staged) -> Staged:
    """Adds what is inside of JSON texts under all dotted headings, which a source may name: for a check."""
    found: dict[str, Cell] = {}
    for place, heading in enumerate(staged.headings):
        read = f"select c{place} from staged where c{place} is not null limit {SHOWN}"
        values = [value_of(text) for (text,) in database.execute(read).fetchall()]
        if all(isinstance(value, dict) for value in values):
            inner = dict.fromkeys(leaf for value in values for leaf in leaves(value))
            found |= {f"{heading}.{leaf}": (place, tuple(leaf.split("."))) for leaf in list(inner)[:SHOWN]}
    found = {heading: cell for heading, cell in found.items() if heading not in staged.headings}
    if found:
        stage_cells(database, len(staged.headings), list(found.values()))
    return replace(staged, headings=[*staged.headings, *found])
