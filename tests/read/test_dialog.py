"""A table that was copied from the dialog: statuses below their label, clocks below their day."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.config.source import Source
from support.dialogs import Event, begins_label, below_days, below_labels, clock, day, events
from support.staged_files import LOG, Result, Row, as_csv, staged, staged_in_memory

OPTIONS = {"deadline": None, "max_examples": 80}
ONE_RETURN = replace(LOG, constants={"return_id": "2025-0001", "tab": "Client"})


def shown(result: Result, *names: str) -> list[Row]:
    """The texts of some columns, empty where the file has no such heading."""
    places = [result.headings.index(name) if name in result.headings else None for name in names]
    return [tuple(None if place is None else row[place] for place in places) for row in result.texts]


def read(content: str, source: Source = ONE_RETURN) -> Result:
    """The records, which are the same by both ways to read a file."""
    result, other = staged("a.csv", content, source=source), staged_in_memory("a.csv", content, source=source)
    assert (result.rows, result.malformed) == (
        [(*row, *[None] * (len(result.headings) - len(row) + 1)) for row in other.rows],
        other.malformed,
    )
    assert (result.headings, result.remark) == (other.headings, other.remark)
    return result


@pytest.mark.parametrize("indent", ["    ", "\t", "\u00a0\u00a0", ""])
def test_statuses_below_a_label_that_has_a_row_of_its_own(indent: str) -> None:
    result = read(
        "Event,Date/Time,User\n"
        "Taxpayer: Initial Email,,\n"
        f"{indent}Processed,3/26/2026 11:15 AM,\n"
        f"{indent}Open,3/26/2026 12:02 PM,\n"
        "Access Link selected,3/26/2026 7:20 PM,Ann Lee\n"
    )
    assert result.remark == "1 row only names the event or the day of the rows below"
    assert shown(result, "Event", "status", "Date/Time", "User") == [
        ("Taxpayer: Initial Email", "Processed", "3/26/2026 11:15 AM", None),
        ("Taxpayer: Initial Email", "Open", "3/26/2026 12:02 PM", None),
        ("Access Link selected", None, "3/26/2026 7:20 PM", "Ann Lee"),
    ]


def test_label_and_return_only_in_the_first_row() -> None:
    result = read(
        "Return ID,Tab,Event,Status,Date/Time,User\n"
        "2025-0001,Client,Taxpayer: Initial Email,Processed,3/26/2026 11:15 AM,\n"
        ",,,Delivered,3/26/2026 11:15 AM,\n"
        ",,Access Link selected,,3/26/2026 7:20 PM,Ann Lee\n"
        "2025-0002,Client,Upload,,3/26/2026 7:21 PM,\n"
        ",,,Open,3/26/2026 7:21 PM,\n",
        LOG,
    )
    assert result.texts == [
        ("2025-0001", "Client", "Taxpayer: Initial Email", "Processed", "3/26/2026 11:15 AM", None),
        ("2025-0001", "Client", "Taxpayer: Initial Email", "Delivered", "3/26/2026 11:15 AM", None),
        ("2025-0001", "Client", "Access Link selected", None, "3/26/2026 7:20 PM", "Ann Lee"),
        ("2025-0002", "Client", "Upload", None, "3/26/2026 7:21 PM", None),
        # An upload has no status, so this one has no certain label, and is quarantined.
        (None, None, None, "Open", "3/26/2026 7:21 PM", None),
    ]


@pytest.mark.parametrize(
    "between",
    [
        "",
        "r2,Client,Upload,3/26/2026 11:15 AM,\n",
        "r1,Internal,Upload,3/26/2026 11:15 AM,\n",
        "Total,3\n",
        ",,,,\n",
    ],
)
def test_no_status_gets_the_label_of_another_return_or_tab_or_from_above_a_gap(between: str) -> None:
    result = read(
        "Return ID,Tab,Event,Date/Time,User\n"
        "r1,Client,Taxpayer: Initial Email,,\n"
        "r1,Client,    Processed,3/26/2026 11:15 AM,\n"
        f"{between}"
        "r2,Client,    Open,3/26/2026 11:16 AM,\n",
        LOG,
    )
    assert ("r2", "Taxpayer: Initial Email") not in shown(result, "Return ID", "Event")


def test_a_label_row_without_statuses_is_a_record_without_a_time() -> None:
    content = "Event,Date/Time\nAccess Link selected,\nUpload,3/26/2026 11:15 AM\nDownload PDF,\n"
    result = staged("a.csv", content, source=ONE_RETURN)
    assert result.texts == [
        ("Access Link selected", None),
        ("Upload", "3/26/2026 11:15 AM"),
        ("Download PDF", None),
    ]


def test_the_layout_of_a_table_takes_nothing_from_above() -> None:
    content = "Event,Date/Time\nTaxpayer: Initial Email,\n Processed,3/26/2026 11:15 AM\n"
    result = staged("a.csv", content, source=replace(ONE_RETURN, layout="table"))
    assert result.texts == [("Taxpayer: Initial Email", None), (" Processed", "3/26/2026 11:15 AM")]


def test_clocks_below_days() -> None:
    result = read(
        "Event,Date/Time\n"
        '"Thursday, March 26, 2026",\n'
        "Upload,11:15 AM\n"
        ",3/27/2026\n"
        "Download PDF,1:05 PM\n"
        "Upload,3/28/2026 11:15 AM\n"
    )
    assert result.remark == "2 rows only name the event or the day of the rows below"
    assert result.texts == [
        ("Upload", "2026-03-26 11:15"),
        ("Download PDF", "3/27/2026 1:05 PM"),
        ("Upload", "3/28/2026 11:15 AM"),
    ]


def expected(known: list[Event]) -> list[Row]:
    return [
        (label, status or None, f"{day(time)} {clock(time)}", user or None)
        for label, status, time, user in known
    ]


@settings(**OPTIONS)
@given(known=events(), indent=st.sampled_from(["", "  ", "\t"]), has_ids=st.booleans())
def test_any_statuses_below_their_labels(known: list[Event], indent: str, has_ids: bool) -> None:
    ids, head = (("2025-0001", "Client"), ("Return ID", "Tab")) if has_ids else ((), ())
    table = [(*head, "Event", "Date/Time", "User"), *((*ids, *row) for row in below_labels(known, indent))]
    result = read(as_csv(table, lineterminator="\n"), LOG if has_ids else ONE_RETURN)
    assert shown(result, "Event", "status", "Date/Time", "User") == expected(known)
    assert result.malformed == []


@settings(**OPTIONS)
@given(known=events(), are_ids_repeated=st.booleans())
def test_any_labels_only_in_their_first_row(known: list[Event], are_ids_repeated: bool) -> None:
    table = [("Return ID", "Tab", "Event", "Status", "Date/Time", "User")]
    for place, (label, status, time, user) in enumerate(known):
        ids = ("2025-0001", "Client") if are_ids_repeated or place == 0 else ("", "")
        name = label if begins_label(known, place) else ""
        table.append((*ids, name, status, f"{day(time)} {clock(time)}", user))
    result = read(as_csv(table, lineterminator="\n"), LOG)
    with_ids = [("2025-0001", "Client", *row) for row in expected(known)]
    # Until a status below its label shows that ids are not repeated, an event without ids has none.
    for own, certain in zip(result.texts, with_ids, strict=True):
        assert own == certain or (own == (None, None, *certain[2:]) and not are_ids_repeated)


@settings(**OPTIONS)
@given(known=events(), is_long=st.booleans())
def test_any_clocks_below_their_days(known: list[Event], is_long: bool) -> None:
    named = [(f"{label} - {status}" if status else label, time, user) for label, status, time, user in known]
    table = [("Event", "Date/Time", "User"), *below_days(named, is_long)]
    assert read(as_csv(table, lineterminator="\n")).texts == [
        (label, f"{time:%Y-%m-%d %H:%M}" if is_long else f"{day(time)} {clock(time)}", user or None)
        for label, time, user in named
    ]
