"""Checks a file before it is read: it is hashed, and an archive or a workbook is unpacked.

The loader puts the redacted name before a Problem. A file
may have several contents: the members of a zip, the sheets of a workbook. Each is read as a file of its own.
"""

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from typing import BinaryIO

from etl.common.duck import disk_full_error
from etl.common.files import is_system_file
from etl.common.problem import Problem
from etl.common.terminal import printable
from etl.config.source import Limits, unpacked_name
from etl.read import workbook
from etl.read.formats import BEGINNING, beginning_of, is_workbook, packing
from etl.read.streams import entry_chunks, refuse_damaged_archive, unpacked_chunks
from etl.read.tins import redact_name

# Up to this size a high ratio is harmless: a few hundred equal lines compress as well as a zip bomb.
SMALL = 1_000_000
# The same for records as text: in Parquet, columns that are empty, or have one value, take no room.
FEW_RECORDS = 100_000_000
SYSTEM = "a file that a system or a program adds"
ENDING = "Give its name the right ending, such as .xlsx."
CHANGED = "the file changed while it was read. Load it again when its export is complete."


@dataclass(frozen=True)
class Stamp:
    """What of a file changes when it is written, or when another takes its place: size, times and inode."""

    size: int
    time: int
    changed: int
    inode: int
    # The hash of the content that was read.
    sha256: str | None = field(default=None, compare=False)

    def is_of(self, file: Path) -> bool:
        """Whether the file is as it was.

        An index or a virus scanner may touch it, and on some network drives a file has no inode of its own:
        if size and time are equal, the content decides.
        """
        now = stamp_of(file)
        if now is None or (now.size, now.time) != (self.size, self.time):
            return False
        with suppress(OSError):
            return now == self or self.sha256 in (None, hash_of(file))
        return False


@dataclass(frozen=True)
class Unpacked:
    """A verified content within the limits; `path` has its bytes, `file` is the file that it is in.

    `place` has the names of the member of a zip and of the sheet of a workbook, from the outside in; it is
    empty for a file with one content. The text of a sheet is CSV.
    """

    path: Path
    name: str
    sha256: str
    packed_sha256: str
    file: Path
    stamp: Stamp | None
    remark: str | None = None
    place: tuple[str, ...] = ()
    sheet: str | None = None
    has_day_numbers: bool = False
    # Its records come from web hooks; the file has links to documents.
    is_web_hook: bool = False
    has_links: bool = False

    @property
    def is_same(self) -> bool:
        """Whether the file is as it was when it was hashed."""
        return self.stamp is not None and self.stamp.is_of(self.file)

    def refuse_changed(self) -> None:
        if not self.is_same:
            raise Problem(CHANGED)


@dataclass(frozen=True)
class Passed:
    """A member of a zip or a sheet that is not read because it cannot be an export, and why."""

    place: tuple[str, ...]
    reason: str


@dataclass
class Contents:
    """What is in a file: the contents to read, in order, and what was passed over."""

    contents: list[Unpacked] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)


def stamp_of(file: Path | int) -> Stamp | None:
    """The stamp of a file; None if it cannot be found."""
    with suppress(OSError):
        status = os.stat(file)
        return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    return None


def hash_of(file: Path) -> str:
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


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


@dataclass(frozen=True)
class Room:
    """How much what is in a file of this size may take when it is unpacked, and its records as text."""

    limits: Limits
    packed_size: int

    def refuse_large(
        self,
        size: int,
        unpacked: str = "the unpacked file",
        multiple: str = "its size unpacked, as a multiple of its size packed,",
        small: int = SMALL,
    ) -> None:
        """Refuses what is too large, or so much larger than the file that it must be a zip bomb."""
        if size > self.limits.unpacked_bytes:
            raise self.limits.over("unpacked_bytes", unpacked, size)
        if size > max(small, self.packed_size * self.limits.ratio):
            raise self.limits.over("ratio", multiple)

    def refuse_records(self, size: int) -> None:
        """Refuses records of this size as text: in some formats, few bytes may be many or long records."""
        own = "the size of its records as text"
        self.refuse_large(size, own, f"{own}, as a multiple of the size of the file,", FEW_RECORDS)


def contents(path: Path, folder: Path, limits: Limits) -> Contents:
    """The verified contents of a file: the members of a zip, the sheets of a workbook, or the only one.

    A plain file is not copied; all others are written to the private `folder`, one after the other. If one is
    at fault, nothing of the file is there.
    """
    try:
        with open(path, "rb") as file:
            before = os.fstat(file.fileno())
            size = before.st_size
            if not S_ISREG(before.st_mode):
                raise Problem("this is not a regular file.")
            if size > limits.file_bytes:
                raise limits.over("file_bytes", "the file", size)
            kind = packing(path.name, file.read(BEGINNING))
            if not kind and size > limits.unpacked_bytes:
                raise limits.over("unpacked_bytes", "the file", size)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            stamp = stamp_of(file.fileno())
            stamp = stamp and replace(stamp, sha256=digest)
            whole = Unpacked(path, path.name, digest, digest, path, stamp)
            unpacker = Unpacker(folder, limits, size)
            try:
                if kind == "zip":
                    unpacker.add_members(whole, file)
                else:
                    unpacker.add(whole, kind)
                whole.refuse_changed()
            except BaseException:
                unpacker.remove(unpacker.written)
                raise
            return unpacker.found
    except OSError as error:
        # If the disk is full, the file is not at fault.
        if disk_full_error(error) or (error.filename is not None and Path(error.filename) != path):
            raise
        raise Problem(f"the file cannot be read ({error.strerror or type(error).__name__}).") from error


