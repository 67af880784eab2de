"""The schedule: the subscriptions, whether each can work, and which slot of each is due.

The name of a slot is its date, or for "load" the digest of the build. So a change of the clock neither skips
nor repeats a slot, and of the slots missed while the machine was off only the latest is due.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from etl.common.problem import Problem
from etl.config.settings import Settings
from etl.config.subscription import WEEKDAYS, Mail, Subscription
from etl.reports.files import refuse_shared_offices
from etl.reports.mail import password
from etl.reports.xlsx import refuse_without_excel
from etl.warehouse.ask import Report, Warehouse, ask, question_of

WHEN = {"load": "after every build of something new", "day": "every day", "month": "on the first of a month"}


def all_subscriptions(settings: Settings, reports: dict[str, Report]) -> list[Subscription]:
    """The entries of the settings, and each report with a period that no entry without a name replaces."""
    listed = {entry.report for entry in settings.subscriptions if entry.name is None}
    usual = (Subscription(name) for name, report in reports.items() if report.every and name not in listed)
    return [*settings.subscriptions, *usual]


def due_slot(subscription: Subscription, every: str, now: datetime, zone: ZoneInfo, build: str) -> str | None:
    """The last slot that has begun; None for "never". `build` is the digest of the last build."""
    if every in ("load", "never"):
        return build if every == "load" else None
    day = last_slot_day(every, now.astimezone(zone).date(), subscription.weekday)
    if utc_moment(day, subscription.not_before, zone) > now:
        day = last_slot_day(every, day - timedelta(days=1), subscription.weekday)
    return str(day)


def last_slot_day(every: str, day: date, weekday: int) -> date:
    """The last day up to this one that has a slot: any day, a weekday, the first of a month."""
    if every == "week":
        return day - timedelta(days=(day.weekday() - weekday) % 7)
    return day.replace(day=1) if every == "month" else day


def utc_moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A local time of day as UTC: in a repeated hour the first, in a skipped hour as many minutes later."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def check_subscription(warehouse: Warehouse, mail: Mail | None, subscription: Subscription) -> None:
    """Raises a Problem for an unknown report, filter or value, and if something needed to send is missing."""
    question_of(warehouse, subscription.report, None, {})
    if not (subscription.every or warehouse.reports[subscription.report].every):
        raise Problem(f'The report {subscription.report} has no period. Write every = "day", or another.')
    question_of(warehouse, subscription.report, None, filters := dict(subscription.filters))
    refuse_shared_offices(warehouse, filters.get("for_offices"), filters.get("for_firms"))
    for name, values in subscription.filters.items():
        kind = "form" if name == "for_types" else name.removeprefix("for_").removesuffix("s")
        known = ask(warehouse, "filter_choices").filter(filter_name=kind)["choice"].to_list()
        for value in values:
            if str(value) not in known:
                raise Problem(f'No return has the {kind} "{value}". There are: {", ".join(known) or "none"}.')
    if subscription.file_format == "xlsx":
        refuse_without_excel()
    if subscription.addresses and mail is not None:
        password(mail)


def describe(subscription: Subscription, warehouse: Warehouse) -> str:
    """One line: what is written when, and where it goes."""
    every = subscription.every or warehouse.reports[subscription.report].every or ""
    when = f"every {WEEKDAYS[subscription.weekday]}" if every == "week" else WHEN.get(every, every)
    if subscription.not_before != time(0):
        when += f" from {subscription.not_before:%H:%M}"
    conditions = ["there are rows"] if subscription.only_if_rows else []
    conditions += ["something changed"] if subscription.only_if_changed else []
    if conditions:
        when += f" if {' and '.join(conditions)}"
    return f"{subscription.label}: {when}, {subscription.file_format}, to {', '.join(subscription.to)}"


def check_subscriptions(settings: Settings, warehouse: Warehouse) -> list[str]:
    """A line for each subscription. Raises a Problem that names the first one that cannot work."""
    lines = []
    for subscription in all_subscriptions(settings, warehouse.reports):
        try:
            check_subscription(warehouse, settings.mail, subscription)
        except Problem as problem:
            raise Problem(f'{settings.path}: [[subscription]] "{subscription.label}": {problem}') from problem
        lines.append(describe(subscription, warehouse))
    return lines
