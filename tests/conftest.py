"""What many tests look at: an invented season and a hostile log, each loaded and built once."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from etl.build import build
from etl.datadir import DataDir
from etl.load import load
from etl.settings import read_settings

# A slow or busy machine fails no test: nothing here asserts a time. The examples are the same on every machine, so that a
# change fails by what it changed; `--hypothesis-profile=search` draws new ones, to look for what nobody has thought of.
settings.register_profile("same", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.register_profile("search", settings.get_profile("same"), derandomize=False, print_blob=True)
settings.load_profile("same")

RETURNS = 150
# Names that would be links, pictures, formulas, markup or code wherever text is not kept as text.
HOSTILE = (
    '<img src=x onerror="alert(1)">',
    "![p](http://pictures.invalid/p.png)",
    "[press](http://links.invalid)",
    "www.links.invalid and ann@mail.invalid http://bare.invalid",
    "=HYPERLINK(\"http://formula.invalid\",\"x\")",
    "'; drop table mart.returns; --",
    ":material/bolt: :red[red] $x^2$ `code` **bold**",
    "\u202egnirts desrever\u202c",
    "W" * 300,
)


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
    root = tmp_path_factory.mktemp("hostile")
    return hostile_data(root)


def hostile_data(root: Path) -> DataDir:
    """The hostile log in a data directory."""
    data = DataDir(root / "data")
    data.inbox.mkdir(parents=True)
    lines = ["Return ID,Client Name,Office,Partner,Tax Year,Return Type,Tab,Event,Status,Date/Time,User,Email"]
    for number, name in enumerate(HOSTILE):
        quoted = '"' + name.replace('"', '""') + '"'
        events = (
            ("Internal", "Upload", ""),
            ("Internal", "Deliver to Client", ""),
            ("Client", "Taxpayer: Initial Email", "Processed"),
            ("Client", "Taxpayer: Initial Email", "Bounced"),
            ("Client", f"Document \"{name}\"", ""),
            ("Client", name, ""),
        )
        for minute, (tab, label, status) in enumerate(events):
            words = '"' + label.replace('"', '""') + '"'
            at = f"03/0{number % 9 + 1}/2026 10:{minute:02d} AM"
            lines.append(f"r{number},{quoted},{quoted},{quoted},2025,1040,{tab},{words},{status},{at},{quoted},{quoted}")
    file = data.inbox / "hostile.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    load(data, read_settings(data.settings), [file])
    build(data)
    return data
