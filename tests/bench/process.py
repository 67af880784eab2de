"""Work in a separate process, so that no case affects the next one; and a description of this machine."""

import importlib.metadata
import multiprocessing
import os
import platform
import statistics
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")
PACKAGES = ("duckdb", "polars", "pandas", "pyspark", "streamlit")


def alone(work: Callable[..., Found], *arguments: object) -> Found:
    """The result of a function of a module, from a fresh process that does nothing else."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), without_bars) as pool:
        return pool.submit(work, *arguments).result()


def without_bars() -> None:
    """Prevents progress bars, which DuckDB shows if the main module has no file, as at a prompt."""
    sys.modules["__main__"].__file__ = __file__


def forget(file: Path) -> None:
    """Removes a file from the cache of the system, so that the next reader must read the disk."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def machine() -> dict[str, str]:
    """Cores, memory, system and versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    versions = {name: version(name) for name in PACKAGES}
    return {
        "processor": f"{os.cpu_count()} cores of {processor()}, {memory:.0f} GB of memory",
        "system": f"{platform.system()} {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}",
        "packages": ", ".join(f"{name} {found}" for name, found in versions.items() if found),
    }


def processor() -> str:
    """The name of the processor, if the system reports it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )


def version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def moment() -> str:
    """The time, and the load of the machine."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load average {os.getloadavg()[0]:.1f}"


def percentile(values: list[float], percent: float) -> float:
    """The value that this percentage of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(len(ordered) * percent / 100) - 1))]


def median(values: list[float]) -> float:
    return statistics.median(values)
