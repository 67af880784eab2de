"""SQL that maps a staged file to the columns of the log contract; null for what cannot be read.

Labels are normalized: plain ones need no change, the others are folded in Python, because engines differ in
Unicode. The SQL that splits labels at their quotes must agree with etl/read/tidy.py.
"""

import json
import re

import polars as pl
from duckdb import DuckDBPyConnection

from etl.common.duck import create_table, literal
from etl.common.terminal import printable
from etl.config.source import TIME, contract, file_columns
from etl.read.csv_dialect import printable_headings
from etl.read.dialog import FOOTER, MAY_BE_FOOTER, STAMP
from etl.read.ids import damaged_in, is_like, out_of_formula, plain_id
from etl.read.tidy import tidied
from etl.read.tins import redact
from etl.store.columns import Columns
from etl.store.contents import CONTENT_HASH, SET, TYPES, names_of
from etl.store.date_order import doubt_of_due_dates
from etl.store.texts import select_texts, set_places
from etl.store.time_column import after, clocks_of, stamp_steps
from etl.store.times import number_times, parse_day
from etl.store.zones import zones_of_times

IDS = ("firm_id", "return_id", "client_id")
# Attributes that become more than text; what cannot be read goes to `extra`.
TYPED = ("tax_year", "is_joint", "due_date", "is_extended")
EARLIEST, LATEST = "timestamp '2000-01-01'", "timestamp '2101-01-01'"
BLANK = "[\\s\\x{a0}]"
HAS_OUTER_BLANKS = "({0} < '!' or right({0}, 1) <= ' ' or strlen({0}) <> length({0}))"
# Normalizing changes no printable ASCII with single blanks inside and none at the ends; this finds the rest.
NOT_PLAIN = "regexp_matches(text, '[^ -~]|  |^ | $')"
# A label with "..." for the text between its first and its last quote, and that text.
HEAD, TAIL = """split_part(tidy, '"', 1)""", """split_part(tidy, '"', -1)"""
PATTERN = f"""case when tidy like '%"%"%' then {HEAD} || '"..."' || {TAIL} else tidy end"""
LENGTH = f"length(tidy) - length({HEAD}) - length({TAIL}) - 2"
SUBJECT = f"""case when tidy like '%"%"%' then substr(tidy, length({HEAD}) + 2, {LENGTH}) end"""
# Tabs as exports write them are compared first, which is fast; others without case, blanks and dashes.
USUAL_TABS = {tab + ending: tab for tab in ("Client", "Internal") for ending in ("", " Tracking")}
TABS = {name.lower().replace(" ", ""): tab for name, tab in USUAL_TABS.items()} | {"usertracking": "Internal"}
USUAL, OTHERS = (
    " ".join(f"when '{name}' then '{tab}'" for name, tab in tabs.items()) for tabs in (USUAL_TABS, TABS)
)
LETTERS = "translate(lower(tab), ' _-\t\u00a0\u200b\u200e\u200f\u2060\ufeff', '')"
KNOWN_TAB = f"case tab {USUAL} else case {LETTERS} {OTHERS} end end"
# What makes two records the same event. Zero bytes, which no text contains, separate the values in the hash.
CONTENT = "firm_id, return_id, known_tab, tidy, status, epoch_us(event_at), actor, recipient_email, detail"
# What may be a date, and is not the number of a taxpayer, also without its zeros.
FEW_DIGITS = r"(?!(?:\D*\d){9})(?:\D*(?<!\d)\d{1,5}(?!\d)){1,3}\D*"
# How far the clock of the log was ahead of UTC, in microseconds.
AHEAD = "(epoch_us(stamp) - epoch_us(event_at))"
EVENT_VALUES = {
    "tab": "known_tab",
    "pattern": PATTERN,
    "subject": SUBJECT,
    "row_hash": f"md5(concat({CONTENT.replace(', ', ', chr(0), ')}))",
    "content_hash": CONTENT_HASH,
    "utc_minutes": f"({AHEAD} // 60_000_000)::integer",
}
OTHER_VALUES = {
    "returns": {"exported_at": "event_at"},
    "webhook": {"seen_at": "event_at", "delivered_at": "try_cast(delivered_at as timestamp)"},
}
WEB_HOOK_REASONS = """
    when firm_id is null then 'empty_firm_id'
    when body not in ('signature', 'client', 'other') then 'unknown_body'
    when body = 'client' and client_id is null then 'empty_client_id'
    when body = 'signature' and coalesce(time, '') = '' then 'missing_time'
    when body = 'signature' and moment is null then 'unreadable_time'
    when body = 'signature' and event_at is null then 'time_out_of_range'
"""
# An object or a list is none of these. Few texts begin like one, so few are parsed.
NEVER_JSON = ("return_id", "client_id", "client_name")
IS_JSON = """
    case when {0} < '!' or ({0} >= '[' and {0} < '|')
    then left(trim({0}), 1) in ('[', '{{') and json_valid({0}) end
"""
EVENT_REASONS = f"""
    when {IS_JSON.format("tidy")} or {IS_JSON.format("tab")} or {IS_JSON.format("actor")} then 'not_a_text'
    when tidy is null then 'empty_label'
    when known_tab is null then 'unknown_tab'
"""
# A line with a due date is a return. Words that may be the name of a client are one with a client or a form.
IS_ALONE = r"return_type is null and not regexp_matches(coalesce(client_name, ''), '\pL')"
NO_RETURN = f"""(parsed_due_date is null and (
    {is_like("return_id", FOOTER)} or ({is_like("return_id", MAY_BE_FOOTER)} and {IS_ALONE})
))"""
# Where each record has the return that the name of the file or a setting gives.
NO_EVENT = f"""
    when coalesce(trim(actor), '') = '' and coalesce(trim(status), '') = ''
        and {is_like("tidy", STAMP)} then 'no_event'
"""
TIME_REASONS = """
    when coalesce(time, '') = '' then 'missing_time'
    when moment is null and stamp is not null then 'unknown_zone'
    when moment is null then 'unreadable_time'
    when event_at is null then 'time_out_of_range'
"""


