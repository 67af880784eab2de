"""The wheel alone is enough: in an empty environment and an empty folder, every command works.

`make test-wheel` runs this. No make, no checkout and no setting of the person who types is there to help.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from etl.common.paths import CHECKOUT
from support.served import free_port, wait_for


class Installed:
    """An environment with returntrail in it, a home without files, and an empty folder to work in."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "environment" / "bin"
        self.home, self.here = folder / "home", folder / "empty"
        for made in (self.home, self.here):
            made.mkdir()
        self.data = self.home / ".local" / "share" / "returntrail"
        self.environment = {"HOME": str(self.home), "PATH": f"{self.programs}{os.pathsep}/usr/bin:/bin"}

    def started(self, *arguments: object) -> subprocess.Popen[str]:
        command = [self.programs / "returntrail", *map(str, arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command,
            cwd=self.here,
            env=self.environment,
            stdout=pipe,
            stderr=pipe,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def run(self, *arguments: object) -> tuple[str, str]:
        """What a command that must succeed printed: stdout and stderr."""
        process = self.started(*arguments)
        out, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors
        return out, errors


def call(*command: object) -> None:
    done = subprocess.run([*map(str, command)], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in an environment of its own, every other package from requirements.lock with its hash."""
    folder = tmp_path_factory.mktemp("installed")
    environment = folder / "environment"
    call(sys.executable, "-m", "venv", environment)
    pip = environment / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"
    if shutil.which("uv"):
        pip = "uv", "pip", "install", "--quiet", "--python", environment / "bin" / "python"
    call(*pip, "--require-hashes", "-r", CHECKOUT / "requirements.lock")
    call(*pip, "--no-deps", wheel)
    return Installed(folder)


@pytest.fixture(scope="module")
def season(installed: Installed) -> Path:
    """The data directory of a small demo, in the user's data folder."""
    errors = installed.run("demo", "--returns", 60, "--no-app")[1]
    assert f"Data directory: {installed.data / 'demo'}\n" in errors
    return installed.data / "demo"


def test_it_holds_no_path_of_the_checkout(wheel: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(wheel, tmp_path, format="zip")
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert [file for file in files if str(CHECKOUT).encode() in file.read_bytes()] == []
    assert {file.relative_to(tmp_path).parts[0] for file in files} == {
        "dashboard",
        "etl",
        f"{wheel.name.split('-py3')[0]}.dist-info",
    }


def test_its_packages_fit_together(installed: Installed) -> None:
    call(installed.programs / "python", "-m", "pip", "check")


def test_its_own_data_are_in_the_users_data_folder(installed: Installed, season: Path) -> None:
    export = next(file for file in sorted((season / "inbox" / "loaded").iterdir()) if file.suffix == ".csv")
    own = installed.home / "export.csv"
    shutil.copy(export, own)
    errors = installed.run("load", own)[1]
    assert errors.count(f"Data directory: {installed.data}\n") == 1
    assert "events of" in installed.run("build")[0]
    assert "\n" in installed.run("query", "select count(*) as returns from mart.returns")[0]
    assert sorted(installed.here.iterdir()) == []


def test_every_command_works(installed: Installed, season: Path) -> None:
    data = "--data", season
    assert installed.run("--version")[0].startswith("returntrail ")
    assert installed.run(*data, "verify")[0]
    assert "events of 60 returns" in installed.run(*data, "run")[0]
    (report,) = installed.run(*data, "report", "firm_funnel")[0].splitlines()
    assert Path(report).read_text(encoding="utf-8").count("\n") > 1
    assert "60" in installed.run(*data, "query", "select count(*) as returns from mart.returns")[0]
    assert "mart.returns" in installed.run(*data, "show")[0]
    assert installed.run(*data, "show", "firm_funnel")[0]
    assert installed.run(*data, "load", "--check", next((season / "inbox" / "loaded").glob("*.csv")))[0]
    assert sorted(installed.here.iterdir()) == []


def test_the_dashboard_is_served(installed: Installed, season: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    process = installed.started("--data", season, "app", "--open", "--port", port)
    try:
        wait_for(address, process)
        with urlopen(address, timeout=60) as page:
            assert b"<title>" in page.read()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
