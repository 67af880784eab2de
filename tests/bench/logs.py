"""Logs to measure with: exports of one firm in the shape of the platform's, made once and stored on the disk.

A log of N events is four files that overlap, so that 1.5 % of the records repeat, and `one-more-day.csv` with
1 % newer events, which overlaps the last of the four likewise. The same size gives the same bytes; about 27
events a return, 2 % untidy labels, 0.1 % unknown ones.
"""

import json
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import duckdb

from tests.bench.process import alone

SEED = 7
EVENTS_A_RETURN = 24.8
FILES = 4
REPEATED_SHARE = 0.015
DAY_SHARE = 0.01
FORMATS = {
    "csv": ("csv", "format csv, header"),
    "gz": ("csv.gz", "format csv, header, compression gzip"),
    "parquet": ("parquet", "format parquet, compression zstd"),
}
PROGRAM = Path(__file__).with_name("log.sql")


@dataclass(frozen=True)
class Log:
    """The files of a log in one format, the file of one more day, and the records and bytes of the four."""

    files: list[Path]
    day: Path
    records: int

    @property
    def all_files(self) -> list[Path]:
        return [*self.files, self.day]

    @property
    def bytes(self) -> int:
        return sum(file.stat().st_size for file in self.files)


def log_of(folder: Path, events: int, kind: str = "csv") -> Log:
    """The log of so many events in a format; made if it is missing or from an older program."""
    program = sha256(PROGRAM.read_bytes() + Path(__file__).read_bytes()).hexdigest()
    place = folder / f"log-{events}"
    record = place / "made.json"
    if not record.exists() or json.loads(record.read_text(encoding="utf-8"))["program"] != program:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        record.write_text(json.dumps({"program": program, "records": {}}), encoding="utf-8")
    made = json.loads(record.read_text(encoding="utf-8"))
    if kind not in made["records"]:
        # In another process: the peak memory of this one is inherited by the processes that it starts later.
        made["records"][kind] = alone(write, place, events, kind)
        record.write_text(json.dumps(made), encoding="utf-8")
    ending = FORMATS[kind][0]
    files = [place / f"tracking-{number}.{ending}" for number in range(FILES)]
    return Log(files, place / f"one-more-day.{ending}", made["records"][kind])


def write(place: Path, events: int, kind: str) -> int:
    """Writes the files of a log; returns the number of records in the four."""
    ending, options = FORMATS[kind]
    work = place / "work.duckdb"
    limits = {"memory_limit": "4GB", "temp_directory": str(place / "spill")}
    with duckdb.connect(work, config=limits) as database:
        database.execute("set enable_progress_bar = false")
        database.execute("set variable seed = ?", [SEED])
        database.execute("set variable returns = ?", [round(events * (1 + DAY_SHARE) / EVENTS_A_RETURN)])
        database.execute(PROGRAM.read_text(encoding="utf-8"))
        all_lines = database.execute("select count(*) from lines").fetchall()[0][0]
        season = round(all_lines / (1 + DAY_SHARE))
        share, twice = season / FILES, season * REPEATED_SHARE / (FILES - 1)
        spans = [
            (max(0, round(number * share - twice)), round((number + 1) * share)) for number in range(FILES)
        ]
        names = [*(f"tracking-{number}.{ending}" for number in range(FILES)), f"one-more-day.{ending}"]
        day = (round(season - twice), all_lines)
        for name, (first, end) in zip(names, [*spans, day], strict=True):
            database.execute(f"""
                copy (
                    select * exclude (line_no) from export
                    where line_no >= {first} and line_no < {end} order by line_no
                )
                to '{place / name}' ({options})
            """)
    work.unlink()
    shutil.rmtree(place / "spill", ignore_errors=True)
    return sum(end - first for first, end in spans)
