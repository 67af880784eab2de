"""Logged times become UTC and a date in the firm's zone; doubtful ones are noted or quarantined."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.check.command import check_file
from etl.check.terminal import file_text
from etl.config.settings import read_settings
from etl.store.times import clean_time, has_offset, parse_day, parse_time
from etl.store.zones import zone_between
from support.loaded_files import HEAD, Firm, events, log_of, quarantined, with_times
from support.workbooks import excel

HEAD_OF_PAIRS = "return_id,tab,label"
US = ["%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M"]
ZONES = ["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"]
OFFSETS = dict(zip(ZONES, (5, 6, 7, 8), strict=True))


def read(
    folder: Path,
    times: list[str],
    zone: str = "America/New_York",
    firm: str | None = None,
    formats: list[str] | None = None,
) -> list[tuple | str]:
    """What became of each time: UTC, date and note, or the reason why it was quarantined."""
    part = Firm(folder, with_times(firm or zone, zone, US if formats is None else formats)).load_text(
        log_of(times)
    )
    results: dict[int, tuple | str] = {row_no: reason for row_no, reason, _ in quarantined(part)}
    for row_no, event_at, event_on, note in events(part, "row_no", "event_at", "event_on", "time_note"):
        results[row_no] = (event_at.isoformat(" "), str(event_on), note)
    return [results[number] for number in range(1, len(times) + 1)]


@pytest.mark.parametrize("zone", ZONES)
def test_the_hour_that_does_not_exist_moves_forward(tmp_path: Path, zone: str) -> None:
    hours = OFFSETS[zone]
    times = ["03/08/2026 01:59:59 AM", "03/08/2026 02:00 AM", "03/08/2026 02:30 AM", "03/08/2026 03:00 AM"]
    assert read(tmp_path, times, zone) == [
        (f"2026-03-08 {hours + 1:02}:59:59", "2026-03-08", None),
        (f"2026-03-08 {hours + 2:02}:00:00", "2026-03-08", "shifted"),
        (f"2026-03-08 {hours + 2:02}:30:00", "2026-03-08", "shifted"),
        (f"2026-03-08 {hours + 2:02}:00:00", "2026-03-08", None),
    ]


@pytest.mark.parametrize("zone", ZONES)
def test_the_hour_that_comes_twice_is_read_as_the_first(tmp_path: Path, zone: str) -> None:
    hours = OFFSETS[zone]
    times = ["11/01/2026 12:59:59 AM", "11/01/2026 01:00 AM", "11/01/2026 01:59:59 AM", "11/01/2026 02:00 AM"]
    assert read(tmp_path, times, zone) == [
        (f"2026-11-01 {hours - 1:02}:59:59", "2026-11-01", None),
        (f"2026-11-01 {hours:02}:00:00", "2026-11-01", "ambiguous"),
        (f"2026-11-01 {hours:02}:59:59", "2026-11-01", "ambiguous"),
        (f"2026-11-01 {hours + 2:02}:00:00", "2026-11-01", None),
    ]


def test_arizona_changes_no_clocks(tmp_path: Path) -> None:
    assert read(tmp_path, ["03/08/2026 02:30 AM", "11/01/2026 01:30 AM"], "America/Phoenix") == [
        ("2026-03-08 09:30:00", "2026-03-08", None),
        ("2026-11-01 08:30:00", "2026-11-01", None),
    ]


def test_dates_are_those_of_the_firm(tmp_path: Path) -> None:
    """A source in California, a firm in New York: the evening there is the next day here."""
    times = ["03/04/2026 08:59 PM", "03/04/2026 09:00 PM", "2026-03-05T04:59:00Z", "2026-03-05T05:00:00Z"]
    assert read(tmp_path, times, zone="America/Los_Angeles", firm="America/New_York") == [
        ("2026-03-05 04:59:00", "2026-03-04", None),
        ("2026-03-05 05:00:00", "2026-03-05", None),
        ("2026-03-05 04:59:00", "2026-03-04", None),
        ("2026-03-05 05:00:00", "2026-03-05", None),
    ]


def test_a_day_that_does_not_exist_moves_to_the_next(tmp_path: Path) -> None:
    """Samoa went from the 29th to the 31st of December 2011."""
    assert read(tmp_path, ["12/30/2011 10:00 AM"], "Pacific/Apia") == [
        ("2011-12-30 20:00:00", "2011-12-31", "shifted")
    ]


@pytest.mark.parametrize("formats", [US, ["%A, %m/%d/%Y %I:%M:%S %p", *US]])
def test_another_weekday_than_that_of_the_date_is_not_read(tmp_path: Path, formats: list[str]) -> None:
    """3 April 2026 was a Friday, 4 March a Wednesday: the day is not read as the month."""
    times = [
        "Friday, 04/03/2026 02:00:00 PM",
        "Wednesday, 04/03/2026 02:00:00 PM",
        "Fri 4/3/2026 2:00 PM",
        "WED 4/3/2026 2:00 PM",
        "Saturday, 04/04/2026 09:00:00 PM",
        "04/03/2026 02:00:00 PM",
    ]
    friday = ("2026-04-03 18:00:00", "2026-04-03", None)
    saturday = ("2026-04-05 01:00:00", "2026-04-04", None)
    reason = "unreadable_time"
    assert read(tmp_path, times, formats=formats) == [friday, reason, friday, reason, saturday, friday]


def test_iso_in_every_form(tmp_path: Path) -> None:
    times = [
        "2026-07-04T14:05:09Z",
        "2026-07-04 14:05:09z",
        "2026-07-04t14:05:09Z",
        "20260704T140509Z",
        "20260704T140509+0000",
        "2026-07-04T14:05:09+00:00",
        "2026-07-04T14:05:09-00",
        "2026-07-04 10:05:09-04:00",
        "2026-07-04T19:35:09+05:30",
        "2026-07-04 14:05:09 +0000",
        "2026-07-04T10:05:09",
        "2026-07-04 10:05:09",
        " 2026-07-04 10:05:09 ",
    ]
    assert read(tmp_path, times, formats=[]) == [("2026-07-04 14:05:09", "2026-07-04", None)] * len(times)


def test_iso_in_parts(tmp_path: Path) -> None:
    times = ["2026-07-04", "20260704", "2026-07-04T10", "2026-07-04T10Z", "2026-07-04T10:05"]
    assert read(tmp_path, times, "UTC", formats=["%Y-%m-%d"]) == [
        ("2026-07-04 00:00:00", "2026-07-04", None),
        ("2026-07-04 00:00:00", "2026-07-04", None),
        ("2026-07-04 10:00:00", "2026-07-04", None),
        ("2026-07-04 10:00:00", "2026-07-04", None),
        ("2026-07-04 10:05:00", "2026-07-04", None),
    ]


def test_parts_of_a_second_are_cut_at_a_millionth(tmp_path: Path) -> None:
    minute = "2026-07-04T10:05"
    times = [f"{minute}:09.1", f"{minute}:09,25Z", f"{minute}:09.1234567Z", f"{minute}:09.999999999999Z"]
    assert [row[0][17:] for row in read(tmp_path, times, "UTC")] == [
        "09.100000",
        "09.250000",
        "09.123456",
        "09.999999",
    ]


def test_the_last_moments_of_a_day(tmp_path: Path) -> None:
    midnight = ["2026-06-30T23:59:60Z", "2026-06-30T24:00:00Z", "2026-06-30T24:00Z"]
    none = ["2026-06-30T24:00:01Z", "06/30/2026 23:59:60", "06/30/2026 24:00"]
    wants = [("2026-07-01 00:00:00", "2026-07-01", None)] * 3 + ["unreadable_time"] * 3
    assert read(tmp_path, midnight + none, "UTC") == wants


def test_days_that_do_not_exist_are_unreadable(tmp_path: Path) -> None:
    times = [
        "02/29/2028 10:00 AM",
        "02/29/2026 10:00 AM",
        "2026-02-29",
        "02/30/2026 10:00",
        "13/32/2026 10:00",
    ]
    assert (
        read(tmp_path, times, "UTC")
        == [("2028-02-29 10:00:00", "2028-02-29", None)] + ["unreadable_time"] * 4
    )


def test_only_2000_to_2100_are_accepted(tmp_path: Path) -> None:
    outside = [
        "1900-01-01",
        "1999-12-31T23:59:59Z",
        "2101-01-01T00:00:00Z",
        "9999-12-31",
        "0000-01-01",
        "3/4/26 10:00",
    ]
    inside = ["2000-01-01T00:00:00Z", "2100-12-31T23:59:59Z"]
    assert read(tmp_path, outside + inside, "UTC", formats=[*US, "%Y-%m-%d"]) == ["time_out_of_range"] * len(
        outside
    ) + [("2000-01-01 00:00:00", "2000-01-01", None), ("2100-12-31 23:59:59", "2100-12-31", None)]


def test_what_is_not_a_time_is_quarantined(tmp_path: Path) -> None:
    times = [
        "",
        "infinity",
        "-infinity",
        "epoch",
        "now",
        "today",
        "noon",
        "2026-03-04 (BC)",
        "2026-03-04 10:00 EST5EDT",
        "2026/03/04 10:00",
        "2026-3-4 10:00",
        "04.03.2026 10:00",
        "2026-03-04T10:00+99:00",
        "2026-03-04T10:00:00+5",
        "1772616309",
    ]
    # A file of which nothing can be read is refused.
    *faults, _ = read(tmp_path, [*times, "2026-03-04 10:00"])
    assert faults == ["missing_time"] + ["unreadable_time"] * (len(times) - 1)


def test_month_and_day_are_read_as_the_settings_say(tmp_path: Path) -> None:
    times = ["03/04/2026 10:00", "04/25/2026 10:00"]
    assert read(tmp_path / "us", times, "UTC") == [
        ("2026-03-04 10:00:00", "2026-03-04", None),
        ("2026-04-25 10:00:00", "2026-04-25", None),
    ]
    times = ["03/04/2026 10:00", "25/04/2026 10:00"]
    assert read(tmp_path / "eu", times, "UTC", formats=["%d/%m/%Y %H:%M"]) == [
        ("2026-04-03 10:00:00", "2026-04-03", None),
        ("2026-04-25 10:00:00", "2026-04-25", None),
    ]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([*(f"{day}/04/2026 9:00" for day in range(1, 9)), "13/04/2026 9:00"], ("9", "13/04", "1", "1/04")),
        (["03/26/2026 19:20", "26/03/2026 | 7:20 PM"], ("2", "26/03", "1", "03/26")),
        (["soon", "14/04/2026", "3/4/2026 9:00"], ("2", "14/04", "3", "3/4")),
    ],
)
def test_month_and_day_in_another_order_than_the_settings_say_refuse_the_file(
    tmp_path: Path, times: list[str], said: tuple[str, ...]
) -> None:
    """The other times were read month-first without a word: eight events of April on the 4th of a month."""
    firm = Firm(tmp_path, with_times("UTC", "UTC", US))
    record, late, other, date = said
    assert firm.refusal(log_of(times)) == (
        f"log.csv: record {record} has {late}/2026, with the day first, and record {other} has {date}/2026, "
        'which "log" reads with the month first. Write %d/%m for %m/%d in its time_formats, or split a file '
        "with both orders."
    )
    files = [firm.file(f"{number}.csv", log_of([time])) for number, time in enumerate(times[:1] * 2)]
    files.append(firm.file("both.csv", log_of(times)))
    assert firm.load(*files)[-1].state == "refused"


def test_month_and_day_are_in_doubt_only_beside_a_time_that_is_read_in_their_order(tmp_path: Path) -> None:
    """A typing error, and a time of another kind, say nothing of the order."""
    times = ["13/13/2026 10:00", "03.26.2026 10:00", "2026-13-04 10:00", "soon", "03/04/2026 10:00"]
    formats = ["%d.%m.%Y %H:%M", *US]
    unread = ["unreadable_time"] * 4
    assert read(tmp_path, times, "UTC", formats=formats)[:4] == unread
    german = read(tmp_path / "de", ["03/04/2026 10:00", "13.04.2026 10:00"], "UTC", formats=formats)
    assert german[1] == ("2026-04-13 10:00:00", "2026-04-13", None)


def test_due_dates_in_both_orders_refuse_the_file(tmp_path: Path) -> None:
    """04/10/2026 was read as April 10 beside 15/04/2026, which was only kept as text."""
    log = "return_id,tab,label,event_time,due_date\n{}"
    events_of = log.format("".join(f"r{day},Client,Up,2026-03-01 10:00,{day}/04/2026\n" for day in (4, 15)))
    said = (
        'record 2 has 15/04/2026, with the day first, and record 1 has 4/04/2026, which "{}" reads with the '
        "month first. Write %d/%m for %m/%d in its time_formats, or split a file with both orders"
    )
    for kind, (name, text) in enumerate(
        {
            "returns list.csv": "Return ID,Due Date\nr1,4/04/2026\nr2,15/04/2026\n",
            "register.csv": "Return ID,exported_at\nr1,4/04/2026 10:00\nr2,15/04/2026 10:00\n",
        }.items()
    ):
        firm = Firm(tmp_path / str(kind))
        assert firm.refusal(text, name) == f"{name}: {said.format('register')}."
    # A log keeps its events, and has none of its due dates.
    part = Firm(tmp_path / "log").load_text(events_of)
    assert events(part, "return_id", "due_date", "extra") == [
        ("r4", None, '{"due_date": "4/04/2026"}'),
        ("r15", None, '{"due_date": "15/04/2026"}'),
    ]
    assert part.ledger["reason"] == (
        '"due_date" is not read in 2 records, such as 4/04/2026 (record 1); ' + said.format("user tracking")
    )
    # Small files are judged alone, and a date that is none says nothing of the order.
    days = ["4/04/2026", "15/04/2026", "4/31/2026", "2026-04-15", ""]
    files = [
        firm.file(f"returns list {number}.csv", f"Return ID,Due Date\nr{number},{day}\n")
        for number, day in enumerate(days)
    ]
    text = "Return ID,Due Date\nr1,4/04/2026\nr2,4/31/2026\nr3,2026-04-15\n"
    files.append(firm.file("returns list.csv", text))
    parts = [outcome.part for outcome in firm.load(*files)]
    assert [events(part, "due_date::varchar") for part in parts if part] == [
        [("2026-04-04",)],
        [(None,)],
        [(None,)],
        [("2026-04-15",)],
        [(None,)],
        [("2026-04-04",), (None,), ("2026-04-15",)],
    ]


def test_dates_that_a_spreadsheet_read_in_the_other_order_refuse_the_file(tmp_path: Path) -> None:
    """A US Excel makes 4 March of 03/04/2026, which is 3 April, and leaves 15/04/2026 as text."""
    times = [datetime(2026, 3, 4, 9, 2), "15/04/2026 09:02", datetime(2026, 12, 4, 9, 2), "28-04-2026 9:02"]
    log = [HEAD.split(","), *(("r1", "Client", f"Event {number}", one) for number, one in enumerate(times))]
    due = [("Return ID", "Due Date"), ("r1", date(2026, 3, 4)), ("r2", "15/04/2026"), ("r3", "16/04/2026")]
    said = (
        "record 2 has 15/04/2026, with the day first, and record 1 has 2026-03-04: it looks as if a "
        "spreadsheet has read dates with the day first as dates with the month first. Load the export as it "
        "came, and not as the spreadsheet saved it."
    )
    firm = Firm(tmp_path)
    for name, rows in (("log.xlsx", log), ("returns list.xlsx", due)):
        assert firm.refusal(excel({"Sheet": rows}), name).endswith(f": {said}")
    # With a late day among the cells, the spreadsheet has read them in their own order.
    own = [*due[:3], ("r3", date(2026, 4, 28))]
    part = firm.load_text(excel({"Sheet": own}), "returns list.xlsx")
    assert events(part, "due_date::varchar") == [("2026-03-04",), (None,), ("2026-04-28",)]
    # Small files that are loaded together are judged alone.
    late = ("r1", "Client", "Event", datetime(2026, 4, 28, 9))
    for name, first, second in (("returns list", due, [due[0], own[3]]), ("log", log, [log[0], late])):
        texts = ("".join(",".join(map(str, row)) + "\n" for row in rows) for rows in (first, second))
        files = [firm.file(f"{name} {number}.csv", text) for number, text in enumerate(texts)]
        assert [outcome.state for outcome in firm.load(*files)] == ["refused", "loaded"]


def test_due_dates_with_one_meaning_are_read(tmp_path: Path) -> None:
    days = ["15-Apr-26", "15-Apr-2026", "April 15, 2026", "Apr. 15 2026", "15 APRIL 2026", "2026/04/15"]
    rows = "".join(f'r{number},"{day}"\n' for number, day in enumerate(days))
    part = Firm(tmp_path).load_text(f"Return ID,Due Date\n{rows}", "returns list.csv")
    assert events(part, "due_date::varchar") == [("2026-04-15",)] * len(days)
    assert part.ledger["reason"] is None


@pytest.mark.parametrize(
    "day",
    [
        "4/15/26",
        "04-15-2026",
        "46127",
        "15/04/2026",
        "April",
        "4/15/2026 or when ready",
        "123456789",
        "1 2 3 4",
        "12345 6789",
        "1234567",
    ],
)
def test_attributes_that_are_not_read_are_said(tmp_path: Path, day: str) -> None:
    """They were only in `extra`, and the calendar's date stood in for them without a word."""
    others = "".join(f"o{number},O,2026-04-15,2025\n" for number in range(9))
    rows = f"r1,A,2026-04-15,2025\nr2,B,{day},FY25\nr3,C,{day},2025\nTotal: 3,,{day},\n{others}"
    firm, text = Firm(tmp_path), f"Return ID,Client Name,Due Date,Tax Year\n{rows}"
    # A long text, or one without a digit, may be a name, and one of many digits the number of a taxpayer.
    is_shown = day in ("4/15/26", "04-15-2026", "46127", "15/04/2026")
    example = f"such as {day} (record 2)" if is_shown else "the first in record 2"
    said = '"Tax Year" is not read in 1 record, such as FY25 (record 2); '
    said += f'"Due Date" is not read in 2 records, {example}'
    file = firm.file("returns list.csv", text)
    shown = file_text(check_file(firm.data, read_settings(firm.data.settings), file))
    assert f"13 ({said})" in " ".join(shown.split())
    part = firm.load_text(text, file.name)
    assert part.ledger["reason"] == said
    assert events(part, "due_date::varchar")[:3] == [("2026-04-15",), (None,), (None,)]
    small = [firm.file(f"returns list {one}.csv", text.replace("r1", one)) for one in ("x", "y")]
    assert [one.part.ledger["reason"] for one in firm.load(*small) if one.part] == [said] * 2


