"""The irregularities of real exports: odd quotes and spaces, capitals, unknown labels, risky file names."""

from datetime import datetime, timedelta
from random import Random

from etl.demo.dice import FACTS
from etl.demo.log import Event, TaxReturn

History = tuple[TaxReturn, list[Event]]

LABELS = FACTS["odd_labels"]
# Clocks show this hour twice, because summer time ends.
REPEATED_HOUR = datetime(2025, 11, 2, 1)
UNKNOWN_EVERY = 75


def vary_spelling(random: Random, event: Event) -> Event:
    """The event as the platform may spell it; every export has the same spelling."""
    label = event.label
    odd = random.random()
    if label == "null":
        return event
    if odd < 0.08 and '"' in label:
        label = label.replace(' "', " “", 1).replace("'", "’")
        label = label[:-1] + "”" if label.endswith('"') else label
    elif odd < 0.09 and " " in label:
        label = label.replace(" ", "\N{NO-BREAK SPACE}", 1)
    elif odd < 0.095:
        label = f"{label} "
    elif odd < 0.098 and '"' not in label:
        label = label.upper()
    return event._replace(label=label)


def add_odd_labels(histories: list[History]) -> None:
    """Adds labels that are on no list to some returns, and two risky file names."""
    for turn, (tax_return, events) in enumerate(histories[UNKNOWN_EVERY // 3 :: UNKNOWN_EVERY]):
        at, address = events[-1].at, tax_return.client.taxpayer.email
        for order, (label, status) in enumerate(LABELS["unknown"][turn % len(LABELS["unknown"])]):
            email = address if status else ""
            moment = at + timedelta(seconds=90 + 7 * order)
            events.append(Event(moment, "Client Tracking", label, status, email=email))
    for events, label in zip(with_downloads(histories), LABELS["file_names"], strict=False):
        download = next(event for event in events if event.label.startswith('Document "'))
        events.append(download._replace(at=download.at + timedelta(seconds=14), label=label))


def add_repeated_hour(histories: list[History]) -> None:
    """Adds events in the hour that clocks show twice; the export does not tell which of the two it was."""
    for events in with_downloads(histories)[:1]:
        for minute, label in LABELS["repeated_hour"]:
            events.append(Event(REPEATED_HOUR + timedelta(minutes=minute), "Client Tracking", label))


def with_downloads(histories: list[History]) -> list[list[Event]]:
    """The events of each return of which the client has downloaded a file."""
    return [
        events for _, events in histories if any(event.label.startswith('Document "') for event in events)
    ]


def add_broken(rows: list[list[str]]) -> list[list[str]]:
    """The rows with two broken records: one has a field too many, one has no real time."""
    middle = len(rows) // 2
    too_long = [*rows[middle][:3], "see note", *rows[middle][3:]]
    without_time = [field if "/" not in field or ":" not in field else "pending" for field in rows[middle]]
    return [*rows[:middle], too_long, without_time, *rows[middle:]]
