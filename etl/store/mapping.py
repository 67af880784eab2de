"""SQL that maps a staged file to the columns of the log contract; null for what cannot be read.

Labels are normalized: plain ones need no change, the others are folded in Python, because engines differ in
Unicode. The SQL that splits labels at their quotes must agree with etl/read/tidy.py.
"""

import json

import polars as pl
from duckdb import DuckDBPyConnection

from etl.common.duck import create_table, literal
from etl.config.source import contract, file_columns
from etl.read.tidy import tidied
from etl.read.tins import redact
from etl.store.columns import Columns
from etl.store.texts import TIME, select_texts
from etl.store.times import clean_time, has_offset, parse_day, parse_time, zones_of_times

IDS = ("firm_id", "return_id", "client_id")
NAMES = ("client_name", "group_name", "return_type", "office", "partner", "ero_signer", "preparer")
# Attributes that become more than text; what cannot be read goes to `extra`.
TYPED = ("tax_year", "is_joint", "due_date", "is_extended")
EARLIEST, LATEST = "timestamp '2000-01-01'", "timestamp '2101-01-01'"
BLANK = "[\\s\\x{a0}]"
HAS_OUTER_BLANKS = f"""(text < '!' or right(text, 1) <= ' '
    or strlen(text) <> length(text) and regexp_matches(text, '^{BLANK}|{BLANK}$'))"""
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
KNOWN_TAB = f"case tab {USUAL} else case translate(lower(tab), ' _-\t\u00a0', '') {OTHERS} end end"
# What makes two records the same event. Zero bytes, which no text contains, separate the values in the hash.
CONTENT = "firm_id, return_id, known_tab, tidy, status, epoch_us(event_at), actor, recipient_email, detail"


def map_staged(database: DuckDBPyConnection, columns: Columns) -> None:
    """Creates the macro `mapped(source)`, for `staged` and views of it: the columns of the contract and more.

    `reason` is why a record is quarantined. `content_hash` is fast, and equal where row_hash and
    source_event_id are. The file_id and the occurrence_no are left out.
    """
    source, formats = columns.source, columns.source.time_formats
    zone, firm_zone = zones_of_times(database, source.timezone, source.firm_timezone)
    parsed = {f"parsed_{name}": value for name, value in parse_attributes(formats).items()}
    parsed["time"] = clean_time(TIME[source.kind])
    stamp = {"stamp": parse_time("time", formats), "has_offset": has_offset("time", formats)}
    values = {name: f"parsed_{name}" for name in TYPED} | {"extra": extra(columns)}
    reasons = "when return_id is null then 'empty_return_id' when firm_id is null then 'empty_firm_id'"
    tidy = join = ""
    if source.kind == "returns":
        values |= {"exported_at": "event_at", "content_hash": "null::ubigint"}
    else:
        parsed["known_tab"] = KNOWN_TAB
        tidy_labels(database, columns)
        tidy = "nullif(coalesce(tidied_labels.tidy, texts.label), '') as tidy,"
        join = "left join tidied_labels on tidied_labels.label = texts.label"
        # If the zones are equal, the date in the file is the firm's date, and faster to read.
        is_own_day = "time_note is null and not has_offset" if zone == firm_zone else "false"
        values |= {
            "tab": "known_tab",
            "pattern": PATTERN,
            "subject": SUBJECT,
            "event_on": f"case when {is_own_day} then stamp::date else {firm_zone.day('event_at')} end",
            "row_hash": f"md5(concat({CONTENT.replace(', ', ', chr(0), ')}))",
            "content_hash": f"hash({CONTENT}, source_event_id)",
        }
        reasons += """
            when tidy is null then 'empty_label'
            when known_tab is null then 'unknown_tab'
            when moment is null then 'unreadable_time'
            when event_at is null then 'time_out_of_range'
        """
    names = [name for name in file_columns(source.kind) if name not in ("file_id", "occurrence_no")]
    database.execute(f"""
        create or replace temp macro mapped(source) as table
        select {listed({name: values.get(name, name) for name in [*names, "content_hash"]})},
            case {reasons} end as reason
        from (
            select *, case when moment >= {EARLIEST} and moment < {LATEST} then moment end as event_at
            from (
                select
                    texts.*, {tidy}
                    case when has_offset then stamp else {zone.utc("stamp")} end as moment,
                    case when not has_offset then {zone.note("stamp")} end as time_note
                from (
                    select *, {listed(stamp)}
                    from (select *, {listed(parsed)} from ({trimmed_texts(database, columns)}))
                ) as texts
                {join}
            )
        )
    """)


def listed(values: dict[str, str]) -> str:
    return ", ".join(f"{value} as {name}" for name, value in values.items())


def trimmed_texts(database: DuckDBPyConnection, columns: Columns) -> str:
    """Every column of the contract as the file has it, ids and attributes trimmed, and unmapped fields."""
    trimmed = {columns.places[name] for name in (*IDS, *NAMES, *TYPED) if name in columns.places}
    blank_ended = {place for (place,) in select_texts(database, "place", trimmed, HAS_OUTER_BLANKS)}
    texts = {name: columns.text(name) for name in contract(columns.source.kind)}
    for name, text in texts.items():
        if columns.places.get(name) in blank_ended:
            texts[name] = f"nullif(regexp_replace({text}, '^{BLANK}+|{BLANK}+$', '', 'g'), '')"
    if columns.source.firm_id is not None:
        texts["firm_id"] = f"coalesce({texts['firm_id']}, {literal(columns.source.firm_id)})"
    unmapped = "".join(f", c{place}" for place in columns.unmapped)
    return f"select row_no, {listed(texts)}{unmapped} from query_table(source)"


def tidy_labels(database: DuckDBPyConnection, columns: Columns) -> None:
    """Makes `tidied_labels(label, tidy)` of the labels that normalizing changes."""
    if "label" in columns.places:
        found = select_texts(database, "text", [columns.places["label"]], NOT_PLAIN)
    else:
        found = [(columns.source.constants["label"],)]
    rows = [(text, tidy) for (text,) in found if (tidy := tidied(text)) != text]
    create_table(database, "tidied_labels", rows, {"label": pl.String, "tidy": pl.String})


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
    parsed = {name: f"parsed_{name}" for name in TYPED} | {"exported_at": "event_at"}
    members = [member(columns.headings[place], f"c{place}") for place in columns.unmapped]
    members += [
        f"case when {value} is null then {member(columns.heading(name), name)} end"
        for name, value in parsed.items()
        if columns.has(name)
    ]
    return f"nullif({json_object(members)}, '{{}}')" if members else "null::varchar"


def member(heading: str, text: str) -> str:
    """SQL for one member of a JSON object under a heading, null where the text is null."""
    return f"{literal(json.dumps(redact(heading)[0], ensure_ascii=False) + ': ')} || to_json({text})"


def json_object(members: list[str]) -> str:
    """SQL for a JSON object of those members that are not null."""
    return f"'{{' || concat_ws(', ', {', '.join(members)}) || '}}'" if members else "'{}'"
