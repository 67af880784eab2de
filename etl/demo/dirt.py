"""The small dirt of real exports: odd quotes and blanks, capitals, labels nobody knows, file names that bite."""

from datetime import datetime, timedelta
from random import Random

from etl.demo.log import Event, TaxReturn

Walk = tuple[TaxReturn, list[Event]]

FORMULA = 'Document "=HYPERLINK("http://refund.example","Your refund").pdf"'
# The number is invented: its digits count up, and its shape is that of a real one.
WITH_SSN = 'Document "W-2 234-56-7890.pdf"'
# Clocks show this hour twice, because summer time ends.
REPEATED_HOUR = datetime(2025, 11, 2, 1)
UNKNOWN_EVERY = 75


def worn(random: Random, event: Event) -> Event:
    """An event as an export may spell it; the same in every export, as the platform keeps it that way."""
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


def add_oddities(walks: list[Walk]) -> None:
    """Labels that are on no list, and the files that a careful loader has to survive, one return each."""
    for number, (tax_return, events) in enumerate(walks):
        if number % UNKNOWN_EVERY == UNKNOWN_EVERY // 3:
            events.extend(unknown_to_the_glossary(tax_return, events[-1].at, number // UNKNOWN_EVERY))
    for events, label in zip(readers(walks), (FORMULA, WITH_SSN), strict=False):
        opened = next(event for event in events if event.label.startswith('Document "'))
        events.append(opened._replace(at=opened.at + timedelta(seconds=14), label=label))


def unknown_to_the_glossary(tax_return: TaxReturn, at: datetime, turn: int) -> list[Event]:
    """Events that the platform may add one day."""
    address = tax_return.client.taxpayer.email
    kinds = (
        [
            ("Taxpayer: Extension Notice Email", "Processed"),
            ("Taxpayer: Extension Notice Email", "Delivered"),
        ],
        [("Return viewed on mobile device", "")],
        [("Text message consent given", "")],
    )
    return [
        Event(
            at + timedelta(seconds=90 + 7 * order),
            "Client Tracking",
            label,
            status,
            email=address if status else "",
        )
        for order, (label, status) in enumerate(kinds[turn % len(kinds)])
    ]


def add_night_shift(walks: list[Walk]) -> None:
    """A client who works through the night in which an hour comes twice; the export cannot say which one it was."""
    night = (
        (12, "Access Link selected"),
        (14, "Taxpayer: Tax Return Accessed"),
        (47, 'Document "Cover Letter.pdf"'),
    )
    for events in readers(walks)[:1]:
        for minute, label in night:
            events.append(Event(REPEATED_HOUR + timedelta(minutes=minute), "Client Tracking", label))


def readers(walks: list[Walk]) -> list[list[Event]]:
    """The events of the returns of which a client has downloaded something."""
    return [events for _, events in walks if any(event.label.startswith('Document "') for event in events)]


def broken(rows: list[list[str]]) -> list[list[str]]:
    """The rows with two records that no export should hold: one with a field too many, one without a real time."""
    if not rows:
        return rows
    middle = len(rows) // 2
    too_long = [*rows[middle][:3], "see note", *rows[middle][3:]]
    timeless = [field if "/" not in field or ":" not in field else "pending" for field in rows[middle]]
    return [*rows[:middle], too_long, timeless, *rows[middle:]]
