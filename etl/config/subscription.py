"""Who gets which report when: the [[subscription]] entries and the [mail] section of the settings, read strictly."""

import re
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path

from etl.common.problem import Problem
from etl.config.settings_check import Place

PERIODS = ("load", "day", "week", "month", "never")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FILTERS = ("firms", "offices", "partners", "types", "years")
FORMATS = ("csv", "xlsx")
FOLDER = "folder"
SUBSCRIPTION_KEYS = (
    "name",
    "report",
    "every",
    "weekday",
    "not_before",
    *FILTERS,
    "to",
    "only_if_rows",
    "only_if_changed",
    "format",
    "bom",
)
MAIL_KEYS = ("host", "port", "user", "password_env", "from", "owner", "ca_file")
# What may become part of a file's name, so that no entry can name a path.
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
REPORT = re.compile(r"[a-z][a-z0-9_]{0,62}")
ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*", re.ASCII)
SUBMISSION_PORT = 587


@dataclass(frozen=True)
class Subscription:
    """One report for somebody; what `every` leaves open is the report's own rhythm."""

    report: str
    name: str | None = None
    every: str | None = None
    weekday: int = 0
    not_before: time = time(0)
    filters: dict[str, list] = field(default_factory=dict)
    to: tuple[str, ...] = (FOLDER,)
    only_if_rows: bool = False
    only_if_changed: bool = False
    file_format: str = "csv"
    bom: bool = False

    @property
    def label(self) -> str:
        """What its files are called and its runs are found by: two entries never share it."""
        return f"{self.report}-{self.name}" if self.name else self.report

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(one for one in self.to if one != FOLDER)


@dataclass(frozen=True)
class Mail:
    """The server that takes the firm's mail; there is no sending without TLS."""

    host: str
    sender: str
    port: int = SUBMISSION_PORT
    user: str | None = None
    password_env: str | None = None
    owner: str | None = None
    ca_file: Path | None = None


def read_subscriptions(path: Path, tables: list[dict], mail: Mail | None) -> tuple[Subscription, ...]:
    """The entries in their order; two whose files would have one name are refused."""
    found = tuple(
        read_subscription(path, table, number, mail) for number, table in enumerate(tables, start=1)
    )
    labels = [one.label for one in found]
    for label in labels:
        if labels.count(label) > 1:
            raise Problem(
                f'{path}: two [[subscription]] are called "{label}". Give each a "name" of its own.'
            )
    return found


def read_subscription(path: Path, table: dict, number: int, mail: Mail | None) -> Subscription:
    """One [[subscription]], checked key by key; its report and filters are held against the warehouse later."""
    place = Place(path, f"[[subscription]] number {number}")
    place.unknown(table, SUBSCRIPTION_KEYS)
    report = place.text(table, "report")
    if report is None or not REPORT.fullmatch(report):
        raise place.fault('no "report" (the name of one, such as "work_list")')
    name = place.text(table, "name")
    if name is not None and (not NAME.fullmatch(name) or re.search(r"(^|-)changes$", name)):
        raise place.fault('"name" must be of small letters, digits and hyphens, and not end in "changes",')
    weekday = chosen(place, table, "weekday", WEEKDAYS)
    every = chosen(place, table, "every", PERIODS) or ("week" if weekday else None)
    if weekday and every != "week":
        raise place.fault(f'"weekday" goes with every = "week", not with "{every}",')
    if "not_before" in table and every in ("load", "never"):
        raise place.fault(f'"not_before" does not go with every = "{every}"')
    return Subscription(
        report=report,
        name=name,
        every=every,
        weekday=WEEKDAYS.index(weekday) if weekday else 0,
        not_before=time_of_day(place, table),
        filters={f"for_{key}": read_filter(place, table, key) for key in FILTERS if key in table},
        to=read_to(place, table, mail),
        only_if_rows=truth(place, table, "only_if_rows"),
        only_if_changed=truth(place, table, "only_if_changed"),
        file_format=chosen(place, table, "format", FORMATS) or "csv",
        bom=truth(place, table, "bom"),
    )


def chosen(place: Place, table: dict, key: str, known: tuple[str, ...]) -> str | None:
    """One of the words that are known."""
    value = place.text(table, key)
    if value is not None and value not in known:
        raise place.fault(f'"{key}" must be one of {", ".join(known)}')
    return value


def truth(place: Place, table: dict, key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise place.fault(f'"{key}" must be true or false')
    return value


def time_of_day(place: Place, table: dict) -> time:
    """The time of day in the firm's zone before which nothing is written."""
    value = place.text(table, "not_before", "00:00")
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value or ""):
        raise place.fault('"not_before" must be a time of day such as "07:00"')
    return time.fromisoformat(value)


def read_filter(place: Place, table: dict, key: str) -> list:
    """The values of a filter: whole numbers for years, else texts."""
    if key != "years":
        return list(place.texts(table, key))
    value = table[key]
    if not isinstance(value, list) or not value or any(type(one) is not int for one in value):
        raise place.fault('"years" must be a list of years such as [2025]')
    return value


def read_to(place: Place, table: dict, mail: Mail | None) -> tuple[str, ...]:
    """Where the files go: the folder, and addresses if there is a [mail] section."""
    to = place.texts(table, "to") if "to" in table else (FOLDER,)
    for one in to:
        if one != FOLDER and not ADDRESS.fullmatch(one):
            raise place.fault(f'"to" names "{FOLDER}" or e-mail addresses, and "{one}" is neither,')
        if one != FOLDER and mail is None:
            raise place.fault(f'"to" names {one}, and there is no [mail] section that says how to send,')
    return tuple(dict.fromkeys(to))


def read_mail(path: Path, table: dict | None) -> Mail | None:
    """The [mail] section; without it nothing is ever sent."""
    if table is None:
        return None
    place = Place(path, "[mail]")
    place.unknown(table, MAIL_KEYS)
    for key in ("host", "from"):
        if key not in table:
            raise place.fault(f'no "{key}"')
    if ("user" in table) != ("password_env" in table):
        raise place.fault('"user" and "password_env" (the variable that holds the password) go together')
    for key in ("from", "owner"):
        if key in table and not ADDRESS.fullmatch(place.text(table, key) or ""):
            raise place.fault(f'"{key}" must be an e-mail address')
    ca_file = place.text(table, "ca_file")
    return Mail(
        host=place.text(table, "host") or "",
        sender=table["from"],
        port=place.number(table, "port", SUBMISSION_PORT) or SUBMISSION_PORT,
        user=place.text(table, "user"),
        password_env=place.text(table, "password_env"),
        owner=table.get("owner"),
        ca_file=Path(path.parent, ca_file) if ca_file else None,
    )
