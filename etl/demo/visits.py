"""One signer's way in: the initial email, the link, the access code, the lock, the return."""

from datetime import datetime, timedelta
from typing import NamedTuple

from etl.demo.clock import at_home, in_office
from etl.demo.dice import Dice
from etl.demo.log import Log, TaxReturn
from etl.demo.mail import opened, send
from etl.demo.people import Person

MINUTE = timedelta(minutes=1)


class Invitation(NamedTuple):
    """When the signer selects the link, null for never; and the bounce that the firm has to recall the return for."""

    comes_at: datetime | None
    recall_after: datetime | None


def invite(log: Log, tax_return: TaxReturn, signer: str, person: Person, at: datetime) -> Invitation:
    """The initial email to a signer, sent once more to a corrected address where it bounced and the firm noticed."""
    dice, office = log.dice, tax_return.client.office
    label = f"{signer}: Initial Email"
    factor = office.bounce_factor * (3 if person.email.endswith("oldnet.example") else 1)
    bounces, unconfirmed = dice.happens("bounces", factor), dice.happens("unconfirmed")
    noticed, resent = dice.happens("bounce_noticed"), dice.happens("resent")
    mail = send(log, at, label, person.email, bounces, unconfirmed)
    if mail.bounced_at:
        mended_at = in_office(dice, mail.bounced_at + dice.hours(median=20), office)
        if not noticed:
            return Invitation(None, None)
        if not resent:
            return Invitation(None, mended_at)
        corrected = person.email.replace("@", ".new@")
        mail = send(log, mended_at, label, corrected)
        person = Person(person.name, corrected)
    never_comes = dice.happens("never_comes", 12 if unconfirmed else 1)
    delay = (
        dice.hours(median=110, spread=0.7) if dice.happens("hesitates") else dice.hours(median=7, spread=1.2)
    )
    arrived_at = mail.delivered_at or at
    reads_at = at_home(dice, arrived_at + delay)
    if mail.delivered_at and dice.happens("opened_in_vain" if never_comes else "open_logged"):
        opened(log, reads_at, mail.delivered_at, label, person.email)
    if dice.happens("scanner"):
        log.client(arrived_at + dice.seconds(2, 8), "Access Link selected")
    return Invitation(None if never_comes else reads_at + dice.seconds(20, 1500), None)


def enter(
    log: Log, tax_return: TaxReturn, signer: str, person: Person, at: datetime, first: bool
) -> datetime | None:
    """From the link to the return; null where three wrong entries lock it and nobody unlocks it."""
    dice = log.dice
    locks, unlocked = dice.happens("locks", 1 if first else 0.1), dice.happens("unlocked")
    at = ask_for_code(log, tax_return, signer, person, at)
    if locks:
        for _ in range(3):
            log.client(at, "Authentication Failed")
            at += dice.seconds(25, 240)
        log.client(at - timedelta(seconds=1), "Access Locked")
        if not unlocked:
            return None
        called_at = in_office(dice, at + dice.hours(median=9), tax_return.client.office)
        at = ask_for_code(log, tax_return, signer, person, at_home(dice, called_at + dice.hours(median=5)))
    elif dice.happens("mistypes"):
        for _ in range(dice.choice((1, 1, 2))):
            log.client(at, "Authentication Failed")
            at += dice.seconds(30, 300)
    log.client(at, f"{signer}: Tax Return Accessed")
    return at


def ask_for_code(log: Log, tax_return: TaxReturn, signer: str, person: Person, at: datetime) -> datetime:
    """The link and the access code, by email unless the client has it sent to a phone; the code's entry."""
    dice = log.dice
    log.client(at, "Access Link selected")
    at += dice.seconds(15, 80)
    if tax_return.client.codes_by_text:
        return at + dice.seconds(20, 120)
    for _ in range(2 if dice.happens("second_code") else 1):
        code_email(log, signer, person, at)
        at += dice.seconds(40, 200)
    return at


def code_email(log: Log, signer: str, person: Person, at: datetime) -> None:
    """An access code email; the client waits for it, so that almost all are opened at once."""
    dice: Dice = log.dice
    label = f"{signer}: Access Code Email"
    log.client(at, label, "Processed", email=person.email)
    if dice.random.random() < 0.004:
        log.client(at + dice.seconds(2, 30), label, "Bounced", email=person.email)
        return
    log.client(at + dice.seconds(2, 20), label, "Delivered", email=person.email)
    if dice.random.random() < 0.9:
        log.client(at + dice.seconds(21, 40), label, "Open", email=person.email)
