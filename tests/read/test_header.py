"""The headings of a CSV file are found below titles; no record is skipped, or read as headings."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.common.paths import SHIPPED
from etl.config.names import Names
from etl.config.settings import read_settings
from support.staged_files import LOG, Row, as_csv, refusal, staged, staged_in_memory

REGISTER = read_settings(SHIPPED / "settings.toml").sources[0]
HEADINGS = ("Return ID", "Tab", "Event", "Status", "Date/Time", "User")
HEAD = "Return ID,Tab,Event,Status,Date/Time,User\n"
DELIVERED = ("2025-0501", "Internal", "Deliver to Client", None, "03/26/2026 11:15:00 AM", "Pat Roe")
SELECTED = ("2025-0501", "Client", "Access Link selected", None, "03/26/2026 07:20:04 PM", None)
EVENTS = as_csv([DELIVERED, SELECTED], lineterminator="\n")
OPTIONS = {"deadline": None, "max_examples": 60}


@pytest.mark.parametrize(
    ("above", "remark"),
    [
        ("", None),
        ("\n\n", None),
        ("sep=,\n", "the headings are on line 2; 1 line above them was skipped"),
        ("\ufeffsep=,\n", "the headings are on line 2; 1 line above them was skipped"),
        (",,,,,\n", "the headings are on line 2; 1 line above them was skipped"),
        ("User Tracking,,,,,\n", "the headings are on line 2; 1 line above them was skipped"),
        ("Return,2025-0501,,,,\n", "the headings are on line 2; 1 line above them was skipped"),
        ("Return: 2025-0501\nUser:,Pat Roe\n", "the headings are on line 3; 2 lines above them were skipped"),
        (
            '"Report: User Tracking"\n"Firm: Example CPA"\n"Period: 03/01/2026-03/31/2026"\n\n',
            "the headings are on line 5; 3 lines above them were skipped",
        ),
        # Headings of groups, as merged cells give them.
        ("Return,,Event,,,Client\n", "the headings are on line 2; 1 line above them was skipped"),
    ],
)
def test_titles_and_blank_lines_above_the_headings_are_skipped_and_counted(above: str, remark: str) -> None:
    for content in (above + HEAD + EVENTS, (above + HEAD + EVENTS).replace("\n", "\r\n")):
        for result in (staged("a.csv", content), staged_in_memory("a.csv", content)):
            assert (result.headings, result.remark, result.malformed) == (list(HEADINGS), remark, [])
            assert result.texts == [DELIVERED, SELECTED]


def test_the_line_that_tells_excel_the_delimiter_in_utf_16() -> None:
    content = ("sep=\t\n" + as_csv([HEADINGS, DELIVERED], delimiter="\t", lineterminator="\n")).encode(
        "utf-16"
    )
    assert staged("a.csv", content).texts == [DELIVERED]


def test_a_record_above_the_headings_is_no_title() -> None:
    where = 'write header_line = 3 under [[source]] "user tracking" in settings.toml.'
    assert refusal("a.csv", EVENTS + HEAD + EVENTS) == (
        "line 1 looks like a record, and the headings are below it, on line 3. Move it below them, or, if it "
        f"is no record, {where}"
    )
    assert staged("a.csv", EVENTS + HEAD + EVENTS, source=replace(LOG, header_line=3)).texts == [
        DELIVERED,
        SELECTED,
    ]


def test_a_record_of_few_columns_above_the_headings_is_no_title() -> None:
    source = replace(LOG, constants={"return_id": "2025-0001", "tab": "Client"})
    table = "Event,Date/Time,User\nUpload,03/26/2026 11:00 AM,Pat Roe\n"
    assert staged("a.csv", "Return,2025-0001\n" + table, source=source).texts[0][0] == "Upload"
    content = "Upload,03/26/2026 10:00 AM,\n" + table
    assert refusal("a.csv", content, source=source).startswith("line 1 looks like a record, and")


def test_headings_that_lack_a_column_are_not_skipped_for_those_of_another_part() -> None:
    content = "Event,Date/Time,User\nUpload,03/26/2026 11:00 AM,\n" + HEAD + EVENTS
    assert refusal("a.csv", content).startswith("lines 1 and 3 both look like headings. Load both parts")


def test_without_all_headings_the_line_with_the_most_decides_and_no_record_does() -> None:
    assert staged("a.csv", "User Tracking\nEvent,Date/Time\nUpload,x\n").headings == ["Event", "Date/Time"]
    # The tab of a record is a known heading too.
    result = staged("a.csv", "Number,Page,Status\nr1,Client,User\n")
    assert (result.headings, result.texts) == (["Number", "Page", "Status"], [("r1", "Client", "User")])
    assert refusal("a.csv", "Nummer;Reiter\nr1;Client\n").startswith("no heading is known")


def test_a_title_of_a_returns_list_that_names_a_return_is_no_heading() -> None:
    result = staged("a.csv", "Return,2025-0501\nReturn ID,Client Name\nr1,Ann Lee\n", source=REGISTER)
    assert (result.headings, result.texts) == (["Return ID", "Client Name"], [("r1", "Ann Lee")])
    assert staged("a.csv", "Return ID\nr1\n", source=REGISTER).texts == [("r1",)]


def test_columns_that_come_from_names_need_no_heading() -> None:
    source = replace(LOG, names=Names(file=("{return_id} {tab}",)))
    content = "User Tracking,,\nEvent,Date/Time,User\nUpload,03/26/2026 11:00 AM,Pat\n"
    result = staged("a.csv", content, source=source)
    assert result.headings == ["Event", "Date/Time", "User"]
    assert result.texts == [("Upload", "03/26/2026 11:00 AM", "Pat")]


def test_header_line_forces_the_line() -> None:
    forced = replace(LOG, header_line=2)
    assert staged("a.csv", "Return ID,Event\nEvent,Date/Time\na,b\n", source=forced).texts == [("a", "b")]
    correct = 'Correct header_line of [[source]] "user tracking" in settings.toml'
    assert refusal("a.csv", HEAD, source=forced) == f"the file has fewer than 2 lines. {correct}."
    assert refusal("a.csv", HEAD + "a,b\n", source=forced) == (
        f"line 2 has no known heading. {correct}, or name yours."
    )


def test_repeated_headings_are_quarantined() -> None:
    for again in (HEAD, "\ufeff" + HEAD):
        content = HEAD + EVENTS + again + EVENTS
        for result in (staged("a.csv", content), staged_in_memory("a.csv", content)):
            assert result.malformed == [(3, "repeated_headings", again.strip("\n"))]
            assert [row[0] for row in result.rows] == [1, 2, 4, 5]


def test_the_headings_again_in_another_order_are_refused() -> None:
    other = "Return ID,Tab,Status,Event,User,Date/Time\n"
    assert refusal("a.csv", HEAD + EVENTS + other + EVENTS) == (
        "line 4: the headings again, in another order. Load what is below them as a file of its own."
    )


@pytest.mark.parametrize(
    ("headings", "record", "others"),
    [
        ("Return ID,Tab,Event,Date/Time,User", "r,Client,Upload,03/26/2026 11:00 AM,Ann", "IP Address"),
        ("Return ID,Tab,Date/Time,Event,Detail", "r,Client,03/26/2026 11:00 AM,Upload,x", "Comment,Event"),
    ],
)
def test_other_headings_below_records_are_refused(headings: str, record: str, others: str) -> None:
    kept = ",".join(headings.split(",")[: -len(others.split(","))])
    content = f"{headings}\n{record}\n\n{kept},{others}\n{record}\n"
    assert refusal("a.csv", content) == (
        "line 4: the headings again, with others. Load what is below them as a file of its own."
    )


def test_other_headings_below_returns_are_refused() -> None:
    content = "Return ID,Client,Form\nr1,Ann Lee,1040\nRETURN NO,Partner,Office\nr1,Pat,East\n"
    assert refusal("a.csv", content, source=REGISTER).startswith("line 3: the headings again, with others.")


def test_repeated_headings_in_capitals_are_quarantined() -> None:
    content = HEAD + EVENTS + HEAD.upper() + EVENTS
    assert staged("a.csv", content).malformed == [(3, "repeated_headings", HEAD.upper().strip())]


def test_returns_above_other_headings_are_no_titles() -> None:
    content = "Return ID\n2025-0001\n2025-0002\n\nReturn ID,Client\nr3,Lee\n"
    assert refusal("a.csv", content, source=REGISTER).startswith("lines 1 and 5 both look like headings.")


def test_a_line_of_totals_is_quarantined() -> None:
    result = staged("a.csv", HEAD + EVENTS + "\nTotal events,3\n")
    assert result.malformed == [(3, "wrong_field_count", "Total events,3")]
    assert result.texts == [DELIVERED, SELECTED]


def test_a_delimiter_at_the_end_of_every_record_is_no_field() -> None:
    remark = "each record has 1 empty field after the last heading"
    content = HEAD + EVENTS.replace("\n", ",\n") + "Total,2\n"
    for result in (staged("a.csv", content), staged_in_memory("a.csv", content)):
        assert (result.texts, result.remark) == ([DELIVERED, SELECTED], remark)
        assert result.malformed == [(3, "wrong_field_count", "Total,2")]


def test_an_empty_field_too_much_in_some_records_may_come_from_a_delimiter_in_a_text() -> None:
    longer = EVENTS.replace("\n", ",\n")
    assert [row[1] for row in staged("a.csv", HEAD + EVENTS + longer).malformed] == ["wrong_field_count"] * 2
    # The name of the document has a comma, and nobody is named after the time.
    result = staged(
        "a.csv", "Return ID,Date/Time,Event,Status,User\nr1,03/26/2026 11:00 AM,W-2, 1099.pdf,,\n"
    )
    assert [row[1] for row in result.malformed] == ["wrong_field_count"]


def test_cells_below_a_merged_cell_have_its_value_where_the_settings_say_so() -> None:
    content = "Return ID,Tab,Event\nr1,Client,a\n,,b\n ,Internal,c\nx,y,z,1\n,,d\nr2,Client,e\n,,f\n"
    merged = replace(LOG, fill_down=("return_no", "Tab"))
    filled = [
        ("r1", "Client", "a"),
        ("r1", "Client", "b"),
        ("r1", "Internal", "c"),
        # The record above it cannot be split, and may have named another return.
        (None, None, "d"),
        ("r2", "Client", "e"),
        ("r2", "Client", "f"),
    ]
    assert staged("a.csv", content, source=merged).texts == filled
    assert staged_in_memory("a.csv", content, source=merged).texts == filled
    assert staged("a.csv", content).texts[1] == (None, None, "b")


TITLES = ["User Tracking", "Return,2025-0501", "Firm: Example CPA", '"Period: 03/01/2026, 03/31/2026"']
TITLES += ["", ",,,,,", "Status,Open", "Client:,Ann Lee", "sep=,"]
WORD = st.text("abc ,\"'é", max_size=5)


@settings(**OPTIONS)
@given(
    titles=st.lists(st.sampled_from(TITLES), max_size=48),
    words=st.lists(st.tuples(WORD, WORD), min_size=1, max_size=6),
    again=st.lists(st.integers(1, 6), max_size=2, unique=True),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_titles_and_repeated_headings(
    titles: list[str], words: list[tuple[str, str]], again: list[int], line_end: str
) -> None:
    records: list[Row] = [
        (f"r{number}", "Client", label, status, "03/26/2026 11:15 AM", "Pat")
        for number, (label, status) in enumerate(words)
    ]
    for place in again:
        records.insert(place, HEADINGS)
    table = as_csv([HEADINGS, *records], lineterminator=line_end)
    content = "".join(title + line_end for title in titles) + table
    expected = [(number, *row) for number, row in enumerate(records, start=1) if row != HEADINGS]
    for result in (staged("a.csv", content), staged_in_memory("a.csv", content)):
        assert result.rows == [tuple(value or None for value in row) for row in expected]
        assert [reason for _, reason, _ in result.malformed] == ["repeated_headings"] * len(again)
        assert (result.remark is None) == (not any(titles))
