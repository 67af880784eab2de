"""Records of purged returns leave a staged file before anything of it is written; they are counted and kept nowhere."""

import duckdb
import polars as pl

from etl.mapping import Steps
from etl.purged import Purged
from etl.records import create_table

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
