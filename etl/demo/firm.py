"""What the firm does with a return: prepare, review, approve, deliver, recall, pick up, archive."""

from datetime import datetime, timedelta
from typing import NamedTuple

from etl.demo.clock import Season, in_office
from etl.demo.log import Log, TaxReturn

RUSH_DAYS = 12
# The label of a delivery: who is asked first on a joint return, and the two spellings for everybody else.
JOINT_DELIVERIES = (
    ("Deliver to Taxpayer",) * 11 + ("Deliver to Taxpayer/Spouse",) * 7 + ("Deliver to Spouse",) * 2
)
PERSONAL_DELIVERIES = ("Deliver to Client",) * 19 + ("Deliver to Company/Client",)
COMPANY_DELIVERIES = ("Deliver to Company",) * 14 + ("Deliver to Company/Client",)


class Delivery(NamedTuple):
    """One sending of a return: when, whom it goes to first, whether it asks identity questions."""

    at: datetime
    spouse_first: bool
    asks_kba: bool


def prepare(log: Log, tax_return: TaxReturn) -> datetime | None:
    """From the upload to the moment of delivery; null for a return that is deleted before."""
    dice, client = log.dice, tax_return.client
    at = tax_return.uploaded_at
    log.internal(at, "Upload", client.preparer)
    if dice.happens("deleted"):
        deleted_at = in_office(dice, at + dice.hours(median=3), client.office)
        log.internal(deleted_at, "Deleted Document", client.preparer)
        return None
    if dice.happens("saved_and_closed"):
        at = in_office(dice, at + dice.seconds(300, 5400), client.office)
        log.internal(at, "Save & Close", client.preparer)
    return pass_stages(log, tax_return, at)


def pass_stages(log: Log, tax_return: TaxReturn, at: datetime) -> datetime:
    """Review, ERO/signer and approval, each of them optional; a review may send the return back."""
    dice, client = log.dice, tax_return.client
    reviewer = client.office.preparers[0] if client.preparer != client.office.preparers[0] else client.partner
    at = wait(log, tax_return, at, hours=16)
    if dice.happens("reviewed"):
        log.internal(at, "Sent for Review", client.preparer)
        at = wait(log, tax_return, at, hours=26 * client.office.review_pace)
        if dice.happens("sent_back"):
            log.internal(at, "Save & Close", reviewer)
            at = wait(log, tax_return, at, hours=10)
            log.internal(at, "Sent for Review", client.preparer)
            at = wait(log, tax_return, at, hours=8 * client.office.review_pace)
    if dice.happens("to_ero"):
        log.internal(at, "Sent for ERO/Signer", reviewer)
        at = wait(log, tax_return, at, hours=20 * client.partner_pace)
    if dice.happens("approved"):
        log.internal(at, "Sent for Approve for Delivery", client.partner)
        at = wait(log, tax_return, at, hours=9)
    return at


def wait(log: Log, tax_return: TaxReturn, at: datetime, hours: float) -> datetime:
    """The end of a wait inside the firm; in the rush before a due date everything takes longer."""
    days_left = (tax_return.due_on - at.date()).days
    rush = 1.7 if 0 <= days_left <= RUSH_DAYS else 1.0
    return in_office(log.dice, at + log.dice.hours(median=hours * rush, spread=0.9), tax_return.client.office)


def deliver(log: Log, tax_return: TaxReturn, at: datetime) -> Delivery:
    """The firm sends the return to its client; the label says to whom first."""
    dice, client = log.dice, tax_return.client
    kba_disabled = dice.happens("kba_disabled") and client.form == "1040"
    if kba_disabled:
        log.internal(at - dice.seconds(5, 40), "Return sent with KBA disabled (1040)", client.office.desk)
    if client.is_joint:
        label = dice.choice(JOINT_DELIVERIES)
    else:
        label = dice.choice(PERSONAL_DELIVERIES if client.form in ("1040", "1041") else COMPANY_DELIVERIES)
    log.internal(at, label, client.office.desk)
    if dice.happens("pdf_downloaded"):
        log.internal(at + dice.seconds(60, 3000), "Download PDF", client.preparer)
    return Delivery(
        at, spouse_first=label == "Deliver to Spouse", asks_kba=client.form == "1040" and not kba_disabled
    )


def recall(log: Log, tax_return: TaxReturn, at: datetime) -> datetime:
    """The firm pulls the return back and sends it on its way again; both tabs show both, about a minute apart."""
    dice, desk = log.dice, tax_return.client.office.desk
    log.internal(at, "Recalled return", desk)
    log.client(at + dice.seconds(20, 90), "Tax Return", "Recalled", user=desk)
    at = in_office(dice, at + dice.hours(median=24), tax_return.client.office) + timedelta(minutes=2)
    log.internal(at, "Reprocessed Return", desk)
    log.client(at + dice.seconds(20, 90), "Tax Return", "Reprocessed", user=desk)
    if dice.random.random() < 0.4:
        return pass_stages(log, tax_return, at)
    return in_office(dice, at + dice.seconds(600, 9000), tax_return.client.office)


def pick_up(log: Log, tax_return: TaxReturn, signed_at: datetime) -> datetime | None:
    """The firm downloads the signed e-file forms, later where it has to look out for a scan."""
    dice, client = log.dice, tax_return.client
    if not dice.happens("picked_up"):
        return None
    by_hand = any(event.label.startswith("Files Uploaded") for event in log.events)
    at = in_office(dice, signed_at + dice.hours(median=50 if by_hand else 18, spread=0.9), client.office)
    log.internal(
        at, "E-File Forms Downloaded", dice.choice((client.office.desk, client.office.desk, client.preparer))
    )
    return at


def archive(log: Log, tax_return: TaxReturn, season: Season, picked_up_at: datetime | None) -> None:
    """Some returns are archived when they are done, all others in one go after the season."""
    dice, office = log.dice, tax_return.client.office
    if picked_up_at and dice.happens("archived_early"):
        at = in_office(dice, picked_up_at + timedelta(days=dice.random.randint(9, 40)), office)
    elif season.closed_on and dice.happens("archived_at_the_end"):
        last_on = max(event.at.date() for event in log.events)
        closed_on = season.closed_on if last_on < season.closed_on else max(season.ends_at.date(), last_on)
        at = datetime(closed_on.year, closed_on.month, closed_on.day, 12) + dice.seconds(0, 4 * 3600)
    else:
        return
    log.internal(at, "Moved Document to Archived", office.desk)