class Unpacker:
    """Unpacks one file into a private folder; everything that it writes counts towards the limits."""

    def __init__(self, folder: Path, limits: Limits, packed_size: int) -> None:
        self.folder, self.room = folder, Room(limits, packed_size)
        self.size = 0
        self.written: set[Path] = set()
        self.found = Contents()

    def write(self, chunks: Iterable[bytes], refuse: Callable[[int], None]) -> tuple[Path, str]:
        """Writes a content to a file of its own, whose name has nothing of the name of a member; its hash."""
        content = hashlib.sha256()
        descriptor, name = tempfile.mkstemp(prefix="unpacked-", dir=self.folder)
        self.written.add(Path(name))
        with open(descriptor, "wb") as out:
            for chunk in chunks:
                self.size += len(chunk)
                refuse(self.size)
                content.update(chunk)
                out.write(chunk)
        return Path(name), content.hexdigest()

    def remove(self, paths: Iterable[Path]) -> None:
        """Removes copies; the file itself is none."""
        for path in self.written.intersection(paths):
            path.unlink()
            self.written.remove(path)

    def add(self, content: Unpacked, kind: str | None) -> None:
        """Adds a content: unpacked if it is packed, and each sheet if it is a workbook."""
        if kind:
            remarks: list[str] = []
            with open(content.path, "rb") as file:
                path, digest = self.write(unpacked_chunks(kind, file, remarks), self.room.refuse_large)
            self.remove([content.path])
            name, remark = unpacked_name(content.name), next(iter(remarks), None)
            content = replace(content, path=path, name=name, sha256=digest, remark=remark)
        beginning = beginning_of(content.path)
        if is_workbook(content.name, beginning):
            self.add_sheets(content)
        else:
            self.found.contents.append(content)

    def add_sheets(self, book: Unpacked) -> None:
        """Adds each sheet of a workbook with a table as CSV text."""
        stated_size = workbook.stated_size(book.path)
        replace(self.room, packed_size=book.path.stat().st_size).refuse_large(stated_size)
        count = len(self.found.contents)
        for sheet in workbook.sheets(book.path, self.room.refuse_records):
            title = printable(sheet.name)
            place = (*book.place, title)
            if sheet.passed:
                self.found.passed.append(Passed(place, sheet.passed))
                continue
            path, digest = self.write(sheet.text, self.room.refuse_records)
            content = replace(book, path=path, name=f"{title}.csv", sha256=digest, place=place, sheet=title)
            self.found.contents.append(replace(content, has_day_numbers=sheet.has_day_numbers))
        self.remove([book.path])
        if len(self.found.contents) == count:
            raise Problem("the workbook has no sheet with a table in it. Export it again.")

    def add_members(self, packed: Unpacked, file: BinaryIO) -> None:
        """Adds each member of a zip, in the order of the names."""
        file.seek(0)
        with refuse_damaged_archive("zip"):
            archive = zipfile.ZipFile(file)
        with archive:
            entries = sorted(archive.infolist(), key=lambda entry: entry.filename)
            if any(entry.filename in ("[Content_Types].xml", "mimetype") for entry in entries):
                raise Problem(f"it is a document, such as a workbook, and not a zip of exports. {ENDING}")
            for entry in entries:
                name = member_name(entry.filename)
                place = (*packed.place, str(name))
                if entry.is_dir():
                    self.found.passed.append(Passed(place, "a folder"))
                elif name.name.startswith(".") or is_system_file(name):
                    self.found.passed.append(Passed(place, SYSTEM))
                else:
                    path, digest = self.write(entry_chunks(archive, entry), self.room.refuse_large)
                    self.add_member(replace(packed, path=path, name=name.name, sha256=digest, place=place))
        if not self.found.contents:
            raise Problem("the zip contains no file with content. Export it again.")

    def add_member(self, member: Unpacked) -> None:
        if not member.path.stat().st_size:
            self.remove([member.path])
            self.found.passed.append(Passed(member.place, "an empty file: 0 bytes"))
            return
        try:
            kind = packing(member.name, beginning_of(member.path))
            if kind == "zip":
                raise Problem("a zip inside the zip. Unpack the outer zip, and load what is inside.")
            self.add(member, kind)
        except Problem as problem:
            raise Problem(f"{redact_name(member.place[-1])[0]}: {problem}") from problem


def member_name(stored: str) -> PurePosixPath:
    """The name of a member of a zip with its folders, without anything that leads out of a folder."""
    parts = [part for part in printable(stored).replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return PurePosixPath(*parts or ["no name"])
