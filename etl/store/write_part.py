"""The files of a part, written from a staged file: records, those set aside, and the counts that must add up.

Records of purged returns leave a staged file before anything of it is written; they are counted and kept nowhere.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl

from etl.common.duck import create_table, literal
from etl.common.problem import Problem
from etl.config.source import Source
from etl.read.stage import Staged
from etl.read.tins import redact
from etl.store.columns import Columns
from etl.store.mapping import Steps, file_columns, steps_of
from etl.store.purged import Purged
from etl.store.redact_file import redact_file, redacted_fields
from etl.store.survey import MALFORMED, survey
from etl.store.values import json_object, member

WHOLE = "staged_whole"


def leave_out(database: duckdb.DuckDBPyConnection, steps: Steps, purged: Purged) -> int:
    """Takes the records of purged returns out of `staged` and `malformed`; how many they were."""
    if not purged.hashes:
        return 0
    mapped = steps.mapped("staged")
    returns = database.execute(f"select distinct firm_id, return_id from ({mapped})").fetchall()
    gone = [one for one in returns if purged.has(*one)]
    split = leave_out_split(database, mapped, gone) if gone else 0
    unsplit = [
        (row_no,)
        for row_no, record in database.execute("select row_no, record from malformed").fetchall()
        if purged.is_named_in(record)
    ]
    if unsplit:
        create_table(database, "purged_malformed", unsplit, {"row_no": pl.Int64})
        database.execute("delete from malformed where row_no in (from purged_malformed)")
    return split + len(unsplit)


def leave_out_split(database: duckdb.DuckDBPyConnection, mapped: str, gone: list[tuple]) -> int:
    """Makes `staged` a view of itself without the records of these returns."""
    create_table(database, "purged_returns", gone, {"firm_id": pl.String, "return_id": pl.String})
    database.execute(f"""
        create or replace temp table purged_rows as
        select mapped.row_no
        from ({mapped}) as mapped
        semi join purged_returns as gone
            on gone.firm_id is not distinct from mapped.firm_id
            and gone.return_id = mapped.return_id
    """)
    database.execute(f"drop view if exists {WHOLE}")
    database.execute(f"alter view staged rename to {WHOLE}")
    database.execute(f"""
        create view staged as
        select whole.*
        from {WHOLE} as whole
        anti join purged_rows as gone on gone.row_no = whole.row_no
    """)
    return database.execute("select count(*) from purged_rows").fetchall()[0][0]


# Measured: version 2 and small dictionaries are written quickest; zstd takes as long as snappy and half the room.
PARQUET = (
    "format parquet, parquet_version v2, dictionary_size_limit 1000, compression zstd, compression_level 1"
)


def write_part(
    database: duckdb.DuckDBPyConnection,
    staged: Staged,
    columns: Columns,
    source: Source,
    file_id: str,
    folder: Path,
    key: Callable[[], bytes],
    purged: Purged = Purged(),
) -> tuple[Path, dict]:
    """Writes <kind>.parquet and quarantine.parquet into a new folder inside `folder`; its path, and the counts.

    Raises a Problem unless the records counted apart from the reader are those kept and those set aside.
    """
    seen = survey(database, columns, source)
    redacted, redacted_count = redact_file(database, columns, source, key, seen)
    steps = steps_of(database, columns, source, redacted, seen)
    purged_count = leave_out(database, steps, purged)
    mark(database, steps)
    made = Path(tempfile.mkdtemp(prefix="part-", dir=folder))
    kept = write_records(database, steps, file_id, made / f"{source.kind}.parquet")
    aside = write_quarantine(database, columns, redacted, file_id, made / "quarantine.parquet")
    if kept + aside + purged_count != staged.record_count:
        left_out = f" and {purged_count} purged" if purged_count else ""
        raise Problem(
            f"{staged.record_count} records were counted, and {kept} kept and {aside} set aside{left_out} are not as "
            "many. Nothing was loaded from it."
        )
    headings = [redact(columns.headings[place])[0] for place in columns.unmapped]
    return made, {
        "record_count": staged.record_count,
        "kept_count": kept,
        "quarantined_count": aside,
        "purged_count": purged_count,
        "redacted_count": redacted_count + sum(redact(heading)[1] for heading in columns.headings),
        "unmapped_columns": headings,
    }


def mark(database: duckdb.DuckDBPyConnection, steps: Steps) -> None:
    """Makes `marks(row_no, reason, content_hash)`, what must be known of all records before the first is written."""
    content = "content_hash" if steps.source.kind == "events" else "null::ubigint as content_hash"
    database.execute(
        f"create or replace temp table marks as select row_no, reason, {content} from ({steps.mapped('staged')})"
    )


def write_records(database: duckdb.DuckDBPyConnection, steps: Steps, file_id: str, file: Path) -> int:
    """Writes the kept records in the order of the contract; how many there are."""
    kind = steps.source.kind
    values = {name: f"mapped.{name}" for name in file_columns(kind)} | {"file_id": literal(file_id)}
    join = ""
    if kind == "events":
        has_repeats = number_repeats(database, steps)
        values["occurrence_no"] = (
            "coalesce(repeats.occurrence_no, 1)::integer" if has_repeats else "1::integer"
        )
        join = "left join repeats on repeats.row_no = mapped.row_no" if has_repeats else ""
    listed = ", ".join(f"{value} as {name}" for name, value in values.items())
    mapped = f"({steps.mapped('staged')}) as mapped"
    return copied(database, f"select {listed} from {mapped} {join} where mapped.reason is null", file)


def number_repeats(database: duckdb.DuckDBPyConnection, steps: Steps) -> bool:
    """Makes `repeats(row_no, occurrence_no)` of the records whose content stands in the file again; false for none.

    Only records with a repeated hash are numbered. Those with an id of the platform are numbered apart from those
    without, because there the id tells a copy from something that happened twice.
    """
    database.execute("""
        create or replace temp table again as
        select row_no
        from marks
        semi join (
            select content_hash from marks where reason is null group by content_hash having count(*) > 1
        ) as repeated on repeated.content_hash = marks.content_hash
        where reason is null
    """)
    if not database.execute("select count(*) from again").fetchall()[0][0]:
        return False
    part = "(select staged.* from staged semi join again on again.row_no = staged.row_no)"
    database.execute(f"""
        create or replace temp table repeats as
        select
            row_no,
            row_number() over (partition by row_hash, source_event_id order by row_no nulls last) as occurrence_no
        from ({steps.mapped(part)})
    """)
    return True


def write_quarantine(
    database: duckdb.DuckDBPyConnection, columns: Columns, redacted: set[int], file_id: str, file: Path
) -> int:
    """Writes the records that were set aside: as JSON, or as the line stands where it could not be split."""
    fields = [f"c{place}" for place in range(len(columns.headings))]
    part = "(select staged.* from staged semi join (from marks where reason is not null) as aside using (row_no))"
    record = json_object(
        [member(heading, field) for heading, field in zip(columns.headings, fields, strict=True)]
    )
    return copied(
        database,
        f"""
        select {literal(file_id)} as file_id, row_no, reason, record from (
            select marks.row_no, marks.reason, {record} as record
            from ({redacted_fields(part, fields, redacted)}) as split
            join marks on marks.row_no = split.row_no
            union all
            select malformed.row_no, malformed.reason, coalesce(redactions.redacted, malformed.record)
            from malformed
            left join redactions on redactions.place = {MALFORMED} and redactions.text = malformed.record
        ) order by row_no
    """,
        file,
    )


def copied(database: duckdb.DuckDBPyConnection, query: str, file: Path) -> int:
    """Writes the rows of a query as Parquet; how many there were."""
    return database.execute(f"copy ({query}) to {literal(file)} ({PARQUET})").fetchall()[0][0]
