"""The log of one return, in the platform's words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

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


class Log:
    """Collects the events of a return on both tabs."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.events: list[Event] = []

    def internal(self, at: datetime, label: str, user: str) -> None:
        """Something the firm did."""
        self.events.append(Event(at, "Internal Tracking", label, user=user))

    def client(self, at: datetime, label: str, status: str = "", user: str = "", email: str = "") -> None:
        """Something the client did, or that the platform did towards the client."""
        self.events.append(Event(at, "Client Tracking", label, status, user, email))

    def keep(self, events: Iterable[Event]) -> None:
        """Events that another log collected."""
        self.events.extend(events)
