"""The time zone that a file names, in its times or in the heading of the times, wins over the settings."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.common.paths import SHIPPED
from support.loaded_files import Firm, events, quarantined

# The shipped settings, of a firm in New York.
SETTINGS = (SHIPPED / "settings.toml").read_text(encoding="utf-8")
FIXED = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
FIXED |= {"AKST": -9, "AKDT": -8, "HST": -10, "UTC": 0, "GMT": 0, "Z": 0, "Eastern Standard Time": -5}
ZONES = "ET, CT, MT, PT, AKT, Eastern, Pacific Time, EST, EDT, HST, UTC, GMT, Z, and offsets such as UTC-5"
KNOWN = f"Known: {ZONES}. "
PLACES = {
    "ET": "America/New_York",
    "CT": "America/Chicago",
    "MT": "America/Denver",
    "PT": "America/Los_Angeles",
    "AKT": "America/Anchorage",
    "Eastern": "America/New_York",
    "Central Time": "America/Chicago",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    # The names that programs write; one begins like AM, and some have a dash or a second slash.
    "America/Chicago": "America/Chicago",
    "America/Indiana/Tell_City": "America/Chicago",
    "US/East-Indiana": "America/New_York",
    "Pacific/Honolulu": "Pacific/Honolulu",
}


def log(times: list[str], heading: str = "Date/Time") -> str:
    """A log of one return with an event at each of these times."""
    rows = (f'r1,Client,Event {number},"{time}"' for number, time in enumerate(times))
    return "\n".join([f"Return ID,Tab,Event,{heading}", *rows, ""])


def read(folder: Path, times: list[str], heading: str = "Date/Time", zone: str = "America/New_York") -> list:
    """What became of each time: UTC, or the reason why it was quarantined; and what the ledger says."""
    part = Firm(folder, SETTINGS.replace("America/New_York", zone)).load_text(log(times, heading))
    found = dict(events(part, "row_no", "event_at::varchar"))
    found |= {row_no: reason for row_no, reason, _ in quarantined(part)}
    return [*(found[number] for number in range(1, len(times) + 1)), part.ledger["time_zone"]]


def refusal(folder: Path, times: list[str], heading: str = "Date/Time") -> str:
    return Firm(folder, SETTINGS).refusal(log(times, heading))


def test_zone_words_in_times_are_no_decoration(tmp_path: Path) -> None:
    """In silence, these were read on the clocks of the firm, hours off."""
    times = [
        "03/02/2026 | 10:02 AM PST",
        "03/26/2026 | 10:02 AM PDT",
        "03/26/2026 02:00:00 PM UTC",
        "2026-03-26 14:00:00 UTC",
        "03/26/2026 10:00 (ET)",
        "03/26/2026 7:00 AM Pacific Time (US & Canada)",
        "03/26/2026 10:00",
    ]
    assert read(tmp_path, times) == [
        "2026-03-02 18:02:00",
        "2026-03-26 17:02:00",
        "2026-03-26 14:00:00",
        "2026-03-26 14:00:00",
        "2026-03-26 14:00:00",
        "2026-03-26 14:00:00",
        "2026-03-26 14:00:00",
        "PST, PDT, UTC, ET, Pacific Time (US & Canada), as the times say",
    ]


def test_zone_words_that_old_settings_have_in_a_format_count(tmp_path: Path) -> None:
    """Older versions suggested such a format, and read its times on the clocks of the firm."""
    own = SETTINGS.replace('"%m/%d/%Y %H:%M",', '"%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M CST",')
    part = Firm(tmp_path, own).load_text(log(["26.03.2026 10:00 CST", "26.03.2026 10:00"]))
    assert events(part, "event_at::varchar") == [("2026-03-26 16:00:00",), ("2026-03-26 14:00:00",)]


def test_zone_words_that_begin_like_am_or_pm_are_read(tmp_path: Path) -> None:
    """Of 19:20 America/Chicago, " Am" was taken for the half of a day, and the time was not read."""
    times = [
        "2026-03-26 19:20:00 America/Chicago",
        "2026-03-26T19:20 America/Chicago",
        "3/26/2026 19:20 (America/Chicago)",
        "3/26/2026 7:20 PM America/Chicago",
        "3/26/2026 7:20p.m. America/Chicago",
        "March 26, 2026 at 7:20 PM America/Chicago",
    ]
    own = SETTINGS.replace('"%m/%d/%Y %H:%M",', '"%m/%d/%Y %H:%M", "%B %d, %Y at %I:%M %p",')
    part = Firm(tmp_path, own).load_text(log(times))
    assert events(part, "event_at::varchar") == [("2026-03-27 00:20:00",)] * len(times)
    assert refusal(tmp_path / "AMST", ["3/26/2026 7:20 AMST"]).startswith(
        'log.csv: the time of record 1 ends in "AMST", no known word for a time zone.'
    )


def test_zone_words_of_json_are_read_as_the_refusal_says(tmp_path: Path) -> None:
    row = {"return_id": "r1", "tab": "Client", "label": "A", "event_time": "2026-03-26T09:20:00"}
    zone = {"timezone": "America/Chicago"}
    firm = Firm(tmp_path / "beside", SETTINGS)
    part = firm.load_text(json.dumps({"meta": zone, "data": [row]}), "log.json")
    assert events(part, "event_at::varchar") == [("2026-03-26 14:20:00",)]
    inside = json.dumps([row | {"meta": zone}])
    said = 'Add ["event_time", "meta.timezone"] to event_time'
    assert said in Firm(tmp_path / "no", SETTINGS).refusal(inside, "log.json")
    own = SETTINGS.replace("event_time = [\n", 'event_time = [\n["event_time", "meta.timezone"],\n')
    part = Firm(tmp_path / "yes", own).load_text(inside, "log.json")
    assert events(part, "event_at::varchar") == [("2026-03-26 14:20:00",)]


@pytest.mark.parametrize("heading", ["Time Zone", "TZ", "timezone"])
@pytest.mark.parametrize("times", ["Date/Time", "Date,Time"])
def test_zone_words_in_a_column_of_their_own_are_read(tmp_path: Path, heading: str, times: str) -> None:
    firm, time = Firm(tmp_path, SETTINGS), "3/26/2026 2:00 PM"
    time = time.replace(" ", ",", 1) if times == "Date,Time" else time
    rows = "".join(f"r1,Client,Event,{time},{word},Ann\n" for word in ("UTC", "PDT", "America/New_York"))
    part = firm.load_text(f"Return ID,Tab,Event,{times},{heading},User\n{rows}")
    assert events(part, "event_at::varchar", "actor") == [
        (f"2026-03-26 {hour}:00:00", "Ann") for hour in (14, 21, 18)
    ]


def test_the_offset_of_a_time_wins_over_a_column_of_zones(tmp_path: Path) -> None:
    rows = "r1,Client,A,2026-03-26T14:00:00Z,UTC\nr1,Client,B,2026-03-26T14:00:00-04:00,America/New_York\n"
    part = Firm(tmp_path, SETTINGS).load_text(f"Return ID,Tab,Event,Date/Time,Time Zone\n{rows}")
    assert events(part, "event_at::varchar") == [("2026-03-26 14:00:00",), ("2026-03-26 18:00:00",)]


def test_zone_words_in_a_column_that_nothing_reads_refuse_the_file(tmp_path: Path) -> None:
    firm, head = Firm(tmp_path, SETTINGS), "Return ID,Tab,Event,When,Zone"
    assert firm.refusal(f"{head}\nr1,Client,A,3/26/2026 2:00 PM,\nr1,Client,B,3/26/2026 2:00 PM,UTC\n") == (
        'log.csv: the time of record 2 has its time zone in another column, "Zone", which is not read. '
        'Add ["When", "Zone"] to event_time under [source.columns] of "user tracking", or take the column '
        "out of the file if it is no time zone."
    )
    # Without texts, or beside times that say their zone, it changes nothing.
    rows = "r1,Client,A,3/26/2026 2:00 PM,\nr1,Client,B,2026-03-26T14:00:00Z,UTC\n"
    part = firm.load_text(f"{head}\n{rows}")
    assert events(part, "event_at::varchar") == [("2026-03-26 18:00:00",), ("2026-03-26 14:00:00",)]


def test_zone_words_that_are_not_in_every_cell_of_their_column_refuse_the_file(tmp_path: Path) -> None:
    """The times without one were read on the clocks of the firm."""
    firm, head = Firm(tmp_path, SETTINGS), "Return ID,Tab,Event,Date,Time,Time Zone"
    rows = "r1,Client,A,3/26/2026,2:00 PM,PST\nr1,Client,B,3/26/2026,2:00 PM,\n"
    assert firm.refusal(f"{head}\n{rows}") == (
        'log.csv: record 2 has no time zone in "Time Zone", and others have. Write it there, then load the '
        "file again."
    )
    part = firm.load_text(f"{head}\n{rows.replace('PST', '')}r1,Client,C,2026-03-26,14:00Z,\n")
    assert events(part, "event_at::varchar") == [(f"2026-03-26 {hour}:00:00",) for hour in (18, 18, 14)]


APART = [
    ("AM/PM", "PM", "AM or PM"),
    ("", "p.m.", "AM or PM"),
    ("UTC Offset", "-07:00", "time zone"),
    ("Timezone Name", "UTC", "time zone"),
    ("User Time Zone", "PST", "time zone"),
    ("GMT", "-7", "time zone"),
    ("eventTime.timeZone", "America/Denver", "time zone"),
    ("", "America/Indiana/Tell_City", "time zone"),
    ("", "Pacific/Honolulu", "time zone"),
    ("", "PST", "time zone"),
    ("Clock", "Eastern Standard Time", "time zone"),
]


@pytest.mark.parametrize(("heading", "text", "what"), APART)
@pytest.mark.parametrize("times", ["Date/Time", "Date,Time"])
def test_parts_of_times_in_a_column_that_nothing_reads_refuse_the_file(
    tmp_path: Path, times: str, heading: str, text: str, what: str
) -> None:
    """In silence, 2:00 beside PM was two in the morning, and beside PST was of the firm's zone."""
    rows = "".join(f"r1,Client,{one},3/26/2026 2:00,{own},Ann\n" for one, own in (("A", ""), ("B", text)))
    rows = rows.replace(" 2:00", ",2:00") if times == "Date,Time" else rows
    shown = heading or f"column {5 + times.count(',')}"
    joined = ", ".join(f'"{one}"' for one in (*times.split(","), shown))
    log = f"Return ID,Tab,Event,{times},{heading},User\n{rows}"
    assert Firm(tmp_path, SETTINGS).refusal(log) == (
        f'log.csv: the time of record 2 has its {what} in another column, "{shown}", which is not read. '
        f'Add [{joined}] to event_time under [source.columns] of "user tracking", or take the column out of '
        f"the file if it is no {what}."
    )


