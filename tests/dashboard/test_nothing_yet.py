"""What pages say and still show when a firm has little: no old delivery, no email, nothing that waits."""

from pathlib import Path

import pytest

from dashboard.guard import signin
from etl.access.scope import Scope
from etl.common.paths import DataDir
from etl.config.access import VIEWER
from support.shown import bars, drawn_by, lists, tables, texts
from support.story import read_story, tell
from tests.dashboard.test_app import page

UNDELIVERED = """A return is being prepared.

given raw.events
return_id | event_time       | tab      | label
first     | 2026-04-28 09:00 | Internal | Upload

given raw.returns
return_id | tax_year
first     | 2025
"""
YOUNG = """A return was delivered some days ago.

given raw.events
return_id | event_time       | tab      | label                   | status
first     | 2026-04-27 09:00 | Internal | Upload                  |
first     | 2026-04-28 09:00 | Internal | Deliver to Client       |
first     | 2026-04-28 09:01 | Client   | Taxpayer: Initial Email | Processed
first     | 2026-04-28 09:02 | Client   | Taxpayer: Initial Email | Delivered

given raw.returns
return_id | tax_year
first     | 2025
"""
DONE = """A return was deleted.

given raw.events
return_id | event_time       | tab      | label
first     | 2026-04-28 09:00 | Internal | Upload
first     | 2026-04-28 10:00 | Internal | Deleted Document

given raw.returns
return_id | tax_year
first     | 2025
"""


def told(story: str, folder: Path) -> DataDir:
    (folder / "story.txt").write_text(story)
    return DataDir(tell([read_story(folder / "story.txt")], folder).parent)


def test_turnaround_without_an_old_delivery_shows_all_but_its_cards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(told(YOUNG, tmp_path), "turnaround", monkeypatch)
    assert "No delivery is 21 days old yet." in texts(app)
    assert "No delivery matches" not in texts(app)
    assert [one["label"] for one in drawn_by(app, "numbers")] == ["Where returns wait inside the firm"]
    assert [header.value for header in app.header] == [
        "By week of delivery",
        "Signed within so many days of delivery",
        "Where returns wait inside the firm",
        "Due soonest and not signed",
        "Recalls",
    ]
    assert tables(app)["Where returns wait inside the firm"]


def test_pipeline_without_an_old_delivery_shows_the_firm_and_its_toggle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = told(YOUNG, tmp_path)
    app = page(data, "pipeline", monkeypatch)
    assert "No delivery is 14 days old yet." in texts(app)
    assert [*bars(app)] == ["Stages inside the firm"]
    assert [toggle.value for toggle in app.toggle] == [True]
    assert [*bars(page(data, "pipeline", monkeypatch, old="false"))] == [
        "Steps of the funnel",
        "Stages inside the firm",
    ]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("email", "No email is logged yet."),
        ("turnaround", "Nothing is delivered yet."),
        ("pipeline", "Nothing is delivered yet."),
    ],
)
def test_what_is_not_there_yet_is_not_blamed_on_filters_that_nobody_picked(
    name: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = told(UNDELIVERED, tmp_path)
    for address in ({}, {"year": "2025"}, {"year": "All"}):
        app = page(data, name, monkeypatch, **address)
        assert sentence in texts(app) and "Clear filters" not in [one.label for one in app.button]


def test_a_clean_desk_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(told(DONE, tmp_path), "attention", monkeypatch)
    assert "Nothing is waiting." in texts(app)
    assert "Clear filters" not in [one.label for one in app.button]


def test_a_return_that_waits_on_the_other_side_is_no_clean_desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = told(YOUNG, tmp_path)
    app = page(data, "attention", monkeypatch)
    assert "No return is waiting on us." in texts(app) and "Nothing is waiting." not in texts(app)
    app = page(data, "attention", monkeypatch, move="Waiting on client")
    assert [one["counted"] for one in lists(app)] == ["1 return"]


@pytest.mark.parametrize(
    ("name", "nouns"), [("email", ["emails", "delivered emails"]), ("turnaround", ["deliveries"])]
)
def test_weeks_without_a_point_are_a_sentence_and_no_chart(
    name: str, nouns: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(told(YOUNG, tmp_path), name, monkeypatch)
    assert not app.get("plotly_chart")
    for noun in nouns:
        assert f"No week with 30 {noun} or more can be judged yet." in texts(app)


def test_a_viewer_is_not_told_that_small_weeks_are_left_out(
    season: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_out = "Weeks with fewer than 10 deliveries are left out."
    assert left_out in texts(page(season, "turnaround", monkeypatch))
    monkeypatch.setattr(signin, "reader", lambda: Scope(VIEWER))
    assert left_out not in texts(page(season, "turnaround", monkeypatch))
