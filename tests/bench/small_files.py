"""The load of many files: of one record each, as a receiver of web hooks writes them, and of the demo."""

import csv
import json
import shutil
from itertools import islice
from pathlib import Path

from etl.common.paths import DataDir
from etl.demo import write_season
from tests.bench.logs import Log, log_of
from tests.bench.phases import Cost, command, new_folder
from tests.bench.process import alone
from tests.bench.tables import Table, milliseconds, number, seconds

ONE_EACH, DEMO = "JSON, one record each", "exports of the demo"


def measured(folder: Path, events: int, count: int) -> dict:
    """Loads so many files of one record, taken from a log of this size, and the exports of the demo."""
    data = new_folder(folder / "work-small-files")
    write_each(log_of(folder, events), DataDir(data).inbox, count)
    found = {ONE_EACH: loaded(data)}
    write_season(DataDir(new_folder(data)).inbox)
    found[DEMO] = loaded(data)
    shutil.rmtree(data)
    return {"loads": found}


def write_each(log: Log, inbox: Path, count: int) -> None:
    """Writes each of the first records of the log into a file of its own."""
    inbox.mkdir(parents=True)
    with open(log.files[0], encoding="utf-8", newline="") as lines:
        for place, record in enumerate(islice(csv.DictReader(lines), count), start=1):
            text = json.dumps(record, ensure_ascii=False)
            (inbox / f"hook-{place:06}.json").write_text(text, encoding="utf-8")


def loaded(data: Path) -> dict:
    """The cost of `returntrail load` of the inbox. Raises an AssertionError unless every file is loaded."""
    inbox = DataDir(data).inbox
    names = {file.name for file in inbox.iterdir()}
    whole: Cost = alone(command, data, "load").whole
    missing = names - {file.name for file in (inbox / "loaded").iterdir()}
    assert not missing, f"not loaded: {sorted(missing)[:4]}"
    return {"files": len(names), "seconds": whole.seconds, "cpu": whole.cpu}


def tables(found: dict) -> list[Table]:
    """Seconds and milliseconds a file."""
    rows = [
        [
            what,
            number(one["files"]),
            seconds(one["seconds"]),
            seconds(one["cpu"]),
            milliseconds(one["seconds"] / one["files"]),
        ]
        for what, one in found["loads"].items()
    ]
    return [Table("Many small files", ["files in the inbox", "files", "s", "CPU s", "ms a file"], rows)]
