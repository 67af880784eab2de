"""The proof: Spark gives the rows that DuckDB gives, its executors make them, and a difference is noticed.

The master is Spark's own test mode with two executors, which are processes of their own and shuffle over TCP;
SPARK_MASTER=spark://host:7077 points the same proof at a real cluster whose workers see the same files.
"""

import json
import os
import shutil
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from hostile_log import FIRMS, write_hostile_log

from etl.common.duck import literal
from etl.common.paths import SHIPPED, DataDir
from etl.common.problem import Problem
from etl.config.settings import read_settings
from etl.demo import write_season
from etl.sql.catalog import read_catalog
from etl.sql.file import SqlFile
from etl.store.load import load
from etl.warehouse.build import build
from etl.warehouse.models import Engine
from etl.warehouse.spark.engine import on_spark
from etl.warehouse.spark.session import spark_errors

MASTER = os.environ.get("SPARK_MASTER") or "local-cluster[2,1,1024]"
# Small input makes several tasks, and both executors stand before the first of them starts.
OPTIONS = {
    "spark.driver.memory": "1g",
    "spark.executor.memory": "900m",
    "spark.sql.files.maxPartitionBytes": "256k",
    "spark.scheduler.minRegisteredResourcesRatio": "1.0",
    "spark.ui.enabled": "true",
    "spark.ui.port": "0",
}
# Short work on small machines: for tests alone, since it slows down long work.
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
CONTROL = "select firm_id, row_number() over (order by office) as place from model.attributes"

# A word that is missing, a column that is not there, and a value that does not fit.
FAULTY = (
    "-- One row.\nselect\n    firm_id return_id office\nfrom model.attributes",
    "-- One row.\nselect\n    nothing\nfrom model.attributes",
    "-- One row.\nselect\n    cast(firm_id as integer)\nfrom model.attributes",
)


@dataclass(frozen=True)
class Proof:
    """Two warehouses of one store; what Spark's executors did, the control's different rows, its faults."""

    duckdb: Path
    spark: Path
    executors: list[dict]
    control_differences: int
    faults: list[str]


@pytest.fixture(scope="session")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Proof:
    """The demo's season and the hostile log in one store, built by both engines."""
    data = DataDir(tmp_path_factory.mktemp("proof"))
    lines = "\n".join(f'"{name}" = "{value}"' for name, value in OPTIONS.items())
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    (data.root / "settings.toml").write_text(
        f'{shipped}\n[spark]\nmaster = "{MASTER}"\n[spark.options]\n{lines}\n', encoding="utf-8"
    )
    exports = tmp_path_factory.mktemp("exports")
    files = write_season(exports / "season", returns=60) + write_hostile_log(
        exports / "hostile", returns=300, seed=7
    )
    assert {outcome.state for outcome in load(data, read_settings(data.settings), files)} == {"loaded"}
    build(data)
    other = data.root / "duckdb.duckdb"
    shutil.move(data.warehouse, other)
    os.environ.setdefault("JDK_JAVA_OPTIONS", JAVA)
    seen: dict = {}
    build(data, engine=watched(data, seen))
    return Proof(duckdb=other, spark=data.warehouse, **seen)


def watched(data: DataDir, seen: dict) -> Engine:
    """The engine, which records what the executors did after its last table, and runs the control."""
    engine = on_spark(data)

    def noting(database: duckdb.DuckDBPyConnection, files: list[SqlFile], folder: Path) -> Iterator[SqlFile]:
        for file in engine(database, files, folder):
            if file is files[-1]:
                seen["executors"] = executors()
                seen["control_differences"] = control(database, folder)
                seen["faults"] = [fault(text) for text in FAULTY]
            yield file

    return noting


def executors() -> list[dict]:
    """Spark's own figures of the driver and each executor, by its REST interface."""
    from pyspark.sql import SparkSession

    context = SparkSession.getActiveSession().sparkContext
    url = f"{context.uiWebUrl}/api/v1/applications/{context.applicationId}/executors"
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


