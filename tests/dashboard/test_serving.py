"""How the dashboard is served: the unit, the proxy's files, what it prints, and refused addresses."""

import asyncio
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Generator, MutableMapping
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from dashboard.guard.download import Download
from etl.cli.options import read_options
from etl.common.paths import CHECKOUT
from support.served import free_port, visitor_of
from support.visitors import crowd

# Streamlit looks whether the port is free before it starts the program.
PORT = str(free_port())
STREAMLIT = [sys.executable, "-m", "streamlit", "run", str(CHECKOUT / "app.py"), "--server.port", PORT]
REFUSAL = (
    '"0.0.0.0" is not a loopback address: the dashboard has no sign-in, so it is served to this machine only.'
)


def test_the_unit_starts_a_command_that_exists() -> None:
    unit = ConfigParser(interpolation=None, strict=False)
    # The unit's keys are case-sensitive; the parser's own way to say so is to replace this method.
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(CHECKOUT / "docs" / "returntrail.service")
    assert set(unit.sections()) == {"Unit", "Service", "Install"}
    program, *words = shlex.split(unit["Service"]["ExecStart"])
    assert Path(program).name == "returntrail"
    options = read_options(words)
    assert (options.verb, options.port) == ("app", 8501)


def test_the_proxy_authenticates_before_it_passes_anything_on() -> None:
    text = re.sub(r"#.*", "", (CHECKOUT / "docs" / "nginx.conf").read_text(encoding="utf-8"))
    assert text.count("{") == text.count("}")
    for line in text.splitlines():
        assert not line.strip() or line.rstrip().endswith((";", "{", "}")), line
    blocks = re.findall(r"location ([^{]+)\{((?:[^{}]|\{[^{}]*\})*)\}", text)
    passed_on = {place.strip(): body for place, body in blocks if "proxy_pass http://127.0.0.1:8501" in body}
    assert list(passed_on) == ["/"]
    assert "auth_request /oauth2/auth;" in passed_on["/"]
    # What it includes shows the dashboard the secret.
    assert "include /etc/nginx/returntrail-secret.conf;" in passed_on["/"]


def test_the_proxy_of_a_sign_in_passes_on_the_name_that_people_typed() -> None:
    text = re.sub(r"#.*", "", (CHECKOUT / "docs" / "nginx-signin.conf").read_text(encoding="utf-8"))
    assert text.count("{") == text.count("}")
    for line in text.splitlines():
        assert not line.strip() or line.rstrip().endswith((";", "{", "}")), line
    assert text.count("proxy_pass http://127.0.0.1:8501;") == 1
    for words in ("proxy_set_header Host $http_host;", "proxy_cookie_flags ~ secure;", "listen 443 ssl;"):
        assert words in text
    assert "Origin http" not in text


@pytest.mark.parametrize("name", ["nginx.conf", "nginx-signin.conf"])
def test_the_log_of_the_proxy_has_no_query_which_may_name_clients(name: str) -> None:
    text = re.sub(r"#.*", "", (CHECKOUT / "docs" / name).read_text(encoding="utf-8"))
    [(log, written)] = re.findall(r"^log_format (\w+) '([^']*)';", text, re.MULTILINE)
    assert re.search(rf"^    access_log +\S+ {log};", text, re.MULTILINE)
    with_query = {"$request", "$request_uri", "$args", "$query_string", "$http_referer"}
    assert with_query.isdisjoint(re.findall(r"\$\w+", written))


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        ([*STREAMLIT, "--server.address", "0.0.0.0"], {}),
        (STREAMLIT, {"STREAMLIT_SERVER_ADDRESS": "0.0.0.0"}),
        ([sys.executable, str(CHECKOUT / "app.py"), "0.0.0.0", PORT], {}),
        (
            [sys.executable, str(CHECKOUT / "app.py"), "127.0.0.1", PORT],
            {"STREAMLIT_SERVER_ADDRESS": "0.0.0.0"},
        ),
    ],
    ids=["option", "environment", "argument", "argument and environment"],
)
def test_another_address_is_refused_however_it_is_asked_for(
    words: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    done = subprocess.run(
        words,
        cwd=tmp_path,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert REFUSAL in done.stderr


@pytest.mark.parametrize("words", [["app"], ["demo", "--returns", "60"]], ids=["app", "demo"])
def test_at_start_the_dashboard_prints_one_line_with_its_address(words: list[str], tmp_path: Path) -> None:
    """Everything that the process writes until it has served a page, Streamlit's own words included."""
    port, output = free_port(), tmp_path / "output.txt"
    command = [sys.executable, "-m", "etl", "--data", str(tmp_path / "data"), *words]
    if words[0] == "app":
        command += ["--port", str(port)]
    with output.open("wb") as stream:
        server = subprocess.Popen(command, cwd=CHECKOUT, stdout=stream, stderr=stream)
    try:
        printed = address_in(output, server)
        address = printed.partition("/?token=")[0]
        cookies = visitor_of(printed).cookies
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        asyncio.run(crowd(address, [iter([(0.0, "", "")])], limit_seconds=120, cookie=cookie))
    finally:
        server.terminate()
        server.wait(timeout=60)
    lines = output.read_text(encoding="utf-8").splitlines()
    assert lines[-1] == f"The dashboard of {tmp_path / 'data'}: {printed} (Ctrl-C ends it)"
    if words[0] == "app":
        assert (len(lines), address) == (1, f"http://127.0.0.1:{port}")
    else:
        # What comes before is the demo's own report of what it did.
        assert re.fullmatch(r"\d+ reports in .*", lines[-2])


def address_in(output: Path, server: subprocess.Popen[bytes]) -> str:
    """The address, once the process has printed it."""
    for _ in range(1200):
        printed = re.search(r"http://\S+(?= \()", output.read_text(encoding="utf-8"))
        if printed:
            return printed[0]
        assert server.poll() is None, output.read_text(encoding="utf-8")
        time.sleep(0.2)
    raise AssertionError("no address was printed")


def test_the_rows_of_a_file_are_released_when_its_reader_leaves() -> None:
    released = []

    def rows() -> Generator[bytes, None, None]:
        try:
            while True:
                yield b"a row\n"
        finally:
            released.append(True)

    async def leave(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.body":
            raise OSError("The reader is gone.")

    others = rows()
    download = Download(next(others), others, "report.csv")
    with pytest.raises(ClientDisconnect):
        asyncio.run(download({"type": "http", "asgi": {"spec_version": "2.4"}}, asyncio.Event().wait, leave))
    assert released == [True]
