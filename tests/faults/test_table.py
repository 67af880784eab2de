"""The table of faults names tests that exist, and its page has a row for every fault."""

import re

from faults.table import CHECKOUT, ELSEWHERE, FAULTS, written


def test_every_test_in_another_folder_exists() -> None:
    for places in ELSEWHERE.values():
        for place in places:
            file, _, name = place.partition("::")
            text = (CHECKOUT / file).read_text(encoding="utf-8")
            assert re.search(rf"^def {name or 'test_'}", text, flags=re.MULTILINE), place


def test_the_page_has_every_fault_under_its_name() -> None:
    assert {fault: row[1] for fault, row in written().items()} == FAULTS