def test_parts_of_times_are_read_as_the_refusal_says(tmp_path: Path) -> None:
    own = SETTINGS.replace("event_time = [\n", 'event_time = [\n["Date", "Time", "AM/PM", "UTC Offset"],\n')
    head, row = "Return ID,Tab,Event,Date,Time,AM/PM,UTC Offset", "r1,Client,A,3/26/2026,2:00,PM,-07:00"
    part = Firm(tmp_path, own).load_text(f"{head}\n{row}\n")
    assert events(part, "event_at::varchar") == [("2026-03-26 21:00:00",)]


def test_parts_of_times_are_not_seen_in_other_columns(tmp_path: Path) -> None:
    head, texts = "State,Region,Level,Kind,Half", ("CT,Eastern,7,TEST,PM", "MT,Central,8,POST,later")
    rows = "".join(f"r1,Client,A,3/26/2026 2:00 AM,{one}\n" for one in texts)
    firm, head = Firm(tmp_path, SETTINGS), f"Return ID,Tab,Event,Date/Time,{head}"
    part = firm.load_text(f"{head}\n{rows}")
    assert events(part, "event_at::varchar") == [("2026-03-26 06:00:00",)] * 2
    # Of small files that are loaded together, each has columns of its own.
    one, other = (row.replace("A,", "B,").replace(" AM", "") for row in rows.splitlines())
    files = [firm.file("a.csv", f"{head}\n{other}\n"), firm.file("b.csv", f"{head}\n{one}\n")]
    assert [outcome.state for outcome in firm.load(*files)] == ["loaded", "refused"]


