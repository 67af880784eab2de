"""A table that was copied from the dialog: statuses below their label, clocks below their day."""

import re
from dataclasses import replace

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.common.paths import QUERIES
from etl.config.source import Source
from etl.read.dialog import STATUSES, Above
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


LOG_HEAD = "Return ID,Tab,Event,Date/Time,User\n"


@pytest.mark.parametrize(
    "between",
    [
        *("27 March", "Yesterday", "March 27", "3/28", "Feb 30 2026", "26.3.2026", "03-27-2026", "Mar 28"),
        "Access Link selected",
    ],
)
def test_clocks_below_a_day_that_is_not_understood_have_no_day(between: str) -> None:
    rows = f"R1,Client,3/26/2026,,\nR1,Client,Upload,2:00 PM,Ann\nR1,Client,{between},,\n"
    for below in ("Upload", "Processed"):
        times = shown(read(LOG_HEAD + rows + f"R1,Client,{below},2:00 PM,Ann\n", LOG), "Date/Time")
        claimed = (between, below) == ("Access Link selected", "Processed")
        assert times == [("3/26/2026 2:00 PM",), *([] if claimed else [(None,)]), times[-1]]
        assert times[-1] == (("3/26/2026 2:00 PM",) if claimed else ("2:00 PM",))


@pytest.mark.parametrize("between", ["R2,Client,Upload,1:00 PM,", "R1,Client,Upload,3/27/2026 1:00 PM,"])
def test_a_day_ends_with_its_return_and_with_a_full_time(between: str) -> None:
    content = f"{LOG_HEAD}R1,Client,3/26/2026,,\n{between}\nR1,Client,Upload,2:00 PM,\n"
    assert shown(read(content, LOG), "Date/Time")[-1] == ("2:00 PM",)


def test_a_row_with_more_than_a_label_is_an_event_without_a_time() -> None:
    for event in ("Note added,,Ann,Client asked to wait", "Due date changed,,,Now June"):
        content = f"Event,Date/Time,User,Detail\n{event}\nOpened,3/26/2026 2:00 PM,Bo,\n"
        label, _, user, detail = event.split(",")
        assert read(content).texts == [
            (label, None, user or None, detail),
            ("Opened", "3/26/2026 2:00 PM", "Bo", None),
        ]


def test_the_words_for_a_status_are_those_of_the_labels() -> None:
    labels = (QUERIES / "model" / "labels" / "labels.sql").read_text(encoding="utf-8")
    [words] = re.findall(r"\((processed\|[a-z|]+)\)", labels)
    assert tuple(words.split("|")) == STATUSES


def test_an_opened_link_is_no_email() -> None:
    content = (
        "Event,Date/Time\nAccess Link opened,3/26/2026 2:00 PM\nDelivered,3/26/2026 2:01 PM\n"
        "Taxpayer: Initial Email - Opened,3/26/2026 2:02 PM\nDelivered,3/26/2026 2:03 PM\n"
    )
    assert shown(read(content), "Event", "status") == [
        ("Access Link opened", None),
        ("Delivered", None),
        ("Taxpayer: Initial Email - Opened", None),
        ("Taxpayer: Initial Email", "Delivered"),
    ]


@pytest.mark.parametrize("label", ["Recalled", "Reprocessed", "Delivered"])
def test_a_label_in_a_log_with_statuses_is_no_status_of_the_email_above(label: str) -> None:
    content = (
        "Event,Status,Date/Time,User\nTaxpayer: Initial Email,Delivered,3/26/2026 2:00 PM,\n"
        f"{label},,3/26/2026 2:01 PM,Ann\n"
    )
    assert read(content).texts[1] == (label, None, "3/26/2026 2:01 PM", "Ann")


def test_an_act_of_a_person_is_no_status_of_the_email_above() -> None:
    content = "Event,Date/Time\nInitial Email - Delivered,3/26/2026 2:00 PM\nRecalled,3/26/2026 2:01 PM\n"
    assert shown(read(content), "Event", "status")[1] == ("Recalled", None)


