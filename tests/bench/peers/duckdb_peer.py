"""The two answers from the raw log in DuckDB, without models: one typed table, then SQL."""

from pathlib import Path

import duckdb

from tests.bench.peers.sql import BOUNCES, FUNNEL, codes_as_values, funnel_rows
from tests.bench.peers.words import COLUMNS, TIME_FORMAT, Funnel, Weeks


def read(files: list[Path], folder: Path) -> duckdb.DuckDBPyConnection:
    """The exports as one typed table of a database file."""
    database = duckdb.connect(folder / "peer.duckdb", config={"memory_limit": "4GB"})
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    database.execute(f"""
        create table log as
        select {columns} from read_csv(
            {[str(file) for file in files]}, header = true, all_varchar = true, delim = ',', quote = '"',
            types = {{'Date/Time': 'timestamp'}}, timestampformat = '{TIME_FORMAT}'
        )
    """)
    return database


def prepare(database: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Each event once, under its code; only what the answers need."""
    database.execute(f"""
        create or replace table events as
        with once as (select distinct * from log),
        spoken as (
            select
                once.*,
                lower(trim(split_part(
                    replace(replace(Event, chr(160), ' '), chr(8220), '"'), '"', 1
                ))) as words
            from once
        )
        select "Return ID" as return_id, "Return Type" as return_type, code, "Date/Time" as event_at
        from spoken
        join (values {codes_as_values()}) as codes(tab, words, status, code)
            on codes.tab = spoken."Tab"
            and codes.words = spoken.words
            and codes.status = coalesce(spoken."Status", '')
    """)
    return database


def funnel(database: duckdb.DuckDBPyConnection) -> Funnel:
    return funnel_rows(database.execute(FUNNEL).fetchall()[0])


def bounces(database: duckdb.DuckDBPyConnection) -> Weeks:
    week = "strftime(date_trunc('week', sent_at), '%Y-%m-%d')"
    return [
        (monday, sent, int(back))
        for monday, sent, back in database.execute(BOUNCES.format(week=week)).fetchall()
    ]
