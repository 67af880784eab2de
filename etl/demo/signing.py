"""What a client does with a delivery: read, sign, print, upload, forward; and the reminders until then."""

from datetime import datetime, time, timedelta
from typing import NamedTuple

from etl.demo.clock import DAY, at_home
from etl.demo.dice import FACTS
from etl.demo.firm import Delivery
from etl.demo.log import Event, Log
from etl.demo.visits import Signer, enter, invite


class Response(NamedTuple):
    """A client's response to a delivery: its events, when it is signed, and when a bounce is recalled."""

    events: list[Event]
    signed_at: datetime | None
    recall_after: datetime | None


def respond(log: Log, delivery: Delivery) -> Response:
    """Every signer in turn: the second can sign only after the first."""
    dice, client = log.dice, log.client
    signers = [Signer("Taxpayer", client.taxpayer.email)]
    if client.spouse:
        signers.append(Signer("Spouse", client.spouse.email))
    if delivery.spouse_first:
        signers.reverse()
    signed_at: datetime | None = delivery.at
    recall_after = None
    for order, signer in enumerate(signers):
        invited_at = delivery.at if order == 0 or dice.happens("spouse_at_once") else signed_at
        if invited_at is None:
            break
        invitation = invite(log, signer, invited_at + dice.seconds(4, 45))
        recall_after = recall_after or invitation.recall_after
        # On paper both of a couple sign, so the second signer need not come.
        if signed_at is None or (order and log.has_uploads()):
            continue
        if invitation.comes_at is None or (order and dice.happens("spouse_never_signs")):
            signed_at = None
            continue
        starts_at = max(invitation.comes_at, signed_at + dice.seconds(120, 900))
        signed_at = read_and_sign(log, signer, starts_at, delivery.asks_kba)
    if signed_at:
        act_after_signing(log, signed_at)
    remind(log, delivery.at, signed_at)
    return Response(log.events, signed_at, recall_after)


def read_and_sign(log: Log, signer: Signer, at: datetime, asks_kba: bool) -> datetime | None:
    """One signer reads and signs the return; None if the log does not show it or it is signed on paper."""
    dice = log.dice
    entered_at = enter(log, signer, at, is_first=True)
    if entered_at is None:
        return None
    at = read(log, entered_at)
    never_signs, by_hand = dice.happens("never_signs"), dice.happens("signs_by_hand")
    on_paper = dice.happens("paper")
    if not dice.happens("signs_at_once"):
        returns_at = at_home(dice, at + dice.hours(median=60, spread=0.9))
        entered_at = enter(log, signer, returns_at, is_first=False)
        at = entered_at or at
    if entered_at is None or never_signs:
        return None
    if on_paper:
        log.add_client(at + dice.seconds(60, 600), "Paper File Returns Consented")
        return None
    if by_hand:
        return sign_by_hand(log, at)
    if dice.happens("other_documents"):
        label = f"{signer.role}: {signer.role} Esigned - Other Signature Documents"
        log.add_client(at + dice.seconds(40, 90), label)
    at += dice.seconds(100, 420)
    return answer_kba(log, signer, at) if asks_kba else at


def answer_kba(log: Log, signer: Signer, at: datetime) -> datetime | None:
    """The identity questions (KBA): passed, passed at a second visit, or replaced by a signature by hand."""
    dice = log.dice
    if dice.happens("kba_passed"):
        log.add_client(at, "Document KBA Success")
        return at + dice.seconds(20, 60)
    if dice.happens("kba_second_try"):
        entered_at = enter(log, signer, at_home(dice, at + dice.hours(median=30)), is_first=False)
        if entered_at:
            log.add_client(entered_at + dice.seconds(120, 300), "Document KBA Success")
            return entered_at + dice.seconds(320, 400)
    elif dice.happens("by_hand_after_kba"):
        return sign_by_hand(log, at)
    return None


def read(log: Log, at: datetime) -> datetime:
    """The client downloads some files; an impatient click downloads a file twice in one second."""
    dice, name = log.dice, log.client.short_name
    year, form = log.tax_return.tax_year, log.client.form
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
            log.add_client(at, f'Document "{file}"')
    return at


def sign_by_hand(log: Log, at: datetime) -> datetime | None:
    """The forms are printed, signed, scanned and uploaded; some are deleted, and some of those replaced."""
    dice = log.dice
    log.add_client(at + dice.seconds(20, 80), "E-file Forms Downloaded")
    at = at_home(dice, at + dice.hours(median=22))
    own_name = f"{log.client.short_name} 8879.pdf"
    file = dice.choice(("8879 signed.pdf", "scan_0012.pdf", "IMG_4471.jpg", own_name))
    log.add_client(at, f'Files Uploaded "{file}"')
    if dice.happens("deletes_upload"):
        at += dice.seconds(60, 1800)
        log.add_client(at, "null")
        if not dice.happens("uploads_again"):
            return None
        at += dice.seconds(120, 3600)
        log.add_client(at, 'Files Uploaded "8879 both pages.pdf"')
    return at


def act_after_signing(log: Log, at: datetime) -> None:
    """The client downloads copies, distributes K-1s, and forwards documents to a bank or an adviser."""
    dice, client = log.dice, log.client
    if dice.happens("forms_downloaded"):
        log.add_client(at + dice.seconds(30, 600), "E-file Forms Downloaded")
    if client.partners_of_k1 and dice.happens("distributes"):
        sent_at = at_home(dice, at + dice.hours(median=4))
        for partner in client.partners_of_k1:
            sent_at += dice.seconds(8, 60)
            log.add_client(sent_at, f'K-1\'s Distributed to "{partner}"')
    if dice.happens("forwards"):
        label, address = "CcRecipient: Initial Email", dice.choice(FACTS["third_parties"])
        forwarded_at = at + dice.hours(median=3)
        mail = log.send_mail(forwarded_at, label, address, bounces=dice.random.random() < 0.05)
        if mail.delivered_at and dice.random.random() < 0.7:
            log.open_mail(mail.delivered_at + dice.hours(median=8), mail.delivered_at, label, address)


def remind(log: Log, delivered_at: datetime, signed_at: datetime | None) -> None:
    """Reminders from the third day until the client has signed; vouchers two weeks before each payment."""
    dice = log.dice
    if dice.happens("reminds"):
        interval = dice.choice((4, 5, 7))
        morning = datetime.combine(delivered_at.date(), time(9))
        for count in range(6):
            sent_at = morning + timedelta(days=3 + interval * count) + dice.seconds(0, 600)
            if signed_at and sent_at >= signed_at:
                break
            log.add_client(sent_at, "Reminder Send For Signing")
    if log.client.form in ("1040", "1041") and dice.happens("has_vouchers"):
        for month in (4, 6, 9):
            sent_at = datetime(log.tax_return.tax_year + 1, month, 15, 9) - 14 * DAY
            if sent_at > delivered_at:
                log.add_client(sent_at + dice.seconds(0, 900), "Voucher Reminder mail status")
