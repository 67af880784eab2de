"""A process that has imported everything and forks a child for each command, which then starts at once.

A child runs the real `returntrail`. An order can also make it die at a step, limit the size of its files,
take away rights or a protection, and change its clock.
"""

import importlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from etl.sql.catalog import read_catalog
from etl.sql.parse import parser

CHECKOUT = Path(__file__).resolve().parents[2]
# What the commands import when they run.
COMMANDS = (
    "faults.inject",
    "etl.reports.alert",
    "etl.reports.evidence",
    "etl.reports.files",
    "etl.reports.runs",
    "etl.store.load",
    "etl.upkeep.purge",
    "etl.upkeep.verify",
    "etl.warehouse.build",
    "etl.warehouse.explore",
)


@dataclass(frozen=True)
class Result:
    """How a command ended: exit code (negative for a signal), output, memory, and the number of its steps."""

    code: int
    out: str
    err: str
    peak_bytes: int
    steps: int


class Runner:
    """The process as tests use it. Commands that were begun run at the same time."""

    def __init__(self) -> None:
        paths = [str(CHECKOUT), str(CHECKOUT / "tests")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "RETURNTRAIL_DATA": ""}
        command = [sys.executable, "-m", "faults.runner"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, env=environment, text=True, cwd=CHECKOUT, **pipes)
        self.folder = TemporaryDirectory()
        self.number = 0

    def begin(self, *arguments: object, **orders: object) -> int:
        """Starts a command and returns its number. For the orders see `run_order`."""
        self.number += 1
        base = Path(self.folder.name, str(self.number))
        for suffix in (".out", ".err"):
            base.with_suffix(suffix).touch()
        self.send(
            {"arguments": [str(word) for word in arguments], "base": base, "number": self.number} | orders
        )
        return self.number

    def end(self, number: int) -> Result:
        """Waits for a command that was begun, and returns its result."""
        self.send({"wait": number})
        assert self.process.stdout is not None
        answer = json.loads(self.process.stdout.readline())
        base = Path(self.folder.name, str(number))
        texts = [
            base.with_suffix(suffix).read_text(encoding="utf-8", errors="replace")
            for suffix in (".out", ".err")
        ]
        steps = base.with_suffix(".steps")
        return Result(answer["code"], *texts, answer["peak"], int(steps.read_text()) if steps.exists() else 0)

    def run(self, *arguments: object, **orders: object) -> Result:
        """Runs a command and returns its result."""
        return self.end(self.begin(*arguments, **orders))

    def send(self, order: dict) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order, default=str) + "\n")
        self.process.stdin.flush()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.folder.cleanup()


def serve() -> None:
    """Forks a child for each order, sends its signal when that is due, and reports how it ended."""
    # The heavy libraries are imported here, once, and no thread of theirs is started.
    for module in COMMANDS:
        importlib.import_module(module)
    # The queries are parsed here too. A child would have no thread of the connection that parsed them.
    read_catalog()
    parser.cache_clear()

    children: dict[int, tuple[int, float | None, int]] = {}
    ended: dict[int, tuple[int, int]] = {}
    buffer = b""
    while True:
        collect_ended(children, ended)
        if b"\n" not in buffer:
            if select.select([0], [], [], 0.005 if children else None)[0]:
                piece = os.read(0, 65536)
                if not piece:
                    return
                buffer += piece
            continue
        line, buffer = buffer.split(b"\n", 1)
        order = json.loads(line)
        if "wait" in order:
            while order["wait"] not in ended:
                collect_ended(children, ended)
                time.sleep(0.001)
            code, peak = ended.pop(order["wait"])
            print(json.dumps({"code": code, "peak": peak}), flush=True)
            continue
        child = os.fork()
        if child == 0:
            run_order(order)
        due = order.get("after")
        sent = getattr(signal, order.get("signal", "SIGKILL"))
        children[order["number"]] = (child, None if due is None else time.monotonic() + due, sent)


def collect_ended(
    children: dict[int, tuple[int, float | None, int]], ended: dict[int, tuple[int, int]]
) -> None:
    for number, (child, due, sent) in list(children.items()):
        if due is not None and time.monotonic() >= due:
            os.kill(child, sent)
            children[number] = (child, None, sent)
        found, status, usage = os.wait4(child, os.WNOHANG)
        if found:
            ended[number] = (os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024)
            del children[number]


def run_order(order: dict) -> None:
    """Runs in the child: prepares what the order says, then runs the command, and never returns.

    `after` and `signal`: seconds until the runner sends this signal; `die`: the step of inject.STEPS where it
    kills itself; `limit`: the largest file in bytes; `umask`; `unprivileged`: file modes apply to root too;
    `off`: the protections of inject.PROTECTIONS to take away; `clock`: seconds to add to its clock; `closed`:
    stdout is closed; `queries`: another folder of queries.
    """
    from etl.__main__ import main
    from faults import inject

    # Ctrl-C is for the command, and not for the preparation before it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    base = Path(order["base"])
    for stream, suffix in ((1, ".out"), (2, ".err")):
        os.dup2(os.open(base.with_suffix(suffix), os.O_WRONLY), stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if order.get("closed"):
        reading, writing = os.pipe()
        os.dup2(writing, 1)
        os.close(reading)
    os.umask(order.get("umask", 0o022))
    for name in order.get("off", ()):
        inject.PROTECTIONS[name]()
    inject.set_clock(order.get("clock", 0))
    inject.set_queries(order.get("queries"))
    counter = inject.kill_at_step(order.get("die"))
    if order.get("limit") is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["limit"], resource.RLIM_INFINITY))
    if order.get("unprivileged"):
        inject.drop_root_rights()
    code = 99
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        code = main(order["arguments"])
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if order.get("limit") is None and not order.get("unprivileged"):
            base.with_suffix(".steps").write_text(str(counter()))
        os._exit(code)


if __name__ == "__main__":
    serve()
