"""Checks a file before it is read: its first bytes show its format, it is hashed, and an archive is unpacked.

A file whose name claims another format is refused. The loader puts the redacted name before a Problem.

DuckDB does not verify the checksum of gzip and reads a cut archive as far as it goes, so every archive is
unpacked here.
"""

import bz2
import hashlib
import lzma
import os
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO

import zstandard

from etl.common.problem import Problem
from etl.config.source import PACKED, Limits, unpacked_name

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
CHUNK = 1 << 20
# A few bytes of zstd can expand to 128 kB: the output of a step is at most 32 MB.
ZSTD_STEP = 1 << 10
ZSTD_HEADER = 18
ZSTD_WINDOW = 1 << 27
XZ_MEMORY = 1 << 28
# Up to this size a high ratio is harmless: a few hundred equal lines compress as well as a zip bomb.
SMALL = 1_000_000
AGAIN = "Nothing was loaded from it; export it again."
DAMAGE = (zlib.error, lzma.LZMAError, zstandard.ZstdError, zipfile.BadZipFile, ValueError, OSError)
DAMAGED = f"the archive is damaged (its checksum or structure is wrong). {AGAIN}"
FOLLOWED = f"something follows the end of the archive. {AGAIN}"
CHANGED = "the file changed while it was read. Load it again when its export is complete."
Stamp = tuple[int, int]
DECOMPRESSORS: dict[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=XZ_MEMORY),
}


@dataclass(frozen=True)
class Unpacked:
    """A verified file within the limits; `path` has its content, `file` is the file itself, maybe packed."""

    path: Path
    name: str
    sha256: str
    packed_sha256: str
    file: Path
    stamp: Stamp | None
    remark: str | None = None

    def refuse_changed(self) -> None:
        """Refuses a file whose size or time has changed since it was hashed."""
        if stamp_of(self.file) != self.stamp:
            raise Problem(CHANGED)


def stamp_of(file: Path | int) -> Stamp | None:
    """Size and time of a file, which change when it is written; None if it cannot be found."""
    with suppress(OSError):
        status = os.stat(file)
        return status.st_size, status.st_mtime_ns
    return None


def refuse_others(file: Path) -> None:
    """Refuses everything but a regular file: a link may point anywhere, and a pipe may never end."""
    if file.is_symlink():
        raise Problem("a symbolic link. Load the file that it points to.")
    if not file.exists():
        raise Problem("there is no such file.")
    if not file.is_file():
        raise Problem("not a regular file.")
    if os.fsencode(file).decode(errors="replace") != str(file):
        raise Problem("a byte of its name is not UTF-8. Rename it.")


def over_limit(limits: Limits, key: str, what: str, actual: object = None, place: str = "") -> Problem:
    """The refusal of a file that exceeds a limit, worded the same way everywhere."""
    limit = getattr(limits, key)
    value = f"over {limit}" if actual is None else actual
    setting = f"{key} under [limits] in settings.toml"
    return Problem(f"{place}{': ' if place else ''}{what} is {value}, and the limit is {limit} ({setting}).")


def refuse_large(size: int, packed_size: int, limits: Limits) -> None:
    """Refuses content that is too large, or so much larger than its archive that it must be a zip bomb."""
    if size > limits.unpacked_bytes:
        raise over_limit(limits, "unpacked_bytes", "the unpacked file", size)
    if size > max(SMALL, packed_size * limits.ratio):
        raise over_limit(limits, "ratio", "its size unpacked, as a multiple of its size packed,")


def verified(path: Path, folder: Path, limits: Limits) -> Unpacked:
    """The verified content of a file: a plain file itself, an archive as a copy in the private `folder`."""
    try:
        with open(path, "rb") as file:
            before = os.fstat(file.fileno())
            size = before.st_size
            if not S_ISREG(before.st_mode):
                raise Problem("this is not a regular file.")
            if size > limits.file_bytes:
                raise over_limit(limits, "file_bytes", "the file", size)
            kind = packing(path.name, file.read(BEGINNING))
            if not kind and size > limits.unpacked_bytes:
                raise over_limit(limits, "unpacked_bytes", "the file", size)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            unpacked = Unpacked(path, path.name, digest, digest, path, stamp_of(file.fileno()))
            if kind:
                file.seek(0)
                unpacked = unpack(file, kind, unpacked, folder, limits)
            unpacked.refuse_changed()
            return unpacked
    except OSError as error:
        if error.filename is not None and Path(error.filename) != path:
            raise
        raise Problem(f"the file cannot be read ({error.strerror or type(error).__name__}).") from error


