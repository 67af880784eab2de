"""Fixtures of many tests: a season and a hostile log, both built once, a browser, a private umask.

And how tests are spread over workers: one more than there are cores, and the longest files first.
"""

import fcntl
import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from etl.common.paths import SHIPPED, DataDir
from support.naughty import naughty_data
from support.served import FLAGS, Visit, chromium

# A slow machine fails no test: nothing here asserts a time. The examples are the same on every machine, so a
# failure comes from a change; `--hypothesis-profile=search` draws new examples, to find new failures.
settings.register_profile(
    "same", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile("search", settings.get_profile("same"), derandomize=False, print_blob=True)
settings.load_profile("same")

RETURNS = 150


def pytest_unconfigure() -> None:
    """Removes Hypothesis's callback from the garbage collector, so that pytest prints the last line.

    Python frees these callbacks after all modules. This one keeps modules alive that use DuckDB, whose
    binding would then print its objects as leaked.
    """
    gc.callbacks[:] = [one for one in gc.callbacks if not one.__module__.startswith("hypothesis")]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a test often waits, for a page or for a disk."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files first that use browsers or many processes, and then those that build warehouses.

    The longest at the end would run alone.
    """
    long = {item.path for item in items if {"browser", "runner"} & set(getattr(item, "fixturenames", ()))}
    items.sort(key=lambda item: (item.path not in long, item.path.parent.name not in ("upkeep", "warehouse")))


@pytest.fixture(autouse=True)
def keeps_the_shipped_settings() -> Iterator[None]:
    """A data directory without settings has the shipped ones: a test must not write those."""
    file = SHIPPED / "settings.toml"
    before = file.stat().st_mtime_ns
    yield
    assert file.stat().st_mtime_ns == before, f"a test has written {file}"


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], DataDir]) -> DataDir:
    """A copy of a data directory that the first worker makes for all of them."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    made = shared / f"{name} of all workers"
    with open(shared / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            half = shared / f"{name} in the making"
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir()
            make(half).root.rename(made)
    return DataDir(Path(shutil.copytree(made, factory.mktemp(name) / "data")))


@pytest.fixture(scope="session")
def season(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """A season of 150 returns, made by the command as a user makes it."""

    def make(folder: Path) -> DataDir:
        arguments = ["demo", "--returns", str(RETURNS), "--no-app"]
        subprocess.run(
            [sys.executable, "-m", "etl", "--data", folder / "data", *arguments],
            check=True,
            capture_output=True,
            timeout=300,
        )
        return DataDir(folder / "data")

    return made_once(tmp_path_factory, "season", make)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """Returns with hostile text as the names of clients, offices, partners, actors, labels and files."""
    return made_once(tmp_path_factory, "hostile", naughty_data)


@pytest.fixture(scope="module")
def private_umask() -> Iterator[None]:
    """Sets the umask of the command, for tests that call its functions directly."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield chrome
        chrome.close()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """A desktop visit at the `address` of the module; the test fails if a page shows an error."""
    one = Visit(browser, address)
    yield one
    assert one.faults == []
    one.close()
