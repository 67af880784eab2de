"""The name of a content says where it is, and no part of it has a taxpayer number."""

from pathlib import Path

import pytest

from etl.store.texts import content_name


@pytest.mark.parametrize(
    ("name", "place", "shown", "count"),
    [
        ("march.csv", (), "march.csv", 0),
        ("Lee.xlsx", ("Client Tracking",), "Lee.xlsx › Client Tracking", 0),
        ("march.zip", ("export/a.csv",), "march.zip › export/a.csv", 0),
        ("march.zip", ("Lee.xlsx", "Client Tracking"), "march.zip › Lee.xlsx › Client Tracking", 0),
        ("123-45-6789.zip", ("078-05-1120/a.csv",), "[TIN].zip › [TIN]/a.csv", 2),
        ("Lee.xlsx", ("SSN 123456789",), "Lee.xlsx › SSN [TIN]", 1),
        ("Lee.zip", ("123/45/6789.csv",), "Lee.zip › [TIN].csv", 1),
    ],
)
def test_the_name_of_a_content(name: str, place: tuple[str, ...], shown: str, count: int) -> None:
    assert content_name(Path("/inbox", name), place) == (shown, count)
