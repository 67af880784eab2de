"""Parts of every version are read in the same columns."""

import hashlib
from pathlib import Path

import duckdb
import pytest

from etl.common.duck import literal
from etl.common.paths import DataDir
from etl.store.contents import CONTENT_HASH, EVENT, RETURN_KEY, SET, TIDIED, records_of, sets_of
from etl.store.parts import Part, parts

# Three parts that the first version wrote, and the exports that it loaded.
VERSION_1 = Path(__file__).parents[1] / "support" / "parts_v1"
JANUARY = "f7cbaabf83bad960"


@pytest.fixture
def old() -> Part:
    return next(part for part in parts(DataDir(VERSION_1)) if part.file_id == JANUARY)


def rows(query: str) -> list[tuple]:
    with duckdb.connect() as database:
        return database.execute(query).fetchall()


def test_a_part_of_the_first_version_is_taken_apart(old: Part) -> None:
    """A return has a set for each combination of its attributes, numbered in the order of the file."""
    named = "set_no, firm_id, return_id, client_name, office, tax_year, is_joint"
    assert rows(f"select {named} from ({sets_of(old)}) order by set_no") == [
        (1, "oak", "r1", "Ann Ash", "Austin", 2025, True),
        (2, "oak", "r1", "Ann Ash-Oak", "Austin", 2025, True),
        (3, "elm", "r1", "Cy Elm", None, None, None),
        (4, "elm", "r2", "Di Elm", None, 2025, None),
    ]
    assert rows(
        f"select set_no, row_no, label, pattern, subject from ({records_of(old)}) order by row_no"
    ) == [
        (1, 1, None, "Upload", None),
        (1, 2, None, "Upload", None),
        (1, 3, None, "Deliver to Client", None),
        (1, 4, None, "Taxpayer: Initial Email", None),
        (1, 5, None, "Taxpayer: Initial Email", None),
        (2, 6, None, 'Document "..."', 'Ash "2025" federal.pdf'),
        (2, 7, "“Document”  “Ash state.pdf”", '"..."', 'Document" "Ash state.pdf'),
        (3, 8, None, "Upload", None),
        (3, 9, None, "Deliver to Company/Client", None),
        (3, 10, None, "Taxpayer: Initial Email", None),
        (4, 14, None, "null", None),
    ]


def test_no_value_of_the_first_version_is_lost(old: Part) -> None:
    names = f"{EVENT}, {SET}"
    joined = f"select {names} from ({records_of(old)}) join ({sets_of(old)}) using (set_no) order by row_no"
    labelled = f"select * replace (coalesce(label, {TIDIED}) as label) from ({joined})"
    assert rows(labelled) == rows(f"select {names} from {literal(old.data)} order by row_no")


def test_the_numbers_are_those_of_the_hashes(old: Part) -> None:
    """The key is made of the last bytes of a hash; content hashes have the order of the row hashes."""
    for key, firm_id, return_id in rows(f"select return_key, firm_id, return_id from ({sets_of(old)})"):
        digest = hashlib.md5(f"{firm_id}\0{return_id}".encode()).digest()
        assert key == int.from_bytes(digest[8:], "little") - 2**63
    hashes = dict(rows(f"select row_no, row_hash from {literal(old.data)}"))
    found = rows(f"select row_no, content_hash from ({records_of(old)})")
    assert {row_no: number + 2**63 for row_no, number in found} == {
        row_no: int(row_hash[:16], 16) for row_no, row_hash in hashes.items()
    }


def test_the_least_and_the_greatest_hash_are_numbers() -> None:
    least, greatest = -(2**63), 2**63 - 1
    texts = f"(values ('{'0' * 32}'), ('{'f' * 32}')) as texts (row_hash)"
    assert rows(f"select {CONTENT_HASH} from {texts} order by row_hash") == [(least,), (greatest,)]
    assert rows(f"select {RETURN_KEY} from (select 'oak' as firm_id, 'r1' as return_id)") == [
        (-7907871979684357930,)
    ]


def test_a_column_that_an_older_part_does_not_have_is_null(old: Part, tmp_path: Path) -> None:
    older = Part(tmp_path, {"file_id": JANUARY, "kind": "events"})
    rows(f"copy (select * exclude (subject, office) from {literal(old.data)}) to {literal(older.data)}")
    assert rows(f"select count(subject), count(*) from ({records_of(older)})") == [(0, 11)]
    assert rows(f"select count(office), count(*) from ({sets_of(older)})") == [(0, 4)]
