"""The log of one return with the platform's labels, and its emails: processed, then delivered or bounced."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from etl.demo.clock import in_office
from etl.demo.dice import Dice
from etl.demo.people import Client


class Event(NamedTuple):
    """One line of User Tracking."""

    at: datetime
    tab: str
    label: str
    status: str = ""
    user: str = ""
    email: str = ""


@dataclass(frozen=True)
class TaxReturn:
    """One return of a client for a year."""

    return_id: str
    client: Client
    tax_year: int
    due_on: date
    is_extended: bool
    uploaded_at: datetime


class Mail(NamedTuple):
    """The result of an email; both times are None if neither was logged."""

    delivered_at: datetime | None
    bounced_at: datetime | None


@dataclass
class Log:
    """Collects the events of a return on both tabs."""

    dice: Dice
    tax_return: TaxReturn
    events: list[Event] = field(default_factory=list)

    @property
    def client(self) -> Client:
        return self.tax_return.client

    def add_internal(self, at: datetime, label: str, user: str) -> None:
        """Adds an action of the firm."""
        self.events.append(Event(at, "Internal Tracking", label, user=user))

    def add_client(self, at: datetime, label: str, status: str = "", user: str = "", email: str = "") -> None:
        """Adds an action of the client, or of the platform towards the client."""
        self.events.append(Event(at, "Client Tracking", label, status, user, email))

    def in_office(self, moment: datetime) -> datetime:
        """The moment itself if the client's office is open, else some time on its next morning."""
        return in_office(self.dice, moment, self.client.office)

    def has_uploads(self) -> bool:
        """Whether the client uploaded forms that were signed by hand."""
        return any(event.label.startswith("Files Uploaded") for event in self.events)

    def send_mail(
        self, at: datetime, label: str, address: str, bounces: bool = False, unconfirmed: bool = False
    ) -> Mail:
        """An email that the platform queues at this moment."""
        self.add_client(at, label, "Processed", email=address)
        if unconfirmed:
            return Mail(None, None)
        if bounces:
            bounced_at = at + self.dice.seconds(3, 900)
            self.add_client(bounced_at, label, "Bounced", email=address)
            return Mail(None, bounced_at)
        is_fast = self.dice.random.random() < 0.96
        delivered_at = at + (self.dice.seconds(2, 70) if is_fast else self.dice.hours(median=2))
        self.add_client(delivered_at, label, "Delivered", email=address)
        return Mail(delivered_at, None)

    def open_mail(self, at: datetime, delivered_at: datetime, label: str, address: str) -> None:
        """The email is opened, sometimes twice; a few openings are logged before the delivery."""
        if self.dice.happens("open_before_delivered"):
            at = delivered_at - timedelta(seconds=1)
        self.add_client(at, label, "Open", email=address)
        if self.dice.happens("opened_again"):
            self.add_client(at + self.dice.hours(median=20, spread=1.2), label, "Open", email=address)
