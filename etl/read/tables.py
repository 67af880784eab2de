"""Refuses a file with several tables, each of another return or tab, if no column says of which a record is.

That is then in the titles of the tables. With an id or a tab from the name of the file or from settings, the
records of all tables would be of one return or tab.
"""

import re

from duckdb import DuckDBPyConnection

from etl.common.problem import Problem
from etl.config.source import Source, columns_of
from etl.read.dialog_times import TIME, day_of, is_clock
from etl.read.records import Staged

TIMES = ("event_time", "exported_at")
CAPTION = re.compile(r"(?:client|internal|user)(?: tracking)?", re.IGNORECASE)
SEVERAL = (
    "is the title of another table, and no column says which {column} a record is of. "
    "Put each {column} into a file or a sheet of its own, or add a column with its {word}."
)


def refuse_several_tables(database: DuckDBPyConnection | None, staged: Staged, source: Source) -> None:
    """Refuses staged records of several tables that only their titles tell apart."""
    own = columns_of(source, staged.headings)
    columns = [name for name in ("return_id", "tab") if name in source.required]
    given: set[str] = {name for name in columns if own and (name not in own or name in source.constants)}
    if not given:
        return
    if database:
        refuse_titles(lone_texts(database, own), given)
    elif staged.records:
        reasons = {reason for _, reason, _ in staged.records.malformed}
        may_have_titles = not reasons.isdisjoint(("repeated_headings", "wrong_field_count"))
        if may_have_titles or any(sum(map(bool, row)) < 2 for row in staged.records.rows):
            raise Problem("it may have several tables, and is read with a database only.")


def refuse_titles(texts: list[tuple[int, str, bool]], given: set[str]) -> None:
    """Refuses texts that are alone between events: all but days and times, and the names of tabs."""
    for row_no, text, is_above_headings in texts:
        text = " ".join(text.split())
        is_caption = CAPTION.fullmatch(text)
        is_time = day_of(text) or is_clock(text) or TIME.fullmatch(text)
        if "tab" in given and is_caption:
            raise Problem(f"record {row_no} {SEVERAL.format(column='tab', word='name')}")
        if "return_id" in given and (is_above_headings or not (is_caption or is_time)):
            raise Problem(f"record {row_no} {SEVERAL.format(column='return', word='id')}")


def lone_texts(database: DuckDBPyConnection, own: list[str | None]) -> list[tuple[int, str, bool]]:
    """What may be titles: records above headings that come again, and texts alone between events."""
    names = [f"c{place}" for place in range(len(own))]
    times = [name for name, column in zip(names, own, strict=True) if column in TIMES]
    filled = " + ".join(f"({name} is not null)::integer" for name in names)
    timed = f"concat_ws(' ', {', '.join(['null', *times])})"
    return database.execute(f"""
        with read as (
            select
                row_no, concat_ws(' ', {", ".join(names)}) as text,
                {filled} as filled,
                filled > 1 and regexp_matches({timed}, '[0-9]') as is_event,
                regexp_full_match({timed}, '[0-9]{{5}}(\\.[0-9]+)?') as is_day_number
            from staged
            union all
            -- A title in a file of text may have no delimiters.
            select
                row_no, record,
                if(regexp_matches(record, '[;|\t]|,[^ ]'), 2, 1),
                regexp_matches(record, '[0-9]:[0-9]'),
                false
            from malformed where reason = 'wrong_field_count'
        )
        select read.row_no, text, true from malformed
        asof join (from read where filled > 0) as read on malformed.row_no > read.row_no
        where reason = 'repeated_headings' and not is_event
        union all
        select row_no, text, false from read
        join (select min(row_no) as first, max(row_no) as last from read where is_event)
            on row_no < last and (row_no > first or regexp_matches(text, '[0-9]{{3}}'))
        where filled = 1 and not is_day_number
        order by all
    """).fetchall()
