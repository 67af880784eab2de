"""A check suggests a format for each way to write a time, and a load with it gives the right moment."""

import re
from pathlib import Path

import pytest

from etl.check.command import check_file
from etl.check.terminal import file_text
from etl.common.paths import SHIPPED
from etl.config.settings import read_settings
from support.loaded_files import Firm, events

SETTINGS = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
FORMATS = re.compile(r"time_formats = \[[^\]]*\]")
# Two ways to write 2026-03-26 19:20:04 or 19:20:00 in New York, and whether the seconds are written.
WAYS = {
    "26-Mar-26 19:20": 0,
    "26 Mar 2026 19:20:04": 4,
    "Mar 26, 2026 at 7:20 PM": 0,
    "March 26, 2026, 7:20 PM": 0,
    "Thursday, March 26, 2026 7:20 PM": 0,
    "Thu Mar 26 2026 19:20:04 GMT-0400 (Eastern Daylight Time)": 4,
    "Thu, 26 Mar 2026 23:20:04 GMT": 4,
    "Mar 26 2026 7:20PM": 0,
    "Mar-26-2026 19:20": 0,
    "3/26/2026 7:20PM": 0,
    "3/26/2026 7:20 p.m.": 0,
    "3/26/26, 7:20 PM": 0,
    "03-26-2026 07:20 PM": 0,
    "26.03.2026 19:20": 0,
    "20260326192004": 4,
    "2026-03-26T23:20:04.0000000Z": 4,
    "2026-03-26T23:20:04+0000": 4,
    "2026-03-26 19:20:04 -0400": 4,
    "2026-03-26 7:20:04 PM": 4,
    "2026-03-26T19:20:04-04:00[America/New_York]": 4,
    "03/26/2026 19:20:04.000": 4,
    "1774567204": 4,
    "1774567204.0": 4,
    "1774567204000": 4,
    "46107.8056018519": 4,
}


def checked(folder: Path, times: list[str]) -> tuple[Firm, Path, str]:
    firm = Firm(folder, SETTINGS)
    rows = (f'r1,Client,Event {number},"{time}"' for number, time in enumerate(times))
    file = firm.file("log.csv", "\n".join(["Return ID,Tab,Event,Date/Time", *rows, ""]))
    return firm, file, file_text(check_file(firm.data, read_settings(firm.data.settings), file))


@pytest.mark.parametrize("text", WAYS)
def test_dates_of_other_offices_get_a_format_that_reads_them_rightly(tmp_path: Path, text: str) -> None:
    firm, file, said = checked(tmp_path, [text])
    if pasted := re.search(rf"^{FORMATS.pattern}$", said, re.MULTILINE):
        before, _, after = SETTINGS.rpartition("time_formats = [")
        own = before + pasted[0] + after.partition("\n]")[2]
        firm.data.settings.write_text(own, encoding="utf-8")
    [outcome] = firm.load(file)
    assert outcome.part is not None, outcome.reason
    assert events(outcome.part, "event_at::varchar") == [(f"2026-03-26 23:20:0{WAYS[text]}",)]


def test_dates_in_two_orders_get_no_format(tmp_path: Path) -> None:
    """One of the orders would read some of the times wrongly."""
    _, _, said = checked(tmp_path, ["03/26/2026 19:20", "26/03/2026 19:20", "04/05/2026 10:00"])
    assert "3 like 03/26/2026 19:20: in some the month comes first, in others the day, and no format" in said
    assert "time_formats" not in said.partition("To paste")[2]


def test_dates_without_a_clock_get_no_format_unless_somebody_says_so(tmp_path: Path) -> None:
    _, _, said = checked(tmp_path, ["26-Mar-26", "27-Mar-26"])
    assert "2 like 26-Mar-26: a date without a time of day, which is no time of an event" in said
    assert FORMATS.findall(said) == ['time_formats = ["%d-%b-%y"]']
    assert '# time_formats = ["%d-%b-%y"]' in said


def test_zone_words_are_said_and_are_in_no_format(tmp_path: Path) -> None:
    """Older versions put the word into the format, as decoration."""
    _, _, said = checked(tmp_path, ["26.03.2026 10:00 CST", "26.03.2026 10:00 EDT"])
    assert '\ntime_formats = ["%d.%m.%Y %H:%M"]\n' in said
    assert "%d.%m.%Y %H:%M; the settings read none of them." in said
    _, _, said = checked(tmp_path, ["03/26/2026 10:00 CST", "03/26/2026 10:00"])
    assert (
        "The file names the time zone: CST, as the times say.\n    Other times are in America/New_York"
        in said
    )


@pytest.mark.parametrize(
    ("times", "notes"),
    [
        (
            ["26.03.26 14:00", "27.03.26 15:00"],
            ["27.03.26 15:00 is 2026-03-27 15:00:00", "27.03.26 15:00 is 2027-03-26 15:00:00"],
        ),
        (["26.03.26 14:00"], ["23.11.25 13:45 would be 2025-11-23", "25.11.23 13:45 would be 2025-11-23"]),
    ],
)
def test_a_choice_shows_a_time_whose_meanings_differ(
    times: list[str], notes: list[str], tmp_path: Path
) -> None:
    """Both lines had the same note, and nobody could choose."""
    said = checked(tmp_path, times)[-1]
    assert re.findall(rf"^# {FORMATS.pattern}  # (.*)$", said, re.MULTILINE) == notes
