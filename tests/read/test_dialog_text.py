"""A text that was copied from the dialog without headings: read if it has one meaning, else refused."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.common.problem import Problem
from etl.config.source import Source
from etl.store.columns import map_columns
from support.dialogs import Event, begins_label, below_labels, clock, day, events, long_day
from support.staged_files import LOG, Result, Row, refusal, staged, staged_in_memory

OPTIONS = {"deadline": None, "max_examples": 60}
ONE_RETURN = replace(LOG, constants={"return_id": "2025-0001", "tab": "Client"})
SAID = replace(ONE_RETURN, layout="dialog")
HEADINGS = ["label", "status", "event_time", "actor"]
LINK = ("Access Link selected", None, "3/26/2026 7:20 PM", "Ann Lee")
ACCESS = ("Taxpayer: Tax Return Accessed", None, "3/26/2026 7:21 PM", "Ann Lee")


def read(content: str, source: Source = ONE_RETURN) -> Result:
    """The records, which are the same by both ways to read a file."""
    result, other = staged("a.txt", content, source=source), staged_in_memory("a.txt", content, source=source)
    assert (result.rows, result.malformed, result.remark) == (other.rows, other.malformed, other.remark)
    assert result.headings[:4] == HEADINGS
    return result


@pytest.mark.parametrize(
    ("form", "above"),
    [
        ("{label}\t{day} {clock}\t{user}\n", ""),
        ("{label}   {day} {clock}  {user}\n", ""),
        ("{label} {day} {clock} {user}\n", ""),
        ("{label}\t{day}\t{clock}\t{user}\n", ""),
        ("{label}\n{day} {clock}\n{user}\n", ""),
        ("{label}\n{day}\n{clock}\n{user}\n", ""),
        ("{label}\n{clock}\n{user}\n", "Thursday 3/26/2026\n"),
        ("{label}  {clock}  {user}\n", "Thursday 3/26/2026\n"),
    ],
)
def test_events_in_any_form(form: str, above: str) -> None:
    links = [
        form.format(label=label, day=time.split(" ", 1)[0], clock=time.split(" ", 1)[1], user=user)
        for label, _, time, user in (LINK, ACCESS)
    ]
    content = above + "".join(links)
    # The weekday of a day in numbers is compared later.
    weekday = "Thu " if above else ""
    expected = [(label, status, weekday + time, user) for label, status, time, user in (LINK, ACCESS)]
    variants = (content, "\ufeff" + content.replace("\n", "\r\n"), content.replace("\n", "\n\n"))
    # Browsers write a narrow blank between a clock and PM.
    for text in (*variants, content.replace(" PM", "\u202fPM")):
        assert read(text).texts == expected


def test_the_text_of_printed_pages() -> None:
    result = read(
        "3/30/26, 1:42 PM   SafeSend Returns\n"
        "User Tracking\n"
        "Return ID: 2025-0007\n"
        "Client Tracking\n"
        "Event   Date/Time   User\n"
        "Taxpayer: Initial Email\n"
        "    Processed   3/26/2026 11:15 AM\n"
        "https://www.example.com/tracking?id=7 1/2\n"
        "3/30/26, 1:42 PM   SafeSend Returns\n"
        "Page 2 of 2\n"
        "Event Date/Time User\n"
        "    Open        3/26/2026 12:02 PM\n"
        "Access Link selected   3/26/2026 7:20 PM   Ann Lee\n"
        "Internal Tracking\n"
        "Upload   3/26/2026 7:20 PM   Pat Roe\n",
        LOG,
    )
    assert result.headings == [*HEADINGS, "return_id", "tab"]
    assert result.texts == [
        ("Taxpayer: Initial Email", "Processed", "3/26/2026 11:15 AM", None, "2025-0007", "Client"),
        ("Taxpayer: Initial Email", "Open", "3/26/2026 12:02 PM", None, "2025-0007", "Client"),
        (*LINK, "2025-0007", "Client"),
        ("Upload", None, "3/26/2026 7:20 PM", "Pat Roe", "2025-0007", "Internal"),
    ]
    assert result.remark == (
        "it was copied from the dialog; 1 row only names the event or the day of the rows below; "
        "10 lines are headings or marks of a page"
    )


def test_two_captions_in_a_row_name_no_tab() -> None:
    content = "Client Tracking\nInternal Tracking\nAccess Link selected\t3/26/2026 7:20 PM\tAnn Lee\n"
    assert read(content, replace(LOG, constants={"return_id": "r"})).texts == [(*LINK, None)]


@pytest.mark.parametrize(
    "stamp",
    [
        "Exported 3/30/2026 9:00 AM by Ann Lee",
        "Printed on 3/30/2026 9:00 AM by Ann",
        "Report date\t3/30/2026 9:00 AM",
        "Report generated: 3/30/2026, 9:00 AM",
        "Report generated\t3/30/2026 9:00 AM EST\tby Ann Lee",
        "Created on 3/30/2026 at 9:00 AM (Eastern Time)  Page 1 of 2",
        "Report date: 03/31/2026 | Page 1 of 3",
        "As of March 30, 2026 9:00 AM",
        "Generated on: Monday, 3/30/2026",
    ],
)
def test_the_time_of_printing_is_no_event(stamp: str) -> None:
    result = read(f"Access Link selected\t3/26/2026 7:20 PM\tAnn Lee\n{stamp}\n")
    assert (result.texts, result.malformed) == ([LINK], [])
    assert result.remark == "it was copied from the dialog; 1 line is headings or marks of a page"


@pytest.mark.parametrize(
    "label",
    [
        *("Last updated", "Report generated", "Report exported", "As of date", "Printed on", "Run on"),
        *("Printed", "Exported", "Printed on 03/27/2026 and mailed", "Report date 03/31/2026 changed"),
    ],
)
def test_what_somebody_did_is_an_event(label: str) -> None:
    """As in a table: what says when a report was made has no user."""
    known = [LINK, (label, None, "3/27/2026 9:05 AM", "Al Bo"), ACCESS]
    for between in ("\t", "   ", "\n"):
        content = "".join(between.join(filter(None, event)) + "\n" for event in known)
        assert (read(content).texts, read(content).malformed) == (known, [])


def test_what_has_a_status_is_an_event() -> None:
    printed = ("Printed", "Processed", "3/27/2026 9:05 AM", None)
    for between in ("\t", "\n"):
        lines = [between.join(filter(None, event)) for event in (LINK, printed)]
        assert read("\n".join(lines) + "\n").texts == [LINK, printed]


def test_a_label_that_looks_like_the_id_of_a_return() -> None:
    content = (
        "Tax Return: Recalled  3/26/2026 7:20 PM  Pat Roe\nTax Return\n  Reprocessed  3/26/2026 7:21 PM\n"
    )
    assert read(content, SAID).texts == [
        ("Tax Return: Recalled", None, "3/26/2026 7:20 PM", "Pat Roe"),
        ("Tax Return", "Reprocessed", "3/26/2026 7:21 PM", None),
    ]


@pytest.mark.parametrize(
    "content",
    [
        # Either text may be the user.
        "Ann Lee\tAccess Link selected\t3/26/2026 7:20 PM\n",
        "3/26/2026 7:20 PM\tAccess Link selected\tAnn Lee\n",
        "Access Link selected Ann Lee 3/26/2026 7:20 PM\n",
        # A user before an act, which is the label.
        "Ann Lee\tRecalled\t3/26/2026 2:00 PM\nAnn Lee\tReprocessed\t3/26/2026 3:00 PM\n",
        "3/26/2026 2:00 PM\tAnn Lee\tRecalled\n",
        # An address of a computer is no user.
        "Access Link selected\t3/26/2026 2:00 PM\t10.0.0.1\n",
        "Access Link selected\t3/26/2026 2:00 PM\t2001:db8::7\n",
        "Access Link selected\n3/26/2026 2:00 PM\n10.0.0.1\nUpload\n3/26/2026 3:00 PM\n10.0.0.1\n",
        "Access Link selected\t3/26/2026 7:20 PM\tAnn Lee\tJoe Lee\n",
        # Two times.
        "Access Link selected\t3/26/2026 7:20 PM\t3/26/2026 7:21 PM\n",
        # A label of two lines.
        "Taxpayer: Taxpayer Esigned - Other Signature\nother Documents\t3/26/2026 7:20 PM\tAnn Lee\n",
        "Taxpayer: Taxpayer Esigned - Other Signature\t3/26/2026 7:20 PM\tAnn Lee\nDocuments\n",
        # The first is a time, or a title; the last has no time, or is the user of an event.
        "3/26/2026 7:20 PM\nAccess Link selected\nAnn Lee\n3/26/2026 7:21 PM\nUpload\nAnn Lee\n",
        "Tracking of Ann\nAccess Link selected\n3/26/2026 7:20 PM\n",
        "Access Link selected\n3/26/2026 7:20 PM\nUpload\n3/26/2026 7:21 PM\nDownload PDF\n",
        "Access Link selected\n3/26/2026 7:20 PM\nAnn Lee\nUpload\n3/26/2026 7:21 PM\nAnn Lee\nRecall\n",
        # An unknown status below its label, or a user and a label.
        "Upload\n3/26/2026 7:20 PM\nTaxpayer: Initial Email\nDeferred\n3/26/2026 7:21 PM\n",
        # A user, or a label.
        "Tax Return\nRecalled\n3/26/2026 7:20 PM\nPat Roe\nReprocessed\n3/26/2026 7:21 PM\n",
        "2025-0001\tClient\tAccess Link selected\t\t3/26/2026 7:20 PM\tAnn Lee\n",
        "2025-0001,Client,Access Link selected,,3/26/2026 7:20 PM,Ann Lee\n",
        "No event\n",
        # An event of the return, or the time of the copy.
        "Upload\t3/26/2026 7:20 PM\tPat\nExported\t3/30/2026 9:00 AM\tby ann lee\n",
        "Upload\t3/26/2026 7:20 PM\tPat\nFrom\t3/30/2026 9:00 AM\n",
        "Upload 3/26/2026 7:20 PM Pat Roe\nPrinted on 3/30/2026 9:00 AM from SafeSend Returns\n",
        "Upload\t3/26/2026 7:20 PM\tPat\nPrinted\t3/30/2026 9:00 AM\n",
        "Upload\n3/26/2026 7:20 PM\nPat Roe\nExported\n3/30/2026 9:00 AM\n",
        "Upload\n3/26/2026 7:20 PM\nExported\nDownload\n3/30/2026 9:00 AM\nAnn Lee\n",
        "Upload\n3/26/2026 7:20 PM\nPat Roe\nDownload\n3/30/2026 9:00 AM\nReport generated\n",
        # One user behind a time does not show where the other label ends.
        "Access Link selected Ann Lee 3/26/2026 7:20 PM\nSigned 3/27/2026 7:20 PM Bo Lee\n",
        # Above a page is its title, the same on all pages, and no label or user.
        "Upload\t3/26/26, 7:20 PM\tPat\n3/26/26, 7:21 PM   Recalled return\n",
        "3/26/26, 7:21 PM   Recalled return\nUpload\t3/26/26, 7:20 PM\tPat\n",
        "Upload\n3/26/26, 7:20 PM\nDownload\n3/26/26, 7:21 PM Al Bo\nUpload\n3/26/26, 7:22 PM\n",
        # An id, or a label.
        "Upload\t3/26/2026 7:20 PM\nTax Return: 1040\nReprocessed\t3/26/2026 7:21 PM\n",
    ],
)
def test_what_may_be_read_in_two_ways_is_refused(content: str) -> None:
    with pytest.raises(Problem):
        map_columns(staged("a.txt", content, source=LOG).headings, LOG)
    with pytest.raises(Problem):
        map_columns(staged("a.txt", content, source=ONE_RETURN).headings, ONE_RETURN)


def test_unclear_lines_are_quarantined_where_the_settings_say_that_it_is_a_dialog() -> None:
    result = read(
        "Tracking of Ann\n"
        "\n"
        "Taxpayer: Initial Email\n"
        "  Processed\t3/26/2026 11:15 AM\n"
        "  Deferred\t3/26/2026 11:16 AM\n"
        "Access Link selected\t3/26/2026 7:20 PM\tAnn Lee\n"
        "Taxpayer: Taxpayer Esigned - Other Signature\n"
        "Documents\t3/26/2026 7:20 PM\tAnn Lee\n"
        "Open\t3/26/2026 7:20 PM\n"
        "Ann Lee\tUpload\t3/26/2026 7:20 PM\n",
        SAID,
    )
    assert result.rows == [
        (2, "Taxpayer: Initial Email", "Processed", "3/26/2026 11:15 AM", None),
        (3, "Taxpayer: Initial Email", "Deferred", "3/26/2026 11:16 AM", None),
        # Without a label it is quarantined.
        (7, None, "Open", "3/26/2026 7:20 PM", None),
    ]
    assert result.malformed == [
        (1, "unclear_line", "Tracking of Ann"),
        (4, "unclear_line", "Access Link selected\t3/26/2026 7:20 PM\tAnn Lee"),
        (5, "unclear_line", "Taxpayer: Taxpayer Esigned - Other Signature"),
        (6, "unclear_line", "Documents\t3/26/2026 7:20 PM\tAnn Lee"),
        (8, "unclear_line", "Ann Lee\tUpload\t3/26/2026 7:20 PM"),
    ]
    stacked = "3/26/2026 7:20 PM\nUpload\n3/26/2026 7:21 PM\nAnn Lee\nUpload\nDownload\n"
    assert refusal("a.txt", stacked, source=SAID) == (
        "line 4 may be read in several ways. Copy it as a table, or write a line of headings above it."
    )


@pytest.mark.parametrize("day", ["Today", "Yesterday", "Monday:"])
def test_a_day_without_a_date_is_named_and_what_to_do(day: str) -> None:
    says = (
        "is a day without a date, so the times below it cannot be read. "
        "Write the date in its place, such as 3/26/2026."
    )
    lines = ["Upload\t9:00 AM\tAnn", day, "Upload\t9:00 AM\tAnn", ""]
    assert refusal("a.txt", "\n".join(["3/26/2026", *lines]), source=ONE_RETURN) == f"line 3 {says}"
    # In a table the day is the third record: the first has a date.
    table = ["Event\tDate/Time\tUser", "Upload\t3/26/2026 9:00 AM\tAnn", "Upload\t3/26/2026 9:01 AM\tAnn"]
    lines = [*table, f"{day}\t\t", "Upload\t3/26/2026 9:00 AM\tAnn", ""]
    assert refusal("a.txt", "\n".join(lines), source=ONE_RETURN) == f"record 3 {says}"


def test_an_unclear_copy_says_what_helps() -> None:
    """It has no headings that somebody may name in the settings."""
    says = "may be read in several ways. Copy it as a table, or write a line of headings above it."
    link = "\t".join(filter(None, LINK))
    for no, content in (
        (2, f"{link}\nAnn Lee\tUpload\t3/26/2026 7:20 PM\n"),
        (1, f"Tracking of Ann\n\n{link}\n"),
        (3, "Upload\n3/26/2026 7:20 PM\nAnn Lee\t7\nUpload\n3/26/2026 7:21 PM\n"),
    ):
        assert refusal("a.txt", content, source=ONE_RETURN) == f"line {no} {says}"
    # A table without headings needs them, and those of another language are shown.
    table = "2025-0001\tInternal\tUpload\t\t3/26/2026 7:20 PM\tAnn Lee\n"
    assert "Its first line looks like a record" in refusal("a.txt", table)
    own = "Ereignis\tZeit\tWer\nUpload\t3/26/2026 7:20 PM\tAnn Lee\n"
    assert "Headings found: Ereignis, Zeit, Wer." in refusal("a.txt", own, source=ONE_RETURN)


def test_a_user_between_single_blanks_is_never_a_part_of_a_label() -> None:
    lines = ["Signed Ann Lee 3/26/2026 2:00 PM", "Bo Kim Deliver to Client 3/26/2026 3:00 PM"]
    result = read("\n".join([*lines, "Signed 3/26/2026 4:00 PM Ann Lee"]) + "\n", SAID)
    assert result.texts == [("Signed", None, "3/26/2026 4:00 PM", "Ann Lee")]
    assert result.malformed == [(no, "unclear_line", line) for no, line in enumerate(lines, start=1)]


def test_a_label_that_is_known_with_certainty_needs_no_user_behind_the_time() -> None:
    """In the text of a printed page, single blanks are between all."""
    result = read(
        "Access Link selected 3/26/2026 9:00 AM\n"
        "Taxpayer: Tax Return  Accessed 3/26/2026 9:01 AM\n"
        "document KBA success 3/26/2026 9:02 AM\n"
        "Access Link selected Ann 3/26/2026 9:03 AM\n"
        "Printed 3/26/2026 9:04 AM\n"
        "Documents shared 3/26/2026 9:05 AM\n"
        "Recalled return 3/26/2026 9:06 AM Pat Roe\n",
        SAID,
    )
    assert [(row[0], row[1], row[3], row[4]) for row in result.rows] == [
        (1, "Access Link selected", "3/26/2026 9:00 AM", None),
        (3, "document KBA success", "3/26/2026 9:02 AM", None),
        (7, "Recalled return", "3/26/2026 9:06 AM", "Pat Roe"),
    ]
    assert [row[0] for row in result.malformed] == [2, 4, 5, 6]
    lines = [
        "Access Link selected 3/26/2026 9:00 AM",
        "Upload 3/26/2026 9:01 AM",
        "Upload 3/26/2026 9:02 AM",
        "",
    ]
    assert read("\n".join(lines)).texts[0] == ("Access Link selected", None, "3/26/2026 9:00 AM", None)


def test_an_act_behind_a_label_is_its_status() -> None:
    content = "Tax Return\tRecalled\t3/26/2026 2:00 PM\nSigned\tReprocessed\t3/26/2026 3:00 PM\tAnn Lee\n"
    assert read(content).texts == [
        ("Tax Return", "Recalled", "3/26/2026 2:00 PM", None),
        ("Signed", "Reprocessed", "3/26/2026 3:00 PM", "Ann Lee"),
    ]


def expected(known: list[Event]) -> list[Row]:
    return [
        (label, status or None, f"{day(time)} {clock(time)}", user or None)
        for label, status, time, user in known
    ]


def line_of(cells: tuple[str, ...], between: str) -> str:
    """A line as it is copied: without the empty cells at its end."""
    return between.join(cells).rstrip()


MARKS = st.sampled_from(["Page 1 of 2", "", "Event   Date/Time   User", "- 3 -"])


@settings(**OPTIONS)
@given(
    known=events(),
    between=st.sampled_from(["\t", "   ", " "]),
    indent=st.sampled_from(["", "    "]),
    marks=st.lists(st.tuples(st.integers(0, 20), MARKS)),
)
def test_any_events_on_lines(
    known: list[Event], between: str, indent: str, marks: list[tuple[int, str]]
) -> None:
    lines = [line_of(cells, between) for cells in below_labels(known, indent)]
    for place, mark in marks:
        lines.insert(place, mark)
    # Where single blanks are between all, only a user behind a time shows where an unknown label ends.
    clear = [between != " " or user or status or "W-2" not in label for label, status, _, user in known]
    result = read("\n".join(lines) + "\n", ONE_RETURN if between != " " else SAID)
    right = [event for event, is_clear in zip(expected(known), clear, strict=True) if is_clear]
    assert result.texts == right and bool(result.malformed) != all(clear)


@settings(**OPTIONS)
@given(known=events(), are_labels_repeated=st.booleans(), has_days=st.booleans())
def test_any_stacked_events_are_read_or_refused(
    known: list[Event], are_labels_repeated: bool, has_days: bool
) -> None:
    lines: list[str] = []
    last = ""
    for place, (label, status, time, user) in enumerate(known):
        if has_days and (own := long_day(time)) != last:
            lines.append(own)
            last = own
        is_named = are_labels_repeated or begins_label(known, place)
        lines += [label] * is_named + [status] * bool(status)
        lines += [clock(time) if has_days else f"{day(time)} {clock(time)}", *filter(None, [user])]
    texts = [
        (label, status, f"{known[place][2]:%Y-%m-%d %H:%M}" if has_days else time, user)
        for place, (label, status, time, user) in enumerate(expected(known))
    ]
    try:
        result = read("\n".join(lines) + "\n")
    except Problem:
        # It is refused only because of users: the last has one, and others have none.
        assert any(user for *_, user in known)
    else:
        for own, right in zip(result.texts, texts, strict=True):
            # A label below a day may be the same as above it; without a label a status is quarantined.
            assert own == right or (own == (None, *right[1:]) and has_days and not are_labels_repeated)
