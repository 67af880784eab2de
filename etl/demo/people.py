"""The clients of the invented firm: couples, companies and trusts, with the people who work for them."""

from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from etl.demo.dice import FACTS

NAMES = FACTS["names"]


@dataclass(frozen=True)
class Office:
    """One office of the firm, and how it differs from the others."""

    name: str
    share: int
    hours_behind: int
    review_pace: float
    bounce_factor: float
    partners: list[str]
    preparers: list[str]
    desk: str
    ero_only: str


OFFICES = [Office(**office) for office in FACTS["office"]]


class Person(NamedTuple):
    """A recipient of emails."""

    name: str
    email: str


@dataclass(frozen=True)
class Client:
    """The client of a return, and the people of the firm who prepare it."""

    client_id: str
    name: str
    form: str
    office: Office
    partner: str
    preparer: str
    ero_signer: str
    taxpayer: Person
    spouse: Person | None
    partners_of_k1: list[str]
    codes_by_text: bool
    group_name: str = ""

    @property
    def short_name(self) -> str:
        """The beginning of the names of this client's files."""
        return self.name.split(",")[0].split()[-1 if self.form == "1041" else 0]

    @property
    def partner_pace(self) -> float:
        """How long this client's partner takes, compared with the usual time."""
        pace: float = FACTS["partner_paces"][self.office.partners.index(self.partner)]
        return pace


def clients(random: Random, count: int) -> list[Client]:
    """The firm's clients; some three of them form a group with the same email address and partner."""
    everybody = [new_client(random, number) for number in range(count)]
    for leader_no in range(9, count - 3, 60):
        leader = everybody[leader_no]
        for member_no in range(leader_no, leader_no + 3):
            member = everybody[member_no]
            everybody[member_no] = replace(
                member,
                group_name=f"{leader.name.split(',')[0]} group",
                office=leader.office,
                partner=leader.partner,
                preparer=leader.preparer,
                ero_signer=leader.ero_signer,
                taxpayer=Person(member.taxpayer.name, leader.taxpayer.email),
            )
    return everybody


def new_client(random: Random, number: int) -> Client:
    form = weighted(random, FACTS["forms"])
    office = random.choices(OFFICES, weights=[office.share for office in OFFICES])[0]
    partner = random.choice(office.partners)
    surname = new_surname(random)
    domain = weighted(random, FACTS["mail_domains"])
    taxpayer = new_person(random, surname, domain)
    spouse = None
    if form == "1040":
        name = f"{surname}, {taxpayer.name.split()[0]}"
        if random.random() < 0.45:
            spouse = new_person(random, surname, weighted(random, FACTS["mail_domains"]))
            if random.random() < 0.30:
                spouse = Person(spouse.name, taxpayer.email)
            name += f" & {spouse.name.split()[0]}"
    elif form == "1041":
        estate = f"Estate of {new_person(random, surname, domain).name}"
        name = random.choice((f"The {surname} Family Trust", estate))
    else:
        name = (
            f"{new_surname(random)} {random.choice(NAMES['trades'])} {random.choice(NAMES['endings'][form])}"
        )
        taxpayer = new_person(random, surname, f"{name.split()[0].lower()}.example")
    partner_count = min(24, 2 + int(random.expovariate(0.45))) if form in ("1065", "1120S", "1041") else 0
    return Client(
        client_id=f"C-{10_000 + 7 * number}",
        name=name,
        form=form,
        office=office,
        partner=partner,
        preparer=random.choice(office.preparers),
        ero_signer=partner if random.random() < 0.8 else office.ero_only,
        taxpayer=taxpayer,
        spouse=spouse,
        partners_of_k1=[new_person(random, new_surname(random), domain).name for _ in range(partner_count)],
        codes_by_text=random.random() < 0.33,
    )


def new_surname(random: Random) -> str:
    surname: str = random.choice(NAMES["first_halves"]) + random.choice(NAMES["second_halves"])
    odd = random.random()
    if odd < 0.02:
        return f"D’{surname}"
    return f"{surname}-Nuñez" if odd < 0.04 else surname


def new_person(random: Random, surname: str, domain: str) -> Person:
    first = random.choice(NAMES["first"])
    plain = f"{first}.{surname}".lower().translate(str.maketrans("ëíúáñ’", "eiuan-"))
    return Person(f"{first} {surname}", f"{plain}@{domain}")


def weighted(random: Random, shares: dict[str, int]) -> str:
    """One of the keys, as often as its share says."""
    return random.choices(list(shares), weights=list(shares.values()))[0]
