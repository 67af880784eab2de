"""What every peer must know of the log, and nothing more: its columns, and the labels of the two answers.

The answers are those of `firm_funnel` and of `email_health`: for each step of the client funnel the
deliveries that it applies to, those whose log shows it and those that came to it or any later one, recalled
deliveries left out; and for each week the emails to signers that were sent and that bounced. The log of the
bench holds no late status of a recalled delivery, no act before its delivery and no time that a clock shows
twice, so the peers may leave out the rules for these.
"""

COLUMNS = ("Return ID", "Return Type", "Tab", "Event", "Status", "Date/Time", "User", "Email")
TIME_FORMAT = "%m/%d/%Y %I:%M:%S %p"
# (tab, label up to its first quote, in small letters, status) -> what it stands for.
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
