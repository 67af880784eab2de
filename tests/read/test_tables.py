"""Records of several returns are never of one return because only titles tell their tables apart."""

from dataclasses import replace

import pytest

from support.staged_files import LOG, as_csv, refusal, staged
from support.workbooks import excel

HEADINGS = ("Tab", "Event", "Date/Time")
EVENTS = [("Client", "Tax Return Accessed", f"03/0{day}/2026 09:00 AM") for day in (1, 2)]
EMPTY = (None, None, None)


def message(row_no: int) -> str:
    return (
        f"record {row_no} is the title of another table, and no column says which return a record is of. "
        "Put each return into a file or a sheet of its own, or add a column with its id."
    )


@pytest.mark.parametrize(
    ("rows", "row_no"),
    [
        ([*EVENTS, EMPTY, ("Return 2025-1102", None, None), HEADINGS, *EVENTS], 3),
        ([*EVENTS, ("Return:", "2025-1102", None), HEADINGS, *EVENTS], 3),
        ([*EVENTS, ("Ann Lee", None, None), EMPTY, HEADINGS, *EVENTS], 3),
        ([*EVENTS, ("2025-1102 Kim", None, None), *EVENTS], 3),
        ([("2025-1101", None, None), *EVENTS, (None, "2025-1102", None), *EVENTS], 1),
    ],
)
def test_tables_that_only_titles_tell_apart_are_refused(rows: list[tuple], row_no: int) -> None:
    table = [("User Tracking", None, None), HEADINGS, *rows]
    assert refusal("a.xlsx", excel({"Log": table})) == message(row_no)
    # In a CSV file the empty row is a record too.
    assert refusal("a.csv", as_csv(table)) in (message(row_no), message(row_no + 1))


@pytest.mark.parametrize(
    "rows",
    [
        [*EVENTS, HEADINGS, *EVENTS],
        [*EVENTS, EMPTY, HEADINGS, *EVENTS],
        [*EVENTS, ("Total 1200", None, None)],
        [*EVENTS, ("March 3, 2026", None, None), *EVENTS],
        [*EVENTS, ("3/3/2026", None, None), *EVENTS, (None, None, "09:15 AM"), *EVENTS],
        [*EVENTS, ("Internal Tracking", None, None), *EVENTS],
    ],
)
def test_headings_totals_and_days_between_records_are_no_titles(rows: list[tuple]) -> None:
    table = [HEADINGS, *rows]
    events = sum(row in EVENTS for row in rows)
    for result in (staged("a.xlsx", excel({"Log": table})), staged("a.csv", as_csv(table))):
        assert sum(row[1] == "Tax Return Accessed" for row in result.texts) == events


@pytest.mark.parametrize("title", ["Return 2025-1102", "Return:,2025-1102"])
def test_a_title_of_text_may_have_no_delimiters(title: str) -> None:
    lines = as_csv([HEADINGS, *EVENTS])
    assert refusal("a.csv", f"{lines}{title}\r\n{lines}") == message(3)
    # A record that was cut is not a title.
    cut = "Client,03/02/2026 09:15"
    assert staged("a.csv", f"{lines}{cut}\r\n{lines}").count == 6


def test_tables_with_an_id_in_each_record_are_read() -> None:
    headings, title = ("Return ID", *HEADINGS), ("Return r2", *EMPTY)
    rows = [headings, ("r1", *EVENTS[0]), title, headings, ("r2", *EVENTS[1])]
    assert [row[0] for row in staged("a.xlsx", excel({"Log": rows})).texts] == ["r1", "Return r2", "r2"]


TAB = replace(LOG, constants={"tab": "Client"})
RETURN = replace(LOG, constants={"return_id": "2025-0001"})


def test_a_tab_that_only_a_title_names_is_refused() -> None:
    headings, row = ("Return ID", "Event", "Date/Time"), ("r1", "Upload", "03/26/2026 09:00 AM")
    table = [headings, row, ("Internal Tracking", None, None), headings, row]
    for name, content in (("a.csv", as_csv(table)), ("a.xlsx", excel({"Log": table}))):
        assert refusal(name, content, source=TAB) == (
            "record 2 is the title of another table, and no column says which tab a record is of. "
            "Put each tab into a file or a sheet of its own, or add a column with its name."
        )


@pytest.mark.parametrize("title", ["Jones, Mary", "Return A-12"])
def test_a_name_or_an_id_of_any_form_between_events_is_refused(title: str) -> None:
    table = [HEADINGS, *EVENTS, (title, None, None), *EVENTS]
    for content in (as_csv(table), as_csv(table).replace(f'"{title}",,', title)):
        assert refusal("a.csv", content, source=RETURN) == message(3)


def test_a_day_number_is_no_title() -> None:
    table = [HEADINGS, *EVENTS, (None, None, "46108"), *EVENTS]
    assert staged("a.csv", as_csv(table), source=RETURN).count == 5
