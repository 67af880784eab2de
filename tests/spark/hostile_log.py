"""An invented log in which everything happens at once: ties, nulls, recalls, joint returns, odd labels."""

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from etl.common.paths import SHIPPED

HEADINGS = (
    "Firm",
    "Return ID",
    "Tab",
    "Event",
    "Status",
    "Date/Time",
    "User",
    "Email",
    "Event ID",
    "Detail",
    "Client ID",
    "Client Name",
    "Tax Year",
    "Return Type",
    "Is Joint",
    "Office",
    "Partner",
    "Due Date",
    "Is Extended",
)
REGISTER = (
    "Firm",
    "Return ID",
    "Client Name",
    "Return Type",
    "Is Joint",
    "Office",
    "Due Date",
    "Exported At",
)
FIRMS = ("oak", "elm/../elm", "Zoë & Söhne")
NAMES = ("K-1.pdf", "Ann, Lee", "öÖ ẞß", "it's 100%_\\", "a\u00a0 b", "")
UNKNOWN = (
    "null",
    "Something New",
    "ΟΔΟΣ",
    "İşlem Bounced",
    "Proceſſed",
    "50%_\\ off",
    "Taxpayer: ",
    "Spouse: \u212aBA",
    "😀 Opened",
)
FORMS = ("1040", "Form 1040", "1040-SR", "1065", "1120-S", "1120s", "Individual", "Ｆ1040", "990-T")
BLANKS = ("", "", "", " ", "\u00a0", "\u2003")
START = datetime(2026, 2, 1, 8)


def write_hostile_log(folder: Path, returns: int, seed: int) -> list[Path]:
    """Two logs that overlap and a register. The same number and seed give the same bytes."""
    random = Random(seed)
    known = list(csv.DictReader((SHIPPED / "reference" / "labels.csv").open(encoding="utf-8", newline="")))
    rows = [event for number in range(returns) for event in events(random, known, number)]
    again = [worn(random, row) for row in rows[len(rows) // 3 :]] + random.sample(rows, len(rows) // 10)
    register = [registered(random, number) for number in range(0, returns, 2)]
    return [
        write(folder / "first.csv", HEADINGS, rows[: len(rows) // 2]),
        write(folder / "second.csv", HEADINGS, again),
        write(folder / "Returns register.csv", REGISTER, register),
    ]


def write(file: Path, headings: tuple[str, ...], rows: list[list[str]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(headings)
        writer.writerows(rows)
    return file


def events(random: Random, known: list[dict[str, str]], number: int) -> Iterator[list[str]]:
    """The log of a return. Minutes are few, so that most events share theirs with another."""
    at = START + timedelta(days=random.randrange(40))
    is_joint = random.random() < 0.4
    for _ in range(random.randrange(2, 30)):
        at += timedelta(minutes=random.choice((0, 0, 0, 1, 2, 5, 11, 90, 3000)))
        if random.random() < 0.08:
            yield row(random, number, "Internal", "Recalled return", "", at)
            copied_at = at + timedelta(minutes=random.choice((0, 1, 10, 11)))
            yield row(random, number, "Client", "Tax Return", "Recalled", copied_at)
        elif random.random() < 0.2:
            yield row(random, number, "Internal", "Deliver to Client", "", at)
        else:
            tab, label, status = said(random, known, is_joint)
            yield row(random, number, tab, label, status, at)


def said(random: Random, known: list[dict[str, str]], is_joint: bool) -> tuple[str, str, str]:
    """A label as somebody's export may spell it."""
    if random.random() < 0.06:
        return (
            random.choice(("Client", "Internal")),
            random.choice(UNKNOWN),
            random.choice(("", "", "Bounced")),
        )
    chosen = random.choice(known)
    label, status = chosen["label"], chosen["status"]
    parts = label.split('"')
    label = '"'.join(random.choice(NAMES) if place % 2 else part for place, part in enumerate(parts))
    if is_joint and random.random() < 0.5:
        label = label.replace("Taxpayer", "Spouse")
    if status and random.random() < 0.3:
        label, status = f"{label}{random.choice((' - ', ': ', ' / ', ' '))}{status}", ""
    if random.random() < 0.1:
        label = random.choice((label.upper(), label.lower(), label.title()))
    return chosen["tab"], random.choice(BLANKS) + label + random.choice(BLANKS), status


def row(random: Random, number: int, tab: str, label: str, status: str, at: datetime) -> list[str]:
    """One line of an export; what is not needed is often not there."""

    def maybe(*values: str) -> str:
        return random.choice(values) if random.random() < 0.6 else ""

    return [
        FIRMS[number % len(FIRMS)],
        f"r{number // 2}",
        tab,
        label,
        status,
        at.strftime("%m/%d/%Y %I:%M %p"),
        maybe("amy", "Bo", "ÅSA"),
        maybe("a@example.org", "b@example.org"),
        maybe(f"e{random.randrange(99999)}"),
        maybe("550 no such user", "line\nbreak"),
        f"c{number}",
        maybe("Ann", "ann", "=1+1", "Ünal, Đặng O’Neil ΣЖß"),
        maybe("2024", "2025"),
        maybe(*FORMS),
        maybe("Yes", "No"),
        maybe("Austin", "Boston", "austin"),
        maybe("Pat", "Quinn") if number % 7 else "",
        maybe("04/15/2026", "03/16/2026"),
        maybe("Yes", "No"),
    ]


def worn(random: Random, row: list[str]) -> list[str]:
    """The same event in a later export, where its attributes may have been corrected."""
    if random.random() < 0.2:
        return [*row[:11], "Corrected", *row[12:15], random.choice(("", "Chicago")), *row[16:]]
    return row


def registered(random: Random, number: int) -> list[str]:
    """A return as a register knows it, or as it does not."""
    return [
        FIRMS[number % len(FIRMS)],
        f"r{number // 2}",
        random.choice(("", "Registered")),
        random.choice((*FORMS, "")),
        random.choice(("", "Yes", "No")),
        random.choice(("", "Denver")),
        random.choice(("", "04/15/2026")),
        f"2026-03-{random.randrange(1, 29):02d} 00:00",
    ]
