"""Serving the dashboard at an address that is printed: on this machine only, unless people sign in."""

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
    """Becomes the process that serves app.py of the checkout on this data directory, so that Ctrl-C is its own."""
    sign_in = configured(data)
    refuse_elsewhere(address, sign_in)
    if sign_in and data.warehouse.exists():
        refuse_strange_offices(data)
    host = "127.0.0.1" if address == "localhost" else address.strip("[]")
    chosen = port or free_port(host)
    if port and is_taken(host, port):
        raise Problem(f"Port {port} is taken on {host}. Name another one with --port, or leave --port out.")
    shown = f"[{host}]" if ":" in host else host
    reached = f", reached at {sign_in.origin}" if sign_in else ""
    say(f"The dashboard of {data.root}: http://{shown}:{chosen}{reached} (Ctrl-C ends it)")
    sys.stdout.flush()
    program = [sys.executable, str(CHECKOUT / "app.py"), host, str(chosen)]
    os.execve(sys.executable, program, os.environ | {"RETURNTRAIL_DATA": str(data.root)})


def refuse_strange_offices(data: DataDir) -> None:
    """Raises a Problem for an office under [access] that no return has; a warehouse is there to ask."""
    from etl.access.scope import refuse_unknown_offices
    from etl.warehouse.ask import opened

    with opened(data.warehouse) as warehouse:
        refuse_unknown_offices(warehouse, read_settings(data.settings).access or Access())


def free_port(host: str) -> int:
    """The usual port, or one that the system finds free."""
    if not is_taken(host, USUAL_PORT):
        return USUAL_PORT
    with listener(host) as one:
        one.bind((host, 0))
        return one.getsockname()[1]


def is_taken(host: str, port: int) -> bool:
    """Something listens there already."""
    with listener(host) as one:
        try:
            one.bind((host, port))
        except OSError:
            return True
    return False


def listener(host: str) -> socket.socket:
    """A socket of the address's family; a port whose last connections are only fading counts as free."""
    one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return one
