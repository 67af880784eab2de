"""The layout of the code: imports go down, files and functions stay small, and SQL is in its place."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
CODE = sorted(file for folder in ("etl", "dashboard") for file in (CHECKOUT / folder).rglob("*.py"))
PACKAGES = [file.parent for file in CODE if file.name == "__init__.py"]
PRODUCT = [CHECKOUT / "app.py", *CODE]
TESTS = sorted((CHECKOUT / "tests").rglob("*.py"))
LONGEST_FILE = 350
LONGEST_FUNCTION = 60
# etl/ as a whole. Whoever needs more lines looks for the library or the simpler idea first. 1,100 of these
# are for parts of two versions, builds that start from the last warehouse, and small files in batches; 3,300
# for the ways in which offices get their logs: sheets, names, titles, dialogs, nested JSON, zones, web hooks;
# 2,000 for what two reviews of the protection found missing; 30 for lists that SQL sorts, searches and pages.
MOST_LINES = 20_580
SQL = re.compile(
    r"(?is)\bselect\b.+\bfrom\b|\bfrom \w+\.\w+|\binsert into\b|\bcreate (?:or replace )?(?:temp )?table\b"
)
# SQL that reads or fills the tables of the warehouse, unlike what the loader does with a file on its way in.
WAREHOUSE_SQL = re.compile(
    r"(?is)\b(?:from|join|into|table|macro|copy)\s+(?:warehouse\.)?(?:raw|ref|model|mart|report|main)\."
)
# What a number means is in queries/. These modules carry rows in and out, and describe the whole file.
TALK_TO_THE_WAREHOUSE = {
    "etl.access.scope",
    "etl.check.describe",
    "etl.upkeep.verify_warehouse",
    "etl.warehouse.ask",
    "etl.warehouse.build",
    "etl.warehouse.explore",
    "etl.warehouse.last",
    "etl.warehouse.raw",
    "etl.warehouse.touched",
}


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says of a folder with the rules of its pyproject.toml."""
    program = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", program, "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)


def test_imports_follow_the_rules_of_pyproject() -> None:
    done = lint_imports(CHECKOUT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("etl/common/paths.py", "from etl.store import parts"),
        ("etl/reports/mail.py", "import streamlit"),
        ("etl/read/stage.py", "from etl.warehouse import build"),
        ("dashboard/data.py", "from etl.store import parts"),
        ("dashboard/data.py", "import duckdb"),
    ],
)
def test_an_import_against_the_rules_is_seen(tmp_path: Path, file: str, line: str) -> None:
    for folder in ("etl", "dashboard"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    with open(tmp_path / file, "a", encoding="utf-8") as module:
        module.write(f"\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1 and "BROKEN" in done.stdout


@pytest.mark.parametrize(
    ("imported", "absent"),
    [
        (
            "etl.store.load, etl.warehouse.build, etl.reports.files, etl.warehouse.explore",
            ("streamlit", "plotly"),
        ),
        ("etl.__main__", ("duckdb", "polars", "pyarrow", "streamlit", "plotly")),
    ],
)
def test_a_process_loads_only_what_it_needs(imported: str, absent: tuple[str, ...]) -> None:
    program = f"import sys; import {imported}; print(sorted(set({absent}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda folder: str(folder.relative_to(CHECKOUT)))
def test_a_package_says_what_it_is_for(folder: Path) -> None:
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    assert text and len(text.split()) >= 12, (
        "one paragraph: what it is for, what it may import, where to enter"
    )


def test_etl_stays_within_its_lines() -> None:
    """`etl/` as a whole; the figure is printed by `pytest -rP`."""
    lines = sum(
        len(file.read_text(encoding="utf-8").splitlines()) for file in (CHECKOUT / "etl").rglob("*.py")
    )
    print(f"etl/ has {lines} lines, and may have {MOST_LINES}")
    assert lines <= MOST_LINES


@pytest.mark.parametrize("file", PRODUCT + TESTS, ids=lambda file: str(file.relative_to(CHECKOUT)))
def test_a_file_says_what_it_is_and_stays_small(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "no sentence at the top"
    if file in PRODUCT:
        assert len(text.splitlines()) <= LONGEST_FILE
        functions = [
            node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        assert [one.name for one in functions if (one.end_lineno or 0) - one.lineno >= LONGEST_FUNCTION] == []
        handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
        assert [
            one.lineno for one in handlers if one.type is None or ast.unparse(one.type) == "Exception"
        ] == []


@pytest.mark.parametrize(
    "file",
    sorted((CHECKOUT / "queries").rglob("*.sql")),
    ids=lambda file: str(file.relative_to(CHECKOUT / "queries")),
)
def test_a_query_stays_small(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[0].startswith("-- ")
    # DuckDB 1.5 opens the file too and has no function of this name.
    assert not re.search(r"\bif\(", text)
    assert len(lines) <= LONGEST_FILE


def test_what_a_number_means_is_under_queries() -> None:
    assert {name_of(file) for file in PRODUCT if says(file, WAREHOUSE_SQL)} == TALK_TO_THE_WAREHOUSE


def test_the_dashboard_has_no_sql() -> None:
    assert [
        name_of(file) for file in PRODUCT if not name_of(file).startswith("etl") and says(file, SQL)
    ] == []


def says(file: Path, words: re.Pattern[str]) -> bool:
    """Some text of the file, not a docstring, matches; what an f-string fills in is an x."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    silent: set[ast.AST] = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, documented) and isinstance(node.body[0], ast.Expr)
    }
    texts = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            texts.append(
                "".join(part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
            )
            silent |= set(node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in silent:
            texts.append(node.value)
    return any(words.search(text) for text in texts)
