"""What a client does with a delivery: open, enter, read, sign, print, upload, forward; and the reminders."""

from datetime import datetime, time, timedelta

from etl.demo.firm import FACTS, Person
from etl.demo.log import DAY, Log


def respond(
    log: Log, delivered_at: datetime, spouse_first: bool, asks_kba: bool
) -> tuple[datetime | None, datetime | None]:
    """Every signer in turn; returns when the return is signed, and when the firm recalls it for a bounce.

    The second signer can sign only after the first, and need not come if both have signed on paper.
    """
    signed_at: datetime | None = delivered_at
    recall_after = None
    for order, signer in enumerate(log.client.signers[:: -1 if spouse_first else 1]):
        invited_at = delivered_at if order == 0 or log.happens("spouse_at_once") else signed_at
        if invited_at is None:
            break
        comes_at, bounced_until = invite(log, signer, invited_at + log.seconds(4, 45))
        recall_after = recall_after or bounced_until
        if signed_at is None or (order and log.uploaded_after(delivered_at)):
            continue
        if comes_at is None or (order and log.happens("spouse_never_signs")):
            signed_at = None
            continue
        starts_at = max(comes_at, signed_at + log.seconds(120, 900))
        signed_at = read_and_sign(log, signer, starts_at, asks_kba)
        if signed_at and not log.uploaded_after(delivered_at):
            log.signatures.setdefault(delivered_at, []).append((signer, signed_at))
    if signed_at:
        act_after_signing(log, signed_at)
    remind(log, delivered_at, signed_at)
    return signed_at, recall_after


def invite(log: Log, signer: Person, at: datetime) -> tuple[datetime | None, datetime | None]:
    """The initial email, after a bounce perhaps again to a corrected address.

    Returns when the signer clicks the link (None for never), and when the firm recalls it for a bounce.
    """
    label, address = f"{signer.role}: Initial Email", signer.email
    factor = log.client.office.bounce_factor * (3 if address.endswith("oldnet.example") else 1)
    bounces, unconfirmed = log.happens("bounces", factor), log.happens("unconfirmed")
    noticed, resent = log.happens("bounce_noticed"), log.happens("resent")
    delivered_at = None
    if unconfirmed:
        log.add_client(at, label, "Processed", email=address)
    else:
        delivered_at = log.send_mail(at, label, address, bounces)
    if delivered_at and bounces:
        corrected_at = log.in_office(delivered_at + log.hours(median=20))
        if not noticed or not resent:
            return None, corrected_at if noticed else None
        address = address.replace("@", ".new@")
        delivered_at = log.send_mail(corrected_at, label, address)
    never_comes = log.happens("never_comes", 12 if unconfirmed else 1)
    hesitates = log.happens("hesitates")
    delay = log.hours(median=110, spread=0.7) if hesitates else log.hours(median=7, spread=1.2)
    arrived_at = delivered_at or at
    reads_at = log.at_home(arrived_at + delay)
    if delivered_at and log.happens("opened_in_vain" if never_comes else "open_logged"):
        log.open_mail(reads_at, delivered_at, label, address)
    if log.happens("scanner"):
        log.add_client(arrived_at + log.seconds(2, 8), "Access Link selected")
    return None if never_comes else reads_at + log.seconds(20, 1500), None


def enter(log: Log, signer: Person, at: datetime, is_first: bool = False) -> datetime | None:
    """From the link to the return; None if three wrong entries lock it and the firm does not unlock it."""
    locks, unlocked = log.happens("locks", 1 if is_first else 0.1), log.happens("unlocked")
    at = ask_for_code(log, signer, at)
    if locks:
        for _ in range(3):
            log.add_client(at, "Authentication Failed")
            at += log.seconds(25, 240)
        log.add_client(at - timedelta(seconds=1), "Access Locked")
        if not unlocked:
            return None
        called_at = log.in_office(at + log.hours(median=9))
        at = ask_for_code(log, signer, log.at_home(called_at + log.hours(median=5)))
    elif log.happens("mistypes"):
        for _ in range(log.random.choice((1, 1, 2))):
            log.add_client(at, "Authentication Failed")
            at += log.seconds(30, 300)
    log.add_client(at, f"{signer.role}: Tax Return Accessed")
    return at


def ask_for_code(log: Log, signer: Person, at: datetime) -> datetime:
    """The link, then the access code: by phone, or by an email that the client mostly opens at once."""
    log.add_client(at, "Access Link selected")
    at += log.seconds(15, 80)
    if log.client.codes_by_text:
        return at + log.seconds(20, 120)
    label, address = f"{signer.role}: Access Code Email", signer.email
    for _ in range(2 if log.happens("second_code") else 1):
        log.add_client(at, label, "Processed", email=address)
        if log.random.random() < 0.004:
            log.add_client(at + log.seconds(2, 30), label, "Bounced", email=address)
        else:
            log.add_client(at + log.seconds(2, 20), label, "Delivered", email=address)
            if log.random.random() < 0.9:
                log.add_client(at + log.seconds(21, 40), label, "Open", email=address)
        at += log.seconds(40, 200)
    return at


