"""The pages for analysts: each question is asked of a season and has the columns shown; all names exist."""

import re

import pytest

from etl.common.paths import CHECKOUT, DataDir
from etl.sql.catalog import read_catalog
from etl.warehouse.ask import open_warehouse
from etl.warehouse.explore import query

PAGE = (CHECKOUT / "docs" / "analysts.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(
    r"^(\d+)\. (.+?)\n\n```sql\n(.+?)\n```\n\n(.+?)\n\n", PAGE, flags=re.MULTILINE | re.DOTALL
)
# The columns of each answer, which people build on: a line a question.
SHAPES = (CHECKOUT / "tests" / "analysts.txt").read_text(encoding="utf-8").splitlines()


def test_there_are_twenty() -> None:
    assert [int(number) for number, *_ in QUESTIONS] == list(range(1, 21)) == list(range(1, len(SHAPES) + 1))
    assert PAGE.count("```sql") == len(QUESTIONS)


@pytest.mark.parametrize(
    ("number", "question", "sql", "sentence"), QUESTIONS, ids=[number for number, *_ in QUESTIONS]
)
def test_a_question_has_an_answer(
    season: DataDir, number: str, question: str, sql: str, sentence: str
) -> None:
    assert question.endswith("?")
    assert re.fullmatch(r"One row.*\.", sentence)
    with open_warehouse(season.warehouse) as warehouse:
        rows = query(warehouse, sql)
    shape = ", ".join(f"{name} {kind.base_type()}" for name, kind in rows.schema.items())
    assert f"{number}: {shape}" == SHAPES[int(number) - 1]
    assert rows.height == 1 if sentence.startswith(("One row;", "One row:")) else rows.height >= 1


def test_a_change_of_meaning_names_a_column_that_there_is() -> None:
    page = (CHECKOUT / "docs" / "meanings.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| [\d.]+ \| `(\w+\.\w+)\.(\w+)` \| \S.* \| \S.* \|$", page, flags=re.MULTILINE)
    assert len(named) == len(re.findall(r"^\| \d", page, flags=re.MULTILINE)) > 0
    files = read_catalog().files
    assert [name for name, column in named if column not in {one.name for one in files[name].columns}] == []
