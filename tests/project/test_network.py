"""Nothing is sent anywhere: commands and dashboard run where the first use of a network kills them."""

import ast
import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dashboard.guard.protection import SETTINGS
from etl.common.duck import OFFLINE
from etl.common.paths import CHECKOUT, DataDir
from etl.warehouse.ask import READER
from support.served import free_port, wait_for
from support.visitors import crowd

SEALED = [sys.executable, str(CHECKOUT / "tests" / "support" / "sealed.py")]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(CHECKOUT)}
# The commands verify and purge run without a network in test_inventory.py.
COMMANDS = (
    ["run"],
    ["report", "--again", "1"],
    ["evidence", "--return", "2025-00001"],
    ["export"],
    ["query", "from mart.returns", "--csv"],
)
PAGES = ("", "returns", "return", "pipeline", "turnaround", "email", "reports", "add", "data")


def sealed(*words: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a program that dies at a call to the network."""
    return subprocess.run(
        [*SEALED, *map(str, words)], env=ENVIRONMENT, capture_output=True, text=True, timeout=300, **options
    )


@pytest.mark.parametrize(
    "program",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import socket; socket.getaddrinfo('statistics.invalid', 443)",
        "import urllib.request; urllib.request.urlopen('https://updates.invalid')",
        "import ctypes; ctypes.CDLL(None).socket(2, 1, 0)"
        if sys.platform == "linux"
        else "import socket; socket.getfqdn()",
    ],
    ids=["connect", "resolve", "fetch", "system call"],
)
def test_a_call_to_the_network_is_detected(program: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(f"{program}\nprint('alive')\n", encoding="utf-8")
    done = sealed(tmp_path / "program.py")
    assert (done.returncode, done.stdout) == (-signal.SIGSYS, "")


def test_every_command_works_without_a_network_and_uses_none(season: DataDir, tmp_path: Path) -> None:
    data = DataDir(tmp_path / "firm")
    data.inbox.mkdir(parents=True)
    exports = [file for file in season.inbox.rglob("*") if file.is_file()]
    for file in exports:
        (data.inbox / file.name).write_bytes(file.read_bytes())
    checked = sealed("etl", "load", "--check", data.inbox / exports[0].name)
    assert (checked.returncode, checked.stderr.count("Traceback")) == (0, 0), checked.stderr
    for words in COMMANDS:
        done = sealed("etl", "--data", data.root, *words)
        assert done.returncode == 0, (words, done.stderr)
    ledgers = [json.loads(file.read_text("utf-8")) for file in data.store.glob("*/ledger.json")]
    assert {ledger["file_name"].partition(" › ")[0] for ledger in ledgers} == {file.name for file in exports}


def test_an_analysts_statement_uses_no_network_either(season: DataDir) -> None:
    for statement in (
        "install spatial",
        "from 'https://pictures.invalid/p.csv'",
        "select st_point(1, 2)",
        "load httpfs",
    ):
        done = sealed("etl", "--data", season.root, "query", statement)
        assert (done.returncode, done.stdout) == (1, ""), statement


def test_the_dashboard_serves_every_page_and_connects_to_nothing(season: DataDir) -> None:
    port = free_port()
    program = [*SEALED, "--listening", str(CHECKOUT / "app.py"), "127.0.0.1", str(port), "--open"]
    environment = ENVIRONMENT | {"RETURNTRAIL_DATA": str(season.root)}
    server = subprocess.Popen(
        program, env=environment, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(f"http://127.0.0.1:{port}", server)
        visits = [iter([(0.0, page, "id=2025-00001") for page in PAGES])]
        [times] = asyncio.run(crowd(f"http://127.0.0.1:{port}", visits, limit_seconds=120))
        assert len(times) == len(PAGES)
        assert server.poll() is None
    finally:
        server.terminate()
        server.wait(timeout=60)


def test_no_connection_to_duckdb_may_fetch_extensions() -> None:
    """By default DuckDB downloads an extension for a file of another kind and prints nothing about it."""
    assert {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }.items() <= OFFLINE.items()
    assert OFFLINE.items() <= READER.items()
    opened = {
        f"{file.relative_to(CHECKOUT)}:{call.lineno}": ast.unparse(call)
        for file in (CHECKOUT / "etl").rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "duckdb.connect"
    }
    assert len(opened) >= 5
    assert [place for place, call in opened.items() if "OFFLINE" not in call and "READER" not in call] == []


def test_streamlit_gathers_no_statistics() -> None:
    assert SETTINGS["browser.gatherUsageStats"] is False