def test_seconds_and_milliseconds_since_1970(tmp_path: Path) -> None:
    endless = "9" * 20
    for word, times in (
        ("epoch", ["1772616309", "1772616309.25", "-1", "1772616309000", endless, "soon"]),
        ("epoch_ms", ["1772616309000", "1772616309250", "-1", "1772616309000000", endless, "soon"]),
    ):
        assert read(tmp_path / word, times, formats=[word]) == [
            ("2026-03-04 09:25:09", "2026-03-04", None),
            ("2026-03-04 09:25:09.250000", "2026-03-04", None),
            "time_out_of_range",
            "time_out_of_range",
            "unreadable_time",
            "unreadable_time",
        ]


def test_dates_without_a_clock_are_not_midnight(tmp_path: Path) -> None:
    """Unless the source has a format for a date alone. The date of a due date stays one."""
    times = ["2026-03-04", "20260304", "03/04/2026", "03/04/2026 10:00"]
    none = ["no_time_of_day"] * 3
    assert read(tmp_path / "log", times) == [*none, ("2026-03-04 15:00:00", "2026-03-04", None)]
    assert (
        read(tmp_path / "days", times[:2], formats=["%Y-%m-%d"])
        == [("2026-03-04 05:00:00", "2026-03-04", None)] * 2
    )


