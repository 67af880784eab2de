"""A session on the cluster, and in one sentence why there is none: no package, no Java, no master, no worker."""

import os
import re
import shutil
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from etl.common.problem import Problem
from etl.common.terminal import step

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from etl.warehouse.spark.wishes import Wishes
SPARK = (4, 3)
JAVA = (17, 21)
HOW_TO_INSTALL = "Install the extra: pip install -r requirements-spark.lock"
KNOCK_SECONDS = 5
WORKER_SECONDS = 60
LOGGING = Path(__file__).with_name("log4j2.properties")
# Both engines must read one text alike, so these are no choice of the firm's.
MEANING = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parser.escapedStringLiterals": "true",
    "spark.sql.caseSensitive": "false",
    "spark.sql.catalogImplementation": "in-memory",
}
# Tables are bucketed by return: a join or a group that is about returns among other things moves no row.
HABITS = {
    "spark.sql.requireAllClusterKeysForCoPartition": "false",
    "spark.sql.sources.bucketing.autoBucketedScan.enabled": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


@contextmanager
def opened(wishes: "Wishes", folder: Path) -> Iterator["SparkSession"]:
    """A session that ends with the block. Raises a Problem where there can be none."""
    refuse_packages()
    refuse_java()
    refuse_master(wishes.master)
    with step(f"Starting Spark on {wishes.master}"):
        session = started(wishes, folder)
    try:
        if not wishes.is_local:
            await_workers(session, wishes.master)
        yield session
    finally:
        session.stop()


def refuse_packages() -> None:
    try:
        found = version("pyspark")
    except PackageNotFoundError as error:
        raise Problem(f"Spark is not installed. {HOW_TO_INSTALL}.") from error
    numbers = tuple(int(part) for part in re.findall(r"\d+", found)[:2])
    if numbers < SPARK or numbers[0] != SPARK[0]:
        raise Problem(
            f"pyspark {found} is installed; the models are proven on 4.3 and later 4.x. {HOW_TO_INSTALL}."
        )


def refuse_java() -> None:
    """Spark finds Java by JAVA_HOME, else by PATH; so do we."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    wanted = "Install Java 17 or 21, and let JAVA_HOME name it"
    if java is None:
        raise Problem(
            f"Spark needs Java, and {'JAVA_HOME has none' if home else 'there is none on PATH'}. {wanted}."
        )
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(?:1\.)?(\d+)', told.stderr)
    if found is None or int(found[1]) not in range(JAVA[0], JAVA[1] + 1):
        raise Problem(f"{java} is Java {found[1] if found else 'of no known version'}. {wanted}.")


def refuse_master(master: str) -> None:
    """Spark itself would knock at a standalone master for a minute and then name no reason."""
    if not re.match(r"local($|\[)|local-cluster\[|spark://|yarn$|k8s://", master):
        raise Problem(
            f'"{master}" is no Spark master. Write local[*], spark://host:7077, yarn or k8s://host:port.'
        )
    if not master.startswith("spark://"):
        return
    doors = [door.rpartition(":") for door in master.removeprefix("spark://").split(",")]
    if not all(host and port.isdigit() and int(port) < 65536 for host, _, port in doors):
        raise Problem(f'"{master}" is no Spark master: a host or a port is missing. Write spark://host:7077.')
    faults = [fault for host, _, port in doors if (fault := knocked(host, int(port)))]
    if len(faults) == len(doors):
        mend = "Start it, or mend [spark] master or SPARK_MASTER."
        raise Problem(f"The Spark master {master} cannot be reached ({faults[0]}). {mend}")


def knocked(host: str, port: int) -> str | None:
    """Why nobody opens; null if somebody does."""
    try:
        socket.create_connection((host, port), timeout=KNOCK_SECONDS).close()
    except OSError as error:
        return error.strerror or str(error)
    return None


def started(wishes: "Wishes", folder: Path) -> "SparkSession":
    """The session. What Spark spills on this machine stays inside the private folder of the build."""
    import pyspark
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    os.environ.setdefault("SPARK_HOME", str(Path(pyspark.__file__).parent))
    os.environ.setdefault("SPARK_SUBMIT_OPTS", f"-Dlog4j2.configurationFile={LOGGING.as_uri()}")
    here: dict[str, str] = {}
    if wishes.is_local:
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        here = {"spark.driver.host": "127.0.0.1", "spark.local.dir": str(folder / "spill")}
    said = HABITS | here | wishes.options | MEANING | {"spark.sql.warehouse.dir": wishes.seen(folder)}
    builder = SparkSession.builder.appName("returntrail").master(wishes.master)
    for name, value in said.items():
        builder = builder.config(name, value)
    try:
        with warnings.catch_warnings():
            # Spark warns of a pandas that is newer than it knows, and no row goes through pandas here.
            warnings.simplefilter("ignore", FutureWarning)
            return builder.getOrCreate()
    except (Py4JError, PySparkException) as error:
        raise Problem(f"Spark cannot start on {wishes.master}: {cause(error)}") from error


def cause(error: Exception) -> str:
    """The last cause that Java gives, in one line, without the name of its class."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith("Caused by: ")] or [
        line for line in lines if ": " in line
    ]
    last = (causes or lines or ["no reason given"])[-1]
    return re.sub(r"^(?:Caused by: |: )?(?:[\w.$]+(?:Exception|Error): )*", "", last).rstrip(".") + "."


def await_workers(session: "SparkSession", master: str, seconds: float = WORKER_SECONDS) -> None:
    """A cluster without a free worker would let the first query wait for ever, in silence."""
    context = session.sparkContext._jsc.sc()
    deadline = time.monotonic() + seconds
    with step("Waiting for workers"):
        while context.getExecutorMemoryStatus().size() < 2:
            if context.isStopped():
                said = "Its log says why; Spark must be of the same version there."
                raise Problem(f"The Spark master {master} ended the session. {said}")
            if time.monotonic() > deadline:
                raise Problem(
                    f"No worker of {master} took up work within {seconds:.0f} seconds. "
                    "Start workers, or ask for less under [spark.options]: spark.executor.memory, spark.executor.cores."
                )
            time.sleep(0.2)
