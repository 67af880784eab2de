"""What a client does with a delivery: read, sign, print, upload, pass on; and what reminds them of it."""

from datetime import datetime, timedelta
from typing import NamedTuple

from etl.demo.clock import DAY, at_home
from etl.demo.dice import Dice
from etl.demo.firm import Delivery
from etl.demo.log import Event, Log, TaxReturn
from etl.demo.mail import opened, send
from etl.demo.people import Person
from etl.demo.visits import enter, invite

THIRD_PARTIES = (
    "loans@homebank.example",
    "advisor@harbor-wealth.example",
    "files@example.com",
    "admissions@college.example",
)


class Response(NamedTuple):
    """A client's whole answer to a delivery: its events, the signature's moment, and a bounce to recall for."""

    events: list[Event]
    signed_at: datetime | None
    recall_after: datetime | None


def respond(dice: Dice, tax_return: TaxReturn, delivery: Delivery) -> Response:
    """Every signer in turn: the second can sign only when the first has."""
    log, client = Log(dice), tax_return.client
    signers = [("Taxpayer", client.taxpayer)]
    if client.spouse:
        signers.append(("Spouse", client.spouse))
    if delivery.spouse_first:
        signers.reverse()
    signed_at, recall_after = delivery.at, None
    for order, (signer, person) in enumerate(signers):
        invited_at = delivery.at if order == 0 or dice.happens("spouse_at_once") else signed_at
        if invited_at is None:
            break
        invitation = invite(log, tax_return, signer, person, invited_at + dice.seconds(4, 45))
        recall_after = recall_after or invitation.recall_after
        if signed_at is None or (order and has_uploads(log)):
            continue
        if invitation.comes_at is None or (order and dice.happens("spouse_never_signs")):
            signed_at = None
            continue
        starts_at = max(invitation.comes_at, signed_at + dice.seconds(120, 900))
        signed_at = read_and_sign(log, tax_return, signer, person, starts_at, delivery.asks_kba)
    if signed_at:
        after_signing(log, tax_return, signed_at)
    remind(log, tax_return, delivery.at, signed_at)
    return Response(log.events, signed_at, recall_after)


def has_uploads(log: Log) -> bool:
    """Whether hand-signed forms came back: on paper both of a couple sign, so the second need not come."""
    return any(event.label.startswith("Files Uploaded") for event in log.events)


def read_and_sign(
    log: Log, tax_return: TaxReturn, signer: str, person: Person, at: datetime, kba: bool
) -> datetime | None:
    """One signer reads the return and signs it; null where nobody can tell from the log, or where it ends on paper."""
    dice = log.dice
    at = enter(log, tax_return, signer, person, at, first=True)
    if at is None:
        return None
    at = read(log, tax_return, at)
    never_signs, by_hand, paper = (
        dice.happens("never_signs"),
        dice.happens("signs_by_hand"),
        dice.happens("paper"),
    )
    if not dice.happens("signs_at_once"):
        at = enter(
            log,
            tax_return,
            signer,
            person,
            at_home(dice, at + dice.hours(median=60, spread=0.9)),
            first=False,
        )
    if at is None or never_signs:
        return None
    if paper:
        log.client(at + dice.seconds(60, 600), "Paper File Returns Consented")
        return None
    if by_hand:
        return sign_by_hand(log, tax_return, at)
    if dice.happens("other_documents"):
        log.client(at + dice.seconds(40, 90), f"{signer}: {signer} Esigned - Other Signature Documents")
    at += dice.seconds(100, 420)
    if not kba:
        return at
    if dice.happens("kba_passed"):
        log.client(at, "Document KBA Success")
        return at + dice.seconds(20, 60)
    if dice.happens("kba_second_try"):
        at = enter(log, tax_return, signer, person, at_home(dice, at + dice.hours(median=30)), first=False)
        if at:
            log.client(at + dice.seconds(120, 300), "Document KBA Success")
            return at + dice.seconds(320, 400)
    elif dice.happens("by_hand_after_kba"):
        return sign_by_hand(log, tax_return, at)
    return None