@pytest.mark.parametrize("above", ["", ",Opened,3/25/2026 2:06 PM\n"])
def test_statuses_above_their_label_get_no_label(above: str) -> None:
    content = (
        f"Event,Status,Date/Time\n{above}"
        "Spouse: Initial Email,Processed,3/26/2026 2:00 PM\n"
        ",Opened,3/25/2026 2:05 PM\n"
        ",Delivered,3/25/2026 2:01 PM\n"
        "Taxpayer: Initial Email,Processed,3/25/2026 2:00 PM\n"
    )
    labels = [label for label, *_ in read(content).texts]
    assert labels[-4:] == ["Spouse: Initial Email", None, None, "Taxpayer: Initial Email"]


def test_one_empty_id_does_not_give_ids_to_rows_that_name_no_return() -> None:
    content = (
        "Return ID,Client ID,Tab,Event,Status,Date/Time\n"
        "r1,c1,Client,Taxpayer: Initial Email,Processed,3/26/2026 2:00 PM\n"
        "r1,,Client,,Delivered,3/26/2026 2:01 PM\n"
        ",,,Upload,,3/26/2026 2:02 PM\n"
        ",,,Taxpayer: Initial Email,Processed,3/26/2026 2:03 PM\n"
    )
    assert [row[0] for row in read(content, LOG).texts] == ["r1", "r1", None, None]


def test_a_new_return_does_not_give_its_ids_to_the_rows_below() -> None:
    content = (
        "Return ID,Tab,Event,Status,Date/Time\n"
        "r1,Client,Taxpayer: Initial Email,Processed,3/26/2026 2:00 PM\n"
        ",,,Delivered,3/26/2026 2:01 PM\n"
        "r2,Client,Upload,,3/26/2026 2:02 PM\n"
        ",,Upload,,3/26/2026 2:03 PM\n"
    )
    assert [row[0] for row in read(content, LOG).texts] == ["r1", "r1", "r2", None]


def test_a_plain_log_needs_no_rows_above() -> None:
    headings = ["Event", "Status", "Date/Time", "User"]
    with duckdb.connect() as database:
        database.execute("""
            create table log as from (values
                ('Note 1040', null, null, null), ('Opened', null, '3/26/2026 2:00 PM', null),
                ('3/26/2026', null, null, 'Ann'), ('3/26/2026', null, null, null)
            ) as log (c0, c1, c2, c3)
        """)
        tests = database.execute(f"select {Above(headings, ONE_RETURN).test()} from log").fetchall()
    assert tests == [(False,), (False,), (False,), (True,)]


def test_a_day_without_clocks_below_it_is_a_record() -> None:
    content = f"{LOG_HEAD}R1,Client,,3/26/2026,\nR1,Client,Upload,3/27/2026 2:00 PM,\nR1,Client,,3/28/2026,\n"
    assert shown(read(content, LOG), "Event", "Date/Time") == [
        (None, "3/26/2026"),
        ("Upload", "3/27/2026 2:00 PM"),
        (None, "3/28/2026"),
    ]


def test_a_total_is_not_the_return_of_the_rows_below_it() -> None:
    content = "Return ID,Tab,Event,Date/Time\nr1,Client,Upload,3/26/2026 3:00 PM\nTotal,,,\n"
    content += ",Client,Recalled,3/26/2026 3:10 PM\n"
    result = read(content, replace(LOG, fill_down=("Return ID",)))
    assert [row[0] for row in result.texts] == ["r1", "Total", None]


def test_a_client_is_the_return_of_the_rows_below_it() -> None:
    content = "Return ID,Tab,Event,Date/Time\nExported Goods LLC,,,\n,Client,Upload,3/26/2026 3:10 PM\n"
    result = read(content, replace(LOG, fill_down=("Return ID",)))
    assert [row[0] for row in result.texts] == ["Exported Goods LLC"] * 2
