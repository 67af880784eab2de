"""A staged file in the columns of the log contract, as SQL: each step selects from the one before."""

from dataclasses import dataclass
from functools import cache

import duckdb

from etl.common.duck import literal
from etl.common.paths import QUERIES
from etl.config.source import Source, contract
from etl.sql.file import read_file
from etl.store.columns import Columns
from etl.store.labels import pattern, subject, tidy_labels
from etl.store.redact_file import redacted_fields
from etl.store.survey import TIME, Survey, survey
from etl.store.times import Reading, Zones, zones
from etl.store.values import EARLIEST, LATEST, date, json_object, member, tab_word, truth, year

IDS = ("firm_id", "return_id", "client_id")
NAMES = ("client_name", "group_name", "return_type", "office", "partner", "ero_signer", "preparer")
# Attributes that become more than text; what cannot be read goes to `extra`.
TYPES = {"tax_year": "integer", "is_joint": "boolean", "due_date": "date", "is_extended": "boolean"}
BLANK = "[\\s\\x{a0}]"
BLANK_ENDED = f"""(text < '!' or right(text, 1) <= ' '
    or strlen(text) <> length(text) and regexp_matches(text, '^{BLANK}|{BLANK}$'))"""
# What makes two records the same event; the zero byte between them stands in no text.
CONTENT = (
    "firm_id",
    "return_id",
    "tab_word",
    "tidy",
    "status",
    "epoch_us(event_at)",
    "actor",
    "recipient_email",
    "detail",
)


def map_staged(
    database: duckdb.DuckDBPyConnection, columns: Columns, source: Source, redacted: set[int]
) -> None:
    """Makes the view `mapped` of a staged and redacted file, for those who only want to look at it."""
    steps = steps_of(database, columns, source, redacted, survey(database, columns, source))
    database.execute(f"create or replace view mapped as {steps.mapped('staged')}")


def steps_of(
    database: duckdb.DuckDBPyConnection, columns: Columns, source: Source, redacted: set[int], seen: Survey
) -> "Steps":
    """The steps that a file needs, by what its texts are."""
    trimmed = {columns.places[name] for name in (*IDS, *NAMES, *TYPES) if name in columns.places}
    return Steps(
        columns=columns,
        source=source,
        redacted=redacted,
        blank_ended=seen.any(trimmed, BLANK_ENDED),
        is_tidied=source.kind == "events" and tidy_labels(database, columns, seen),
        times=seen.times,
        zones=zones(source.timezone, source.firm_timezone, seen.first, seen.last),
    )


@cache
def file_columns(kind: str) -> tuple[str, ...]:
    """The columns of a part, in the order of the contract."""
    return tuple(column.name for column in read_file(QUERIES / "raw" / f"{kind}.sql").columns)


