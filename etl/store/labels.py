"""Normalizes labels and splits them at their quotes: plain ones in SQL, the others in Python.

Unicode is folded only in Python, because engines differ in it; the SQL must agree with etl/read/tidy.py.
"""

import polars as pl

from etl.common.duck import create_table
from etl.read.tidy import tidied
from etl.store.survey import Survey

# Not printable ASCII with single blanks and none at the ends, which normalizing does not change.
NOT_PLAIN = "regexp_matches(text, '[^ -~]|  |^ | $')"


def tidy_labels(survey: Survey) -> bool:
    """Makes `tidied_labels(label, tidy)` of the redacted labels that normalizing changes; false for none."""
    if "label" in survey.columns.constants:
        texts = {survey.columns.constants["label"]}
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
    return f"""case when {has_quotes(tidy)} then {head(tidy)} || '"..."' || {tail(tidy)} else {tidy} end"""


def subject(tidy: str) -> str:
    """SQL for the text between the first and the last quote of a tidied label, null without two."""
    length = f"length({tidy}) - length({head(tidy)}) - length({tail(tidy)}) - 2"
    return f"case when {has_quotes(tidy)} then substr({tidy}, length({head(tidy)}) + 2, {length}) end"


def has_quotes(tidy: str) -> str:
    return f"""contains({tidy}, '"') and contains(substr({tidy}, instr({tidy}, '"') + 1), '"')"""


def head(tidy: str) -> str:
    return f"""split_part({tidy}, '"', 1)"""


def tail(tidy: str) -> str:
    return f"""split_part({tidy}, '"', -1)"""
