"""Each sheet of a workbook becomes the CSV text that a person would have exported."""

import io
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from etl.common.paths import CHECKOUT
from etl.config.source import Limits
from etl.read.archive import contents
from support.staged_files import LOG, refusal, staged
from support.workbooks import excel, open_cell, open_document

ROWS = [
    ("Return ID", "Event", "Date/Time", "Tax Year"),
    ("r1", "null", datetime(2026, 3, 1, 9, 0, 5), 2025),
    (None, None, None, None),
    (1234567890123, "“é”", "03/01/2026", 1.5),
]
TEXT = (
    '"Return ID","Event","Date/Time","Tax Year"\n'
    '"r1","null","2026-03-01 09:00:05","2025"\n'
    "\n"
    '"1234567890123","“é”","03/01/2026","1.5"\n'
)


def texts(name: str, content: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """The text of each sheet, and why others are passed over."""
    with TemporaryDirectory() as folder:
        file, private = Path(folder, name), Path(folder, "private")
        private.mkdir()
        file.write_bytes(content)
        found = contents(file, private, Limits())
        assert sorted(private.iterdir()) == sorted(one.path for one in found.contents)
        assert all(one.place[-1] == one.sheet for one in found.contents)
        read = {" › ".join(one.place): one.path.read_text(encoding="utf-8") for one in found.contents}
        return read, {" › ".join(one.place): one.reason for one in found.passed}


@pytest.mark.parametrize(("name", "make"), [("a.xlsx", excel), ("a.xlsm", excel), ("a.ods", open_document)])
def test_each_sheet_is_a_content_and_each_row_a_line(name: str, make: object) -> None:
    content = make(
        {"Log": ROWS, "Empty": [], "More": ROWS[:2], "Note": [("made by Pat",), (None,), ("ask Ann",)]}
    )
    read, passed = texts(name, content)
    assert read == {"Log": TEXT, "More": "".join(TEXT.splitlines(keepends=True)[:2])}
    assert passed == {"Empty": "an empty sheet", "Note": "a note, not a table"}
    result = staged(name, make({"Log": ROWS}))
    assert result.headings == list(ROWS[0])
    assert result.rows == [
        (1, "r1", "null", "2026-03-01 09:00:05", "2025"),
        (2, "1234567890123", "“é”", "03/01/2026", "1.5"),
    ]


@pytest.mark.parametrize("make", [excel, open_document])
def test_a_cell_is_the_text_that_a_person_sees(make: object) -> None:
    cells = {
        "0042": "0042",
        " a\n\"b\", 'c' ": " a\n\"b\", 'c' ",
        "123456789012345678": "123456789012345678",
        20250001: "20250001",
        123456789012345: "123456789012345",
        123456789012345678: "1.23456789012346E+17",
        2.5: "2.5",
        46107.46875: "46107.46875",
        True: "TRUE",
        datetime(2026, 3, 26, 11, 15): "2026-03-26 11:15:00",
        datetime(2026, 3, 26): "2026-03-26",
        date(2026, 3, 27): "2026-03-27",
        time(11, 15): "11:15:00",
        time(19, 20, 4): "19:20:04",
    }
    rows = [("Return ID", "Tab"), *((value, "Client") for value in cells)]
    assert staged("a.xlsx" if make is excel else "a.ods", make({"Log": rows})).texts == [
        (text, "Client") for text in cells.values()
    ]


def test_dates_keep_milliseconds_and_are_right_in_a_workbook_of_1904() -> None:
    rows = [("Return ID", "Event Time"), ("r1", datetime(2026, 3, 26, 11, 15, 0, 123_000))]
    for options in ({}, {"date_1904": True}):
        assert staged("a.xlsx", excel({"Log": rows}, options)).texts == [("r1", "2026-03-26 11:15:00.123")]


def test_rows_and_columns_before_the_first_cell_keep_their_numbers() -> None:
    for name, make in (("a.xlsx", excel), ("a.ods", open_document)):
        read, _ = texts(name, make({"Log": [(), (), (None, None, "a", "b"), (None, None, None, "c")]}))
        assert read == {"Log": '\n\n"","","a","b"\n"","","","c"\n'}


def test_lines_pasted_into_one_column_are_no_note() -> None:
    rows = [("Taxpayer: Initial Email",), ("03/26/2026 11:15:00 AM",)]
    assert texts("a.xlsx", excel({"Paste": rows}))[0] == {
        "Paste": '"Taxpayer: Initial Email"\n"03/26/2026 11:15:00 AM"\n'
    }


def test_a_faulty_workbook_is_refused_by_its_fault() -> None:
    damaged = "the workbook is damaged. Export it again, best as CSV."
    assert refusal("a.xlsx", excel({"a": ROWS})[:-100]) == damaged
    flipped = bytearray(excel({"a": ROWS}))
    flipped[len(flipped) // 2] ^= 1
    assert refusal("a.xlsx", bytes(flipped)) == damaged
    assert refusal("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000)) == (
        "it is locked with a password, or an old Excel file (xls). Save it as .xlsx without a password."
    )
    nothing = "the workbook has no sheet with a table in it. Export it again."
    assert refusal("a.xlsx", excel({"a": [], "b": [("a note",)]})) == nothing
    assert refusal("a.csv", excel({"a": ROWS})) == (
        "the name says CSV, the content is a zip archive. Rename it to what it is."
    )
    assert refusal("a.xlsx", "Return ID\nr1\n") == (
        "the name says workbook, the content is CSV. Rename it to what it is."
    )
    assert "(unpacked_bytes under" in refusal(
        "a.xlsx", excel({"a": ROWS}), replace(Limits(), unpacked_bytes=100)
    )
    assert "(field_bytes under" in refusal(
        "a.xlsx", excel({"a": [*ROWS, ("x" * 70,)]}), replace(Limits(), field_bytes=60)
    )


def test_a_workbook_with_a_cell_far_away_is_refused_before_it_takes_the_memory() -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ("Return ID", "Tab"))
        sheet.write(1_048_575, 16_383, "x")
    assert refusal("a.xlsx", buffer.getvalue()) == FAR
    far_row = "<table:table-row><table:table-cell table:number-columns-repeated='16383'/>" + open_cell("x")
    empty = "<table:table-row table:number-rows-repeated='1000000'><table:table-cell/></table:table-row>"
    content = replaced(
        open_document({"a": ROWS}), b"</table:table>", f"{empty}{far_row}</table:table-row></table:table>"
    )
    assert refusal("a.ods", content) == FAR


FAR = "a sheet of the workbook has a cell far from the others. Delete that cell, or export as CSV."
NOT_XML = "a part of the workbook is not XML. Export it again, best as CSV."
FAR_ROW = '<row r="1048576">{}</row>'
FAR_CELL = '<c r="XFD1048576"><v>1</v></c>'


@pytest.mark.parametrize(
    "row",
    [
        FAR_ROW.format(FAR_CELL),
        f"<row>{FAR_CELL}</row>",
        FAR_ROW.format(FAR_CELL).replace('"', "'"),
        FAR_ROW.format(FAR_CELL).replace("=", "\n = "),
        FAR_ROW.format(FAR_CELL.lower()),
        FAR_ROW.format(16_384 * "<c/>"),
        FAR_ROW.format(16_384 * "<c/>") + "<!--" + 16_384 * '<c r="A1"/>' + "-->",
    ],
)
@pytest.mark.parametrize("member", ["xl/worksheets/sheet1.xml", "xl/other/sheet1.xml", "xl/other/1"])
def test_no_way_to_write_its_place_hides_a_cell_far_away(row: str, member: str) -> None:
    """The library reads the place of a cell more freely than any program writes it."""
    changed = {
        name.replace("xl/worksheets/sheet1.xml", member): text.replace(
            "</sheetData>", f"{row}</sheetData>"
        ).replace("worksheets/sheet1.xml", member.removeprefix("xl/"))
        for name, text in members().items()
    }
    assert refusal("a.xlsx", zipped(changed)) == FAR


SHEET = "xl/worksheets/sheet1.xml"
RELATED = "xl/_rels/workbook.xml.rels"


def members() -> dict[str, str]:
    """The members of a workbook by name."""
    archive = zipfile.ZipFile(io.BytesIO(excel({"a": ROWS})))
    return {name: archive.read(name).decode() for name in archive.namelist()}


def zipped(texts: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, text in texts.items():
            made.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize("member", ["xl/workbook.xml", "xl/styles.xml"])
def test_a_tag_that_takes_the_parser_very_long_is_refused(member: str) -> None:
    """The parser reads a tag again with each part of it."""

    def with_tag(size: int) -> bytes:
        texts = members()
        end = texts[member].rindex("</")
        return zipped(texts | {member: f'{texts[member][:end]}<x y="{"z" * size}"/>{texts[member][end:]}'})

    large = "a sheet of the workbook is too large for the memory. Export it as CSV."
    assert refusal("a.xlsx", with_tag(5_000_000)) == large
    assert staged("a.xlsx", with_tag(3_000_000)).texts == staged("a.xlsx", zipped(members())).texts


def test_no_name_of_its_member_hides_a_cell_far_away() -> None:
    """The library finds a sheet, and the list of sheets, under names of other capitals too."""
    plain = members()
    far = plain[SHEET].replace("</sheetData>", f"{FAR_ROW.format(FAR_CELL)}</sheetData>")
    for changed in (
        plain | {SHEET: far},
        {name: text for name, text in plain.items() if name != SHEET} | {SHEET.upper(): far},
        {name: text for name, text in plain.items() if name != RELATED}
        | {SHEET: far, RELATED.replace("workbook", "Workbook"): plain[RELATED]},
        plain | {SHEET: far, "xl/workbook.xml": plain["xl/workbook.xml"].replace("r:id=", "id=")},
    ):
        assert refusal("a.xlsx", zipped(changed)) == FAR


@pytest.mark.parametrize("cell", ['<c r="A9" r="XFD1048576"/>', '<c r="A9" t=">" r="XFD1048576"/>'])
def test_two_places_of_one_cell_are_no_xml(cell: str) -> None:
    changed = members()
    changed[SHEET] = changed[SHEET].replace("</sheetData>", f"<row>{cell}</row></sheetData>")
    assert refusal("a.xlsx", zipped(changed)) == NOT_XML


def test_a_workbook_that_says_of_four_billion_shared_texts_is_refused() -> None:
    changed = members()
    name = "xl/sharedStrings.xml"
    changed[name] = re.sub('uniqueCount="[0-9]+"', 'uniqueCount="4294967295"', changed[name])
    large = "a sheet of the workbook is too large for the memory. Export it as CSV."
    assert refusal("a.xlsx", zipped(changed)) == large


def test_what_is_no_sheet_is_not_measured() -> None:
    """Excel writes a list of the cells with formulas; others keep documents beside the sheets."""
    others = members() | {
        "xl/calcChain.xml": '<calcChain><c r="A100000" i="1"/><c r="NA1" i="2"/></calcChain>',
        "customXml/item1.xml": '<rows><row r="1048576"/><c r="XFD1"/></rows>',
        "customXml/item2.xml": "<not closed",
    }
    assert texts("a.xlsx", zipped(others)) == ({"a": TEXT}, {})


def test_a_workbook_with_broken_xml_is_refused() -> None:
    content = replaced(open_document({"a": ROWS}), b"</table:table>", "</table:table9>")
    assert refusal("a.ods", content) == NOT_XML


def test_a_workbook_with_a_password_is_refused_by_that_word() -> None:
    encrypted = "><m:encryption-data/></m:file-entry></m:manifest>"
    content = replaced(open_document({"a": ROWS}), b"/></m:manifest>", encrypted)
    content = replaced(content, b"<office:document-content", "no XML")
    locked = "the workbook is locked with a password. Save it without a password, or as CSV."
    assert refusal("a.ods", content) == locked


def replaced(book: bytes, old: bytes, new: str) -> bytes:
    """The workbook with another text in its members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as archive, zipfile.ZipFile(buffer, "w") as made:
        for name in archive.namelist():
            made.writestr(name, archive.read(name).replace(old, new.encode()))
    return buffer.getvalue()


def test_excel_without_its_package_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(excel({"a": [("Return ID", "Tab"), ("r1", "Client")]}))
    program = (
        "import sys; sys.modules['python_calamine'] = None\n"
        "from support.staged_files import staged\n"
        f"staged('a.xlsx', open({str(tmp_path / 'a.xlsx')!r}, 'rb').read())\n"
    )
    environment = os.environ | {"PYTHONPATH": f"{CHECKOUT}{os.pathsep}{CHECKOUT / 'tests'}"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False
    )
    assert done.stderr.strip().endswith(
        "Excel files need one more package: pip install 'returntrail[excel]'. Or export the file as CSV."
    )


OPEN_NUMBER = '<table:table-cell office:value-type="float" office:value="{}"{}>{}</table:table-cell>'


@pytest.mark.parametrize(
    ("number", "text", "shown"),
    [
        ("78051121", "078-05-1121", "078-05-1121"),
        ("78051121", "78-05-1121", "078-05-1121"),
        ("123", "000123", "000123"),
        ("20250001", "2025-0001", "2025-0001"),
        ("0", "000", "000"),
        ("123", "123", "123"),
        # As programs write a plain number.
        ("1234567", "1,234,567", "1234567"),
        ("1234", "1.234", "1234"),
        ("202512034567891", "2.02512E+14", "202512034567891"),
        ("1e20", "100000000000000000000", "1E+20"),
        ("123", "", "123"),
        ("123", "R-123", None),
        ("123", "123.00", None),
        ("123", "1000123", None),
        ("123", "000124", None),
        ("123", "$123", None),
        ("-7", "-7.00", None),
        ("0", "-", None),
        ("2.5", "0003", None),
    ],
)
def test_a_number_of_an_ods_file_is_what_is_shown_or_has_a_remark(
    number: str, text: str, shown: str | None
) -> None:
    bare = f"{float(number):.15G}"
    shown = shown or f"{bare} (a number that is shown in another way)"
    note = "<office:annotation><text:p>999</text:p></office:annotation>"
    own = note + (f"<text:p>{text[:2]}<text:span>{text[2:]}</text:span></text:p>" if text else "")
    twice = OPEN_NUMBER.format(number, ' table:number-columns-repeated="2"', own)
    covered = twice.replace("table-cell", "covered-table-cell")
    last = OPEN_NUMBER.format(number, "", f"<text:p>{bare}</text:p>")
    rows = f'<table:table-row table:number-rows-repeated="2">{twice}{covered}{last}</table:table-row>'
    book = open_document({"Other": ROWS, "Log": [("a",) * 5], "More": ROWS})
    end_of_log = b"a</text:p></table:table-cell></table:table-row>"
    read, _ = texts("a.ods", replaced(book, end_of_log, end_of_log.decode() + rows))
    line = f'"{shown}","{shown}","{shown}","{shown}","{bare}"\n'
    assert read == {"Other": TEXT, "Log": '"a","a","a","a","a"\n' + line * 2, "More": TEXT}


def test_cells_without_references_are_shown_too() -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet, zeros = book.add_worksheet("Log"), book.add_format({"num_format": "0000"})
        sheet.write_row(0, 0, ("Return ID", "Tab"))
        for number in range(1, 4):
            sheet.write_row(number, 0, (number, number), zeros)
    content = buffer.getvalue()
    for old in (b' r="A3"', b' r="B3"', b' r="3"', b' r="B2"'):
        content = replaced(content, old, "")
    assert texts("a.xlsx", content)[0] == {
        "Log": '"Return ID","Tab"\n"0001","0001"\n"0002","0002"\n"0003","0003"\n'
    }


PRINTABLE = st.characters(exclude_categories=["C", "Zl", "Zp"], include_characters="\n\u200b")
DAYS = {"min_value": date(1990, 1, 1), "max_value": date(2099, 12, 31)}
CELLS = st.one_of(
    st.none(),
    st.text(PRINTABLE, max_size=12),
    st.sampled_from(
        ["'a'", '"', 'a "b", c', "a\\", '\\"', "''", ",", ";\t|", "TRUE", "1E+15", "007", " a ", "sep=,"]
    ),
    st.booleans(),
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.decimals(-(10**6), 10**6, places=4).map(float),
    st.dates(**DAYS),
    st.times().map(lambda moment: moment.replace(microsecond=0)),
    st.builds(
        lambda day, moment: datetime.combine(day, moment.replace(microsecond=0)), st.dates(**DAYS), st.times()
    ),
)


def as_exported(cell: object) -> str | None:
    """The text of a cell in an export as CSV."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return f"{cell:.4f}".rstrip("0").rstrip(".").replace("-0", "0" if cell == 0 else "-0")
    if isinstance(cell, datetime) and cell.time() == time():
        cell = cell.date()
    return None if cell in (None, "") else str(cell)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=6), st.sampled_from([excel, open_document]))
