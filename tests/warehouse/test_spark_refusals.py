"""Why there is no Spark, in one sentence each; none of these needs Spark itself."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from etl.common.paths import CHECKOUT, SHIPPED, DataDir
from etl.common.problem import Problem
from etl.config.settings import read_settings
from etl.sql.file import read_file
from etl.warehouse.spark.engine import result_query, statement, statements
from etl.warehouse.spark.session import cause, check_java, check_master, read_cluster

INSTALL = "Install the extra: pip install -r requirements-spark.lock."
INSTALL_JAVA = "Install Java 17 or 21, and set JAVA_HOME to its folder."


def refusal_with(packages: Path) -> str:
    """What an interpreter prints that finds only the packages of one folder."""
    program = (
        "from etl.common.problem import Problem\nfrom etl.warehouse.spark.session import check_packages\n"
        "try:\n    check_packages()\nexcept Problem as problem:\n    print(problem)"
    )
    environment = {"PYTHONPATH": f"{CHECKOUT}{os.pathsep}{packages}"}
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_without_the_extra(tmp_path: Path) -> None:
    assert refusal_with(tmp_path) == f"Spark is not installed. {INSTALL}"


@pytest.mark.parametrize("version", ["3.5.9", "4.2.1", "5.0.0"])
def test_another_version_of_spark(tmp_path: Path, version: str) -> None:
    installed = tmp_path / f"pyspark-{version}.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: pyspark\nVersion: {version}\n", encoding="utf-8"
    )
    expected = f"pyspark {version} is installed; the models are tested on 4.3 and later 4.x. {INSTALL}"
    assert refusal_with(tmp_path) == expected


def test_a_version_that_the_models_are_tested_on(tmp_path: Path) -> None:
    installed = tmp_path / "pyspark-4.10.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: pyspark\nVersion: 4.10.0\n", encoding="utf-8"
    )
    assert refusal_with(tmp_path) == ""


def test_without_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem) as raised:
        check_java()
    assert str(raised.value) == f"Spark needs Java, and there is none on PATH. {INSTALL_JAVA}"
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(Problem) as raised:
        check_java()
    assert str(raised.value) == f"Spark needs Java, and JAVA_HOME has none. {INSTALL_JAVA}"


@pytest.mark.parametrize(
    ("said", "found"), [("1.8.0_392", "Java 8"), ("11.0.2", "Java 11"), ("24", "Java 24")]
)
def test_another_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, found: str) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{said}\"' >&2\n", encoding="utf-8")
    java.chmod(0o700)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(Problem) as raised:
        check_java()
    assert str(raised.value) == f"{java} is {found}. {INSTALL_JAVA}"


@pytest.mark.parametrize(
    ("master", "fault"),
    [
        (
            "sc://host",
            '"sc://host" is not a Spark master. Write local[*], spark://host:7077, yarn or k8s://host:port.',
        ),
        (
            "local-cluster",
            '"local-cluster" is not a Spark master. Write local[*], spark://host:7077, yarn or k8s://',
        ),
        (
            "spark://host",
            '"spark://host" is not a Spark master: a host or a port is missing. Write spark://host:7077.',
        ),
    ],
)
def test_no_master(master: str, fault: str) -> None:
    with pytest.raises(Problem, match=f"^{re.escape(fault)}"):
        check_master(master)


def test_an_unreachable_master() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(Problem) as raised:
            check_master(f"spark://127.0.0.1:{port}")
        assert str(raised.value) == (
            f"The Spark master spark://127.0.0.1:{port} cannot be reached (Connection refused). "
            "Start it, or correct [spark] master or SPARK_MASTER."
        )
        taken.listen()
        check_master(f"spark://127.0.0.1:1,127.0.0.1:{port}")


def with_section(folder: Path, section: str) -> DataDir:
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    (folder / "settings.toml").write_text(f"{shipped}\n{section}\n", encoding="utf-8")
    return DataDir(folder)


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ("[spark]\nhost = 'x'", 'unknown key "host" under [spark]. Known: master, root, options.'),
        ("[spark]\nmaster = 7077", '"master" must be a text in quotes, not 7077, under [spark].'),
        (
            "[spark.options]\n'executor.memory' = '8g'",
            '"executor.memory" under [spark.options] is not an option of Spark. '
            'Write its name and value in quotes, as "spark.executor.memory" = "8g".',
        ),
        (
            "[spark.options]\n'spark.executor.cores' = 4",
            '"spark.executor.cores" under [spark.options] is not an option of Spark. '
            'Write its name and value in quotes, as "spark.executor.memory" = "8g".',
        ),
    ],
)
def test_a_section_that_is_wrong(tmp_path: Path, section: str, fault: str) -> None:
    data = with_section(tmp_path, section)
    with pytest.raises(Problem) as raised:
        read_cluster(read_settings(data.settings), data)
    assert str(raised.value) == f"{data.settings}: {fault}"


def test_the_environment_overrides_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPARK_MASTER", raising=False)
    data = with_section(tmp_path, "")
    assert read_cluster(read_settings(data.settings), data).master == "local[*]"
    data = with_section(tmp_path, "[spark]\nmaster = 'yarn'\nroot = 's3a://firm/returntrail/'")
    cluster = read_cluster(read_settings(data.settings), data)
    assert (cluster.master, cluster.is_local) == ("yarn", False)
    assert (
        cluster.worker_path(data.root / "store" / "aa" / "events.parquet")
        == "s3a://firm/returntrail/store/aa/events.parquet"
    )
    monkeypatch.setenv("SPARK_MASTER", "local-cluster[2,1,1024]")
    cluster = read_cluster(read_settings(data.settings), data)
    assert (cluster.master, cluster.is_local) == ("local-cluster[2,1,1024]", True)


def test_the_functions_of_spark_are_statements() -> None:
    first = "create function a()\n    return 'x;y'"
    text = f"-- A sentence.\n\n{first};\n\n-- Another.\ncreate function b() return 1;\n"
    assert statements(text) == ["create function a()\n    return 'x;y'", "create function b() return 1"]


def test_a_statement_keeps_the_lines_of_its_file() -> None:
    file = read_file(CHECKOUT / "queries" / "model" / "events" / "numbered_events.sql")
    said = statement(file, "file:///x/it's", 8)
    assert said.splitlines()[1:] == file.text.splitlines()[1:]
    assert said.splitlines()[0] == (
        "create table model.numbered_events using parquet clustered by (return_key) "
        "sorted by (return_key, event_no) into 8 buckets location 'file:///x/it''s' as "
        + file.text.splitlines()[0]
    )


def test_a_table_without_rows_still_has_its_columns(tmp_path: Path) -> None:
    file = read_file(CHECKOUT / "queries" / "model" / "events" / "numbered_events.sql")
    query = result_query(file, {"a": "BIGINT", "b": "DATE"}, tmp_path)
    assert query == "select cast(null as BIGINT) as a, cast(null as DATE) as b where false"


def test_a_reason_is_the_last_cause() -> None:
    said = "An error.\n: org.apache.spark.SparkException: It failed: here\n\tat x"
    assert cause(RuntimeError(said)) == "It failed: here."
    assert cause(RuntimeError(f"{said}\nCaused by: java.io.IOException: No.")) == "No."
    assert cause(RuntimeError("")) == "no reason given."
