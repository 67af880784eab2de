"""Ids that a spreadsheet changed: two returns never become one, and no id is lost in silence."""

import io
import json
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import xlsxwriter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.loaded_files import HEAD, SETTINGS, Firm, events, quarantined

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NO_GUID = "00000000-0000-0000-0000-000000000000"
FIRMS = SETTINGS.format(firm="UTC", zone="UTC").replace('firm_id = "oak"\n', "")


def log(*ids: str, headings: str = HEAD) -> str:
    rows = ('"{}",Client,Up,2026-03-04 10:00'.format(one.replace('"', '""')) for one in ids)
    return "\n".join([headings, *rows, ""])


def returns_of(folder: Path, *ids: str) -> list[str | None]:
    """The return of each record, None if it is quarantined as damaged; one more is always good."""
    part = Firm(folder).load_text(log(*ids, "good"))
    kept = dict(events(part, "row_no", "return_id"))
    assert {reason for _, reason, _ in quarantined(part)} <= {"damaged_id"}
    assert kept.pop(len(ids) + 1) == "good"
    return [kept.get(row_no) for row_no in range(1, len(ids) + 1)]


def test_rounded_numbers_dates_and_errors_are_quarantined(tmp_path: Path) -> None:
    damaged = ["2.02512E+14", "2E+14", "2,02512E+14", " 8.96529e+19", "2.02512e14", "202512034567891000"]
    damaged += [
        "Mar-25",
        "25-Mar",
        "Mar-2025",
        "1-Mar-25",
        "3/1/2025",
        "3/1/2025 0:00",
        "2025-03-01 00:00:00",
    ]
    # As workbooks and programs write dates and whole numbers.
    damaged += ["2025-03-01", "3/1/25", "12.0", "12.00", "1e3", "1E5"]
    damaged += ["#N/A", "#REF!", "########", "TRUE", "true"]
    # What programs write where they have no id.
    damaged += ["0", " 0 ", "-1", "-17", NO_GUID, f"{{{NO_GUID}}}"]
    assert returns_of(tmp_path, *damaged) == [None] * len(damaged)


def test_ids_that_look_alike_are_ids(tmp_path: Path) -> None:
    ids = [
        "2025E14",
        "20251E+1",
        "MAR-25",
        "25-MAR",
        "Mar-25-1",
        "March",
        "3/1",
        "2025-03-1",
        "12.5",
        "1.2.0",
    ]
    ids += ["000", "0-1", "-A", NO_GUID[:-1] + "1"]
    ids += ["2025-03", "#12", "True North", "2025001600000000", "202512034567891234", "E+14", "000123"]
    assert returns_of(tmp_path, *ids) == ids


def test_words_for_no_id_name_no_return(tmp_path: Path) -> None:
    """The events of all returns without an id became those of one return."""
    words = ["N/A", "n/a", " - ", "--"]
    part = Firm(tmp_path).load_text(log(*words, "N-A", "NA", "A--"))
    assert [row[:2] for row in quarantined(part)] == [(number, "empty_return_id") for number in range(1, 5)]
    assert events(part, "return_id") == [("N-A",), ("NA",), ("A--",)]


def test_marks_that_nobody_sees_make_no_other_return_or_tab(tmp_path: Path) -> None:
    ids = ["\u200b2025-1", "2025-1\u200e", "2025\u20111", "2025\u2212\u20601\u00a0", "\ufeff2025-1", "\u200b"]
    part = Firm(tmp_path).load_text(log(*ids).replace("Client,", "\u200bClient Tracking\u200e,"))
    assert events(part, "return_id", "tab") == [("2025-1", "Client")] * 5
    assert [row[:2] for row in quarantined(part)] == [(6, "empty_return_id")]


def test_totals_and_footers_of_a_returns_list_are_no_returns(tmp_path: Path) -> None:
    footers = [
        "Total",
        "TOTALS:",
        "Grand Total: 45",
        "Subtotal 12",
        "Page 1 of 2",
        "Report generated 3/26/2026",
    ]
    footers += ["Printed: Monday", "Exported by Ann"]
    returns = ["2025-0001", "Totally Wood", "Page-1", "Pages 2", "Generate"]
    lines = "".join(f"{one},Lee\n" for one in (*returns, *footers))
    part = Firm(tmp_path).load_text(f"Return ID,Client\n{lines}", "register.csv")
    assert [row[0] for row in events(part, "return_id")] == returns
    assert [row[:2] for row in quarantined(part)] == [(number, "no_return") for number in range(6, 14)]
    # In a log, a return may have any name.
    assert returns_of(tmp_path / "log", "Total", "Page 1") == ["Total", "Page 1"]