def test_dates_and_clocks_in_two_columns_are_one_time(tmp_path: Path) -> None:
    """In the usual pairs, such as the cells of a workbook; a missing clock is no midnight."""
    pairs = [
        ("2026-03-26", "11:15:00"),
        ("2026-03-26", "11:15"),
        ("3/26/2026", "11:15:00 AM"),
        ("03/26/2026", "11:15 AM"),
        ("2026-03-26 00:00:00", "11:15:00"),
        ("2026-03-26", "11:15 AM"),
        ("03/26/2026", "11:15:00"),
        ("2026-03-26", "8:15 AM PDT"),
        ("2026-03-26", ""),
    ]
    rows = "".join(f"r1,Client,Event,{day},{clock}\n" for day, clock in pairs)
    settings = with_times("America/New_York", "America/New_York", US)
    settings += '[source.columns]\nevent_time = [["Event Date", "Hour"]]\n'
    part = Firm(tmp_path / "plain", settings).load_text(f"{HEAD_OF_PAIRS},Event Date,Hour\n{rows}")
    assert events(part, "event_at::varchar") == [("2026-03-26 15:15:00",)] * 8
    assert [reason for _, reason, _ in quarantined(part)] == ["no_time_of_day"]
    rows = "r1,Client,Event,2026-03-26,15:15\nr1,Client,Event,2026-03-26,11:15 ET\n"
    part = Firm(tmp_path / "zone", settings).load_text(f"{HEAD_OF_PAIRS},Event Date,Hour (UTC)\n{rows}")
    assert events(part, "event_at::varchar") == [("2026-03-26 15:15:00",)] * 2


