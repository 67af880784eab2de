"""What the pages make of their reports, run without a browser: bars, weeks, charts and sentences."""

import base64
import json
from datetime import date
from pathlib import Path

import plotly.graph_objects as go
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.draw import charts
from dashboard.draw.lists import MOST_ROWS, PAGE_ROWS
from dashboard.draw.text import day_text, moment_text, week_text
from etl.common.paths import DataDir
from etl.warehouse.ask import ask, open_warehouse
from support.shown import bars, lists, tables, texts
from support.story import read_story, tell
from tests.dashboard.test_app import page

YEAR = {"for_years": ["2025"]}
GONE = """A return of {state}.

given raw.events
return_id | event_time       | tab      | label
none      | 2026-03-01 09:00 | Internal | Upload
none      | 2026-03-02 09:00 | Internal | {label}
"""


def answer(data: DataDir, report: str, **filters: object) -> pl.DataFrame:
    with open_warehouse(data.warehouse) as warehouse:
        return ask(warehouse, report, **filters)


def drawn(app: AppTest, place: int) -> dict[str, float | None]:
    """The points of the first line of a chart, by its week."""
    line = json.loads(app.get("plotly_chart")[place].proto.spec)["data"][0]
    weeks = [text.split(":")[0] for text in line["hovertext"]]
    return dict(zip(weeks, values_of(line["y"]), strict=True))


def by_week(rows: pl.DataFrame, column: str) -> dict[str, float | None]:
    return {
        week_text(date.fromisoformat(week)): value
        for week, value in rows.select("segment", column).iter_rows()
    }


def values_of(values: list | dict) -> list[float | None]:
    """Plotly writes a list without gaps as bytes."""
    if isinstance(values, list):
        return values
    return pl.Series(memoryview(base64.b64decode(values["bdata"])).cast("d")).to_list()