def map_staged(database: DuckDBPyConnection, columns: Columns) -> None:
    """Creates the macro `mapped(source)`, for `staged` and views of it: the columns of the contract and more.

    `reason` is why a record is quarantined, `set_no` its row in `sets`, `tidy` the tidied label of an event.
    The file_id and the occurrence_no are left out.
    """
    map_sets(database, columns)
    source, clocks = columns.source, clocks_of(database, columns)
    [firm_zone] = zones_of_times(database, source.firm_timezone)
    own = [name for name in contract(source.kind) if name not in names_of(SET)]
    own_texts = {name: columns.text(name) for name in own}
    if "source_event_id" in columns.places:
        own_texts["source_event_id"] = out_of_formula(own_texts["source_event_id"])
    texts = listed(own_texts)
    unmapped = "".join(f", c{place}" for place in columns.unmapped)
    steps = stamp_steps(database, columns)
    values = {"extra": extra(columns)} | OTHER_VALUES.get(source.kind, {})
    reasons = WEB_HOOK_REASONS if source.kind == "webhook" else "when set_reason is not null then set_reason"
    names = [name for name in file_columns(source.kind) if name not in ("file_id", "occurrence_no")]
    tidy = join = ""
    if source.kind == "webhook":
        values["event_on"] = firm_zone.day("event_at")
    elif source.kind == "events":
        names += ["content_hash", "tidy", "format_no", "utc_minutes"]
        steps[0]["known_tab"] = KNOWN_TAB
        tidy_label, join = tidy_labels(database, columns, "texts.label")
        tidy = f"nullif({tidy_label}, '') as tidy,"
        # If the zones are equal, the date in the file is the firm's date, and faster to read.
        is_own_day = "time_note is null and not has_offset and zone_word is null"
        is_own_day = is_own_day if clocks.zone == firm_zone else "false"
        event_on = f"case when {is_own_day} then stamp::date else {firm_zone.day('event_at')} end"
        format_no = number_times(database, columns.text("event_time"), columns.format_no)
        format_no = f"case when {AHEAD} % 60_000_000 = 0 then {format_no} end"
        values |= EVENT_VALUES | {"event_on": event_on, "format_no": format_no}
        is_day = f"{parse_day('time', source.formats)} is not null"
        if "return_id" in source.given | source.constants.keys():
            reasons += NO_EVENT
        reasons += f"{EVENT_REASONS} when moment is null and {is_day} then 'no_time_of_day' {TIME_REASONS}"
    rows = after(
        steps,
        f"""
            select row_no, {texts}{unmapped}, set_no, unread, set_reason, {SET}
            from query_table(source) as own
            join sets on {same_set(database, columns)}
        """,
    )
    database.execute(f"""
        create or replace temp macro mapped(source) as table
        select {listed({name: values.get(name, name) for name in names})}, set_no, zone_word,
            case {deep_reason(database)} {reasons} end as reason
        from (
            select *, case when moment >= {EARLIEST} and moment < {LATEST} then moment end as event_at
            from (
                select texts.*, {tidy} {clocks.utc} as moment, {clocks.note} as time_note
                from ({rows}) as texts
                {join}
            )
        )
    """)


