"""Builds a new warehouse from the parts of the store, and publishes it if every check passes.

The same store gives the same build at any time; only `built_at` differs.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from etl.common.duck import OFFLINE, literal, problem_of, work_limits
from etl.common.files import remove_leftovers, work_folder
from etl.common.paths import QUERIES, DataDir
from etl.common.problem import Problem
from etl.common.system import make_private
from etl.common.terminal import step
from etl.config.settings import read_settings
from etl.sql.catalog import Catalog, read_catalog
from etl.warehouse.models import Engine, check_table, on_duckdb
from etl.warehouse.publish import create_reports, fill_catalog, replace_warehouse, write_comments
from etl.warehouse.raw import as_utc, fill_build, fill_counts, fill_raw
from etl.warehouse.reference import fill_reference

MEMORY_BYTES = 4_000_000_000


@dataclass(frozen=True)
class BuildResult:
    """A warehouse that was published, and what is in it."""

    file: Path
    as_of: datetime | None
    files: int
    refused: int
    events: int
    repeated: int
    later: int
    returns: int

    def __str__(self) -> str:
        if not self.files:
            empty = "an empty warehouse, because the store has no files yet. Load some and build again."
            return f"{self.file}: {empty}"
        moment = f"as of {self.as_of} UTC" if self.as_of else "without events"
        later = f", {self.later} later events left out" if self.later else ""
        content = f"{self.events} events of {self.returns} returns from {self.files} files"
        return f"{self.file}: {content}, {moment}{later}."


def build(
    data: DataDir, as_of: datetime | None = None, queries: Path = QUERIES, engine: Engine = on_duckdb
) -> BuildResult:
    """Builds and publishes the warehouse as of a time; a time without a zone is in the firm's zone.

    Raises a Problem and leaves the old warehouse untouched if anything is wrong.
    """
    old = "The old warehouse stays." if data.warehouse.exists() else "Nothing was built."
    try:
        settings = read_settings(data.settings)
        catalog = read_catalog(queries)
        if as_of is not None:
            as_of = as_utc(as_of if as_of.tzinfo else as_of.replace(tzinfo=ZoneInfo(settings.timezone)))
        remove_leftovers(data.root)
        with work_folder(data.root) as folder:
            new = folder / "warehouse.duckdb"
            with new_database(new, folder) as database:
                create_tables(database, data, catalog, queries)
                with step("Reading the store"):
                    fill_raw(database, data, catalog)
                fill_build(database, data, catalog, settings, as_of)
                with closing(engine(database, catalog.of("model", "mart"), folder)) as made:
                    for file in made:
                        check_table(database, file)
                fill_counts(database)
                with step("Checking the reports"), transaction(database):
                    longest = longest_return(database, catalog)
                    fill_catalog(database, catalog, create_reports(database, catalog, longest))
                    write_comments(database, catalog)
                for file in catalog.of("raw", "ref", "main"):
                    check_table(database, file)
                result = read_result(database, data, catalog)
            with step("Publishing"):
                replace_warehouse(new, data.warehouse)
            return result
    except Problem as problem:
        raise Problem(f"{problem} {old}") from problem
    except duckdb.Error as error:
        raise Problem(f"{problem_of(error, str(data.warehouse))} {old}") from error


@contextmanager
def new_database(file: Path, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Creates a database file that DuckDB 1.5 can read too, and writes it to the disk completely at the end.

    A killed build needs no recovery, so nothing is written twice: there is no write-ahead log, and a
    checkpoint does not merge the incomplete row groups that each file of the store leaves.
    """
    database = duckdb.connect(config=OFFLINE | work_limits(folder, MEMORY_BYTES) | {"max_vacuum_tasks": 0})
    try:
        options = "storage_version 'v1.5.0', recovery_mode 'no_wal_writes'"
        database.execute(f"attach {literal(file)} as warehouse ({options})")
        make_private(file)
        database.execute("use warehouse")
        database.execute("set timezone = 'UTC'")
        yield database
        database.execute("checkpoint warehouse")
        database.execute("use memory")
        database.execute("detach warehouse")
    finally:
        database.close()


def create_tables(
    database: duckdb.DuckDBPyConnection, data: DataDir, catalog: Catalog, queries: Path
) -> None:
    """Creates schemas, functions, the empty tables of `raw`, and the reference tables with their rows."""
    with transaction(database):
        for schema in ("raw", "ref", "model", "mart", "report"):
            database.execute(f"create schema {schema}")
        for file in catalog.of("raw", "ref", "main"):
            database.execute(file.text)
        for name in ("duckdb", "report"):
            database.execute((queries / "functions" / f"{name}.sql").read_text(encoding="utf-8"))
        fill_reference(database, data, catalog)


def longest_return(database: duckdb.DuckDBPyConnection, catalog: Catalog) -> str | None:
    if "mart.returns" not in catalog.files:
        return None
    longest = "select return_id from mart.returns order by event_count desc, firm_id, return_id limit 1"
    row = database.execute(longest).fetchone()
    return row[0] if row else None


@contextmanager
def transaction(database: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Runs many small statements as one transaction, which waits for the disk once."""
    database.execute("begin")
    yield
    database.execute("commit")


def read_result(database: duckdb.DuckDBPyConnection, data: DataDir, catalog: Catalog) -> BuildResult:
    has_returns = "mart.returns" in catalog.files
    counts = database.execute(f"""
        select
            (select as_of from raw.build),
            count(*) filter (where state = 'loaded'),
            count(*) filter (where state = 'refused'),
            cast(coalesce(sum(distinct_count), 0) as bigint),
            cast(coalesce(sum(repeated_count), 0) as bigint),
            cast(coalesce(sum(later_count), 0) as bigint),
            {"(select count(*) from mart.returns)" if has_returns else 0}
        from raw.files
    """).fetchall()[0]
    return BuildResult(data.warehouse, *counts)
