"""Events of one return, and the ways in which a copy of the platform's dialog shows them."""

from datetime import datetime, timedelta

from hypothesis import strategies as st

# Label, status, time and user of an event.
Event = tuple[str, str, datetime, str]
EMAILS = ("Taxpayer: Initial Email", "Spouse: Initial Email", "Taxpayer: Access Code Email")
EVENTS = ("Access Link selected", "Taxpayer: Tax Return Accessed", 'Document "W-2, 3.pdf"', "null", "Upload")
STATUSES = ("Processed", "Delivered", "Open", "Bounced")
USERS = ("Ann Lee", "pat.roe@firm.example", "O'Brien, K.")


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """Emails with their statuses one below the other, and other events, from the first to the last."""
    found: list[Event] = []
    time = datetime(2026, 3, 26, 9, 0)
    for _ in range(draw(st.integers(1, 6))):
        if draw(st.booleans()):
            label = draw(st.sampled_from(EMAILS))
            parts = [(label, status, "") for status in draw(st.lists(st.sampled_from(STATUSES), min_size=1))]
        else:
            parts = [(draw(st.sampled_from(EVENTS)), "", draw(st.sampled_from(("", *USERS))))]
        for label, status, user in parts:
            time += timedelta(minutes=draw(st.integers(0, 900)))
            found.append((label, status, time, user))
    return found


def clock(time: datetime) -> str:
    return time.strftime("%I:%M %p").lstrip("0")


def day(time: datetime) -> str:
    return f"{time.month}/{time.day}/{time.year}"


def long_day(time: datetime) -> str:
    return f"{time:%A, %B} {time.day}, {time.year}"


def begins_label(events: list[Event], place: int) -> bool:
    """Whether an event is the first of its label."""
    return place == 0 or not events[place][1] or events[place][0] != events[place - 1][0]


def below_labels(events: list[Event], indent: str) -> list[tuple[str, str, str]]:
    """Label or status, time and user, with a row for each label that has statuses."""
    rows = []
    for place, (label, status, time, user) in enumerate(events):
        if status and begins_label(events, place):
            rows.append((label, "", ""))
        rows.append((indent + status if status else label, f"{day(time)} {clock(time)}", user))
    return rows


def below_days(rows: list[tuple[str, datetime, str]], is_long: bool) -> list[tuple[str, str, str]]:
    """Text, clock and user, with a row for each day."""
    found: list[tuple[str, str, str]] = []
    last = ""
    for text, time, user in rows:
        own = long_day(time) if is_long else day(time)
        found += [(own, "", "")] if own != last else []
        found.append((text, clock(time), user))
        last = own
    return found
