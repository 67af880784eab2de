"""CSV is read exactly: only a record that cannot be split is quarantined, and all other text is unchanged."""

import csv
from dataclasses import replace

import pytest

from etl.config.source import Limits
from support.staged_files import as_csv, refusal, staged

NOT_ENDED = "the last line has no end, so the file may have been cut"


def test_an_open_quote_costs_one_record() -> None:
    result = staged("a.csv", 'Return ID,Tab\nr1,a\nr2,"open\nr3,c\nr4,"d ""x""\ne"\nr5,e\n')
    assert result.malformed == [(2, "stray_quote", 'r2,"open')]
    assert result.rows == [(1, "r1", "a"), (3, "r3", "c"), (4, "r4", 'd "x"\ne'), (5, "r5", "e")]


@pytest.mark.parametrize("bad", [0, 500, 999])
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("r,x,y", "wrong_field_count"),
        ("r", "wrong_field_count"),
        ('r,"Document "x".pdf"', "stray_quote"),
        ('"r,Client', "open_quote"),
    ],
)
def test_a_bad_record_costs_only_itself_wherever_it_is(bad: int, line: str, reason: str) -> None:
    lines = [f"r{number},Client" for number in range(1000)]
    lines[bad] = line
    result = staged("a.csv", "Return ID,Tab\n" + "\n".join(lines) + "\n")
    assert result.malformed == [(bad + 1, reason, line)]
    assert result.texts == [(f"r{number}", "Client") for number in range(1000) if number != bad]


def test_blanks_beside_quotes_are_noticed() -> None:
    # DuckDB drops them silently; the sum of all bytes shows it.
    result = staged("a.csv", 'Return ID,Tab\nr1,"a" \nr2,"b"\n')
    assert (result.texts, result.malformed) == ([("r2", "b")], [(1, "stray_quote", 'r1,"a" ')])
    result = staged("a.csv", 'Return ID,Tab\nr1, "a"\nr2,"b ""c"" d"\nr3,e"f\n')
    assert result.texts == [("r1", "a"), ("r2", 'b "c" d'), ("r3", 'e"f')]