def test_a_client_with_the_word_of_a_footer_is_a_return(tmp_path: Path) -> None:
    clients = ["Total Care LLC", "Exported Goods LLC", "As of now LLC", "Run on Co 2025"]
    lines = "".join(f"{one},{one},1040,4/15/2026\n{one} 2,{one},,\n{one} 3,,1040,\n" for one in clients)
    lines += "Printed by Design LLC,,,4/15/2026\n"
    footers = ["Total Care LLC 4,,,", "Total 123,Lee,,", "Grand total: 5,,7,", "Total number of returns,45,,"]
    footers += [
        "Printed on Monday 3/30/2026 9:00 AM EST,Lee,1040,",
        "Total returns: 5,Lee,,",
        "As of May 5th,Lee,,",
    ]
    part = Firm(tmp_path).load_text(
        "Return ID,Client,Form,Due Date\n" + lines + "".join(f"{one}\n" for one in footers), "register.csv"
    )
    returns = [f"{one}{end}" for one in clients for end in ("", " 2", " 3")]
    returns.append("Printed by Design LLC")
    assert [row[0] for row in events(part, "return_id")] == returns
    assert [row[:2] for row in quarantined(part)] == [(number, "no_return") for number in range(14, 21)]


def test_the_formula_that_protects_an_id_is_taken_off(tmp_path: Path) -> None:
    """In every column of ids, and before a taxpayer number in an id becomes a hash."""
    ids = ['="000123"', ' ="000123" ', "000123", '="078-05-1120"', "078-05-1120", '="Mar-25"', '=""x""', '="']
    found = returns_of(tmp_path, *ids)
    assert (found[:3], found[5:]) == (["000123"] * 3, [None, '"x"', '="'])
    assert found[3] == found[4] and str(found[3]).startswith("id-")
    firm = Firm(tmp_path / "firm", FIRMS)
    part = firm.load_text(
        "firm_id,return_id,client_id,source_event_id,tab,label,event_time\n"
        '"=""01""","=""02""","=""03""","=""04""",Client,Up,2026-03-04 10:00\n'
    )
    assert events(part, "firm_id", "return_id", "client_id", "source_event_id") == [("01", "02", "03", "04")]


def test_a_damaged_firm_is_quarantined_and_a_damaged_client_is_only_kept_as_text(tmp_path: Path) -> None:
    firm = Firm(tmp_path, FIRMS)
    part = firm.load_text(
        "firm_id,return_id,Client ID,tab,label,event_time\n"
        "2.02512E+14,r1,c1,Client,Up,2026-03-04 10:00\n"
        "oak,r1,2.02512E+14,Client,Up,2026-03-04 10:00\n"
        "oak,r2,Mar-25,Client,Up,2026-03-04 10:00\n"
        "oak,r3,c3,Client,Up,2026-03-04 10:00\n"
        "oak,r4,0,Client,Up,2026-03-04 10:00\n"
        "0,r5,c3,Client,Up,2026-03-04 10:00\n"
    )
    assert [row[:2] for row in quarantined(part)] == [(1, "damaged_id"), (6, "damaged_id")]
    rows = events(part, "return_id", "client_id", "extra")
    assert [(*row[:2], json.loads(row[2] or "{}")) for row in rows] == [
        ("r1", None, {"Client ID": "2.02512E+14"}),
        ("r2", None, {"Client ID": "Mar-25"}),
        ("r3", "c3", {}),
        ("r4", None, {"Client ID": "0"}),
    ]


ROUNDED_16 = ["2025120345678910", "2025120345678920", "2025120345679000"]
ROUNDED_17 = ["20251203456789100", "20251203456789200"]


