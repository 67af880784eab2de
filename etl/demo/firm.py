"""What the firm does with a return: prepare, review, approve, deliver, recall, pick up, archive."""

from datetime import datetime, time, timedelta
from typing import NamedTuple

from etl.demo.clock import Season
from etl.demo.dice import FACTS
from etl.demo.log import Log

RUSH_DAYS = 12


class Delivery(NamedTuple):
    """One delivery of a return: when, who is asked first, and whether identity questions (KBA) are asked."""

    at: datetime
    spouse_first: bool
    asks_kba: bool


def prepare(log: Log) -> datetime | None:
    """From the upload to the moment of delivery; None for a return that is deleted before."""
    dice, client, at = log.dice, log.client, log.tax_return.uploaded_at
    log.add_internal(at, "Upload", client.preparer)
    if dice.happens("deleted"):
        log.add_internal(log.in_office(at + dice.hours(median=3)), "Deleted Document", client.preparer)
        return None
    if dice.happens("saved_and_closed"):
        at = log.in_office(at + dice.seconds(300, 5400))
        log.add_internal(at, "Save & Close", client.preparer)
    return pass_stages(log, at)


def pass_stages(log: Log, at: datetime) -> datetime:
    """Review, ERO/signer and approval, each of them optional; a review may send the return back."""
    dice, client = log.dice, log.client
    reviewer = client.office.preparers[0] if client.preparer != client.office.preparers[0] else client.partner
    at = wait(log, at, hours=16)
    if dice.happens("reviewed"):
        log.add_internal(at, "Sent for Review", client.preparer)
        at = wait(log, at, hours=26 * client.office.review_pace)
        if dice.happens("sent_back"):
            log.add_internal(at, "Save & Close", reviewer)
            at = wait(log, at, hours=10)
            log.add_internal(at, "Sent for Review", client.preparer)
            at = wait(log, at, hours=8 * client.office.review_pace)
    if dice.happens("to_ero"):
        log.add_internal(at, "Sent for ERO/Signer", reviewer)
        at = wait(log, at, hours=20 * client.partner_pace)
    if dice.happens("approved"):
        log.add_internal(at, "Sent for Approve for Delivery", client.partner)
        at = wait(log, at, hours=9)
    return at


def wait(log: Log, at: datetime, hours: float) -> datetime:
    """The end of a wait inside the firm; just before a due date all waits are longer."""
    days_left = (log.tax_return.due_on - at.date()).days
    rush = 1.7 if 0 <= days_left <= RUSH_DAYS else 1.0
    return log.in_office(at + log.dice.hours(median=hours * rush, spread=0.9))


def deliver(log: Log, at: datetime) -> Delivery:
    """The firm delivers the return; the label tells who is asked first."""
    dice, client = log.dice, log.client
    kba_disabled = dice.happens("kba_disabled") and client.form == "1040"
    if kba_disabled:
        log.add_internal(at - dice.seconds(5, 40), "Return sent with KBA disabled (1040)", client.office.desk)
    kind = "joint" if client.spouse else "personal" if client.form in ("1040", "1041") else "company"
    counts = FACTS["delivery_labels"][kind]
    label = dice.choice([label for label, count in counts.items() for _ in range(count)])
    log.add_internal(at, label, client.office.desk)
    if dice.happens("pdf_downloaded"):
        log.add_internal(at + dice.seconds(60, 3000), "Download PDF", client.preparer)
    return Delivery(at, label == "Deliver to Spouse", client.form == "1040" and not kba_disabled)


def recall(log: Log, at: datetime) -> datetime:
    """The firm recalls the return and processes it again; both tabs show both, about a minute apart."""
    dice, desk = log.dice, log.client.office.desk
    log.add_internal(at, "Recalled return", desk)
    log.add_client(at + dice.seconds(20, 90), "Tax Return", "Recalled", user=desk)
    at = log.in_office(at + dice.hours(median=24)) + timedelta(minutes=2)
    log.add_internal(at, "Reprocessed Return", desk)
    log.add_client(at + dice.seconds(20, 90), "Tax Return", "Reprocessed", user=desk)
    if dice.random.random() < 0.4:
        return pass_stages(log, at)
    return log.in_office(at + dice.seconds(600, 9000))


def pick_up(log: Log, signed_at: datetime) -> datetime | None:
    """The firm downloads the signed e-file forms, later if it has to look for a scan."""
    dice, client = log.dice, log.client
    if not dice.happens("picked_up"):
        return None
    at = log.in_office(signed_at + dice.hours(median=50 if log.has_uploads() else 18, spread=0.9))
    user = dice.choice((client.office.desk, client.office.desk, client.preparer))
    log.add_internal(at, "E-File Forms Downloaded", user)
    return at


def archive(log: Log, season: Season, picked_up_at: datetime | None) -> None:
    """Some returns are archived when they are finished, all others together after the season."""
    dice = log.dice
    if picked_up_at and dice.happens("archived_early"):
        at = log.in_office(picked_up_at + timedelta(days=dice.random.randint(9, 40)))
    elif season.closed_on and dice.happens("archived_at_the_end"):
        last_on = max(event.at.date() for event in log.events)
        closed_on = season.closed_on if last_on < season.closed_on else max(season.ends_at.date(), last_on)
        at = datetime.combine(closed_on, time(12)) + dice.seconds(0, 4 * 3600)
    else:
        return
    log.add_internal(at, "Moved Document to Archived", log.client.office.desk)
