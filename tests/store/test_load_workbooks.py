"""Workbooks and archives as people make them: each sheet and each member is a file of its own."""

import io
import zipfile
from datetime import datetime
from pathlib import Path

from etl.config.settings import read_settings
from etl.store.load import load
from support.loaded_files import Firm, events
from support.workbooks import excel, open_document

SETTINGS = """
[firm]
timezone = "America/New_York"
[[source]]
name = "by file"
files = ["2025-*"]
firm_id = "oak"
[source.names]
file = "{return_id} {client_name}"
sheet = "{tab} Tracking"
[source.columns]
label = ["Event"]
[[source]]
name = "by sheet"
files = ["*"]
firm_id = "oak"
fill_down = ["Return ID"]
time_formats = ["%m/%d/%Y %I:%M %p"]
[source.names]
sheet = "{return_id}"
[source.columns]
label = ["Event"]
event_time = ["Date/Time"]
"""
NINE, TEN = datetime(2026, 3, 25, 9), datetime(2026, 3, 25, 10)
HEADINGS = ("Event", "Event Time")
COLUMNS = "return_id, client_name, tab, label, event_at::varchar"


def story(firm: Firm, name: str, content: bytes) -> dict[str, object]:
    """The stored events of each content of a file, or why there are none."""
    outcomes = firm.load(firm.file(name, content))
    return {
        outcome.name.removeprefix(f"{firm.folder}/"): events(outcome.part, COLUMNS)
        if outcome.part
        else f"{outcome.state}: {outcome.reason}"
        for outcome in outcomes
    }


def test_the_sheets_of_a_workbook_are_the_tabs_of_the_return_in_its_name(tmp_path: Path) -> None:
    sheets = {
        "Client Tracking": [HEADINGS, ("Access Link selected", TEN)],
        "Internal Tracking": [HEADINGS, ("Upload", NINE), ("Deliver to Client", TEN)],
        "Sheet3": [],
    }
    firm = Firm(tmp_path, SETTINGS)
    for name, make in (("2025-0001 Lee.xlsx", excel), ("2025-0002 Kim.ods", open_document)):
        own = (name[:9], name[10:13])
        assert story(firm, name, make(sheets)) == {
            f"{name} › Sheet3": "passed: an empty sheet",
            f"{name} › Client Tracking": [(*own, "Client", "Access Link selected", "2026-03-25 14:00:00")],
            f"{name} › Internal Tracking": [
                (*own, "Internal", "Upload", "2026-03-25 13:00:00"),
                (*own, "Internal", "Deliver to Client", "2026-03-25 14:00:00"),
            ],
        }
    assert sorted(part.ledger["file_name"] for part in firm.parts) == [
        f"{name} › {tab} Tracking"
        for name in ("2025-0001 Lee.xlsx", "2025-0002 Kim.ods")
        for tab in ("Client", "Internal")
    ]


def test_a_sheet_for_each_return_in_a_workbook_in_an_archive(tmp_path: Path) -> None:
    rows = [("User Tracking",), (), ("Tab", *HEADINGS), ("Client", "Access Link selected", NINE)]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        book = excel({"2025-1101": rows, "2025-1102": rows, "Notes": [("by Pat",)]})
        archive.writestr("returns/march.xlsx", book)
        archive.writestr("returns/.DS_Store", b"x")
    inside = "march.zip › returns/march.xlsx ›"
    assert story(Firm(tmp_path, SETTINGS), "march.zip", buffer.getvalue()) == {
        "march.zip › returns/.DS_Store": "passed: a file that a system or a program adds",
        f"{inside} Notes": "passed: a note, not a table",
        f"{inside} 2025-1101": [("2025-1101", None, "Client", "Access Link selected", "2026-03-25 13:00:00")],
        f"{inside} 2025-1102": [("2025-1102", None, "Client", "Access Link selected", "2026-03-25 13:00:00")],
    }


def test_merged_ids_and_cells_of_every_kind_are_read_and_others_are_quarantined(tmp_path: Path) -> None:
    rows = [
        ("Return ID", "Tab", "Event", "Date/Time"),
        ("0042", "Client", "Access Link selected", NINE),
        (None, "Client", "Document KBA Success", "03/25/2026 10:00 AM"),
        (20250001, "Internal", "Upload", NINE),
        # A day number, as a cell without the format of a date has it.
        (20250001, "Internal", "Deliver to Client", 46106.375),
        (123456789012345678, "Internal", "Upload", NINE),
        ("Total", None, None, 4),
    ]
    firm = Firm(tmp_path, SETTINGS)
    assert story(firm, "march.xlsx", excel({"Log": rows})) == {
        "march.xlsx › Log": [
            ("0042", None, "Client", "Access Link selected", "2026-03-25 13:00:00"),
            ("0042", None, "Client", "Document KBA Success", "2026-03-25 14:00:00"),
            ("20250001", None, "Internal", "Upload", "2026-03-25 13:00:00"),
            ("20250001", None, "Internal", "Deliver to Client", "2026-03-25 13:00:00"),
        ]
    }
    [part] = firm.parts
    assert (part.ledger["record_count"], part.ledger["quarantined_count"]) == (6, 2)


def test_a_number_is_no_day_in_a_workbook_that_counts_days_from_1904(tmp_path: Path) -> None:
    rows = [
        ("Return ID", "Tab", "Event", "Date/Time"),
        ("r1", "Internal", "Upload", NINE),
        ("r1", "Internal", "Deliver to Client", 46106.375),
    ]
    assert story(Firm(tmp_path, SETTINGS), "a.xlsx", excel({"Log": rows}, {"date_1904": True})) == {
        "a.xlsx › Log": [("r1", None, "Internal", "Upload", "2026-03-25 13:00:00")]
    }


def test_tables_whose_titles_have_the_ids_are_refused(tmp_path: Path) -> None:
    table = [("Tab", *HEADINGS), ("Client", "Access Link selected", NINE)]
    rows = [("Return 2025-1101",), *table, (), ("Return 2025-1102",), *table]
    firm = Firm(tmp_path, SETTINGS)
    assert story(firm, "march.xlsx", excel({"2025-1101": rows})) == {
        "march.xlsx › 2025-1101": "refused: record 2 is the title of another table, and no column says "
        "which return a record is of. Put each return into a file or a sheet of its own, or add a column "
        "with its id."
    }
    assert firm.parts == []


def test_an_id_that_a_person_gives_is_for_two_tabs_and_never_for_two_returns(tmp_path: Path) -> None:
    firm = Firm(tmp_path, SETTINGS)
    settings = read_settings(firm.data.settings)
    rows = [HEADINGS, ("Upload", NINE)]
    tabs = firm.file("2025-9.xlsx", excel({"Client Tracking": rows, "Internal Tracking": rows}))
    outcomes = load(firm.data, settings, [tabs], given={"return_id": "r1"})
    assert [events(outcome.part, "return_id", "tab") for outcome in outcomes if outcome.part] == [
        [("r1", "Client")],
        [("r1", "Internal")],
    ]
    returns = firm.file("all.xlsx", excel({"r1": rows, "r2": rows}))
    [outcome] = load(firm.data, settings, [returns], given={"return_id": "r1", "tab": "Client"})
    assert outcome.reason == (
        "it has 2 tables, whose returns would become one by --set return_id. Load each as a file of its own, "
        "or write a pattern under [source.names]."
    )
