"""What load_quality says of refused files."""

from pathlib import Path

import duckdb

from etl.warehouse.build import build
from support.loaded_files import ONE_TAB, Firm

SETTINGS = ONE_TAB + '[source.names]\nfile = "{return_id} {tab} tracking"\n'
CLIENT = "Event,Date/Time\nAccess Link selected,3/26/2026 7:20 PM\n"


def test_a_refused_file_says_that_its_content_was_loaded_since(tmp_path: Path) -> None:
    """Before, the refusal stayed without a word after somebody had renamed the file and loaded it."""
    firm = Firm(tmp_path, SETTINGS)
    firm.load(firm.file("r1 client tracking.csv", CLIENT))
    firm.load(firm.file("lee.csv", CLIENT))
    assert reasons(firm) == [("lee.csv", "")]
    firm.load(firm.file("r2 client tracking.csv", CLIENT))
    firm.load(firm.file("kim.csv", CLIENT), firm.file("other.csv", CLIENT.replace("20", "21")))
    since = " Its content was loaded since, as r2 client tracking.csv."
    assert reasons(firm) == [("kim.csv", ""), ("lee.csv", since), ("other.csv", "")]


def reasons(firm: Firm) -> list[tuple[str, str]]:
    """The refused files by name, each with what is said after the reason of all of them."""
    build(firm.data)
    with duckdb.connect(firm.data.warehouse, read_only=True) as database:
        found = database.execute("""
            select subject, reason from report.load_quality() where state = 'refused' order by subject
        """).fetchall()
    return [(name, reason.rpartition("--set tab=... FILE.")[2]) for name, reason in found]
