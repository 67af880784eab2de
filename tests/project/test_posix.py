"""Only etl/common/system.py uses what only POSIX has: every other module can be imported without it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
SYSTEM = CHECKOUT / "etl" / "common" / "system.py"
OTHERS = [
    file
    for place in ("app.py", "etl", "dashboard")
    for file in [CHECKOUT / place, *(CHECKOUT / place).rglob("*.py")]
    if file.suffix == ".py" and file != SYSTEM
]
MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
NAMES = {
    "os": [
        "O_CLOEXEC",
        "chmod",
        "chown",
        "fchmod",
        "fchown",
        "fdatasync",
        "fork",
        "forkpty",
        "getegid",
        "geteuid",
        "getgid",
        "getloadavg",
        "getpgid",
        "getuid",
        "killpg",
        "lchown",
        "mkfifo",
        "nice",
        "posix_fadvise",
        "posix_fallocate",
        "pread",
        "preadv",
        "pwrite",
        "pwritev",
        "sched_getaffinity",
        "setgid",
        "setpgid",
        "setsid",
        "setuid",
        "statvfs",
        "sysconf",
        "umask",
        "wait3",
        "wait4",
    ],
    "signal": [
        "SIGALRM",
        "SIGCHLD",
        "SIGHUP",
        "SIGKILL",
        "SIGPIPE",
        "SIGQUIT",
        "SIGUSR1",
        "SIGUSR2",
        "SIGXFSZ",
        "SIG_BLOCK",
        "SIG_UNBLOCK",
        "alarm",
        "pthread_kill",
        "pthread_sigmask",
        "setitimer",
        "sigpending",
        "sigtimedwait",
        "sigwait",
        "sigwaitinfo",
    ],
}
# The libraries are imported before the names are removed: they handle other systems by themselves.
WITHOUT = """
import ast, importlib, os, pathlib, signal, sys
import duckdb, msgspec, platformdirs, plotly, plotly.graph_objects, polars, pyarrow
import streamlit, tempfile, xlsxwriter
import etl.common.system
for module in MODULES:
    sys.modules[module] = None
for place, names in NAMES.items():
    for name in names:
        vars(sys.modules[place]).pop(name, None)
for file in map(pathlib.Path, sys.argv[1:]):
    draws = file.parent.name == "page" and not file.stem.endswith(("_parts", "__init__"))
    if draws or file.stem == "frame":
        # A Streamlit script draws when it is imported, so only its imports are run.
        tree = ast.parse(file.read_text(encoding="utf-8"))
        tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        exec(compile(tree, file, "exec"), {})
    else:
        importlib.import_module(".".join(file.with_suffix("").parts).removesuffix(".__init__"))
    print(file)
"""


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")


def uses(tree: ast.AST) -> set[str]:
    """The modules and names of POSIX that a file mentions."""
    names = {name for names in NAMES.values() for name in names}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & MODULES
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module} & MODULES
            found |= {alias.name for alias in node.names} & names if node.module in NAMES else set()
        elif isinstance(node, ast.Attribute):
            found |= {node.attr} & names
    return found


@pytest.mark.parametrize("file", OTHERS, ids=module_of)
def test_no_other_module_uses_posix_names(file: Path) -> None:
    assert uses(ast.parse(file.read_text(encoding="utf-8"))) == set()


def test_every_other_module_can_be_imported_without_posix_names() -> None:
    files = [file.relative_to(CHECKOUT).as_posix() for file in OTHERS]
    program = f"MODULES, NAMES = {MODULES}, {NAMES}{WITHOUT}"
    done = subprocess.run(
        [sys.executable, "-c", program, *files], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == files


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import fcntl", {"fcntl"}),
        ("from resource import getrlimit", {"resource"}),
        ("from os import pread", {"pread"}),
        ("import os\nos.sysconf('x')", {"sysconf"}),
        ("import signal\nsignal.pthread_sigmask(1, ())", {"pthread_sigmask"}),
        ("file.chmod(0o600)", {"chmod"}),
        ("import os\nos.fsync(1)", set()),
    ],
)
def test_a_use_is_detected(line: str, found: set[str]) -> None:
    assert uses(ast.parse(line)) == found
    assert uses(ast.parse(SYSTEM.read_text(encoding="utf-8"))) >= {"fcntl", "sysconf", "pthread_sigmask"}
