"""The [access] section of the settings, read strictly: who may see what, and the role of a signed-in person.

Access is denied by default: a person must be listed here, or have the claims of the sign-in named here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from etl.config.place import Count, Place, Text, Texts, Truth, keys
from etl.config.subscription import ADDRESS

VIEWER, STAFF, MANAGER, DATA_OWNER = "viewer", "staff", "manager", "data owner"
# The name of each role in the settings and in a claim, and its name on screen.
ROLES = {"viewer": VIEWER, "staff": STAFF, "manager": MANAGER, "data_owner": DATA_OWNER}
EMAIL = "email"


@dataclass(frozen=True)
class Scope:
    """What a person may see: a role, and for staff the offices. None means all offices."""

    role: str
    offices: tuple[str, ...] | None = None

    @property
    def sees_clients(self) -> bool:
        """A viewer sees only counts."""
        return self.role in (STAFF, MANAGER, DATA_OWNER)

    @property
    def sees_whole_firm(self) -> bool:
        return self.role in (MANAGER, DATA_OWNER)

    @property
    def sees_data_health(self) -> bool:
        """Data health includes the trail of who saw what."""
        return self.role == DATA_OWNER


# For commands on the machine itself, and for the dashboard if there is no sign-in.
EVERYTHING = Scope(DATA_OWNER)


@dataclass(frozen=True)
class Person:
    """A person who has signed in and is known."""

    who: str
    scope: Scope


@dataclass(frozen=True)
class Access:
    """The section: the role of each person, the claims that count, and when a person must sign in again."""

    people: dict[str, Scope] = field(default_factory=dict)
    user_claim: Text = EMAIL
    role_claim: Text | None = None
    office_claim: Text | None = None
    # Whether the data owner may add exports in the browser.
    add: Truth = True
    idle_minutes: Count = 30
    longest_hours: Count = 8


ACCESS_KEYS = (*ROLES, *(key for key in keys(Access) if key != "people"))


def read_access(path: Path, table: dict[str, Any] | None) -> Access | None:
    """The [access] section; without it there is no sign-in."""
    if table is None:
        return None
    place = Place(path, "[access]", table, ACCESS_KEYS)
    if "office_claim" in table and "role_claim" not in table:
        raise place.fault('"office_claim" goes with "role_claim", which is not there,')
    access = place.read(Access, people=read_people(place, place.value("user_claim", Text, EMAIL)))
    if not access.people and access.role_claim is None:
        raise place.fault(
            f'no person is named: list people under {", ".join(ROLES)}, or write a "role_claim"'
        )
    return access


def read_people(place: Place, user_claim: str) -> dict[str, Scope]:
    """The scope of each person named for a role, staff under their offices. A person has only one role."""
    offices = place.below("staff", "[access.staff]")
    lists = [(place, key, Scope(role)) for key, role in ROLES.items() if role != STAFF and key in place.table]
    lists += [(offices, office, Scope(STAFF, (office,))) for office in offices.table]
    people: dict[str, Scope] = {}
    for where, key, scope in lists:
        for name in where.value(key, Texts):
            if not may_be_known(name, user_claim):
                raise where.fault(f'"{name}" is not an e-mail address')
            who = known_as(name, user_claim)
            before = people.get(who)
            if before and not before.role == scope.role == STAFF:
                raise where.fault(f'"{who}" is {before.role} and {scope.role}; a person has only one role,')
            if before and before.offices and scope.offices:
                people[who] = Scope(STAFF, tuple(dict.fromkeys(before.offices + scope.offices)))
            else:
                people[who] = scope
    return people


def may_be_known(name: str, user_claim: str) -> bool:
    """False for what is no e-mail address in ASCII: in lower case, the kelvin sign is the letter k."""
    return user_claim != EMAIL or re.fullmatch(ADDRESS, name.strip(), re.ASCII) is not None


def known_as(name: str, user_claim: str) -> str:
    """A name in the form that is compared: the case of an e-mail address makes no difference."""
    return name.strip().casefold() if user_claim == EMAIL else name.strip()


def person_of(access: Access, claims: Mapping[str, object]) -> Person | None:
    """The person who has signed in, from the claims of the provider; None if the person is not known here.

    An e-mail address counts only if the provider has verified it: otherwise anybody may have typed it.
    """
    name = claims.get(access.user_claim)
    if not isinstance(name, str) or not name.strip():
        return None
    if access.user_claim == EMAIL and claims.get("email_verified") not in (True, "true"):
        return None
    if not may_be_known(name, access.user_claim):
        return None
    who = known_as(name, access.user_claim)
    scope = access.people.get(who) or scope_of_claims(access, claims)
    return Person(who, scope) if scope else None


def scope_of_claims(access: Access, claims: Mapping[str, object]) -> Scope | None:
    """The role in the claim, if it has exactly one; staff without an office see nothing."""
    roles = {ROLES[text] for text in texts_of(claims, access.role_claim) if text in ROLES}
    if len(roles) != 1:
        return None
    role = roles.pop()
    return Scope(role, texts_of(claims, access.office_claim)) if role == STAFF else Scope(role)


def texts_of(claims: Mapping[str, object], name: str | None) -> tuple[str, ...]:
    """The texts of a claim, which is a text or a list of them."""
    value = claims.get(name) if name else None
    values = value if isinstance(value, list) else [value]
    return tuple(text.strip() for text in values if isinstance(text, str) and text.strip())


def ended(access: Access, claims: Mapping[str, object], last_seen: float | None, now: float) -> str | None:
    """Why a sign-in is no longer valid, as a sentence; None if it is. Times are seconds since 1970.

    A sign-in that this process has not seen before was last used when it was made, so a restart extends none.
    """
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, (int, float)) or not isinstance(expires, (int, float)):
        return "The sign-in does not say how long it is valid."
    if now >= expires:
        return "Your sign-in has expired."
    if now >= issued + access.longest_hours * 3600:
        return f"A sign-in is valid for {access.longest_hours} h at most."
    if now >= max(issued, last_seen or 0) + access.idle_minutes * 60:
        return f"No activity for {access.idle_minutes} minutes."
    return None