def read_and_sign(log: Log, signer: Person, at: datetime, asks_kba: bool) -> datetime | None:
    """One signer reads and signs the return; None if the log does not show it or it is signed on paper."""
    entered_at = enter(log, signer, at, is_first=True)
    if entered_at is None:
        return None
    at = read(log, entered_at)
    never_signs, by_hand, on_paper = map(log.happens, ("never_signs", "signs_by_hand", "paper"))
    if not log.happens("signs_at_once"):
        entered_at = enter(log, signer, log.at_home(at + log.hours(median=60, spread=0.9)))
        at = entered_at or at
    if entered_at is None or never_signs:
        return None
    if on_paper:
        log.add_client(at + log.seconds(60, 600), "Paper File Returns Consented")
        return None
    if by_hand:
        return sign_by_hand(log, at)
    if log.happens("other_documents"):
        label = f"{signer.role}: {signer.role} Esigned - Other Signature Documents"
        log.add_client(at + log.seconds(40, 90), label)
    at += log.seconds(100, 420)
    return answer_kba(log, signer, at) if asks_kba else at


def read(log: Log, at: datetime) -> datetime:
    """The client downloads some files; an impatient click downloads a file twice in one second."""
    year, form, name = log.season.tax_year, log.client.form, log.client.short_name
    for file in log.random.sample(FACTS["files"], log.random.choice((1, 2, 3, 3, 4, 5))):
        label = f'Document "{file.format(year=year, next_year=year + 1, form=form, name=name)}"'
        at += log.seconds(20, 400)
        for _ in range(2 if log.random.random() < 0.01 else 1):
            log.add_client(at, label)
    return at


def answer_kba(log: Log, signer: Person, at: datetime) -> datetime | None:
    """The identity questions (KBA): passed, passed at a second visit, or replaced by a signature by hand."""
    if log.happens("kba_passed"):
        log.add_client(at, "Document KBA Success")
        return at + log.seconds(20, 60)
    if log.happens("kba_second_try"):
        entered_at = enter(log, signer, log.at_home(at + log.hours(median=30)))
        if entered_at:
            log.add_client(entered_at + log.seconds(120, 300), "Document KBA Success")
            return entered_at + log.seconds(320, 400)
    elif log.happens("by_hand_after_kba"):
        return sign_by_hand(log, at)
    return None


def sign_by_hand(log: Log, at: datetime) -> datetime | None:
    """The forms are printed, signed, scanned and uploaded; some are deleted, and some of those replaced."""
    log.add_client(at + log.seconds(20, 80), "E-file Forms Downloaded")
    at = log.at_home(at + log.hours(median=22))
    own_name = f"{log.client.short_name} 8879.pdf"
    file = log.random.choice(("8879 signed.pdf", "scan_0012.pdf", "IMG_4471.jpg", own_name))
    log.add_client(at, f'Files Uploaded "{file}"')
    if log.happens("deletes_upload"):
        at += log.seconds(60, 1800)
        log.add_client(at, "null")
        if not log.happens("uploads_again"):
            return None
        at += log.seconds(120, 3600)
        log.add_client(at, 'Files Uploaded "8879 both pages.pdf"')
    return at


def act_after_signing(log: Log, at: datetime) -> None:
    """The client downloads copies, distributes K-1s, and forwards documents to a bank or an adviser."""
    if log.happens("forms_downloaded"):
        log.add_client(at + log.seconds(30, 600), "E-file Forms Downloaded")
    if log.client.partners_of_k1 and log.happens("distributes"):
        sent_at = log.at_home(at + log.hours(median=4))
        for partner in log.client.partners_of_k1:
            sent_at += log.seconds(8, 60)
            log.add_client(sent_at, f'K-1\'s Distributed to "{partner}"')
    if log.happens("forwards"):
        label, address = "CcRecipient: Initial Email", log.random.choice(FACTS["third_parties"])
        forwarded_at, bounces = at + log.hours(median=3), log.random.random() < 0.05
        arrived_at = log.send_mail(forwarded_at, label, address, bounces)
        if not bounces and log.random.random() < 0.7:
            log.open_mail(arrived_at + log.hours(median=8), arrived_at, label, address)


def remind(log: Log, delivered_at: datetime, signed_at: datetime | None) -> None:
    """Reminders from the third day until the client has signed; vouchers two weeks before each payment."""
    if log.happens("reminds"):
        interval = log.random.choice((4, 5, 7))
        morning = datetime.combine(delivered_at.date(), time(9))
        for count in range(6):
            sent_at = morning + timedelta(days=3 + interval * count) + log.seconds(0, 600)
            if signed_at and sent_at >= signed_at:
                break
            log.add_client(sent_at, "Reminder Send For Signing")
    if log.client.form in ("1040", "1041") and log.happens("has_vouchers"):
        for month in (4, 6, 9):
            sent_at = datetime(log.season.tax_year + 1, month, 15, 9) - 14 * DAY
            if sent_at > delivered_at:
                log.add_client(sent_at + log.seconds(0, 900), "Voucher Reminder mail status")
