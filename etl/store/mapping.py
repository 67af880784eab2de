"""SQL that maps a staged file to the columns of the log contract: each step selects from the step before."""

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
from etl.store.survey import TIME, Survey, survey_file
from etl.store.times import Zone, zone_between
from etl.store.values import EARLIEST, LATEST, TYPES, json_object, member, parse_attributes, parse_tab

IDS = ("firm_id", "return_id", "client_id")
NAMES = ("client_name", "group_name", "return_type", "office", "partner", "ero_signer", "preparer")
BLANK = "[\\s\\x{a0}]"
HAS_OUTER_BLANKS = f"""(text < '!' or right(text, 1) <= ' '
    or strlen(text) <> length(text) and regexp_matches(text, '^{BLANK}|{BLANK}$'))"""
# What makes two records the same event. Zero bytes, which no text contains, separate the values in the hash.
CONTENT = "firm_id, return_id, known_tab, tidy, status, epoch_us(event_at), actor, recipient_email, detail"


def map_staged(database: duckdb.DuckDBPyConnection, columns: Columns, redacted: set[int]) -> None:
    """Makes the view `mapped` of a staged and redacted file, for a check that writes no part."""
    steps = steps_for(survey_file(database, columns), redacted)
    database.execute(f"create or replace view mapped as {steps.mapped('staged')}")


def steps_for(survey: Survey, redacted: set[int]) -> "Steps":
    """The steps that the texts of a file need."""
    columns, source, times = survey.columns, survey.columns.source, survey.times
    trimmed = {columns.places[name] for name in (*IDS, *NAMES, *TYPES) if name in columns.places}
    return Steps(
        survey=survey,
        columns=columns,
        source=source,
        redacted=redacted,
        blank_ended=survey.places_with(trimmed, HAS_OUTER_BLANKS),
        has_tidied=source.kind == "events" and tidy_labels(survey),
        zone=zone_between(source.timezone, times.first, times.last),
        firm_zone=zone_between(source.firm_timezone, times.first, times.last),
    )


@cache
def file_columns(kind: str) -> tuple[str, ...]:
    """The columns of a part, in the order of the contract."""
    return tuple(column.name for column in read_file(QUERIES / "raw" / f"{kind}.sql").columns)


@dataclass(frozen=True)
class Steps:
    """The steps of one file: the places to redact and to trim, and the zones of its times."""

    survey: Survey
    columns: Columns
    source: Source
    redacted: set[int]
    blank_ended: set[int]
    has_tidied: bool
    zone: Zone
    firm_zone: Zone

    def mapped(self, table: str) -> str:
        """The last step: the columns of the contract without file_id and occurrence_no, and `reason`.

        Events also have content_hash, which is fast, and equal where row_hash and source_event_id are.
        """
        values = {"exported_at": "event_at"} if self.source.kind == "returns" else self.event_values()
        values |= {name: f"parsed_{name}" for name in TYPES}
        values |= {"extra": self.extra(), "reason": self.reason()}
        names = [name for name in file_columns(self.source.kind) if name not in ("file_id", "occurrence_no")]
        names += ["reason", "content_hash"] if self.source.kind == "events" else ["reason"]
        listed = ", ".join(f"{values.get(name, name)} as {name}" for name in names)
        return f"select {listed} from ({self.with_moments(table)})"

    def event_values(self) -> dict[str, str]:
        """The columns of an event that the loader derives."""
        day = self.firm_zone.day("event_at")
        if self.source.timezone == self.source.firm_timezone:
            # The date in the file is the firm's date, and faster to read.
            day = f"case when time_note is null and not has_offset then stamp::date else {day} end"
        return {
            "tab": "known_tab",
            "pattern": pattern("tidy"),
            "subject": subject("tidy"),
            "event_on": day,
            "row_hash": f"md5(concat({CONTENT.replace(', ', ', chr(0), ')}))",
            "content_hash": f"hash({CONTENT}, source_event_id)",
        }

    def with_moments(self, table: str) -> str:
        """Adds the moments in UTC, and as event_at those of them from 2000 to 2100."""
        times = self.survey.times
        return f"""
            select *, case when moment >= {EARLIEST} and moment < {LATEST} then moment end as event_at
            from (
                select
                    *,
                    case when has_offset then stamp else {self.zone.utc("stamp")} end as moment,
                    case when not has_offset then {self.zone.note("stamp")} end as time_note
                from (
                    select *, {times.stamp("time")} as stamp, {times.has_offset("time")} as has_offset
                    from ({self.parsed(table)})
                )
            )
        """

    def parsed(self, table: str) -> str:
        """Adds tabs, labels, years, booleans and dates."""
        attributes = parse_attributes(self.source.time_formats)
        values = {
            f"parsed_{name}": attributes[name] if self.columns.has(name) else f"null::{kind}"
            for name, kind in TYPES.items()
        }
        values["time"] = self.survey.times.clean(TIME[self.source.kind])
        join = ""
        if self.source.kind == "events":
            values |= {"known_tab": parse_tab("tab"), "tidy": "label"}
        if self.has_tidied:
            values["tidy"] = "nullif(coalesce(tidied_labels.tidy, texts.label), '')"
            join = "left join tidied_labels on tidied_labels.label = texts.label"
        listed = ", ".join(f"{value} as {name}" for name, value in values.items())
        return f"select texts.*, {listed} from ({self.texts(table)}) as texts {join}"

    def texts(self, table: str) -> str:
        """Every column of the contract as the file has it, with TINs replaced, and the unmapped fields."""
        names = [f"c{place}" for place in range(len(self.columns.headings))]
        listed = ["row_no", *(f"{self.text(name)} as {name}" for name in contract(self.source.kind))]
        listed += [names[place] for place in self.columns.unmapped]
        return f"select {', '.join(listed)} from ({redacted_fields(table, names, self.redacted)})"

    def text(self, name: str) -> str:
        """One column: ids and attributes without blanks at their ends, logged texts unchanged."""
        text = self.columns.text(name)
        if self.columns.places.get(name) in self.blank_ended:
            text = f"nullif(regexp_replace({text}, '^{BLANK}+|{BLANK}+$', '', 'g'), '')"
        if name == "firm_id" and self.source.firm_id is not None:
            return f"coalesce({text}, {literal(self.source.firm_id)})"
        return text

    def extra(self) -> str:
        """Unmapped fields, and attributes that could not be read, as JSON under their headings."""
        columns = self.columns
        parsed = {name: f"parsed_{name}" for name in TYPES}
        parsed |= {"exported_at": "event_at"} if self.source.kind == "returns" else {}
        members = [member(columns.headings[place], f"c{place}") for place in columns.unmapped]
        members += [
            f"case when {value} is null then {member(columns.heading(name), name)} end"
            for name, value in parsed.items()
            if columns.has(name)
        ]
        return f"nullif({json_object(members)}, '{{}}')" if members else "null::varchar"

    def reason(self) -> str:
        """Why a record is quarantined, null if it is stored."""
        cases = "when return_id is null then 'empty_return_id' when firm_id is null then 'empty_firm_id'"
        if self.source.kind == "events":
            cases += """
                when tidy is null then 'empty_label'
                when known_tab is null then 'unknown_tab'
                when moment is null then 'unreadable_time'
                when event_at is null then 'time_out_of_range'
            """
        return f"case {cases} end"
