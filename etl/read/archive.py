"""The checked way in: a file is hashed while it is read once, and unpacked into a copy that is proven to be whole.

DuckDB does not verify the checksum of gzip and reads cut archives as far as they go, so no reader ever sees an archive.
A reason here does not name the file: the loader puts the name, redacted, before it.
"""

import bz2
import hashlib
import lzma
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO

import zstandard

from etl.common.problem import Problem
from etl.config.source import Limits
from etl.read.formats import BEGINNING, PACKED, ending, packing

CHUNK = 1 << 20
# A few bytes of zstd can stand for 128 kB, so it is fed in sips: the output of one is at most 32 MB.
SIP = 1 << 10
# Below this a large ratio is no bomb: a few hundred equal lines pack as tightly.
SMALL = 1_000_000
LARGEST_WINDOW = 1 << 27
DAMAGED = "the archive is damaged"
AGAIN = "Nothing was loaded from it; export it again"


@dataclass(frozen=True)
class Unpacked:
    """A file that may be read: whole, within the limits, its content in `path`."""

    path: Path
    name: str
    sha256: str
    packed_sha256: str
    size: int
    packed_size: int
    stamp: tuple[int, int]
    remark: str | None = None

    def refuse_changed(self) -> None:
        """Refuses a file whose size or time has changed since it was hashed: what was read is not what was hashed."""
        if stamp_of(os.stat(self.path)) != self.stamp:
            raise Problem("the file changed while it was read. Load it again when its export is complete.")


def verified(path: Path, folder: Path, limits: Limits) -> Unpacked:
    """The content of a file, proven whole: the file itself if plain, else a copy in `folder`, a private one."""
    try:
        with open(path, "rb") as file:
            before = os.fstat(file.fileno())
            if not S_ISREG(before.st_mode):
                raise Problem("this is no regular file.")
            if before.st_size > limits.file_bytes:
                raise Problem(over("the file", before.st_size, limits.file_bytes, "file_bytes"))
            kind = packing(path.name, file.read(BEGINNING))
            file.seek(0)
            unpacked = unpack(file, path, kind, folder, limits, before)
            if stamp_of(os.stat(path)) != stamp_of(before):
                raise Problem(
                    "the file changed while it was read. Load it again when its export is complete."
                )
            return unpacked
    except OSError as error:
        if error.filename is not None and Path(error.filename) != path:
            raise
        raise Problem(f"the file cannot be read ({error.strerror or type(error).__name__}).") from error


def unpack(
    file: BinaryIO, path: Path, kind: str | None, folder: Path, limits: Limits, status: os.stat_result
) -> Unpacked:
    """The hashes of a file, and its unpacked copy if it is packed."""
    raw = Hashed(file)
    if kind is None:
        for _ in raw:
            pass
        if raw.size > limits.unpacked_bytes:
            raise Problem(over("the file", raw.size, limits.unpacked_bytes, "unpacked_bytes"))
        digest = raw.hash.hexdigest()
        return Unpacked(path, path.name, digest, digest, raw.size, raw.size, stamp_of(status))
    remarks: list[str] = []
    content, size = hashlib.sha256(), 0
    descriptor, name = tempfile.mkstemp(prefix="unpacked-", dir=folder)
    copy = Path(name)
    try:
        with open(descriptor, "wb") as out:
            for piece in pieces(kind, raw, path, remarks):
                size += len(piece)
                if size > limits.unpacked_bytes:
                    raise Problem(over("the unpacked file", size, limits.unpacked_bytes, "unpacked_bytes"))
                if size > max(SMALL, status.st_size * limits.ratio):
                    words = "its size unpacked, as a multiple of its size packed,"
                    raise Problem(over(words, f"more than {limits.ratio}", limits.ratio, "ratio"))
                content.update(piece)
                out.write(piece)
        for _ in raw:
            pass
    except BaseException:
        copy.unlink()
        raise
    suffix = (
        next(len(one) for one in PACKED if ending(path.name, {one: one})) if ending(path.name, PACKED) else 0
    )
    return Unpacked(
        path=copy,
        name=path.name[: len(path.name) - suffix],
        sha256=content.hexdigest(),
        packed_sha256=raw.hash.hexdigest(),
        size=size,
        packed_size=raw.size,
        stamp=stamp_of(os.stat(copy)),
        remark=remarks[0] if remarks else None,
    )


