"""What is new on a list, what is still on it and what is no longer on it, by the report's key.

The earlier list is in the changes file of the run before. Both are files on the disk, and DuckDB compares
them with little memory; what it spills is in the run's own folder and is removed with it.
"""

import csv
import gzip
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from etl.common.duck import OFFLINE, literal
from etl.warehouse.ask import Report, in_batches

ADDED_TYPES = {"change": "VARCHAR", "first_seen_on": "DATE", "on_list_days": "BIGINT"}
ADDED_MEANINGS = {
    "change": "new, still or cleared, against the list of the run before.",
    "first_seen_on": "The firm's date of the first run in a row that had it on the list.",
    "on_list_days": "Days from that date to the date of this run.",
}
# Enough for the keys of a long list; DuckDB writes the rest to the run's folder.
MEMORY = "256MB"
LONGEST_LINE = 4_000_000


def write_changes(
    report: Report, current: Path, before: Path | None, today: date, file: Path, encoding: str
) -> Counter[str]:
    """Writes the new rows of a list, then the still listed, then the cleared, and returns their numbers.

    `current` is the list as a CSV file, `before` the changes file of the run before, if any.
    """
    # Numbers, dates and booleans are read as such, everything else as text.
    as_text = ("VARCHAR", "TIME", "INTERVAL")
    types = {name: "varchar" if kind.startswith(as_text) else kind for name, kind in report.columns.items()}
    nothing = ", ".join(f"null::{kind} as {name}" for name, kind in ADDED_TYPES.items())
    earlier = f"select {nothing}, * from listed where false"
    if before and before.exists():
        with gzip.open(before, "rt", encoding="utf-8-sig", newline="") as lines:
            names = next(csv.reader(lines))
        if set(report.key) <= set(names):
            known = {name: (ADDED_TYPES | types).get(name, "varchar") for name in names}
            earlier = f"{numbered_rows(before, known)} where change <> 'cleared'"
    query = comparison(report, numbered_rows(current, types), earlier, today)
    limits: dict[str, Any] = {
        "memory_limit": MEMORY,
        "threads": 1,
        "temp_directory": str(file.with_name("spill")),
    }
    counts = Counter(new=0, still=0, cleared=0)
    with (
        duckdb.connect(config=OFFLINE | limits) as database,
        open(file, "w", encoding=encoding, newline="") as out,
    ):
        for number, frame in enumerate(in_batches(database.sql(query))):
            # Its texts are safe for spreadsheets already: they come from the CSV files of the lists.
            out.write(frame.write_csv(include_header=number == 0, quote_style="non_numeric"))
            counts.update(frame["change"])
    return counts


def numbered_rows(file: Path, types: dict[str, str]) -> str:
    """The rows of a CSV file with their places. DuckDB guesses nothing, and an empty text is not null."""
    columns = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in types.items())
    return f"""
        select *, row_number() over () as "place in list"
        from read_csv(
            {literal(file)}, columns = {{{columns}}}, header = true, auto_detect = false, delim = ',',
            quote = '"', escape = '"', new_line = '\\n', parallel = false, allow_quoted_nulls = false,
            hive_partitioning = false, max_line_size = {LONGEST_LINE}, buffer_size = {2 * LONGEST_LINE}
        )
    """


def comparison(report: Report, listed: str, earlier: str, today: date) -> str:
    """The SQL that joins both lists by the key, which is never null, and keeps their order."""
    key, shown = (", ".join(f'"{name}"' for name in names) for names in (report.key, report.columns))
    return f"""
        with listed as ({listed}),
        earlier as ({earlier}),
        both_lists as (
            select
                case when earlier.first_seen_on is null then 'new' else 'still' end as change,
                coalesce(earlier.first_seen_on, date '{today}') as first_seen_on,
                listed.*
            from listed
            left join earlier using ({key})
            union all by name
            select * replace ('cleared' as change)
            from earlier
            anti join listed using ({key})
        )
        select change, first_seen_on, date '{today}' - first_seen_on as on_list_days, {shown}
        from both_lists
        order by array_position(['new', 'still', 'cleared'], change), "place in list"
    """
