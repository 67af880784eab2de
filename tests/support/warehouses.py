"""Small stores and query folders for tests of build, warehouse and reports: real parts and SQL, no loader."""

import json
import shutil
from hashlib import md5
from pathlib import Path

import duckdb

from etl.common.duck import literal
from etl.common.paths import QUERIES, DataDir
from etl.config.source import file_columns
from etl.sql.catalog import read_catalog
from etl.store.contents import TYPES

AA, BB, CC = ("aa" * 8, "bb" * 8, "cc" * 8)
# What every build needs: the contract, the reference tables, the words of the engines, and the accounts of
# each file.
NEEDED = ("raw", "ref", "main", "functions")
ACCOUNTS = (
    "model/labels/labels.sql",
    "model/returns/returns.sql",
    "model/attributes/newest_events.sql",
    "model/attributes/known_attributes.sql",
    "model/hooks/joined_signatures.sql",
    "model/events/repeated_records.sql",
    "model/events/numbered_events.sql",
    "model/events/file_counts.sql",
)
EVENTS = """\
-- One row per distinct event not later than as_of.
--
-- key: firm_id, return_id, event_at
select
    events.firm_id,
    events.return_id,
    events.event_at,
    events.file_id
from raw.events as events
join raw.build as build on events.event_at <= build.as_of
left join model.repeated_records as copies
    on copies.file_id = events.file_id
    and copies.row_no = events.row_no
where copies.row_no is null
"""
VISITS = """\
-- One row per return that was seen.
--
-- key:   firm_id, return_id
-- check: visit_count >= 1
select
    events.firm_id,
    events.return_id,
    max(events.event_at) as last_at, -- The last event (UTC).
    count(*) as visit_count          -- Events of the return.
from model.events as events
group by events.firm_id, events.return_id
"""
SEEN = """\
-- The returns that were seen.
--
-- key:   firm_id, return_id
-- param: for_returns = null  Only these returns; all if not given.
-- param: since = null        Only those seen on this day (UTC) or later.
-- param: least_days = 0      Only those seen at least so many times.
-- every: day
select
    visits.firm_id,
    visits.return_id,
    visits.last_at,
    visits.visit_count
from mart.visits as visits
where (for_returns is null or list_contains(for_returns, visits.return_id))
    and (since is null or visits.last_at >= since)
    and visits.visit_count >= least_days
order by visits.firm_id, visits.return_id
"""


def small_queries(folder: Path, **files: str) -> Path:
    """A folder like queries/ with one table and one report; `mart__visits="..."` replaces mart/visits.sql."""
    for schema in NEEDED:
        shutil.copytree(QUERIES / schema, folder / schema)
    for name in ACCOUNTS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(QUERIES / name, folder / name)
    for name, text in (
        {"model__events": EVENTS, "mart__visits": VISITS, "report__seen": SEEN} | files
    ).items():
        path = folder / f"{name.replace('__', '/')}.sql"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def queries_of(folder: Path, *names: str) -> Path:
    """A folder like queries/ with these tables and all that they are made from, without the others."""
    files, wanted, next_ones = read_catalog().files, set[str](), set(names)
    while next_ones:
        wanted |= next_ones
        next_ones = {read for name in next_ones for read in files[name].reads} - wanted
    for schema in NEEDED:
        shutil.copytree(QUERIES / schema, folder / schema)
    for path in (*ACCOUNTS, *(files[name].label.removeprefix("queries/") for name in wanted)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(QUERIES / path, folder / path)
    return folder


def write_part(data: DataDir, file_id: str, rows: list[dict], kind: str = "events", **ledger: object) -> None:
    """A part as the loader writes it, from rows that name only the columns that matter."""
    folder = data.store / file_id
    folder.mkdir(parents=True)
    with duckdb.connect() as database:
        types = TYPES | {"exported_at": "timestamp", "occurrence_no": "integer"}
        columns = ", ".join(f"{name} {types.get(name, 'varchar')}" for name in file_columns(kind))
        database.execute(f"create table made ({columns})")
        for row_no, row in enumerate(rows, start=1):
            made = {"firm_id": "oak", "file_id": file_id, "row_no": row_no}
            if kind == "events":
                made |= {"tab": "Client", "label": "Taxpayer: Tax Return Accessed", "occurrence_no": 1}
                made["pattern"] = row.get("label", made["label"])
                made["row_hash"] = md5(f"{row['return_id']} {row['event_at']}".encode()).hexdigest()
                made["event_on"] = str(row["event_at"])[:10]
            whole = made | row
            names = ", ".join(f"${name} as {name}" for name in whole)
            database.execute(f"insert into made by name select {names}", whole)
        database.execute(f"copy made to {literal(folder / f'{kind}.parquet')}")
        nothing = "select '' as file_id, 0 as row_no, '' as reason, '' as record limit 0"
        database.execute(f"copy ({nothing}) to {literal(folder / 'quarantine.parquet')}")
    said = {
        "file_id": file_id,
        "file_name": f"{file_id}.csv",
        "source": "user tracking",
        "kind": kind,
        "record_count": len(rows),
        "kept_count": len(rows),
        "quarantined_count": 0,
        "redacted_count": 0,
        "unmapped_columns": [],
        "loaded_at": "2026-04-01T00:00:00",
    }
    (folder / "ledger.json").write_text(json.dumps(said | ledger), encoding="utf-8")


def refuse_file(data: DataDir, file_id: str, reason: str) -> None:
    """A refusal as the loader remembers it."""
    said = {
        "file_id": file_id,
        "file_name": f"{file_id}.csv",
        "reason": reason,
        "loaded_at": "2026-04-01T00:00:00",
    }
    (data.store / "refused").mkdir(parents=True, exist_ok=True)
    (data.store / "refused" / f"{file_id}.json").write_text(json.dumps(said), encoding="utf-8")


def two_files(root: Path) -> DataDir:
    """A store of two overlapping logs: three events of two returns, one repeated, and one too late."""
    data = DataDir(root)
    write_part(
        data,
        AA,
        [
            {"return_id": "r1", "event_at": "2026-03-01 10:00:00", "client_name": "Ann"},
            {"return_id": "r2", "event_at": "2026-03-02 10:00:00", "client_name": "=1+1"},
        ],
    )
    write_part(
        data,
        BB,
        [
            {"return_id": "r2", "event_at": "2026-03-02 10:00:00"},
            {"return_id": "r2", "event_at": "2026-03-03 10:00:00"},
            {"return_id": "r1", "event_at": "2026-05-01 10:00:00"},
        ],
    )
    return data
