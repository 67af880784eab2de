"""F13: difficult times: each has one fixed result, that of zoneinfo, and month and day are never guessed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from faults.checks import Tally, times
from support.loaded_files import Firm, events, log_of, with_times

US = ["%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M"]
ZONES = ["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Phoenix"]
# Local times around both clock changes of a year, and days that a guess would get wrong.
LOCAL_TIMES = [
    *(f"2026-03-08 {time}" for time in ("01:59:59", "02:00:00", "02:30:00", "03:00:00")),
    *(f"2026-11-01 {time}" for time in ("00:59:59", "01:00:00", "01:30:00", "02:00:00")),
    *(f"{day} 12:00:00" for day in ("2024-02-29", "2026-04-03", "2099-12-31")),
    "2026-12-31 23:59:59",
]
NO_TIMES = [
    "2025-02-29 12:00:00",
    "1900-01-01 00:00:00",
    "2101-01-01 00:00:00",
    "infinity",
    "2026-03-04 25:00:00",
    "13/14/2026 10:00",
]
LOGGED = {
    "03/04/2026 10:00": "2026-03-04 10:00:00",
    "04/03/2026 10:00": "2026-04-03 10:00:00",
    "03/04/2026 02:05:09 PM": "2026-03-04 14:05:09",
    "12/11/2026 00:00": "2026-12-11 00:00:00",
}


def in_utc(local_time: str, zone: str) -> datetime:
    """The first of two possible times; a local time that does not exist moves forward by the skipped hour."""
    return (
        datetime.fromisoformat(local_time).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
    )


def test_f13_times(tally: Tally, control: Tally, tmp_path: Path) -> None:
    for zone in ZONES[: max(1, times(len(ZONES)))]:
        folder = tmp_path / zone.replace("/", "-")
        folder.mkdir()
        firm = Firm(folder, with_times(zone, zone, US))
        expected = {local_time: in_utc(local_time, zone) for local_time in LOCAL_TIMES} | {
            text: in_utc(local_time, zone) for text, local_time in LOGGED.items()
        }
        expected["2026-03-04T10:00:00-11:00"] = datetime(2026, 3, 4, 21)
        part = firm.load_text(log_of([*expected, *NO_TIMES]))
        found = dict(zip(expected, (row[0] for row in events(part, "event_at")), strict=True))
        tally.injected += len(expected) + len(NO_TIMES)
        wrong = {text for text, moment in expected.items() if found[text].replace(tzinfo=None) != moment}
        tally.lost += len(wrong) + (part.ledger["quarantined_count"] != len(NO_TIMES))
        tally.details += [f"{zone} {text}: {found[text]}, not {expected[text]}" for text in wrong]
        with duckdb.connect() as database:
            for local_time in LOCAL_TIMES:
                [(moment,)] = database.execute(
                    "select timezone(?, ?::timestamp)::varchar", [zone, local_time]
                ).fetchall()
                there = datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None)
                control.lost += there != in_utc(local_time, zone)


def test_f13_numbers_of_seconds(tally: Tally, control: Tally, tmp_path: Path) -> None:
    """Seconds, milliseconds, or numbers with too many digits: a time or quarantined, never the year 49924."""
    firm = Firm(tmp_path, with_times("UTC", "UTC", ["epoch", "epoch_ms"]))
    moment = int(datetime(2026, 3, 4, 10, tzinfo=UTC).timestamp())
    part = firm.load_text(
        log_of([str(moment), str(moment * 1000), str(moment * 10**6), str(moment * 10**9), "0", "-1"])
    )
    tally.injected += 6
    years = {row[0].year for row in events(part, "event_at")}
    tally.lost += years != {2026}
    tally.details += [] if years == {2026} else [f"years {years}"]
    # Seconds taken for milliseconds.
    control.lost += (datetime(1970, 1, 1) + timedelta(seconds=moment / 1000)).year != 2026
