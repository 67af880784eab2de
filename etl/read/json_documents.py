"""Splits a JSON file into its documents, and finds the records in them.

A document is a line, an element of one array, or an object over many lines. It is a record itself, or its
records are a list or an object in it. Where, is told by the source (`records`), or found by the headings that
the source needs; what could be in two places is refused.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from etl.common.problem import Problem
from etl.config.source import Limits, heading_key
from etl.read.csv_dialect import printable_headings
from etl.read.encoding import Text, utf8_text

CHUNK = 1 << 20
# Files that were put one behind the other have byte order marks inside.
WHITE = " \t\r\n\ufeff"
BLANKS = re.compile(f"[{WHITE}]*")
# A string may continue after the buffer.
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[{}\[\],]', re.DOTALL)
# What may come between the elements of an array, after the last such character or after an element.
FOLLOWERS = {"": "[", "[": "]", "element": ",]", ",": "", "]": ""}
# Objects over many lines are held in memory.
MOST_HELD = 64_000_000
# Says only where a value ends, and a number may be of any length: records are decoded again, and strictly.
SCANNER = json.JSONDecoder(parse_int=str, parse_float=str)
# A heading with the zone of times, as heading_key has it.
ZONE = re.compile("zone$|^tz$|utcoffset$")
# Keys beside the records, and how long one is with those around it.
MOST_BESIDE, LONGEST_KEY = 300_000, 5_000
ADVICE = "Write one object a line, or one array of objects."
# The keys from the document to its records; none if a document is a record.
Keys = tuple[str, ...]


@dataclass(frozen=True)
class JsonFile:
    """A file of JSON documents. Its form is array, lines (one object a line), or objects (all others)."""

    text: Text
    form: str
    limits: Limits

    @classmethod
    def of(cls, path: Path, folder: Path, limits: Limits) -> "JsonFile":
        # A document may be on one line, however long; the lines of others are limited as they are read.
        text = utf8_text(path, folder, replace(limits, line_bytes=limits.unpacked_bytes))
        return cls(text, form_of(text.path, limits), limits)

    def documents(self) -> Iterator[tuple[str, str]]:
        """The place and text of each document; a line may be no JSON."""
        if self.form == "objects":
            for number, text in enumerate(objects(self.text.path), start=1):
                yield f"record {number}", text
            return
        with open(self.text.path, encoding="utf-8-sig", newline="\n") as file:
            yield from (elements if self.form == "array" else lines)(file, self.limits)


def form_of(path: Path, limits: Limits) -> str:
    with open(path, encoding="utf-8-sig", newline="\n") as file:
        # A blank line may be long too.
        read = iter(lambda: file.readline(limits.line_bytes + 2), "")
        first = next((line for line in read if line.strip(WHITE)), "").strip(WHITE)
    if first.startswith("["):
        return "array"
    with suppress(ValueError, RecursionError):
        SCANNER.decode(first)
        return "lines"
    is_open = first.endswith(("{", "[", ",", ":")) or len(first) > limits.line_bytes
    try:
        if path.stat().st_size <= MOST_HELD:
            for _ in objects(path):
                pass
            return "objects"
    except json.JSONDecodeError as error:
        if is_open:
            fault = "the JSON is damaged here or ends early, and no line is a complete object"
            raise Problem(f"line {error.lineno}: {fault}. Export the file again.") from error
    except RecursionError:
        pass
    else:
        if len(first) > limits.line_bytes:
            raise limits.over("line_bytes", "the line", place="line 1")
        if is_open:
            raise Problem(f"a JSON object over many lines can have at most {MOST_HELD} bytes. {ADVICE}")
    return "lines"


def objects(path: Path) -> Iterator[str]:
    """The text of each value in a file of values one after the other. Raises the parser's error."""
    text = path.read_text(encoding="utf-8-sig")
    place = skip_blanks(text, 0)
    while place < len(text):
        end = SCANNER.raw_decode(text, place)[1]
        yield text[place:end]
        place = skip_blanks(text, end)


