"""Records of several returns are never of one return because only titles tell their tables apart."""

from dataclasses import replace

import pytest

from etl.common.problem import Problem
from etl.config.source import Source
from support.staged_files import LOG, as_csv, refusal, staged, staged_in_memory
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


def sections(title: str) -> str:
    """Ten events, a row of a section, and ten more."""
    lines = "".join(f"Client,Upload,03/26/2026 09:{minute} AM,Ann\n" for minute in range(10, 20))
    return f"Tab,Event,Date/Time,User\n{lines}{title}\n{lines}"


@pytest.mark.parametrize(
    "title",
    [
        *("Return ID:,R2,,", "Client:,Jones,Return:,R2", "Return ID:,,R2,", "Return R2,Jones,,"),
        *(
            "Return ID: R2,,,10 events",
            "Client Name:,Jones,,",
            "Taxpayer:,Jones,,",
            ",Jones,Return:,R2",
            "Return ID:,R2",
        ),
    ],
)
def test_a_row_of_several_texts_that_names_another_return_is_refused(title: str) -> None:
    table = [tuple(line.split(",")) for line in sections(title).splitlines()]
    contents = [("a.csv", sections(title))]
    contents += [("a.xlsx", excel({"Log": [[cell or None for cell in row] for row in table]}))]
    for name, content in contents:
        assert refusal(name, content, source=RETURN) == message(11)
    with pytest.raises(Problem, match="with a database only"):
        staged_in_memory("a.csv", sections(title), source=RETURN)


@pytest.mark.parametrize(
    "row",
    ["Client,Internal note,,Bo", "Client,Taxpayer: Initial Email,,Bo", "Client,Tax Return Accessed,,Bo"],
)
def test_an_event_without_a_time_is_no_title(row: str) -> None:
    assert staged("a.csv", sections(row), source=RETURN).count == 21


@pytest.mark.parametrize(
    "title",
    [
        *("Internal Tracking:", "Internal Events", "Internal Activity", "Internal Tracking (10)"),
        *("Internal Tracking - R1", "Tab: Internal", "Tab,Internal", "Internal Tracking,R1"),
        *(
            "Internal Tracking,10 events",
            ",Internal Tracking,,R1",
            "--- Internal ---,,,",
            "User Tracking - Client,,,",
        ),
    ],
)
def test_a_row_that_may_name_another_tab_is_refused(title: str) -> None:
    lines = "".join(f"r1,Upload,03/26/2026 09:{minute} AM,Ann\n" for minute in range(10, 20))
    content = f"Return ID,Event,Date/Time,User\n{lines}{title}\n{lines}"
    assert refusal("a.csv", content, source=TAB).startswith("record 11 is the title of another table")
    with pytest.raises(Problem, match="with a database only"):
        staged_in_memory("a.csv", content, source=TAB)


def test_a_note_about_the_client_is_no_title() -> None:
    rows = ["Upload,03/26/2026 09:00 AM,Ann,", "Note added,,Ann,Client asked to wait"] * 2
    content = "\n".join(["Event,Date/Time,User,Detail", *rows, rows[0]])
    assert (
        staged("a.csv", content, source=replace(TAB, constants={"return_id": "r1", "tab": "Client"})).count
        == 5
    )


def captioned(source: Source, caption: str, *more: str) -> str:
    """A row of a caption between the headings and the first event of a log of one return and one tab."""
    lines = [
        "Event,Date/Time,User",
        caption,
        *(f"Upload,03/26/2026 09:1{no} AM,Ann" for no in range(3)),
        *more,
    ]
    with pytest.raises(Problem, match="with a database only"):
        staged_in_memory("a.csv", "\n".join(lines), source=source)
    table = [tuple(cell or None for cell in line.split(",")) for line in lines]
    texts = [
        refusal("a.csv", "\n".join(lines), source=source),
        refusal("a.xlsx", excel({"Log": table}), source=source),
    ]
    assert texts[0] == texts[1]
    return texts[0]


ONE = replace(LOG, constants={"return_id": "R1", "tab": "Client"})


@pytest.mark.parametrize(
    ("caption", "name", "text"),
    [
        ("Internal Tracking,,", "tab", "Internal"),
        ("Internal Tracking,10 events,", "tab", "Internal"),
        ("Tab:,Internal,", "tab", "Internal"),
        ("Internal Tracking,03/30/2026 9:00 AM,", "tab", "Internal"),
        ("Return ID:,R2,", "return_id", "R2"),
        ("Return ID: R2,,", "return_id", "R2"),
        ("Return ID,,2025-0002", "return_id", "2025-0002"),
        ("Jones,R2,", "return_id", "R2"),
        ("R2,,Jones", "return_id", "R2"),
        ("Jones,2025-0002,", "return_id", "2025-0002"),
    ],
)
def test_a_caption_above_the_first_event_that_names_another_return_or_tab_is_refused(
    caption: str, name: str, text: str
) -> None:
    assert captioned(ONE, caption) == (
        f'it names the {name} "{text}", and its name or the settings give "{ONE.constants[name]}". '
        "Correct one, or load each as a file of its own."
    )


@pytest.mark.parametrize(
    "caption", ["Client Tracking,,", "Return ID:,R1,", "Jones,R1,", "Client:,Jones,", "Jones,,"]
)
def test_a_caption_above_the_first_event_of_the_return_is_quarantined(caption: str) -> None:
    lines = [
        "Event,Date/Time,User",
        caption,
        "Upload,03/26/2026 09:10 AM,Ann",
        "Upload,03/26/2026 09:11 AM,Ann",
    ]
    assert staged("a.csv", "\n".join(lines), source=ONE).count == 3


@pytest.mark.parametrize(
    "title", ["Jones,R2,", "R2,,Jones", "Jones,2025-0002,", "Internal Tracking,03/30/2026 9:00 AM,"]
)
def test_a_row_without_any_word_of_an_event_is_a_title(title: str) -> None:
    assert captioned(
        ONE, "Upload,03/26/2026 09:09 AM,Ann", title, "Upload,03/26/2026 09:20 AM,Ann"
    ).startswith("record 5 is the title of another table")


@pytest.mark.parametrize("row", ["Upload,,A1", "Delivered,,A1", "Upload,,Ann Lee", "Note added,,Ann"])
def test_a_row_of_two_texts_with_a_word_of_an_event_is_no_title(row: str) -> None:
    lines = [
        "Event,Date/Time,User",
        *["Upload,03/26/2026 09:10 AM,Ann", row] * 2,
        "Upload,03/26/2026 09:11 AM,Bo",
    ]
    assert staged("a.csv", "\n".join(lines), source=ONE).count == 5
