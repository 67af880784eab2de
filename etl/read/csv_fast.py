"""Reads CSV with DuckDB, on all cores; the result is used only if every byte of the file is accounted for.

DuckDB's reader gets the dialect and stops at the first fault. What it read must then have as many records as
the file has lines, and its texts, delimiters, quotes and line ends must add up to the size of the file.
"""

import duckdb

from etl.common.duck import literal
from etl.config.source import Limits
from etl.read.csv_dialect import Header
from etl.read.encoding import Text, chunks


def stage_fast(database: duckdb.DuckDBPyConnection, text: Text, header: Header, limits: Limits) -> int | None:
    """Creates `staged` and counts its records; None if the file needs the exact reader.

    The records go into a table in the order of the file, so the id of a row is its number, in parallel and at
    no cost; a numbered view of the file would limit each scan to one core.
    """
    is_plain = text.returns in (0, text.lines) and header.lines == 1 and not text.has_long_line
    if not is_plain or (text.has_backslash and may_escape(text)):
        return None
    line_end = 2 if text.returns else 1
    ends = text.lines - 1
    records = ends if text.is_ended else text.lines
    names = [f"c{place}" for place in range(len(header.headings))]
    columns = ", ".join(f"'{name}': 'varchar'" for name in names)
    try:
        database.execute(f"""
            create or replace table staged_text as
            from read_csv(
                {literal(text.path)}, columns = {{{columns}}}, auto_detect = false, header = false, skip = 1,
                delim = {literal(header.delimiter)}, quote = '"', escape = '"', strict_mode = true,
                null_padding = false, ignore_errors = false, max_line_size = {limits.line_bytes + 2}
            )
        """)
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        return None
    with open(text.path, "rb") as file:
        quotes = text.quotes - file.read(header.size).count(b'"')
    read_records, read_size, read_quotes, is_single_quoted = measured(
        database, names, has_quotes=quotes > 0, has_single_quotes=text.has_single_quote
    )
    fields = text.size - header.size - line_end * ends - (len(names) - 1) * read_records
    if read_records != records or fields != read_size + quotes - read_quotes or is_single_quoted:
        database.execute("drop table staged_text")
        return None
    database.execute(
        f"create or replace view staged as select rowid + 1 as row_no, {', '.join(names)} from staged_text"
    )
    return records


def measured(
    database: duckdb.DuckDBPyConnection, names: list[str], has_quotes: bool, has_single_quotes: bool
) -> tuple[int, int, int, bool]:
    """What DuckDB has read: records, bytes and quotes in their texts, and whether a text is in single quotes.

    Quotes that do not occur in the file are not searched for.
    """
    size = " + ".join(f"coalesce(strlen({name}), 0)" for name in names)
    quote = """if(contains({0}, '"'), strlen({0}) - strlen(replace({0}, '"', '')), 0)"""
    quotes = " + ".join(map(quote.format, names)) if has_quotes else "0"
    single_quoted = "(starts_with({0}, '''') and ends_with({0}, '''') and {0} <> '''')"
    single = " or ".join(map(single_quoted.format, names)) if has_single_quotes else "false"
    row: tuple[int, int, int, bool] = database.execute(f"""
        select
            count(*),
            coalesce(sum({size}), 0)::bigint,
            coalesce(sum({quotes}), 0)::bigint,
            coalesce(bool_or({single}), false)
        from staged_text
    """).fetchall()[0]
    return row


def may_escape(text: Text) -> bool:
    """Whether the file has a backslash before a quote, which may be an escape."""
    last = b""
    for chunk in chunks(text.path):
        if b'\\"' in last + chunk:
            return True
        last = chunk[-1:]
    return False
