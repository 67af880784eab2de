"""Above every page stands which events are missing; a demo says that it is one."""

import html
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.draw import notices
from etl.common.paths import CHECKOUT, DataDir
from etl.config.settings import read_settings
from etl.store.load import load
from etl.warehouse.build import build

PAGES = ("attention", "returns", "return", "pipeline", "turnaround", "email", "reports", "add", "data")
LABELS = {"Client": "Document KBA Success", "Internal": "Upload"}
MISSING_DAY = (
    "Internal Tracking has no event on Wed, Mar 18, 2026, when events are usual: an export may "
    "be missing. Load it if so."
)
MISSING_SINCE = (
    "{} no event after {}: the exports since then are missing. Load them with returntrail run, or ask "
    "whoever schedules it."
)
NOT_BUILT = (
    "These numbers were built on Jun 1, 2026, 8:00 AM and nothing since. Load the newest exports with "
    "`returntrail run`, or ask whoever schedules it."
)


def log_lines(first: date, last: date, a_day: int) -> list[str]:
    """Lines of a log with so many events of each tab on every weekday."""
    lines = ["Return ID,Tab,Event,Date/Time"]
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if day.isoweekday() <= 5:
            lines += [
                f"r{hour},{tab},{label},{day} {hour + 8:02}:00"
                for hour in range(a_day)
                for tab, label in LABELS.items()
            ]
    return lines


def make(root: Path, lines: list[str]) -> DataDir:
    data = DataDir(root / "data")
    data.root.mkdir(parents=True)
    log = root / "log.csv"
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    load(data, read_settings(data.settings), [log])
    build(data)
    with duckdb.connect(str(data.warehouse)) as opened:
        opened.execute("update raw.build set built_at = '2026-06-01 12:00:00'")
    return data


@pytest.fixture(scope="module")
def in_season(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """Events of every weekday from February 2 to March 27, but for a Wednesday of the firm."""
    lines = log_lines(date(2026, 2, 2), date(2026, 3, 27), 12)
    kept = [line for line in lines if not (",Internal," in line and "2026-03-18" in line)]
    return make(tmp_path_factory.mktemp("in season"), kept)


@pytest.fixture(scope="module")
def off_season(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    return make(tmp_path_factory.mktemp("off season"), log_lines(date(2026, 5, 20), date(2026, 5, 22), 2))


def warnings(data: DataDir, monkeypatch: pytest.MonkeyPatch, now: str, page: str = "attention") -> list[str]:
    """What is above a page at a time of New York."""
    moment = datetime.fromisoformat(now).astimezone(UTC)
    monkeypatch.setattr(notices, "now", lambda: moment)
    monkeypatch.setenv("RETURNTRAIL_DATA", str(data.root))
    app = AppTest.from_file(str(CHECKOUT / "dashboard" / "frame.py"), default_timeout=300)
    app.switch_page(f"page/{page}.py")
    app.run()
    assert not app.exception, app.exception
    return [html.unescape(warning.value) for warning in app.warning]


def test_a_missing_day_is_said_on_every_page(in_season: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    for page in PAGES:
        assert warnings(in_season, monkeypatch, "2026-03-30 08:00-04:00", page) == [MISSING_DAY], page


@pytest.mark.parametrize(
    ("now", "since"),
    [
        ("2026-03-31 11:59-04:00", None),
        ("2026-03-31 12:00-04:00", "Client Tracking and Internal Tracking have"),
        ("2026-10-30 09:00-04:00", "Client Tracking and Internal Tracking have"),
    ],
    ids=["an export of yesterday may still come", "it is late", "months later"],
)
def test_what_counts_is_the_newest_event_and_not_the_build(
    in_season: DataDir, monkeypatch: pytest.MonkeyPatch, now: str, since: str | None
) -> None:
    late = [MISSING_SINCE.format(since, "Fri, Mar 27, 2026")] if since else []
    assert warnings(in_season, monkeypatch, now) == [*late, MISSING_DAY]


def test_off_season_only_a_build_of_more_than_a_week_ago_is_old(
    off_season: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert warnings(off_season, monkeypatch, "2026-06-09 07:00-04:00") == []
    assert warnings(off_season, monkeypatch, "2026-06-09 09:00-04:00") == [NOT_BUILT]


def test_events_that_end_before_the_season_are_missing_in_it(
    off_season: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = MISSING_SINCE.format("Client Tracking and Internal Tracking have", "Fri, May 22, 2026")
    assert warnings(off_season, monkeypatch, "2027-02-03 09:00-05:00") == [since]


def test_a_demo_says_what_it_is_on_every_page_and_is_never_old(
    season: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    for page in PAGES:
        monkeypatch.setenv("RETURNTRAIL_DATA", str(season.root))
        app = AppTest.from_file(str(CHECKOUT / "dashboard" / "frame.py"), default_timeout=300)
        app.switch_page(f"page/{page}.py")
        app.run()
        demo = "Demo: an invented firm; its clock stands at Apr 2, 2026."
        assert demo in [caption.value for caption in app.caption], page
        assert not app.warning, page
