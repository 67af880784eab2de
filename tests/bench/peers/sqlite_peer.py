"""The two answers as users of SQLite make them: rows from Python's csv reader, an index, SQL."""

import csv
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tests.bench.peers.sql import BOUNCES, FUNNEL, codes_as_values, funnel_rows
from tests.bench.peers.words import COLUMNS, Funnel, Weeks


def read(files: list[Path], folder: Path) -> sqlite3.Connection:
    """The exports as one table of a database file; times as ISO texts, which sort as they should."""
    database = sqlite3.connect(folder / "peer.sqlite")
    database.executescript(
        "pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -500000;"
    )
    database.execute("create table log (return_id, return_type, tab, label, status, event_at, actor, email)")
    marks = ", ".join("?" * len(COLUMNS))
    for file in files:
        database.executemany(f"insert into log values ({marks})", records(file))
    database.commit()
    return database


def records(file: Path) -> Iterator[list[str]]:
    """The records of an export, their times rewritten."""
    with open(file, encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        headings = next(rows)
        places = [headings.index(name) for name in COLUMNS]
        time_at = COLUMNS.index("Date/Time")
        for row in rows:
            picked = [row[place] for place in places]
            picked[time_at] = as_iso(picked[time_at])
            yield picked


def as_iso(text: str) -> str:
    """03/04/2026 02:05:09 PM as 2026-03-04 14:05:09."""
    hour = int(text[11:13]) % 12 + (12 if text[20] == "P" else 0)
    return f"{text[6:10]}-{text[0:2]}-{text[3:5]} {hour:02d}{text[13:19]}"


def prepare(database: sqlite3.Connection) -> sqlite3.Connection:
    """Each event once, under its code, with an index that covers both answers."""
    database.executescript(f"""
        drop table if exists codes;
        drop table if exists events;
        create table codes (tab, words, status, code, primary key (tab, words, status)) without rowid;
        insert into codes values {codes_as_values()};
        create table events as
        with once as (select distinct * from log),
        spoken as (
            select *, replace(replace(label, char(160), ' '), char(8220), '"') || '"' as folded from once
        )
        select spoken.return_id, spoken.return_type, codes.code, spoken.event_at
        from spoken
        join codes
            on codes.tab = spoken.tab
            and codes.words = lower(trim(substr(spoken.folded, 1, instr(spoken.folded, '"') - 1)))
            and codes.status = spoken.status;
        create index covering on events (return_id, event_at, code, return_type);
        analyze;
    """)
    return database


def funnel(database: sqlite3.Connection) -> Funnel:
    return funnel_rows(database.execute(FUNNEL).fetchone())


def bounces(database: sqlite3.Connection) -> Weeks:
    week = "date(sent_at, '-6 days', 'weekday 1')"
    return database.execute(BOUNCES.format(week=week)).fetchall()
