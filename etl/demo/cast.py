"""The cast: returns that are caught at one moment, so that even a small season shows every next step."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from etl.demo.clock import DAY
from etl.demo.log import Event
from etl.demo.people import Client

SMOOTH = {
    "deleted": False,
    "bounces": False,
    "unconfirmed": False,
    "never_comes": False,
    "hesitates": False,
    "locks": False,
    "never_signs": False,
    "paper": False,
    "signs_by_hand": False,
    "kba_passed": True,
    "kba_disabled": False,
    "recalled": False,
}


@dataclass(frozen=True)
class Role:
    """A return that stands still after an event: which clients can play it, and what must happen on the way."""

    name: str
    ends_with: tuple[str, str]
    forced: dict[str, bool]
    kind: str = "any"


ROLES = (
    Role("unlock", ("Access Locked", ""), SMOOTH | {"locks": True}),
    Role("fix_email", ("Taxpayer: Initial Email", "Bounced"), SMOOTH | {"bounces": True}, kind="single"),
    Role(
        "confirm_email",
        ("Taxpayer: Initial Email", "Processed"),
        SMOOTH | {"unconfirmed": True},
        kind="single",
    ),
    Role(
        "reprocess",
        ("Tax Return", "Recalled"),
        SMOOTH | {"bounces": True, "bounce_noticed": True, "resent": False},
    ),
    Role("review", ("Sent for Review", ""), SMOOTH | {"reviewed": True}),
    Role("ero_sign", ("Sent for ERO/Signer", ""), SMOOTH | {"to_ero": True}),
    Role("approve", ("Sent for Approve for Delivery", ""), SMOOTH | {"approved": True}),
    Role("finish", ("Upload", ""), SMOOTH),
    Role(
        "pick_up",
        ("Files Uploaded", ""),
        SMOOTH | {"signs_by_hand": True, "deletes_upload": False},
        kind="single",
    ),
    Role("check_signature", ("Document KBA Success", ""), SMOOTH, kind="single"),
    Role(
        "remind_second_signer", ("Document KBA Success", ""), SMOOTH | {"spouse_at_once": False}, kind="joint"
    ),
    Role("follow_up_paper", ("Paper File Returns Consented", ""), SMOOTH | {"paper": True}),
    Role("remind_to_sign", ("Tax Return Accessed", ""), SMOOTH),
    Role("remind_to_open", ("Taxpayer: Initial Email", "Delivered"), SMOOTH, kind="single"),
    Role("signed", ("E-File Forms Downloaded", ""), SMOOTH | {"picked_up": True}, kind="single"),
    Role(
        "without_kba",
        ("Taxpayer: Initial Email", "Delivered"),
        SMOOTH | {"kba_disabled": True},
        kind="single",
    ),
    Role("deleted", ("Deleted Document", ""), {"deleted": True}),
)

CLIENTS_A_CAST = 300


def can_play(client: Client, role: Role) -> bool:
    """Whether a role suits a client."""
    if role.kind == "any":
        return True
    return client.form == "1040" and client.is_joint == (role.kind == "joint")


def stand_still(events: list[Event], role: Role, season_ends_at: datetime) -> list[Event]:
    """The walk up to the event that the role ends with, moved by whole weeks so that it ends in the last days."""
    label, status = role.ends_with
    last_no = next(
        number for number, event in enumerate(events) if label in event.label and event.status == status
    )
    kept = events[: last_no + 1]
    weeks = (season_ends_at - DAY - timedelta(hours=4) - kept[-1].at) // (7 * DAY)
    return [event._replace(at=event.at + 7 * weeks * DAY) for event in kept]


def casting(clients: list[Client]) -> dict[str, Role]:
    """Client numbers and their roles: each role goes to the first client who is free and can play it.

    A large season has each role several times, so that no next step is left to chance.
    """
    free = list(clients)
    roles = {}
    for role in ROLES * max(1, len(clients) // CLIENTS_A_CAST):
        client = next((client for client in free if can_play(client, role)), None)
        if client:
            free.remove(client)
            roles[client.client_id] = role
    return roles
