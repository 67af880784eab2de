"""Days and clocks as dialogs write them become times that every source reads."""

import pytest

from etl.read.dialog_times import TIME, day_of, is_clock, joined_time, time_text


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Thursday, March 26, 2026", "2026-03-26"),
        ("Thu Mar 26, 2026", "2026-03-26"),
        ("March 26th, 2026", "2026-03-26"),
        ("SEPT. 3, 2026", "2026-09-03"),
        # Month or day first? The load compares the weekday.
        ("Thursday 3/26/2026", "Thu 3/26/2026"),
        ("3/26/2026", "3/26/2026"),
        ("2026-03-26", "2026-03-26"),
        # It was a Thursday.
        ("Friday, March 26, 2026", None),
        ("February 30, 2026", None),
        ("Upload", None),
        ("3/26/2026 7:20 PM", None),
        ("Period: 3/26/2026", None),
    ],
)
def test_a_day_alone(text: str, day: str | None) -> None:
    assert day_of(text) == day


@pytest.mark.parametrize(
    ("day", "clock", "time"),
    [
        ("2026-03-26", "7:20 PM", "2026-03-26 19:20"),
        ("2026-03-26", "12:05:09 a.m.", "2026-03-26 00:05:09"),
        ("2026-03-26", "19:20", "2026-03-26 19:20"),
        ("2026-03-26", "7:20pm ET", "2026-03-26 19:20 ET"),
        ("3/26/2026", "7:20 pm", "3/26/2026 7:20 PM"),
        ("3/26/2026", "19:20", "3/26/2026 19:20"),
        ("Thu 3/26/2026", "7:20 pm", "Thu 3/26/2026 7:20 PM"),
    ],
)
def test_a_clock_below_a_day(day: str, clock: str, time: str) -> None:
    assert is_clock(clock)
    assert joined_time(day, clock) == time


@pytest.mark.parametrize(
    ("text", "found", "time"),
    [
        ("Access Link selected 3/26/2026 7:20 PM Ann Lee", "3/26/2026 7:20 PM", "3/26/2026 7:20 PM"),
        ("Thursday, March 26, 2026 at 7:20 PM EDT", None, "2026-03-26 19:20 EDT"),
        ("Mar 26, 2026, 07:20:04 PM", None, "2026-03-26 19:20:04"),
        ("26 March 2026 at 7:20 PM", None, "2026-03-26 19:20"),
        ("7:20 PM", "", None),
    ],
)
def test_a_time_in_a_text(text: str, found: str | None, time: str | None) -> None:
    match = TIME.search(text)
    assert (match[0] if match else "") == (text if found is None else found)
    assert (time_text(match) if match else None) == time
