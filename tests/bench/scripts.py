"""Load and build against scripts that make three of the tables from the exports, as users would write them.

A script has no ledger, no checks, no redaction and no other table; a time counts only if its rows are equal.
"""

import importlib
import shutil
from pathlib import Path

import duckdb

from etl.common.duck import literal
from etl.common.paths import DataDir
from tests.bench import phases
from tests.bench.comparison import OURS
from tests.bench.growth import summed, together
from tests.bench.logs import log_of
from tests.bench.phases import Measured, Phases, new_folder
from tests.bench.process import alone
from tests.bench.tables import Table, megabytes, number, seconds, times

SCRIPTS = ("duckdb", "polars", "pandas")
# Each table of a script: ours, and the columns that must be equal.
TABLES = {
    "events": (
        "model.events",
        "return_id, event_at, tab, code, status, recipient, cycle_no, is_repeat, actor, recipient_email",
    ),
    "messages": (
        "mart.messages",
        "return_id, message_no, cycle_no, kind, recipient, recipient_email, processed_at, delivered_at, "
        "opened_at, bounced_at, state, office, partner, return_type, tax_year",
    ),
    "deliveries": (
        "mart.deliveries",
        "return_id, cycle_no, delivered_at, delivered_by, email_processed_at, email_delivered_at, "
        "email_opened_at, email_bounced_at, link_selected_at, accessed_at, last_accessed_at, "
        "authentication_failures, locked_at, kba_passed_at, uploaded_at, picked_up_at, last_picked_up_at, "
        "recalled_at, signed_basis, furthest_step_no, client_id, client_name, return_type, tax_year, office, "
        "partner, ero_signer, preparer",
    ),
}


def measured(folder: Path, events: int, names: list[str]) -> dict:
    """What the bare read, load and build, and the scripts cost. Raises an AssertionError for other rows."""
    files, work = log_of(folder, events).all_files, folder / "work-scripts"
    floor, load, build = (summed([one]) for one in phases.profile(files, work))
    found = {OURS: together(load, build)}
    for name in (one for one in SCRIPTS if one in names):
        place = new_folder(work / name)
        found[name] = summed([alone(script, name, files, place)])
        for table in TABLES:
            rows = differing(DataDir(work / "data").warehouse, place, table)
            assert not rows, f"{name} gives other {table}: {rows}"
    shutil.rmtree(work)
    return {"events": events, "bare": floor, "engines": found}


def script(name: str, files: list[Path], folder: Path) -> Measured:
    """What a script costs; it leaves its tables in the folder."""
    module = importlib.import_module(f"tests.bench.peers.{name}_script")
    return phases.measured(lambda: module.make(files, folder), folder, Phases())


def differing(warehouse: Path, folder: Path, table: str) -> list[tuple]:
    """Some rows of a table that only one of the two has: a table of script.duckdb, or a Parquet file."""
    ours, columns = TABLES[table]
    with duckdb.connect(folder / "script.duckdb", config={"memory_limit": "4GB"}) as database:
        database.execute("set timezone = 'UTC'")
        database.execute(f"attach {literal(warehouse)} as warehouse (read_only)")
        file = folder / f"{table}.parquet"
        theirs = f"read_parquet({literal(file)})" if file.exists() else table
        made = f"select {columns} from {theirs}"
        expected = f"select {columns} from warehouse.{ours}"
        return database.execute(f"""
            (select 'script' as only_in, * from ({made} except all {expected}) limit 2)
            union all
            (select 'ours' as only_in, * from ({expected} except all {made}) limit 2)
        """).fetchall()


def tables(found: dict) -> list[Table]:
    """What the three tables cost in each engine, as multiples of the bare read and of load and build."""
    bare, ours = found["bare"], found["engines"][OURS]
    rows = [
        [
            "returntrail: load + build" if name == OURS else f"{name}: a script",
            seconds(one["seconds"]),
            seconds(one["cpu"]),
            times(one["cpu"], bare["cpu"]),
            times(ours["cpu"], one["cpu"]),
            number(one["peak_mb"]),
            megabytes(one["disk_bytes"]),
        ]
        for name, one in found["engines"].items()
    ]
    head = ["engine", "s", "CPU s", "x CPU of bare", "CPU of returntrail, x", "memory MB", "disk MB"]
    note = (
        "From the exports to events (each once, with its code and delivery), messages and deliveries with "
        "the same rows. The scripts make these tables alone, without ledger, checks, redaction or reports."
    )
    return [Table(f"Three tables from the exports, {number(found['events'])} events", head, rows, note)]
