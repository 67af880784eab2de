"""Reads JSON, one object a line or one array of objects; a value that is not a string becomes its JSON text.

Python's parser takes the last of two equal keys, and accepts NaN; here both are refused, because a value
would be lost. DuckDB's reader accepts NaN and a comma after the last key, and its errors give a wrong record
number.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from etl.common.problem import Problem
from etl.config.source import Limits, Source
from etl.read.archive import over_limit
from etl.read.csv_dialect import checked_headings
from etl.read.records import Records

CHUNK = 1 << 20
WHITE = " \t\r\n"
BLANKS = re.compile(f"[{WHITE}]*")
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]', re.DOTALL)


class NotRecord(ValueError):
    """A text that is not a record, with the reason code as its message."""


class Number(str):
    """A number as its text in the file: 1.10 stays 1.10, and an id of twenty digits keeps all its digits."""


def unique_keys(items: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(items)
    if len(result) != len(items):
        raise NotRecord("doubled_key")
    return result


def refuse_constant(name: str) -> Any:
    raise NotRecord("not_a_json_number")


DECODER = json.JSONDecoder(
    object_pairs_hook=unique_keys, parse_constant=refuse_constant, parse_float=Number, parse_int=Number
)


def refuse_deep(text: str, limits: Limits, place: str) -> None:
    """Refuses JSON with brackets nested deeper than the limit; brackets inside strings do not count."""
    if text.count("{") + text.count("[") <= limits.json_depth:
        return
    depth = deepest = 0
    for token in TOKEN.findall(text):
        depth += (token in "{[") - (token in "}]")
        deepest = max(deepest, depth)
    if deepest > limits.json_depth:
        raise over_limit(limits, "json_depth", "the depth of JSON", deepest, place)


def as_field(value: Any) -> str | None:
    """A value as a field: text unchanged, null as None, everything else as its JSON text."""
    if value is None or (isinstance(value, str) and not isinstance(value, Number)):
        return value
    return as_json(value)


def as_json(value: Any) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_json(key)}: {as_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


class Objects:
    """Objects turned into rows; a new key becomes the next column."""

    def __init__(self, limits: Limits, folder: Path) -> None:
        self.limits, self.records = limits, Records(folder, [])
        self.places: dict[str, int] = {}
        self.good_count = 0

    def add(self, row_no: int, text: str, place: str) -> None:
        """Adds the object in a text as a record; another value, or an invalid text in it, is quarantined.

        Raises the parser's error if the text is not JSON.
        """
        refuse_deep(text, self.limits, place)
        try:
            value = DECODER.decode(text)
            if not isinstance(value, dict):
                raise NotRecord("not_an_object")
            fields = {key: as_field(item) for key, item in value.items()}
            for field in (*fields, *fields.values()):
                self.check(field or "", place)
        except NotRecord as error:
            self.records.add_malformed(row_no, str(error), text)
            return
        for key in fields:
            self.places.setdefault(key, len(self.places))
        if len(self.places) > self.limits.columns:
            raise over_limit(self.limits, "columns", "the number of columns", len(self.places), place)
        self.records.add(row_no, [[fields.get(key) for key in self.places]])
        self.good_count += 1

    def check(self, field: str, place: str) -> None:
        """Refuses half characters, zero bytes, and a field over the limit."""
        if "\0" in field:
            raise NotRecord("zero_byte")
        if len(field) * 4 > self.limits.field_bytes or not field.isascii():
            try:
                size = len(field.encode())
            except UnicodeEncodeError as error:
                raise NotRecord("half_a_character") from error
            if size > self.limits.field_bytes:
                raise over_limit(self.limits, "field_bytes", "a field", place=place)

    def finish(self, source: Source) -> Records:
        """The records, with the headings that were found."""
        self.records.headings = checked_headings(list(self.places), source, self.limits)
        return self.records


def read_lines(path: Path, source: Source, limits: Limits, folder: Path) -> Records:
    """NDJSON: a line that is not an object is quarantined, blank lines are not records."""
    objects = Objects(limits, folder)
    row_no = 0
    with open(path, encoding="utf-8-sig", newline="\n") as file:
        for line_no, line in enumerate(file, start=1):
            text = line.strip(WHITE)
            if not text:
                continue
            row_no += 1
            try:
                objects.add(row_no, text, f"line {line_no}")
            except (ValueError, RecursionError):
                objects.records.add_malformed(row_no, "broken_json", text)
    if not row_no:
        raise Problem("the file contains only blank lines. Export it again.")
    if not objects.good_count:
        todo = "Write one object a line, or one array of objects."
        raise Problem(f"line 1: no line is a complete JSON object. {todo}")
    return objects.finish(source)


def read_array(path: Path, source: Source, limits: Limits, folder: Path) -> Records:
    """One array of objects. A damaged array is refused: where its next record begins is not known."""
    objects = Objects(limits, folder)
    for row_no, text in enumerate(elements(path, limits), start=1):
        try:
            objects.add(row_no, text, f"record {row_no}")
        except (ValueError, RecursionError) as error:
            raise Problem(f"record {row_no}: the JSON is damaged. Export the file again.") from error
    return objects.finish(source)


def elements(path: Path, limits: Limits) -> Iterator[str]:
    """The text of each element of the array, split at its own brackets, so that memory use stays constant."""
    count, last, buffer, place = 0, "", "", 0
    with open(path, encoding="utf-8-sig", newline="") as file:
        while True:
            blanks = BLANKS.match(buffer, place)
            place = blanks.end() if blanks else place
            character = buffer[place : place + 1]
            if not character:
                buffer, place = file.read(CHUNK), 0
                if not buffer:
                    break
            elif last == "]":
                raise damaged_array(count, "something follows its end")
            elif character == {"": "[", "element": ","}.get(last) or (
                character == "]" and last in ("[", "element")
            ):
                last, place = character, place + 1
            elif last in ("[", ","):
                end = element_end(buffer, place)
                if (end or len(buffer)) - place > limits.line_bytes:
                    raise over_limit(limits, "line_bytes", "the record", place=f"record {count + 1}")
                if end is None:
                    more = file.read(CHUNK)
                    if not more:
                        raise damaged_array(count, "it ends early")
                    buffer, place = buffer[place:] + more, 0
                    continue
                count += 1
                yield buffer[place:end]
                last, place = "element", end
            else:
                raise damaged_array(count, "its commas or brackets are wrong")
    if last != "]":
        raise damaged_array(count, "it ends early")


def damaged_array(count: int, fault: str) -> Problem:
    return Problem(f"after record {count}: the JSON array is damaged ({fault}). Export the file again.")


def element_end(buffer: str, start: int) -> int | None:
    """The end of the element that starts here; None if it continues after the buffer."""
    depth = 0
    for match in TOKEN.finditer(buffer, start):
        token = match[0]
        if depth == 0 and token in "}],":
            return match.start()
        depth += (token in "{[") - (token in "}]")
        if depth == 0 and token in "}]":
            return match.end()
    return None
