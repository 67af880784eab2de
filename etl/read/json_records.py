"""JSON, one object a line or one array of objects: values as their JSON text, and nothing that only looks like JSON.

Python's parser takes the last of two equal keys, and NaN; neither is taken here, because a value would be lost.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from etl.common.problem import Problem
from etl.config.source import Limits, Source
from etl.read.archive import over
from etl.read.csv_dialect import checked_headings
from etl.read.records import Records

HINT = 1 << 20
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
WHITE = " \t\r\n"


class NotJson(ValueError):
    """A text that is no record, with the reason code as its message."""


class Number(str):
    """A number, kept as it is written: 1.10 stays 1.10, and an id of twenty digits keeps them all."""


def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) != len(items):
        raise NotJson("doubled_key")
    return found


def constant(name: str) -> Any:
    raise NotJson("not_a_json_number")


DECODER = json.JSONDecoder(
    object_pairs_hook=pairs, parse_constant=constant, parse_float=Number, parse_int=Number
)


def depth_of(text: str) -> int:
    """How deep the brackets go, those inside strings aside."""
    depth = deepest = 0
    for character in STRING.sub("", text):
        if character in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "}]":
            depth -= 1
    return deepest


def refuse_deep(text: str, limits: Limits, place: str) -> None:
    if text.count("{") + text.count("[") > limits.json_depth:
        depth = depth_of(text)
        if depth > limits.json_depth:
            raise Problem(f"{place}: " + over("the depth of JSON", depth, limits.json_depth, "json_depth"))


def as_text(value: Any) -> str | None:
    """A value as a field: text as it is, null as null, everything else as JSON writes it."""
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
    """Objects turned into rows; a key takes the next column when it is first seen."""

    def __init__(self, limits: Limits, records: Records) -> None:
        self.limits, self.records, self.places = limits, records, dict[str, int]()
        self.good = 0

    def add(self, row_no: int, found: Any, place: str) -> None:
        """One object as a record. What is no object, or holds text that no file can, is NotJson."""
        if not isinstance(found, dict):
            raise NotJson("not_an_object")
        texts = {key: as_text(value) for key, value in found.items()}
        for text in (*texts, *texts.values()):
            if text is not None:
                self.check(text, place)
        for key in texts:
            if key not in self.places:
                self.places[key] = len(self.places)
        if len(self.places) > self.limits.columns:
            words = over("the number of columns", len(self.places), self.limits.columns, "columns")
            raise Problem(f"{place}: {words}")
        row: list[str | None] = [None] * len(self.places)
        for key, text in texts.items():
            row[self.places[key]] = text
        self.records.add(row_no, [row])
        self.good += 1

    def check(self, text: str, place: str) -> None:
        """Refuses half characters and zero bytes, and a field over the limit."""
        if "\0" in text:
            raise NotJson("zero_byte")
        if len(text) * 4 > self.limits.field_bytes or not text.isascii():
            try:
                size = len(text.encode())
            except UnicodeEncodeError as error:
                raise NotJson("half_a_character") from error
            if size > self.limits.field_bytes:
                limit = self.limits.field_bytes
                raise Problem(f"{place}: " + over("a field", f"over {limit}", limit, "field_bytes"))

    def headings(self, source: Source) -> list[str]:
        return checked_headings(list(self.places), source, self.limits)


def read_lines(path: Path, source: Source, limits: Limits, folder: Path) -> tuple[Records, list[str]]:
    """NDJSON: a line that is no object is set aside, blank lines are no records."""
    records = Records(folder)
    objects = Objects(limits, records)
    row_no, faults = 0, 0
    with open(path, encoding="utf-8-sig", newline="\n") as file:
        for line_no, line in enumerate(file, start=1):
            text = line.strip(WHITE)
            if not text:
                continue
            row_no += 1
            refuse_deep(text, limits, f"line {line_no}")
            try:
                objects.add(row_no, DECODER.decode(text), f"line {line_no}")
            except NotJson as error:
                reason = str(error)
            except (ValueError, RecursionError):
                reason = "broken_json"
            else:
                continue
            faults += 1
            records.add_broken(row_no, reason, text)
    if faults and not objects.good:
        raise Problem(
            "line 1: no line is a JSON object of its own. Write one object a line, or one array of objects."
        )
    if not row_no:
        raise Problem("the file holds nothing but blank lines. Export it again.")
    return records, objects.headings(source)


def read_array(path: Path, source: Source, limits: Limits, folder: Path) -> tuple[Records, list[str]]:
    """One array of objects. A damaged one is refused whole: nobody can say where its next record begins."""
    records = Records(folder)
    objects = Objects(limits, records)
    row_no = 0
    for row_no, text in enumerate(elements(path, limits), start=1):
        try:
            objects.add(row_no, DECODER.decode(text), f"record {row_no}")
        except NotJson as error:
            records.add_broken(row_no, str(error), text)
        except (ValueError, RecursionError) as error:
            raise Problem(f"record {row_no}: the JSON is damaged. Export the file again.") from error
    return records, objects.headings(source)


def elements(path: Path, limits: Limits) -> Iterator[str]:
    """The text of each element of the array, cut by its own brackets, so that memory stays flat."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        buffer, number, wants = "", 0, "["
        while True:
            more = file.read(HINT)
            buffer, place = buffer + more, 0
            while True:
                while place < len(buffer) and buffer[place] in WHITE:
                    place += 1
                if place >= len(buffer):
                    break
                character = buffer[place]
                if wants == "end":
                    raise damaged(number, "something follows its end")
                if character == "]" and wants in ("value or end", "comma"):
                    wants, place = "end", place + 1
                elif character == "[" and wants == "[":
                    wants, place = "value or end", place + 1
                elif character == "," and wants == "comma":
                    wants, place = "value", place + 1
                elif wants in ("value", "value or end"):
                    end = element_end(buffer, place)
                    if end is None and more and len(buffer) - place <= limits.line_bytes:
                        break
                    if (end or len(buffer)) - place > limits.line_bytes:
                        size = over(
                            "the record", f"over {limits.line_bytes}", limits.line_bytes, "line_bytes"
                        )
                        raise Problem(f"record {number + 1}: {size}")
                    if end is None:
                        raise damaged(number, "it ends early")
                    number += 1
                    refuse_deep(buffer[place:end], limits, f"record {number}")
                    yield buffer[place:end]
                    wants, place = "comma", end
                else:
                    raise damaged(number, "its commas or brackets are wrong")
            buffer = buffer[place:]
            if not more:
                break
        if wants != "end":
            raise damaged(number, "it ends early")


def damaged(number: int, words: str) -> Problem:
    return Problem(f"after record {number}: the JSON array is damaged ({words}). Export the file again.")


TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]', re.DOTALL)


def element_end(buffer: str, start: int) -> int | None:
    """Where the element that starts here ends; null if the buffer ends before."""
    depth = 0
    for found in TOKEN.finditer(buffer, start):
        token = found[0]
        if token in ("{", "["):
            depth += 1
        elif token in ("}", "]"):
            if depth == 0:
                return found.start()
            depth -= 1
            if depth == 0:
                return found.end()
        elif token == "," and depth == 0:
            return found.start()
    return None