def test_the_fullest_stage_bar_is_the_stage_with_most_returns_in_it(
    season: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = answer(season, "stage_funnel", **YEAR)
    shown = bars(page(season, "pipeline", monkeypatch))["Stages inside the firm"]
    now = stages["in_count"].sum()
    assert [bar["width"] for bar in shown] == [round(100 * count / now, 2) for count in stages["in_count"]]
    assert [bar["figures"] for bar in shown] == [f"{count} in it now" for count in stages["in_count"]]
    # All returns were in the first stage once; its bar would be full.
    assert shown[0]["width"] < 100 == stages["entered_percent"][0]


def test_the_cohort_grid_has_no_week_of_few_deliveries(
    season: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    weeks = (
        answer(season, "cohorts", **YEAR).group_by("segment").agg(pl.max("delivery_count")).sort("segment")
    )
    few = weeks.filter(pl.col("delivery_count") < 10)
    assert few.height
    grid = tables(page(season, "turnaround", monkeypatch))["Signed within so many days of delivery"]
    shown = [row["Week of"] for row in grid]
    assert shown and not {day_text(date.fromisoformat(week)) for week in few["segment"]} & set(shown)


def test_a_week_whose_emails_are_still_to_be_opened_is_not_drawn(
    season: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "MIN_PER_WEEK", 1)
    weeks = answer(season, "email_health", split_by="week", **YEAR).filter(pl.col("kind") == "initial")
    young = weeks.filter("is_young")
    assert young.height == 2 and young["segment"].max() == weeks["segment"].max()
    app = page(season, "email", monkeypatch)
    # Bounces come within minutes, and a week of many is worth knowing at once.
    assert drawn(app, 0) == by_week(weeks, "bounced_percent")
    old = weeks.filter(~pl.col("is_young"))
    assert drawn(app, 1) == by_week(old, "opened_percent")


@pytest.mark.parametrize(
    ("places", "shown"),
    [
        ([(-3, True), (-2, True)], (-3, 2)),
        ([(-3, True), (-1, False), (4, False), (9, True)], (-3, 4)),
        # A return of the year before that is delivered years later.
        ([(-3, False), (None, False)], (-3, 2)),
    ],
    ids=["last season alone", "both seasons", "a week far away"],
)
def test_the_axis_of_a_season_ends_after_its_deadline_or_with_its_last_week(
    season: DataDir, places: list[tuple[int | None, bool]], shown: tuple[int, int]
) -> None:
    rows = pl.DataFrame(places, {"at": pl.Int32, "is_last_season": pl.Boolean}, orient="row")
    figure = go.Figure()
    charts.set_weeks(figure, rows, answer(season, "season_weeks", season=2025))
    assert figure.layout.xaxis.range == (shown[0] - 0.5, shown[1] + 0.5)
    assert "due<br>Apr 13" in figure.layout.xaxis.ticktext


def test_a_recent_week_has_no_point_until_half_of_its_deliveries_have_come_through(
    season: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "MIN_PER_WEEK", 1)
    spans = answer(season, "turnaround", split_by="week", **YEAR)
    app = page(season, "turnaround", monkeypatch)
    (chosen,) = (one.value for one in app.get("button_group") if one.label == "From what to what")
    weeks = spans.filter(pl.col("span") == chosen)
    shown = drawn(app, 0)
    assert shown == by_week(weeks, "days_half")
    assert shown[week_text(date.fromisoformat(weeks["segment"].max()))] is None


def test_a_list_says_how_long_a_return_is_overdue_or_has_left(
    season: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = answer(season, "deadline_risk", **YEAR)["days_left"]
    assert days.min() < 0 < days.max()
    told = {
        day: f"{abs(day)} {'day' if abs(day) == 1 else 'days'} {'overdue' if day < 0 else 'left'}"
        for day in days
    } | {0: "due today"}
    shown = next(one for one in lists(page(season, "turnaround", monkeypatch)) if "Due" in str(one["sorts"]))
    assert [(row["pill"], row["isLate"]) for row in shown["rows"]] == [
        (told[day], day < 0) for day in days[:25]
    ]


@pytest.mark.parametrize(
    ("state", "label"), [("deleted", "Deleted Document"), ("archived", "Moved Document to Archived")]
)
def test_a_return_that_is_gone_is_not_said_to_be_undelivered_yet(
    state: str, label: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone.txt").write_text(GONE.format(state=state, label=label))
    warehouse = tell([read_story(tmp_path / "gone.txt")], tmp_path)
    words = texts(page(DataDir(warehouse.parent), "return", monkeypatch, id="none"))
    assert "The log shows no delivery." in words and "Not delivered yet." not in words


def test_a_page_to_print_has_all_rows_up_to_its_limit(
    season: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = answer(season, "all_returns")
    assert PAGE_ROWS < rows.height < MOST_ROWS == 5_000
    (shown,) = lists(page(season, "returns", monkeypatch, year="All", page="all"))
    assert [row["first"][0] for row in shown["rows"]] == rows["client_name"].to_list()
    monkeypatch.setattr("dashboard.draw.lists.MOST_ROWS", 120)
    (shown,) = lists(page(season, "returns", monkeypatch, year="All", page="all"))
    assert (len(shown["rows"]), shown["shown"]) == (120, f"1 to 120 of {rows.height}")


def test_a_preview_of_a_report_shows_its_first_rows_and_says_so(
    season: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = answer(season, "signature_evidence")
    app = page(season, "reports", monkeypatch, report="signature_evidence", year="All")
    assert f"{rows.height} rows, the first 100 shown." in texts(app)
    shown = tables(app)["Signature evidence"]
    assert [row["Client"] for row in shown] == rows["client_name"].head(100).to_list()
    assert {row["Year"] for row in shown} == {"2025"}
    with open_warehouse(season.warehouse) as warehouse:
        zone = warehouse.facts.timezone
    accessed = [moment_text(at, zone) for at in rows["accessed_at"].head(100)]
    assert [row["Accessed"] for row in shown] == accessed
