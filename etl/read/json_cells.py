"""Reads values inside of JSON texts in the cells of any table, by headings such as AuditData.ObjectId.

DuckDB's own functions take 1.10 for 1.1, the first of two equal keys, and NaN; so the parser of JSON files
reads these too.
"""

import re
from dataclasses import replace
from typing import Any

import polars as pl
from duckdb import DuckDBPyConnection

from etl.common.duck import count_of, create_table
from etl.config.source import Limits, Source, columns_of, heading_key
from etl.read.csv_dialect import checked_headings
from etl.read.json_documents import Keys, leaves
from etl.read.json_records import DECODER, as_json
from etl.read.records import Staged

# The records whose texts are in memory at once.
ROWS = 50_000
# How many records of a column, and how many headings inside of it, a check looks at.
SHOWN = 50


def cell_headings(source: Source, headings: list[str]) -> dict[str, tuple[int, Keys]]:
    """The dotted headings of the settings that begin with a heading of the file: its place, and the keys.

    What the file has a column for is not looked for inside of others.
    """
    places = {heading_key(heading): place for place, heading in enumerate(headings)}
    has = set(columns_of(source, headings))
    found: dict[str, tuple[int, Keys]] = {}
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


def decoded(text: str) -> dict[str, Any] | None:
    """The object of a JSON text; None if it is no object, or not valid."""
    try:
        value = DECODER.decode(text) if text.lstrip().startswith("{") else None
        return value if isinstance(value, dict) else None
    except (ValueError, RecursionError):
        return None


def text_at(keys: Keys, text: str | None) -> str | None:
    """The value at these keys in a JSON text, as a JSON file with it would have it; None if there is none."""
    value: Any = decoded(text) if text else None
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if value is None:
        return None
    own = value if type(value) is str else as_json(value)
    # A zero byte or half of a character is in no text.
    return None if "\0" in own or re.search("[\ud800-\udfff]", own) else own


def add_cells(database: DuckDBPyConnection | None, staged: Staged, source: Source, limits: Limits) -> Staged:
    """Adds to what is staged the columns that are inside of JSON texts."""
    found, width = cell_headings(source, staged.headings), len(staged.headings)
    if not found:
        return staged
    cells = list(found.values())
    headings = checked_headings([*staged.headings, *found], source, limits)
    if staged.records:
        for number, row in enumerate(staged.records.rows):
            texts = [*row, *[None] * (width - len(row))]
            staged.records.rows[number] = [*texts, *(text_at(keys, texts[place]) for place, keys in cells)]
    elif database:
        stage_cells(database, width, cells)
    return replace(staged, headings=headings)


def stage_cells(database: DuckDBPyConnection, width: int, cells: list[tuple[int, Keys]]) -> None:
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
    found: dict[str, tuple[int, Keys]] = {}
    for place, heading in enumerate(staged.headings):
        read = f"select c{place} from staged where c{place} is not null limit {SHOWN}"
        values = [decoded(text) for (text,) in database.execute(read).fetchall()]
        objects = [value for value in values if value is not None]
        if len(objects) == len(values):
            inner = dict.fromkeys(leaf for value in objects for leaf in leaves(value))
            found |= {f"{heading}.{leaf}": (place, tuple(leaf.split("."))) for leaf in list(inner)[:SHOWN]}
    found = {heading: cell for heading, cell in found.items() if heading not in staged.headings}
    if found:
        stage_cells(database, len(staged.headings), list(found.values()))
    return replace(staged, headings=[*staged.headings, *found])
