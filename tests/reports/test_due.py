"""When a report is due: each slot once, also over clock changes, and after a pause only the latest."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.config.subscription import Subscription
from etl.reports.schedule import due_slot, utc_moment

NEW_YORK = ZoneInfo("America/New_York")
QUARTER = timedelta(minutes=15)
ZONES = [NEW_YORK, *map(ZoneInfo, ("America/Los_Angeles", "America/Phoenix", "Australia/Lord_Howe"))]


def slot(
    every: str, at: str, not_before: str = "00:00", weekday: int = 0, zone: ZoneInfo = NEW_YORK
) -> str | None:
    wanted = Subscription("work_list", weekday=weekday, not_before=time.fromisoformat(not_before))
    return due_slot(wanted, every, datetime.fromisoformat(at).replace(tzinfo=zone), zone, "digest")


@pytest.mark.parametrize(
    ("every", "at", "not_before", "expected"),
    [
        ("day", "2026-03-04T07:00", "07:00", "2026-03-04"),
        ("day", "2026-03-04T06:59", "07:00", "2026-03-03"),
        ("day", "2026-03-01T06:59", "07:00", "2026-02-28"),
        ("week", "2026-03-09T07:00", "07:00", "2026-03-09"),
        ("week", "2026-03-09T06:59", "07:00", "2026-03-02"),
        ("week", "2026-03-15T23:59", "00:00", "2026-03-09"),
        ("month", "2026-03-01T06:59", "07:00", "2026-02-01"),
        ("month", "2026-03-31T12:00", "07:00", "2026-03-01"),
        ("load", "2026-03-31T12:00", "00:00", "digest"),
        ("never", "2026-03-31T12:00", "00:00", None),
    ],
)
def test_the_slot_is_the_latest_that_has_begun(
    every: str, at: str, not_before: str, expected: str | None
) -> None:
    assert slot(every, at, not_before) == expected


def test_a_weekday_is_the_firms_weekday() -> None:
    # Monday evening in New York is Tuesday in UTC.
    late = datetime(2026, 3, 10, 2, tzinfo=UTC)
    assert due_slot(Subscription("work_list"), "week", late, NEW_YORK, "") == "2026-03-09"
    assert due_slot(Subscription("work_list", weekday=1), "week", late, NEW_YORK, "") == "2026-03-03"


def test_a_missing_hour_moves_forward_and_of_a_repeated_one_the_first_counts() -> None:
    assert utc_moment(date(2026, 3, 8), time(2, 30), NEW_YORK) == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    assert utc_moment(date(2026, 11, 1), time(1, 30), NEW_YORK) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("not_before", ["00:00", "01:30", "02:00", "02:30", "03:00", "23:45"])
@pytest.mark.parametrize("start", ["2026-03-05", "2026-10-29", "2026-04-02", "2026-10-01"])
def test_over_a_clock_change_each_day_comes_once_and_in_order(
    zone: ZoneInfo, not_before: str, start: str
) -> None:
    now = datetime.fromisoformat(start).replace(tzinfo=UTC)
    days = []
    for _ in range(6 * 96):
        now += QUARTER
        found = due_slot(
            Subscription("work_list", not_before=time.fromisoformat(not_before)), "day", now, zone, ""
        )
        if not days or days[-1] != found:
            days.append(found)
    first = date.fromisoformat(days[0])
    assert days == [str(first + timedelta(days=number)) for number in range(len(days))]
    assert len(days) in (6, 7, 8)


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2035, 1, 1)),
    st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    st.sampled_from(["day", "week", "month"]),
    st.integers(0, 6),
    st.sampled_from(ZONES),
)
def test_a_slot_has_begun_and_the_next_has_not(
    at: datetime, not_before: time, every: str, weekday: int, zone: ZoneInfo
) -> None:
    now = at.replace(tzinfo=UTC)
    found = date.fromisoformat(
        due_slot(Subscription("x", weekday=weekday, not_before=not_before), every, now, zone, "")
    )
    following = found + timedelta(days={"day": 1, "week": 7}.get(every, 0))
    if every == "month":
        following = (found + timedelta(days=31)).replace(day=1)
    assert utc_moment(found, not_before, zone) <= now < utc_moment(following, not_before, zone)
    assert (every, found.weekday()) == ("week", weekday) or every != "week"