def test_many_bad_records_of_every_kind() -> None:
    bad = ["r,x,y", "r", 'r,"Document "x".pdf"', 'r,"open', '"', 'x"y"z,"a"b']
    lines, faults = [], []
    for number in range(20_000):
        is_bad = number % 10 == 0
        lines.append(
            bad[number // 10 % len(bad)] if is_bad else f'r{number},"Document ""W-2, {number}.pdf"""'
        )
        faults += [(number + 1, lines[-1])] if is_bad else []
    result = staged("a.csv", "Return ID,Tab\n" + "\n".join(lines) + "\n")
    assert [(row_no, record) for row_no, _, record in result.malformed] == faults
    assert [row[0] for row in result.rows] == [number + 1 for number in range(20_000) if number % 10]
    assert all(row[2] == f'Document "W-2, {row[0] - 1}.pdf"' for row in result.rows)


def test_rows_keep_the_order_of_the_file() -> None:
    lines = "".join(f"r{number},{'x' * 300}\n" for number in range(200_000))
    result = staged("a.csv", "Return ID,Tab\n" + lines)
    assert all(row[1] == f"r{row[0] - 1}" for row in result.rows)
    assert result.count == 200_000


def test_blank_lines_are_not_records() -> None:
    plain = staged("a.csv", "Return ID,Tab\nr1,a\nr2,b\n")
    for content in (
        "\n\nReturn ID,Tab\nr1,a\nr2,b\n",
        "Return ID,Tab\n\nr1,a\n\n\nr2,b\n\n",
        "Return ID,Tab\r\nr1,a\r\n\r\nr2,b\r\n",
    ):
        assert staged("a.csv", content).rows == plain.rows
    assert staged("a.csv", "Return ID,Tab\n,\n").rows == [(1, None, None)]
    assert staged("a.csv", "Return ID,Tab\n \n").malformed == [(1, "wrong_field_count", " ")]


def test_a_last_line_without_its_end_is_loaded_with_a_remark() -> None:
    for name, content in (("a.csv", "Return ID,Tab\nr1,a"), ("a.json", '{"Return ID": "r1", "Tab": "a"}')):
        result = staged(name, content)
        assert (result.rows, result.remark) == ([(1, "r1", "a")], NOT_ENDED)
        assert staged(name, content + "\n").remark is None


def test_a_file_of_headings_alone_has_no_records() -> None:
    for content in ("Return ID,Tab\n", "Return ID,Tab\r\n", "\ufeffReturn ID,Tab\n", '"Return ID","Tab"\n'):
        result = staged("a.csv", content)
        assert (result.headings, result.count, result.rows) == (["Return ID", "Tab"], 0, [])


def test_headings_decide_the_delimiter_and_are_made_unique() -> None:
    result = staged("a.csv", 'Return ID;Tab;a,b;a,b;;"x;y"\nr;1,2,3,4,5,6,7;;;;\n')
    assert result.headings == ["Return ID", "Tab", "a,b", "a,b (2)", "column 5", "x;y"]
    assert result.texts == [("r", "1,2,3,4,5,6,7", None, None, None, None)]
    assert staged("a.csv", 'Return ID,"Tab\nof it"\nr,x\n').headings == ["Return ID", "Tab\nof it"]


def test_windows_1252_and_old_line_ends() -> None:
    content = "Return ID,Event\nr1,“RESUMÉ” – K-1’s\nr2,Zoë €5\n"
    rows = [("r1", "“RESUMÉ” – K-1’s"), ("r2", "Zoë €5")]
    assert staged("a.csv", content.encode("cp1252")).texts == rows
    assert staged("a.csv", content.replace("\n", "\r").encode()).texts == rows
    assert staged("a.csv", content.replace("\n", "\r\n", 2).encode()).texts == rows


def test_quotes_where_only_some_fields_need_them() -> None:
    rows = [("r1", "a, b"), ("r2", 'c "d"')]
    assert staged("a.csv", "Return ID,Tab\nr1,'a, b'\nr2,c \"d\"\n").texts == rows
    assert staged("a.csv", 'Return ID,Tab\nr1,a\\, b\nr2,c \\"d\\"\n').texts == rows
    assert staged("a.csv", 'Return ID, Tab\nr1, "a, b"\nr2, "c ""d"""\n').texts == rows
    assert staged("a.csv", "Return ID,Tab\n'r1','a'\n'r2','b'\n").texts == [("r1", "a"), ("r2", "b")]
    assert staged("a.csv", "Return ID,Tab\nr1,'O''Brien'\nr2,x\n").texts == [("r1", "O'Brien"), ("r2", "x")]


def test_a_file_quoted_with_apostrophes_is_read_as_a_whole_beside_quotes_and_backslashes_in_it() -> None:
    head = "Return ID,Tab,User\n"
    rows = [("r1", "a, b", 'Pat "Pat" Roe'), ("r2", "'tis", None)]
    for lines in (
        "r1,'a, b',Pat \"Pat\" Roe\nr2,'''tis',\n",
        "r1,'a, b',Pat \"Pat\" Roe\nr2,\\'tis,\n",
        "'r1','a, b','Pat \"Pat\" Roe'\n'r2','\\'tis',\n",
    ):
        assert staged("a.csv", head + lines).texts == rows
    # Nothing needs quotes here.
    names = [("r1", "O'Brien", "'Ann'"), ("r2", "a", "Lee's")]
    for delimiter in ",;\t|":
        lines = "r1,O\\'Brien,\\'Ann\\'\nr2,a,Lee\\'s\n"
        assert staged("a.csv", (head + lines).replace(",", delimiter)).texts == names
    # An empty field behind a text with a delimiter is no field too many.
    assert staged("a.csv", f"{head}r1,'Ann\\'s, and Lee',\n").texts == [("r1", "Ann's, and Lee", None)]


def test_a_file_of_which_only_a_part_may_be_quoted_with_apostrophes_is_refused() -> None:
    message = "it looks quoted with ' and the whole file does not fit that."
    lines = 'Return ID,Tab,User\nr1,"Upload","Pat"\nr2,\'a, b\',c\n'
    assert refusal("a.csv", lines).startswith(f"line 3: {message}")
    lines = "Return ID,Tab,User\nr1,'a, b',Pat \"Pat\" Roe\nr2,'''til,x\n"
    assert refusal("a.csv", lines).startswith(f"line 2: {message}")


def test_apostrophes_and_backslashes_in_text_are_not_changed() -> None:
    rows = [("r1", "'til Friday'"), ("r2", "C:\\dir\\"), ("r3", "a, b")]
    assert staged("a.csv", as_csv([("Return ID", "Tab"), *rows])).texts == rows
    assert staged("a.csv", "Return ID,Tab\nr1,'hi'\nr2,x\n").texts == [("r1", "'hi'"), ("r2", "x")]
    # O'Brien, 'til and Lees' may be anywhere, also beside a path and quotes.
    texts = [("O'Brien's", "'til May", "Lees'"), ("'", "'tis C:\\'new'", 'of "Ann" \\\'s'), ("r3", "''", "'")]
    for delimiter in ",;\t|":
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
            written = as_csv([("Return ID", "Tab", "User"), *texts], delimiter=delimiter, quoting=quoting)
            assert staged("a.csv", written).texts == texts
    # A malformed record beside real quotes is one malformed record, whatever it looks like.
    result = staged("a.csv", "Return ID,Tab\nr1,\"a, b\"\nr2,'c, d'\n")
    assert (result.texts, result.malformed) == ([("r1", "a, b")], [(2, "wrong_field_count", "r2,'c, d'")])
    result = staged("a.csv", 'Return ID,Tab\nr1,"a ""b"""\nr2,"c \\"d\\""\n')
    assert (result.texts, result.malformed) == ([("r1", 'a "b"')], [(2, "stray_quote", 'r2,"c \\"d\\""')])


def test_a_field_of_many_short_lines_is_an_open_quote_and_not_a_long_field() -> None:
    limits = replace(Limits(), field_bytes=200)
    body = "".join(f"r{number},x\n" for number in range(100))
    result = staged("a.csv", f'Return ID,Tab\nr,"open\n{body}', limits)
    assert (result.malformed, len(result.rows)) == ([(1, "open_quote", 'r,"open')], 100)
