"""The engine for a cluster: Spark runs each model on the parts, and DuckDB reads what Spark wrote.

Every table about returns has the same buckets, by a hash of firm and return. So after the first shuffle a
window, a group or a join about returns moves no row, even for a firm with half of all returns. Firms have no
folders of their own, because a name from the data never becomes a path.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass
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
from etl.warehouse.spark.session import Cluster, open_session, read_cluster, spark_errors

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
CLUSTERED = ("firm_id", "return_id")
# Some hundred megabytes of records in memory: a task that fits a small executor and is worth its start.
BUCKET_EVENTS = 500_000
# The types that Spark names otherwise than DuckDB.
TYPES = {"VARCHAR": "string", "TIMESTAMP": "timestamp_ntz"}


def on_spark(data: DataDir, queries: Path = QUERIES) -> Engine:
    """The engine for the parts of one data directory. It writes Parquet into the folder of the build."""

    def engine(
        database: duckdb.DuckDBPyConnection, files: list[SqlFile], folder: Path
    ) -> Generator[SqlFile, None, None]:
        cluster = read_cluster(read_settings(data.settings), data)
        catalog = read_catalog(queries)
        types = table_types(catalog, queries)
        with open_session(cluster, folder) as session:
            for function in statements((queries / "functions" / "spark.sql").read_text(encoding="utf-8")):
                session.sql(function)
            run = Run(session, database, cluster, folder)
            buckets = run.prepare(data, catalog)
            for file in files:
                if file.is_view:
                    create_model(database, file, file.text)
                else:
                    with step(f"Computing {file.full_name} on Spark"), spark_errors(file.label):
                        session.sql(statement(file, run.location(file), buckets))
                    create_model(database, file, result_query(file, types[file.full_name], folder))
                yield file

    return engine


def table_folder(folder: Path, file: SqlFile) -> Path:
    return folder / "spark" / file.schema / file.name


@dataclass(frozen=True)
class Run:
    """One build on Spark: the session, the new warehouse, the cluster, and the folder of the build."""

    session: "SparkSession"
    database: duckdb.DuckDBPyConnection
    cluster: Cluster
    folder: Path

    def location(self, file: SqlFile) -> str:
        return self.cluster.worker_path(table_folder(self.folder, file))

    def prepare(self, data: DataDir, catalog: Catalog) -> int:
        """Gives Spark the tables that models read. Returns the number of buckets."""
        for schema in ("raw", "ref", "model", "mart"):
            self.session.sql(f"create schema {schema}")
        loaded = {name: [part for part in parts(data) if part.kind == name] for name in ("events", "returns")}
        events: int = sum(part.ledger["kept_count"] for part in loaded["events"])
        buckets: int = max(self.session.sparkContext.defaultParallelism, -(-events // BUCKET_EVENTS))
        self.session.conf.set("spark.sql.shuffle.partitions", str(buckets))
        for file in catalog.of("raw", "ref"):
            with step(f"Giving {file.full_name} to Spark"), spark_errors(file.label):
                if file.schema == "raw" and file.name in loaded:
                    paths = [self.cluster.worker_path(part.data) for part in loaded[file.name]]
                    self.write_clustered(file, paths, buckets)
                else:
                    self.copy_table(file)
        return buckets

    def write_clustered(self, file: SqlFile, paths: list[str], buckets: int) -> None:
        """Creates one table of all records of a kind, clustered by return. Only this moves whole records.

        A column that an older part lacks is null.
        """
        columns = columns_of(self.database, file.full_name)
        types = ", ".join(f"{name} {TYPES.get(kind, kind)}" for name, kind in columns.items())
        if not paths:
            place = f"using parquet location {literal(self.location(file))}"
            self.session.sql(f"create table {file.full_name} ({types}) {place}")
            return
        records = self.session.read.schema(types).parquet(*paths).repartition(buckets, *CLUSTERED)
        writer = records.write.bucketBy(buckets, *CLUSTERED).sortBy(*CLUSTERED)
        writer.saveAsTable(file.full_name, format="parquet", path=self.location(file))

    def copy_table(self, file: SqlFile) -> None:
        target = table_folder(self.folder, file)
        target.mkdir(parents=True, mode=0o700)
        self.database.execute(f"copy {file.full_name} to {literal(target / 'rows.parquet')} (format parquet)")
        place = f"using parquet location {literal(self.location(file))}"
        self.session.sql(f"create table {file.full_name} {place}")


def statements(text: str) -> list[str]:
    """The statements of a file of functions, each ended by a semicolon at the end of a line."""
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return [part.strip() for part in re.split(r";$", code, flags=re.MULTILINE) if part.strip()]


def statement(file: SqlFile, location: str, buckets: int) -> str:
    """Creates a table from a file's text, which starts on the first line, so errors have the file's lines."""
    clustering = ""
    if {column.name for column in file.columns}.issuperset(CLUSTERED):
        order = ", ".join(file.key or CLUSTERED)
        clustering = f" clustered by ({', '.join(CLUSTERED)}) sorted by ({order}) into {buckets} buckets"
    place = f"using parquet{clustering} location {literal(location)}"
    return f"create table {file.full_name} {place} as {file.text}"


def table_types(catalog: Catalog, queries: Path) -> dict[str, dict[str, str]]:
    """The columns of each table with DuckDB's types, from an empty build in memory."""
    with duckdb.connect(config=OFFLINE) as empty:
        for schema in ("raw", "ref", "model", "mart"):
            empty.execute(f"create schema {schema}")
        empty.execute((queries / "functions" / "duckdb.sql").read_text(encoding="utf-8"))
        for file in catalog.of("raw", "ref"):
            empty.execute(file.text)
        for file in catalog.of("model", "mart"):
            create_model(empty, file, file.text)
        return {file.full_name: columns_of(empty, file.full_name) for file in catalog.of("model", "mart")}


def result_query(file: SqlFile, types: dict[str, str], folder: Path) -> str:
    """The query that reads a table that Spark wrote, with the types that DuckDB would give it.

    Spark writes no file for a table in buckets without rows.
    """
    written = table_folder(folder, file)
    if any(written.glob("*.parquet")):
        columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in types.items())
        return f"select {columns} from read_parquet({literal(written / '*.parquet')})"
    columns = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in types.items())
    return f"select {columns} where false"