def test_zone_words_of_winter_in_all_seasons_refuse_the_file(tmp_path: Path) -> None:
    """Who writes EST all the year mostly means the clocks of New York."""
    winter, summer = "03/02/2026 10:00 AM", "07/02/2026 10:00 AM"
    assert refusal(tmp_path, [f"{winter} EST", f"{summer} EST"]) == (
        "log.csv: the times say EST, which is not ET at the time of record 2. Write ET in them if these are "
        "the clocks of people there, or UTC-05:00 if the times are always so far from UTC; then load the "
        "file again."
    )
    assert refusal(tmp_path, [f"{winter} PDT", f"{summer} PDT", summer]).startswith(
        "log.csv: the times say PDT"
    )
    for number, times in enumerate([("EST", "EDT"), ("EST", "ET"), ("EST", "PDT"), ("HST", "HST")]):
        both = [f"{time} {word}" for time, word in zip((winter, summer), times, strict=True)]
        assert not {"unreadable_time", "unknown_zone"}.intersection(read(tmp_path / str(number), both))
    assert read(tmp_path / "summer", [f"{summer} EST"])[0] == "2026-07-02 15:00:00"


@pytest.mark.parametrize("word", ["CEST", "IST", "BST", "XYZ", "West Europe Time"])
def test_zone_words_without_one_meaning_refuse_the_file(tmp_path: Path, word: str) -> None:
    assert refusal(tmp_path, ["03/26/2026 10:00", f"03/26/2026 10:00 {word}"]) == (
        f'log.csv: the time of record 2 ends in "{word}", no known word for a time zone. {KNOWN}'
        "Write one of these in the file, then load it again."
    )