def test_every_table_is_staged_as_it_is(rows: list[list[object]], make: object) -> None:
    table = [(f"r{number}", *row) for number, row in enumerate(rows)]
    content = make({"Log": [("Return ID", "Tab", "Event", "Event Time"), *table]})
    # In a dialog, which this is not, a row may only name the day of the rows below it.
    source = replace(LOG, layout="table")
    result = staged("a.xlsx" if make is excel else "a.ods", content, source=source)
    assert (result.texts, result.malformed) == ([tuple(map(as_exported, row)) for row in table], [])


@pytest.mark.parametrize(
    ("number", "code", "shown"),
    [
        (123, "000000", "000123"),
        (20250001, "0000\\-0000", "2025-0001"),
        (20250001, "0000-0000", "2025-0001"),
        (120250001, "0000-0000", "12025-0001"),
        (7, '"R-"000', "R-007"),
        (1234567, '"R-"000', "R-1234567"),
        (7, '"R-00"0', "R-007"),
        (123456789, "000-00-0000", "123-45-6789"),
        (78051121, "[<=999999999]000-00-0000;General", "078-05-1121"),
        (78051121, "###-##-####", "078-05-1121"),
        (0, "00", "00"),
        (10**15, "0000", "1E+15"),
        ("0042", "000000", "0042"),
        # The first section counts, without what shows nothing: colors, countries, padding.
        (123, "000000;-000000", "000123"),
        (123, "0000000;@", "0000123"),
        (123, "000000;;;", "000123"),
        (123, "[$-409]000000", "000123"),
        (123, "[Red]000000;[Blue]-0", "000123"),
        (123, "[Color 12]000000", "000123"),
        (123, "000000_);(000000)", "000123"),
        (123, "* 000000", "000123"),
        (20250001, '0000"-"000', "20250-001"),
        (7, '"R-"#', "R-7"),
        (7, '"R-"0;@', "R-7"),
        (20250001, "####-####", "2025-0001"),
        (7, "0##", "007"),
        (7, '"[Red]"00', "[Red]07"),
        # Plain numbers: commas between thousands are in no id.
        (1234, "0", "1234"),
        (1234, "#", "1234"),
        (1234, "@", "1234"),
        (1234, "#,##0", "1234"),
        (1234, "#,##0_);(#,##0)", "1234"),
        (1234, "[Red]General", "1234"),
        (-7, "0;@", "-7"),
        (2.5, "General", "2.5"),
    ],
)
def test_a_number_shown_with_zeros_is_what_is_shown(number: float, code: str, shown: str) -> None:
    check_shown(number, code, shown)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (2.5, "0000"),
        (-7, "0000"),
        (0, "000;-000;none"),
        (0, '"R-"#'),
        (123, "[<1000]000;000000"),
        (123, "000000@"),
        (123, '"R-"General'),
        (123, '"R-"@'),
        (123, "000,000"),
        (123, "000000,"),
        (123, "??????"),
        (123, "*0#"),
        (123, "[$R-409]000"),
        (123, "$000"),
        (123, "0.00"),
        (123, "#,##0.00"),
        (123, "0%"),
        (123, "0E+00"),
        (123, "# ?/?"),
        (123, '_("$"* #,##0_);_("$"* \\(#,##0\\)'),
    ],
)
def test_a_number_that_is_not_read_as_it_is_shown_has_a_remark(number: float, code: str) -> None:
    check_shown(number, code, f"{number} (a number that is shown in another way)")


def check_shown(number: float, code: str, shown: str) -> None:
    """One number in a format and one without, in a sheet of a workbook with others."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.add_chartsheet("Chart").set_chart(chart := book.add_chart({"type": "bar"}))
        other, sheet = book.add_worksheet("Other"), book.add_worksheet("Log")
        chart.add_series({"values": "=Log!$A$1:$A$3"})
        other.write(0, 0, 5, book.add_format({"num_format": "00000"}))
        other.write(0, 1, "12:00")
        sheet.write_row(2, 27, ("Return ID", "Tab"))
        sheet.write(3, 27, number, book.add_format({"num_format": code, "bold": True}))
        sheet.write(3, 28, number)
        sheet.write(4, 28, "end")
    read, passed = texts("a.xlsx", buffer.getvalue())
    bare = number if isinstance(number, str) else f"{number:.15G}"
    assert [line.split(",")[-2:] for line in read["Log"].splitlines()[2:]] == [
        ['"Return ID"', '"Tab"'],
        [f'"{shown}"', f'"{bare}"'],
        ['""', '"end"'],
    ]
    assert (read["Other"], list(passed)) == ('"00005","12:00"\n', ["Chart"])
