"""The log of one return: what decides its events (chances, delays, office hours), and its emails."""

import math
from datetime import datetime, time, timedelta
from random import Random
from typing import NamedTuple

from etl.demo.firm import FACTS, Client, Person, Season

DAY = timedelta(days=1)


class Event(NamedTuple):
    """One line of User Tracking. All times are local times of the firm, as its exports show them."""

    log: "Log"
    at: datetime
    tab: str
    label: str
    status: str = ""
    user: str = ""
    email: str = ""


class Log:
    """The events of a return on both tabs; a return with a role has some outcomes fixed."""

    def __init__(
        self, seed: str, season: Season, client: Client, number: int, outcomes: dict[str, bool]
    ) -> None:
        self.random, self.outcomes = Random(f"{seed} {client.client_id}"), outcomes
        self.season, self.client = season, client
        self.return_id = f"{season.tax_year}-{number + 1:05d}"
        self.uploaded_at, self.is_extended = self.upload_moment()
        self.due_on = (season.extended_due if self.is_extended else season.due)[client.form]
        self.events: list[Event] = []
        # Who e-signed each delivery, and when; User Tracking does not show it.
        self.signatures: dict[datetime, list[tuple[Person, datetime]]] = {}

    def upload_moment(self) -> tuple[datetime, bool]:
        """When the return is uploaded, mostly in the weeks before it is due, and whether on extension."""
        form, ends_at, due = self.client.form, self.season.ends_at, self.season.due[self.client.form]
        extension = min(ends_at.date(), self.season.extended_due[form] - 4 * DAY) - due
        is_extended = extension > 7 * DAY and self.random.random() < 0.09
        if is_extended:
            day = due + timedelta(days=self.random.randint(3, extension.days))
        else:
            longest, usual = (58, 9) if form in ("1065", "1120S") else (72, 10)
            day = ends_at.date()
            while day >= ends_at.date():
                day = due - timedelta(days=int(self.random.triangular(2, longest, usual)))
        moment = self.in_office(datetime.combine(day, time(7)) + self.seconds(0, 11 * 3600))
        return (moment if moment < ends_at else moment - 7 * DAY), is_extended

    def happens(self, what: str, factor: float = 1.0) -> bool:
        """Whether it happens. A fixed outcome also uses a random number, so that later ones stay the same."""
        outcome: bool = self.random.random() < FACTS["chances"][what] * factor
        return self.outcomes.get(what, outcome)

    def hours(self, median: float, spread: float = 0.8) -> timedelta:
        """A delay caused by people: mostly near the median, sometimes very long."""
        return timedelta(seconds=int(3600 * self.random.lognormvariate(math.log(median), spread)))

    def seconds(self, least: int, most: int) -> timedelta:
        """A short delay, evenly distributed."""
        return timedelta(seconds=self.random.randint(least, most))

    def in_office(self, moment: datetime) -> datetime:
        """The moment itself if the client's office is open, else some time on its next morning."""
        while True:
            is_busy = (2, 20) <= (moment.month, moment.day) <= (4, 15)
            opens_at = datetime.combine(moment.date(), time(8 + self.client.office.hours_behind))
            is_open = moment.weekday() < 5 or (is_busy and moment.weekday() == 5)
            if is_open and moment < opens_at:
                return opens_at + self.seconds(0, 3 * 3600)
            if is_open and moment <= opens_at + timedelta(hours=12 if is_busy else 9):
                return moment
            moment = datetime.combine(moment.date() + DAY, time())

    def at_home(self, moment: datetime) -> datetime:
        """When a client has time: often in the evening, never at night."""
        evening = datetime.combine(moment.date(), time(18, 30)) + self.seconds(0, 4 * 3600)
        if self.random.random() < 0.4 and moment < evening:
            return evening
        if 7 <= moment.hour < 23:
            return moment
        morning = moment.date() + DAY if moment.hour >= 23 else moment.date()
        return datetime.combine(morning, time(7)) + self.seconds(0, 14 * 3600)

    def add_internal(self, at: datetime, label: str, user: str) -> None:
        """Adds an action of the firm."""
        self.events.append(Event(self, at, "Internal Tracking", label, user=user))

    def add_client(self, at: datetime, label: str, status: str = "", user: str = "", email: str = "") -> None:
        """Adds an action of the client, or of the platform towards the client."""
        self.events.append(Event(self, at, "Client Tracking", label, status, user, email))

    def uploaded_after(self, moment: datetime) -> bool:
        """Whether the client uploaded forms that were signed by hand."""
        return any(event.label.startswith("Files Uploaded") and event.at > moment for event in self.events)

    def send_mail(self, at: datetime, label: str, address: str, bounces: bool = False) -> datetime:
        """An email that the platform queues at this moment; returns when it is delivered or bounces."""
        self.add_client(at, label, "Processed", email=address)
        if bounces:
            arrived_at = at + self.seconds(3, 900)
        else:
            is_fast = self.random.random() < 0.96
            arrived_at = at + (self.seconds(2, 70) if is_fast else self.hours(median=2))
        self.add_client(arrived_at, label, "Bounced" if bounces else "Delivered", email=address)
        return arrived_at

    def open_mail(self, at: datetime, delivered_at: datetime, label: str, address: str) -> None:
        """The email is opened, sometimes twice; a few openings are logged before the delivery."""
        if self.happens("open_before_delivered"):
            at = delivered_at - timedelta(seconds=1)
        self.add_client(at, label, "Open", email=address)
        if self.happens("opened_again"):
            self.add_client(at + self.hours(median=20, spread=1.2), label, "Open", email=address)
