"""The season's rhythm: when returns come in, when an office works, when clients sit down to it.

All times are the firm's local time, as its exports show them.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from etl.demo.dice import Dice
from etl.demo.people import Client, Office

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Season:
    """The returns of one tax year: from the first upload to the last thing the exports know of."""

    tax_year: int
    ends_at: datetime
    closed_on: date | None
    due: dict[str, date]
    extended_due: dict[str, date]


def due_dates(
    march: date, april: date, september: date, end_of_september: date, october: date
) -> tuple[dict, dict]:
    """The due dates of a season by form, and those of returns on extension."""
    usual = {"1065": march, "1120S": march, "1120": april, "1041": april, "1040": april}
    extended = {
        "1065": september,
        "1120S": september,
        "1120": october,
        "1041": end_of_september,
        "1040": october,
    }
    return usual, extended


LAST_SEASON = Season(
    2024,
    datetime(2025, 11, 14, 18),
    date(2025, 6, 12),
    *due_dates(
        date(2025, 3, 17), date(2025, 4, 15), date(2025, 9, 15), date(2025, 9, 30), date(2025, 10, 15)
    ),
)
THIS_SEASON = Season(
    2025,
    datetime(2026, 4, 2, 17, 40),
    None,
    *due_dates(
        date(2026, 3, 16), date(2026, 4, 15), date(2026, 9, 15), date(2026, 9, 30), date(2026, 10, 15)
    ),
)
NO_SUCH_HOURS = (datetime(2025, 3, 9, 2), datetime(2026, 3, 8, 2))


def upload_moment(dice: Dice, client: Client, season: Season) -> tuple[datetime, bool]:
    """When the return is uploaded, most of them in the weeks before it is due, and whether it is on extension."""
    due = season.due[client.form]
    room = min(season.ends_at.date(), season.extended_due[client.form] - 4 * DAY) - due
    is_extended = room > 7 * DAY and dice.random.random() < 0.09
    if is_extended:
        day = due + timedelta(days=dice.random.randint(3, room.days))
    else:
        longest, usual = (58, 9) if client.form in ("1065", "1120S") else (72, 10)
        day = season.ends_at.date() + DAY
        while day >= season.ends_at.date():
            day = due - timedelta(days=int(dice.random.triangular(2, longest, usual)))
    start = datetime.combine(day, time()) + timedelta(hours=7) + dice.seconds(0, 11 * 3600)
    moment = in_office(dice, start, client.office)
    return (moment if moment < season.ends_at else moment - 7 * DAY), is_extended


def in_office(dice: Dice, moment: datetime, office: Office) -> datetime:
    """The moment itself while the office works, else some time on its next morning."""
    while True:
        busy = (2, 20) <= (moment.month, moment.day) <= (4, 15)
        opens = datetime.combine(moment.date(), time(8 + office.hours_behind))
        works = moment.weekday() < 5 or (busy and moment.weekday() == 5)
        if works and moment < opens:
            return opens + dice.seconds(0, 3 * 3600)
        if works and moment <= opens + timedelta(hours=12 if busy else 9):
            return moment
        moment = datetime.combine(moment.date() + DAY, time())


def at_home(dice: Dice, moment: datetime) -> datetime:
    """The moment a client finds for it: evenings are liked, nights are not."""
    evening = datetime.combine(moment.date(), time(18, 30)) + dice.seconds(0, 4 * 3600)
    if dice.random.random() < 0.4 and moment < evening:
        return evening
    if 7 <= moment.hour < 23:
        return moment
    morning = moment.date() + DAY if moment.hour >= 23 else moment.date()
    return datetime.combine(morning, time(7)) + dice.seconds(0, 14 * 3600)


def on_the_clock(moment: datetime) -> datetime:
    """The moment as a clock shows it that skips the hour when summer time begins."""
    return moment + timedelta(hours=1) if moment.replace(minute=0, second=0) in NO_SUCH_HOURS else moment
