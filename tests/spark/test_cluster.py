"""A standalone master without a worker is recognized as such."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.config.settings import read_settings
from etl.warehouse.spark.session import await_workers, read_cluster, start_session


@pytest.fixture
def master(tmp_path: Path) -> Iterator[str]:
    """A master of its own on the loopback address, without workers."""
    import pyspark

    home = Path(pyspark.__file__).parent
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [home / "bin" / "spark-class", "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1"]
    environment = os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"}
    with open(tmp_path / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--webui-port", "0"], env=environment, stdout=log, stderr=log
        )
        try:
            for _ in range(300):
                with socket.socket() as port_probe:
                    if port_probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.2)
            yield f"spark://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def test_a_cluster_without_workers_is_not_waited_for_for_ever(
    master: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_MASTER", master)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    data = DataDir(tmp_path)
    session = start_session(read_cluster(read_settings(data.settings), data), tmp_path)
    try:
        with pytest.raises(Problem) as raised:
            await_workers(session, master, seconds=1)
    finally:
        session.stop()
    assert str(raised.value) == (
        f"No worker of {master} accepted work within 1 seconds. Start workers, or ask for less "
        "under [spark.options]: spark.executor.memory, spark.executor.cores."
    )
