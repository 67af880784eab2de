"""Serves the dashboard and prints its address: on this machine only, unless there is a sign-in."""

import os
import socket
import sys
from typing import NoReturn

from etl.access.signin import configured, refuse_elsewhere
from etl.common.paths import CHECKOUT, DataDir
from etl.common.problem import Problem
from etl.common.terminal import say
from etl.config.access import Access
from etl.config.settings import read_settings

USUAL_PORT = 8501


def serve(data: DataDir, address: str = "127.0.0.1", port: int | None = None) -> NoReturn:
    """Replaces this process by one that serves app.py on the data directory, so that Ctrl-C reaches it."""
    sign_in = configured(data)
    refuse_elsewhere(address, sign_in)
    if sign_in and data.warehouse.exists():
        refuse_unknown_offices(data)
    host = "127.0.0.1" if address == "localhost" else address.strip("[]")
    chosen = free_port(host, port or USUAL_PORT) or (None if port else free_port(host, 0))
    if chosen is None:
        taken = f"Port {port} is taken on {host}. Name another one with --port, or leave --port out."
        foreign = f"{host} is not an address of this machine. Name one of its own with --address."
        raise Problem(taken if port else foreign)
    shown = f"[{host}]" if ":" in host else host
    proxy = f", reached at {sign_in.origin}" if sign_in else ""
    say(f"The dashboard of {data.root}: http://{shown}:{chosen}{proxy} (Ctrl-C ends it)")
    sys.stdout.flush()
    program = [sys.executable, str(CHECKOUT / "app.py"), host, str(chosen)]
    os.execve(sys.executable, program, os.environ | {"RETURNTRAIL_DATA": str(data.root)})


def refuse_unknown_offices(data: DataDir) -> None:
    """Raises a Problem for an office under [access.staff] that no return has."""
    # Imported here, so that serving without a sign-in starts without polars and DuckDB.
    from etl.warehouse.ask import ask, open_warehouse

    with open_warehouse(data.warehouse) as warehouse:
        choices = ask(warehouse, "filter_choices").filter(filter_name="office")["choice"].to_list()
    access = read_settings(data.settings).access or Access()
    for office in (office for scope in access.people.values() for office in scope.offices or ()):
        if office not in choices:
            fault = f'[access.staff] names the office "{office}", but no return has it'
            raise Problem(f"{fault}. There are: {', '.join(choices) or 'none'}.")


def free_port(host: str, port: int) -> int | None:
    """Tests whether a port is free. Returns it, or for 0 a free port; None if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as server:
            return int(server.getsockname()[1])
    except OSError:
        return None
