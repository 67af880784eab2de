"""What many tests look at: an invented season and a hostile log, each loaded and built once."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from etl.datadir import DataDir
from naughty import naughty_data

# A slow or busy machine fails no test: nothing here asserts a time. The examples are the same on every machine, so that a
# change fails by what it changed; `--hypothesis-profile=search` draws new ones, to look for what nobody has thought of.
settings.register_profile("same", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.register_profile("search", settings.get_profile("same"), derandomize=False, print_blob=True)
settings.load_profile("same")

RETURNS = 150


@pytest.fixture(scope="session")
def season(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """A season of 150 returns, made by the command as a user makes it."""
    root = tmp_path_factory.mktemp("season") / "data"
    words = ["demo", "--returns", str(RETURNS), "--no-app"]
    subprocess.run([sys.executable, "-m", "etl", "--data", root, *words], check=True, capture_output=True, timeout=300)
    return DataDir(root)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """Returns whose clients, offices, partners, actors, labels and files are named by somebody who means harm."""
    return naughty_data(tmp_path_factory.mktemp("hostile"))
