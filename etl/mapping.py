"""A staged file in the columns of the log contract, as SQL: each step selects from the one before."""

import json
from datetime import datetime

import duckdb

from etl.columns import Columns
from etl.datadir import QUERIES
from etl.labels import pattern, subject, tidy_labels
from etl.records import literal
from etl.redact import redact
from etl.source import Source, contract
from etl.sqlfile import read_file
from etl.times import Zones, cleaned, day, has_offset, stamp

IDS = ("firm_id", "return_id", "client_id")
NAMES = ("client_name", "group_name", "return_type", "office", "partner", "ero_signer", "preparer")
TRUTHS = ("is_joint", "is_extended")
TIME = {"events": "event_time", "returns": "exported_at"}
BLANKS = "' \t\r\n\u00a0'"
TABS = {
    "client": "Client", "clienttracking": "Client",
    "internal": "Internal", "internaltracking": "Internal", "usertracking": "Internal",
}
# What makes two records the same event; the zero byte between them can stand in no text.
CONTENT = (
    "firm_id", "return_id", "tab", "tidy", "status", "epoch_us(event_at)", "actor", "recipient_email", "detail",
)
EARLIEST, LATEST = "timestamp '2000-01-01'", "timestamp '2101-01-01'"


def map_staged(database: duckdb.DuckDBPyConnection, columns: Columns, source: Source, redacted: set[int]) -> None:
    """Makes `mapped`: the columns of queries/raw/<kind>.sql but file_id and occurrence_no, and the reason against a record."""
    steps = Steps(columns, source, redacted)
    time = TIME[source.kind]
    first, last = database.execute(
        f"select min(stamp), max(stamp) from (select {stamp('time', source.time_formats)} as stamp "
        f"from (select {cleaned(columns.text(time))} as time from staged))"
    ).fetchall()[0]
    zones = Zones(source.timezone, source.firm_timezone, first or datetime.max, last or datetime.min)
    is_tidied = source.kind == "events" and tidy_labels(database, "label", f"({steps.texts()})")
    understood = steps.understood(is_tidied)
    placed = f"""
        select *,
            case when has_offset then stamp else {zones.utc("stamp")} end as moment,
            case when not has_offset then {zones.note("stamp")} end as time_note
        from (select *, {stamp("time", source.time_formats)} as stamp, {has_offset("time", source.time_formats)} as has_offset
            from ({understood}))
    """
    dated = f"""
        select *, case when moment >= {EARLIEST} and moment < {LATEST} then moment end as event_at from ({placed})
    """
    final = steps.events(zones) if source.kind == "events" else steps.returns()
    listed = ", ".join(f"{value} as {name}" for name, value in final.items())
    database.execute(f"create or replace table mapped as select {listed}, {steps.reason()} as reason from ({dated})")


def file_columns(kind: str) -> list[str]:
    """The columns of a part, in the order of the contract."""
    return [column.name for column in read_file(QUERIES / "raw" / f"{kind}.sql").columns]


