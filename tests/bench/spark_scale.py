"""How the models scale on a cluster: a standalone master, its workers, and a large log, on this machine.

    python tests/bench/spark_scale.py --events 10_000_000 --data DIR

makes the log in the empty folder DIR, builds it with both engines, compares every table, and prints the
figures of docs/scale.md. Half of all returns belong to one firm. It needs the optional dependency `spark`,
Java, and 600 bytes of disk per event.
"""

import argparse
import json
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from etl.common.duck import literal
from etl.common.paths import SHIPPED, DataDir
from etl.common.terminal import say
from etl.config.settings import read_settings
from etl.demo import write_season
from etl.store.contents import records_of, sets_of
from etl.store.load import load
from etl.store.parts import VERSION, Part, with_checksums
from etl.warehouse.build import build
from etl.warehouse.spark.engine import on_spark

BASE_RETURNS = 3000
EVENTS_A_PART = 1_000_000
PORT = 7177
OPTIONS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.eventLog.enabled": "true",
    "spark.eventLog.compress": "false",
    "spark.eventLog.rolling.enabled": "false",
    "spark.eventLog.logStageExecutorMetrics": "true",
    "spark.executor.processTreeMetrics.enabled": "true",
    "spark.executor.metrics.pollingInterval": "500",
}


def main() -> None:
    """One measurement from an empty folder to the printed figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cores", type=int, default=1, help="of each worker")
    parser.add_argument("--memory", type=int, default=1800, help="MB of each executor")
    chosen = parser.parse_args()
    data = DataDir(chosen.data.resolve())
    options = OPTIONS | {
        "spark.eventLog.dir": data.root.as_uri(),
        "spark.executor.memory": f"{chosen.memory}m",
        "spark.executor.cores": str(chosen.cores),
    }
    write_settings(data, f"spark://127.0.0.1:{PORT}", options)
    if not data.store.exists():
        make_store(data, chosen.events)
    one = data.root / "duckdb.duckdb"
    found: dict[str, object] = {"duckdb_build": timed(lambda: build(data))}
    shutil.move(data.warehouse, one)
    with cluster(data.root, chosen.workers, chosen.cores, chosen.memory):
        found["spark_build_here"] = timed(lambda: build(data, engine=on_spark(data)))
    differing = differences(one, data.warehouse)
    found |= {
        "tables_compared": len(differing),
        "rows_that_differ": {name: rows for name, rows in differing.items() if rows},
    }
    found["warehouse_mb"] = data.warehouse.stat().st_size >> 20
    log = max(data.root.glob("app-*"), key=lambda path: path.stat().st_mtime)
    print(json.dumps(found | figures(log), indent=2))


def write_settings(data: DataDir, master: str, options: dict[str, str]) -> None:
    data.root.mkdir(parents=True, exist_ok=True)
    shipped = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
    lines = "\n".join(f'"{name}" = "{value}"' for name, value in options.items())
    text = f'{shipped}\n[spark]\nmaster = "{master}"\n[spark.options]\n{lines}\n'
    (data.root / "settings.toml").write_text(text, encoding="utf-8")


def make_store(data: DataDir, events: int) -> None:
    """The demo's season, loaded once, then copied under other names until there are enough events."""
    base = DataDir(data.root / "base")
    load(base, read_settings(data.settings), write_season(data.root / "exports", returns=BASE_RETURNS))
    build(base)
    with duckdb.connect() as database:
        database.execute("set memory_limit = '3GB'")
        database.execute(f"attach {literal(base.warehouse)} as built (read_only)")
        database.execute("create table base as from built.raw.events")
        database.execute("detach built")
        size = database.execute("select count(*) from base").fetchall()[0][0]
        copies, done = max(2, round(events / size)), 0
        while done < copies:
            until = min(copies, done + max(1, EVENTS_A_PART // size))
            write_part(database, data, done, until)
            done = until
    shutil.rmtree(base.root)
    shutil.rmtree(data.root / "exports")


def write_part(database: duckdb.DuckDBPyConnection, data: DataDir, first: int, until: int) -> None:
    """A part with copies of the season; every other copy is of the large firm, the rest of twenty firms."""
    file_id = sha256(f"{first}".encode()).hexdigest()[:16]
    folder = data.store / file_id
    folder.mkdir(parents=True)
    wide = Part(data.root / "wide", {"file_id": file_id, "kind": "events"})
    wide.folder.mkdir(exist_ok=True)
    database.execute(f"""
        copy (
            select base.* replace (
                case when copy_no % 2 = 0 then 'oak' else 'firm ' || copy_no % 41 end as firm_id,
                base.return_id || '-' || copy_no as return_id,
                base.client_id || '-' || copy_no as client_id,
                md5(base.row_hash || copy_no) as row_hash,
                '{file_id}' as file_id,
                row_number() over (order by base.event_at, copy_no, base.file_id, base.row_no) as row_no
            )
            from base cross join range({first}, {until}) as copies(copy_no)
            order by row_no
        ) to {literal(wide.data)} (compression zstd)
    """)
    for query, name in ((records_of(wide), "events"), (sets_of(wide), "attributes")):
        database.execute(f"copy ({query}) to {literal(folder / f'{name}.parquet')} (compression zstd)")
    shutil.rmtree(wide.folder)
    nothing = "select '' as file_id, 0 as row_no, '' as reason, '' as record limit 0"
    database.execute(f"copy ({nothing}) to {literal(folder / 'quarantine.parquet')}")
    count = database.execute(f"select count(*) from '{folder}/events.parquet'").fetchall()[0][0]
    ledger = {
        "file_id": file_id,
        "file_name": f"{first}.csv",
        "source": "user tracking",
        "kind": "events",
        "reason": None,
        "record_count": count,
        "kept_count": count,
        "quarantined_count": 0,
        "redacted_count": 0,
        "unmapped_columns": [],
        "loaded_at": "2026-11-01T00:00:00+00:00",
        VERSION: 2,
    }
    ledger = with_checksums(ledger, folder.glob("*.parquet"))
    (folder / "ledger.json").write_text(json.dumps(ledger), encoding="utf-8")


def timed(work: Callable[[], object]) -> dict[str, float]:
    """The seconds of a build, and CPU seconds and memory of this process: those of DuckDB, not of Spark."""
    started, cpu = time.monotonic(), time.process_time()
    say(str(work()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": round(time.monotonic() - started, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "peak_mb": peak // 1024,
    }


@contextmanager
def cluster(folder: Path, workers: int, cores: int, memory: int) -> Iterator[None]:
    """A master and its workers as processes of their own, on the loopback address alone; ended afterwards."""
    import pyspark

    home = Path(pyspark.__file__).parent
    places = {"SPARK_WORKER_DIR": str(folder / "work"), "SPARK_LOCAL_DIRS": str(folder / "spill")}
    environment = os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"} | places
    deploy = [str(home / "bin" / "spark-class"), "org.apache.spark.deploy"]
    address = ["--host", "127.0.0.1", "--webui-port", "0"]
    resources = ["--cores", str(cores), "--memory", f"{memory + 600}M", f"spark://127.0.0.1:{PORT}"]
    commands = [[deploy[0], f"{deploy[1]}.master.Master", *address, "--port", str(PORT)]]
    commands += [[deploy[0], f"{deploy[1]}.worker.Worker", *address, *resources]] * workers
    running: list[subprocess.Popen] = []
    with open(folder / "cluster.log", "w", encoding="utf-8") as log:
        try:
            for command in commands:
                process = subprocess.Popen(
                    command, env=environment, stdout=log, stderr=log, start_new_session=True
                )
                running.append(process)
                await_master()
            yield
        finally:
            for process in reversed(running):
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()


def await_master() -> None:
    """Waits until the master answers; workers retry by themselves."""
    for _ in range(120):
        with socket.socket() as connection:
            if connection.connect_ex(("127.0.0.1", PORT)) == 0:
                return
        time.sleep(0.5)


def differences(one: Path, other: Path) -> dict[str, int]:
    """The number of rows of each table that are in only one of the two warehouses."""
    with duckdb.connect() as database:
        database.execute("set memory_limit = '4GB'")
        database.execute(f"attach {literal(one)} as one (read_only)")
        database.execute(f"attach {literal(other)} as other (read_only)")
        names = database.execute("""
            select schema_name || '.' || table_name from duckdb_tables()
            where database_name = 'one' and schema_name in ('model', 'mart')
        """).fetchall()
        return {
            name: database.execute(f"""
                select count(*) from (
                    (from one.{name} except all from other.{name})
                    union all (from other.{name} except all from one.{name})
                )
            """).fetchall()[0][0]
            for (name,) in names
        }


def figures(log: Path) -> dict:
    """The tasks in Spark's event log, summed; and how uneven the tasks of the longest stages were."""
    tasks, memory = [], {}
    with open(log, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            if event["Event"] == "SparkListenerTaskEnd":
                tasks.append(event)
            elif event["Event"] == "SparkListenerStageExecutorMetrics":
                found = event["Executor Metrics"]
                memory.setdefault(event["Executor ID"], []).append(
                    (found["JVMHeapMemory"] >> 20, found["ProcessTreeJVMRSSMemory"] >> 20)
                )

    def total(*path: str) -> int:
        found = 0
        for task in tasks:
            value = task["Task Metrics"]
            for word in path:
                value = value[word]
            found += value
        return found

    stages: dict[int, list[int]] = {}
    for task in tasks:
        stages.setdefault(task["Stage ID"], []).append(task["Task Metrics"]["Executor Run Time"])
    longest = sorted(stages, key=lambda stage: -sum(stages[stage]))[:5]
    return {
        "tasks": len(tasks),
        "tasks_by_executor": {
            one: sum(task["Task Info"]["Executor ID"] == one for task in tasks) for one in memory
        },
        "executor_run_seconds": total("Executor Run Time") // 1000,
        "executor_cpu_seconds": total("Executor CPU Time") // 10**9,
        "gc_seconds": total("JVM GC Time") // 1000,
        "shuffle_mb": total("Shuffle Write Metrics", "Shuffle Bytes Written") >> 20,
        "spilled_to_disk_mb": total("Disk Bytes Spilled") >> 20,
        "output_mb": total("Output Metrics", "Bytes Written") >> 20,
        "peak_heap_and_resident_mb": {
            one: tuple(map(max, zip(*rows, strict=True))) for one, rows in memory.items()
        },
        "longest_stages_ms": {
            stage: {
                "tasks": len(found),
                "total": sum(found),
                "median": statistics.median(found),
                "longest": max(found),
            }
            for stage in longest
            for found in [stages[stage]]
        },
    }


if __name__ == "__main__":
    main()
