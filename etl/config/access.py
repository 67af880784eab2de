"""Who may see what: the [access] section of the settings, read strictly, and who a signed-in person is by it.

Access is denied by default: a person is known by an entry here, or by the claims of the sign-in named here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from etl.config.place import Count, Place, Text, Texts, keys
from etl.config.subscription import ADDRESS

VIEWER, STAFF, MANAGER, DATA_OWNER = "viewer", "staff", "manager", "data owner"
# As a role is called in the settings and in a claim -> as it is called on screen.
ROLES = {"viewer": VIEWER, "staff": STAFF, "manager": MANAGER, "data_owner": DATA_OWNER}
EMAIL = "email"


@dataclass(frozen=True)
class Scope:
    """What somebody may see: a role, and for staff the offices. None means all offices."""

    role: str
    offices: tuple[str, ...] | None = None

    @property
    def sees_clients(self) -> bool:
        """Everybody but a viewer, who sees counts."""
        return self.role in (STAFF, MANAGER, DATA_OWNER)

    @property
    def sees_the_firm(self) -> bool:
        """What belongs to the whole firm and to no office."""
        return self.role in (MANAGER, DATA_OWNER)

    @property
    def keeps_the_data(self) -> bool:
        """Data health, and the trail of who saw what."""
        return self.role == DATA_OWNER


# Whoever types commands on the machine, or opens the dashboard there while there is no sign-in.
EVERYTHING = Scope(DATA_OWNER)


@dataclass(frozen=True)
class Person:
    """Somebody who has signed in and is known."""

    who: str
    scope: Scope


@dataclass(frozen=True)
class Access:
    """The section: who has which role, by which claims, and after how long somebody must sign in again."""

    people: dict[str, Scope] = field(default_factory=dict)
    user_claim: Text = EMAIL
    role_claim: Text | None = None
    office_claim: Text | None = None
    idle_minutes: Count = 30
    longest_hours: Count = 8


ACCESS_KEYS = (*ROLES, *(key for key in keys(Access) if key != "people"))


def read_access(path: Path, table: dict[str, Any] | None) -> Access | None:
    """The [access] section; without it there is no sign-in."""
    if table is None:
        return None
    place = Place(path, "[access]", table)
    place.refuse_unknown(ACCESS_KEYS)
    if "office_claim" in table and "role_claim" not in table:
        raise place.fault('"office_claim" goes with "role_claim", which is not there,')
    access = place.read(Access, people=read_people(place, place.value("user_claim", Text, EMAIL)))
    if not access.people and access.role_claim is None:
        raise place.fault(f'nobody is named: write people behind {", ".join(ROLES)}, or a "role_claim"')
    return access


def read_people(place: Place, user_claim: str) -> dict[str, Scope]:
    """Who is named for which role; staff under their offices. Nobody has two roles."""
    offices = place.below("staff", "[access.staff]")
    named = [
        (place, name, Scope(role))
        for key, role in ROLES.items()
        if role != STAFF
        for name in place.value(key, Texts, ())
    ]
    named += [
        (offices, name, Scope(STAFF, (office,)))
        for office in offices.table
        for name in offices.value(office, Texts)
    ]
    people: dict[str, Scope] = {}
    for where, name, scope in named:
        if user_claim == EMAIL and not re.fullmatch(ADDRESS, name.strip(), re.ASCII):
            raise where.fault(f'"{name}" is not an e-mail address')
        who = known_as(name, user_claim)
        before = people.get(who)
        if before:
            if not before.role == scope.role == STAFF:
                raise where.fault(f'"{who}" is {before.role} and {scope.role}; everybody has one role,')
            scope = Scope(STAFF, tuple(dict.fromkeys((*(before.offices or ()), *(scope.offices or ())))))
        people[who] = scope
    return people


def known_as(name: str, user_claim: str) -> str:
    """A name as it is compared: the case of an e-mail address makes no difference."""
    return name.strip().casefold() if user_claim == EMAIL else name.strip()


def person_of(access: Access, claims: Mapping[str, object]) -> Person | None:
    """Who has signed in, by the claims of the provider; None for somebody who is not known here.

    An e-mail address counts only where the provider says that it is verified: another may have typed it.
    """
    name = claims.get(access.user_claim)
    if not isinstance(name, str) or not name.strip():
        return None
    if access.user_claim == EMAIL and claims.get("email_verified") not in (True, "true"):
        return None
    who = known_as(name, access.user_claim)
    scope = access.people.get(who) or scope_of_claims(access, claims)
    return Person(who, scope) if scope else None


def scope_of_claims(access: Access, claims: Mapping[str, object]) -> Scope | None:
    """The role that the claim names, if it names exactly one; staff without an office see nothing."""
    roles = {ROLES[text] for text in texts_of(claims, access.role_claim) if text in ROLES}
    if len(roles) != 1:
        return None
    role = roles.pop()
    return Scope(role, texts_of(claims, access.office_claim)) if role == STAFF else Scope(role)


def texts_of(claims: Mapping[str, object], name: str | None) -> tuple[str, ...]:
    """The texts of a claim, which is a text or a list of them."""
    value = claims.get(name) if name else None
    values = value if isinstance(value, list) else [value]
    return tuple(one.strip() for one in values if isinstance(one, str) and one.strip())


def ended(access: Access, claims: Mapping[str, object], last_seen: float | None, now: float) -> str | None:
    """Why a sign-in no longer counts, as a sentence; None while it does. Times are seconds since 1970.

    A sign-in that this process does not know yet counts as used when it was made: a restart prolongs none.
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
