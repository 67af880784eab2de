"""Refuses a file with several tables, each of another return or tab, if no column says of which a record is.

That is then in the titles of the tables. With an id or a tab from the name of the file or from settings, the
records of all tables would be of one return or tab.
"""

import re
from dataclasses import replace

from duckdb import DuckDBPyConnection

from etl.common.duck import literal
from etl.common.problem import Problem
from etl.config.source import Source, column_of, columns_of
from etl.read.csv_dialect import ID, named_in, said_by
from etl.read.dialog import is_stamp, is_status
from etl.read.dialog_text import is_known
from etl.read.dialog_times import DATELESS, TIME, day_of, is_clock, is_dateless
from etl.read.records import Staged

TIMES = ("event_time", "exported_at")
CAPTION = re.compile(r"(?:client|internal|user)(?: tracking)?", re.IGNORECASE)
# What rows of texts, with tabs between them, may begin with or name: Tab: Internal, Return: 2025-0001, Jones:
TAB = re.compile(r"\W*(?:tab\W+|user tracking\W+)*(client|internal)\b|user(?: tracking)?$", re.IGNORECASE)
NUMBER = r"(?:tax )?return(?: (?:id|number|no\.?))?[:\s]+\S*\d\S*(?:\t|$)"
RETURN = re.compile(rf"(?:^|\t)(?:[^\t]*:\t|client: |{NUMBER})", re.IGNORECASE)
# A tab with the time of the report, and an id under the heading of the time.
TIMED_CAPTION = r"(?i)^\W*(?:client|internal) tracking\W*\t"
ID_IN_TIME = r"[A-Za-z]{1,2}[-_.]?\d\S*|\d{4}-\d{3,}"
SEVERAL = (
    "is the title of another table, and no column says which {column} a record is of. "
    "Put each {column} into a file or a sheet of its own, or add a column with its {word}."
)


def refuse_several_tables(database: DuckDBPyConnection | None, staged: Staged, source: Source) -> Staged:
    """Refuses staged records of several tables that only their titles tell apart.

    What a title above the first event names is added to what the file says, which is compared later.
    """
    own = columns_of(source, staged.headings)
    has = {name for name in own if name not in source.constants}
    given = {"return_id", "tab"}.intersection(source.required) - has if own else set[str]()
    if not given:
        return staged
    if database:
        texts = lone_texts(database, own)
        titles = [named_by(row.split("\t"), source) for _, row, _, is_first in texts if is_first]
        refuse_titles(texts, given, source)
        said = {name: {*staged.said.get(name, ()), *found} for name, found in said_by(titles).items()}
        return replace(staged, said={**staged.said, **said})
    if staged.records:
        reasons = {reason for _, reason, _ in staged.records.malformed}
        is_unsure = not reasons.isdisjoint(("repeated_headings", "wrong_field_count"))
        for text in ("\t".join(filter(None, row)) for row in staged.records.rows):
            is_unsure |= "\t" not in text or ("tab" in given and TAB.match(text) is not None)
            is_unsure |= RETURN.search(text) is not None
            is_unsure |= text.count("\t") == 1 and bool(named_by(text.split("\t"), source))
        if is_unsure:
            raise Problem("it may have several tables, and is read with a database only.")
    return staged


def refuse_titles(texts: list[tuple[int, str, bool, bool]], given: set[str], source: Source) -> None:
    """Refuses texts between events that name a tab or a return, and lone ones that are no day or tab."""
    for row_no, row, is_above_headings, is_first in texts:
        cells = row.split("\t")
        named = named_by(cells, source)
        if is_stamp(cells[0]) or (is_first and (named or not re.search(r"\d{3}", row))):
            continue
        text = " ".join(row.split())
        is_caption = CAPTION.fullmatch(text)
        is_time = day_of(text) or is_clock(text) or TIME.fullmatch(text)
        is_return = RETURN.search(row) or ("\t" not in row and not (is_caption or is_time))
        if "tab" in given and TAB.match(text):
            raise Problem(f"record {row_no} {SEVERAL.format(column='tab', word='name')}")
        if "return_id" in given and is_dateless(row):
            raise Problem(f"record {row_no} {DATELESS}")
        if "return_id" in given and (is_above_headings or is_return or "return_id" in named):
            raise Problem(f"record {row_no} {SEVERAL.format(column='return', word='id')}")


def named_by(cells: list[str], source: Source) -> dict[str, str]:
    """The tab or the return that a row without a time names: as a title does, or beside one other text."""
    if named := named_in(cells, source):
        return named
    # Client: Jones names no tab.
    if column_of(source, cells[0]) not in (None, "tab") or any(
        is_status(cell) or is_known(cell) for cell in cells
    ):
        return {}
    if (tab := TAB.match("\t".join(cells))) and tab[1]:
        return {"tab": tab[1]}
    ids = [cell for cell in cells if ID.fullmatch(cell) and not (day_of(cell) or re.search("[:@]", cell))]
    return {"return_id": ids[0]} if len(cells) == 2 and len(ids) == 1 else {}


def lone_texts(database: DuckDBPyConnection, own: list[str | None]) -> list[tuple[int, str, bool, bool]]:
    """What may be titles: records above headings that come again, and what is no event above the last event.

    With each, whether it is above headings, and whether it is above the first event.
    """
    names = [f"c{place}" for place in range(len(own))]
    times = [name for name, column in zip(names, own, strict=True) if column in TIMES]
    timed = f"concat_ws(' ', {', '.join(['null', *times])})"
    return database.execute(f"""
        with read as (
            select
                row_no, concat_ws('\t', {", ".join(names)}) as text,
                -- A title may have its value, or the time of the report, under the heading of the time.
                contains(text, '\t') and not contains(text, ':\t')
                and regexp_matches({timed}, '[0-9]') and not regexp_full_match({timed}, {literal(ID_IN_TIME)})
                and not regexp_matches(text, {literal(TIMED_CAPTION)}) as is_event,
                regexp_full_match({timed}, '[0-9]{{5}}(\\.[0-9]+)?') as is_day_number
            from staged
            union all
            -- A title in a file of text may have no delimiters.
            select
                row_no, regexp_replace(record, '[;|]|,([^ ])', '\t\\1', 'g'),
                regexp_matches(record, '[0-9]:[0-9]'), false
            from malformed where reason = 'wrong_field_count'
        )
        select read.row_no, text, true, false from malformed
        asof join (from read where text <> '') as read on malformed.row_no > read.row_no
        where reason = 'repeated_headings' and not is_event
        union all
        select row_no, text, false, row_no < first from read
        join (select min(row_no) as first, max(row_no) as last from read where is_event) on row_no < last
        where text <> '' and not is_event and not is_day_number
        order by all
    """).fetchall()
