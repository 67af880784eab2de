"""What is refused: each refusal names the line, the rule and what to do, and leaves no files."""

from dataclasses import replace

import pytest
from duckdb import DuckDBPyConnection

from etl.config.source import Limits
from etl.read.records import Records
from support.staged_files import refusal, staged

QUOTES = 'Export it again with quotes of the form "a ""b"" c".'


def test_a_refusal_names_the_limit_and_the_line() -> None:
    head = "Return ID,Tab\nr1,Client\n"
    limits = replace(Limits(), field_bytes=20, line_bytes=50, columns=3)
    where = "under [limits] in settings.toml)."
    assert refusal("a.csv", head + "r2," + "x" * 30 + "\n", limits) == (
        f"line 3: a field is over 20, and the limit is 20 (field_bytes {where}"
    )
    assert refusal("a.csv", head + 'r2,"' + "é" * 11 + '"\n', limits).startswith("line 3: a field is over 20")
    assert refusal("a.csv", head + "x" * 60, limits) == (
        f"line 3: the line is over 50, and the limit is 50 (line_bytes {where}"
    )
    assert refusal("a.csv", "Return ID,a,b,c\n", limits) == (
        f"the number of columns is 4, and the limit is 3 (columns {where}"
    )
    assert refusal("a.json", '{"Tab": "' + "x" * 30 + '"}\n', limits).startswith("line 1: a field is over 20")
    assert refusal("a.json", '{"a":1,"b":1}\n{"c":1,"d":1}\n', limits).startswith(
        "line 2: the number of columns is 4"
    )
    assert refusal("a.json", '[{"Tab": "' + "x" * 50 + '"}]', limits).startswith(
        "record 1: the record is over 50"
    )
    deep = '{"Tab": ' + "[" * 60 + "]" * 60 + "}"
    assert (
        refusal("a.json", deep) == f"line 1: the depth of JSON is 61, and the limit is 50 (json_depth {where}"
    )
    assert refusal("a.json", f"[{deep}]").startswith("record 1: the depth of JSON is 61")
    assert staged("a.json", '{"Tab": "' + "[" * 60 + '"}\n').texts == [("[" * 60,)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "the file is empty: 0 bytes, not even headings. Export it again."),
        ("a.csv", b"\n\r\n\n", "the file contains only blank lines, not even headings. Export it again."),
        (
            "a.csv",
            b"oak,2026-03-01,x\nelm,2026-03-02,y\n",
            "no heading is known, so the file has no header, or a header with other names. "
            "Its first line looks like a record. "
            "Add a line with headings for return_id, tab, label and event_time above it. "
            'Name yours under [source.columns] of "user tracking" in settings.toml.',
        ),
        (
            "a.csv",
            b"Nummer;Reiter;Ereignis\nr1;a;b\n",
            "no heading is known, so the file has no header, or a header with other names. "
            "Headings found: Nummer, Reiter, Ereignis. "
            'Name yours under [source.columns] of "user tracking" in settings.toml.',
        ),
        (
            "a.csv",
            b"Return ID,Event,return_no\n",
            'the headings "Return ID" and "return_no" both mean return_id. Remove one of them from the file, '
            'or from [source.columns] of "user tracking" in settings.toml.',
        ),
        (
            "a.csv",
            b"\n <!DOCTYPE html><title>Sign in</title>",
            "it is a web page (HTML), such as a login page saved in place of the export, not an export. "
            "Download the export itself, as CSV.",
        ),
        ("a.csv", b'{"Return ID": 1}\n', "the name says CSV, the content is JSON. Rename it to what it is."),
        ("a.json", b"Return ID,Tab\n", "the name says JSON, the content is CSV. Rename it to what it is."),
        ("a.csv", b"PAR1xxxxxxxxPAR1", "the name says CSV, the content is Parquet. Rename it to what it is."),
        (
            "a.parquet",
            b"PAR1xxxxxxxxPAR1",
            "the Parquet file is cut or damaged. Nothing was loaded from it; export it again.",
        ),
        (
            "a.csv",
            b"Return ID,Tab\nr,\x00\n",
            "line 2: a zero byte, so this is not text. Export it again, as UTF-8.",
        ),
        (
            "a.csv",
            "Return ID,Tab\nr,é\n".encode() + b"s,\xe9t\n",
            "two encodings in one file: line 3 is not UTF-8, line 2 is. Export it again, as UTF-8.",
        ),
        (
            "a.csv",
            b"Return ID,Tab\nr,\x81\n",
            "line 2: the text is neither UTF-8 nor Windows-1252. Export it again, as UTF-8.",
        ),
        (
            "a.csv",
            "Return ID,Tab\n".encode("utf-16")[:-1],
            "line 1: the text is not complete UTF-16. Export it again, as UTF-8.",
        ),
        (
            "a.csv",
            b"'Return ID','Tab'\n'r','a\n's','b'c'\n",
            "line 2: the headings are quoted with ' and this record does not fit. " + QUOTES,
        ),
        (
            "a.csv",
            b"Return ID,Tab\nr,'a, b'\ns,'c\n",
            "line 2: it looks quoted with ' and the whole file does not fit that. " + QUOTES,
        ),
        (
            "a.csv",
            b'Return ID,Tab\nr,"Document \\"a.pdf\\""\ns,"c"d\n',
            "line 2: it looks escaped with a backslash, and the whole file does not fit that. " + QUOTES,
        ),
        ("a.json", b"\n \n", "the name says JSON, the content is CSV. Rename it to what it is."),
        (
            "a.json",
            b'{\n  "Return ID": 1,\n',
            "line 3: the JSON is damaged here or ends early, and no line is a complete object. "
            "Export the file again.",
        ),
        (
            "a.json",
            b'{"Return ID": 1\n{"Return ID": 2\n',
            "no record could be read. The first is broken_json: The line is not JSON. "
            "Nothing was loaded from it.",
        ),
        ("a.json", b'[{"Tab": 1},]', "record 2: the JSON is damaged. Export the file again."),
        (
            "a.json",
            b'[{"Tab": 1}',
            "after record 1: the JSON array is damaged (it ends early). Export the file again.",
        ),
        (
            "a.json",
            b'[{"Tab": 1}]\n[]',
            "after record 1: the JSON array is damaged (something follows its end). Export the file again.",
        ),
        (
            "a.json",
            b'[{"Tab": 1} {"Tab": 2}]',
            "after record 1: the JSON array is damaged (its commas or brackets are wrong). "
            "Export the file again.",
        ),
    ],
)
def test_refusals(name: str, content: bytes, message: str) -> None:
    assert refusal(name, content) == message


def test_messages_show_no_taxpayer_number() -> None:
    assert "234-56-7890" not in refusal("a.csv", b"Ann 234-56-7890,x\n")
    assert "234-56-7890" not in refusal("a.csv", b"Return ID,return_id 234-56-7890,ReturnID\n")


@pytest.mark.parametrize("lost", [1, 2])
def test_a_reader_that_loses_a_record_is_noticed_by_the_count(
    monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    """The reader at fault is ours: some of its rows never reach DuckDB."""
    flush = Records.flush

    def forget_some(records: Records, database: DuckDBPyConnection) -> None:
        records.numbers, records.rows = records.numbers[lost:], records.rows[lost:]
        flush(records, database)

    monkeypatch.setattr(Records, "flush", forget_some)
    lines = "".join(f'{{"Return ID": "r{number}", "Event": "Upload"}}\n' for number in range(3))
    assert (
        refusal("log.json", lines)
        == f"3 records were counted and {3 - lost} could be read. Nothing was loaded from it."
    )