def unpack(file: BinaryIO, kind: str, packed: Unpacked, folder: Path, limits: Limits) -> Unpacked:
    """The unpacked copy of an archive, with the hashes of both."""
    remarks: list[str] = []
    content, size, packed_size = hashlib.sha256(), 0, os.fstat(file.fileno()).st_size
    descriptor, name = tempfile.mkstemp(prefix="unpacked-", dir=folder)
    try:
        with open(descriptor, "wb") as out:
            for chunk in unpacked_chunks(kind, file, remarks):
                size += len(chunk)
                refuse_large(size, packed_size, limits)
                content.update(chunk)
                out.write(chunk)
    except BaseException:
        os.unlink(name)
        raise
    own_name, remark = unpacked_name(packed.name), next(iter(remarks), None)
    return replace(packed, path=Path(name), name=own_name, sha256=content.hexdigest(), remark=remark)


def unpacked_chunks(kind: str, file: BinaryIO, remarks: list[str]) -> Iterator[bytes]:
    """The unpacked content, chunk by chunk; a cut or damaged archive is refused."""
    try:
        if kind == "zip":
            yield from zip_chunks(file)
        elif kind == "zstd":
            yield from zstd_chunks(file, remarks)
        else:
            yield from member_chunks(kind, file)
    except EOFError as error:
        raise Problem(f"the archive is cut ({kind} ends early). {AGAIN}") from error
    except DAMAGE as error:
        # An error of the disk has a number; a decompressor raises an OSError without a number.
        if getattr(error, "errno", None) is not None:
            raise
        raise Problem(DAMAGED) from error


def member_chunks(kind: str, file: BinaryIO) -> Iterator[bytes]:
    """The content of each member of gzip, bzip2 or xz; each must end, and only zero bytes may follow."""
    magic = PACKED_MAGIC[kind]
    member, is_padded = DECOMPRESSORS[kind](), False
    for data in iter(partial(file.read, CHUNK), b""):
        while data or (member and not getattr(member, "needs_input", True)):
            if member is None:
                rest = data.lstrip(b"\0")
                is_padded = is_padded or len(rest) < len(data)
                if not rest:
                    break
                if is_padded or not (rest.startswith(magic) or magic.startswith(rest)):
                    raise Problem(FOLLOWED)
                data, member = rest, DECOMPRESSORS[kind]()
            yield member.decompress(data, CHUNK)
            data = getattr(member, "unconsumed_tail", b"")
            if member.eof:
                data, member = member.unused_data, None
    if member is not None:
        raise EOFError


def zstd_chunks(file: BinaryIO, remarks: list[str]) -> Iterator[bytes]:
    """The content of each frame of zstd; every frame must end. A frame without a checksum adds a remark."""
    frame, rest = None, b""
    decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
    while data := rest or file.read(ZSTD_STEP):
        if frame is None:
            data += file.read(max(0, ZSTD_HEADER - len(data)))
            if not zstandard.get_frame_parameters(data.ljust(ZSTD_HEADER, b"\0")).has_checksum:
                remarks.append("the archive carries no checksum, so damage inside it cannot be seen")
            frame = decompressor.decompressobj()
        yield frame.decompress(data)
        rest = frame.unused_data
        if frame.eof:
            frame = None
    if frame is not None:
        raise EOFError


def zip_chunks(file: BinaryIO) -> Iterator[bytes]:
    """The content of the only file in a zip; the files that macOS adds do not count."""
    with zipfile.ZipFile(file) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        files = [entry for entry in entries if not entry.filename.startswith("__MACOSX/")]
        if len(files) != 1:
            todo = "must contain exactly one. Load them one by one."
            raise Problem(f"the zip contains {len(files)} files, and {todo}")
        if files[0].flag_bits & 1:
            raise Problem("the zip is encrypted. Unpack it, and load what is inside.")
        try:
            with archive.open(files[0]) as content:
                yield from iter(partial(content.read, CHUNK), b"")
        except NotImplementedError as error:
            raise Problem("the zip uses an unknown compression. Unpack it, and load the file.") from error


def format_of_name(name: str, endings: dict[str, str]) -> str | None:
    """The format that the ending of a name claims, None if the ending is unknown."""
    return next((kind for ending, kind in endings.items() if name.casefold().endswith(ending)), None)


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
