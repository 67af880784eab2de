"""The quarantined records of a file: which they are, why, and what is said of a file that has many."""

import calendar
import re
from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection

from etl.common.problem import Problem
from etl.common.terminal import printable
from etl.config.source import TIME, Limits
from etl.read.records import REASONS
from etl.store.columns import Columns
from etl.store.mapping import joined, member

WORD = re.compile(r"[^\W\d_]+")
TIME_WORDS = {
    word.casefold()
    for words in (calendar.month_name, calendar.month_abbr, calendar.day_name, calendar.day_abbr)
    for word in words
} | {"am", "pm", "a", "p", "m", "t", "z", "at", "utc", "gmt", "e"}
SHOWN_CHARACTERS = 40


@dataclass(frozen=True)
class Fault:
    """A reason why records of a file are quarantined: how many, and the number of the first."""

    reason: str
    count: int
    row_no: int

    @property
    def advice(self) -> str:
        return REASONS.get(self.reason, "").rstrip(".")


def quarantined_records(columns: Columns, mapped: str, has_unread: bool) -> str:
    """A query for the malformed records, and for those that were split and cannot be stored."""
    if not has_unread:
        return "from malformed"
    members = joined([member(heading, f"c{place}") for place, heading in enumerate(columns.headings)])
    return f"""
        select row_no, unread.reason, '{{' || coalesce({members}, '') || '}}' as record
        from staged
        join (select row_no, reason from {mapped} where reason is not null) as unread using (row_no)
        union all from malformed
    """


def commonest_faults(database: DuckDBPyConnection, quarantined: str) -> dict[int, Fault]:
    """The commonest reason of each file, by its number, from a query with file_no, row_no and reason."""
    rows = database.execute(f"""
        select file_no, reason, count(*) as number, min(row_no)
        from ({quarantined})
        group by file_no, reason
        qualify row_number() over (partition by file_no order by number desc, reason) = 1
    """).fetchall()
    return {file_no: Fault(*fault) for file_no, *fault in rows}


def refuse_unread(
    database: DuckDBPyConnection, columns: Columns, counts: dict[str, Any], fault: Fault
) -> None:
    """Refuses a file of which no record could be read (purged ones could)."""
    if counts["kept_count"] or counts["purged_count"] or columns.source.is_beside:
        return
    example = f"record {fault.row_no}"
    if fault.reason in ("unreadable_time", "unknown_zone", "no_time_of_day"):
        query = f"select {columns.text(TIME[columns.source.kind])} from staged where row_no = {fault.row_no}"
        [(time,)] = database.execute(query).fetchall()
        # A text without a digit is no time; it may be a name from another column.
        if any(character.isdecimal() for character in time or ""):
            shown = WORD.sub(known_word, time)
            shown = f"{shown[:SHOWN_CHARACTERS]}..." if len(shown) > SHOWN_CHARACTERS else shown
            example += f', with the time "{printable(shown)}"'
    records = f"{fault.count} of {counts['record_count']} records"
    raise Problem(
        f"no record could be read. {records} are {fault.reason}: {fault.advice}. The first is {example}. "
        "Nothing was loaded from it."
    )


def known_word(match: re.Match[str]) -> str:
    """A word of a time as a message may show it: any other may be a name from another column."""
    return match[0] if match[0].casefold() in TIME_WORDS else "..."


def warning(limits: Limits, kept: int, quarantined: int, fault: Fault | None) -> str | None:
    """What is said of a file with more quarantined records than the settings allow."""
    if fault is None or quarantined * 100 <= limits.quarantined_percent * (kept + quarantined):
        return None
    commonest = f"The commonest reason is {fault.reason} ({fault.count}, the first is record {fault.row_no})"
    limit = f"more than {limits.quarantined_percent}% are quarantined (quarantined_percent under [limits])"
    return f"{limit}. {commonest}: {fault.advice}"
