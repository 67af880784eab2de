"""What is new on a list, what is still on it and what is no longer on it, by the report's key.

The earlier list is in the changes file of the run before. Both are files on the disk, and DuckDB compares
them with little memory; what it spills is in the run's own folder and is removed with it.
"""

import csv
import gzip
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from etl.common.duck import OFFLINE, literal
from etl.warehouse.ask import Report, in_batches

CHANGE, FIRST_SEEN, ON_LIST = ADDED = ("change", "first_seen_on", "on_list_days")
ADDED_TYPES = {CHANGE: "VARCHAR", FIRST_SEEN: "DATE", ON_LIST: "BIGINT"}
ADDED_MEANINGS = {
    CHANGE: "new, still or cleared, against the list of the run before.",
    FIRST_SEEN: "The firm's date of the first run in a row that had it on the list.",
    ON_LIST: "Days from that date to the date of this run.",
}
# Enough for the keys of a long list; DuckDB writes the rest to the run's folder.
MEMORY = "256MB"
LONGEST_LINE = 4_000_000
BUFFER = 2 * LONGEST_LINE


def changes(
    report: Report, current: Path, before: Path | None, today: date, folder: Path, rows: int
) -> Iterator[pl.DataFrame]:
    """The rows of a changes file in batches of `rows`: the new, then the still listed, then the cleared.

    `current` is the list as a compressed CSV file, `before` the changes file of the run before, if any.
    """
    # Numbers, dates and booleans are read as such, everything else as text.
    as_text = ("VARCHAR", "TIME", "INTERVAL")
    types = {name: "varchar" if kind.startswith(as_text) else kind for name, kind in report.columns.items()}
    all_types = ADDED_TYPES | types
    earlier = {name: all_types.get(name, "varchar") for name in read_header(before)} if before else {}
    limits: dict[str, Any] = {"memory_limit": MEMORY, "threads": 1, "temp_directory": str(folder / "spill")}
    with duckdb.connect(config=OFFLINE | limits) as database:
        database.execute(f"create view current as from {read_csv(current, types)}")
        if before and set(report.key) <= earlier.keys():
            listed = f"from {read_csv(before, earlier)} where {CHANGE} <> 'cleared'"
        else:
            earlier = all_types
            nothing = ", ".join(f"null::{kind} as {name}" for name, kind in ADDED_TYPES.items())
            listed = f"select {nothing}, * from current where false"
        database.execute(f"create view before as {listed}")
        yield from in_batches(database.sql(comparison(report, today, set(earlier))), rows)


def read_header(file: Path) -> list[str]:
    with gzip.open(file, "rt", encoding="utf-8-sig", newline="") as lines:
        return next(csv.reader(lines))


def read_csv(file: Path, types: dict[str, str]) -> str:
    """The call that reads such a file in DuckDB: it guesses nothing, and an empty text is not null."""
    columns = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in types.items())
    return (
        f"read_csv({literal(file)}, columns = {{{columns}}}, header = true, auto_detect = false, "
        "compression = 'gzip', delim = ',', quote = '\"', escape = '\"', new_line = '\\n', parallel = false, "
        f"allow_quoted_nulls = false, max_line_size = {LONGEST_LINE}, buffer_size = {BUFFER})"
    )


def comparison(report: Report, today: date, known: set[str]) -> str:
    """The SQL that joins both lists by the key, which is never null, and keeps their order."""
    same = " and ".join(f'listed."{name}" = earlier."{name}"' for name in report.key)
    now = ", ".join(f'listed."{name}"' for name in report.columns)
    then = ", ".join(f'earlier."{name}"' if name in known else f'null as "{name}"' for name in report.columns)
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
