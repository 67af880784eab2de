"""Runs a program that dies by SIGSYS as soon as it reaches for the network, whoever in it does: Python, DuckDB, a child.

    python tests/support/sealed.py etl --data DIR run          a module; may open no socket of the internet at all
    python tests/support/sealed.py --listening app.py HOST PORT    a server; may listen and answer, and call nobody

On Linux the kernel watches, by a filter of system calls that no child can take off, and for which nobody need be root.
Everywhere Python watches itself, which is all that other systems have to offer.
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

# The number that says which machine a call is of, then the calls: socket, connect, sendto.
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
    """The filter as the kernel takes it."""

    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.POINTER(Step))]


def filter_calls(listening: bool) -> None:
    """Has the kernel kill this process, its threads and its children at a call that opens a way out."""
    machine, open_socket, connect, send_to = CALLS[platform.machine()]
    steps = [(LOAD, 0, 0, MACHINE), (EQUAL, 1, 0, machine), (GIVE, 0, 0, KILL), (LOAD, 0, 0, CALL)]
    # A jump counts the steps it passes over; each of these blocks ends where the next one begins.
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
            raise OSError(ctypes.get_errno(), "the kernel takes no filter")


def watch(event: str, arguments: tuple[object, ...]) -> None:
    """Dies where Python itself asks for an address, and says which one it was."""
    if event in WATCHED:
        address = arguments[WATCHED[event]]
        if not isinstance(address, str | bytes) or event not in ("socket.connect", "socket.sendto"):
            os.write(2, f"reached for the network: {event} {address!r}\n".encode())
            os.kill(os.getpid(), signal.SIGSYS)


def main(words: list[str]) -> NoReturn:
    """Seals this process, then is the program that is named."""
    listening = words[0] == "--listening"
    sys.argv = words[1:] if listening else words
    name = sys.argv[0]
    sys.path[0] = str(Path(name).resolve().parent) if name.endswith(".py") else os.getcwd()
    if not listening:
        sys.addaudithook(watch)
    if sys.platform == "linux":
        filter_calls(listening)
    if name.endswith(".py"):
        runpy.run_path(name, run_name="__main__")
    else:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