def test_numbers_of_which_a_spreadsheet_kept_15_digits_are_no_ids(tmp_path: Path) -> None:
    """2025120345678912 and 2025120345678914 were both the return 2025120345678910."""
    others = ["000123", "A-1", "202512034567891", "2025-12034567-81", "2025-12034567-812"]
    assert returns_of(tmp_path / "1", *ROUNDED_16, *others) == [None] * 3 + others
    assert returns_of(tmp_path / "2", *ROUNDED_17, *others, *ROUNDED_17) == [None] * 2 + others + [None] * 2
    assert returns_of(tmp_path / "3", *ROUNDED_16, "20251203456789123") == [None] * 3 + ["20251203456789123"]
    # In a workbook such a number has lost its digits, and a text is judged like one in CSV.
    ids = (*map(int, ROUNDED_17), "r1")
    rows = [tuple(HEAD.split(",")), *((own, "Client", "Up", "2026-03-04 10:00") for own in ids)]
    part = Firm(tmp_path / "4").load_text(workbook(rows, [["0", None, None, None]] * 3), "a.xlsx")
    assert events(part, "return_id") == [("r1",)]
    assert [row[:2] for row in quarantined(part)] == [(1, "damaged_id"), (2, "damaged_id")]


def test_numbers_that_may_really_end_in_zeros_are_ids(tmp_path: Path) -> None:
    """One in ten ids of 16 digits ends in a zero, so one alone says nothing, as in a file of one return."""
    for number, ids in enumerate(
        [
            [ROUNDED_16[0]] * 2,
            [*ROUNDED_16, "2025120345678914"],
            [ROUNDED_16[0], ROUNDED_17[0]],
            [*ROUNDED_17, "20251203456789110"],
        ]
    ):
        assert returns_of(tmp_path / str(number), *ids) == ids
    # Small files are read together, and each is judged alone.
    firm = Firm(tmp_path / "small")
    files = [firm.file(f"{own}.csv", log(own)) for own in ROUNDED_16]
    files.append(firm.file("all.csv", log(*ROUNDED_16, "r1")))
    parts = [outcome.part for outcome in firm.load(*files)]
    found = [events(part, "return_id") for part in parts if part]
    assert found == [*([(own,)] for own in ROUNDED_16), [("r1",)]]


def test_clients_of_rounded_numbers_are_kept_as_text(tmp_path: Path) -> None:
    rows = "".join(f"r{row},{own},Client,Up,2026-03-04 10:00\n" for row, own in enumerate(ROUNDED_16))
    part = Firm(tmp_path).load_text(f"return_id,client_id,tab,label,event_time\n{rows}")
    assert events(part, "client_id", "extra") == [(None, f'{{"client_id": "{own}"}}') for own in ROUNDED_16]


