"""Unpacks compressed streams, chunk by chunk, with their checksums.

DuckDB does not verify the checksum of gzip and reads a cut archive as far as it goes, so every archive is
unpacked here.
"""

import bz2
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO

import zstandard

from etl.common.problem import Problem

PACKED_MAGIC = {
    "gzip": b"\x1f\x8b",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "zstd": b"\x28\xb5\x2f\xfd",
    "zip": b"PK\x03\x04",
}
CHUNK = 1 << 20
MEMBER_STEP = 1 << 14
# A few bytes of zstd can expand to 128 kB: the output of a step is at most 32 MB.
ZSTD_STEP = 1 << 10
ZSTD_HEADER = 18
ZSTD_WINDOW = 1 << 27
XZ_MEMORY = 1 << 28
AGAIN = "Nothing was loaded from it; export it again."
DAMAGE = (zlib.error, lzma.LZMAError, zstandard.ZstdError, zipfile.BadZipFile, ValueError)
DAMAGED = f"the archive is damaged (its checksum or structure is wrong). {AGAIN}"
FOLLOWED = f"something follows the end of the archive. {AGAIN}"
DECOMPRESSORS: dict[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=XZ_MEMORY),
}


@contextmanager
def refuse_damage(message: str, *errors: type[Exception]) -> Iterator[None]:
    """Refuses a file that shows by one of these errors that it is damaged."""
    kinds: tuple[type[Exception], ...] = (OSError, *errors)
    try:
        yield
    except kinds as error:
        # An error of the disk has a number; a library raises an OSError without a number for damage.
        if getattr(error, "errno", None) is not None:
            raise
        raise Problem(message) from error


@contextmanager
def refuse_damaged_archive(kind: str) -> Iterator[None]:
    """Refuses an archive that shows while it is read that it is cut or damaged."""
    try:
        with refuse_damage(DAMAGED, *DAMAGE):
            yield
    except EOFError as error:
        raise Problem(f"the archive is cut ({kind} ends early). {AGAIN}") from error


def unpacked_chunks(kind: str, file: BinaryIO, remarks: list[str]) -> Iterator[bytes]:
    """The unpacked content, chunk by chunk; a cut or damaged archive is refused."""
    with refuse_damaged_archive(kind):
        if kind == "zstd":
            yield from zstd_chunks(file, remarks)
        else:
            yield from member_chunks(kind, file)


def member_chunks(kind: str, file: BinaryIO) -> Iterator[bytes]:
    """The content of each member of gzip, bzip2 or xz; each must end, and only zero bytes may follow."""
    magic = PACKED_MAGIC[kind]
    member, is_padded = DECOMPRESSORS[kind](), False
    # What follows a member is copied, and a member may have 20 bytes: so little is read at once.
    for data in iter(partial(file.read, MEMBER_STEP), b""):
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


def entry_chunks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of one member of a zip, whose checksum is verified at its end."""
    if entry.flag_bits & 1:
        raise Problem("the zip is encrypted. Unpack it, and load what is inside.")
    try:
        with refuse_damaged_archive("zip"), archive.open(entry) as content:
            yield from iter(partial(content.read, CHUNK), b"")
    except NotImplementedError as error:
        raise Problem("the zip uses an unknown compression. Unpack it, and load the file.") from error
