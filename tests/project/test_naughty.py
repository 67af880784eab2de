"""Text is data: a name in a log, an address or a text box is only text to SQL, to files and to spreadsheets.

The pages with the same names are tested in test_naughty_pages.py.
"""

import ast
import csv
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable

import duckdb
import fastexcel
import polars as pl
import pytest

from etl.common.paths import CHECKOUT, DataDir
from etl.common.problem import Problem
from etl.common.terminal import CONTROL_CHARACTERS
from etl.warehouse.ask import ask, open_warehouse, warehouse_cursor
from etl.warehouse.cells import as_csv
from support.cells import unescaped
from support.naughty import EVERYTHING, INJECTED, LOADED, STRINGS, reported
from tests.warehouse.test_cells import is_evaluated

FILTERS = {
    "for_offices": "office",
    "for_partners": "partner",
    "for_types": "return_type",
    "for_firms": "firm_id",
}
# Call -> the files that may write text as cells, markup or Streamlit's own syntax. A new file is a decision.
ALLOWED = {
    "write_csv": {"etl/check/describe.py", "etl/warehouse/cells.py", "etl/reports/changes.py"},
    "csv.writer": {"etl/demo/exports.py", "etl/read/workbook.py", "dashboard/page/data.py"},
    "write_string": {"etl/reports/xlsx.py"},
    "st.html": {
        "dashboard/draw/found.py",
        "dashboard/draw/notices.py",
        "dashboard/draw/tables.py",
        "dashboard/draw/timeline.py",
        "dashboard/frame.py",
        "dashboard/guard/download.py",
        "dashboard/guard/signin.py",
        "dashboard/page/add.py",
        "dashboard/page/return.py",
    },
    "st.page_link": {
        "dashboard/draw/behind.py",
        "dashboard/draw/notices.py",
        "dashboard/draw/return_link.py",
        "dashboard/page/add.py",
    },
}
FORBIDDEN = {
    "st.markdown",
    "st.write",
    "st.latex",
    "st.link_button",
    "st.iframe",
    "st.components.v1.html",
    "st.image",
    "st.toast",
}
# What is between words, and how many words of a search count.
BLANKS = re.compile(r"[ \t\n\f\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
MOST_WORDS = 8
# A label that shows nothing at all is quarantined.
INVISIBLE = {"\u200b", "\u180e", "\u200f\u200e\u061c", "\u00a0"}


def rows_of(data: DataDir, report: str, **filters: object) -> pl.DataFrame:
    with open_warehouse(data.warehouse) as warehouse:
        return ask(warehouse, report, **filters)


def test_what_was_logged_is_what_is_stored(hostile: DataDir) -> None:
    names = dict(rows_of(hostile, "all_returns").select("return_id", "client_name").iter_rows())
    for number in LOADED:
        assert (names[f"r{number}"] or "").strip() == STRINGS[number].strip()
    labels = rows_of(hostile, "return_timeline", for_return=EVERYTHING)["logged_label"].to_list()
    texts = {STRINGS[number] for number in LOADED}
    assert set(labels) == texts - INVISIBLE | {f'Document "{text}"' for text in texts}
    assert rows_of(hostile, "load_quality").filter(state="refused").is_empty()


def test_a_filter_finds_what_has_exactly_that_name(
    hostile: DataDir, record_property: Callable[[str, object], None]
) -> None:
    record_property("injected", len(INJECTED) * (len(FILTERS) + 1))
    returns = rows_of(hostile, "all_returns")
    with open_warehouse(hostile.warehouse) as warehouse:
        for text in INJECTED:
            for name, column in FILTERS.items():
                found = ask(warehouse, "all_returns", ["return_id"], **{name: [text]})["return_id"].to_list()
                assert found == returns.filter(pl.col(column) == text)["return_id"].to_list(), (name, text)
            assert ask(warehouse, "return_state", for_return=text).is_empty(), text


def test_a_search_finds_what_contains_exactly_those_words(
    hostile: DataDir, record_property: Callable[[str, object], None]
) -> None:
    record_property("injected", len(INJECTED))
    with open_warehouse(hostile.warehouse) as warehouse, warehouse_cursor(warehouse.database) as cursor:
        every = cursor.execute("select return_id, search_text from mart.returns").fetchall()
        for text in INJECTED:
            found = set(ask(warehouse, "find_returns", search=text, max_rows=10_000)["return_id"])
            [(folded,)] = cursor.execute("select folded($1)", [text]).fetchall()
            words = [word for word in BLANKS.split(folded) if word][:MOST_WORDS]
            containing = {name for name, written in every if words and all(word in written for word in words)}
            assert found == (containing if len(folded.strip()) > 1 else set()), ascii(text)


def test_a_search_pasted_into_sql_is_detected(
    hostile: DataDir, record_property: Callable[[str, object], None]
) -> None:
    """The searches above can fail: a text that is not bound as a value asks something else or is an error."""
    wrong = 0
    with duckdb.connect(str(hostile.warehouse), read_only=True) as database:
        count = "select count(*) from mart.returns where contains(lower(client_name), lower({}))"
        for text in INJECTED:
            try:
                pasted = database.execute(count.format(f"'{text}'")).fetchall()
            except duckdb.Error:
                pasted = []
            wrong += pasted != database.execute(count.format("$1"), [text]).fetchall()
    assert wrong > 20
    record_property("injected", 0)
    record_property("control", wrong)


@pytest.mark.parametrize("text", INJECTED)
def test_what_a_report_does_not_offer_is_an_error_that_repeats_no_sql(hostile: DataDir, text: str) -> None:
    with pytest.raises(Problem) as problem:
        rows_of(hostile, "firm_funnel", split_by=text)
    assert "select" not in str(problem.value).replace(text, "").lower()


@pytest.fixture(scope="module")
def written(hostile: DataDir, tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """Every report of the hostile log as its subscription writes it, one as Excel too, and evidence."""
    return reported(hostile, tmp_path_factory.mktemp("written") / "data")


def test_no_cell_of_a_report_is_evaluated_and_each_gives_its_text_back(
    written: DataDir, record_property: Callable[[str, object], None]
) -> None:
    tried = 0
    reports = {
        file.stem: file for file in written.reports.rglob("*.csv") if not file.stem.endswith("-changes")
    }
    assert len(reports) > 20
    with open_warehouse(written.warehouse) as warehouse:
        for name, file in reports.items():
            rows = ask(warehouse, name)
            cells = list(csv.DictReader(file.open(encoding="utf-8-sig", newline="")))
            for column in (column for column, kind in rows.schema.items() if kind == pl.String):
                texts = [row[column] for row in cells]
                tried += len(texts)
                assert [text for text in texts if is_evaluated(text)] == [], (name, column)
                assert [unescaped(text) for text in texts] == rows[column].fill_null("").to_list(), (
                    name,
                    column,
                )
    record_property("injected", tried)


def test_no_cell_is_safe_without_the_mark(
    hostile: DataDir, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """The other tests of cells can fail."""
    monkeypatch.setattr("etl.warehouse.cells.without_formula", pl.col)
    content = as_csv(rows_of(hostile, "all_returns"), "UTC")
    evaluated = [
        row for row in csv.DictReader(io.StringIO(content, newline="")) if is_evaluated(row["client_name"])
    ]
    assert len(evaluated) > 20
    record_property("injected", 0)
    record_property("control", len(evaluated))


def test_no_cell_of_any_csv_file_is_evaluated(written: DataDir) -> None:
    files = [file for file in written.root.rglob("*.csv") if file.is_file()]
    assert {"work_list-changes.csv", "records.csv", "facts.csv"} <= {file.name for file in files}
    for file in files:
        for row in csv.reader(file.open(encoding="utf-8-sig", newline="")):
            texts = [cell for cell in row if not re.fullmatch(r"-?[\d.]+", cell)]
            assert [text for text in texts if is_evaluated(text)] == [], file.name


def test_an_excel_file_contains_the_texts_themselves_and_nothing_that_runs(written: DataDir) -> None:
    [file] = written.reports.rglob("*.xlsx")
    page = fastexcel.read_excel(str(file)).load_sheet(0, dtypes="string").to_polars()
    rows = rows_of(written, "all_returns")
    for column in ("return_id", "client_name", "office", "partner"):
        # This reader does not decode the escapes of two characters that XML cannot contain.
        texts = (
            page[column]
            .fill_null("")
            .str.replace_all("_xFFFE_", "\ufffe")
            .str.replace_all("_xFFFF_", "\uffff")
        )
        assert texts.to_list() == rows[column].fill_null("").to_list(), column
    with zipfile.ZipFile(file) as archive:
        [sheet] = [
            archive.read(name).decode()
            for name in archive.namelist()
            if name.startswith("xl/worksheets/sheet")
        ]
        assert "<f>" not in sheet and "<f " not in sheet and "hyperlink" not in sheet
        assert not [name for name in archive.namelist() if re.search("vba|external|hyperlink|drawing", name)]


def test_what_a_command_prints_does_not_control_the_terminal(hostile: DataDir) -> None:
    """A query, a file of the inbox and its progress, as in the log of a scheduler."""
    command = [sys.executable, "-m", "etl", "--data", hostile.root]
    for words in (["query", "from report.all_returns()"], ["show", "raw.files"], ["load"]):
        done = subprocess.run([*command, *words], cwd=CHECKOUT, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        controls = re.compile(CONTROL_CHARACTERS.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f"))
        assert controls.findall(done.stdout + done.stderr) == [], words


def test_text_is_written_by_these_calls_in_these_files_only() -> None:
    found: dict[str, set[str]] = {}
    for file in [
        *(CHECKOUT / "etl").rglob("*.py"),
        *(CHECKOUT / "dashboard").rglob("*.py"),
        CHECKOUT / "app.py",
    ]:
        text = file.read_text(encoding="utf-8")
        assert "unsafe_allow_html" not in text, file
        for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
            name = ast.unparse(call.func)
            call_name = name if name in ALLOWED.keys() | FORBIDDEN else name.rpartition(".")[2]
            if call_name in ALLOWED.keys() | FORBIDDEN:
                found.setdefault(call_name, set()).add(str(file.relative_to(CHECKOUT)))
    assert found == ALLOWED
