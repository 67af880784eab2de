"""F13: every trap of a clock: one fixed answer each, by zoneinfo, and month and day are never guessed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from faults.accounts import Tally, times
from support.loaded_files import Firm, events, log_of, with_times

US = ["%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M"]
ZONES = ["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Phoenix"]
# Wall clocks around both changes of a year, and days that a guess would get wrong.
WALLS = [
    "2026-03-08 01:59:59", "2026-03-08 02:00:00", "2026-03-08 02:30:00", "2026-03-08 03:00:00",
    "2026-11-01 00:59:59", "2026-11-01 01:00:00", "2026-11-01 01:30:00", "2026-11-01 02:00:00",
    "2024-02-29 12:00:00", "2026-04-03 12:00:00", "2026-12-31 23:59:59", "2099-12-31 12:00:00",
]  # fmt: skip
NO_TIMES = [
    "2025-02-29 12:00:00",
    "1900-01-01 00:00:00",
    "2101-01-01 00:00:00",
    "infinity",
    "2026-03-04 25:00:00",
    "13/14/2026 10:00",
]
SAID = {
    "03/04/2026 10:00": "2026-03-04 10:00:00", "04/03/2026 10:00": "2026-04-03 10:00:00",
    "03/04/2026 02:05:09 PM": "2026-03-04 14:05:09", "12/11/2026 00:00": "2026-12-11 00:00:00",
}  # fmt: skip


def in_utc(wall: str, zone: str) -> datetime:
    """The first of two moments; a wall clock that is never shown moves on by the hour that was left out."""
    return datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


def test_f13_times(tally: Tally, control: Tally, tmp_path: Path) -> None:
    for zone in ZONES[: max(1, times(len(ZONES)))]:
        folder = tmp_path / zone.replace("/", "-")
        folder.mkdir()
        firm = Firm(folder, with_times(zone, zone, US))
        expected = {wall: in_utc(wall, zone) for wall in WALLS} | {
            text: in_utc(wall, zone) for text, wall in SAID.items()
        }
        expected["2026-03-04T10:00:00-11:00"] = datetime(2026, 3, 4, 21)
        part = firm.load_text(log_of([*expected, *NO_TIMES]))
        found = dict(zip(expected, (row[0] for row in events(part, "event_at")), strict=True))
        tally.injected += len(expected) + len(NO_TIMES)
        wrong = {text for text, moment in expected.items() if found[text].replace(tzinfo=None) != moment}
        tally.lost += len(wrong) + (part.ledger["quarantined_count"] != len(NO_TIMES))
        tally.notes += [f"{zone} {text}: {found[text]}, not {expected[text]}" for text in wrong]
        with duckdb.connect() as database:
            for wall in WALLS:
                [(moment,)] = database.execute(
                    "select timezone(?, ?::timestamp)::varchar", [zone, wall]
                ).fetchall()
                there = datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None)
                control.lost += there != in_utc(wall, zone)


def test_f13_numbers_of_seconds(tally: Tally, control: Tally, tmp_path: Path) -> None:
    """Seconds, milliseconds, and what is too many digits for either: a moment, or set aside; never the year 49924."""
    firm = Firm(tmp_path, with_times("UTC", "UTC", ["epoch", "epoch_ms"]))
    moment = int(datetime(2026, 3, 4, 10, tzinfo=UTC).timestamp())
    part = firm.load_text(
        log_of([str(moment), str(moment * 1000), str(moment * 10**6), str(moment * 10**9), "0", "-1"])
    )
    tally.injected += 6
    years = {row[0].year for row in events(part, "event_at")}
    tally.lost += years != {2026}
    tally.notes += [] if years == {2026} else [f"years {years}"]
    # Seconds taken for milliseconds, and the reverse.
    control.lost += (datetime(1970, 1, 1) + timedelta(seconds=moment / 1000)).year != 2026
