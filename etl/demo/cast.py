"""The roles: returns that stop at a given event, so that even a small season shows every next step."""

from datetime import datetime, timedelta
from typing import NamedTuple

from etl.demo.clock import DAY
from etl.demo.dice import FACTS
from etl.demo.log import Event
from etl.demo.people import Client

CLIENTS_PER_CAST = 300


class Role(NamedTuple):
    """A return that stops after an event: which clients can have it, and the fixed outcomes on the way."""

    client: str
    ends_with: tuple[str, str]
    outcomes: dict[str, bool]

    def suits(self, client: Client) -> bool:
        """Whether this client can have the role."""
        return self.client == "any" or (
            client.form == "1040" and (client.spouse is not None) == (self.client == "joint")
        )


ROLES = [
    Role(role["client"], role["ends_with"], FACTS["role_outcomes"] | role["outcomes"])
    for role in FACTS["roles"].values()
]


def stop(events: list[Event], role: Role, season_ends_at: datetime) -> list[Event]:
    """The events up to the last one of the role, moved by whole weeks to the last days of the season."""
    label, status = role.ends_with
    last_no = next(no for no, event in enumerate(events) if label in event.label and event.status == status)
    events = events[: last_no + 1]
    weeks = (season_ends_at - DAY - timedelta(hours=4) - events[-1].at) // (7 * DAY)
    return [event._replace(at=event.at + 7 * weeks * DAY) for event in events]


def cast(clients: list[Client]) -> dict[str, Role]:
    """The roles by client number: each role goes to the first client who is free and suits it.

    A large season has each role several times, so that every next step is certain to occur.
    """
    free = list(clients)
    roles = {}
    for role in ROLES * max(1, len(clients) // CLIENTS_PER_CAST):
        client = next((client for client in free if role.suits(client)), None)
        if client:
            free.remove(client)
            roles[client.client_id] = role
    return roles
