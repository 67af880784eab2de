"""Runs a program that dies by SIGSYS as soon as it uses the network, be it Python, DuckDB or a child process.

    python tests/support/sealed.py etl --data DIR run            a module; it may open no internet socket
    python tests/support/sealed.py --listening app.py HOST PORT  a server; it may listen, and not connect

On Linux the kernel enforces this by a filter of system calls, which no child can remove and which needs no
root. On every system Python's own audit hook enforces it as well; other systems have nothing else.
"""

import ctypes
import os
import platform
import runpy
import signal
import socket
import sys
from pathlib import Path
from typing import NoReturn

# The number of the machine's architecture, then those of the calls socket, connect and sendto.
CALLS = {"x86_64": (0xC000003E, 41, 42, 44), "aarch64": (0xC00000B7, 198, 203, 206)}
LOAD, EQUAL, GIVE = 0x20, 0x15, 0x06
CALL, MACHINE, FAMILY, ADDRESS = 0, 4, 16, 48
KILL, ALLOW = 0x80000000, 0x7FFF0000
NO_NEW_PRIVILEGES, SET_FILTER, BY_PROGRAM = 38, 22, 2
WATCHED = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0}


class Step(ctypes.Structure):
    """One instruction of a filter."""

    _fields_ = [
        ("code", ctypes.c_ushort),
        ("yes", ctypes.c_ubyte),
        ("no", ctypes.c_ubyte),
        ("value", ctypes.c_uint),
    ]


class Program(ctypes.Structure):
    """The filter in the kernel's format."""

    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.POINTER(Step))]


def filter_calls(listening: bool) -> None:
    """Makes the kernel kill this process, its threads and its children at a call that opens a connection."""
    machine, open_socket, connect, send_to = CALLS[platform.machine()]
    steps = [(LOAD, 0, 0, MACHINE), (EQUAL, 1, 0, machine), (GIVE, 0, 0, KILL), (LOAD, 0, 0, CALL)]
    # A jump is the number of steps to skip; each of these blocks ends where the next one begins.
    steps += [(EQUAL, 0, 1, connect), (GIVE, 0, 0, KILL)]
    if listening:
        steps += [(EQUAL, 0, 3, send_to), (LOAD, 0, 0, ADDRESS), (EQUAL, 1, 0, 0), (GIVE, 0, 0, KILL)]
    else:
        families = [
            (EQUAL, 1, 0, int(socket.AF_INET)),
            (EQUAL, 0, 1, int(socket.AF_INET6)),
            (GIVE, 0, 0, KILL),
        ]
        steps += [(EQUAL, 0, 4, open_socket), (LOAD, 0, 0, FAMILY), *families]
    steps.append((GIVE, 0, 0, ALLOW))
    program = Program(len(steps), (Step * len(steps))(*(Step(*step) for step in steps)))
    libc = ctypes.CDLL(None, use_errno=True)
    for words in ((NO_NEW_PRIVILEGES, 1, 0, 0, 0), (SET_FILTER, BY_PROGRAM, ctypes.byref(program), 0, 0)):
        if libc.prctl(*words) != 0:
            raise OSError(ctypes.get_errno(), "the kernel accepts no filter")


def stop_at_network(event: str, arguments: tuple[object, ...]) -> None:
    """Dies if Python itself asks for an address, and prints which one it was."""
    if event in WATCHED:
        address = arguments[WATCHED[event]]
        if not isinstance(address, str | bytes) or event not in ("socket.connect", "socket.sendto"):
            os.write(2, f"used the network: {event} {address!r}\n".encode())
            os.kill(os.getpid(), signal.SIGSYS)


def main(words: list[str]) -> NoReturn:
    """Seals this process, then runs the named program in it."""
    listening = words[0] == "--listening"
    sys.argv = words[1:] if listening else words
    name = sys.argv[0]
    sys.path[0] = str(Path(name).resolve().parent) if name.endswith(".py") else os.getcwd()
    if not listening:
        sys.addaudithook(stop_at_network)
    if sys.platform == "linux":
        filter_calls(listening)
    if name.endswith(".py"):
        runpy.run_path(name, run_name="__main__")
    else:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
