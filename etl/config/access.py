"""Who may see what: the [access] section of the settings, read strictly, and what a signed-in person is by it.

Nobody is anybody by default: a person is known by an entry here, or by the claims of the sign-in that are named here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from etl.config.settings_check import Place
from etl.config.subscription import ADDRESS

VIEWER, STAFF, MANAGER, DATA_OWNER = "viewer", "staff", "manager", "data owner"
# As a role is called in the settings and in a claim -> as it is called on screen.
ROLES = {"viewer": VIEWER, "staff": STAFF, "manager": MANAGER, "data_owner": DATA_OWNER}
CLAIM_KEYS = ("user_claim", "role_claim", "office_claim")
ACCESS_KEYS = (*ROLES, *CLAIM_KEYS, "idle_minutes", "longest_hours")
EMAIL = "email"


@dataclass(frozen=True)
class Scope:
    """What somebody may see: a role, and for staff the offices. Null stands for all offices, none for nothing."""

    role: str
    offices: tuple[str, ...] | None = None

    @property
    def sees_clients(self) -> bool:
        """All but a viewer, who sees counts."""
        return self.role in (STAFF, MANAGER, DATA_OWNER)

    @property
    def sees_the_firm(self) -> bool:
        """What is of the whole firm and of no office."""
        return self.role in (MANAGER, DATA_OWNER)

    @property
    def keeps_the_data(self) -> bool:
        """Data health, and the trail of who saw what."""
        return self.role == DATA_OWNER


# Who types commands on the machine, and who opens the dashboard there while there is no sign-in.
EVERYTHING = Scope(DATA_OWNER)


@dataclass(frozen=True)
class Person:
    """Somebody who has signed in and is known."""

    who: str
    scope: Scope


@dataclass(frozen=True)
class Access:
    """The section: who is what, by which claims, and after how long somebody must sign in again."""

    people: dict[str, Scope] = field(default_factory=dict)
    user_claim: str = EMAIL
    role_claim: str | None = None
    office_claim: str | None = None
    idle_minutes: int = 30
    longest_hours: int = 8


def read_access(path: Path, table: dict | None) -> Access | None:
    """The [access] section; without it there is no sign-in."""
    if table is None:
        return None
    place = Place(path, "[access]")
    place.unknown(table, ACCESS_KEYS)
    user_claim = place.text(table, "user_claim", EMAIL) or EMAIL
    if "office_claim" in table and "role_claim" not in table:
        raise place.fault('"office_claim" goes with "role_claim", which is not there,')
    access = Access(
        people=read_people(place, table, user_claim),
        user_claim=user_claim,
        role_claim=place.text(table, "role_claim"),
        office_claim=place.text(table, "office_claim"),
        idle_minutes=place.number(table, "idle_minutes", Access.idle_minutes) or Access.idle_minutes,
        longest_hours=place.number(table, "longest_hours", Access.longest_hours) or Access.longest_hours,
    )
    if not access.people and access.role_claim is None:
        raise place.fault(f'nobody is named: write people behind {", ".join(ROLES)}, or a "role_claim"')
    return access


def read_people(place: Place, table: dict, user_claim: str) -> dict[str, Scope]:
    """Who is named for which role; staff under their offices. Nobody has two roles."""
    people: dict[str, Scope] = {}
    for key, role in ROLES.items():
        if role == STAFF:
            continue
        for name in place.texts(table, key) if key in table else ():
            add(place, people, named(place, name, user_claim), Scope(role))
    offices = place.table(table, "staff")
    below = Place(place.path, "[access.staff]")
    for office in offices:
        for name in below.texts(offices, office):
            who = named(below, name, user_claim)
            before = people.get(who)
            if before is not None and before.role == STAFF:
                people[who] = Scope(STAFF, tuple(dict.fromkeys((*(before.offices or ()), office))))
            else:
                add(below, people, who, Scope(STAFF, (office,)))
    return people


def add(place: Place, people: dict[str, Scope], who: str, scope: Scope) -> None:
    """Adds somebody who has no role yet."""
    if who in people:
        raise place.fault(f'"{who}" is {people[who].role} and {scope.role}; everybody has one role,')
    people[who] = scope


def named(place: Place, name: str, user_claim: str) -> str:
    """A name of the settings as it is compared. Raises a Problem for one that no sign-in could bring."""
    if user_claim == EMAIL and not ADDRESS.fullmatch(name.strip()):
        raise place.fault(f'"{name}" is no e-mail address')
    return known_as(name, user_claim)


def known_as(name: str, user_claim: str) -> str:
    """A name as it is compared: the case of an e-mail address makes no difference."""
    return name.strip().casefold() if user_claim == EMAIL else name.strip()


def person_of(access: Access, claims: Mapping[str, object]) -> Person | None:
    """Who has signed in, by the claims of the provider; null for somebody who is not known here.

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
    """The role that the claim names, if it names one and no other; staff without an office see nothing."""
    roles = {ROLES[word] for word in words_of(claims, access.role_claim) if word in ROLES}
    if len(roles) != 1:
        return None
    role = roles.pop()
    return Scope(role, words_of(claims, access.office_claim)) if role == STAFF else Scope(role)


def words_of(claims: Mapping[str, object], name: str | None) -> tuple[str, ...]:
    """The words of a claim, which is a text or a list of them."""
    value = claims.get(name) if name else None
    values = value if isinstance(value, list) else [value]
    return tuple(one.strip() for one in values if isinstance(one, str) and one.strip())


def ended(access: Access, claims: Mapping[str, object], last_seen: float | None, now: float) -> str | None:
    """Why a sign-in no longer counts, in words; null while it does. Times are seconds since 1970.

    A sign-in of which this process has not heard counts as used when it was made, so that a restart prolongs none.
    """
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, (int, float)) or not isinstance(expires, (int, float)):
        return "The sign-in does not say how long it holds."
    if now >= expires:
        return "Your sign-in has expired."
    if now >= issued + access.longest_hours * 3600:
        return f"A sign-in holds for {access.longest_hours} h at most."
    if now >= max(issued, last_seen or 0) + access.idle_minutes * 60:
        return f"Nothing was pressed for {access.idle_minutes} minutes."
    return None
