"""Exports to try faults on: two logs that overlap, in CSV and JSON, a register, and records that cannot be kept."""

import csv
import json
import shutil
from pathlib import Path

from etl.common.paths import QUERIES, DataDir
from faults.accounts import SHARE, records_in
from faults.crew import Crew
from support.invented_log import write_invented_log
from support.warehouses import small_queries

SMALL = 12


def write_exports(folder: Path, returns: int = SMALL) -> dict[str, int]:
    """The files, and how many records each holds by another reader's count."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / "whole.tmp"
    write_invented_log(whole, returns, seed=3)
    with open(whole, encoding="utf-8", newline="") as opened:
        heading, *rows = csv.reader(opened)
    whole.unlink()
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


def clean(crew: Crew, exports: Path, root: Path, queries: Path | None = None) -> DataDir:
    """The same files, loaded and built with nothing in the way."""
    data = with_inbox(exports, root)
    for verb in ("load", "build"):
        ended = crew.run("--data", data.root, verb, queries=queries)
        assert ended.code == 0, ended.err
    return data


def few_queries(folder: Path) -> Path:
    """The contract with one model and one mart: as many phases as the whole, and built in a fraction of its time."""
    return small_queries(folder, model__events=EVENTS)


def queries(folder: Path) -> Path:
    """What to build where the rows of all tables are compared: everything in full, else as little as says the same."""
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
