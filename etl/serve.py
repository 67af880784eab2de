"""Serving the dashboard: on this machine only, at an address that is printed."""

import ipaddress
import os
import socket
import sys
from typing import NoReturn

from etl.datadir import CHECKOUT, DataDir
from etl.problem import Problem
from etl.progress import say

USUAL_PORT = 8501


def serve(data: DataDir, address: str = "127.0.0.1", port: int | None = None) -> NoReturn:
    """Becomes the process that serves app.py of the checkout on this data directory, so that Ctrl-C is its own."""
    host = loopback(address)
    chosen = port or free_port(host)
    if port and is_taken(host, port):
        raise Problem(f"Port {port} is taken on {host}. Name another one with --port, or leave --port out.")
    shown = f"[{host}]" if ":" in host else host
    say(f"The dashboard of {data.root}: http://{shown}:{chosen} (Ctrl-C ends it)")
    sys.stdout.flush()
    program = [sys.executable, str(CHECKOUT / "app.py"), host, str(chosen)]
    os.execve(sys.executable, program, os.environ | {"RETURNTRAIL_DATA": str(data.root)})


def loopback(address: str) -> str:
    """The address as an IP number. Raises a Problem for one that other machines reach: there is no sign-in yet."""
    try:
        if address == "localhost" or ipaddress.ip_address(address).is_loopback:
            return "127.0.0.1" if address == "localhost" else address
    except ValueError:
        pass
    raise Problem(
        f'"{address}" is not a loopback address: without sign-in the dashboard is served to this machine only. '
        "Leave --address out."
    )


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
