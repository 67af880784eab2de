"""One run of the models: the parts of the store become a new warehouse, which replaces the old one if every rule holds.

Given the same store a build is the same, whatever the clock of the machine says; only `built_at` differs.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from etl.common.duck import OFFLINE, literal, problem_of
from etl.common.files import make_private_folder
from etl.common.paths import QUERIES, DataDir
from etl.common.problem import Problem
from etl.common.terminal import step
from etl.config.settings import Settings, read_settings
from etl.sql.catalog import Catalog, read_catalog
from etl.warehouse.models import Engine, check_table, on_duckdb
from etl.warehouse.publish import create_reports, fill_catalog, replace_warehouse, write_comments
from etl.warehouse.raw import as_utc, fill_build, fill_counts, fill_raw
from etl.warehouse.reference import fill_reference

WORKSHOP = ".build-"
MEMORY_BYTES = 4_000_000_000


@dataclass(frozen=True)
class Built:
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
            return f"{self.file}: an empty warehouse, for the store holds no files yet. Load some and build again."
        moment = f"as of {self.as_of} UTC" if self.as_of else "without events"
        later = f", {self.later} later events left out" if self.later else ""
        return f"{self.file}: {self.events} events of {self.returns} returns from {self.files} files, {moment}{later}."


def build(
    data: DataDir, as_of: datetime | None = None, queries: Path = QUERIES, engine: Engine = on_duckdb
) -> Built:
    """Builds and publishes the warehouse as of a moment, one without a zone being of the firm's.

    Raises a Problem and leaves the old warehouse untouched if anything is wrong.
    """
    old = "The old warehouse stays." if data.warehouse.exists() else "Nothing was built."
    try:
        settings = read_settings(data.settings)
        catalog = read_catalog(queries)
        with workshop(data) as folder:
            new = folder / "warehouse.duckdb"
            moment = as_of and as_utc(
                as_of if as_of.tzinfo else as_of.replace(tzinfo=ZoneInfo(settings.timezone))
            )
            with new_database(new, folder) as database:
                make(database, data, catalog, settings, moment, queries, engine, folder)
                built = counted(database, data, catalog)
            with step("Publishing"):
                replace_warehouse(new, data.warehouse)
            return built
    except Problem as problem:
        raise Problem(f"{problem} {old}") from problem
    except duckdb.Error as error:
        raise Problem(f"{problem_of(error, str(data.warehouse))} {old}") from error


@contextmanager
def workshop(data: DataDir) -> Iterator[Path]:
    """A private folder beside the warehouse for the new file and what the engine spills; gone afterwards.

    What a killed build left there goes too: one writer at a time holds the lock of the data directory.
    """
    make_private_folder(data.root)
    for left in data.root.glob(f"{WORKSHOP}*"):
        shutil.rmtree(left)
    folder = Path(tempfile.mkdtemp(prefix=WORKSHOP, dir=data.root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def new_database(file: Path, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new database file that DuckDB 1.5 opens too, the default of the connection; written to the disk at the end.

    A build that is killed leaves nothing to recover, so nothing is written twice: there is no log ahead of the tables,
    and a checkpoint does not merge what the files of a store left between full blocks of rows.
    """
    memory = min(MEMORY_BYTES, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2)
    limits = {"memory_limit": f"{memory // 1_000_000}MB", "threads": os.cpu_count(), "max_vacuum_tasks": 0}
    database = duckdb.connect(config=OFFLINE | limits | {"temp_directory": str(folder / "spill")})
    try:
        once = "storage_version 'v1.5.0', recovery_mode 'no_wal_writes'"
        database.execute(f"attach {literal(file)} as warehouse ({once})")
        file.chmod(0o600)
        database.execute("use warehouse")
        database.execute("set timezone = 'UTC'")
        yield database
        database.execute("checkpoint warehouse")
        database.execute("use memory")
        database.execute("detach warehouse")
    finally:
        database.close()


def make(
    database: duckdb.DuckDBPyConnection,
    data: DataDir,
    catalog: Catalog,
    settings: Settings,
    as_of: datetime | None,
    queries: Path,
    engine: Engine,
    folder: Path,
) -> None:
    """Everything that the warehouse holds, each table held against its file as soon as it stands."""
    with at_once(database):
        for schema in ("raw", "ref", "model", "mart", "report"):
            database.execute(f"create schema {schema}")
        for file in catalog.of("raw", "ref", "main"):
            database.execute(file.text)
        for name in ("duckdb", "report"):
            database.execute((queries / "functions" / f"{name}.sql").read_text(encoding="utf-8"))
        fill_reference(database, data, catalog)
    with step("Reading the store"):
        fill_raw(database, data, catalog)
    fill_build(database, data, catalog, settings, as_of)
    with closing(engine(database, catalog.of("model", "mart"), folder)) as made:
        for file in made:
            check_table(database, file)
    fill_counts(database)
    with step("Checking the reports"), at_once(database):
        fill_catalog(database, catalog, create_reports(database, catalog, longest_return(database, catalog)))
        write_comments(database, catalog)
    for file in catalog.of("raw", "ref", "main"):
        check_table(database, file)


def longest_return(database: duckdb.DuckDBPyConnection, catalog: Catalog) -> str | None:
    """The return with the most events; null for none."""
    if "mart.returns" not in catalog.files:
        return None
    longest = "select return_id from mart.returns order by event_count desc, firm_id, return_id limit 1"
    return next((found for (found,) in database.execute(longest).fetchall()), None)


@contextmanager
def at_once(database: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Many small statements as one transaction: the disk is waited for once."""
    database.execute("begin")
    yield
    database.execute("commit")


def counted(database: duckdb.DuckDBPyConnection, data: DataDir, catalog: Catalog) -> Built:
    """What is in the new warehouse."""
    files, refused, events, repeated, later = database.execute("""
        select
            count(*) filter (where state = 'loaded'),
            count(*) filter (where state = 'refused'),
            cast(coalesce(sum(distinct_count), 0) as bigint),
            cast(coalesce(sum(repeated_count), 0) as bigint),
            cast(coalesce(sum(later_count), 0) as bigint)
        from raw.files
    """).fetchall()[0]
    as_of = database.execute("select as_of from raw.build").fetchall()[0][0]
    has_returns = "mart.returns" in catalog.files
    returns = database.execute("select count(*) from mart.returns").fetchall()[0][0] if has_returns else 0
    return Built(data.warehouse, as_of, files, refused, events, repeated, later, returns)
