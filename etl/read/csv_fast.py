"""CSV by DuckDB, on all cores, believed only if every byte of the file is accounted for.

DuckDB's reader is told the dialect and stops at the first fault; what it read must then have as many records as the
file has lines, and its texts, delimiters, quotes and line ends must add up to the size of the file.
"""

from dataclasses import dataclass

import duckdb

from etl.common.duck import literal
from etl.config.source import Limits
from etl.read.csv_dialect import Header
from etl.read.encoding import Text
from etl.read.records import create_malformed


def stage_fast(database: duckdb.DuckDBPyConnection, text: Text, header: Header, limits: Limits) -> int | None:
    """Makes `staged` and counts its records; null where the file needs the exact reader.

    The records go into a table in the order of the file, so a row's id is its number, for nothing and in parallel;
    reading the file through a numbered view would bind the scan to one core each time.
    """
    line_end = 2 if text.returns else 1
    is_plain = text.returns in (0, text.lines) and header.lines == 1 and not text.has_long_line
    if not is_plain or text.has_backslash and may_escape(text):
        return None
    records = text.lines - 1 if text.is_ended else text.lines
    ends = text.lines - 1
    names = [f"c{place}" for place in range(header.width)]
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
    quotes = text.quotes - header_quotes(text, header)
    held = held_by(database, names, has_quotes=quotes > 0, has_single=text.has_single_quote)
    fields = text.size - header.size - line_end * ends - (header.width - 1) * held.records
    if held.records != records or fields != held.size + quotes - held.quotes or held.is_single_quoted:
        database.execute("drop table staged_text")
        return None
    listed = ", ".join(names)
    database.execute(
        f"create or replace view staged as select rowid + 1 as row_no, {listed} from staged_text"
    )
    create_malformed(database)
    return records


@dataclass(frozen=True)
class Held:
    """What DuckDB holds of a file."""

    records: int
    size: int
    quotes: int
    is_single_quoted: bool


def held_by(
    database: duckdb.DuckDBPyConnection, names: list[str], has_quotes: bool, has_single: bool
) -> Held:
    """How much text there is, how many quotes are part of it, and whether any text stands in single quotes.

    Quotes that the file has nowhere are not looked for in every text.
    """
    size = " + ".join(f"coalesce(strlen({name}), 0)" for name in names)
    quotes = " + ".join(
        f"""case when contains({name}, '"') then strlen({name}) - strlen(replace({name}, '"', '')) else 0 end"""
        for name in names
    )
    single = " or ".join(
        f"(starts_with({name}, '''') and ends_with({name}, '''') and {name} <> '''')" for name in names
    )
    row = database.execute(f"""
        select
            count(*),
            coalesce(sum({size}), 0),
            {f"coalesce(sum({quotes}), 0)" if has_quotes else "0"},
            {f"coalesce(bool_or({single}), false)" if has_single else "false"}
        from staged_text
    """).fetchone()
    assert row is not None
    return Held(records=row[0], size=int(row[1]), quotes=int(row[2]), is_single_quoted=row[3])


def header_quotes(text: Text, header: Header) -> int:
    with open(text.path, "rb") as file:
        return file.read(header.size).count(b'"')


def may_escape(text: Text) -> bool:
    """A backslash stands before a quote, which may be how the file escapes it."""
    last = b""
    with open(text.path, "rb") as file:
        while piece := file.read(1 << 18):
            if b'\\"' in last + piece:
                return True
            last = piece[-1:]
    return False
