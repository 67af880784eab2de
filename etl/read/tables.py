"""Refuses a file with several tables, each of another return, if no column says which return a record is of.

The id is then in the titles of the tables. With an id from the name of the file or from settings, the records
of all tables would be of one return.
"""

from duckdb import DuckDBPyConnection

from etl.common.duck import literal
from etl.common.problem import Problem
from etl.config.source import Source, columns_of
from etl.read.records import Records, Staged

TIMES = ("event_time", "exported_at")
ID = "[0-9]{3}"
# A day or a time alone in its row is no id.
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
TIME = f"(?i)[0-9][-/.][0-9]{{1,2}}[-/.][0-9]|[0-9]:[0-9]{{2}}|(?:{MONTHS})[a-z]* [0-9]"
SEVERAL = (
    "is the title of another table, and no column says which return a record is of. "
    "Put each return into a file or a sheet of its own, or add a column with its id."
)


def refuse_several_tables(database: DuckDBPyConnection | None, staged: Staged, source: Source) -> None:
    """Refuses staged records of several tables that only their titles tell apart."""
    own = columns_of(source, staged.headings)
    if not own or ("return_id" in own and "return_id" not in source.constants):
        return
    if database:
        row_no = title_row(database, own)
        if row_no is not None:
            raise Problem(f"record {row_no} {SEVERAL}")
    elif staged.records and may_have_titles(staged.records):
        raise Problem("it may have several tables, and is read with a database only.")


def title_row(database: DuckDBPyConnection, own: list[str | None]) -> int | None:
    """The first record that is a title: above headings that come again, or an id alone above records."""
    names = [f"c{place}" for place in range(len(own))]
    times = [name for name, column in zip(names, own, strict=True) if column in TIMES]
    filled = " + ".join(f"({name} is not null)::integer" for name in names)
    row_no: int | None
    [(row_no,)] = database.execute(f"""
        with read as (
            select
                row_no,
                concat_ws(' ', {", ".join(names)}) as text,
                {filled} as filled,
                filled > 1 and regexp_matches(concat_ws(' ', {", ".join(times) or "''"}), '[0-9]') as is_event
            from staged
            union all
            -- A title in a file of text may have no delimiters.
            select
                row_no,
                record,
                if(regexp_matches(record, '[,;|\t]'), 2, 1),
                regexp_matches(record, '[0-9]:[0-9]')
            from malformed where reason = 'wrong_field_count'
        )
        select min(row_no) from (
            select read.row_no from malformed
            asof join (from read where filled > 0) as read on malformed.row_no > read.row_no
            where reason = 'repeated_headings' and not is_event
            union all
            select row_no from read
            where
                filled = 1
                and regexp_matches(text, {literal(ID)})
                and not regexp_matches(text, {literal(TIME)})
                and row_no < (select max(row_no) from read where is_event)
        )
    """).fetchall()
    return row_no


def may_have_titles(records: Records) -> bool:
    has_lines = any(
        reason in ("repeated_headings", "wrong_field_count") for _, reason, _ in records.malformed
    )
    return has_lines or any(sum(map(bool, row)) < 2 for row in records.rows)
