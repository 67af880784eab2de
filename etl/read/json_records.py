"""Reads the records of JSON; a value that is not a string becomes its JSON text.

An object in a record is opened into dotted headings, such as client.name, if one of them is known or names a
time zone. An object or a list is never an id, a label or another of our columns.

Python's parser takes the last of two equal keys, and accepts NaN; here both are refused, because a value
would be lost. DuckDB's reader accepts NaN and a comma after the last key, and its errors give a wrong record
number.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from duckdb import DuckDBPyConnection

from etl.common.problem import Problem
from etl.config.source import Source, column_of, heading_key
from etl.read.archive import Room
from etl.read.csv_dialect import checked_headings, named_in
from etl.read.json_documents import SCANNER, ZONE, Beside, JsonFile, Keys, printable, records_at, shown
from etl.read.json_places import find_records, is_complete, leaves, limit_depth
from etl.read.records import REASONS, Records, Staged

Fields = dict[str, str | None]


class NotRecord(ValueError):
    """A text that is not a record, with the reason code as its message."""


class Number(str):
    """A number as its text in the file: 1.10 stays 1.10, and an id of twenty digits keeps all its digits."""


def unique_keys(items: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(result := dict(items)) != len(items):
        raise NotRecord("doubled_key")
    return result


def refuse_constant(name: str) -> Any:
    raise NotRecord("not_a_json_number")


DECODER = json.JSONDecoder(
    object_pairs_hook=unique_keys, parse_constant=refuse_constant, parse_float=Number, parse_int=Number
)


def value_of(text: str) -> Any:
    """The value of a JSON text; None if it is not valid."""
    try:
        return DECODER.decode(text)
    except (ValueError, RecursionError):
        return None


def as_text(value: Any) -> str | None:
    """A text is unchanged and null is None; everything else is its JSON text."""
    return value if value is None or type(value) is str else as_json(value)


def as_json(value: Any) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_json(key)}: {as_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


class JsonRecords:
    """The records of a JSON file as they are read, and the headings so far.

    `opened` are the objects that become dotted headings: in all records, even if the known heading is in few.
    So a file is read again if one was opened after a record had it unopened.
    """

    def __init__(
        self, database: DuckDBPyConnection | None, source: Source, room: Room, opened: set[str]
    ) -> None:
        self.source, self.limits, self.opened = source, room.limits, opened
        self.places: dict[str, int] = {}
        self.records = Records(database, self.places, room)
        self.unopened = set[str]()
        # How many objects in lists of a record, by the heading, have all that a record needs.
        self.inner = Counter[str]()
        self.is_incomplete = False

    def add(self, text: str, place: str, zones: Mapping[str, str]) -> None:
        """Adds the object in a text as a record; another value, or an invalid text in it, is quarantined.

        A new key becomes the next heading, also that of a zone that it does not have itself. Raises the
        parser's error if the text is not JSON.
        """
        limit_depth(text, place, self.limits)
        try:
            value = DECODER.decode(text)
            if not isinstance(value, dict):
                raise NotRecord("not_an_object")
            fields = self.fields(value)
            fields |= {name: fields.get(name) or zone for name, zone in zones.items()}
            for field in filter(None, (*fields, *fields.values())):
                if "\0" in field:
                    raise NotRecord("zero_byte")
                if len(field.encode()) > self.limits.field_bytes:
                    raise self.limits.over("field_bytes", "a field", place=place)
        except (NotRecord, UnicodeEncodeError) as error:
            reason = str(error) if isinstance(error, NotRecord) else "half_a_character"
            self.records.add_malformed(reason, text)
            return
        for key in fields:
            self.places.setdefault(key, len(self.places))
        if len(self.places) > self.limits.columns:
            raise self.limits.over("columns", "the number of columns", len(self.places), place)
        self.records.add([[fields.get(key) for key in self.places]])

    def fields(self, value: dict[str, Any]) -> Fields:
        """A text is unchanged and null is None; everything else is its JSON text, or opened."""
        if not self.opened and all(item is None or type(item) is str for item in value.values()):
            return value
        fields: Fields = {}
        for key, item in value.items():
            self.put(fields, key, item)
        return fields

    def put(self, fields: Fields, heading: str, item: Any) -> None:
        is_object = type(item) is dict
        if is_object and self.opens(heading, item):
            for key, inner in item.items():
                self.put(fields, f"{heading}.{key}", inner)
            return
        if item is None and heading in self.opened:
            return
        if heading in fields:
            raise NotRecord("doubled_key")
        if is_object or item is None:
            self.unopened.add(heading)
        # The details of an event may be anything.
        if (is_object or type(item) is list) and column_of(self.source, heading) not in (None, "detail"):
            raise NotRecord("not_a_text")
        if type(item) is list:
            objects = (one for one in item if type(one) is dict)
            self.inner[heading] += sum(is_complete(leaves(one), self.source) for one in objects)
        fields[heading] = as_text(item)

    def opens(self, heading: str, item: dict[str, Any]) -> bool:
        """Whether an object becomes dotted headings, because one is known, or that of a zone."""
        if heading not in self.opened and (self.has_known(heading, item) or self.has_zone(heading, item)):
            self.opened.add(heading)
            self.is_incomplete |= heading in self.unopened or heading in self.places
        return heading in self.opened

    def has_zone(self, heading: str, item: dict[str, Any]) -> bool:
        """Whether an object that is none of our columns has a zone: it may be that of the times beside it."""
        names = (leaf.rpartition(".")[2] for leaf in leaves(item))
        return column_of(self.source, heading) is None and any(ZONE.search(heading_key(one)) for one in names)

    def has_known(self, heading: str, item: dict[str, Any]) -> bool:
        return any(
            self.has_known(f"{heading}.{key}", inner)
            if type(inner) is dict
            else is_known(self.source, f"{heading}.{key}")
            for key, inner in item.items()
        )


def is_known(source: Source, heading: str) -> bool:
    """Whether a heading means one of our columns, alone or joined with others."""
    key = heading_key(heading)
    return key in source.known or any(key in parts for parts in source.joined)


def stage_json(database: DuckDBPyConnection | None, file: JsonFile, source: Source, room: Room) -> Staged:
    """Lines: one that is not an object is quarantined, blank lines are not records.

    A damaged array is refused: where its next record begins is not known.
    """
    if source.records:
        keys = () if source.records == "." else tuple(source.records.split("."))
    else:
        keys = find_records(file, source)
    opened = set[str]()
    while True:
        others = Beside()
        read = JsonRecords(database, source, room, opened)
        read_documents(read, file, keys, others)
        if not read.is_incomplete:
            break
    headings = checked_headings(list(read.places), source, file.limits)
    remarks = [f'the records are in "{shown(keys)}"'] if keys else []
    beside = others.texts
    outer = [key for key in beside if key.partition(".")[0] not in beside or "." not in key]
    if outer := [key for key in outer if not ZONE.search(heading_key(key))]:
        remarks.append(f"also in the document, and not loaded: {printable(', '.join(outer))}")
    for heading, count in (+read.inner).items():
        remarks.append(f'what may be records inside of others, in "{printable(heading)}", is text: {count}')
    said: dict[str, set[str]] = {}
    for key, texts in beside.items():
        words = key.split(".")
        ends = {column_of(source, ".".join(words[place:])) for place in range(len(words))}
        named = [(column, text) for text in texts for column, text in named_in([text], source).items()]
        for column, text in [*named, *product(ends & {"return_id", "tab"}, texts)]:
            said.setdefault(str(column), set()).add(text)
    return replace(read.records.stage(headings, *remarks), said=said, lists=others.lists)


def read_documents(read: JsonRecords, file: JsonFile, keys: Keys, others: Beside) -> None:
    """Adds the records at a place of each document of a file."""
    for place, document in file.documents():
        is_within = bool(keys) and document.startswith("{")
        try:
            if is_within:
                SCANNER.decode(document)
            own = records_at(document, keys, place, others) if is_within else [document]
            for number, record in enumerate(own, start=1):
                at = f"{place.replace('record', 'document')}, record {number}" if is_within else place
                file.limits.refuse_long(record, "line_bytes", "the record", at)
                read.add(record, at, others.zones)
        except (ValueError, RecursionError) as error:
            if file.form != "lines":
                raise Problem(f"{place}: the JSON is damaged. Export the file again.") from error
            read.records.add_malformed("broken_json", document)
    if not read.places and (reason := read.records.first_reason):
        fault = f"no record could be read. The first is {reason}: {REASONS[reason]}"
        raise Problem(f"{fault} Nothing was loaded from it.")
