"""The invented firm and its invented clients: three offices, partners, preparers, couples, companies, trusts."""

from dataclasses import dataclass, replace
from random import Random

FIRST_NAMES = (
    "Amara Bodhi Celeste Dmitri Esperanza Fintan Giulia Hiro Imani Jorge Keziah Leopold Marisol Nikhil Odette Priya "
    "Quentin Rosalind Soren Tamsin Ulric Valeria Wendell Xiomara Yusuf Zoë Anselm Beatriz Cormac Delphine Emeka Farah "
    "Gideon Henrike Ignacio Jamila Kenji Lucía Magnus Noor Oswin Petra Raúl Siobhán Thaddeus Uma Vikram Winifred Yara "
    "Zachary Aurelio Bridget Cyrus Dahlia Evander Freya Goran Hestia Isidro Juno"
).split()
FIRST_HALVES = (
    "Amber Birch Copper Dapple Elder Fern Gold Hazel Ivory Juniper Larch Maple North Oak Pebble Quill River Sorrel "
    "Thistle Umber Willow"
).split()
SECOND_HALVES = "brook croft dale field ford gate mere stone wick worth".split()
TRADES = (
    "Dental|Holdings|Veterinary|Logistics|Bakery|Robotics|Orchards|Design Studio|Plumbing|Media|Real Estate|Brewing|"
    "Physical Therapy|Consulting|Roofing|Software"
).split("|")
ENDINGS = {"1065": ("LLC", "LP", "Partners LLP"), "1120S": ("Inc.", "PC"), "1120": ("Corp.", "Inc.")}
MAIL_DOMAINS = {
    "mailbox.example": 42,
    "example.com": 24,
    "postal.example": 18,
    "fastpost.example": 11,
    "oldnet.example": 5,
}
FORMS = {"1040": 70, "1065": 11, "1120S": 11, "1120": 3, "1041": 5}


@dataclass(frozen=True)
class Office:
    """A place of the firm: how many hours it is behind the firm's clock, and how it differs from the others."""

    name: str
    share: int
    hours_behind: int
    review_pace: float
    bounce_factor: float
    partners: tuple[str, ...]
    preparers: tuple[str, ...]
    desk: str
    ero_only: str


OFFICES = (
    Office(
        "Austin",
        40,
        1,
        1.0,
        0.8,
        ("Marguerite Larchworth", "Desmond Ambergate", "Ximena Quillbrook"),
        (
            "Tobin Fernwick",
            "Asha Mapledale",
            "Rufus Pebblestone",
            "Lin Sorrelford",
            "Greta Oakcroft",
            "Ivo Goldmere",
        ),
        "Nadia Pebbleford",
        "Harlan Umberfield",
    ),
    Office(
        "Chicago",
        38,
        1,
        1.1,
        1.8,
        ("Beatrix Northgate", "Oluwaseun Riverstone", "Casimir Elderwick", "Paloma Hazelworth"),
        (
            "Stellan Birchfield",
            "Noemi Copperdale",
            "Jonas Thistlebrook",
            "Devika Willowgate",
            "Piers Juniperford",
        ),
        "Rosalba Ivorycroft",
        "Konrad Dapplestone",
    ),
    Office(
        "Portland",
        22,
        3,
        1.9,
        0.7,
        ("Ingrid Sorrelmere", "Malachi Fernstone"),
        ("Wren Larchfield", "Eamon Ambercroft", "Suri Quillgate", "Otis Mapleford"),
        "Leocadia Oakwick",
        "Bertil Rivergate",
    ),
)
# How long a return lies with each partner of an office, against the office's usual.
PARTNER_PACES = (0.75, 1.5, 1.0, 1.25)


@dataclass(frozen=True)
class Person:
    """Somebody whom the platform writes to."""

    name: str
    email: str


@dataclass(frozen=True)
class Client:
    """Whom a return is made for, and who makes it."""

    client_id: str
    name: str
    form: str
    office: Office
    partner: str
    preparer: str
    ero_signer: str
    taxpayer: Person
    spouse: Person | None
    partners_of_k1: tuple[str, ...]
    codes_by_text: bool
    group_name: str = ""

    @property
    def is_joint(self) -> bool:
        """Whether two people sign."""
        return self.spouse is not None

    @property
    def short_name(self) -> str:
        """What the names of its files begin with."""
        return (
            self.name.split(",")[0].split()[-1] if self.form == "1041" else self.name.split(",")[0].split()[0]
        )

    @property
    def partner_pace(self) -> float:
        """How slowly this client's partner works."""
        return PARTNER_PACES[self.office.partners.index(self.partner)]


def clients(random: Random, count: int) -> list[Client]:
    """The firm's clients; here and there three of them form a group that shares one address and one partner."""
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
    """One client with office, people and addresses."""
    form = weighted(random, FORMS)
    office = random.choices(OFFICES, weights=[office.share for office in OFFICES])[0]
    partner = random.choice(office.partners)
    surname = new_surname(random)
    domain = weighted(random, MAIL_DOMAINS)
    taxpayer = new_person(random, surname, domain)
    spouse = None
    if form == "1040":
        name = f"{surname}, {taxpayer.name.split()[0]}"
        if random.random() < 0.45:
            spouse = new_person(random, surname, weighted(random, MAIL_DOMAINS))
            if random.random() < 0.30:
                spouse = Person(spouse.name, taxpayer.email)
            name += f" & {spouse.name.split()[0]}"
    elif form == "1041":
        name = random.choice(
            (f"The {surname} Family Trust", f"Estate of {new_person(random, surname, domain).name}")
        )
    else:
        name = f"{new_surname(random)} {random.choice(TRADES)} {random.choice(ENDINGS[form])}"
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
        partners_of_k1=tuple(
            new_person(random, new_surname(random), domain).name for _ in range(partner_count)
        ),
        codes_by_text=random.random() < 0.33,
    )


def new_surname(random: Random) -> str:
    """A name that reads like one and that nobody has."""
    surname = random.choice(FIRST_HALVES) + random.choice(SECOND_HALVES)
    odd = random.random()
    if odd < 0.02:
        return f"D’{surname}"
    return f"{surname}-Nuñez" if odd < 0.04 else surname


def new_person(random: Random, surname: str, domain: str) -> Person:
    """A person of that name with an address at the domain."""
    first = random.choice(FIRST_NAMES)
    plain = f"{first}.{surname}".lower().translate(str.maketrans("ëíúáñ’", "eiuan-"))
    return Person(f"{first} {surname}", f"{plain}@{domain}")


def weighted(random: Random, shares: dict[str, int]) -> str:
    """One of the keys, as often as its share says."""
    return random.choices(list(shares), weights=list(shares.values()))[0]
