"""Adds columns to what is staged: texts of several columns joined, and values from the name of the file.

Their headings are our own names, and they are columns like all others, so that later steps treat them alike.
"""

from collections.abc import Mapping
from dataclasses import replace

from duckdb import DuckDBPyConnection

from etl.common.duck import literal
from etl.common.problem import Problem
from etl.config.source import Source, columns_of, joined_places
from etl.read.records import Staged


def add_columns(
    database: DuckDBPyConnection | None, staged: Staged, source: Source, values: Mapping[str, str]
) -> Staged:
    """Adds the columns whose headings are joined, and the `values` of columns that the file does not have."""
    joined = joined_places(source, staged.headings)
    own = columns_of(source, staged.headings)
    given = {column: value for column, value in values.items() if column not in own}
    if not (joined or given):
        return staged
    if staged.records:
        width = len(staged.headings)
        for number, row in enumerate(staged.records.rows):
            texts = [*row, *[None] * (width - len(row))]
            joins = [" ".join(filter(None, (texts[place] for place in places))) for places in joined.values()]
            staged.records.rows[number] = [*texts, *joins, *given.values()]
    elif database:
        joins = [
            f"nullif(concat_ws(' ', {', '.join(f'c{place}' for place in places)}), '')"
            for places in joined.values()
        ]
        texts = [*joins, *map(literal, given.values())]
        listed = "".join(f", {text} as c{place}" for place, text in enumerate(texts, len(staged.headings)))
        database.execute(f"""
            alter view staged rename to staged_as_read;
            create view staged as select *{listed} from staged_as_read
        """)
    return replace(staged, headings=[*staged.headings, *joined, *given], added=given)


def refuse_given(staged: Staged, given: Mapping[str, str]) -> None:
    """Refuses what a person gave for a column that the file has: it would be lost."""
    for column in given:
        if column not in staged.added:
            raise Problem(f"the file has a column for {column}; leave --set {column} out.")
