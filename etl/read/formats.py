"""What a file is, by its first bytes; a name that claims something else is refused rather than trusted."""

import re

from etl.common.problem import Problem

PACKED = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd", ".zip": "zip"}
PACKED_MAGIC = {
    "gzip": b"\x1f\x8b",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "zstd": b"\x28\xb5\x2f\xfd",
    "zip": b"PK\x03\x04",
}
PLAIN = {
    ".csv": "csv",
    ".tsv": "csv",
    ".psv": "csv",
    ".json": "json",
    ".ndjson": "json",
    ".jsonl": "json",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
WORDS = {"csv": "CSV", "json": "JSON", "parquet": "Parquet", "xlsx": "Excel (xlsx)"}
STRANGERS = {
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an old Excel file (xls)",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"SQLite format 3": "an SQLite database",
}
HTML = re.compile(rb"\s*<(?:!doctype|html|head|body|table|script|meta|!--|\?xml)", re.IGNORECASE)
BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
BEGINNING = 4096


def ending(name: str, endings: dict[str, str]) -> str | None:
    """What the ending of a name claims; null where it claims nothing that we know."""
    folded = name.casefold()
    return next((kind for one, kind in endings.items() if folded.endswith(one)), None)


def packing(name: str, beginning: bytes) -> str | None:
    """The compression of a file, null for a plain one. A name that claims another one is a Problem."""
    claimed = ending(name, PACKED)
    found = next((kind for kind, magic in PACKED_MAGIC.items() if beginning.startswith(magic)), None)
    if found == "zip" and ending(name, PLAIN) == "xlsx":
        return None
    if claimed and found != claimed:
        raise Problem(
            f"the name says {claimed}, the content is not ({described(beginning)}). Export it again."
        )
    plain = ending(name, PLAIN)
    if found and plain and not claimed:
        raise Problem(
            f"the name says {WORDS[plain]}, the content is a {found} archive. Rename it to what it is."
        )
    return found


def content_kind(name: str, beginning: bytes) -> str:
    """csv, json, parquet or xlsx, of an unpacked file. Anything else, or another than the name claims, is a Problem."""
    if not beginning:
        raise Problem("the file is empty: 0 bytes, not even headings. Export it again.")
    found = plain_kind(beginning)
    claimed = ending(name, PLAIN)
    if found is None:
        raise Problem(f"it is {described(beginning)}, no export. Download the export itself, as CSV.")
    if claimed and found != claimed and not (claimed == "csv" and beginning.lstrip().startswith(b"[")):
        raise Problem(
            f"the name says {WORDS[claimed]}, the content is {WORDS[found]}. Rename it to what it is."
        )
    return claimed or found


def plain_kind(beginning: bytes) -> str | None:
    """The kind of plain content, null for what is no table at all."""
    if beginning.startswith(b"PAR1"):
        return "parquet"
    if beginning.startswith(PACKED_MAGIC["zip"]):
        return "xlsx"
    if any(beginning.startswith(magic) for magic in (*STRANGERS, *PACKED_MAGIC.values())) or is_html(
        beginning
    ):
        return None
    return "json" if text_of(beginning).lstrip()[:1] in (b"{", b"[") else "csv"


def text_of(beginning: bytes) -> bytes:
    """The first bytes without a byte order mark, and without the zeros of UTF-16."""
    for mark in BOMS:
        if beginning.startswith(mark):
            return beginning[len(mark) :].replace(b"\0", b"")
    return beginning


def is_html(beginning: bytes) -> bool:
    return HTML.match(text_of(beginning)) is not None


def described(beginning: bytes) -> str:
    """What strange content is, in words."""
    if is_html(beginning):
        return "a web page (HTML), such as a login page saved in place of the export"
    for kind, magic in PACKED_MAGIC.items():
        if beginning.startswith(magic):
            return f"a {kind} archive"
    return next(
        (words for magic, words in STRANGERS.items() if beginning.startswith(magic)), "something else"
    )
