"""An invented log whose returns have their steps in any order, at any age, or not at all."""

import csv
import random
from datetime import datetime, timedelta
from pathlib import Path

START = datetime(2026, 1, 5, 14)
HEADING = [
    "return_id",
    "event_time",
    "tab",
    "label",
    "status",
    "recipient_email",
    "client_name",
    "office",
    "partner",
    "return_type",
    "tax_year",
]
FIRM = """
Upload
Sent for Review
Sent for ERO/Signer
Sent for Approve for Delivery
Save & Close
""".strip().splitlines()
DELIVERIES = """
Deliver to Client
Deliver to Company
Deliver to Taxpayer/Spouse
Deliver to Spouse
""".strip().splitlines()
AFTERWARDS = """
E-File Forms Downloaded
Recalled return
Reprocessed Return
Moved Document to Archived
Deleted Document
Return sent with KBA disabled (1040)
""".strip().splitlines()
# Label and status, with a bar between them.
CLIENT = """
Taxpayer: Initial Email | Processed
Taxpayer: Initial Email | Delivered
Taxpayer: Initial Email | Open
Taxpayer: Initial Email | Bounced
Spouse: Initial Email | Processed
Spouse: Initial Email | Bounced
CcRecipient: Initial Email | Processed
Access Link selected
Taxpayer: Access Code Email | Processed
Taxpayer: Access Code Email | Open
Taxpayer: Tax Return Accessed
Spouse: Tax Return Accessed
Document KBA Success
Spouse: Document KBA Success
Files Uploaded "forms.pdf"
null
Paper File Returns Consented
Access Locked
Reminder Send For Signing
Wiggled
""".strip().splitlines()


def write_invented_log(file: Path, returns: int, seed: int) -> None:
    """One CSV in the contract's own headings; times are of the firm's zone."""
    dice = random.Random(seed)
    with open(file, "w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(HEADING)
        for number in range(returns):
            words = [
                f"user{dice.randrange(9)}@mail{dice.randrange(4)}.example",
                dice.choice(["Ann Lee", "Bo & Sons", "Cy 100%", ""]),
                dice.choice(["Austin", "Boston", "Chicago", ""]),
                dice.choice(["E. Tanaka", "B. Lopez", ""]),
                dice.choice(["1040", "1040", "1065", "1120S", "9999", ""]),
                dice.choice([2024, 2025, ""]),
            ]
            for tab, label, status, at in invented_events(dice):
                writer.writerow([f"R{number:04}", at.isoformat(" ", "seconds"), tab, label, status, *words])


def invented_events(dice: random.Random) -> list[tuple[str, str, str, datetime]]:
    """The events of one return over up to three cycles."""
    events, at = [], START + timedelta(minutes=dice.randrange(60 * 24 * 90))
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        for label in dice.sample(FIRM, dice.randrange(len(FIRM))):
            at += timedelta(minutes=dice.randrange(1, 3000))
            events.append(("Internal", label, "", at))
        if dice.random() < 0.85:
            at += timedelta(minutes=dice.randrange(1, 3000))
            events.append(("Internal", dice.choice(DELIVERIES), "", at))
        for line in dice.sample(CLIENT, dice.choice([0, 1, 2, 3, 4, 6, 10, 18])):
            label, _, status = line.partition(" | ")
            at += timedelta(seconds=dice.randrange(60 * 60 * 30))
            events.append(("Client", label, status, at))
        for label in dice.sample(AFTERWARDS, dice.choice([0, 0, 1, 2])):
            at += timedelta(minutes=dice.randrange(1, 3000))
            events.append(("Internal", label, "", at))
    return events
