"""The engine for a cluster: Spark runs each model on the parts, and DuckDB reads what Spark wrote.

Every table about returns has the same buckets, by the number of the return. So after the first shuffle a
window, a group or a join about returns moves no row, even for a firm with half of all returns. Firms have no
folders of their own, because a name from the data never becomes a path.
"""

import re
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from etl.common.duck import literal, parquet
from etl.common.paths import QUERIES, DataDir
from etl.common.terminal import step
from etl.config.settings import read_settings
from etl.sql.catalog import read_catalog
from etl.sql.file import SqlFile
from etl.store.parts import parts
from etl.warehouse.models import Engine, columns_of, create_model, duckdb_errors
from etl.warehouse.raw import RECORDS, files_of_part, records_query
from etl.warehouse.spark.session import Cluster, open_session, read_cluster, spark_errors

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
CLUSTERED = "return_key"
# Some hundred megabytes of records in memory: a task that fits a small executor and is worth its start.
BUCKET_EVENTS = 500_000
# The id of a file in the path of its part, or of its copy.
FILE_ID = "([0-9a-f]{16})[^/]*/events[.]parquet$"


def on_spark(data: DataDir) -> Engine:
    """The engine for the parts of one data directory. It writes Parquet into the folder of the build."""

    def engine(
        database: duckdb.DuckDBPyConnection, files: list[SqlFile], folder: Path
    ) -> Generator[SqlFile, None, None]:
        cluster = read_cluster(read_settings(data.settings), data)
        with open_session(cluster, folder) as session:
            for function in statements((QUERIES / "functions" / "spark.sql").read_text(encoding="utf-8")):
                session.sql(function)
            buckets = give_tables(session, database, cluster, folder, data)
            for file in files:
                query = file.text
                # Views are for people: no table reads one.
                if not file.is_view:
                    with step(f"Computing {file.full_name} on Spark"), spark_errors(file.label):
                        target = cluster.worker_path(table_folder(folder, file))
                        session.sql(statement(file, target, buckets))
                    # The tables that the file reads are in the new warehouse already.
                    with duckdb_errors(file.label):
                        query = result_query(file, columns_of(database, f"({file.text}\n)"), folder)
                create_model(database, file, query)
                yield file

    return engine


def give_tables(
    session: "SparkSession",
    database: duckdb.DuckDBPyConnection,
    cluster: Cluster,
    folder: Path,
    data: DataDir,
) -> int:
    """Gives Spark the tables that models read, records clustered by return. Returns the number of buckets."""
    for schema in ("raw", "ref", "model", "mart"):
        session.sql(f"create schema {schema}")
    logs = [part for part in parts(data) if part.kind == "events"]
    events: int = sum(part.ledger["kept_count"] for part in logs)
    buckets: int = max(session.sparkContext.defaultParallelism, -(-events // BUCKET_EVENTS))
    session.conf.set("spark.sql.shuffle.partitions", str(buckets))
    catalog = read_catalog()
    tables = [file for file in catalog.of("raw", "ref") if not file.is_view]
    # The records come last, because the other tables number their files, labels and returns.
    for file in sorted(tables, key=lambda file: file.full_name == RECORDS):
        target = table_folder(folder, file)
        with step(f"Giving {file.full_name} to Spark"), spark_errors(file.label):
            if file.full_name == RECORDS and logs:
                files = [files_of_part(database, part, folder)[0] for part in logs]
                read = session.read.parquet(*map(cluster.worker_path, files))
                named = read.selectExpr(
                    "*", f"regexp_extract(_metadata.file_path, '{FILE_ID}', 1) as file_id"
                )
                named.join(session.table("raw.file_numbers"), "file_id").createOrReplaceTempView("logged")
                rows = session.sql(records_query(catalog, "logged"))
                # Only this moves whole records.
                writer = rows.repartition(buckets, CLUSTERED).write.bucketBy(buckets, CLUSTERED)
                location = cluster.worker_path(target)
                writer.sortBy(CLUSTERED).saveAsTable(file.full_name, format="parquet", path=location)
            else:
                target.mkdir(parents=True, mode=0o700)
                rows_file = literal(target / "rows.parquet")
                database.execute(f"copy {file.full_name} to {rows_file} (format parquet)")
                location = literal(cluster.worker_path(target))
                session.sql(f"create table {file.full_name} using parquet location {location}")
    return buckets


def is_clustered(file: SqlFile) -> bool:
    """Whether a table is about returns, so that its rows are in the buckets of their returns."""
    return any(column.name == CLUSTERED for column in file.columns)


def table_folder(folder: Path, file: SqlFile) -> Path:
    return folder / "spark" / file.schema / file.name


def statements(text: str) -> list[str]:
    """The statements of a file of functions, each ended by a semicolon at the end of a line."""
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return [part.strip() for part in re.split(r";$", code, flags=re.MULTILINE) if part.strip()]


def statement(file: SqlFile, location: str, buckets: int) -> str:
    """Creates a table from a file's text, which starts on the first line, so errors have the file's lines."""
    clustering = ""
    if is_clustered(file):
        order = ", ".join(file.key or (CLUSTERED,))
        clustering = f" clustered by ({CLUSTERED}) sorted by ({order}) into {buckets} buckets"
    place = f"using parquet{clustering} location {literal(location)}"
    return f"create table {file.full_name} {place} as {file.text}"


def result_query(file: SqlFile, types: dict[str, str], folder: Path) -> str:
    """The query that reads a table that Spark wrote, with the types that DuckDB would give it.

    Spark writes no file for a table in buckets without rows.
    """
    written = table_folder(folder, file)
    has_rows = any(written.glob("*.parquet"))
    columns = (f"cast({name if has_rows else 'null'} as {kind}) as {name}" for name, kind in types.items())
    source = f"from {parquet(written / '*.parquet')}" if has_rows else "where false"
    return f"select {', '.join(columns)} {source}"
