"""Recognizes a file by its first bytes; a file whose name claims another format is refused."""

import re

from etl.common.problem import Problem
from etl.config.source import PACKED

PACKED_MAGIC = {
    "gzip": b"\x1f\x8b",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "zstd": b"\x28\xb5\x2f\xfd",
    "zip": b"PK\x03\x04",
}
PLAIN = dict.fromkeys((".csv", ".tsv", ".psv"), "csv") | dict.fromkeys((".json", ".ndjson", ".jsonl"), "json")
PLAIN |= {".parquet": "parquet", ".xlsx": "xlsx"}
FORMAT_NAMES = {"csv": "CSV", "json": "JSON", "parquet": "Parquet", "xlsx": "Excel (xlsx)"}
# Formats that no export has.
UNSUPPORTED = {
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an old Excel file (xls)",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"SQLite format 3": "an SQLite database",
}
HTML = re.compile(rb"\s*<(?:!doctype|html|head|body|table|script|meta|!--|\?xml)", re.IGNORECASE)
BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
BEGINNING = 4096
RENAME = "Rename it to what it is."


def format_of_name(name: str, endings: dict[str, str]) -> str | None:
    """The format that the ending of a name claims, None if the ending is unknown."""
    folded = name.casefold()
    return next((kind for ending, kind in endings.items() if folded.endswith(ending)), None)


def packing(name: str, beginning: bytes) -> str | None:
    """The compression of a file, None for a plain file. A name that claims another compression is refused."""
    claimed, plain = format_of_name(name, PACKED), format_of_name(name, PLAIN)
    actual = next((kind for kind, magic in PACKED_MAGIC.items() if beginning.startswith(magic)), None)
    if actual == "zip" and plain == "xlsx":
        return None
    if claimed and actual != claimed:
        raise Problem(
            f"the name says {claimed}, the content is not ({description(beginning)}). Export it again."
        )
    if actual and plain:
        raise Problem(f"the name says {FORMAT_NAMES[plain]}, the content is a {actual} archive. {RENAME}")
    return actual


def content_kind(name: str, beginning: bytes) -> str:
    """The format of a file: csv, json, parquet or xlsx. A name that claims another format is refused."""
    if not beginning:
        raise Problem("the file is empty: 0 bytes, not even headings. Export it again.")
    text = text_of(beginning).lstrip()
    if beginning.startswith(b"PAR1"):
        actual = "parquet"
    elif beginning.startswith(PACKED_MAGIC["zip"]):
        actual = "xlsx"
    elif beginning.startswith((*UNSUPPORTED, *PACKED_MAGIC.values())) or HTML.match(text):
        raise Problem(f"it is {description(beginning)}, not an export. Download the export itself, as CSV.")
    else:
        actual = "json" if text.startswith((b"{", b"[")) else "csv"
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
