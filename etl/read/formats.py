"""Recognizes the format of a file by its first bytes. A file whose name claims another format is refused."""

import re
from pathlib import Path

from etl.common.problem import Problem
from etl.config.source import PACKED
from etl.read.streams import PACKED_MAGIC

PLAIN = dict.fromkeys((".csv", ".tsv", ".psv"), "csv") | dict.fromkeys((".json", ".ndjson", ".jsonl"), "json")
PLAIN |= {".parquet": "parquet"} | dict.fromkeys((".xlsx", ".xlsm", ".ods"), "workbook")
FORMAT_NAMES = {"csv": "CSV", "json": "JSON", "parquet": "Parquet", "workbook": "workbook"}
OLD_OFFICE = b"\xd0\xcf\x11\xe0"
# Formats that no export has.
UNSUPPORTED = {
    b"%PDF": "a PDF document",
    OLD_OFFICE: "an old Excel file (xls)",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"SQLite format 3": "an SQLite database",
}
HTML = re.compile(rb"\s*<(?:!doctype|html|head|body|table|script|meta|!--|\?xml)", re.IGNORECASE)
# An object or a list, or the text of one, as programs write JSON that they take for a text.
JSON = re.compile(rb'[{\[]|"(?:\s|\\[nrt])*[{\[](?:[\s{\[]|\\[nrt])*\\"')
BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
BEGINNING = 4096
RENAME = "Rename it to what it is."
LOCKED = "it is locked with a password, or an old Excel file (xls). Save it as .xlsx without a password."


def beginning_of(path: Path) -> bytes:
    """The first bytes of a file, which show its format."""
    with open(path, "rb") as file:
        return file.read(BEGINNING)


def format_of_name(name: str, endings: dict[str, str]) -> str | None:
    """The format that the ending of a name claims, None if the ending is unknown."""
    return next((kind for ending, kind in endings.items() if name.casefold().endswith(ending)), None)


def packing(name: str, beginning: bytes) -> str | None:
    """The compression of a file, None for a plain file. A name that claims another compression is refused."""
    claimed, plain = format_of_name(name, PACKED), format_of_name(name, PLAIN)
    actual = next((kind for kind, magic in PACKED_MAGIC.items() if beginning.startswith(magic)), None)
    if actual == "zip" and plain == "workbook":
        return None
    if claimed and actual != claimed:
        raise Problem(
            f"the name says {claimed}, the content is not ({description(beginning)}). Export it again."
        )
    if actual and plain:
        raise Problem(f"the name says {FORMAT_NAMES[plain]}, the content is a {actual} archive. {RENAME}")
    return actual


def content_kind(name: str, beginning: bytes) -> str:
    """The format of a file: csv, json, parquet or workbook. A name that claims another format is refused."""
    if not beginning:
        raise Problem("the file is empty: 0 bytes, not even headings. Export it again.")
    text = text_of(beginning).lstrip()
    if beginning.startswith(b"PAR1"):
        actual = "parquet"
    elif beginning.startswith(PACKED_MAGIC["zip"]):
        actual = "workbook"
    elif beginning.startswith((*UNSUPPORTED, *PACKED_MAGIC.values())) or HTML.match(text):
        raise Problem(f"it is {description(beginning)}, not an export. Download the export itself, as CSV.")
    else:
        actual = "json" if JSON.match(text) else "csv"
    claimed = format_of_name(name, PLAIN)
    # A CSV file may begin with a heading in brackets.
    if claimed and actual != claimed and not (claimed == "csv" and beginning.lstrip().startswith(b"[")):
        raise Problem(
            f"the name says {FORMAT_NAMES[claimed]}, the content is {FORMAT_NAMES[actual]}. {RENAME}"
        )
    return claimed or actual


def text_of(beginning: bytes) -> bytes:
    """The first bytes without a byte order mark, and without the zero bytes of UTF-16."""
    for mark in BYTE_ORDER_MARKS:
        if beginning.startswith(mark):
            return beginning[len(mark) :].replace(b"\0", b"")
    return beginning


def description(beginning: bytes) -> str:
    """What a file contains that is not an export."""
    if HTML.match(text_of(beginning)):
        return "a web page (HTML), such as a login page saved in place of the export"
    names = {magic: f"a {kind} archive" for kind, magic in PACKED_MAGIC.items()} | UNSUPPORTED
    return next((name for magic, name in names.items() if beginning.startswith(magic)), "something else")


def is_workbook(name: str, beginning: bytes) -> bool:
    """Whether a plain file is a workbook. One with a password begins as an old Excel file, and is refused."""
    if beginning.startswith(OLD_OFFICE) and format_of_name(name, PLAIN) == "workbook":
        raise Problem(LOCKED)
    return beginning.startswith(PACKED_MAGIC["zip"]) and content_kind(name, beginning) == "workbook"
