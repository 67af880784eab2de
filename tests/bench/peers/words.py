"""All that a peer must know about the log: its columns, and the labels of the two answers.

The answers are those of `firm_funnel` and of `email_health`. For each step of the client funnel, without
recalled deliveries: the deliveries to which the step applies, those whose log has it, and those that reached
it or a later one. For each week: the emails to signers that were sent and that bounced. This log has no late
status of a recalled delivery, no act before its delivery and no time that a clock change repeats, so the
peers need no rules for these.

The scripts need every label, which a user would take from the glossary as our reference file does.
"""

import csv

from etl.common.paths import SHIPPED

COLUMNS = ("Return ID", "Return Type", "Tab", "Event", "Status", "Date/Time", "User", "Email")
TIME_FORMAT = "%m/%d/%Y %I:%M:%S %p"
FIRM_ZONE = "America/New_York"
# The headings by the names that the scripts give them: those of an event, and those of facts about its
# return, which are the same in all its records.
OF_EVENTS = {
    "return_id": "Return ID",
    "tab": "Tab",
    "label": "Event",
    "status": "Status",
    "event_at": "Date/Time",
    "actor": "User",
    "recipient_email": "Email",
}
FACTS = {
    "client_id": "Client ID",
    "client_name": "Client Name",
    "tax_year": "Tax Year",
    "return_type": "Return Type",
    "office": "Office",
    "partner": "Partner",
    "ero_signer": "ERO/Signer",
    "preparer": "Preparer",
}
HEADINGS = OF_EVENTS | FACTS
# (tab, label up to its first quote, in lowercase, status) -> what it means.
CODES = {
    ("Internal Tracking", "deliver to client", ""): "delivered",
    ("Internal Tracking", "deliver to taxpayer/spouse", ""): "delivered",
    ("Internal Tracking", "deliver to company/client", ""): "delivered",
    ("Internal Tracking", "recalled return", ""): "recalled",
    ("Internal Tracking", "e-file forms downloaded", ""): "picked up",
    ("Client Tracking", "taxpayer: initial email", "Processed"): "taxpayer email processed",
    ("Client Tracking", "taxpayer: initial email", "Delivered"): "taxpayer email delivered",
    ("Client Tracking", "taxpayer: initial email", "Open"): "taxpayer email opened",
    ("Client Tracking", "taxpayer: initial email", "Bounced"): "taxpayer email bounced",
    ("Client Tracking", "spouse: initial email", "Processed"): "spouse email processed",
    ("Client Tracking", "spouse: initial email", "Delivered"): "spouse email delivered",
    ("Client Tracking", "spouse: initial email", "Open"): "spouse email opened",
    ("Client Tracking", "access link selected", ""): "link selected",
    ("Client Tracking", "taxpayer: tax return accessed", ""): "accessed",
    ("Client Tracking", "spouse: tax return accessed", ""): "accessed",
    ("Client Tracking", "document kba success", ""): "KBA passed",
    ("Client Tracking", "files uploaded", ""): "uploaded",
    ("Client Tracking", "null", ""): "upload deleted",
}
STEPS = (
    "delivered",
    "email delivered",
    "email opened",
    "link selected",
    "accessed",
    "KBA passed",
    "signed",
    "picked up",
)
Funnel = list[tuple[str, int, int, int]]
Weeks = list[tuple[str, int, int]]


def catalogue() -> list[tuple[str, str, str, str, str | None]]:
    """(tab, label up to its first quote, in lowercase, status, code, recipient) of every label."""
    with open(SHIPPED / "reference" / "labels.csv", encoding="utf-8", newline="") as lines:
        listed = list(csv.DictReader(lines))
    found = []
    for row in listed:
        words, recipient = row["label"].split('"')[0].strip().lower(), row["recipient"] or None
        found.append((row["tab"], words, row["status"], row["code"], recipient))
        if recipient == "taxpayer":
            found.append(
                (row["tab"], words.replace("taxpayer", "spouse"), row["status"], row["code"], "spouse")
            )
    return found
