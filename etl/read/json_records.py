"""Reads JSON, one object a line or one array of objects; a value that is not a string becomes its JSON text.

Python's parser takes the last of two equal keys, and accepts NaN; here both are refused, because a value
would be lost. DuckDB's reader accepts NaN and a comma after the last key, and its errors give a wrong record
number.
"""

import json
import re
from collections.abc import Iterator
from itertools import accumulate
from operator import itemgetter
from pathlib import Path
from typing import Any, TextIO

from duckdb import DuckDBPyConnection

from etl.common.problem import Problem
from etl.config.source import Limits, Source
from etl.read.archive import over_limit
from etl.read.csv_dialect import checked_headings
from etl.read.records import Records, Staged, StagedRecords

CHUNK = 1 << 20
WHITE = " \t\r\n"
BLANKS = re.compile(f"[{WHITE}]*")
# A string may continue after the buffer.
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[{}\[\],]', re.DOTALL)
# What may come between the elements of an array, after the last such character or after an element.
FOLLOWERS = {"": "[", "[": "]", "element": ",]", ",": "", "]": ""}


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


def as_json(value: Any) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_json(key)}: {as_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def add_object(records: Records, places: dict[str, int], text: str, place: str, limits: Limits) -> bool:
    """Adds the object in a text as a record; another value, or an invalid text in it, is quarantined.

    A new key becomes the next heading. Raises the parser's error if the text is not JSON.
    """
    if text.count("{") + text.count("[") > limits.json_depth:
        # Brackets inside strings do not count.
        steps = ((token in "{[") - (token in "}]") for token in TOKEN.findall(text))
        deepest = max(accumulate(steps), default=0)
        if deepest > limits.json_depth:
            raise over_limit(limits, "json_depth", "the depth of JSON", deepest, place)
    try:
        value = DECODER.decode(text)
        if not isinstance(value, dict):
            raise NotRecord("not_an_object")
        # A text is unchanged and null is None; everything else is its JSON text.
        is_field = {key: item is None or type(item) is str for key, item in value.items()}
        fields = {key: item if is_field[key] else as_json(item) for key, item in value.items()}
        for field in filter(None, (*fields, *fields.values())):
            if "\0" in field:
                raise NotRecord("zero_byte")
            if len(field.encode()) > limits.field_bytes:
                raise over_limit(limits, "field_bytes", "a field", place=place)
    except (NotRecord, UnicodeEncodeError) as error:
        reason = str(error) if isinstance(error, NotRecord) else "half_a_character"
        records.add_malformed(reason, text)
        return False
    for key in fields:
        places.setdefault(key, len(places))
    if len(places) > limits.columns:
        raise over_limit(limits, "columns", "the number of columns", len(places), place)
    records.add([[fields.get(key) for key in places]])
    return True


def stage_json(
    database: DuckDBPyConnection | None, path: Path, is_array: bool, source: Source, limits: Limits
) -> Staged:
    """NDJSON: a line that is not an object is quarantined, blank lines are not records.

    A damaged array is refused: where its next record begins is not known.
    """
    places: dict[str, int] = {}
    records, has_object = StagedRecords(database, places) if database else Records(places), False
    with open(path, encoding="utf-8-sig", newline="\n") as file:
        lines = ((f"line {number}", line.strip(WHITE)) for number, line in enumerate(file, start=1))
        for place, text in elements(file, limits) if is_array else filter(itemgetter(1), lines):
            try:
                has_object |= add_object(records, places, text, place, limits)
            except (ValueError, RecursionError) as error:
                if is_array:
                    raise Problem(f"{place}: the JSON is damaged. Export the file again.") from error
                records.add_malformed("broken_json", text)
    if not (has_object or is_array):
        todo = "Write one object a line, or one array of objects."
        raise Problem(f"line 1: no line is a complete JSON object. {todo}")
    return records.stage(checked_headings(list(places), source, limits))


def elements(file: TextIO, limits: Limits) -> Iterator[tuple[str, str]]:
    """The place and text of each element of the array, split at its own brackets to save memory."""
    count, last, buffer, place, fault = 0, "", "", 0, "it ends early"
    while True:
        blanks = BLANKS.match(buffer, place)
        place = blanks.end() if blanks else place
        character = buffer[place : place + 1]
        if not character:
            buffer, place = file.read(CHUNK), 0
            if not buffer:
                break
        elif character in FOLLOWERS[last]:
            last, place = character, place + 1
        elif last in ("[", ","):
            end = element_end(buffer, place)
            if (end or len(buffer)) - place > limits.line_bytes:
                raise over_limit(limits, "line_bytes", "the record", place=f"record {count + 1}")
            if end is None:
                more = file.read(CHUNK)
                if not more:
                    fault = f"it ends early, or a quote is missing in record {count + 1}"
                    break
                buffer, place = buffer[place:] + more, 0
            else:
                count += 1
                yield f"record {count}", buffer[place:end]
                last, place = "element", end
        else:
            fault = "something follows its end" if last == "]" else "its commas or brackets are wrong"
            last = ""
            break
    if last != "]":
        raise Problem(f"after record {count}: the JSON array is damaged ({fault}). Export the file again.")


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
