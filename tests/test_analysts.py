"""The page for analysts: each of its questions is asked of a season, and each has an answer."""

import re

import pytest

from etl.datadir import CHECKOUT, DataDir
from etl.query import query
from etl.warehouse import opened

PAGE = (CHECKOUT / "docs" / "analysts.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"^(\d+)\. (.+?)\n\n```sql\n(.+?)\n```", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_there_are_twenty() -> None:
    assert [int(number) for number, _, _ in QUESTIONS] == list(range(1, 21))
    assert PAGE.count("```sql") == len(QUESTIONS)


@pytest.mark.parametrize(("number", "question", "sql"), QUESTIONS, ids=[number for number, _, _ in QUESTIONS])
def test_a_question_has_an_answer(season: DataDir, number: str, question: str, sql: str) -> None:
    assert question.endswith("?") or question.endswith(")")
    with opened(season.warehouse) as warehouse:
        rows = query(warehouse, sql)
    assert rows.width >= 1
    assert rows.height >= 1