def test_day_numbers_of_spreadsheets(tmp_path: Path) -> None:
    """They are local times in whole seconds, read only if a source says so; a whole number is a date."""
    times = ["46107.46875", "46107.8056018519", "46107", "36525.5", "73416.5", "461070.5", "46107.x"]
    assert read(tmp_path / "no", [*times, "2026-03-04T10:00"])[:-1] == ["unreadable_time"] * 7
    assert read(tmp_path / "yes", times, formats=[*US, "excel_day"]) == [
        ("2026-03-26 15:15:00", "2026-03-26", None),
        ("2026-03-26 23:20:04", "2026-03-26", None),
        "no_time_of_day",
        "time_out_of_range",
        "time_out_of_range",
        "unreadable_time",
        "unreadable_time",
    ]


@settings(deadline=None, max_examples=100)
@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 12, 31)))
def test_day_numbers_give_the_second_that_was_typed(
    database: duckdb.DuckDBPyConnection, moment: datetime
) -> None:
    """Spreadsheets show fifteen digits of a day number."""
    moment = moment.replace(microsecond=0)
    text = f"{(moment - datetime(1899, 12, 30)) / timedelta(days=1):.15g}"
    found = database.execute(f"select {parse_time('$text', ('excel_day',))}", {"text": text}).fetchall()
    assert found == [(moment,)]


