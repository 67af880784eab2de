"""The style of the SQL files: all of queries/ keeps the rules, and each rule refuses what breaks it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from etl.common.paths import QUERIES
from etl.sql.file import select_columns, split_comment
from etl.sql.parse import nodes, parse

# What holds today. Literals do not count; a meaning is beside its column, so a line with one may be longer.
LONGEST_CODE = 126
LONGEST_LINE = 167
FILES = sorted(QUERIES.rglob("*.sql"))
Rule = Callable[[Path, str], Iterator[str]]


def code_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of code with their numbers, without comments, literals and quoted names."""
    for number, line in enumerate(text.split("\n"), start=1):
        code, _ = split_comment(line)
        if code.strip():
            yield number, re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"", "_", code)


def is_select(file: Path) -> bool:
    """Whether a file is one select; the others create functions or empty tables."""
    return file.relative_to(QUERIES).parts[0] in ("model", "mart", "report")


def has_clean_lines(file: Path, text: str) -> Iterator[str]:
    for number, line in enumerate(text.split("\n"), start=1):
        if "\t" in line:
            yield f"line {number}: a tab"
        if line != line.rstrip():
            yield f"line {number}: blanks at the end"
        if len(line) > LONGEST_LINE:
            yield f"line {number}: {len(line)} columns"
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield "the file does not end with one line end"


def has_short_code(file: Path, text: str) -> Iterator[str]:
    for number, line in code_lines(text):
        if len(line) > LONGEST_CODE:
            yield f"line {number}: {len(line)} columns"


def is_indented_by_four(file: Path, text: str) -> Iterator[str]:
    for number, line in code_lines(text):
        if (len(line) - len(line.lstrip())) % 4:
            yield f"line {number}: the indent is no multiple of four"


def is_lower_case(file: Path, text: str) -> Iterator[str]:
    for number, line in code_lines(text):
        if match := re.search(r"\b\w*[A-Z]\w*", line):
            yield f"line {number}: {match[0]} is not in lower case"


def has_commas_at_line_ends(file: Path, text: str) -> Iterator[str]:
    for number, line in code_lines(text):
        if line.lstrip().startswith(","):
            yield f"line {number}: a comma at the start"


def names_what_it_groups(file: Path, text: str) -> Iterator[str]:
    code = list(code_lines(text))
    for match in re.finditer(r"\b(?:group|order)\s+by\s+(?:\d|all\b)", "\n".join(line for _, line in code)):
        yield f"{' '.join(match[0].split())}: name the columns"


def documents_one_column_a_line(file: Path, text: str) -> Iterator[str]:
    """The last select has as many documented lines as columns, and no star."""
    if is_select(file):
        last = parse(text, file.name)["statements"][0]["node"]
        while last["type"] == "SET_OPERATION_NODE":
            last = last.get("right") or last["children"][-1]
        selected, documented = last["select_list"], select_columns(text.splitlines(), file.name)
        if any(column["class"] == "STAR" for column in selected):
            yield "the last select has a star"
        elif len(selected) != len(documented):
            yield f"{len(selected)} columns on {len(documented)} lines"


def places_nulls(file: Path, text: str) -> Iterator[str]:
    """Engines put nulls at different ends of a window."""
    if file.relative_to(QUERIES).parts[0] in ("model", "mart"):
        for node in nodes(parse(text, file.name)):
            orders = node["orders"] if node.get("class") == "WINDOW" else []
            if any(order["null_order"] == "ORDER_DEFAULT" for order in orders):
                yield f"{node['function_name']} over a window without nulls first or nulls last"


RULES: list[Rule] = [
    has_clean_lines,
    has_short_code,
    is_indented_by_four,
    is_lower_case,
    has_commas_at_line_ends,
    names_what_it_groups,
    documents_one_column_a_line,
    places_nulls,
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(QUERIES).as_posix())
def test_a_file_keeps_the_style(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert [f"{rule.__name__}: {fault}" for rule in RULES for fault in rule(file, text)] == []


GOOD = """\
-- One row per return. The word 'SELECT' and  a comma may be in a comment.
select
    firm_id,    -- The firm.
    row_number() over (
        partition by firm_id
        order by return_id nulls last
    ) as place, -- The place, GROUP BY 1 in a comment.
    'A text, in Capitals' as text -- A text.
from model.events
"""
BROKEN: dict[str, tuple[Rule, str]] = {
    "a tab": (has_clean_lines, GOOD.replace("    firm_id,", "\tfirm_id,")),
    "blanks at the end": (has_clean_lines, GOOD.replace("select\n", "select \n")),
    "no line end": (has_clean_lines, GOOD.rstrip()),
    "a long line": (has_clean_lines, GOOD.replace("-- The firm.", "-- The firm." + "x" * LONGEST_LINE)),
    "long code": (
        has_short_code,
        GOOD.replace("from model.events", "from model.events where " + "x" * LONGEST_CODE),
    ),
    "an indent of two": (is_indented_by_four, GOOD.replace("        partition", "      partition")),
    "a keyword in capitals": (is_lower_case, GOOD.replace("\nfrom ", "\nFROM ")),
    "a name in capitals": (is_lower_case, GOOD.replace("as place", "as Place")),
    "a comma at the start": (
        has_commas_at_line_ends,
        GOOD.replace("-- The firm.\n", "-- The firm.\n    , office\n"),
    ),
    "a group by number": (names_what_it_groups, f"{GOOD}group by 1\n"),
    "a group by all": (names_what_it_groups, f"{GOOD}group by\n    all\n"),
    "an order by number": (names_what_it_groups, f"{GOOD}order by 2\n"),
    "two columns on a line": (
        documents_one_column_a_line,
        GOOD.replace("    firm_id,", "    firm_id, office,"),
    ),
    "a star": (documents_one_column_a_line, GOOD.replace("    firm_id,    -- The firm.\n", "    *,\n")),
    "a star in a union": (documents_one_column_a_line, f"{GOOD}union all\nselect *\nfrom model.turns\n"),
    "a window without nulls last": (places_nulls, GOOD.replace(" nulls last", "")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_rule_refuses_what_breaks_it(name: str) -> None:
    rule, text = BROKEN[name]
    file = QUERIES / "mart" / "example.sql"
    assert text != GOOD
    assert [fault for one in RULES for fault in one(file, GOOD)] == []
    assert list(rule(file, text)) != []