class Steps:
    """The SQL of one file's mapping."""

    def __init__(self, columns: Columns, source: Source, redacted: set[int]) -> None:
        self.columns, self.source, self.redacted = columns, source, redacted
        self.read = {
            "tax_year": "case when regexp_full_match(tax_year, '\\d{4}') then tax_year::integer end",
            "due_date": dated("due_date", source),
            **{name: truth(name) for name in TRUTHS},
        }
        self.read = {name: value for name, value in self.read.items() if columns.has(name)}

    def fields(self) -> str:
        """The fields c0, c1, ... without SSNs and ITINs."""
        return redacted_fields("staged", [f"c{place}" for place in range(len(self.columns.headings))], self.redacted)

    def texts(self) -> str:
        """Every column of the contract as it was written, and the fields that nothing maps."""
        named = [f"{self.text(name)} as {name}" for name in contract(self.source.kind)]
        unmapped = [f"c{place}" for place in self.columns.unmapped]
        return f"select {', '.join(['row_no', *named, *unmapped])} from ({self.fields()})"

    def text(self, name: str) -> str:
        """One column: ids and attributes without blanks at their ends, what was logged untouched."""
        text = self.columns.text(name)
        if self.columns.has(name) and name in (*IDS, *NAMES, *TRUTHS, "tax_year", "due_date"):
            text = f"nullif(trim({text}, {BLANKS}), '')"
        if name == "firm_id" and self.source.firm_id is not None:
            return f"coalesce({text}, {literal(self.source.firm_id)})"
        return text

    def understood(self, is_tidied: bool) -> str:
        """Tabs, labels, years, truths and dates read; null where they cannot be."""
        values = {f"read_{name}": value for name, value in self.read.items()}
        values["time"] = cleaned(TIME[self.source.kind])
        joins = ""
        if self.source.kind == "events":
            values["tab_word"] = tab_word("tab")
            values["tidy"] = "nullif(coalesce(tidied_labels.tidy, texts.label), '')" if is_tidied else "label"
            joins = "left join tidied_labels on tidied_labels.label = texts.label" if is_tidied else ""
        listed = ", ".join(f"{value} as {name}" for name, value in values.items())
        return f"select texts.*, {listed} from ({self.texts()}) as texts {joins}"

    def attributes(self) -> dict[str, str]:
        return {name: f"read_{name}" if name in self.read else "null::" + kind for name, kind in (
            ("tax_year", "integer"), ("due_date", "date"), ("is_joint", "boolean"), ("is_extended", "boolean"))}

    def events(self, zones: Zones) -> dict[str, str]:
        """Each column of an event that the loader makes or reads."""
        local = "stamp::date" if zones.is_same else zones.firm_day("event_at")
        values = {
            **{name: name for name in contract("events")},
            **self.attributes(),
            "tab": "tab_word",
            "pattern": pattern("tidy"),
            "subject": subject("tidy"),
            "event_at": "event_at",
            "event_on": f"case when time_note is null and not has_offset then {local} else {zones.firm_day('event_at')} end",
            "time_note": "time_note",
            "extra": self.extra(),
            "row_no": "row_no",
            "row_hash": f"md5(concat({', chr(0), '.join(CONTENT).replace('tab,', 'tab_word,')}))",
        }
        return {name: values[name] for name in file_columns("events") if name in values}

    def returns(self) -> dict[str, str]:
        values = {
            **{name: name for name in contract("returns")},
            **self.attributes(),
            "exported_at": "event_at",
            "extra": self.extra(),
            "row_no": "row_no",
        }
        return {name: values[name] for name in file_columns("returns") if name in values}

    def extra(self) -> str:
        """Fields that nothing maps, and attributes that could not be read, as JSON under their headings."""
        found = [(place, f"c{place}") for place in self.columns.unmapped]
        unread = {name: f"read_{name}" for name in self.read}
        if self.source.kind == "returns" and self.columns.has("exported_at"):
            unread["exported_at"] = "event_at"
        words = [member(self.columns.headings[place], text) for place, text in found]
        words += [
            f"case when {value} is null then {member(self.columns.heading(name), name)} end"
            for name, value in unread.items()
        ]
        return f"nullif('{{' || concat_ws(', ', {', '.join(words)}) || '}}', '{{}}')" if words else "null::varchar"

    def reason(self) -> str:
        """Why a record is set aside, null where it is kept."""
        faults = {"return_id is null": "empty_return_id", "firm_id is null": "empty_firm_id"}
        if self.source.kind == "events":
            faults |= {
                "tidy is null": "empty_label",
                "tab_word is null": "unknown_tab",
                "moment is null": "unreadable_time",
                "event_at is null": "time_out_of_range",
            }
        return f"case {' '.join(f'when {test} then {literal(reason)}' for test, reason in faults.items())} end"


def redacted_fields(table: str, names: list[str], redacted: set[int]) -> str:
    """SQL for a table's records with their texts as `redactions` says."""
    fields, joins = [], []
    for place, name in enumerate(names):
        is_changed = place in redacted
        fields.append(f"coalesce(r{place}.redacted, {table}.{name}) as {name}" if is_changed else f"{table}.{name}")
        if is_changed:
            joins.append(f"left join redactions as r{place} on r{place}.place = {place} and r{place}.text = {table}.{name}")
    return f"select {', '.join([f'{table}.row_no', *fields])} from {table} {' '.join(joins)}"


def member(heading: str, text: str) -> str:
    """SQL for one member of a JSON object, null where the text is null."""
    return f"{literal(json.dumps(redact(heading)[0], ensure_ascii=False) + ': ')} || to_json({text})"


def truth(text: str) -> str:
    return f"case when lower({text}) in ('yes', 'true', 'y', '1') then true when lower({text}) in ('no', 'false', 'n', '0') then false end"


def dated(text: str, source: Source) -> str:
    """SQL for a date that is read and not out of range."""
    value = day(text, source.time_formats)
    return f"case when {value} >= {EARLIEST} and {value} < {LATEST} then {value} end"


def tab_word(tab: str) -> str:
    """SQL for Client or Internal; the way exports write them first, then without case, blanks and dashes."""
    usual = {"Client": "Client", "Internal": "Internal", "Client Tracking": "Client", "Internal Tracking": "Internal"}
    first = " ".join(f"when {literal(word)} then {literal(value)}" for word, value in usual.items())
    then = " ".join(f"when {literal(word)} then {literal(value)}" for word, value in TABS.items())
    return f"case {tab} {first} else case translate(lower({tab}), ' _-\t\u00a0', '') {then} end end"
