"""The layout holds: imports point one way, files and functions stay small, and SQL stands where it is looked for."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PRODUCT = sorted(
    file for place in ("etl", "dashboard") for file in (CHECKOUT / place).rglob("*.py") if file.stat().st_size
) + [CHECKOUT / "app.py"]
TESTS = sorted((CHECKOUT / "tests").rglob("*.py"))
LONGEST_FILE = 350
LONGEST_FUNCTION = 60
LONGEST_LINE = 130
DRAWING = {"streamlit", "plotly", "starlette"}
# What writes the store or the warehouse; a page never does.
WRITERS = {
    "etl.store.load",
    "etl.warehouse.build",
    "etl.store.parts",
    "etl.warehouse.raw",
    "etl.warehouse.publish",
    "etl.cli.verbs",
    "etl.__main__",
    "etl.common.lock",
}
SQL = re.compile(
    r"(?is)\bselect\b.+\bfrom\b|\bfrom \w+\.\w+|\binsert into\b|\bcreate (?:or replace )?(?:temp )?table\b"
)
# SQL that reads or fills the tables of the warehouse, as against what the loader does with a file on its way in.
WAREHOUSE_SQL = re.compile(
    r"(?is)\b(?:from|join|into|table|macro|copy)\s+(?:warehouse\.)?(?:raw|ref|model|mart|report|main)\."
)
# What a number means stands under queries/. These carry the rows in and out, and say what the whole file holds.
TALK_TO_THE_WAREHOUSE = {
    "etl.warehouse.build",
    "etl.warehouse.explore",
    "etl.cli.options",
    "etl.warehouse.raw",
    "etl.access.scope",
    "etl.warehouse.explore",
    "etl.check.labels",
    "etl.upkeep.verify_warehouse",
    "etl.warehouse.ask",
}


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(file: Path) -> set[str]:
    """The modules a file imports anywhere in it, with the names taken from a package as modules where they are."""
    known = {name_of(other) for other in PRODUCT}
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & known
            found |= inner or {node.module}
    return found


def unused_in(file: Path) -> set[str]:
    """The names that a file imports at its top and never says again."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    taken = [
        alias for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names
    ]
    names = {(alias.asname or alias.name).split(".")[0] for alias in taken}
    said = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    # A package hands on what its __all__ lists.
    return names - said - {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}


def roots(modules: set[str]) -> set[str]:
    return {module.split(".")[0] for module in modules}


def test_what_is_imported_is_used() -> None:
    unused = {file.relative_to(CHECKOUT).as_posix(): unused_in(file) for file in (*PRODUCT, *TESTS)}
    assert {name: names for name, names in unused.items() if names} == {}


def test_only_the_dashboard_draws() -> None:
    drawing = {name_of(file) for file in PRODUCT if roots(imports_of(file)) & DRAWING}
    assert {name for name in drawing if name.split(".")[0] == "etl"} == set()


def test_imports_point_from_the_screen_to_the_data() -> None:
    for file in PRODUCT:
        if name_of(file).startswith("etl"):
            assert not roots(imports_of(file)) & {"dashboard", "app"}, file
        elif file.parent != CHECKOUT:
            assert not imports_of(file) & (WRITERS | {"app"}), file
        assert "duckdb" not in imports_of(file) or name_of(file).startswith("etl"), file


def test_no_two_modules_import_each_other() -> None:
    graph = {name_of(file): imports_of(file) for file in PRODUCT}
    order = list(TopologicalSorter(graph).static_order())
    for above, below in (
        ("etl.warehouse.build", "etl.warehouse.ask"),
        ("etl.store.load", "etl.warehouse.build"),
        ("etl.reports.files", "etl.warehouse.build"),
    ):
        assert below not in everything_behind(above, graph)
    assert order.index("etl.warehouse.ask") < order.index("etl.reports.files")


def everything_behind(module: str, graph: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    wanted = [module]
    while wanted:
        for name in graph.get(wanted.pop(), set()) - found:
            found.add(name)
            wanted.append(name)
    return found


@pytest.mark.parametrize(
    ("imported", "absent"),
    [
        (
            "etl.store.load, etl.warehouse.build, etl.reports.files, etl.warehouse.explore, etl.warehouse.explore",
            ("streamlit", "plotly"),
        ),
        ("etl.__main__", ("duckdb", "polars", "streamlit", "plotly")),
    ],
)
def test_a_process_loads_only_what_it_needs(imported: str, absent: tuple[str, ...]) -> None:
    program = f"import sys; import {imported}; print(sorted(set({absent}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("file", PRODUCT + TESTS, ids=lambda file: str(file.relative_to(CHECKOUT)))
def test_a_file_says_what_it_is_and_stays_small(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    lines = text.splitlines()
    assert ast.get_docstring(tree), "no sentence at the top"
    if file in PRODUCT:
        assert [number for number, line in enumerate(lines, start=1) if len(line) > LONGEST_LINE] == []
        assert len(lines) <= LONGEST_FILE
        functions = [
            node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        assert [one.name for one in functions if one.end_lineno - one.lineno >= LONGEST_FUNCTION] == []
        assert [one.name for one in functions if one.returns is None] == []
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


def test_what_a_number_means_stands_under_queries() -> None:
    assert {name_of(file) for file in PRODUCT if says(file, WAREHOUSE_SQL)} == TALK_TO_THE_WAREHOUSE


def test_the_dashboard_has_no_sql() -> None:
    assert [
        name_of(file) for file in PRODUCT if not name_of(file).startswith("etl") and says(file, SQL)
    ] == []


def says(file: Path, words: re.Pattern[str]) -> bool:
    """Some text of the file that is no docstring has these words; what an f-string fills in is an x."""
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
