"""What the firm subscribes to, held against the warehouse: its reports, their rhythm, and the values of filters.

When a subscription is due: the latest slot that has begun, by the firm's calendar.

A slot is named by its date, or for "load" by the digest of what was built. So a clock change neither skips nor doubles
one, and of the slots that passed while the machine was off only the latest is left.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from etl.common.problem import Problem
from etl.config.settings import Settings
from etl.config.subscription import WEEKDAYS, Mail, Subscription
from etl.reports.mail import password
from etl.reports.xlsx import refuse_without_excel
from etl.warehouse.ask import Report, Warehouse, ask, call


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


# What the report of choices calls the values of each filter.
CHOICES = {
    "for_firms": "firm", "for_offices": "office", "for_partners": "partner", "for_types": "form", "for_years": "year",
}  # fmt: skip
WHEN = {"load": "after every build of something new", "day": "every day", "month": "on the first of a month"}


def subscribed(settings: Settings, reports: dict[str, Report]) -> list[Subscription]:
    """The entries of the settings, and each report that has a rhythm of its own and no entry without a name."""
    entries = list(settings.subscriptions)
    named = {entry.report for entry in entries if entry.name is None}
    return entries + [
        Subscription(one.name) for one in reports.values() if one.every and one.name not in named
    ]


def rhythm(subscription: Subscription, reports: dict[str, Report]) -> str:
    """Load, day, week, month or never: the subscription's own, else the report's."""
    report = reports.get(subscription.report)
    if report is None:
        raise Problem(f'No report is named "{subscription.report}". There are: {", ".join(reports)}.')
    every = subscription.every or report.every
    if every is None:
        raise Problem(f'The report {report.name} has no rhythm of its own. Write every = "day", or another.')
    return every


def refuse_unknown(warehouse: Warehouse, mail: Mail | None, subscription: Subscription) -> None:
    """Raises a Problem for a report, filter or value that the warehouse does not know, or what is lacking to send."""
    rhythm(subscription, warehouse.reports)
    call(warehouse, subscription.report, None, subscription.filters)
    if subscription.filters:
        known = ask(warehouse, "filter_choices").select("filter_name", "choice").rows()
        for name, values in subscription.filters.items():
            choices = [choice for kind, choice in known if kind == CHOICES[name]]
            for value in values:
                if str(value) not in choices:
                    offered = ", ".join(choices) or "none"
                    raise Problem(f'No return has the {CHOICES[name]} "{value}". There are: {offered}.')
    if subscription.file_format == "xlsx":
        refuse_without_excel()
    if subscription.addresses and mail is not None:
        password(mail)


def in_words(subscription: Subscription, warehouse: Warehouse) -> str:
    """One line: what is written when, and where it goes."""
    every = rhythm(subscription, warehouse.reports)
    when = WHEN.get(every, every) if every != "week" else f"every {WEEKDAYS[subscription.weekday]}"
    if subscription.not_before.isoformat("minutes") != "00:00":
        when += f" from {subscription.not_before:%H:%M}"
    only = ["there are rows"] * subscription.only_if_rows + [
        "something changed"
    ] * subscription.only_if_changed
    wanted = f" if {' and '.join(only)}" if only else ""
    return (
        f"{subscription.label}: {when}{wanted}, {subscription.file_format}, to {', '.join(subscription.to)}"
    )


def checked(settings: Settings, warehouse: Warehouse) -> list[str]:
    """A line for each subscription. Raises a Problem that names the first one that cannot work."""
    lines = []
    for subscription in subscribed(settings, warehouse.reports):
        try:
            refuse_unknown(warehouse, settings.mail, subscription)
        except Problem as problem:
            raise Problem(f'{settings.path}: [[subscription]] "{subscription.label}": {problem}') from problem
        lines.append(in_words(subscription, warehouse))
    return lines
