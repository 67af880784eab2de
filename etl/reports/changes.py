"""What is new on a list, what has gone from it and what is still there, by the report's own key.

The list before is that of the run before, as its changes file names it. Both are files on the disk, and DuckDB compares
them with little memory; what it spills lies in the run's own folder and goes with it.
"""

import csv
import gzip
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from etl.common.duck import OFFLINE, literal
from etl.warehouse.ask import Report

CHANGE, FIRST_SEEN, ON_LIST = ADDED = ("change", "first_seen_on", "on_list_days")
ADDED_TYPES = {CHANGE: "VARCHAR", FIRST_SEEN: "DATE", ON_LIST: "BIGINT"}
ADDED_MEANINGS = {
    CHANGE: "new, still or cleared, against the list of the run before.",
    FIRST_SEEN: "The firm's date of the first run in a row that had it on the list.",
    ON_LIST: "Days from that date to the date of this run.",
}
# Beside a long list, room for its keys; what passes it goes to the run's folder.
MEMORY = "256MB"
LONGEST_LINE = 4_000_000
BUFFER = 2 * LONGEST_LINE


def changes(
    report: Report, current: Path, before: Path | None, today: date, folder: Path, rows: int
) -> Iterator[pl.DataFrame]:
    """The rows of a changes file, at most so many at a time: new ones, then still ones, then cleared ones.

    `current` is the list as a CSV file of ours, `before` the changes file of the run before, if there was one.
    """
    limits = {"memory_limit": MEMORY, "threads": 1, "temp_directory": str(folder / "spill")}
    with duckdb.connect(config=OFFLINE | limits) as database:
        types = {name: read_as(kind) for name, kind in report.columns.items()}
        known = columns_in(before) if before else [*ADDED, *types]
        seen = {name: (ADDED_TYPES | types).get(name, "varchar") for name in known}
        database.execute(f"create view current as from {csv_file(current, types)}")
        database.execute(
            f"create view before as from {csv_file(before, seen)} where {CHANGE} <> 'cleared'"
            if before and set(report.key) <= set(seen)
            else f"create view before as {nothing(seen)}"
        )
        reader = database.sql(difference(report, today, set(seen))).to_arrow_reader(rows)
        empty = True
        for batch in reader:
            empty = False
            yield pl.DataFrame(pl.from_arrow(batch))
        if empty:
            yield pl.DataFrame(pl.from_arrow(reader.schema.empty_table()))


def read_as(kind: str) -> str:
    """The type in which a column is read back: numbers, dates and truth values as they are, all else as text."""
    is_text = kind.startswith(("VARCHAR", "TIME", "INTERVAL"))
    return "varchar" if is_text else kind


def columns_in(file: Path) -> list[str]:
    """The headings of a CSV file of ours."""
    with gzip.open(file, "rt", encoding="utf-8-sig", newline="") as lines:
        return next(csv.reader(lines))


def csv_file(file: Path, types: dict[str, str]) -> str:
    """A compressed CSV file of ours as DuckDB reads it: nothing guessed, an empty text apart from null."""
    columns = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in types.items())
    return (
        f"read_csv({literal(file)}, columns = {{{columns}}}, header = true, auto_detect = false, compression = 'gzip', "
        "delim = ',', quote = '\"', escape = '\"', new_line = '\\n', parallel = false, allow_quoted_nulls = false, "
        f"max_line_size = {LONGEST_LINE}, buffer_size = {BUFFER})"
    )


def nothing(types: dict[str, str]) -> str:
    """No rows of these columns."""
    columns = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in types.items())
    return f"select {columns} where false"


def difference(report: Report, today: date, seen: set[str]) -> str:
    """The query: both lists in their own order, matched by the key, which is never null."""
    same = " and ".join(f'listed."{name}" = earlier."{name}"' for name in report.key)
    now = ", ".join(f'listed."{name}"' for name in report.columns)
    then = ", ".join(f'earlier."{name}"' if name in seen else f'null as "{name}"' for name in report.columns)
    shown = ", ".join(f'"{name}"' for name in report.columns)
    day = f"date '{today}'"
    return f"""
        with listed as (select *, row_number() over () as "place in list" from current),
        earlier as (select *, row_number() over () as "place in list" from before),
        matched as (
            select
                case when earlier."place in list" is null then 'new' else 'still' end as {CHANGE},
                coalesce(earlier.{FIRST_SEEN}, {day}) as {FIRST_SEEN},
                {now},
                listed."place in list"
            from listed
            left join earlier on {same}
        ),
        gone as (
            select 'cleared' as {CHANGE}, earlier.{FIRST_SEEN}, {then}, earlier."place in list"
            from earlier
            anti join listed on {same}
        ),
        both_lists as (from matched union all from gone)
        select {CHANGE}, {FIRST_SEEN}, {day} - {FIRST_SEEN} as {ON_LIST}, {shown}
        from both_lists
        order by array_position(['new', 'still', 'cleared'], {CHANGE}), "place in list"
    """
