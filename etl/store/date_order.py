"""Refuses a file with dates in another order of day and month than is read: 3/4/2026 is a date in both."""

import re

from duckdb import DuckDBPyConnection

from etl.common.problem import Problem
from etl.config.source import TIME
from etl.store.columns import Columns
from etl.store.times import parse_day

# The order of month and day in a format, and these two in a date.
ORDER = re.compile(r"%([md])([/.-])%[md]\2%[yY]")
MONTH, LATE_DAY = "(?:0?[1-9]|1[0-2])", r"(?:1[3-9]|2\d|3[01])"


def refuse_other_order(database: DuckDBPyConnection, columns: Columns) -> None:
    """Raises a Problem if a time or a due date is not read because it is in the other order than is read.

    Then the others of its column may be read wrongly. What is not read is in `times_found` and `set_texts`.
    A log keeps its events, and `doubt_of_due_dates` says that none of its due dates is read.
    """
    unread = "select unread as text from times_found where unread is not null"
    refuse_unread_order(database, columns, columns.text(TIME[columns.source.kind]), unread)
    if columns.source.kind != "events" and (doubt := doubt_of_due_dates(database, columns)):
        raise doubt


def doubt_of_due_dates(database: DuckDBPyConnection, columns: Columns) -> Problem | None:
    """Why the due dates of a file cannot be read: some are in the other order than is read."""
    if "due_date" not in columns.places:
        return None
    day = columns.text("due_date")
    is_unread = f"{parse_day(f'trim({day})', columns.source.formats)} is null"
    unread = f"select {day} as text from set_texts where {day} is not null and {is_unread}"
    try:
        refuse_unread_order(database, columns, day, unread)
    except Problem as problem:
        return problem
    return None


def refuse_unread_order(database: DuckDBPyConnection, columns: Columns, text: str, unread: str) -> None:
    """Raises a Problem if a text that is unread is a date in another order than others of its column."""
    matches = filter(None, map(ORDER.match, columns.source.formats))
    orders = dict.fromkeys(one.groups() for one in matches)
    for first, mark in orders:
        own, other = ("month", "day") if first == "m" else ("day", "month")
        late = (LATE_DAY, MONTH) if own == "month" else (MONTH, LATE_DAY)
        is_other = f"regexp_matches(text, '^ *{late[0]}[{mark}]{late[1]}[{mark}]\\d')"
        is_date = f"regexp_matches(text, '^ *\\d{{1,2}}[{mark}]\\d{{1,2}}[{mark}]\\d')"
        # The records are read only if there is one.
        if not database.execute(f"from ({unread}) where {is_other} limit 1").fetchall():
            continue
        examples = database.execute(f"""
            select min(row_no), min_by(regexp_extract(text, '[\\d{mark}]+'), row_no), text in ({unread})
            from (select row_no, {text} as text from staged)
            where case when text in ({unread}) then {is_other} else {is_date} end
            group by all order by 3
        """).fetchall()
        if len(examples) == 2:
            (read, date, _), (record, late_date, _) = examples
            raise Problem(
                f"record {record} has {late_date}, with the {other} first, and record {read} has {date}, "
                f'which "{columns.source.name}" reads with the {own} first. Write %{other[0]}{mark}%{own[0]} '
                f"for %{own[0]}{mark}%{other[0]} in its time_formats, or split a file with both orders."
            )
        # What is not read may be of a purged return, and no longer staged.
        if len({first for first, _ in orders}) == 2 or not (examples and examples[0][2]):
            continue
        # A spreadsheet makes 4 March of 03/04/2026, the third of April, and leaves 15/04/2026 as text.
        [(record, late_date, _)] = examples
        # Small files, of which one may have no late day, are loaded alone then.
        are_early = "true" if columns.format_no else "bool_and(substr(trim(text), 9, 2) <= '12')"
        swapped = database.execute(f"""
            select min(row_no), min_by(left(trim(text), 10), row_no)
            from (select row_no, {text} as text from staged)
            where regexp_matches(text, '^ *\\d{{4}}-[01]\\d-[0-3]\\d') having count(*) > 0 and {are_early}
        """).fetchall()
        for read, date in swapped:
            raise Problem(
                f"record {record} has {late_date}, with the {other} first, and record {read} has {date}: it "
                f"looks as if a spreadsheet has read dates with the {other} first as dates with the {own} "
                "first. Load the export as it came, and not as the spreadsheet saved it."
            )
