"""A title of another return or tab refuses the file, and an event without a time costs only its own row."""

import json
from dataclasses import replace

import pytest

from support.staged_files import LOG, refusal, staged
from support.workbooks import excel

ONE = replace(LOG, constants={"return_id": "R1", "tab": "Internal"})
# The order of the columns, and an event in it.
TIME_SECOND = ("Event,Date/Time,User", "Upload,03/26/2026 7:20 PM,Ann")
NOTES = ("Event,Date/Time,User,Notes", "Upload,03/26/2026 7:20 PM,Ann,")
TIME_LAST = ("Event,User,Date/Time", "Upload,Ann,03/26/2026 7:20 PM")


def contents(lines: list[str]) -> list[tuple[str, bytes | str]]:
    """The same lines as CSV and as a workbook."""
    table = [tuple(cell or None for cell in line.split(",")) for line in lines]
    return [("a.csv", "\n".join([*lines, ""])), ("a.xlsx", excel({"Log": table}))]


@pytest.mark.parametrize(
    ("title", "name", "text"),
    [
        ("Tab: Client", "tab", "Client"),
        ("Tab,Client", "tab", "Client"),
        ("Client Tracking,Bo Kim", "tab", "Client"),
        ("Client Tracking - Bo Kim", "tab", "Client"),
        ("User Tracking - Client Tracking", "tab", "Client"),
        ("Internal Tracking - 2025-0002", "return_id", "2025-0002"),
        ("Return ID:2025-0002", "return_id", "2025-0002"),
        ("Return 2025-0002", "return_id", "2025-0002"),
        ("Return #2025-0002", "return_id", "2025-0002"),
        ("Return ID: 1040", "return_id", "1040"),
        ("Return ID: 2025-0002 - Bo Kim", "return_id", "2025-0002"),
        ("Return ID: 2025-0002,Client: Bo Kim", "return_id", "2025-0002"),
        ("Client: Bo Kim,Return ID: 2025-0002", "return_id", "2025-0002"),
    ],
)
def test_a_title_above_the_headings_that_names_another_return_or_tab_is_refused(
    title: str, name: str, text: str
) -> None:
    for file, content in contents([title, *TIME_LAST]):
        assert refusal(file, content, source=ONE) == (
            f'it names the {name} "{text}", and its name or the settings give "{ONE.constants[name]}". '
            "Correct one, or load each as a file of its own."
        )


@pytest.mark.parametrize(
    "title",
    [
        *(
            "Tab: Internal",
            "Internal Tracking - R1",
            "Internal Tracking - March 2026",
            "Internal Tracking (10)",
        ),
        *("Client: Bo Kim", "Client,Bo Kim", "Tax Return: 1040", "Tax Return 2025", "Return Date: 3/26/2026"),
        *("Return ID: R1 - Bo Kim", "User Tracking Client Tracking Internal Tracking"),
    ],
)
def test_a_title_above_the_headings_that_names_no_other_is_skipped(title: str) -> None:
    for file, content in contents([title, *TIME_LAST]):
        assert staged(file, content, source=ONE).count == 1


RETURN = "is the title of another table, and no column says which return a record is of"
UNREAD = "is a day in a form that is not read, so the times below it cannot be read"


@pytest.mark.parametrize(
    ("order", "row", "fault"),
    [
        # A heading in the first cell, whatever is under the time.
        (TIME_SECOND, "Return ID,12346,", RETURN),
        (TIME_SECOND, "Return ID,46108,", RETURN),
        (TIME_SECOND, "Return ID,TRX-2,", RETURN),
        (TIME_SECOND, "Taxpayer,Bo Kim,", RETURN),
        (TIME_LAST, "Return ID,12346,", RETURN),
        (TIME_LAST, "Return ID: 2025-0002 - Bo Kim,x,", RETURN),
        # An id that is not under the user.
        (TIME_SECOND, "2025-0002,Bo Kim,1040", RETURN),
        (TIME_SECOND, "Bo Kim,12346,", RETURN),
        (TIME_SECOND, "Bo Kim,TRX-2025-1,", RETURN),
        # Another text under the time, and no user.
        (TIME_SECOND, "Bo Kim,1040,", RETURN),
        (TIME_SECOND, "Kim,Bo,", RETURN),
        (TIME_SECOND, "Bo Kim,Austin,1040", RETURN),
        # A text alone.
        (TIME_SECOND, "Bo Kim,,", RETURN),
        (TIME_SECOND, "26.03.2026,,", UNREAD),
        (TIME_SECOND, "Thursday the 26th of March,,", UNREAD),
        # Events without a time, and notes.
        (TIME_SECOND, "Client notified,N/A,R2D2", None),
        (TIME_SECOND, "Internal review,,Ann", None),
        (TIME_SECOND, "Sent to partner,N/A,Ann", None),
        (TIME_SECOND, "Sent to partner,Friday,", None),
        (TIME_SECOND, "Sent to partner,pending,", None),
        (TIME_SECOND, "Upload,12346,", None),
        (NOTES, "Sign in,,Ann,10.0.0.1", None),
        (TIME_LAST, "Review,user7,", None),
        (TIME_LAST, "Sent to manager,R2D2,", None),
        (TIME_LAST, "Client copy requested,Ann,", None),
        (TIME_LAST, "Ann Lee,1040,", None),
        # This cannot be told from an event without a time.
        (TIME_LAST, "Bo Kim,Austin,", None),
        (NOTES, ",,,Called client at 555-1234", None),
        (TIME_SECOND, ",,Ann", None),
        (TIME_SECOND, "26 March 2026,,", None),
        (TIME_SECOND, "26th of March 2026,,", None),
    ],
)
def test_a_row_without_a_time_is_a_title_or_an_event(
    order: tuple[str, str], row: str, fault: str | None
) -> None:
    headings, event = order
    for file, content in contents([headings, event, row, event]):
        if fault:
            assert refusal(file, content, source=ONE).startswith(f"record 2 {fault}")
        else:
            assert staged(file, content, source=ONE).count == 3


@pytest.mark.parametrize(
    ("order", "row"),
    [
        *((TIME_LAST, "Client copy requested,Ann,"), (TIME_LAST, "Upload started,R2D2,")),
        *((TIME_SECOND, "Ann Lee,1040,"), (TIME_SECOND, "Ann Lee,2025,"), (TIME_LAST, "Ann Lee,1040,")),
        *((TIME_SECOND, "Client notified,N/A,R2D2"), (NOTES, ",,,Called client at 555-1234")),
    ],
)
def test_a_row_above_the_first_event_that_names_no_other_is_quarantined(
    order: tuple[str, str], row: str
) -> None:
    headings, event = order
    for file, content in contents([headings, row, event]):
        assert staged(file, content, source=ONE).count == 2


def test_the_title_of_a_number_above_headings_that_come_again_is_refused() -> None:
    headings, event = TIME_SECOND
    own = replace(LOG, constants={"return_id": "12345", "tab": "Internal"})
    lines = [headings, event, "Return ID,12346,", headings, event]
    for file, content in contents(lines):
        assert refusal(file, content, source=own).startswith(f"record 2 {RETURN}")


def test_a_note_in_json_is_no_title() -> None:
    rows = [("Upload", "2026-03-26T19:20"), ("Client note", None), ("Upload", "2026-03-26T20:20")]
    events = [{"label": label, "event_time": time, "actor": "Ann"} for label, time in rows]
    assert staged("a.json", json.dumps(events), source=ONE).count == 3
