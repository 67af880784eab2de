"""The invented firm (demo.toml): its offices, its two seasons, and its clients, who are drawn at random."""

import tomllib
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple

FACTS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("demo.toml").read_text(encoding="utf-8"))
NAMES = FACTS["names"]


class Office(SimpleNamespace):
    """One office of the firm, and how it differs from the others."""


class Season(SimpleNamespace):
    """The returns of one tax year, from the first upload to the end of the exports."""


OFFICES = [Office(**office) for office in FACTS["office"]]
LAST_SEASON, THIS_SEASON = (Season(**FACTS[name]) for name in ("last_season", "this_season"))


class Person(NamedTuple):
    """A recipient of emails; the labels of a signer's events begin with the role."""

    name: str
    email: str
    role: str = "Taxpayer"


class Client:
    """The client of a return, and the people of the firm who prepare it."""

    def __init__(self, random: Random, number: int) -> None:
        self.client_id = f"C-{10_000 + 7 * number}"
        self.group_name = ""
        self.form = weighted(random, FACTS["forms"])
        self.office = random.choices(OFFICES, weights=[office.share for office in OFFICES])[0]
        self.partner: str = random.choice(self.office.partners)
        surname, domain = new_surname(random), weighted(random, FACTS["mail_domains"])
        taxpayer = new_person(random, surname, domain)
        self.signers = [taxpayer]
        self.is_joint = self.form == "1040" and random.random() < 0.45
        if self.form == "1040":
            self.name = f"{surname}, {taxpayer.name.split()[0]}"
        elif self.form == "1041":
            estate = f"Estate of {new_person(random, surname, domain).name}"
            self.name = random.choice((f"The {surname} Family Trust", estate))
        else:
            words = NAMES["trades"], NAMES["endings"][self.form]
            self.name = " ".join((new_surname(random), *map(random.choice, words)))
            self.signers = [new_person(random, surname, f"{self.name.split()[0].lower()}.example")]
        if self.is_joint:
            spouse = new_person(random, surname, weighted(random, FACTS["mail_domains"]))
            email = taxpayer.email if random.random() < 0.30 else spouse.email
            self.signers.append(Person(spouse.name, email, "Spouse"))
            self.name += f" & {spouse.name.split()[0]}"
        has_partners = self.form in ("1065", "1120S", "1041")
        partner_count = min(24, 2 + int(random.expovariate(0.45))) if has_partners else 0
        self.preparer: str = random.choice(self.office.preparers)
        self.ero_signer: str = self.partner if random.random() < 0.8 else self.office.ero_only
        self.partners_of_k1 = [
            new_person(random, new_surname(random), domain).name for _ in range(partner_count)
        ]
        self.codes_by_text = random.random() < 0.33

    @property
    def short_name(self) -> str:
        """The beginning of the names of this client's files."""
        return self.name.split(",")[0].split()[-1 if self.form == "1041" else 0]


def clients(random: Random, count: int) -> list[Client]:
    """The firm's clients; some three of them form a group with the same email address and partner."""
    everybody = [Client(random, number) for number in range(count)]
    for leader_no in range(9, count - 3, 60):
        leader = everybody[leader_no]
        for member in everybody[leader_no : leader_no + 3]:
            member.group_name = f"{leader.name.split(',')[0]} group"
            member.office, member.partner = leader.office, leader.partner
            member.preparer, member.ero_signer = leader.preparer, leader.ero_signer
            member.signers[0] = member.signers[0]._replace(email=leader.signers[0].email)
    return everybody


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
