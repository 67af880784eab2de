"""A missing export is noticed at the next load, and a quiet day off-season is not taken for one.

`season_days.csv` has the events of each day of a season, of firms with 300, 1,500 and 3,000 returns.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from etl.common.duck import literal
from etl.common.paths import DataDir
from etl.config.settings import read_settings
from etl.store.load import load
from etl.warehouse.build import build

SEASON_DAYS = Path(__file__).with_name("season_days.csv")
DAY = timedelta(days=1)
DEADLINE = date(2025, 4, 15)
Row = tuple[str, date, date, int, bool]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse as it is built, whose counts of days each test replaces."""
    data = DataDir(tmp_path_factory.mktemp("days") / "data")
    data.root.mkdir()
    log = data.root / "log.csv"
    log.write_text("Return ID,Tab,Event,Date/Time\na,Internal,Upload,2025-01-02 09:00\n", encoding="utf-8")
    load(data, read_settings(data.settings), [log])
    build(data)
    with duckdb.connect(str(data.warehouse)) as opened:
        yield opened


def set_season(warehouse: duckdb.DuckDBPyConnection, returns: int) -> None:
    """Puts the days of a firm's season into the warehouse."""
    warehouse.execute(
        "create or replace temp table season as select 'firm' as firm_id, tab, event_on, event_count "
        f"from read_csv({literal(str(SEASON_DAYS))}) where returns = {returns}"
    )
    show(warehouse)


def show(warehouse: duckdb.DuckDBPyConnection, without: list[date] = [], last: date = date.max) -> None:  # noqa: B006
    """Lets the warehouse have the season up to a day, without some days."""
    warehouse.execute("delete from mart.event_days")
    warehouse.execute(
        "insert into mart.event_days by name select * from season "
        "where event_on <= $last and not list_contains($without, event_on)",
        {"last": last, "without": without},
    )


def silent(warehouse: duckdb.DuckDBPyConnection, until: date) -> list[Row]:
    return warehouse.execute(
        "select tab, silent_since, silent_until, day_count, is_open from report.silent_days(until := $until)",
        {"until": until},
    ).fetchall()


def weekday_after(day: date) -> date:
    day += DAY
    while day.isoweekday() > 5:
        day += DAY
    return day


def weekdays_until(last: date, count: int) -> list[date]:
    """The weekdays that end on a day."""
    found: list[date] = []
    while len(found) < count:
        if last.isoweekday() <= 5:
            found.insert(0, last)
        last -= DAY
    return found


def test_each_missing_weekday_of_a_season_is_noticed_at_the_next_load(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    set_season(warehouse, 1500)
    for day in weekdays_until(DEADLINE, 40):
        expected = [(tab, day, day, 1, False) for tab in ("Client", "Internal")]
        show(warehouse, without=[day], last=weekday_after(day))
        assert silent(warehouse, weekday_after(day)) == expected, "at the next load"
        show(warehouse, without=[day])
        assert silent(warehouse, date(2025, 11, 14)) == expected, "at the end of the season"


def test_a_missing_week_is_one_period(warehouse: duckdb.DuckDBPyConnection) -> None:
    set_season(warehouse, 1500)
    week = [date(2025, 3, 10) + number * DAY for number in range(7)]
    show(warehouse, without=week)
    assert silent(warehouse, date(2025, 11, 14)) == [
        ("Client", week[0], week[4], 5, False),
        ("Internal", week[0], week[4], 5, False),
    ]


@pytest.mark.parametrize("returns", [300, 1500, 3000])
def test_no_day_that_was_quiet_is_taken_for_a_missing_one(
    warehouse: duckdb.DuckDBPyConnection, returns: int
) -> None:
    """On each day of the year, with the events of the days before it."""
    set_season(warehouse, returns)
    day, alarms = date(2025, 2, 17), list[tuple[date, list[Row]]]()
    while day <= date(2025, 11, 14):
        show(warehouse, last=day)
        alarms += [(day, rows)] if (rows := silent(warehouse, day)) else []
        day += DAY
    assert alarms == []


def test_data_that_end_in_the_season_are_missed_until_more_come(warehouse: duckdb.DuckDBPyConnection) -> None:
    set_season(warehouse, 1500)
    last, today = date(2025, 4, 2), date(2025, 4, 8)
    show(warehouse, last=last)
    assert silent(warehouse, last) == []
    assert silent(warehouse, today) == [
        ("Client", date(2025, 4, 3), today, 4, True),
        ("Internal", date(2025, 4, 3), today, 4, True),
    ]


def test_one_tab_that_ends_before_the_other_is_missed(warehouse: duckdb.DuckDBPyConnection) -> None:
    set_season(warehouse, 1500)
    show(warehouse, last=date(2025, 4, 2))
    warehouse.execute("delete from mart.event_days where tab = 'Client' and event_on > '2025-03-31'")
    assert silent(warehouse, date(2025, 4, 2)) == [("Client", date(2025, 4, 1), date(2025, 4, 2), 2, True)]


def test_data_that_end_in_autumn_are_missed_in_february(warehouse: duckdb.DuckDBPyConnection) -> None:
    set_season(warehouse, 1500)
    assert silent(warehouse, date(2026, 1, 30)) == []
    assert silent(warehouse, date(2026, 2, 3)) == [
        (tab, date(2026, 2, 2), date(2026, 2, 3), 2, True) for tab in ("Client", "Internal")
    ]


def test_data_that_end_are_missed_though_there_were_few(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Too few to expect events on any day; nothing for 60 days is too long for any firm before October 15."""
    set_season(warehouse, 300)
    show(warehouse, last=date(2025, 5, 2))
    assert silent(warehouse, date(2025, 7, 1)) == []
    assert [row[:2] for row in silent(warehouse, date(2025, 7, 2))] == [
        ("Client", date(2025, 7, 2)),
        ("Internal", date(2025, 7, 2)),
    ]


def test_the_newest_event_of_a_tab_may_be_of_a_weekend(warehouse: duckdb.DuckDBPyConnection) -> None:
    set_season(warehouse, 1500)
    show(warehouse, last=date(2025, 3, 9))
    seen = warehouse.execute(
        "select tab, silent_since, seen_on from report.silent_days(until := '2025-03-10') where is_open"
    ).fetchall()
    assert seen == [
        ("Client", date(2025, 3, 10), date(2025, 3, 9)),
        ("Internal", date(2025, 3, 10), date(2025, 3, 8)),
    ]


def test_a_firm_rests_on_a_federal_holiday_and_its_clients_do_not(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    set_season(warehouse, 3000)
    washingtons_birthday = date(2025, 2, 17)
    warehouse.execute(
        "update season set event_count = 20 where event_on between '2025-02-01' and '2025-02-28'"
    )
    show(warehouse, without=[washingtons_birthday])
    assert silent(warehouse, date(2025, 11, 14)) == [
        ("Client", washingtons_birthday, washingtons_birthday, 1, False)
    ]


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (2026, "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25"),
        (2027, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31"),
    ],
)
def test_the_federal_holidays_of_a_year(warehouse: duckdb.DuckDBPyConnection, year: int, days: str) -> None:
    """As the Office of Personnel Management lists them, on the weekdays on which they are kept."""
    found = warehouse.execute(
        "select strftime(day, '%m-%d') from (select cast(unnest(generate_series(cast($first as date), "
        "cast($last as date), interval '1' day)) as date) as day) where is_federal_holiday(day) and "
        "isodow(day) <= 5",
        {"first": f"{year}-01-01", "last": f"{year}-12-31"},
    ).fetchall()
    assert " ".join(day for (day,) in found) == days
