"""A crew of commands: a process that has all imports behind it and forks a child for each command it is told.

A child runs `returntrail` as it is, in a process of its own, and can be told to die, where, under which limits, as
whom, with which protection taken away, and with what hours on its clock. Starting it costs no import.
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

CHECKOUT = Path(__file__).resolve().parents[2]
# What the commands import when they run.
COMMANDS = (
    "faults.harm",
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
class Ended:
    """How a command ended: its exit code (a signal is negative), what it printed, its memory, the places it passed."""

    code: int
    out: str
    err: str
    peak_bytes: int
    places: int


class Crew:
    """The process, seen from a test. Commands that are begun run beside each other."""

    def __init__(self) -> None:
        paths = [str(CHECKOUT), str(CHECKOUT / "tests")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "RETURNTRAIL_DATA": ""}
        command = [sys.executable, "-m", "faults.crew"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, env=environment, text=True, cwd=CHECKOUT, **pipes)
        self.folder = TemporaryDirectory()
        self.number = 0

    def begin(self, *words: object, **orders: object) -> int:
        """Starts a command; its number. Orders are those of `obey`."""
        self.number += 1
        place = Path(self.folder.name, str(self.number))
        for suffix in (".out", ".err"):
            place.with_suffix(suffix).touch()
        self.say({"words": [str(word) for word in words], "place": place, "number": self.number} | orders)
        return self.number

    def end(self, number: int) -> Ended:
        """Waits for a command that was begun."""
        self.say({"wait": number})
        assert self.process.stdout is not None
        answer = json.loads(self.process.stdout.readline())
        place = Path(self.folder.name, str(number))
        texts = [
            place.with_suffix(suffix).read_text(encoding="utf-8", errors="replace")
            for suffix in (".out", ".err")
        ]
        places = place.with_suffix(".places")
        return Ended(
            answer["code"], *texts, answer["peak"], int(places.read_text()) if places.exists() else 0
        )

    def run(self, *words: object, **orders: object) -> Ended:
        """A command from its start to its end."""
        return self.end(self.begin(*words, **orders))

    def say(self, order: dict) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order, default=str) + "\n")
        self.process.stdin.flush()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.folder.cleanup()


def serve() -> None:
    """Forks a child for each order and says how it ended when asked; children that overstay are killed when told."""
    # The heavy libraries are imported here, once, and no thread of theirs is started.
    for module in COMMANDS:
        importlib.import_module(module)

    children: dict[int, tuple[int, float | None, int]] = {}
    ended: dict[int, tuple[int, int]] = {}
    buffer = b""
    while True:
        reap(children, ended)
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
                reap(children, ended)
                time.sleep(0.001)
            code, peak = ended.pop(order["wait"])
            print(json.dumps({"code": code, "peak": peak}), flush=True)
            continue
        child = os.fork()
        if child == 0:
            obey(order)
        due = order.get("after")
        sent = getattr(signal, order.get("signal", "SIGKILL"))
        children[order["number"]] = (child, None if due is None else time.monotonic() + due, sent)


def reap(children: dict[int, tuple[int, float | None, int]], ended: dict[int, tuple[int, int]]) -> None:
    for number, (child, due, sent) in list(children.items()):
        if due is not None and time.monotonic() >= due:
            os.kill(child, sent)
            children[number] = (child, None, sent)
        found, status, usage = os.wait4(child, os.WNOHANG)
        if found:
            ended[number] = (os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024)
            del children[number]


def obey(order: dict) -> None:
    """In the child: what it is told first, then the command itself, and never back.

    `after` and `signal`: seconds until it gets that signal (the crew sends it); `die`: at which of the places of
    harm.PLACES it kills itself; `limit`: bytes that a file may have; `umask`; `mortal`: modes hold for root too; `off`: protections of
    harm.PROTECTIONS to take away; `clock`: seconds to put its clock on; `queries`: another folder of queries.
    """
    from etl.__main__ import main
    from faults import harm

    # Ctrl-C is for the command, and not for what is made ready here before it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    place = Path(order["place"])
    for stream, suffix in ((1, ".out"), (2, ".err")):
        os.dup2(os.open(place.with_suffix(suffix), os.O_WRONLY), stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if order.get("closed"):
        reading, writing = os.pipe()
        os.dup2(writing, 1)
        os.close(reading)
    os.umask(order.get("umask", 0o022))
    for name in order.get("off", ()):
        harm.PROTECTIONS[name]()
    harm.set_clock(order.get("clock", 0))
    harm.set_queries(order.get("queries"))
    counter = harm.mined(order.get("die"))
    if order.get("limit") is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["limit"], resource.RLIM_INFINITY))
    if order.get("mortal"):
        harm.obey_modes()
    code = 99
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        code = main(order["words"])
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
        if order.get("limit") is None and not order.get("mortal"):
            place.with_suffix(".places").write_text(str(counter()))
        os._exit(code)


if __name__ == "__main__":
    serve()
