"""What says when a report was made is no event of the return that the name of the file or a setting gives."""

from pathlib import Path

import pytest

from support.loaded_files import ONE_TAB, Firm, events, quarantined
from support.workbooks import excel

GIVEN = f"""{ONE_TAB}
actor = ["User"]
[source.constants]
tab = "Client"
[source.names]
file = "{{return_id}}"
"""
STAMPS = [
    *("Report generated", "Exported", "Generated on", "As of", "Run date", "Printed", "Exported on:"),
    *("As Of Date", "Report Date:", "Date exported", "Exported by Ann Lee", "Page 1 of 2", "Data as of"),
    *("Report as of", "Current as of", "Downloaded on", "Created on", "Export created", "Timestamp"),
    *("Report exported", "From", "To:"),
]
EVENTS = ["Printed and mailed", "Exported to the archive", "Generate", "Upload", "Download PDF"]


def test_the_time_of_a_report_is_no_event_of_the_return(tmp_path: Path) -> None:
    """It was the newest event of all, so the day until which the log was complete was that of the report."""
    labels = [*EVENTS, *STAMPS]
    table = [("Event", "Date/Time", "User")] + [(label, "3/26/2026 9:00 AM", None) for label in labels]
    lines = "\n".join(",".join(text or "" for text in row) for row in table)
    for name, content in (("2025-0001.csv", lines), ("2025-0002.xlsx", excel({"Log": table}))):
        part = Firm(tmp_path / name, GIVEN).load_text(content, name)
        assert [label for (label,) in events(part, "label")] == EVENTS
        numbers = range(len(EVENTS) + 1, len(labels) + 1)
        assert [row[:2] for row in quarantined(part)] == [(number, "no_event") for number in numbers]


def test_with_a_user_or_an_id_of_its_own_it_is_an_event(tmp_path: Path) -> None:
    part = Firm(tmp_path / "user", GIVEN).load_text(
        "Event,Date/Time,User\nPrinted,3/26/2026 9:00 AM,Ann\n", "2025-0001.csv"
    )
    assert events(part, "label", "actor") == [("Printed", "Ann")]
    log = "Return ID,Tab,Event,Date/Time\nr1,Client,Printed,3/26/2026 9:00 AM\n,,As of,3/30/2026 9:00 AM\n"
    part = Firm(tmp_path / "id").load_text(log)
    assert events(part, "return_id", "label") == [("r1", "Printed")]
    assert [row[:2] for row in quarantined(part)] == [(2, "empty_return_id")]


@pytest.mark.parametrize("stamp", ["Report generated", "Exported"])
def test_a_report_has_no_id_of_the_row_above_it(tmp_path: Path, stamp: str) -> None:
    """Where an id is only in the first of the rows that it is for."""
    rows = ["r1,Client,Upload,3/26/2026 9:00 AM,Ann", f",,{stamp},3/30/2026 9:00 AM,"]
    log = "\n".join(["Return ID,Tab,Event,Date/Time,User", *rows])
    settings = f'{ONE_TAB}return_id = ["Return ID"]\ntab = ["Tab"]\nactor = ["User"]\n'
    for word in ('fill_down = ["Return ID", "Tab"]', 'layout = "dialog"'):
        own = settings.replace("[source.columns]", f"{word}\n[source.columns]")
        part = Firm(tmp_path / word[:4], own).load_text(log)
        assert events(part, "return_id", "label") == [("r1", "Upload")]
        assert [row[:2] for row in quarantined(part)] == [(2, "empty_return_id")]


@pytest.mark.parametrize(
    ("stamp", "below", "is_event"),
    [
        ("Printed", ",,Download PDF,3/27/2026 9:00 AM,Ann", True),
        ("Exported", "r1,Client,Download PDF,3/27/2026 9:00 AM,Ann", True),
        ("Report generated", ",,Download PDF,3/27/2026 9:00 AM,Ann", False),
        ("Printed", "r2,Client,Download PDF,3/27/2026 9:00 AM,Ann", False),
        ("Printed", "r1,Internal,Download PDF,3/27/2026 9:00 AM,Ann", False),
        ("Printed", ",,End of the report,,", False),
    ],
)
def test_between_two_events_of_one_return_it_is_of_that_return(
    tmp_path: Path, stamp: str, below: str, is_event: bool
) -> None:
    rows = ["r1,Client,Upload,3/26/2026 9:00 AM,Ann", f",,{stamp},3/26/2026 9:05 AM,", below]
    log = "\n".join(["Return ID,Tab,Event,Date/Time,User", *rows])
    settings = f'{ONE_TAB}return_id = ["Return ID"]\ntab = ["Tab"]\nactor = ["User"]\n'
    for word in ('fill_down = ["Return ID", "Tab"]', 'layout = "dialog"'):
        own = settings.replace("[source.columns]", f"{word}\n[source.columns]")
        part = Firm(tmp_path / word[:4], own).load_text(log)
        found = events(part, "return_id", "tab", "label")
        assert ("r1", "Client", stamp) in found if is_event else stamp not in [label for *_, label in found]
        assert [row[1] for row in quarantined(part) if row[0] == 2] == [] if is_event else ["empty_return_id"]


def test_with_an_id_of_its_own_it_begins_the_events_of_that_return(tmp_path: Path) -> None:
    rows = ["r1,Client,Upload,3/26/2026 9:00 AM", "r2,,Report generated,3/26/2026 9:05 AM"]
    log = "\n".join(["Return ID,Tab,Event,Date/Time", *rows, ",,Upload,3/26/2026 9:10 AM"])
    own = f'{ONE_TAB}return_id = ["Return ID"]\ntab = ["Tab"]\n'
    own = own.replace("[source.columns]", 'fill_down = ["Return ID", "Tab"]\n[source.columns]')
    found = events(Firm(tmp_path, own).load_text(log), "return_id", "label")
    assert found == [("r1", "Upload"), ("r2", "Report generated"), ("r2", "Upload")]