def lines(file: TextIO, limits: Limits) -> Iterator[tuple[str, str]]:
    """The lines that are not blank."""
    number = 0
    while line := file.readline(limits.line_bytes + 2):
        number, text = number + 1, line.rstrip("\r\n")
        limits.refuse_long(text, "line_bytes", "the line", f"line {number}")
        if text := text.strip(WHITE):
            yield f"line {number}", text


def elements(file: TextIO, limits: Limits) -> Iterator[tuple[str, str]]:
    """The place and text of each element of the array, split at its own brackets to save memory."""
    count, last, buffer, place, fault = 0, "", "", 0, "it ends early"
    while True:
        place = skip_blanks(buffer, place)
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
                raise limits.over("line_bytes", "the record", place=f"record {count + 1}")
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


def skip_blanks(text: str, place: int) -> int:
    blanks = BLANKS.match(text, place)
    return blanks.end() if blanks else place


def parts(text: str, place: int) -> Iterator[tuple[str, int, int]]:
    """The key, start and end of each member of the object, or item of the list, that starts here."""
    is_object = text[place] == "{"
    place = skip_blanks(text, place + 1)
    while text[place] not in "}]":
        key = ""
        if is_object:
            key, place = SCANNER.raw_decode(text, place)
            place = skip_blanks(text, skip_blanks(text, place) + 1)
        end = SCANNER.raw_decode(text, place)[1]
        yield key, place, end
        place = skip_blanks(text, end)
        place = skip_blanks(text, place + 1) if text[place] == "," else place


@dataclass
class Beside:
    """Dotted keys beside the records with their first texts, zones of the next ones, and lists of records."""

    texts: dict[str, set[str]] = field(default_factory=dict)
    zones: dict[str, str] = field(default_factory=dict)
    lists: int = 0

    def note(self, key: str, value: Any) -> None:
        """Notes a key with a text, and those of the objects and lists in it, which may name a return.

        Raises a Problem if they are too many: each has the keys around it in its own.
        """
        if len(self.texts) > MOST_BESIDE or len(key) > LONGEST_KEY:
            raise Problem(f"it has too much beside its records. {ADVICE}")
        texts = self.texts.setdefault(key, set())
        if isinstance(value, dict):
            for name, item in value.items():
                self.note(f"{key}.{name}", item)
        elif isinstance(value, list):
            for item in value:
                self.note(key, item)
        elif isinstance(value, str):
            # Two different texts already contradict each other.
            texts.update([value] if len(texts) < 2 else [])
            for name in [part for part in key.split(".") if ZONE.search(heading_key(part))]:
                # Two are no zone that can be read.
                self.zones[name] = ", ".join(filter(None, [self.zones.get(name), value]))


def records_at(text: str, keys: Keys, place: str, others: Beside, start: int = 0) -> Iterator[str]:
    """The text of each record at a place of a document, which is valid JSON; adds the keys beside it."""
    if text[start] == "[":
        others.lists += not keys and text[skip_blanks(text, start + 1)] != "]"
        for _, begin, end in parts(text, start):
            yield from records_at(text, keys, place, others, begin) if keys else [text[begin:end]]
    elif not keys:
        # There is no record in null.
        if not text.startswith("null", start):
            yield text[start : SCANNER.raw_decode(text, start)[1]]
    else:
        members = list(parts(text, start)) if text[start] == "{" else []
        own = [begin for key, begin, _ in members if key == keys[0]]
        if len(own) != 1:
            fault = "is there twice" if own else "is not there"
            listed = printable(", ".join(key for key, _, _ in members)) or "no keys"
            raise Problem(
                f'{place}: the records are in "{printable(keys[0])}", which {fault} (it has {listed}). '
                "Export the file again, or load documents of another form as a file of their own."
            )
        outer = dict(others.zones)
        for key, begin, end in members:
            if key != keys[0]:
                others.note(key, SCANNER.decode(text[begin:end]))
        yield from records_at(text, keys[1:], place, others, own[0])
        others.zones = outer


def shown(keys: Keys) -> str:
    """A place as settings.toml and messages have it."""
    return printable(".".join(keys)) or "."


def printable(text: str) -> str:
    return printable_headings(text.encode(errors="replace").decode())
