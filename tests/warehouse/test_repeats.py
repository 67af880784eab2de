"""Lines that an export repeats: events of their own, or copies of one event, as the source says."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from etl.warehouse.build import build
from support.loaded_files import SETTINGS, Firm

HEAD = "return_id,tab,label,status,event_time\n"
DAY_1 = [
    f"{return_id},{tab},2026-03-02 09:0{number}:{second}Z\n"
    for number, (return_id, last) in enumerate((("r1", "Open"), ("r2", "Bounced"), ("r3", "Open")))
    for second, tab in (
        ("00", "Internal,Deliver to Client,"),
        ("05", "Client,Taxpayer: Initial Email,Processed"),
        ("30", f"Client,Taxpayer: Initial Email,{last}"),
    )
]
LATE = "r3,Client,Taxpayer: Initial Email,Delivered,2026-03-02 09:02:07Z\n"
AS_OF = datetime(2026, 3, 5, tzinfo=UTC)


def firm_of(folder: Path, repeats: str) -> Firm:
    return Firm(folder, SETTINGS.format(firm="UTC", zone="UTC") + f'repeats = "{repeats}"\n')


def ask(firm: Firm, query: str) -> list[tuple]:
    with duckdb.connect(str(firm.data.warehouse), read_only=True) as database:
        return database.execute(query).fetchall()


@pytest.mark.parametrize(
    ("repeats", "counts", "findings"),
    [("events", [(9, 0, 0), (19, 9, 0)], [("day 2.csv", 18)]), ("copies", [(9, 0, 0), (1, 27, 0)], [])],
)
def test_repeated_lines_change_no_number_of_emails(
    tmp_path: Path, repeats: str, counts: list[tuple[int, int, int]], findings: list[tuple[str, int]]
) -> None:
    """The second file has each line of the first three times, in another order, and one late status."""
    firm = firm_of(tmp_path, repeats)
    firm.load_text(HEAD + "".join(DAY_1), "day 1.csv")
    build(firm.data, AS_OF)
    messages = "select return_id, state from mart.messages order by return_id"
    before = ask(firm, messages)
    assert before == [("r1", "opened"), ("r2", "bounced"), ("r3", "opened")]
    part = firm.load_text(HEAD + "".join([*DAY_1[::-1], *DAY_1, LATE, *DAY_1]), "day 2.csv")
    assert part.ledger.get("repeats") == (None if repeats == "events" else "copies")
    build(firm.data, AS_OF)
    assert ask(firm, messages) == before
    query = "select distinct_count, repeated_count, later_count from raw.files order by file_name"
    totals = [
        tuple(map(sum, zip(*ask(firm, query), strict=True))),
        tuple(map(sum, zip(*counts, strict=True))),
    ]
    assert totals[0] == totals[1]
    query = "select subject, record_count from report.load_quality() where finding = 'repeated lines'"
    assert ask(firm, query) == findings
