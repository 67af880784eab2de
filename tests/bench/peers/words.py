"""All that a peer must know about the log: its columns, and the labels of the two answers.

The answers are those of `firm_funnel` and of `email_health`. For each step of the client funnel, without
recalled deliveries: the deliveries to which the step applies, those whose log has it, and those that reached
it or a later one. For each week: the emails to signers that were sent and that bounced. This log has no late
status of a recalled delivery, no act before its delivery and no time that a clock change repeats, so the
peers need no rules for these.
"""

COLUMNS = ("Return ID", "Return Type", "Tab", "Event", "Status", "Date/Time", "User", "Email")
TIME_FORMAT = "%m/%d/%Y %I:%M:%S %p"
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