def deep_reason(database: DuckDBPyConnection) -> str:
    """SQL for the reason of records with a text that is encoded too often, if the file has any."""
    deep = "from redacted_rows where number = 0"
    has_any = database.execute(f"{deep} limit 1").fetchall()
    return f"when row_no in (select row_no {deep}) then 'too_deep'" if has_any else ""


def same_set(database: DuckDBPyConnection, columns: Columns) -> str:
    """SQL for whether a record has a set. If each return has one set, which is usual, its id decides."""
    places, own = set_places(columns), columns.places.get("return_id")
    if own is not None:
        query = f"select count(*) = count(distinct c{own}) from set_texts"
        places = [own] if database.execute(query).fetchall()[0][0] else places
    return " and ".join(f"own.c{place} is not distinct from sets.c{place}" for place in places) or "true"


def listed(values: dict[str, str]) -> str:
    return ", ".join(f"{value} as {name}" for name, value in values.items())


def map_sets(database: DuckDBPyConnection, columns: Columns) -> None:
    """Makes `sets` of `set_texts`: ids and attributes are trimmed, and attributes of TYPED parsed.

    Sets with equal values have the same set_no. `unread` has what could not be read, as members of JSON, and
    `set_reason` why the records of a set are quarantined.
    """
    texts = {name: columns.text(name) for name in names_of(SET)}
    ids = [name for name in IDS if name in columns.places]
    texts |= {name: plain_id(out_of_formula(texts[name])) for name in ids}
    for name in texts.keys() & columns.places.keys():
        trimmed = f"nullif(regexp_replace({texts[name]}, '^{BLANK}+|{BLANK}+$', '', 'g'), '')"
        has_blanks = HAS_OUTER_BLANKS.format(texts[name])
        texts[name] = f"case when {has_blanks} then {trimmed} else {texts[name]} end"
    if columns.source.firm_id is not None:
        texts["firm_id"] = f"coalesce({texts['firm_id']}, {literal(columns.source.firm_id)})"
    typed = list(filter(columns.has, TYPED))
    parsed = {name: f"null::{TYPES[name]}" for name in TYPED}
    parsed |= {name: parse_attributes(columns.source.formats)[name] for name in typed}
    if columns.source.kind == "events" and doubt_of_due_dates(database, columns):
        parsed["due_date"] = "null::date"
    members = {name: member(columns.heading(name), name) for name in typed}
    unread = [f"case when parsed_{name} is null then {own} end" for name, own in members.items()]
    values = {name: f"parsed_{name}" for name in TYPED}
    is_damaged = {name: is_like(name, damaged_in(database, texts[name])) for name in ids}
    if "client_id" in ids:
        damaged = is_damaged.pop("client_id")
        unread.append(f"case when {damaged} then {member(columns.heading('client_id'), 'client_id')} end")
        values["client_id"] = f"case when not {damaged} then client_id end"
    damaged = " or ".join(is_damaged.values()) or "false"
    footer = NO_RETURN if columns.source.kind == "returns" else "false"
    is_json = " or ".join(f"coalesce({IS_JSON.format(name)}, false)" for name in NEVER_JSON)
    database.execute(f"""
        create or replace temp table sets as
        select *, dense_rank() over (order by {SET})::integer as set_no
        from (
            select * replace ({listed(values)}), {joined(unread)} as unread, case
                when {is_json} then 'not_a_text'
                when {damaged} then 'damaged_id'
                when {footer} then 'no_return'
                when return_id is null then 'empty_return_id'
                when firm_id is null then 'empty_firm_id'
            end as set_reason
            from (
                select *, {listed({f"parsed_{name}": value for name, value in parsed.items()})}
                from (select *, {listed(texts)} from set_texts)
            )
        )
    """)


