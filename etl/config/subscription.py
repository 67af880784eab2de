"""The [[subscription]] entries and the [mail] section of the settings: who gets which report when."""

from dataclasses import dataclass, field, replace
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta

from etl.common.problem import Problem
from etl.config.place import Count, Place, Text, Texts, Truth, keys

Period = Literal["load", "day", "week", "month", "never"]
Weekday = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
WEEKDAYS: tuple[str, ...] = get_args(Weekday)
Years = Annotated[list[int], Meta(min_length=1, description="a list of years such as [2025]")]
FILTERS = {"firms": Texts, "offices": Texts, "partners": Texts, "types": Texts, "years": Years}
FOLDER = "folder"
# Names and reports become part of a file's name, so no entry can name a path.
Name = Annotated[
    str,
    Meta(
        pattern=r"\A(?!(.*-)?changes\Z)[a-z0-9][a-z0-9-]{0,39}\Z",
        description='a name of small letters, digits and hyphens that does not end in "changes"',
    ),
]
ReportName = Annotated[
    str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,62}\Z", description='the name of a report such as "work_list"')
]
ADDRESS = r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*"
Address = Annotated[str, Meta(pattern=rf"(?a:\A{ADDRESS}\Z)", description="an e-mail address")]
Recipients = Annotated[
    tuple[Annotated[str, Meta(pattern=rf"(?a:\A({FOLDER}|{ADDRESS})\Z)")], ...],
    Meta(min_length=1, description=f'a list of "{FOLDER}" or e-mail addresses'),
]
TimeOfDay = Annotated[
    str, Meta(pattern=r"\A([01]\d|2[0-3]):[0-5]\d\Z", description='a time of day such as "07:00"')
]


@dataclass(frozen=True)
class Subscription:
    """One report and who gets it; if `every` is None, the report's own period counts."""

    report: ReportName
    name: Name | None = None
    every: Period | None = None
    weekday: int = 0
    not_before: time = time(0)
    filters: dict[str, list[str] | list[int]] = field(default_factory=dict)
    to: Recipients = (FOLDER,)
    only_if_rows: Truth = False
    only_if_changed: Truth = False
    file_format: Literal["csv", "xlsx"] = field(default="csv", metadata={"key": "format"})
    bom: Truth = False

    @property
    def label(self) -> str:
        """The name of its files and its runs; two entries never have the same label."""
        return f"{self.report}-{self.name}" if self.name else self.report

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(recipient for recipient in self.to if recipient != FOLDER)


SUBSCRIPTION_KEYS = (*(key for key in keys(Subscription) if key != "filters"), *FILTERS)


@dataclass(frozen=True)
class Mail:
    """The mail server of the firm; nothing is sent without TLS."""

    host: Text
    sender: Address = field(metadata={"key": "from"})
    port: Count = 587
    user: Text | None = None
    password_env: Text | None = None
    owner: Address | None = None
    ca_file: Path | None = None


def read_subscriptions(
    path: Path, tables: list[dict[str, Any]], mail: Mail | None
) -> tuple[Subscription, ...]:
    """The entries in their order; two entries with the same label are refused.

    Their reports and filters are compared with the warehouse later.
    """
    entries: dict[str, Subscription] = {}
    for number, table in enumerate(tables, start=1):
        place = Place(path, f"[[subscription]] number {number}", table, SUBSCRIPTION_KEYS)
        weekday = place.value("weekday", Weekday, None)
        every = place.value("every", Period, "week" if weekday else None)
        if weekday and every != "week":
            raise place.fault(f'"weekday" goes with every = "week", not with "{every}",')
        if "not_before" in table and every in ("load", "never"):
            raise place.fault(f'"not_before" does not go with every = "{every}"')
        filters = {key: place.value(key, kind) for key, kind in FILTERS.items() if key in table}
        entry = place.read(
            Subscription,
            every=every,
            weekday=WEEKDAYS.index(weekday or "Monday"),
            not_before=time.fromisoformat(place.value("not_before", TimeOfDay, "00:00")),
            filters={f"for_{key}": list(values) for key, values in filters.items()},
        )
        entry = replace(entry, to=tuple(dict.fromkeys(entry.to)))
        if entry.addresses and mail is None:
            address = entry.addresses[0]
            raise place.fault(f'"to" names {address}, and there is no [mail] section that says how to send,')
        if entry.label in entries:
            fault = f'two [[subscription]] are called "{entry.label}"'
            raise Problem(f'{path}: {fault}. Give each a "name" of its own.')
        entries[entry.label] = entry
    return tuple(entries.values())


def read_mail(path: Path, table: dict[str, Any] | None) -> Mail | None:
    """The [mail] section; without it nothing is sent."""
    if table is None:
        return None
    place = Place(path, "[mail]", table, keys(Mail))
    if ("user" in table) != ("password_env" in table):
        raise place.fault('"user" and "password_env" (the variable that holds the password) go together')
    ca_file = place.value("ca_file", Text, None)
    return place.read(Mail, ca_file=Path(path.parent, ca_file) if ca_file else None)
