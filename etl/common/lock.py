"""One writer at a time: a lock on `.lock` in the data directory, which ends with the process that has it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from etl.common.files import make_private_folder
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.system import lock_file, make_private

PATIENCE_SECONDS = 4.0


@contextmanager
def locked(data: DataDir, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Locks the data directory. A second writer waits some seconds; then a Problem names the first."""
    make_private_folder(data.root)
    file = data.root / ".lock"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        make_private(file)
        try:
            lock_file(descriptor, patience_seconds)
        except BlockingIOError as error:
            other = os.read(descriptor, 200).decode(errors="replace").strip() or "another process"
            todo = "Wait until it has finished, and try again."
            raise Problem(f"{data.root}: {other} is writing here. {todo}") from error
        started = datetime.now(UTC).isoformat(sep=" ", timespec="seconds")
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()}, since {started},\n".encode())
        yield
    finally:
        os.close(descriptor)