def unread_attributes(database: DuckDBPyConnection, columns: Columns) -> str | None:
    """What to say of the attributes of TYPED that are not read, after `map_staged`; None if all are."""
    said = []
    for name in (name for name in TYPED if name in columns.places):
        own, heading = f"c{columns.places[name]}", printable_headings(columns.heading(name))
        is_unread = f"set_reason is null and {name} is null and trim(sets.{own}) <> ''"
        # The records are read only if there is one.
        if not database.execute(f"from sets where {is_unread} limit 1").fetchall():
            continue
        [(count, record, text)] = database.execute(f"""
            select count(*), min(row_no), min_by(own.{own}, row_no)
            from staged as own
            join sets on {same_set(database, columns)}
            where {is_unread}
        """).fetchall()
        # A text without a digit or a long one may be a name, and one of many digits the number of a taxpayer.
        is_shown = len(text) <= 20 and re.fullmatch(FEW_DIGITS, text) is not None
        example = f"such as {printable(text)} (record {record})"
        example = example if is_shown else f"the first in record {record}"
        said.append(f'"{heading}" is not read in {count} record{"s" * (count > 1)}, {example}')
        if name == "due_date" and (doubt := doubt_of_due_dates(database, columns)):
            said.append(str(doubt).rstrip("."))
    return "; ".join(said) or None


def tidy_labels(database: DuckDBPyConnection, columns: Columns, label: str) -> tuple[str, str]:
    """SQL for a label as normalizing changes it, and the join that this needs; often it changes none."""
    if "label" in columns.places:
        found = select_texts(database, "text", [columns.places["label"]], NOT_PLAIN)
    else:
        found = [(columns.source.constants["label"],)]
    rows = [(text, tidy) for (text,) in found if (tidy := tidied(text)) != text]
    if not rows:
        return label, ""
    create_table(database, "tidied_labels", rows, {"label": pl.String, "tidy": pl.String})
    join = f"left join tidied_labels on tidied_labels.label = {label}"
    return f"coalesce(tidied_labels.tidy, {label})", join


def parse_attributes(formats: tuple[str, ...]) -> dict[str, str]:
    """SQL for the attributes of TYPED, each from the column of its name; dates from 2000 to 2100.

    A year has four digits; it is converted back to text, so that 2025.0 is not read as a year.
    """
    year, day = "try_cast(tax_year as integer)", parse_day("due_date", formats)
    is_year = f"{year} between 1000 and 9999 and cast({year} as varchar) = tax_year"
    boolean = """case
        when lower({0}) in ('yes', 'true', 'y', '1') then true
        when lower({0}) in ('no', 'false', 'n', '0') then false
    end"""
    return {
        "tax_year": f"case when {is_year} then {year} end",
        "is_joint": boolean.format("is_joint"),
        "due_date": f"case when {day} >= {EARLIEST} and {day} < {LATEST} then {day} end",
        "is_extended": boolean.format("is_extended"),
    }


def extra(columns: Columns) -> str:
    """SQL for unmapped fields, and attributes that could not be read, as JSON under their headings."""
    members = [member(columns.headings[place], f"c{place}") for place in columns.unmapped]
    members += ["unread"] if any(map(columns.has, (*TYPED, "client_id"))) else []
    time = TIME[columns.source.kind]
    if columns.source.kind != "events" and columns.has(time):
        members.append(f"case when event_at is null then {member(columns.heading(time), time)} end")
    return f"'{{' || {joined(members)} || '}}'"


def joined(members: list[str]) -> str:
    """SQL for the members of a JSON object that are not null; null if there are none."""
    return f"nullif(concat_ws(', ', {', '.join(members)}), '')" if members else "null::varchar"


def member(heading: str, text: str) -> str:
    """SQL for one member of a JSON object under a heading, null where the text is null."""
    return f"{literal(json.dumps(redact(heading)[0], ensure_ascii=False) + ': ')} || to_json({text})"