def test_zone_words_after_what_is_no_time_are_quarantined(tmp_path: Path) -> None:
    """Only the text without its word decides whether there is a time at all."""
    times = ["soon CEST", "13/45/2026 10:00 CEST", "03/26/2026 CEST", "03/26/2026 10:00 Ann Lee", "10:00 EST"]
    found = read(tmp_path, [*times, "03/26/2026 10:00"])
    reasons = ["unreadable_time"] * 3 + ["unknown_zone", "unreadable_time"]
    assert found == [*reasons, "2026-03-26 14:00:00", None]


def test_zone_words_of_a_place_note_the_doubtful_hours(tmp_path: Path) -> None:
    part = Firm(tmp_path, SETTINGS).load_text(
        log(["03/08/2026 02:30 AM CT", "11/01/2026 01:30 AM CT", "11/01/2026 01:30 AM CST"])
    )
    assert events(part, "event_at::varchar", "event_on::varchar", "time_note") == [
        ("2026-03-08 08:30:00", "2026-03-08", "shifted"),
        ("2026-11-01 06:30:00", "2026-11-01", "ambiguous"),
        ("2026-11-01 07:30:00", "2026-11-01", None),
    ]


def test_zone_words_are_read_in_small_files_that_are_loaded_together(tmp_path: Path) -> None:
    firm = Firm(tmp_path, SETTINGS)
    times = {"a": "03/26/2026 10:00 AM PDT", "b": "03/26/2026 10:00 AM", "c": "03/26/2026 10:00 AM XYZ"}
    files = [firm.file(f"{name}.csv", log([time]).replace("r1", name)) for name, time in times.items()]
    assert [outcome.state for outcome in firm.load(*files)] == ["loaded", "loaded", "refused"]
    found = [(part.ledger["time_zone"], events(part, "event_at::varchar")) for part in firm.parts]
    assert sorted(found, key=str) == [
        ("PDT, as the times say", [("2026-03-26 17:00:00",)]),
        (None, [("2026-03-26 14:00:00",)]),
    ]


@pytest.mark.parametrize(
    ("heading", "at", "said"),
    [
        ("Date/Time (UTC)", "11:15", "UTC"),
        ("Timestamp UTC", "11:15", "UTC"),
        ("event_time_utc", "11:15", "utc"),
        ("UTC Time", "11:15", "UTC"),
        ("Date Time (ET)", "15:15", "ET"),
        ("Event Time (Central)", "16:15", "Central"),
        ("Time [PT]", "18:15", "PT"),
        ("Time (UTC-7)", "18:15", "UTC-7"),
        ("Eastern Time", "15:15", "Eastern"),
    ],
)
def test_zone_in_the_heading_wins_over_the_settings(tmp_path: Path, heading: str, at: str, said: str) -> None:
    """Of a firm in Denver; a time with its own word or offset keeps it."""
    times = ["03/26/2026 11:15 AM", "03/26/2026 11:15 AM PDT", "2026-03-26T11:15:00-04:00"]
    assert read(tmp_path, times, heading, "America/Denver") == [
        f"2026-03-26 {at}:00",
        "2026-03-26 18:15:00",
        "2026-03-26 15:15:00",
        f"{said}, as the heading says; PDT, as the times say",
    ]