def read(log: Log, tax_return: TaxReturn, at: datetime) -> datetime:
    """The client downloads what interests them; an impatient press downloads a file twice in one second."""
    dice, name = log.dice, tax_return.client.short_name
    year, form = tax_return.tax_year, tax_return.client.form
    files = [
        f"{year} Form {form} {name}.pdf",
        "Filing Instructions.pdf",
        f"{name} State Return {year}.pdf",
        f"{year} Invoice, {name}.pdf",
        "Cover Letter.pdf",
        f"{year + 1} Estimated Payment Vouchers.pdf",
    ]
    for file in dice.random.sample(files, dice.choice((1, 2, 3, 3, 4, 5))):
        at += dice.seconds(20, 400)
        for _ in range(2 if dice.random.random() < 0.01 else 1):
            log.client(at, f'Document "{file}"')
    return at


def sign_by_hand(log: Log, tax_return: TaxReturn, at: datetime) -> datetime | None:
    """The forms are printed, signed, scanned and uploaded; some uploads are deleted again, not all of them replaced."""
    dice = log.dice
    log.client(at + dice.seconds(20, 80), "E-file Forms Downloaded")
    at = at_home(dice, at + dice.hours(median=22))
    file = dice.choice(
        ("8879 signed.pdf", "scan_0012.pdf", "IMG_4471.jpg", f"{tax_return.client.short_name} 8879.pdf")
    )
    log.client(at, f'Files Uploaded "{file}"')
    if dice.happens("deletes_upload"):
        at += dice.seconds(60, 1800)
        log.client(at, "null")
        if not dice.happens("uploads_again"):
            return None
        at += dice.seconds(120, 3600)
        log.client(at, 'Files Uploaded "8879 both pages.pdf"')
    return at


def after_signing(log: Log, tax_return: TaxReturn, at: datetime) -> None:
    """Copies for themselves, K-1's for their partners, documents for a bank or an adviser."""
    dice, client = log.dice, tax_return.client
    if dice.happens("forms_downloaded"):
        log.client(at + dice.seconds(30, 600), "E-file Forms Downloaded")
    if client.partners_of_k1 and dice.happens("distributes"):
        sent_at = at_home(dice, at + dice.hours(median=4))
        for partner in client.partners_of_k1:
            sent_at += dice.seconds(8, 60)
            log.client(sent_at, f'K-1\'s Distributed to "{partner}"')
    if dice.happens("forwards"):
        label, address = "CcRecipient: Initial Email", dice.choice(THIRD_PARTIES)
        forwarded_at = at + dice.hours(median=3)
        mail = send(log, forwarded_at, label, address, bounces=dice.random.random() < 0.05)
        if mail.delivered_at and dice.random.random() < 0.7:
            opened(log, mail.delivered_at + dice.hours(median=8), mail.delivered_at, label, address)


def remind(log: Log, tax_return: TaxReturn, delivered_at: datetime, signed_at: datetime | None) -> None:
    """Reminders from the third day on until the client has signed; vouchers two weeks before each payment."""
    dice = log.dice
    if dice.happens("reminds"):
        every = dice.choice((4, 5, 7))
        morning = datetime.combine(delivered_at.date(), datetime.min.time()) + timedelta(hours=9)
        for count in range(6):
            sent_at = morning + timedelta(days=3 + every * count) + dice.seconds(0, 600)
            if signed_at and sent_at >= signed_at:
                break
            log.client(sent_at, "Reminder Send For Signing")
    if tax_return.client.form in ("1040", "1041") and dice.happens("has_vouchers"):
        year = tax_return.tax_year + 1
        for due_at in (datetime(year, 4, 15, 9), datetime(year, 6, 15, 9), datetime(year, 9, 15, 9)):
            if due_at - 14 * DAY > delivered_at:
                log.client(due_at - 14 * DAY + dice.seconds(0, 900), "Voucher Reminder mail status")
