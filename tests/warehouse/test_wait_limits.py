"""After how many days a return is overdue: by last season, by the settings, and what the settings may say."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.config.settings import read_settings
from etl.warehouse.build import build
from support.loaded_files import shipped_settings
from support.story import read_story, tell

STORY = """As of 1 May 2026: 20 returns of the season before waited in review, for 1 to 20 days, and 5 of
another form for 21 to 25 days, too few for a limit of their own.

given raw.events
return_id | event_time | tab | label | tax_year | return_type
{last}
slow      | 2026-04-12 12:00 | Internal | Sent for Review     | 2025 | 1040
quick     | 2026-04-14 12:00 | Internal | Sent for Review     | 2025 | 1040
other     | 2026-04-12 12:00 | Internal | Sent for Review     | 2025 | 1065
first     | 2026-04-12 12:00 | Internal | Sent for ERO/Signer | 2025 | 1040
"""
AS_OF = datetime(2026, 5, 1, tzinfo=UTC)
AGING = """
[aging]
review = 30
ero_sign = 0.5
[aging.1065]
review = 2
"""


def last_season() -> str:
    return "\n".join(
        f"{form}-{days} | 2025-02-{day:02} 12:00 | Internal | {label} | 2024 | {form}"
        for form, waits in (("1040", range(1, 21)), ("1065", range(21, 26)))
        for days in waits
        for day, label in ((1, "Sent for Review"), (1 + days, "Deliver to Client"))
    )


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    folder = tmp_path_factory.mktemp("limits")
    file = folder / "last_season.txt"
    file.write_text(STORY.format(last=last_season()), encoding="utf-8")
    return DataDir(tell([read_story(file)], folder).parent)


def work_of(data: DataDir) -> list[tuple]:
    with duckdb.connect(data.warehouse, read_only=True) as warehouse:
        return warehouse.execute(
            "select return_id, limit_days, limit_basis, is_overdue from report.work_list(for_years := [2025])"
        ).fetchall()


def test_nine_of_ten_waits_of_last_season_are_the_limit(firm: DataDir) -> None:
    assert work_of(firm) == [
        ("slow", 18.0, "last season", True),
        # Of 25 waits of all forms, 23 had ended within 23 days.
        ("other", 23.0, "last season", False),
        ("quick", 18.0, "last season", False),
        # Nobody waited for the ERO last season.
        ("first", None, None, False),
    ]


CHECKED = """As of 1 May 2026: 20 returns of last season were picked up 1 to 20 days after the identity check.

given raw.events
return_id | event_time | tab | label | tax_year | return_type
{last}
now       | 2026-04-10 12:00 | Internal | Deliver to Client    | 2025 | 1040
now       | 2026-04-11 12:00 | Client   | Document KBA Success | 2025 | 1040
"""


def test_a_signature_is_checked_as_soon_as_last_season_by_the_pickup(tmp_path: Path) -> None:
    last = "\n".join(
        f"{days} | 2025-02-{day:02} 12:00 | {tab} | {label} | 2024 | 1040"
        for days in range(1, 21)
        for day, tab, label in (
            (1, "Internal", "Deliver to Client"),
            (2, "Client", "Document KBA Success"),
            (2 + days, "Internal", "E-File Forms Downloaded"),
        )
    )
    (tmp_path / "checked.txt").write_text(CHECKED.format(last=last), encoding="utf-8")
    data = DataDir(tell([read_story(tmp_path / "checked.txt")], tmp_path).parent)
    assert work_of(data) == [("now", 18.0, "last season", True)]


def test_the_settings_win_over_last_season_and_a_form_over_all_forms(firm: DataDir) -> None:
    settings = firm.root / "settings.toml"
    before = settings.read_text(encoding="utf-8")
    try:
        settings.write_text(before + AGING, encoding="utf-8")
        build(firm, AS_OF)
        assert work_of(firm) == [
            ("other", 2.0, "settings", True),
            ("first", 0.5, "settings", True),
            ("slow", 30.0, "settings", False),
            ("quick", 30.0, "settings", False),
        ]
    finally:
        settings.write_text(before, encoding="utf-8")
        build(firm, AS_OF)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("[aging]\nreviews = 3\n", 'unknown step "reviews" under [aging]. Known: unlock, fix_email, '),
        ("[aging.1040]\nnone = 3\n", 'unknown step "none" under [aging.1040]. Known: unlock, fix_email, '),
        ("[aging.104O]\nreview = 3\n", 'unknown form "104O" in [aging.104O]. Known: '),
        (
            "[aging]\nreview = 0\n",
            '"review" must be a number of days above 0, such as 2 or 0.5, not 0, under [aging].',
        ),
        (
            '[aging.1040]\nreview = "3"\n',
            '"review" must be a number of days above 0, such as 2 or 0.5, not "3", under [aging.1040].',
        ),
    ],
)
def test_a_wrong_limit_is_a_clear_error(tmp_path: Path, lines: str, sentence: str) -> None:
    data = DataDir(tmp_path)
    data.settings.parent.mkdir(exist_ok=True)
    (tmp_path / "settings.toml").write_text(shipped_settings() + lines, encoding="utf-8")
    with pytest.raises(Problem) as raised:
        read_settings(data.settings)
        build(data)
    assert f"{tmp_path / 'settings.toml'}: {sentence}" in str(raised.value)
