"""Overlapping exports count each event once, in any pieces and order, and keep true repeats."""

from pathlib import Path
from random import Random

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.common.duck import literal
from etl.warehouse.build import build
from support.loaded_files import Firm
from support.warehouses import queries_of

HEAD = "return_id,tab,label,status,event_time,actor,office"
LABELS = (
    "Taxpayer: Initial Email",
    "Taxpayer: Tax Return Accessed",
    "Document KBA Success",
    "null",
    "Something New",
)
MINUTES = 120


def log(chance: Random) -> list[tuple[int, str]]:
    """Minutes and lines of a log with several events in one minute, some of them logged twice."""
    rows = []
    for minute in range(MINUTES):
        for _ in range(chance.randrange(3)):
            label = chance.choice(LABELS)
            status = chance.choice(("Processed", "Bounced")) if "Email" in label else ""
            time = f"2026-03-04T{10 + minute // 60}:{minute % 60:02}:00Z"
            line = f"r{chance.randrange(3)},Client,{label},{status},{time},,Austin"
            rows += [(minute, line)] * chance.choice((1, 1, 1, 2, 3))
    return rows


def warehouse(firm: Firm, pieces: list[list[str]]) -> list[tuple]:
    """The events after loading each piece as a file, and a build; the counts of all files add up."""
    files = [firm.file(f"{number}.csv", "\n".join([HEAD, *piece, ""])) for number, piece in enumerate(pieces)]
    assert {outcome.state for outcome in firm.load(*files)} <= {"loaded", "known"}
    build(firm.data, queries=queries_of(firm.folder / "queries", "model.events"))
    with duckdb.connect() as database:
        database.execute(f"attach {literal(firm.data.warehouse)} as warehouse (read_only)")
        wrong = database.execute("""
            select count(*)
            from warehouse.raw.files
            where kept_count <> distinct_count + repeated_count + later_count
        """).fetchall()[0][0]
        assert wrong == 0
        return database.execute("""
            select * exclude (file_id, file_no, row_no)
            from warehouse.model.events
            order by firm_id, return_id, event_no
        """).fetchall()


@settings(deadline=None, max_examples=3, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10**6),
    cuts=st.lists(st.tuples(st.integers(0, MINUTES), st.integers(0, MINUTES)), min_size=1, max_size=5),
)
def test_any_cover_of_a_log_gives_the_same_warehouse(
    tmp_path_factory: pytest.TempPathFactory, seed: int, cuts: list[tuple[int, int]]
) -> None:
    chance = Random(seed)
    rows = log(chance)
    # Pieces of whole minutes, as in an export from one time to another; together they cover the log.
    spans = [(min(cut), max(cut)) for cut in cuts]
    pieces = [[line for minute, line in rows if since <= minute <= until] for since, until in spans]
    pieces.append(
        [line for minute, line in rows if not any(since <= minute <= until for since, until in spans)]
    )
    chance.shuffle(pieces)
    whole = warehouse(Firm(tmp_path_factory.mktemp("whole")), [[line for _, line in rows]])
    assert len(whole) == len(rows)
    assert warehouse(Firm(tmp_path_factory.mktemp("pieces")), pieces) == whole


def test_which_differences_make_another_event(tmp_path: Path) -> None:
    """Another office or typography is the same event; another actor is not."""
    curly = "r1,Client,K-1’s Distributed,,2026-03-04T10:00:00Z,amy,Austin"
    straight = "r1,Client,K-1's Distributed,,03/04/2026 05:00 AM,amy,Boston"
    other = "r1,Client,K-1's Distributed,,2026-03-04T10:00:00Z,bob,Austin"
    assert len(warehouse(Firm(tmp_path), [[curly], [straight], [other]])) == 2