class Hashed:
    """The chunks of a file, hashed as they go by."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.hash, self.size = file, hashlib.sha256(), 0

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.file.read(CHUNK):
            self.hash.update(chunk)
            self.size += len(chunk)
            yield chunk


def pieces(kind: str, raw: Hashed, path: Path, remarks: list[str]) -> Iterator[bytes]:
    """The unpacked content, piece by piece; a Problem at the first sign that the archive is not whole."""
    try:
        if kind == "zip":
            yield from zip_pieces(path)
        elif kind == "zstd":
            yield from zstd_pieces(raw, remarks)
        else:
            yield from member_pieces(kind, raw)
    except (zlib.error, lzma.LZMAError, zstandard.ZstdError, zipfile.BadZipFile, ValueError) as error:
        raise Problem(f"{DAMAGED} (its checksum or structure is wrong). {AGAIN}.") from error
    except EOFError as error:
        raise Problem(f"the archive is cut ({kind} ends early). {AGAIN}.") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise Problem(f"{DAMAGED} (its checksum or structure is wrong). {AGAIN}.") from error


def decompressor(kind: str) -> Any:
    makers = {
        "gzip": lambda: zlib.decompressobj(wbits=31),
        "bzip2": bz2.BZ2Decompressor,
        "xz": xz_decompressor,
    }
    return makers[kind]()


def xz_decompressor() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=1 << 28)


def member_pieces(kind: str, raw: Hashed) -> Iterator[bytes]:
    """The members of gzip, bzip2 or xz one after the other; each must end, zeros may follow, nothing else may."""
    member, between, padded, pending = decompressor(kind), False, False, b""
    for chunk in raw:
        pending += chunk
        while pending:
            if between:
                stripped = pending.lstrip(b"\0")
                padded = padded or len(stripped) < len(pending)
                pending = stripped
                if not pending:
                    break
                if padded:
                    raise Problem(f"something follows the end of the archive. {AGAIN}.")
                member, between = started(kind, pending), False
            piece = member.decompress(pending, CHUNK)
            pending = member.unconsumed_tail if kind == "gzip" else b""
            if piece:
                yield piece
            while not member.eof and piece and not pending and getattr(member, "needs_input", True) is False:
                piece = member.decompress(b"", CHUNK)
                yield piece
            if member.eof:
                pending, between = member.unused_data, True
    if not between:
        raise EOFError


def started(kind: str, pending: bytes) -> Any:
    """A further member; what does not begin like one is something foreign."""
    magic = {"gzip": b"\x1f\x8b", "bzip2": b"BZh", "xz": b"\xfd7zXZ\x00"}[kind]
    if not pending.startswith(magic) and not magic.startswith(pending):
        raise Problem(f"something follows the end of the archive. {AGAIN}.")
    return decompressor(kind)


def zstd_pieces(raw: Hashed, remarks: list[str]) -> Iterator[bytes]:
    """The frames of zstd; each must end. One without a checksum is remarked on: a flipped bit in it cannot be seen."""
    frame, pending = None, b""
    maker = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW)
    for chunk in raw:
        for start in range(0, len(chunk), SIP):
            pending += chunk[start : start + SIP]
            while pending:
                if frame is None:
                    if not zstandard.get_frame_parameters(pending.ljust(18, b"\0")).has_checksum:
                        remarks.append("the archive carries no checksum, so damage inside it cannot be seen")
                    frame = maker.decompressobj()
                piece, pending = frame.decompress(pending), b""
                if piece:
                    yield piece
                if frame.eof:
                    pending, frame = frame.unused_data, None
    if frame is not None:
        raise EOFError


def zip_pieces(path: Path) -> Iterator[bytes]:
    """The one member of a zip; what a Mac adds beside it does not count."""
    with zipfile.ZipFile(path) as archive:
        members = [
            one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")
        ]
        if len(members) != 1:
            raise Problem(
                f"the zip holds {len(members)} files, and must hold exactly one. Load them one by one."
            )
        if members[0].flag_bits & 1:
            raise Problem("the zip is encrypted. Unpack it, and load what is inside.")
        try:
            with archive.open(members[0]) as member:
                while piece := member.read(CHUNK):
                    yield piece
        except NotImplementedError as error:
            raise Problem(
                "the zip uses a compression that is not known here. Unpack it, and load the file."
            ) from error


def stamp_of(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def over(what: str, found: int | str, limit: int, key: str) -> str:
    """A limit that was passed, said in one way everywhere."""
    return f"{what} is {found}, and the limit is {limit} ({key} under [limits] in settings.toml)."