@dataclass(frozen=True)
class Steps:
    """The steps of one file: what its columns are, and what its texts make necessary."""

    columns: Columns
    source: Source
    redacted: set[int]
    blank_ended: set[int]
    is_tidied: bool
    times: Reading
    zones: Zones

    def mapped(self, table: str) -> str:
        """The last step, of `staged` or of a part of it: the columns of queries/raw/<kind>.sql but file_id and
        occurrence_no, and the reason against a record, null where it is kept. For events also content_hash, which is
        quick, and equal where row_hash and source_event_id are."""
        own = self.events() if self.source.kind == "events" else {"exported_at": "event_at"}
        made = own | {"extra": self.extra(), "row_no": "row_no"} | {name: f"read_{name}" for name in TYPES}
        listed = [
            f"{made.get(name, name)} as {name}"
            for name in file_columns(self.source.kind)
            if self.is_made(name)
        ]
        return f"select {', '.join([*listed, f'{self.reason()} as reason'])}{self.hashes()} from ({self.dated(table)})"

    def is_made(self, name: str) -> bool:
        """The part itself adds what is left out here."""
        return name not in ("file_id", "occurrence_no", "row_hash")

    def hashes(self) -> str:
        if self.source.kind != "events":
            return ""
        row_hash = f"md5(concat({', chr(0), '.join(CONTENT)})) as row_hash"
        return f", {row_hash}, hash({', '.join([*CONTENT, 'source_event_id'])}) as content_hash"

    def dated(self, table: str) -> str:
        """Moments in UTC, and those of them from 2000 to 2100 as event_at."""
        times, clocks = self.times, self.zones
        stamped = f"""
            select *, {times.stamp("time")} as stamp, {times.has_offset("time")} as has_offset
            from ({self.understood(table)})
        """
        placed = f"""
            select
                *,
                case when has_offset then stamp else {clocks.utc("stamp")} end as moment,
                case when not has_offset then {clocks.note("stamp")} end as time_note
            from ({stamped})
        """
        inside = f"moment >= {EARLIEST} and moment < {LATEST}"
        return f"select *, case when {inside} then moment end as event_at from ({placed})"

    def understood(self, table: str) -> str:
        """Tabs, labels, years, truths and dates read."""
        columns, formats = self.columns, self.source.time_formats
        read = {
            "tax_year": year("tax_year"),
            "is_joint": truth("is_joint"),
            "due_date": date("due_date", formats),
            "is_extended": truth("is_extended"),
        }
        values = {
            f"read_{name}": read[name] if columns.has(name) else f"null::{kind}"
            for name, kind in TYPES.items()
        }
        values["time"] = self.times.cleaned(TIME[self.source.kind])
        if self.source.kind == "events":
            values["tab_word"] = tab_word("tab")
            values["tidy"] = (
                "nullif(coalesce(tidied_labels.tidy, texts.label), '')" if self.is_tidied else "label"
            )
        listed = ", ".join(f"{value} as {name}" for name, value in values.items())
        join = "left join tidied_labels on tidied_labels.label = texts.label" if self.is_tidied else ""
        return f"select texts.*, {listed} from ({self.texts(table)}) as texts {join}"

    def texts(self, table: str) -> str:
        """Every column of the contract as it was written, TINs replaced, and the fields that nothing maps."""
        places = range(len(self.columns.headings))
        fields = redacted_fields(table, [f"c{place}" for place in places], self.redacted)
        named = [f"{self.text(name)} as {name}" for name in contract(self.source.kind)]
        unmapped = [f"c{place}" for place in self.columns.unmapped]
        return f"select {', '.join(['row_no', *named, *unmapped])} from ({fields})"

    def text(self, name: str) -> str:
        """One column; ids and attributes without blanks at their ends, what was logged untouched."""
        text = self.columns.text(name)
        if self.columns.places.get(name) in self.blank_ended:
            text = f"nullif(regexp_replace({text}, '^{BLANK}+|{BLANK}+$', '', 'g'), '')"
        if name == "firm_id" and self.source.firm_id is not None:
            return f"coalesce({text}, {literal(self.source.firm_id)})"
        return text

    def events(self) -> dict[str, str]:
        """What the loader makes of an event."""
        day = self.zones.firm_day("event_at")
        return {
            "tab": "tab_word",
            "pattern": pattern("tidy"),
            "subject": subject("tidy"),
            "event_at": "event_at",
            "event_on": f"case when {self.zones.is_plain} then stamp::date else {day} end",
            "time_note": "time_note",
        }

    def extra(self) -> str:
        """Fields that nothing maps, and attributes that could not be read, as JSON under their headings."""
        columns = self.columns
        unread = {name: f"read_{name}" for name in TYPES if columns.has(name)}
        if self.source.kind == "returns" and columns.has("exported_at"):
            unread["exported_at"] = "event_at"
        members = [member(columns.headings[place], f"c{place}") for place in columns.unmapped]
        members += [
            f"case when {value} is null then {member(columns.heading(name), name)} end"
            for name, value in unread.items()
        ]
        return f"nullif({json_object(members)}, '{{}}')" if members else "null::varchar"

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
        return (
            f"case {' '.join(f'when {test} then {literal(reason)}' for test, reason in faults.items())} end"
        )