def workbook(rows: list[tuple[object, ...]], codes: list[list[str | None]]) -> bytes:
    """A workbook with a sheet, whose cells below the headings have these formats."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"default_date_format": "m/d/yyyy h:mm"}) as book:
        sheet = book.add_worksheet("Log")
        sheet.write_row(0, 0, rows[0])
        for number, (row, own) in enumerate(zip(rows[1:], codes, strict=True), start=1):
            for place, (value, code) in enumerate(zip(row, own, strict=True)):
                sheet.write(number, place, value, book.add_format({"num_format": code or "General"}))
    return buffer.getvalue()


def test_a_number_in_a_format_that_is_not_read_is_no_id(tmp_path: Path) -> None:
    """1 shown as 001, and 1 as R-1, were the return 1. What is no id is a number in any format."""
    ids = ("firm_id", "return_id", "client_id", "source_event_id")
    head = (*ids, "tab", "label", "event_time", "tax_year", "Fee")
    row = (1, 2, 3, 4, "Client", "Up", datetime(2026, 3, 4, 10), 2025, 12)
    plain = [None, "0", "#,##0", "000", None, None, "m/d/yyyy h:mm", "[<1]0;#,##0.00", "$#,##0.00"]
    names = ("return_id", "firm_id", "client_id", "source_event_id", "tax_year", "extra")
    good, fee = ("2", "1", "3", "004", 2025), {"Fee": "12"}
    remark = "(a number that is shown in another way)"
    for place, kept, extra in (
        (0, [], None),
        (1, [], None),
        (2, [("2", "1", None, "004", 2025)], {"client_id": f"3 {remark}"}),
        (3, [("2", "1", "3", f"4 {remark}", 2025)], {}),
    ):
        codes = [*plain[:place], "[<1000]000;000000", *plain[place + 1 :]]
        content = workbook([head, row, row], [plain, codes])
        part = Firm(tmp_path / str(place), FIRMS).load_text(content, "a.xlsx")
        rows = [(*one[:-1], json.loads(one[-1])) for one in events(part, *names)]
        assert rows == [(*good, fee), *((*one, {**fee, **(extra or {})}) for one in kept)]
        assert [row[:2] for row in quarantined(part)] == ([] if kept else [(2, "damaged_id")])


def test_a_joined_id_is_damaged_by_a_part_in_a_format_that_is_not_read(tmp_path: Path) -> None:
    settings = SETTINGS.format(firm="UTC", zone="UTC")
    settings += '[source.columns]\nreturn_id = [["Office", "Number"]]\n'
    head, when = ("Office", "Number", "tab", "label", "event_time"), datetime(2026, 3, 4, 10)
    rows = [head, ("A", 7, "Client", "Up", when), ("A", 7, "Client", "Up", when)]
    codes = [None, "000", None, None, "m/d/yyyy h:mm"]
    content = workbook(rows, [codes, [None, "0%", *codes[2:]]])
    part = Firm(tmp_path, settings).load_text(content, "a.xlsx")
    assert events(part, "return_id") == [("A 007",)]
    assert [row[:2] for row in quarantined(part)] == [(2, "damaged_id")]


@pytest.mark.parametrize("damaged", ["2.02512E+14", "Mar-25"])
def test_a_file_of_damaged_ids_only_is_refused(tmp_path: Path, damaged: str) -> None:
    assert Firm(tmp_path).refusal(log(damaged, damaged)) == (
        "log.csv: no record could be read. 2 of 2 records are damaged_id: "
        "The id is a rounded number, a date, an error, a zero, or a number in a format that is not read. "
        "Load the export as it came, not saved again by a spreadsheet. "
        "The first is record 1. Nothing was loaded from it."
    )


def in_a_spreadsheet(text: str) -> str:
    """What a cell shows of an id that somebody opens in a spreadsheet and saves as CSV."""
    if text.isascii() and text.isdigit():
        number = str(int(text))
        if len(number) < 12:
            return number
        mantissa = f"{int(number):.5E}".replace("E+0", "E+")
        digits, exponent = mantissa.split("E")
        return f"{digits.rstrip('0').rstrip('.')}E{exponent}"
    first, _, second = text.partition("-")
    if first.isdigit() and second.isdigit() and len(text) < 8:
        if len(first) == 4 and 1 <= int(second) <= 12:
            return f"{MONTHS[int(second) - 1]}-{first[2:]}"
        if 1 <= int(first) <= 12 and 1 <= int(second) <= 28 and len(second) < 3:
            return f"{int(second)}-{MONTHS[int(first) - 1]}"
    return text


# An id that really ends in zeros like a rounded one is quarantined too.
NUMBERS = st.integers(10**11, 10**20).filter(lambda number: number % 10).map(str)
DASHED = st.tuples(st.integers(1, 2030), st.integers(1, 40)).map(lambda pair: f"{pair[0]}-{pair[1]:02}")
OTHERS = st.from_regex(r"[A-Z0-9]{1,4}-[A-Z0-9]{1,6}", fullmatch=True)


@example(["202512034567891", "202512034567892"])
@example(["2025-03", "2025-3", "3-25"])
@settings(max_examples=40)
@given(st.lists(NUMBERS | DASHED | OTHERS, min_size=1, max_size=6, unique=True))
def test_an_id_is_never_that_of_another_after_a_spreadsheet(ids: list[str]) -> None:
    """Numbers are of more digits than a cell shows, so zeros before them are not lost without a trace."""
    with TemporaryDirectory() as folder:
        found = returns_of(Path(folder), *map(in_a_spreadsheet, ids))
        assert all(one in (None, own) for own, one in zip(ids, found, strict=True))
        assert returns_of(Path(folder) / "before", *ids) == ids
