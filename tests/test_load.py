"""A file becomes a part: its records in the columns of the contract, its counts in the ledger."""

from pathlib import Path

import duckdb

from etl.datadir import DataDir
from etl.load import load
from etl.settings import read_settings

LOG = """Return ID,Tab,Event,Status,Date/Time,Office,Shoe Size
r1,Client Tracking,Taxpayer: Initial Email,Bounced,03/04/2026 02:05:09 PM,Austin,44
r1,User Tracking,Deliver to Client,,03/04/2026 02:05 PM,,
"""


def test_a_log_becomes_a_part(tmp_path: Path) -> None:
    file, data = tmp_path / "log.csv", DataDir(tmp_path / "data")
    file.write_text(LOG)
    [outcome] = load(data, read_settings(data.settings), [file])
    assert str(outcome) == f"{file}: loaded, 2 of 2 records."
    rows = duckdb.sql(
        f"select firm_id, return_id, tab, pattern, status, event_at::varchar, event_on::varchar, office, extra, row_no "
        f"from '{outcome.part.data}' order by row_no"
    ).fetchall()
    assert rows == [
        ("firm", "r1", "Client", "Taxpayer: Initial Email", "Bounced", "2026-03-04 19:05:09", "2026-03-04", "Austin",
         '{"Shoe Size": "44"}', 1),
        ("firm", "r1", "Internal", "Deliver to Client", None, "2026-03-04 19:05:00", "2026-03-04", None, None, 2),
    ]
