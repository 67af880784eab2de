"""When a subscription is due: the latest slot that has begun, by the firm's calendar.

A slot is named by its date, or for "load" by the digest of what was built. So a clock change neither skips nor doubles
one, and of the slots that passed while the machine was off only the latest is left.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from etl.subscription import Subscription


def slot_of(subscription: Subscription, every: str, now: datetime, zone: ZoneInfo, digest: str) -> str | None:
    """The slot that is due, or was met; null for "never"."""
    if every == "never":
        return None
    if every == "load":
        return digest
    day = slot_day(every, now.astimezone(zone).date(), subscription.weekday)
    if moment(day, subscription.not_before, zone) > now:
        day = slot_day(every, day - timedelta(days=1), subscription.weekday)
    return str(day)


def slot_day(every: str, day: date, weekday: int) -> date:
    """The last day of the rhythm that is not after this one: any day, a weekday, the first of a month."""
    if every == "week":
        return day - timedelta(days=(day.weekday() - weekday) % 7)
    return day.replace(day=1) if every == "month" else day


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A time of day as a moment: the first of a repeated hour; of a missing hour the same minutes later."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
