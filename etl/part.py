"""The files of a part, written from a staged file: records, those set aside, and the counts that must add up."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb

from etl.columns import Columns
from etl.mapping import TIME, file_columns, map_staged, redacted_fields, member
from etl.problem import Problem
from etl.records import literal
from etl.redact import redact
from etl.redaction import MALFORMED, redact_staged
from etl.source import Source
from etl.staging import Staged
from etl.times import cleaned, stamp

PARQUET = "format parquet, compression zstd, compression_level 1"


def write_part(
    database: duckdb.DuckDBPyConnection,
    staged: Staged,
    columns: Columns,
    source: Source,
    file_id: str,
    folder: Path,
    key: Callable[[], bytes],
) -> tuple[Path, dict]:
    """Writes <kind>.parquet and quarantine.parquet into a new folder; its path, and the counts for the ledger.

    Raises a Problem unless the records counted apart from the reader are those kept and those set aside.
    """
    time = columns.text(TIME[source.kind])
    is_time = f"(({stamp(cleaned(time), source.time_formats)}) is not null)"
    redacted, redacted_count = redact_staged(database, columns, is_time, key)
    map_staged(database, columns, source, redacted)
    made = Path(tempfile.mkdtemp(prefix=".part-", dir=folder.parent))
    kept = write_records(database, source.kind, file_id, made / f"{source.kind}.parquet")
    aside = write_quarantine(database, columns, redacted, file_id, made / "quarantine.parquet")
    if kept + aside != staged.record_count:
        raise Problem(
            f"{staged.record_count} records were counted, and {kept} kept and {aside} set aside are not as many. "
            "Nothing was loaded from it."
        )
    headings = [redact(columns.headings[place])[0] for place in columns.unmapped]
    return made, {
        "record_count": staged.record_count,
        "kept_count": kept,
        "quarantined_count": aside,
        "redacted_count": redacted_count + sum(redact(heading)[1] for heading in columns.headings),
        "unmapped_columns": headings,
    }


def write_records(database: duckdb.DuckDBPyConnection, kind: str, file_id: str, file: Path) -> int:
    """Writes the kept records in the order of the contract; how many there are."""
    values = {name: f"mapped.{name}" for name in file_columns(kind)}
    values["file_id"] = f"{literal(file_id)}"
    joins = ""
    if kind == "events":
        number_repeats(database)
        values["occurrence_no"] = "coalesce(repeats.occurrence_no, 1)::integer"
        joins = "left join repeats on repeats.row_no = mapped.row_no"
    listed = ", ".join(f"{value} as {name}" for name, value in values.items())
    return copied(database, f"select {listed} from mapped {joins} where mapped.reason is null", file)


def number_repeats(database: duckdb.DuckDBPyConnection) -> None:
    """Makes `repeats(row_no, occurrence_no)` of records whose content stands in the file more than once.

    Repeated hashes are found first and only their records numbered; records with an id of the platform are
    numbered apart from those without, because for them the id tells copies from true repeats.
    """
    database.execute("""
        create or replace temp table repeats as
        with repeated as (
            select row_hash from mapped where reason is null group by row_hash having count(*) > 1
        )
        select
            mapped.row_no,
            row_number() over (
                partition by mapped.row_hash, mapped.source_event_id
                order by mapped.row_no nulls last
            ) as occurrence_no
        from mapped
        join repeated on repeated.row_hash = mapped.row_hash
        where mapped.reason is null
    """)


def write_quarantine(
    database: duckdb.DuckDBPyConnection, columns: Columns, redacted: set[int], file_id: str, file: Path
) -> int:
    """Writes the records that were set aside: as the line stands where it could not be split, else as JSON."""
    fields = [f"c{place}" for place in range(len(columns.headings))]
    members = ", ".join(member(heading, field) for heading, field in zip(columns.headings, fields, strict=True))
    record = f"'{{' || concat_ws(', ', {members}) || '}}'" if members else "'{}'"
    malformed = f"coalesce(redactions.redacted, malformed.record)"
    return copied(database, f"""
        select {literal(file_id)} as file_id, row_no, reason, record from (
            select mapped.row_no, mapped.reason, {record} as record
            from ({redacted_fields("staged", fields, redacted)}) as fields
            join mapped on mapped.row_no = fields.row_no
            where mapped.reason is not null
            union all
            select malformed.row_no, malformed.reason, {malformed}
            from malformed
            left join redactions on redactions.place = {MALFORMED} and redactions.text = malformed.record
        ) order by row_no
    """, file)


def copied(database: duckdb.DuckDBPyConnection, query: str, file: Path) -> int:
    """Writes the rows of a query as Parquet; how many there were."""
    return database.execute(f"copy ({query}) to {literal(file)} ({PARQUET})").fetchall()[0][0]
