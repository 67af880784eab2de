"""One writer at a time: an OS lock on `.lock` in the data directory, which dies with the process that holds it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from etl.common.files import make_private_folder
from etl.common.paths import DataDir
from etl.common.problem import Problem

PATIENCE_SECONDS = 4.0
PAUSE_SECONDS = 0.1


@contextmanager
def locked(data: DataDir, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Holds the data directory; a second writer waits a few seconds, then gets a Problem that names the first."""
    make_private_folder(data.root)
    file = data.root / ".lock"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
        if not taken(descriptor, patience_seconds):
            holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "another process"
            raise Problem(
                f"{data.root}: {holder} is writing here. Wait until it has finished, and try again."
            )
        started = datetime.now(UTC).isoformat(sep=" ", timespec="seconds")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}, since {started},\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def taken(descriptor: int, patience_seconds: float) -> bool:
    """Tries to take the lock until patience ends."""
    until = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(PAUSE_SECONDS)
