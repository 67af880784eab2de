"""Reference rows: a firm's own rows are added to the shipped ones and win; errors name file and line."""

from pathlib import Path

import duckdb
import pytest

from etl.common.paths import SHIPPED, DataDir
from etl.common.problem import Problem
from etl.warehouse.build import build
from support.warehouses import small_queries

MARKS = ",is_milestone,is_problem"
# A firm's codes.csv may leave the marks out, and most of the tests below do.
HEADINGS = {
    name: (SHIPPED / "reference" / f"{name}.csv")
    .read_text(encoding="utf-8")
    .splitlines()[0]
    .removesuffix(MARKS)
    for name in ("codes", "deadlines", "forms", "labels", "next_steps", "stages", "steps")
}


def own(data: DataDir, name: str, *lines: str) -> Path:
    """A reference file of the firm's, below the usual headings."""
    file = data.root / "reference" / f"{name}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join((HEADINGS[name], *lines)) + "\n", encoding="utf-8")
    return file


def built(data: DataDir, tmp_path: Path, sql: str) -> list[tuple]:
    build(data, queries=small_queries(tmp_path / "queries"))
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        return database.execute(sql).fetchall()


def refused(data: DataDir, tmp_path: Path) -> str:
    with pytest.raises(Problem) as raised:
        build(data, queries=small_queries(tmp_path / "queries"))
    return str(raised.value).removesuffix(" Nothing was built.")


