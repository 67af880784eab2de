"""Every line of tests/labels.txt is read as it says: through the loader and the models, in one build."""

import csv
from collections import Counter
from difflib import ndiff
from pathlib import Path

import pytest

from etl.common.paths import CHECKOUT, SHIPPED
from etl.warehouse.ask import open_warehouse, warehouse_cursor
from support.story import Block, Story, cells, tell

PAIRS = CHECKOUT / "tests" / "labels.txt"


@pytest.fixture(scope="module")
def pairs() -> list[tuple[list[str], str]]:
    """Tab, label and status of each pair, and what it should be read as."""
    lines = PAIRS.read_text(encoding="utf-8").splitlines()[2:]
    split = [line.rsplit(" -> ", 1) for line in lines if line and not line.startswith("#")]
    return [(cells(seen), expected) for seen, expected in split]


def test_labels_are_read_as_the_pairs_say(pairs: list[tuple[list[str], str]], tmp_path: Path) -> None:
    rows = [[str(number), "2026-03-01 09:00", *seen] for number, (seen, _) in enumerate(pairs, 1)]
    log = Block("given", "raw.events", ["return_id", "event_time", "tab", "label", "status"], rows)
    with (
        open_warehouse(tell([Story("pairs", "", [log])], tmp_path)) as warehouse,
        warehouse_cursor(warehouse.database) as cursor,
    ):
        found = cursor.execute("""
            select code || coalesce(' [' || recipient || ']', '')
            from model.events
            order by cast(return_id as integer)
        """).fetchall()
    read = [f"{' | '.join(seen)} -> {code}" for (seen, _), (code,) in zip(pairs, found, strict=True)]
    wanted = [f"{' | '.join(seen)} -> {expected}" for seen, expected in pairs]
    if read != wanted:
        pytest.fail("\n".join(line for line in ndiff(wanted, read) if line[0] in "+-"), pytrace=False)


def test_every_label_of_the_catalogue_has_five_pairs(pairs: list[tuple[list[str], str]]) -> None:
    with open(SHIPPED / "reference" / "labels.csv", encoding="utf-8", newline="") as file:
        labels = {(row["tab"], row["code"]) for row in csv.DictReader(file)}
    paired = Counter((seen[0], expected.split(" [")[0]) for seen, expected in pairs)
    assert {label: paired[label] for label in labels if paired[label] < 5} == {}