def control(database: duckdb.DuckDBPyConnection, folder: Path) -> int:
    """How many rows differ where a window does not say where nulls go."""
    from pyspark.sql import SparkSession

    target = folder / "control"
    SparkSession.getActiveSession().sql(
        f"create table model.control using parquet location '{target}' as {CONTROL}"
    )
    return differences(database, f"({CONTROL})", f"read_parquet({literal(target / '*.parquet')})")


def fault(text: str) -> str:
    """What is said of a model that Spark refuses, or that fails in an executor."""
    from pyspark.sql import SparkSession

    with pytest.raises(Problem) as raised, spark_errors("queries/mart/returns.sql"):
        SparkSession.getActiveSession().sql(f"create table model.faulty using parquet as {text}")
    return str(raised.value)


def differences(database: duckdb.DuckDBPyConnection, one: str, other: str) -> int:
    """How many rows one has and the other has not, both ways, repeated rows counted."""
    both_ways = f"(from {one} except all from {other}) union all (from {other} except all from {one})"
    return database.execute(f"select count(*) from ({both_ways})").fetchall()[0][0]


@pytest.fixture(scope="session")
def both(proof: Proof) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as database:
        database.execute(f"attach {literal(proof.duckdb)} as on_duckdb (read_only)")
        database.execute(f"attach {literal(proof.spark)} as on_spark (read_only)")
        yield database


@pytest.mark.parametrize("file", read_catalog().of("model", "mart"), ids=lambda file: file.full_name)
def test_a_table_is_the_same_on_both_engines(both: duckdb.DuckDBPyConnection, file: SqlFile) -> None:
    one, other = f"on_duckdb.{file.full_name}", f"on_spark.{file.full_name}"
    columns = [both.execute(f"describe {table}").fetchall() for table in (one, other)]
    counts = [both.execute(f"select count(*) from {table}").fetchall() for table in (one, other)]
    assert columns[0] == columns[1]
    assert counts[0] == counts[1]
    assert differences(both, one, other) == 0


def test_the_log_holds_what_could_differ(both: duckdb.DuckDBPyConnection) -> None:
    counts = both.execute("""
        select
            count(distinct firm_id),
            count(*) filter (where code = 'unclassified') > 100,
            count(*) filter (where is_repeat) > 100,
            max(cycle_no) > 3,
            count(*) - count(distinct (firm_id, return_id, event_at)) > 1000
        from on_spark.model.events
    """).fetchall()
    assert counts == [(1 + len(FIRMS), True, True, True, True)]
    some = "count(*) filter (where is_joint) > 50, count(*) filter (where partner is null) > 10"
    assert both.execute(f"select {some} from on_spark.model.attributes").fetchall() == [(True, True)]
    empty = [
        file.full_name
        for file in read_catalog().of("model", "mart")
        if both.execute(f"select count(*) from on_spark.{file.full_name}").fetchall() == [(0,)]
    ]
    assert empty == []


def test_executors_made_the_tables_and_shuffled(proof: Proof) -> None:
    driver = [one for one in proof.executors if one["id"] == "driver"]
    workers = [one for one in proof.executors if one["id"] != "driver"]
    assert [one["totalTasks"] for one in driver] == [0]
    assert len(workers) >= 2
    for worker in workers:
        assert worker["completedTasks"] > 0
        assert worker["failedTasks"] == 0
        assert worker["totalShuffleWrite"] > 0
        assert worker["totalShuffleRead"] > 0


def test_the_comparison_sees_a_difference(proof: Proof) -> None:
    assert proof.control_differences > 0


def test_a_fault_names_file_and_line_and_no_value(proof: Proof) -> None:
    wrong_word, wrong_column, wrong_value = proof.faults
    assert wrong_word == "queries/mart/returns.sql, line 3: Syntax error at or near 'office'."
    assert wrong_column.startswith(
        "queries/mart/returns.sql, line 3: A column, variable, or function parameter with name"
    )
    assert wrong_value == (
        "queries/mart/returns.sql: a value does not fit the statement (CAST_INVALID_INPUT). "
        "It is not shown; it may be private."
    )