def test_a_format_with_the_letter_of_utc_is_read_as_utc(tmp_path: Path) -> None:
    """Z at the end is an offset, also where the first format of the source reads every time."""
    settings = with_times("UTC", "America/New_York", ["%Y-%m-%dT%H:%M:%SZ"])
    part = Firm(tmp_path, settings).load_text(log_of(["2026-03-04T10:00:00Z", "2026-03-04T11:00:00Z"]))
    assert events(part, "event_at::varchar") == [("2026-03-04 10:00:00",), ("2026-03-04 11:00:00",)]


def test_formats_with_an_offset_beside_formats_without(tmp_path: Path) -> None:
    formats = ["%d.%m.%Y %H:%M %z", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]
    times = [
        "04.03.2026 10:00 +0100",
        "04.03.2026 10:00 Z",
        "04.03.2026 10:00",
        "2026-03-04T10:00:00Z",
        "2026-03-04",
    ]
    assert [row[0][11:13] for row in read(tmp_path, times, formats=formats)] == ["09", "10", "15", "10", "05"]


def test_the_narrow_blank_of_browsers_is_a_blank(tmp_path: Path) -> None:
    assert read(tmp_path, ["03/04/2026 2:05:09\u202fPM", "03/04/2026\u00a02:05 pm"], "UTC") == [
        ("2026-03-04 14:05:09", "2026-03-04", None),
        ("2026-03-04 14:05:00", "2026-03-04", None),
    ]


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


