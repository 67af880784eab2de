"""The demo's data directory: an invented season takes the same way as the exports of a real firm."""

import shutil

from etl.common.files import locked
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.terminal import say, step
from etl.config.settings import read_settings
from etl.demo import write_season
from etl.reports.runs import write_due
from etl.store.load import load_inbox
from etl.warehouse.build import build

MARKER_TEXT = (
    "All data in this folder is invented, and the next `returntrail demo` replaces it: keep no files here.\n"
)


def demonstrate(data: DataDir, returns: int, seed: int) -> None:
    """Writes, loads, builds and reports a season. The old warehouse stays until the new one replaces it.

    Marks the directory as a demo. Raises a Problem if it has other files: they could be a firm's.
    """
    data.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    marker = data.demo_note
    if not marker.exists() and any(file.name != ".lock" for file in data.root.iterdir()):
        raise Problem(f"{data.root}: not empty, and not a demo. Name an empty folder with --data.")
    marker.write_text(MARKER_TEXT, encoding="utf-8")
    with locked(data):
        for folder in (data.inbox, data.store, data.reports, data.runs):
            shutil.rmtree(folder, ignore_errors=True)
        with step(f"Inventing a season of {returns} returns"):
            files = write_season(data.inbox, returns=returns, seed=seed)
        with step(f"Loading {len(files)} exports"):
            load_inbox(data, read_settings(data.settings))
        say(str(build(data)))
        with step("Writing the reports"):
            runs = write_due(data, read_settings(data.settings))
    say(f"{len(runs)} reports in {data.reports}")
