"""How one signer reaches the return: the initial email, the link, the access code, the lock."""

from datetime import datetime, timedelta
from typing import NamedTuple

from etl.demo.clock import at_home
from etl.demo.log import Log


class Signer(NamedTuple):
    """A person who signs; `role` is Taxpayer or Spouse, as the labels begin."""

    role: str
    email: str


class Invitation(NamedTuple):
    """When the signer clicks the link (None for never), and when the firm recalls the return for a bounce."""

    comes_at: datetime | None
    recall_after: datetime | None


def invite(log: Log, signer: Signer, at: datetime) -> Invitation:
    """The initial email to a signer; after a bounce that the firm notices, again to a corrected address."""
    dice, address = log.dice, signer.email
    label = f"{signer.role}: Initial Email"
    factor = log.client.office.bounce_factor * (3 if address.endswith("oldnet.example") else 1)
    bounces, unconfirmed = dice.happens("bounces", factor), dice.happens("unconfirmed")
    noticed, resent = dice.happens("bounce_noticed"), dice.happens("resent")
    mail = log.send_mail(at, label, address, bounces, unconfirmed)
    if mail.bounced_at:
        corrected_at = log.in_office(mail.bounced_at + dice.hours(median=20))
        if not noticed or not resent:
            return Invitation(None, corrected_at if noticed else None)
        address = address.replace("@", ".new@")
        mail = log.send_mail(corrected_at, label, address)
    never_comes = dice.happens("never_comes", 12 if unconfirmed else 1)
    hesitates = dice.happens("hesitates")
    delay = dice.hours(median=110, spread=0.7) if hesitates else dice.hours(median=7, spread=1.2)
    arrived_at = mail.delivered_at or at
    reads_at = at_home(dice, arrived_at + delay)
    if mail.delivered_at and dice.happens("opened_in_vain" if never_comes else "open_logged"):
        log.open_mail(reads_at, mail.delivered_at, label, address)
    if dice.happens("scanner"):
        log.add_client(arrived_at + dice.seconds(2, 8), "Access Link selected")
    return Invitation(None if never_comes else reads_at + dice.seconds(20, 1500), None)


def enter(log: Log, signer: Signer, at: datetime, is_first: bool) -> datetime | None:
    """From the link to the return; None if three wrong entries lock it and the firm does not unlock it."""
    dice = log.dice
    locks, unlocked = dice.happens("locks", 1 if is_first else 0.1), dice.happens("unlocked")
    at = ask_for_code(log, signer, at)
    if locks:
        for _ in range(3):
            log.add_client(at, "Authentication Failed")
            at += dice.seconds(25, 240)
        log.add_client(at - timedelta(seconds=1), "Access Locked")
        if not unlocked:
            return None
        called_at = log.in_office(at + dice.hours(median=9))
        at = ask_for_code(log, signer, at_home(dice, called_at + dice.hours(median=5)))
    elif dice.happens("mistypes"):
        for _ in range(dice.choice((1, 1, 2))):
            log.add_client(at, "Authentication Failed")
            at += dice.seconds(30, 300)
    log.add_client(at, f"{signer.role}: Tax Return Accessed")
    return at


def ask_for_code(log: Log, signer: Signer, at: datetime) -> datetime:
    """The link, then the access code, which comes by email unless the client gets it on a phone."""
    dice = log.dice
    log.add_client(at, "Access Link selected")
    at += dice.seconds(15, 80)
    if log.client.codes_by_text:
        return at + dice.seconds(20, 120)
    for _ in range(2 if dice.happens("second_code") else 1):
        send_code(log, signer, at)
        at += dice.seconds(40, 200)
    return at


def send_code(log: Log, signer: Signer, at: datetime) -> None:
    """An access code email; the client waits for it, so almost all of them are opened at once."""
    dice, label = log.dice, f"{signer.role}: Access Code Email"
    log.add_client(at, label, "Processed", email=signer.email)
    if dice.random.random() < 0.004:
        log.add_client(at + dice.seconds(2, 30), label, "Bounced", email=signer.email)
        return
    log.add_client(at + dice.seconds(2, 20), label, "Delivered", email=signer.email)
    if dice.random.random() < 0.9:
        log.add_client(at + dice.seconds(21, 40), label, "Open", email=signer.email)
