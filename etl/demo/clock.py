"""The times of a season: when returns are uploaded, when an office works, when clients have time.

All times are local times of the firm, as its exports show them.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from etl.demo.dice import FACTS, Dice
from etl.demo.people import Client, Office

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Season:
    """The returns of one tax year, from the first upload to the end of the exports."""

    tax_year: int
    ends_at: datetime
    due: dict[str, date]
    extended_due: dict[str, date]
    closed_on: date | None = None


LAST_SEASON = Season(**FACTS["last_season"])
THIS_SEASON = Season(**FACTS["this_season"])
# No clock shows these hours, because summer time begins.
SKIPPED_HOURS = (datetime(2025, 3, 9, 2), datetime(2026, 3, 8, 2))


def upload_moment(dice: Dice, client: Client, season: Season) -> tuple[datetime, bool]:
    """When the return is uploaded, mostly in the weeks before it is due, and whether it is on extension."""
    due = season.due[client.form]
    extension = min(season.ends_at.date(), season.extended_due[client.form] - 4 * DAY) - due
    is_extended = extension > 7 * DAY and dice.random.random() < 0.09
    if is_extended:
        day = due + timedelta(days=dice.random.randint(3, extension.days))
    else:
        longest, usual = (58, 9) if client.form in ("1065", "1120S") else (72, 10)
        day = season.ends_at.date() + DAY
        while day >= season.ends_at.date():
            day = due - timedelta(days=int(dice.random.triangular(2, longest, usual)))
    start = datetime.combine(day, time()) + timedelta(hours=7) + dice.seconds(0, 11 * 3600)
    moment = in_office(dice, start, client.office)
    return (moment if moment < season.ends_at else moment - 7 * DAY), is_extended


def in_office(dice: Dice, moment: datetime, office: Office) -> datetime:
    """The moment itself if the office is open, else some time on its next morning."""
    while True:
        is_busy = (2, 20) <= (moment.month, moment.day) <= (4, 15)
        opens_at = datetime.combine(moment.date(), time(8 + office.hours_behind))
        is_open = moment.weekday() < 5 or (is_busy and moment.weekday() == 5)
        if is_open and moment < opens_at:
            return opens_at + dice.seconds(0, 3 * 3600)
        if is_open and moment <= opens_at + timedelta(hours=12 if is_busy else 9):
            return moment
        moment = datetime.combine(moment.date() + DAY, time())


def at_home(dice: Dice, moment: datetime) -> datetime:
    """When a client has time: often in the evening, never at night."""
    evening = datetime.combine(moment.date(), time(18, 30)) + dice.seconds(0, 4 * 3600)
    if dice.random.random() < 0.4 and moment < evening:
        return evening
    if 7 <= moment.hour < 23:
        return moment
    morning = moment.date() + DAY if moment.hour >= 23 else moment.date()
    return datetime.combine(morning, time(7)) + dice.seconds(0, 14 * 3600)


def clock_time(moment: datetime) -> datetime:
    """The moment on a clock that skips the hour when summer time begins."""
    is_skipped = moment.replace(minute=0, second=0) in SKIPPED_HOURS
    return moment + timedelta(hours=1) if is_skipped else moment
