"""Writes the files of a part: the stored and the quarantined records. Their counts must add up.

Records of purged returns leave a staged file before anything of it is written; only their number is stored.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
from duckdb import DuckDBPyConnection

from etl.common.duck import count_of, create_table, literal, parquet
from etl.common.problem import Problem
from etl.config.source import Limits, file_columns
from etl.read.records import Staged
from etl.store.columns import Columns
from etl.store.contents import EVENT, RETURN_KEY, SET
from etl.store.date_order import refuse_other_order
from etl.store.mapping import map_staged, unread_attributes
from etl.store.parts import VERSION, WARNED
from etl.store.purged import HOOK, RETURN_PURGED, Purged
from etl.store.quarantine import Fault, commonest_faults, quarantined_records, refuse_unread, warning
from etl.store.texts import collect_texts, redact_file
from etl.store.time_column import time_zone, words_found

Key = Callable[[], bytes]
# Measured: version 2 and small dictionaries are fastest; zstd takes as long as snappy and half the space.
FORMAT = (
    "format parquet, parquet_version v2, dictionary_size_limit 1000, compression zstd, compression_level 1"
)


@contextmanager
def of_one_file(database: DuckDBPyConnection) -> Iterator[DuckDBPyConnection]:
    """A connection whose tables end with it. Opening a database for each file takes ten times as long."""
    database.execute("attach ':memory:' as one_file")
    try:
        with database.cursor() as cursor:
            cursor.execute("use one_file")
            cursor.execute("set timezone = 'UTC'")
            yield cursor
    finally:
        database.execute("detach one_file")


def write_part(
    database: DuckDBPyConnection,
    staged: Staged,
    columns: Columns,
    file_id: str,
    folder: Path,
    key: Key,
    purged: Purged,
    limits: Limits,
) -> tuple[Path, dict[str, Any]]:
    """Writes <kind>.parquet and quarantine.parquet into a new folder; returns it with its counts.

    Raises a Problem unless they add up to the number of records that the reader counted, and if no record
    could be read.
    """
    redacted_count, purged_count = map_records(database, columns, key, purged)
    refuse_other_order(database, columns)
    staged = replace(staged, remarks=[*staged.remarks, unread_attributes(database, columns)])
    made = folder / "part"
    made.mkdir()
    kept = write_records(database, columns.source.kind, file_id, made)
    split_count = staged.record_count - count_of(database, "select count(*) from malformed")
    # Only if a record was split and not stored, all are mapped again, to find it and its reason.
    unread = quarantined_records(columns, "mapped('staged')", kept + purged_count < split_count)
    query = f"select {literal(file_id)} as file_id, row_no, reason, record from ({unread}) order by row_no"
    quarantined = copy_to_parquet(database, query, made / "quarantine.parquet")
    fault = None
    if quarantined:
        query = f"select 0 as file_no, row_no, reason from {parquet(made / 'quarantine.parquet')}"
        fault = commonest_faults(database, query)[0]
    counts = counts_of(columns, staged, limits, fault, kept, quarantined, redacted_count, purged_count)
    counts["time_zone"] = time_zone(columns, (word for word, _ in words_found(database)))
    if fault:
        refuse_unread(database, columns, counts, fault)
    return made, counts


def map_records(database: DuckDBPyConnection, columns: Columns, key: Key, purged: Purged) -> tuple[int, int]:
    """Makes the macro `mapped` of what is staged, without TINs and without purged returns; counts both."""
    collect_texts(database, columns)
    # Before the ids of purged returns are redacted in them.
    malformed = malformed_of(database, purged)
    redacted_count, originals = redact_file(database, columns, key)
    map_staged(database, columns)
    return redacted_count, remove_purged(database, columns, replace(purged, originals=originals), malformed)


def counts_of(
    columns: Columns,
    staged: Staged,
    limits: Limits,
    fault: Fault | None,
    kept: int,
    quarantined: int,
    redacted: int,
    purged: int = 0,
) -> dict[str, Any]:
    """The counts of a part for its ledger, and its remarks. Raises a Problem if they do not add up.

    `fault` is the commonest reason why its records are quarantined.
    """
    records = staged.record_count
    if kept + quarantined + purged != records:
        purged_too = f" and {purged} purged" if purged else ""
        counts = f"{records} records were counted, but {kept} stored, {quarantined} quarantined"
        raise Problem(f"{counts}{purged_too}. Nothing was loaded from it.")
    too_many = warning(limits, kept, quarantined, fault)
    own: dict[str, Any] = {WARNED: True} if too_many else {}
    own |= {"repeats": "copies"} if columns.source.repeats == "copies" else {}
    return {
        VERSION: 2,
        "reason": ", ".join(filter(None, [staged.remark, too_many])) or None,
        "record_count": records,
        "kept_count": kept,
        "quarantined_count": quarantined,
        "purged_count": purged,
        "redacted_count": redacted + sum(count for _, count in columns.redacted),
        "unmapped_columns": [columns.redacted[place][0] for place in columns.unmapped],
    } | own


def malformed_of(database: DuckDBPyConnection, purged: Purged) -> list[tuple[int]]:
    """The numbers of the malformed records that name a purged return."""
    if not purged.hashes:
        return []
    malformed = database.execute("select row_no, record from malformed").fetchall()
    return [(row_no,) for row_no, record in malformed if purged.is_named_in(record)]


def remove_purged(
    database: DuckDBPyConnection, columns: Columns, purged: Purged, malformed: list[tuple[int]]
) -> int:
    """Removes the records of purged returns from `staged` and `malformed`; returns how many there were."""
    if not purged.hashes:
        return 0
    if columns.source.kind == "webhook":
        rows = database.execute(f"select row_no, {HOOK} from mapped('staged')").fetchall()
        malformed = malformed + [(row_no,) for row_no, *hook in rows if purged.has_hook(tuple(hook))]
    returns = database.execute("select distinct firm_id, return_id from sets").fetchall()
    own = [row for row in returns if purged.has(*row)]
    if own and own == returns:
        if "return_id" in columns.source.given | columns.source.constants.keys():
            raise Problem(RETURN_PURGED)
        # What could not be split has no other return that it may be of.
        malformed = database.execute("select row_no from malformed").fetchall()
    create_table(database, "purged_returns", own, {"firm_id": pl.String, "return_id": pl.String})
    create_table(database, "purged_rows", malformed, {"row_no": pl.Int64})
    database.execute("delete from malformed where row_no in (from purged_rows)")
    if own:
        database.execute("""
            insert into purged_rows
            select mapped.row_no
            from mapped('staged') as mapped
            semi join purged_returns as purged
                on purged.firm_id is not distinct from mapped.firm_id
                and purged.return_id = mapped.return_id
        """)
    if own or columns.source.kind == "webhook":
        database.execute("alter view staged rename to all_staged")
        database.execute("create view staged as from all_staged anti join purged_rows using (row_no)")
    return count_of(database, "select count(*) from purged_rows")


def write_records(database: DuckDBPyConnection, kind: str, file_id: str, folder: Path) -> int:
    """Writes the records to store, and the sets that events name; returns the number of records."""
    file = folder / f"{kind}.parquet"
    kept = copy_to_parquet(database, records_to_store(kind, "mapped('staged')", literal(file_id)), file)
    if kind == "events":
        named = f"(from sets semi join {parquet(file)} using (set_no))"
        sets = f"select distinct set_no, {RETURN_KEY} as return_key, {SET} from {named} order by set_no"
        copy_to_parquet(database, sets, folder / "attributes.parquet")
    return kept


def records_to_store(kind: str, mapped: str, file_id: str, also: str = "") -> str:
    """A query for the records of <kind>.parquet, and for more columns of `mapped` (`also`)."""
    if kind != "events":
        names = (f"{file_id} as {name}" if name == "file_id" else name for name in file_columns(kind))
        return f"select {also}{', '.join(names)} from {mapped} where reason is null"
    # Texts are stored only where others do not give them back.
    return f"""
        select {also}set_no, {EVENT}, content_hash
        from (
            select * replace (
                nullif(label, tidy) as label,
                case when format_no is null then event_time end as event_time,
                case when format_no is not null then utc_minutes end as utc_minutes
            )
            from {mapped}
            where reason is null
        )
    """


def copy_to_parquet(database: DuckDBPyConnection, query: str, file: Path) -> int:
    """Writes the rows of a query as Parquet; returns how many there are."""
    return count_of(database, f"copy ({query}) to {literal(file)} ({FORMAT})")
