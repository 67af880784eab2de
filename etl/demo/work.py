"""What the firm does with a return: prepare, review, approve, deliver, recall, pick up, archive."""

from datetime import datetime, time, timedelta
from operator import attrgetter

from etl.demo.firm import FACTS
from etl.demo.log import Event, Log
from etl.demo.signing import respond

RUSH_DAYS = 12
MOST_DELIVERIES = 3


def complete(log: Log) -> None:
    """Adds all events of a return from upload to archive, by time, including those after the season's end."""
    delivered_at, delivery_no = prepare(log), 0
    while delivered_at:
        delivery_no += 1
        spouse_first, asks_kba = deliver(log, delivered_at)
        signed_at, recall_after = respond(log, delivered_at, spouse_first, asks_kba)
        recalled_at = None
        if delivery_no < MOST_DELIVERIES:
            recalled_at = recall_after or recall_moment(log, delivered_at, signed_at)
        if recalled_at:
            log.events = [event for event in log.events if survives_recall(event, recalled_at)]
            signed = log.signatures.pop(delivered_at, [])
            log.signatures[delivered_at] = [(who, at) for who, at in signed if at < recalled_at]
            delivered_at = recall(log, recalled_at)
        else:
            archive(log, pick_up(log, signed_at) if signed_at else None)
            delivered_at = None
    log.events.sort(key=attrgetter("at"))


def prepare(log: Log) -> datetime | None:
    """From the upload to the moment of delivery; None for a return that is deleted before."""
    at, preparer = log.uploaded_at, log.client.preparer
    log.add_internal(at, "Upload", preparer)
    if log.happens("deleted"):
        log.add_internal(log.in_office(at + log.hours(median=3)), "Deleted Document", preparer)
        return None
    if log.happens("saved_and_closed"):
        at = log.in_office(at + log.seconds(300, 5400))
        log.add_internal(at, "Save & Close", preparer)
    return pass_stages(log, at)


def pass_stages(log: Log, at: datetime) -> datetime:
    """Review, ERO/signer and approval, each of them optional; a review may send the return back."""
    client, office = log.client, log.client.office
    reviewer = office.preparers[0] if client.preparer != office.preparers[0] else client.partner
    at = wait(log, at, hours=16)
    if log.happens("reviewed"):
        log.add_internal(at, "Sent for Review", client.preparer)
        at = wait(log, at, hours=26 * office.review_pace)
        if log.happens("sent_back"):
            log.add_internal(at, "Save & Close", reviewer)
            at = wait(log, at, hours=10)
            log.add_internal(at, "Sent for Review", client.preparer)
            at = wait(log, at, hours=8 * office.review_pace)
    if log.happens("to_ero"):
        log.add_internal(at, "Sent for ERO/Signer", reviewer)
        at = wait(log, at, hours=20 * FACTS["partner_paces"][office.partners.index(client.partner)])
    if log.happens("approved"):
        log.add_internal(at, "Sent for Approve for Delivery", client.partner)
        at = wait(log, at, hours=9)
    return at


def wait(log: Log, at: datetime, hours: float) -> datetime:
    """The end of a wait inside the firm; just before a due date all waits are longer."""
    rush = 1.7 if 0 <= (log.due_on - at.date()).days <= RUSH_DAYS else 1.0
    return log.in_office(at + log.hours(median=hours * rush, spread=0.9))


def deliver(log: Log, at: datetime) -> tuple[bool, bool]:
    """Delivers the return; whether the spouse is asked first, and if identity questions (KBA) are asked."""
    client, desk = log.client, log.client.office.desk
    kba_disabled = log.happens("kba_disabled") and client.form == "1040"
    if kba_disabled:
        log.add_internal(at - log.seconds(5, 40), "Return sent with KBA disabled (1040)", desk)
    kind = "joint" if client.is_joint else "personal" if client.form in ("1040", "1041") else "company"
    counts: dict[str, int] = FACTS["delivery_labels"][kind]
    label = log.random.choice([label for label, count in counts.items() for _ in range(count)])
    log.add_internal(at, label, desk)
    if log.happens("pdf_downloaded"):
        log.add_internal(at + log.seconds(60, 3000), "Download PDF", client.preparer)
    return label == "Deliver to Spouse", client.form == "1040" and not kba_disabled


def recall_moment(log: Log, delivered_at: datetime, signed_at: datetime | None) -> datetime | None:
    """When the firm recalls the return for a correction, rarely after the client has signed."""
    is_recalled, though_signed = log.happens("recalled"), log.happens("recalled_though_signed")
    if not is_recalled:
        return None
    recalled_at = log.in_office(delivered_at + log.hours(median=26, spread=1.0))
    return recalled_at if though_signed or not signed_at or signed_at >= recalled_at else None


def survives_recall(event: Event, recalled_at: datetime) -> bool:
    """Whether a recall does not prevent it: sent emails are delivered and opened, vouchers are due."""
    is_mail = event.label.endswith("Initial Email") and event.status != "Processed"
    is_ours = event.tab == "Internal Tracking"
    return event.at < recalled_at or is_ours or is_mail or event.label.startswith("Voucher")


def recall(log: Log, at: datetime) -> datetime:
    """The firm recalls the return and processes it again; both tabs show both, about a minute apart."""
    desk = log.client.office.desk
    log.add_internal(at, "Recalled return", desk)
    log.add_client(at + log.seconds(20, 90), "Tax Return", "Recalled", user=desk)
    at = log.in_office(at + log.hours(median=24)) + timedelta(minutes=2)
    log.add_internal(at, "Reprocessed Return", desk)
    log.add_client(at + log.seconds(20, 90), "Tax Return", "Reprocessed", user=desk)
    if log.random.random() < 0.4:
        return pass_stages(log, at)
    return log.in_office(at + log.seconds(600, 9000))


def pick_up(log: Log, signed_at: datetime) -> datetime | None:
    """The firm downloads the signed e-file forms, later if it has to look for a scan."""
    if not log.happens("picked_up"):
        return None
    median = 50 if log.uploaded_after(log.uploaded_at) else 18
    at = log.in_office(signed_at + log.hours(median, spread=0.9))
    desk = log.client.office.desk
    log.add_internal(at, "E-File Forms Downloaded", log.random.choice((desk, desk, log.client.preparer)))
    return at


def archive(log: Log, picked_up_at: datetime | None) -> None:
    """Some returns are archived when they are finished, all others together after the season."""
    if picked_up_at and log.happens("archived_early"):
        at = log.in_office(picked_up_at + timedelta(days=log.random.randint(9, 40)))
    elif log.happens("archived_at_the_end"):
        closed_on, last_on = log.season.closed_on, max(event.at.date() for event in log.events)
        day = closed_on if last_on < closed_on else max(log.season.ends_at.date(), last_on)
        at = datetime.combine(day, time(12)) + log.seconds(0, 4 * 3600)
    else:
        return
    log.add_internal(at, "Moved Document to Archived", log.client.office.desk)
