"""How a search reads letters: both engines have the same table, and an accent does not matter."""

import unicodedata

import duckdb
import pytest

from etl.common.paths import QUERIES

# Latin-1, Latin Extended-A, and the letters of Vietnamese.
RANGES = (range(0xC0, 0x180), range(0x1EA0, 0x1EFA))
# Letters with a stroke, and the small i without a dot, which Unicode does not take apart.
STRUCK = {"Ø": "o", "Đ": "d", "Ð": "d", "Ł": "l", "Ħ": "h", "Ŧ": "t", "ı": "i"}
STRUCK |= {letter.lower(): plain for letter, plain in STRUCK.items()}


def table_of(engine: str) -> str:
    """The letters and their replacements, as the file of the engine has them."""
    text = (QUERIES / "functions" / f"{engine}.sql").read_text(encoding="utf-8")
    return text.split(" folded(", 1)[1].split("translate(\n", 1)[1].split("\n", 1)[1].split("\n    )", 1)[0]


def plain(letter: str) -> str:
    base, *marks = unicodedata.normalize("NFD", letter)
    return STRUCK.get(letter) or (base if marks and base.isascii() else letter).lower()


def test_both_engines_fold_the_same_letters() -> None:
    assert table_of("duckdb") == table_of("spark")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_an_accent_does_not_matter(form: str) -> None:
    letters = [chr(code) for codes in RANGES for code in codes if chr(code).isalpha()]
    with duckdb.connect() as database:
        database.execute((QUERIES / "functions" / "duckdb.sql").read_text(encoding="utf-8"))
        for letter in letters:
            written = unicodedata.normalize(form, letter)
            [(folded,)] = database.execute("select folded($1)", [f"O'{written},X’"]).fetchall()
            assert folded == f"o{plain(letter)} x", letter
