"""Retention removes nothing by a clock that is far ahead of loads, runs and events."""

import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from etl.common.files import write_json
from etl.common.paths import DataDir
from etl.config.settings import Retention
from etl.reports.history import Run, save_run
from etl.store.parts import parts, with_checksums
from etl.upkeep.retention import apply, known_time
from support.warehouses import write_part

RULES = Retention(inbox_days=30, quarantine_days=30, report_days=30)
ID = "{:016x}"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def load_at(data: DataDir, day: str, newest_event: str) -> None:
    """A file loaded on a day, by the clock of that load, whose newest event is of another day."""
    number = len(parts(data)) + 1
    write_part(data, ID.format(number), [{"return_id": "r1", "event_at": f"{newest_event} 09:00:00"}])
    part = next(part for part in parts(data) if part.file_id == ID.format(number))
    ledger = part.ledger | {"loaded_at": f"{day}T10:00:00+00:00"}
    write_json(part.folder / "ledger.json", with_checksums(ledger, part.files))


def run_at(data: DataDir, *days: str) -> None:
    for day in days:
        number = 1 + max((int(json.loads(line)["run"]) for line in lines_of(data)), default=0)
        save_run(data, Run(number, f"{day}T12:00:00", "seen", "seen", day, "written"))


def lines_of(data: DataDir) -> list[str]:
    file = data.runs / "history.jsonl"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    """Loads in March and April 2026, each with the events of the days before, and a report of April 1."""
    data = DataDir(tmp_path / "data")
    for day, event in (("2026-03-02", "2026-03-01"), ("2026-04-10", "2026-04-09")):
        load_at(data, day, event)
    folder = data.reports / "2026-04-01"
    folder.mkdir(parents=True)
    (folder / "seen.csv").write_text("rows")
    at = moment("2026-04-01").timestamp()
    os.utime(folder / "seen.csv", (at, at))
    return data


def is_left(data: DataDir) -> bool:
    return (data.reports / "2026-04-01" / "seen.csv").exists()


def stopped(day: str) -> list[str]:
    return [
        f"[retention]: nothing was removed, because the clock is more than 60 days ahead of {day}, the last "
        "day that loads, runs and events show. Compare the clock with a calendar. If it is right, load a "
        "newer export, or write `clock_was_right_on` and today's date under [retention] of settings.toml."
    ]


def test_a_clock_ten_years_ahead_removes_nothing_however_often(data: DataDir) -> None:
    for day in ("2036-06-01", "2036-06-02", "2036-07-15"):
        assert apply(data, RULES, moment(day)) == stopped("2026-04-10")
        load_at(data, day, "2026-04-10")
        run_at(data, day)
    assert is_left(data)
    # The clock is right again, and the loads and runs of its wrong years are passed over.
    assert apply(data, RULES, moment("2026-05-20")) == []
    assert not is_left(data)


def test_a_clock_that_was_ahead_before_protects_as_well_when_it_is_ahead_again(data: DataDir) -> None:
    load_at(data, "2036-01-01", "2026-04-10")
    run_at(data, "2036-01-02", "2026-04-11", "2036-01-03")
    assert known_time(data, moment("2036-01-04")) == moment("2026-04-11T12:00:00")
    assert apply(data, RULES, moment("2036-01-04")) == stopped("2026-04-11")
    assert is_left(data)


def test_a_firm_whose_reports_go_on_out_of_season_keeps_its_retention(data: DataDir) -> None:
    run_at(data, "2026-05-01", "2026-06-01", "2026-07-01", "2026-08-01")
    assert apply(data, RULES, moment("2026-09-15")) == []
    assert not is_left(data)


def test_a_firm_that_was_away_for_three_months_is_warned_and_a_load_lets_it_go_on(data: DataDir) -> None:
    assert apply(data, RULES, moment("2026-08-01")) == stopped("2026-04-10")
    # Old events show nothing, newer ones do.
    load_at(data, "2026-08-01", "2026-04-11")
    assert apply(data, RULES, moment("2026-08-01T11:00")) == stopped("2026-04-11")
    load_at(data, "2026-08-01", "2026-07-20")
    assert apply(data, RULES, moment("2026-08-01T11:00")) == []
    assert not is_left(data)


def confirmed(day: str) -> Retention:
    return replace(RULES, clock_was_right_on=date.fromisoformat(day))


def test_after_a_quiet_summer_a_person_says_that_the_clock_is_right(data: DataDir) -> None:
    assert apply(data, RULES, moment("2026-09-30T12:00")) == stopped("2026-04-10")
    # A day to come confirms nothing, and one that is past only what is near it.
    assert apply(data, confirmed("2036-01-01"), moment("2026-09-30T12:00")) == stopped("2026-04-10")
    assert apply(data, confirmed("2026-06-01"), moment("2026-09-30T12:00")) == stopped("2026-06-01")
    assert is_left(data)
    assert apply(data, confirmed("2026-09-30"), moment("2026-09-30T12:00")) == []
    assert not is_left(data)


def test_what_follows_a_confirmed_day_is_believed_and_a_clock_far_ahead_of_it_is_not(data: DataDir) -> None:
    run_at(data, "2026-11-01", "2026-12-20")
    assert apply(data, confirmed("2026-09-30"), moment("2036-06-01")) == stopped("2026-12-20")
    run_at(data, "2026-12-25")
    assert apply(data, confirmed("2026-09-30"), moment("2027-02-01")) == []
    assert not is_left(data)


def test_an_event_of_the_future_shows_nothing(data: DataDir) -> None:
    load_at(data, "2026-04-11", "2036-05-30")
    assert apply(data, RULES, moment("2036-06-01")) == stopped("2026-04-11")
    assert is_left(data)


def test_the_first_load_is_believed_though_its_events_are_old(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    load_at(data, "2026-11-30", "2026-03-01")
    assert known_time(data, moment("2026-12-31")) == moment("2026-11-30T10:00:00")


def test_there_is_no_warning_where_nothing_is_old_enough(data: DataDir) -> None:
    assert apply(data, Retention(report_days=4000), moment("2036-06-01")) == []
    assert apply(data, Retention(), moment("2036-06-01")) == []
    assert is_left(data)