def test_the_shipped_rows_are_the_tables(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    counts = ", ".join(f"(select count(*) from ref.{name})" for name in HEADINGS)
    shipped = [len((SHIPPED / "reference" / f"{name}.csv").read_text().splitlines()) - 1 for name in HEADINGS]
    assert built(data, tmp_path, f"select {counts}") == [tuple(shipped)]


def test_a_row_of_the_firm_wins_by_the_key_and_others_are_added(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    own(data, "forms", "Form 1040,1040-OWN", "Our 1040,1040")
    found = built(
        data, tmp_path, "from ref.forms where spelling in ('Form 1040', 'Our 1040', 'F1040') order by all"
    )
    assert found == [("F1040", "1040"), ("Form 1040", "1040-OWN"), ("Our 1040", "1040")]


def test_a_label_is_the_same_by_tab_words_and_status(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    own(
        data,
        "labels",
        "Client,taxpayer,Taxpayer: Initial Email,Processed,initial_email_opened,ours",
        "Client,taxpayer,Taxpayer: Initial Email,,initial_email_processed,",
        'Client,,"“Form”  8879 e-signed",null,efile_esigned,',
    )
    found = built(
        data,
        tmp_path,
        """
        select tab, label, status, code, note, pattern
        from ref.labels
        where code = 'efile_esigned'
            or label = 'Taxpayer: Initial Email' and coalesce(status, 'Processed') = 'Processed'
        order by all
        """,
    )
    initial = "Taxpayer: Initial Email"
    assert found == [
        ("Client", initial, "Processed", "initial_email_opened", "ours", initial),
        ("Client", initial, None, "initial_email_processed", None, initial),
        ("Client", "“Form”  8879 e-signed", "null", "efile_esigned", None, '"..." 8879 e-signed'),
    ]


MARKED = """
    select code, title, is_milestone, is_problem
    from ref.codes
    where code in ('access_locked', 'moon', 'sun')
    order by code
"""


def test_a_code_of_a_firm_that_says_nothing_of_timelines_keeps_the_shipped_marks(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    own(data, "codes", "access_locked,platform,,,80,Locked out,", "moon,client,,,1,Moon,A moon.")
    assert built(data, tmp_path, MARKED) == [
        ("access_locked", "Locked out", False, True),
        ("moon", "Moon", False, False),
    ]


def test_a_code_of_a_firm_may_be_a_milestone_or_a_problem(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    rows = [
        "access_locked,platform,,,80,Locked out,,true,false",
        "moon,client,,,1,Moon,,true,",
        "sun,client,,,1,Sun,,,yes",
    ]
    file = own(data, "codes")
    file.write_text("\n".join((HEADINGS["codes"] + MARKS, *rows)) + "\n", encoding="utf-8")
    assert built(data, tmp_path, MARKED) == [
        ("access_locked", "Locked out", True, False),
        ("moon", "Moon", True, False),
        ("sun", "Sun", False, True),
    ]
    file.write_text(
        "\n".join((HEADINGS["codes"] + MARKS, "moon,client,,,1,Moon,,perhaps,")), encoding="utf-8"
    )
    assert refused(data, tmp_path / "value").startswith(
        f"{file}, line 2: is_milestone must have the type boolean."
    )
    file.write_text(
        "\n".join((HEADINGS["codes"] + ",is_milestone", "moon,client,,,1,Moon,,true")), encoding="utf-8"
    )
    assert refused(data, tmp_path / "heading").startswith(f"{file}, line 1: the headings are ")


def test_a_file_saved_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    file = own(data, "forms")
    file.write_bytes(f"\ufeff{HEADINGS['forms']}\r\n\r\nForm 1040,own\r\n".encode())
    assert built(data, tmp_path, "select return_type from ref.forms where spelling = 'Form 1040'") == [
        ("own",)
    ]


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        (
            "labels",
            ["Client,,Moon,,moon,"],
            'line 2: the code "moon" is not in codes.csv. Add it there first.',
        ),
        (
            "codes",
            ["moon,client,moon,,1,Moon,"],
            'line 2: the step "moon" is not in steps.csv. Add it there first.',
        ),
        (
            "codes",
            ["moon,client,,moon,1,Moon,"],
            'line 2: the stage "moon" is not in stages.csv. Add it there first.',
        ),
        ("stages", ["9,m,m,m,M,"], 'line 2: the next_step "m" is not in next_steps.csv. Add it there first.'),
        ("codes", ["moon,client,,,one,Moon,A moon."], "line 2: rank must have the type integer."),
        ("codes", [",client,,,1,Moon,A moon."], "line 2: code is empty."),
        (
            "codes",
            ["sun,client,,,1,Sun,", "moon,moon,,,1,Moon,A moon."],
            "line 3: the rule \"acts in ('client', 'firm', 'platform')\" of queries/ref/codes.sql fails.",
        ),
        (
            "codes",
            ["moon,client,,,,Moon,"],
            'line 2: the rule "rank is not null" of queries/ref/codes.sql fails.',
        ),
        ("labels", ["Client,,,,uploaded,"], "line 2: label is empty."),
        (
            "labels",
            ["Client,,Moon,,,"],
            'line 2: the rule "code is not null" of queries/ref/labels.sql fails.',
        ),
        (
            "labels",
            ["Moon,,Moon,,uploaded,"],
            "line 2: the rule \"tab in ('Client', 'Internal')\" of queries/ref/labels.sql fails.",
        ),
        (
            "labels",
            ["Client,moon,Moon,,uploaded,"],
            'line 2: the rule "recipient is null or '
            "recipient in ('taxpayer', 'spouse', 'cc', 'k1_partner')\""
            " of "
            "queries/ref/labels.sql fails.",
        ),
        (
            "deadlines",
            ["form,moon,13-01,,"],
            "line 2: the rule \"kind <> 'form' or try_cast('2024-' || due as date) is not null\" of "
            "queries/ref/deadlines.sql fails.",
        ),
        ("forms", ["Moon,1040", '"The ""Moon"""', "Moon,1065"], "line 3: 1 cells instead of 2."),
        (
            "forms",
            ['"Two\nlines",1040', "Moon,1040", "Moon,1065"],
            "line 5: the same spelling as in line 4. Keep one of them.",
        ),
        (
            "labels",
            ["Client,,A,,uploaded,", "Client,,A,,delivered,x"],
            "line 3: the same tab, label and status as in line 2. Keep one of them.",
        ),
        ("forms", ['Moon,"1040'], "line 2: not CSV (unexpected end of data)."),
    ],
)
def test_a_wrong_row_is_named_by_file_and_line(
    tmp_path: Path, name: str, lines: list[str], message: str
) -> None:
    data = DataDir(tmp_path / "data")
    file = own(data, name, *lines)
    assert refused(data, tmp_path) == f"{file}, {message}"


def test_a_wrong_file_is_named(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    file = own(data, "forms")
    file.write_text("spelling;return_type\n")
    assert refused(data, tmp_path) == (
        f"{file}, line 1: the headings are spelling;return_type. Expected: spelling, return_type."
    )
    file.write_text("")
    assert refused(data, tmp_path / "empty") == (
        f"{file}, line 1: the headings are missing. Expected: spelling, return_type."
    )
    file.write_bytes(b"spelling,return_type\nCaf\xe9,1040\n")
    assert refused(data, tmp_path / "encoding") == f"{file}: not UTF-8 text. Save the file as CSV UTF-8."
    file.rename(file.with_name("form.csv"))
    assert refused(data, tmp_path / "name") == (
        f"{file.with_name('form.csv')}: no reference file has this name. "
        "There are: codes.csv, deadlines.csv, evidence.csv, forms.csv, labels.csv, next_steps.csv, "
        "stages.csv, steps.csv."
    )