@settings(deadline=None, max_examples=25)
@given(
    own=st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"})),
    firm=st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"})),
    moments=st.lists(st.datetimes(datetime(2000, 1, 3), datetime(2100, 12, 28)), min_size=1, max_size=20),
    near=st.lists(st.tuples(st.integers(0, 500), st.integers(-7300, 7300)), max_size=20),
)
def test_every_zone_agrees_with_zoneinfo(
    database: duckdb.DuckDBPyConnection,
    own: str,
    firm: str,
    moments: list[datetime],
    near: list[tuple[int, int]],
) -> None:
    """Any moment, and moments around changes of the clocks."""
    first, last = min(moments), max(moments)
    zone, firm_zone = zone_between(own, first, last), zone_between(firm, first, last)
    changes = zone.changes
    around = [
        changes[number % len(changes)].at + timedelta(seconds=seconds) for number, seconds in near if changes
    ]
    moments += [moment for moment in around if first <= moment <= last]
    values = ", ".join(f"(timestamp '{moment}')" for moment in moments)
    found = database.execute(f"""
        select stamp, moment, {zone.note("stamp")}, {firm_zone.day("moment")}
        from (select stamp, {zone.utc("stamp")} as moment from (values {values}) as stamps(stamp))
    """).fetchall()
    for stamp_, moment, note, on in found:
        local = stamp_.replace(tzinfo=ZoneInfo(own))
        assert moment == local.astimezone(UTC).replace(tzinfo=None)
        offsets = local.utcoffset(), local.replace(fold=1).utcoffset()
        wants = None if offsets[0] == offsets[1] else "ambiguous" if offsets[0] > offsets[1] else "shifted"
        assert note == wants
        assert on == local.astimezone(UTC).astimezone(ZoneInfo(firm)).date()