def test_zone_in_the_heading_of_standard_time_is_refused_in_summer(tmp_path: Path) -> None:
    """Some mean by EST what New York has on its clocks, and some the offset."""
    assert read(tmp_path, ["03/02/2026 10:00 AM"], "Time (EST)") == [
        "2026-03-02 15:00:00",
        "EST, as the heading says",
    ]
    assert refusal(tmp_path, ["03/02/2026 10:00 AM", "03/26/2026 10:00 AM"], "Time (PST)") == (
        'log.csv: the heading "Time (PST)" says PST, which is not PT at the time of record 2. Write PT in '
        "the heading if these are the clocks of people there, or UTC-08:00 if the times are always so far "
        "from UTC; then load the file again."
    )


def test_zone_in_the_heading_that_is_unknown_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, ["03/02/2026 10:00 AM"], "Date/Time (CEST)") == (
        'log.csv: the heading "Date/Time (CEST)" has "CEST", and no time zone is known by that word. '
        f"{KNOWN}Rename the heading, then load the file again."
    )


def written(local: datetime) -> dict[str, str]:
    """A local time in the ways that the shipped settings read, without its zone."""
    hour = f"{local:%I}".lstrip("0")
    return {
        "US": f"{local:%m/%d/%Y %I:%M:%S %p}",
        "bar": f"{local:%m/%d/%Y} | {local:%I:%M:%S %p}",
        "at": f"{local.month}/{local.day}/{local.year} at {hour}:{local:%M:%S} {'ap'[local.hour > 11]}.m.",
        "comma": f"{local:%m/%d/%Y, %H:%M:%S}",
        "no blank": f"{local:%m/%d/%Y} {hour}:{local:%M:%S%p}",
        "narrow blank": f"{local:%m/%d/%Y %I:%M:%S}\u202f{local:%p}",
        "ISO": f"{local:%Y-%m-%dT%H:%M:%S}",
        "ISO with blanks": f"{local:%Y-%m-%d  %H:%M:%S}",
        "ISO with half": f"{local:%Y-%m-%d %I:%M:%S %p}",
        "weekday": f"{local:%A, %m/%d/%Y %I:%M:%S %p}",
    }


MOMENTS = st.datetimes(datetime(2000, 1, 3), datetime(2090, 12, 28)).map(
    lambda one: one.replace(microsecond=0)
)
WORDS = st.sampled_from([*FIXED, *PLACES, *(f"{one}{sign}" for one in ("UTC", "GMT") for sign in "+-")])


@st.composite
def times(draw: st.DrawFn) -> tuple[str, datetime]:
    """A moment, as a text that names its zone."""
    moment, word = draw(MOMENTS), draw(WORDS)
    if word in PLACES:
        local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(PLACES[word]))
        moment = moment if not local.fold else moment - timedelta(hours=1)
        local = local.replace(tzinfo=None)
    else:
        hours = FIXED.get(word)
        if hours is None:
            hours = draw(st.integers(0, 12)) * (1 if word[-1] == "+" else -1)
            word = draw(st.sampled_from([f"{word}{abs(hours)}", f"{word}{abs(hours):02}00"]))
            word = draw(st.sampled_from([word, f"{word} (Some Daylight Time)"]))
        local = moment + timedelta(hours=hours)
    around = draw(st.sampled_from([" {}", " ({})", " [{}]"])) if "(" not in word else " {}"
    text = draw(st.sampled_from(sorted(written(local).values())))
    return text + around.format(word), moment


@settings(deadline=None, max_examples=10)
@given(st.lists(times(), min_size=1, max_size=20))
def test_zone_words_in_every_way_to_write_them_give_the_moment(pairs: list[tuple[str, datetime]]) -> None:
    """A file that has EST in winter and summer and never EDT is refused, so both of each are at its end."""
    halves = [f"03/26/2026 10:00 AM {place}{half}T" for place in ("E", "C", "M", "P", "AK") for half in "SD"]
    with TemporaryDirectory() as folder:
        found = read(Path(folder), [*(text for text, _ in pairs), *halves], zone="America/Phoenix")
    assert list(zip((text for text, _ in pairs), found[: len(pairs)], strict=True)) == [
        (text, moment.isoformat(" ")) for text, moment in pairs
    ]
