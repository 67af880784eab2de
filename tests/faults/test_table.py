"""The table of faults names tests that exist, and its page has a row for every fault."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from faults import table
from faults.table import CHECKOUT, ELSEWHERE, FAULTS, HEADING, Row, write_page, written


def test_every_test_in_another_folder_exists() -> None:
    for places in ELSEWHERE.values():
        for place in places:
            file, _, name = place.partition("::")
            text = (CHECKOUT / file).read_text(encoding="utf-8")
            assert re.search(rf"^def {name or 'test_'}", text, flags=re.MULTILINE), place


def test_the_page_has_every_fault_under_its_name() -> None:
    assert {fault: row[1] for fault, row in written().items()} == FAULTS


def test_several_that_write_their_rows_at_once_leave_the_page_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "faults.md"
    page.write_text("What is tested.\n\n" + "\n".join(table.table(written())) + "\n", encoding="utf-8")
    monkeypatch.setattr(table, "PAGE", page)
    others = [fault for fault in FAULTS if fault not in ("F1", "S14")]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda fault: write_page({fault: Row(tests=77).cells(fault)}), others))
    tests = {fault: row[HEADING.index("tests")] for fault, row in written().items()}
    assert tests.keys() == FAULTS.keys()
    assert {fault for fault, count in tests.items() if count == "77"} == set(others)
    assert page.read_text(encoding="utf-8").startswith("What is tested.\n\n| fault |")
    assert [file.name for file in tmp_path.iterdir()] == ["faults.md"]
