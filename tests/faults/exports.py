"""Exports for the faults: overlapping logs in CSV and JSON, a returns list, and records to quarantine."""

import csv
import json
import shutil
from pathlib import Path

from etl.common.paths import QUERIES, DataDir
from faults.checks import SHARE, records_in
from faults.runner import Runner
from support.invented_log import write_invented_log
from support.warehouses import small_queries

SMALL = 12


def write_exports(folder: Path, returns: int = SMALL) -> dict[str, int]:
    """Writes the files; returns how many records each has by another reader's count."""
    folder.mkdir(parents=True, exist_ok=True)
    complete = folder / "complete.tmp"
    write_invented_log(complete, returns, seed=3)
    with open(complete, encoding="utf-8", newline="") as opened:
        heading, *rows = csv.reader(opened)
    complete.unlink()
    third = len(rows) // 3
    dirty = [["R1", "2026-13-45", "Client", "Up", *[""] * 7], ["only", "four", "fields", "here"]]
    write_csv(folder / "april.csv", heading, [*rows[: 2 * third], *dirty])
    lines = (json.dumps(dict(zip(heading, row, strict=True))) for row in rows[third:])
    (folder / "may.ndjson").write_text("\n".join([*lines, ""]), encoding="utf-8")
    ids = sorted({row[0] for row in rows})
    listed = [[one, f"Client of {one}", "1040", "2025"] for one in ids]
    write_csv(folder / "register.csv", ["Return ID", "Client Name", "Form", "Tax Year"], listed)
    return {file.name: records_in(file) for file in folder.iterdir()}


def write_csv(file: Path, heading: list[str], rows: list[list[str]]) -> None:
    with open(file, "w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([heading, *rows])


def with_inbox(exports: Path, root: Path) -> DataDir:
    """A new data directory with the exports in its inbox."""
    data = DataDir(root)
    data.root.mkdir(parents=True, mode=0o700)
    shutil.copytree(exports, data.inbox)
    for path in (data.inbox, *data.inbox.iterdir()):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return data


def load_and_build(runner: Runner, exports: Path, root: Path, queries: Path | None = None) -> DataDir:
    """The same files in a new data directory, loaded and built without any fault."""
    data = with_inbox(exports, root)
    for verb in ("load", "build"):
        ended = runner.run("--data", data.root, verb, queries=queries)
        assert ended.code == 0, ended.err
    return data


def few_queries(folder: Path) -> Path:
    """The contract with one model and one mart: all phases of the full build in a fraction of its time."""
    return small_queries(folder, model__events=EVENTS)


def queries(folder: Path) -> Path:
    """The queries where the rows of all tables are compared: all of them in a full run, else a few."""
    return Path(shutil.copytree(QUERIES, folder)) if SHARE == 1 else few_queries(folder)


EVENTS = """\
-- One row per distinct event not later than as_of.
--
-- key: file_id, row_no
select
    events.firm_id,
    events.return_id,
    events.event_at,
    events.file_id,
    events.row_no
from raw.events as events
join raw.build as build on events.event_at <= build.as_of
left join model.repeated_records as copies
    on copies.file_id = events.file_id
    and copies.row_no = events.row_no
where copies.row_no is null
"""
