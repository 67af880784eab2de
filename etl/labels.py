"""Labels tidied and taken apart at their quotes: plain ones in SQL, the others once for each distinct text in Python.

Unicode folding is Python's alone, because engines differ in it; on plain labels the SQL says the same as etl/tidy.py.
"""

import duckdb
import polars as pl

from etl.records import create_table
from etl.tidy import split_quoted, tidied

# Printable ASCII, single blanks, none at the ends: tidying changes nothing.
PLAIN = "not regexp_matches({label}, '[^ -~]|  |^ | $')"


def tidy_labels(database: duckdb.DuckDBPyConnection, label: str, source: str) -> bool:
    """Makes `tidied_labels(label, tidy)` of the labels in a query's source that are not plain; false if all are."""
    odd = database.execute(
        f"select distinct {label} from {source} where {label} is not null and not ({PLAIN.format(label=label)})"
    ).fetchall()
    rows = [(text, tidied(text)) for (text,) in odd]
    create_table(database, "tidied_labels", rows, {"label": pl.String, "tidy": pl.String})
    return bool(odd)


def pattern(tidy: str) -> str:
    """SQL for a tidied label with "..." for what stands between its first and its last quote."""
    return f"""case when {has_quotes(tidy)}
        then {head(tidy)} || '"..."' || {tail(tidy)} else {tidy} end"""


def subject(tidy: str) -> str:
    """SQL for what stands between the first and the last quote of a tidied label, null where there are no two."""
    return f"""case when {has_quotes(tidy)}
        then substr({tidy}, instr({tidy}, '"') + 1, length({tidy}) - length({head(tidy)}) - length({tail(tidy)}) - 2) end"""


def has_quotes(tidy: str) -> str:
    return f"""contains(substr({tidy}, instr({tidy}, '"') + 1), '"') and contains({tidy}, '"')"""


def head(tidy: str) -> str:
    return f"""split_part({tidy}, '"', 1)"""


def tail(tidy: str) -> str:
    return f"""split_part({tidy}, '"', -1)"""
