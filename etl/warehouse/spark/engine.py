"""The engine for a cluster: the parts go in once, clustered by return; each model's own text runs; DuckDB serves.

Every table about returns lies in the same buckets, by a hash of firm and return, so after the first shuffle a
window, a group or a join about returns moves no row, and a firm with half of all returns spreads like any
other. There is no folder for each firm: a firm's name is data, and data never become a path.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from etl.common.duck import OFFLINE, literal
from etl.common.paths import QUERIES, DataDir
from etl.common.terminal import step
from etl.config.settings import read_settings
from etl.sql.catalog import Catalog, read_catalog
from etl.sql.file import SqlFile
from etl.store.parts import parts
from etl.warehouse.models import Engine, columns_of, create_model
from etl.warehouse.spark.error import told
from etl.warehouse.spark.session import opened
from etl.warehouse.spark.wishes import Wishes, read_wishes

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
CLUSTERED = ("firm_id", "return_id")
# Some hundred megabytes of whole records in memory: a task that fits a small executor and is worth its start.
BUCKET_EVENTS = 500_000
TYPES = {
    "VARCHAR": "string",
    "TIMESTAMP": "timestamp_ntz",
    "DATE": "date",
    "INTEGER": "int",
    "BIGINT": "bigint",
    "BOOLEAN": "boolean",
}


def on_spark(data: DataDir, queries: Path = QUERIES) -> Engine:
    """The engine over the parts of one data directory. Its Parquet lies in the build's own folder and goes with it."""

    def engine(database: duckdb.DuckDBPyConnection, files: list[SqlFile], folder: Path) -> Iterator[SqlFile]:
        wishes = read_wishes(read_settings(data.settings), data)
        catalog = read_catalog(queries)
        types = table_types(catalog, queries)
        with opened(wishes, folder) as session:
            buckets = prepare(session, database, data, wishes, catalog, queries, folder)
            for file in files:
                if file.is_view:
                    create_model(database, file, file.text)
                    yield file
                    continue
                with step(f"Computing {file.full_name} on Spark"), told(file.label):
                    session.sql(statement(file, wishes.seen(table_folder(folder, file)), buckets))
                create_model(database, file, served(file, types[file.full_name], folder))
                yield file

    return engine


def table_folder(folder: Path, file: SqlFile) -> Path:
    """Where the Parquet of a table lies."""
    return folder / "spark" / file.schema / file.name


def prepare(
    session: "SparkSession",
    database: duckdb.DuckDBPyConnection,
    data: DataDir,
    wishes: Wishes,
    catalog: Catalog,
    queries: Path,
    folder: Path,
) -> int:
    """Gives Spark its words and the tables that models read. Returns the number of buckets."""
    for schema in ("raw", "ref", "model", "mart"):
        session.sql(f"create schema {schema}")
    for word in words((queries / "functions" / "spark.sql").read_text(encoding="utf-8")):
        session.sql(word)
    loaded = {name: [part for part in parts(data) if part.kind == name] for name in ("events", "returns")}
    events = sum(part.ledger["kept_count"] for part in loaded["events"])
    buckets = max(session.sparkContext.defaultParallelism, -(-events // BUCKET_EVENTS))
    session.conf.set("spark.sql.shuffle.partitions", str(buckets))
    for file in catalog.of("raw", "ref"):
        with step(f"Giving {file.full_name} to Spark"), told(file.label):
            target = table_folder(folder, file)
            if file.schema == "raw" and file.name in loaded:
                paths = [wishes.seen(part.data) for part in loaded[file.name]]
                cluster(session, file, record_types(database, file), paths, wishes.seen(target), buckets)
            else:
                hand_over(database, file, target)
                session.sql(
                    f"create table {file.full_name} using parquet location {literal(wishes.seen(target))}"
                )
    return buckets


def words(text: str) -> list[str]:
    """The statements of a file of functions, each ended by a semicolon at the end of a line."""
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return [one.strip() for one in re.split(r";$", code, flags=re.MULTILINE) if one.strip()]


def record_types(database: duckdb.DuckDBPyConnection, file: SqlFile) -> str:
    """The columns of a contract as Spark declares them; what an older part lacks is null."""
    return ", ".join(f"{name} {TYPES[kind]}" for name, kind in columns_of(database, file.full_name).items())


def cluster(
    session: "SparkSession", file: SqlFile, types: str, paths: list[str], target: str, buckets: int
) -> None:
    """All records of a kind as one table, clustered by return: the one time that whole records travel."""
    if not paths:
        session.sql(f"create table {file.full_name} ({types}) using parquet location {literal(target)}")
        return
    records = session.read.schema(types).parquet(*paths).repartition(buckets, *CLUSTERED)
    writer = records.write.bucketBy(buckets, *CLUSTERED).sortBy(*CLUSTERED)
    writer.saveAsTable(file.full_name, format="parquet", path=target)


def hand_over(database: duckdb.DuckDBPyConnection, file: SqlFile, target: Path) -> None:
    """A small table that the build has made already, as one file of Parquet."""
    target.mkdir(parents=True, mode=0o700)
    database.execute(f"copy {file.full_name} to {literal(target / 'rows.parquet')} (format parquet)")


def statement(file: SqlFile, location: str, buckets: int) -> str:
    """A file's own text as a table of Parquet. It begins on the first line, so that lines in errors are the file's."""
    names = {column.name for column in file.columns}
    clustering = ""
    if names.issuperset(CLUSTERED):
        order = ", ".join(file.key or CLUSTERED)
        clustering = f" clustered by ({', '.join(CLUSTERED)}) sorted by ({order}) into {buckets} buckets"
    return (
        f"create table {file.full_name} using parquet{clustering} location {literal(location)} as {file.text}"
    )


def table_types(catalog: Catalog, queries: Path) -> dict[str, dict[str, str]]:
    """The columns of each table with the types that DuckDB gives them, learned from an empty build in memory."""
    with duckdb.connect(config=OFFLINE) as empty:
        for schema in ("raw", "ref", "model", "mart"):
            empty.execute(f"create schema {schema}")
        empty.execute((queries / "functions" / "duckdb.sql").read_text(encoding="utf-8"))
        for file in catalog.of("raw", "ref"):
            empty.execute(file.text)
        for file in catalog.of("model", "mart"):
            create_model(empty, file, file.text)
        return {file.full_name: columns_of(empty, file.full_name) for file in catalog.of("model", "mart")}


def served(file: SqlFile, types: dict[str, str], folder: Path) -> str:
    """The query that reads a table which Spark wrote, so that it cannot be told from one that DuckDB made.

    Spark writes no file for a table in buckets that has no row.
    """
    written = table_folder(folder, file)
    if not any(written.glob("*.parquet")):
        return f"select {', '.join(f'cast(null as {kind}) as {name}' for name, kind in types.items())} where false"
    columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in types.items())
    return f"select {columns} from read_parquet({literal(written / '*.parquet')})"
