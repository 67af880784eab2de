"""Refuses a file with several tables, each of another return or tab, if no column says of which a record is.

A row without a readable time is a title if it stands alone, if its first cell is a heading such as Return ID,
if a cell of its own, other than the user, may be an id, or if it has another text under the time and no user.
All others are events whose time is missing, and only they are quarantined: a label and a user alone are
what such an event has, although Bo Kim,Austin may also be a title.
"""

import re
from dataclasses import dataclass, replace

from duckdb import DuckDBPyConnection

from etl.common.duck import literal
from etl.common.problem import Problem
from etl.config.source import Source, column_of, columns_of
from etl.read.csv_dialect import is_id, named_in_title, said_by
from etl.read.dialog import is_stamp, is_status
from etl.read.dialog_text import is_known
from etl.read.dialog_times import DAY_WORD, MONTH_WORD, NEAR, TIME, day_of, is_clock, unread_day
from etl.read.records import Staged

TIMES = ("event_time", "exported_at")
CAPTION = re.compile(r"(?:client|internal|user)(?: tracking)?", re.IGNORECASE)
# What rows of texts, with tabs between them, may begin with or name: --- Internal ---, Jones:
TAB = re.compile(r"(?i)\W*(client|internal)(?: tracking\b[^\t]*)?[\d\W]*(?:\t|$)|user(?: tracking)?$")
RETURN = re.compile(r"(?:^|\t)(?:[^\t]*:\t|client: )", re.IGNORECASE)
# A tab with the time of the report, and a value or other titles beside their names.
TITLE = r"(?i)^\W*(?:client|internal) tracking\W*\t|:\t"
# What is under the time of an event: a day, a clock, or a number of seconds or of days from 2000 to 2100.
DAY_NUMBER = r"(?:3[6-9]|[4-6]\d|7[0-3])\d{3}(?:\.\d+)?"
TIME_LIKE = (
    r"(?i)\d:\d\d|\d ?[ap]\.?m\b|(?:^|[^\w-])(?:\d{1,2}[-/.]\d{1,2}[-/.](?:\d\d|\d{4})"
    r"|\d{4}[-/.]\d{1,2}[-/.]\d{1,2})(?:$|[^\w-]|T)|(?:^|\D)(?:\d{10}|\d{12,14})(?:$|\D)"
    rf"|^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(?:$|\D)|^{DAY_NUMBER}$"
    rf"|\b{MONTH_WORD}\b.{NEAR}\d|\d[ -]?{MONTH_WORD}"
)
# What is written in place of a time.
NO_TIME = re.compile(r"\W*|n/?a\b.*|(?:none|null|nil|tbd|tba|unknown|pending|missing)\b.*", re.IGNORECASE)
SEVERAL = (
    "is the title of another table, and no column says which {column} a record is of. "
    "Put each {column} into a file or a sheet of its own, or add a column with its {word}."
)


@dataclass(frozen=True)
class Row:
    """The texts of a row without a time, each with our column, and where it is."""

    number: int
    cells: list[str]
    columns: list[str | None]
    # Whether it has a text in the first column, and is above headings that come again, or the first event.
    is_at_start: bool
    is_above_headings: bool = False
    is_first: bool = False

    @property
    def text(self) -> str:
        return "\t".join(self.cells)

    def under(self, *columns: str) -> list[str]:
        return [text for text, column in zip(self.cells, self.columns, strict=True) if column in columns]

    @property
    def is_event(self) -> bool:
        """Whether it has a word of an event."""
        return any(is_status(cell) or is_known(cell) for cell in self.cells)

    @property
    def ids(self) -> list[str]:
        """What may be ids: one in a column of notes or of addresses is none."""
        first = [] if self.columns[0] in ("actor", "label", *TIMES) else self.cells[:1]
        return list(filter(is_id, first + self.under("label", *TIMES)))


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
        rows = rows_without_time(database, own, source)
        titles = [named_by(row, source) for row in rows if row.is_first]
        refuse_titles(rows, given, source)
        said = {name: {*staged.said.get(name, ()), *found} for name, found in said_by(titles).items()}
        return replace(staged, said={**staged.said, **said})
    if staged.records:
        reasons = {reason for _, reason, _ in staged.records.malformed}
        is_unsure = not reasons.isdisjoint(("repeated_headings", "wrong_field_count"))
        title, times = title_pattern(source), [no for no, name in enumerate(own) if name in TIMES]
        for texts in staged.records.rows:
            time = " ".join(texts[place] or "" for place in times if place < len(texts))
            if not re.search(TIME_LIKE, time.strip()) or re.search(title, "\t".join(filter(None, texts))):
                for row in row_of(0, [*texts, *[None] * (len(own) - len(texts))], own):
                    is_named = named_by(row, source) or TAB.match(row.text)
                    is_unsure |= bool(is_named or is_title(row, source))
        if is_unsure:
            raise Problem("it may have several tables, and is read with a database only.")
    return staged