FORMATS = (
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%b %d, %Y %I:%M %p",
    "%d %B %Y %H:%M",
    "%d/%m/%Y",
    "%Y-%m-%d %H:%M:%S.%f",
    "%m/%d/%y %H:%M",
    "%Y%m%d%H%M%S",
    "%I:%M %p %m/%d/%Y",
    "%A, %d %b %Y %H:%M",
    "%Y/%j %H:%M",
    "%m-%d-%Y at %H:%M",
)


@settings(deadline=None, max_examples=150)
@given(
    formats=st.lists(st.sampled_from(FORMATS), min_size=1, max_size=4, unique=True),
    moment=st.datetimes(datetime(2000, 1, 1), datetime(2068, 12, 31)),
)
def test_formats_are_those_of_strptime(
    database: duckdb.DuckDBPyConnection, formats: list[str], moment: datetime
) -> None:
    """A text is read by the first format that fits it, as by Python."""
    text = moment.strftime(formats[-1])
    wants = next(found for one in formats if (found := parsed(text, one)))
    values = ", ".join(read("time", tuple(formats)) for read in (parse_time, has_offset, parse_day))
    texts = f"select {clean_time('$text')} as time"
    found = database.execute(f"select {values} from ({texts})", {"text": text}).fetchall()
    assert found == [(wants, False, wants.date())]


def parsed(text: str, one: str) -> datetime | None:
    try:
        return datetime.strptime(text, one)
    except ValueError:
        return None
