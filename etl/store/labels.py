"""Normalizes labels and splits them at their quotes: plain labels in SQL, the others in Python.

Unicode is folded only in Python, because engines differ in it; the SQL must agree with etl/read/tidy.py.
"""

import polars as pl

from etl.common.duck import create_table
from etl.read.tidy import tidied
from etl.store.survey import Survey

# Normalizing changes no printable ASCII with single blanks inside and none at the ends; this finds the rest.
NOT_PLAIN = "regexp_matches(text, '[^ -~]|  |^ | $')"


def tidy_labels(survey: Survey) -> bool:
    """Makes `tidied_labels(label, tidy)` of the redacted labels that normalizing changes; False if none."""
    constants = survey.columns.source.constants
    if "label" in constants:
        texts = {constants["label"]}
    else:
        place = survey.columns.places["label"]
        query = f"select text, redacted from redactions where place = {place}"
        redacted = dict(survey.database.execute(query).fetchall())
        texts = {redacted.get(text, text) for _, text in survey.texts([place], NOT_PLAIN)}
    rows = [(text, tidy) for text in texts if (tidy := tidied(text)) != text]
    create_table(survey.database, "tidied_labels", rows, {"label": pl.String, "tidy": pl.String})
    return bool(rows)


def pattern(tidy: str) -> str:
    """SQL for a tidied label with "..." for the text between its first and its last quote."""
    head, tail, has_quotes = quote_parts(tidy)
    return f"""case when {has_quotes} then {head} || '"..."' || {tail} else {tidy} end"""


def subject(tidy: str) -> str:
    """SQL for the text between the first and the last quote of a tidied label, null without two quotes."""
    head, tail, has_quotes = quote_parts(tidy)
    length = f"length({tidy}) - length({head}) - length({tail}) - 2"
    return f"case when {has_quotes} then substr({tidy}, length({head}) + 2, {length}) end"


def quote_parts(tidy: str) -> tuple[str, str, str]:
    """SQL for the text before the first quote, the text after the last, and whether there are two quotes."""
    has_quotes = f"""contains({tidy}, '"') and contains(substr({tidy}, instr({tidy}, '"') + 1), '"')"""
    return f"""split_part({tidy}, '"', 1)""", f"""split_part({tidy}, '"', -1)""", has_quotes