def refuse_titles(rows: list[Row], given: set[str], source: Source) -> None:
    """Refuses rows between events that name a tab or a return, and lone texts that are no day or tab."""
    for row in rows:
        named = named_by(row, source)
        has_id = any(is_id(word) and re.search(r"\d{3}", word) for word in row.text.split())
        if is_stamp(row.cells[0]) or (row.is_first and (named or not has_id)):
            continue
        if "tab" in given and ("tab" in named or TAB.match(row.text)):
            raise Problem(f"record {row.number} {SEVERAL.format(column='tab', word='name')}")
        is_other = row.is_above_headings or "return_id" in named or is_title(row, source)
        if "return_id" in given and is_other:
            fault = None if row.is_above_headings else unread_day(" ".join(row.text.split()))
            raise Problem(f"record {row.number} {fault or SEVERAL.format(column='return', word='id')}")


def is_title(row: Row, source: Source) -> bool:
    """Whether a row may be the title of rows of another return, whose id it may not name."""
    if RETURN.search(row.text):
        return True
    if len(row.cells) == 1:
        text = " ".join(row.text.split())
        is_time = day_of(text) or is_clock(text) or TIME.fullmatch(text)
        # One under the user or the notes belongs to the event above or below.
        may_be = row.is_at_start or row.columns[0] in ("label", *TIMES)
        return may_be and not (CAPTION.fullmatch(text) or is_time)
    names = ("return_id", "client_id", "client_name")
    is_heading = row.columns[0] != "tab" and column_of(source, row.cells[0]) in names
    # A name or a number is under the time, and nobody under the user.
    time = " ".join(row.under(*TIMES))
    is_other = re.match("[A-Z0-9]", time) and not (NO_TIME.fullmatch(time) or DAY_WORD.search(time))
    is_other = is_other and not any(re.search(r"[^\W\d]", user) for user in row.under("actor"))
    return not row.is_event and bool(is_heading or is_other)


def named_by(row: Row, source: Source) -> dict[str, str]:
    """The tab or the return that a row without a time names: as a title does, or as an id beside others."""
    if named := named_in_title(row.cells, source):
        return named
    # Client: Jones names no tab.
    if column_of(source, row.cells[0]) not in (None, "tab") or row.is_event:
        return {}
    if (tab := TAB.match(row.text)) and tab[1]:
        return {"tab": tab[1]}
    return {"return_id": row.ids[0]} if len(row.cells) > 1 and len(row.ids) == 1 else {}


def title_pattern(source: Source) -> str:
    """What no event has, also if a number is under the time: a heading of ids, with no clock behind it."""
    own = source.spellings.items()
    names = "|".join(re.escape(text) for text, column in own if column in ("return_id", "client_id"))
    return rf"{TITLE}|^(?:{names})\W*\t[^:]*$"


def rows_without_time(database: DuckDBPyConnection, own: list[str | None], source: Source) -> list[Row]:
    """What may be titles: records above headings that come again, and no events above the last event."""
    names = [f"c{place}" for place in range(len(own))]
    times = [name for name, column in zip(names, own, strict=True) if column in TIMES]
    timed = f"concat_ws(' ', {', '.join(['null', *times])})"
    found = database.execute(f"""
        with read as (
            select
                row_no, concat_ws('\t', {", ".join(names)}) as text,
                regexp_matches(trim({timed}), {literal(TIME_LIKE)}) and contains(text, '\t')
                and not regexp_matches(text, {literal(title_pattern(source))}) as is_event,
                regexp_full_match({timed}, {literal(DAY_NUMBER)}) and not contains(text, '\t')
                as is_day_number,
                case when not is_event then [{", ".join(names)}] end as cells
            from staged
            union all
            -- A title in a file of text may have no delimiters.
            select
                row_no, regexp_replace(rtrim(record, ',;|'), '[;|]|,([^ ])', '\t\\1', 'g') as text,
                regexp_matches(record, '[0-9]:[0-9]'), false, string_split(text, '\t')
            from malformed where reason = 'wrong_field_count'
        )
        select read.row_no, text, cells, true, false from malformed
        asof join (from read where text <> '') as read on malformed.row_no > read.row_no
        where reason = 'repeated_headings' and not is_event
        union all
        select row_no, text, cells, false, row_no < first from read
        join (select min(row_no) as first, max(row_no) as last from read where is_event) on row_no < last
        where text <> '' and not is_event and not is_day_number
        order by all
    """).fetchall()
    return [row for number, _, cells, *place in found for row in row_of(number, cells, own, *place)]


def row_of(number: int, texts: list[str | None], own: list[str | None], *place: bool) -> list[Row]:
    """The row of texts, if it has any. With other fields than headings, each of two texts may be an id."""
    if len(texts) != len(own):
        own = ["label" if len(texts) == 2 else None] * len(texts)
    pairs = [(text, column) for text, column in zip(texts, own, strict=True) if text]
    cells, columns = [text for text, _ in pairs], [column for _, column in pairs]
    return [Row(number, cells, columns, bool(texts[0]), *place)] if pairs else []
