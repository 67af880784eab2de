"""Starts a session on the cluster, or says why it cannot: no package, no Java, no master, no worker.

An error of Spark becomes a Problem that names the file; the text of a row is never repeated.
"""

import os
import re
import shutil
import socket
import subprocess
import time
import tomllib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from etl.common.problem import Problem
from etl.common.terminal import step

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from etl.common.paths import DataDir
    from etl.config.settings import Settings
SPARK = (4, 3)
HOW_TO_INSTALL = "Install the extra: pip install -r requirements-spark.lock"
CONNECT_SECONDS = 5
WORKER_SECONDS = 60
KEYS = ("master", "root", "options")
LOGGING = Path(__file__).with_name("log4j2.properties")
# Spark's own options: those that the firm cannot change, and the defaults of others.
OPTIONS = tomllib.loads(Path(__file__).with_name("options.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Cluster:
    """The cluster, the path of the data directory for its workers, and Spark's own options."""

    master: str
    data: Path
    root: str
    options: dict[str, str]

    @property
    def is_local(self) -> bool:
        """Whether everything runs on this machine, including the executors of `local-cluster[...]`."""
        return self.master.startswith("local")

    def worker_path(self, path: Path) -> str:
        """A path of the data directory for the workers, as in Hadoop, which escapes nothing."""
        return f"{self.root.rstrip('/')}/{path.absolute().relative_to(self.data).as_posix()}"


def read_cluster(settings: "Settings", data: "DataDir") -> Cluster:
    """`[spark]` of settings.toml; SPARK_MASTER overrides it. Raises a Problem that names file and key."""
    from etl.config.place import Place, Text

    place = Place(settings.path, "[spark]", settings.spark, KEYS)
    folder = data.root.absolute()
    master = place.value("master", Text, "local[*]")
    root = place.value("root", Text, f"file://{folder.as_posix()}")
    options = settings.spark.get("options", {})
    for name, value in options.items() if isinstance(options, dict) else [("options", options)]:
        if not name.startswith("spark.") or not isinstance(value, str):
            example = 'Write its name and value in quotes, as "spark.executor.memory" = "8g".'
            fault = f'"{name}" under [spark.options] is not an option of Spark'
            raise Problem(f"{settings.path}: {fault}. {example}")
    return Cluster(os.environ.get("SPARK_MASTER") or master, folder, root, options)


@contextmanager
def open_session(cluster: Cluster, folder: Path) -> Iterator["SparkSession"]:
    """A session that ends with the block. Raises a Problem if it cannot start."""
    check_packages()
    check_java()
    check_master(cluster.master)
    with step(f"Starting Spark on {cluster.master}"):
        session = start_session(cluster, folder)
    with session:
        if not cluster.is_local:
            await_workers(session, cluster.master)
        yield session


def check_packages() -> None:
    try:
        installed = version("pyspark")
    except PackageNotFoundError as error:
        raise Problem(f"Spark is not installed. {HOW_TO_INSTALL}.") from error
    numbers = tuple(int(part) for part in re.findall(r"\d+", installed)[:2])
    if numbers < SPARK or numbers[0] != SPARK[0]:
        tested = "the models are tested on 4.3 and later 4.x"
        raise Problem(f"pyspark {installed} is installed; {tested}. {HOW_TO_INSTALL}.")


def check_java() -> None:
    """Spark finds Java by JAVA_HOME, else by PATH; so does this check."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    wanted = "Install Java 17 or 21, and set JAVA_HOME to its folder"
    if java is None:
        missing = "JAVA_HOME has none" if home else "there is none on PATH"
        raise Problem(f"Spark needs Java, and {missing}. {wanted}.")
    done = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    match = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    if match is None or not 17 <= int(match[1]) <= 21:
        raise Problem(f"{java} is Java {match[1] if match else 'of no known version'}. {wanted}.")


def check_master(master: str) -> None:
    """Spark itself would try a standalone master for a minute, and then give no reason."""
    if not re.match(r"local($|\[)|local-cluster\[|spark://|yarn$|k8s://", master):
        examples = "local[*], spark://host:7077, yarn or k8s://host:port"
        raise Problem(f'"{master}" is not a Spark master. Write {examples}.')
    if not master.startswith("spark://"):
        return
    addresses = [address.rpartition(":") for address in master.removeprefix("spark://").split(",")]
    if not all(host and port.isdigit() and int(port) < 65536 for host, _, port in addresses):
        missing = "a host or a port is missing. Write spark://host:7077."
        raise Problem(f'"{master}" is not a Spark master: {missing}')
    faults = []
    for host, _, port in addresses:
        try:
            socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()
            return
        except OSError as error:
            faults.append(error.strerror or str(error))
    instead = "Start it, or correct [spark] master or SPARK_MASTER."
    raise Problem(f"The Spark master {master} cannot be reached ({faults[0]}). {instead}")


def start_session(cluster: Cluster, folder: Path) -> "SparkSession":
    """The session. Its temporary files on this machine stay in the private folder of the build."""
    import pyspark
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    os.environ.setdefault("SPARK_HOME", str(Path(pyspark.__file__).parent))
    os.environ.setdefault("SPARK_SUBMIT_OPTS", f"-Dlog4j2.configurationFile={LOGGING.as_uri()}")
    local: dict[str, str] = {}
    if cluster.is_local:
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        local = {"spark.driver.host": "127.0.0.1", "spark.local.dir": str(folder / "spill")}
    options = OPTIONS["default"] | local | cluster.options | OPTIONS["fixed"]
    options |= {"spark.sql.warehouse.dir": cluster.worker_path(folder)}
    builder = SparkSession.builder.appName("returntrail").master(cluster.master).config(map=options)
    try:
        # Spark warns about newer versions of pandas, which is not used here.
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            return builder.getOrCreate()
    except (Py4JError, PySparkException) as error:
        raise Problem(f"Spark cannot start on {cluster.master}: {cause(error)}") from error


def cause(error: Exception) -> str:
    """The last cause that Java reports, in one line, without the name of its class."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith("Caused by: ")]
    last = (causes or [line for line in lines if ": " in line] or lines or ["no reason given"])[-1]
    return re.sub(r"^(?:Caused by: |: )?(?:[\w.$]+(?:Exception|Error): )*", "", last).rstrip(".") + "."


def await_workers(session: "SparkSession", master: str, seconds: float = WORKER_SECONDS) -> None:
    """Without a free worker the first query would wait forever, without a message."""
    context = session.sparkContext._jsc.sc()
    deadline = time.monotonic() + seconds
    with step("Waiting for workers"):
        while context.getExecutorMemoryStatus().size() < 2:
            if context.isStopped():
                reason = "Its log gives the reason; Spark must be of the same version there."
                raise Problem(f"The Spark master {master} ended the session. {reason}")
            if time.monotonic() > deadline:
                fault = f"No worker of {master} accepted work within {seconds:.0f} seconds"
                keys = "[spark.options]: spark.executor.memory, spark.executor.cores"
                raise Problem(f"{fault}. Start workers, or ask for less under {keys}.")
            time.sleep(0.2)


@contextmanager
def spark_errors(label: str) -> Iterator[None]:
    """Raises an error of Spark as a Problem that names a file."""
    from py4j.protocol import Py4JError
    from pyspark.errors import AnalysisException, PySparkException

    try:
        yield
    except AnalysisException as error:
        line = re.search(r"\bline (\d+)\b", str(error))
        # Without the excerpt of the SQL and its plan.
        first = str(error).strip().splitlines()[0]
        fault = re.sub(r"^\[\w[\w.]*\] | SQLSTATE: \w+.*$", "", first).rstrip(". ")
        raise Problem(f"{label}{f', line {line[1]}' if line else ''}: {fault}.") from error
    except PySparkException as error:
        kind = error.getCondition() or type(error).__name__
        fault = f"a value does not fit the statement ({kind}). It is not shown; it may be private."
        raise Problem(f"{label}: {fault}") from error
    except Py4JError as error:
        raise Problem(f"{label}: Spark stopped. The logs of its executors give the reason.") from error
