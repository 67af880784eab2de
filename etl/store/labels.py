"""Labels tidied and taken apart at their quotes: plain ones in SQL, the others once for each distinct text in Python.

Unicode folding is Python's alone, because engines differ in it; of plain labels the SQL says the same as etl/read/tidy.py.
"""

import duckdb
import polars as pl

from etl.common.duck import create_table
from etl.read.tidy import tidied
from etl.store.columns import Columns
from etl.store.survey import Survey

# Not printable ASCII with single blanks and none at the ends, which tidying leaves as it is.
ODD = "regexp_matches(text, '[^ -~]|  |^ | $')"


def tidy_labels(database: duckdb.DuckDBPyConnection, columns: Columns, seen: Survey) -> bool:
    """Makes `tidied_labels(label, tidy)` of the labels, TINs replaced, that tidying changes; false for none."""
    if "label" in columns.constants:
        texts = {columns.constants["label"]}
    else:
        place = columns.places["label"]
        redacted = dict(
            database.execute(f"select text, redacted from redactions where place = {place}").fetchall()
        )
        texts = {redacted.get(text, text) for _, text in seen.texts([place], ODD)}
    rows = [(text, tidy) for text in texts if (tidy := tidied(text)) != text]
    create_table(database, "tidied_labels", rows, {"label": pl.String, "tidy": pl.String})
    return bool(rows)


def pattern(tidy: str) -> str:
    """SQL for a tidied label with "..." for what stands between its first and its last quote."""
    return f"""case when {has_quotes(tidy)} then {head(tidy)} || '"..."' || {tail(tidy)} else {tidy} end"""


def subject(tidy: str) -> str:
    """SQL for what stands between the first and the last quote of a tidied label, null where there are no two."""
    length = f"length({tidy}) - length({head(tidy)}) - length({tail(tidy)}) - 2"
    return f"case when {has_quotes(tidy)} then substr({tidy}, length({head(tidy)}) + 2, {length}) end"


def has_quotes(tidy: str) -> str:
    return f"""contains({tidy}, '"') and contains(substr({tidy}, instr({tidy}, '"') + 1), '"')"""


def head(tidy: str) -> str:
    return f"""split_part({tidy}, '"', 1)"""


def tail(tidy: str) -> str:
    return f"""split_part({tidy}, '"', -1)"""
