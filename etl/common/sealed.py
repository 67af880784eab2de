"""Logs of JSON lines that are only appended: each line is numbered, chained to the one before it, and sealed.

`before` is the SHA-256 of the line before, and `seal` a keyed hash of the line, so a line that was changed,
removed, inserted or written by another program is found. The file `head` beside the log has the number of
lines and bytes; what `returntrail verify` and the heartbeat last saw of a log is in their files, too.
"""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from errno import ENOSPC
from itertools import takewhile
from pathlib import Path
from typing import Any

import msgspec

from etl.common.files import make_private_folder, write_atomically
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.system import lock_file, sync_to_disk

AUDIT, HISTORY = "audit/trail.jsonl", "runs/history.jsonl"
KEY_BYTES = 32
NO_LINE = "0" * 64
# The first line after a lost head, or after lines of others, has this in place of a hash, for all to see.
LOST = "the head was lost"
CHAINED, SEAL = b'"before": "', b', "seal": "'
PATIENCE_SECONDS = 2.0
YEAR = "[0-9]" * 4
NO_SEAL = "it has no seal: an older version of returntrail wrote it, or somebody else"
MOST_FAULTS = 20


@dataclass(frozen=True)
class Head:
    """How many lines a log has, how many bytes its current file has, and the hash of its last line."""

    count: int = 0
    size: int = 0
    last: str = NO_LINE

    def after(self, line: bytes) -> "Head":
        """The head after this line, here without its newline, is added."""
        # Lines of a version without chains count too: their hash goes over all of them.
        before = b"" if CHAINED in line else self.last.encode()
        return Head(self.count + 1, self.size + len(line) + 1, hashlib.sha256(before + line).hexdigest())


def read_key(file: Path, may_make: bool = True) -> bytes:
    """The key in a file, which is made when it is first needed; empty if it may not be made."""
    if not file.exists():
        if not may_make:
            return b""
        write_atomically(file, secrets.token_bytes(KEY_BYTES))
    key = file.read_bytes()
    if len(key) != KEY_BYTES:
        fault = f"not the key of this data directory (it has {KEY_BYTES} bytes)"
        raise Problem(f"{file}: {fault}. Restore it from a backup.")
    return key


@dataclass(frozen=True)
class SealedLog:
    """A log, by its current file and the file of its key. Whoever appends has locked it."""

    file: Path
    key_file: Path
    # Whether the key is for this log alone: then it shows that there was one.
    has_own_key: bool = False
    # Whether each year begins a new file. All other names beside the log are of copies, which do not count.
    has_years: bool = False

    @property
    def head_file(self) -> Path:
        return self.file.with_name("head")

    def files(self) -> list[Path]:
        """The files of earlier years, by name, and the current one."""
        years = f"{self.file.stem}-{YEAR}{self.file.suffix}"
        earlier = self.file.parent.glob(years) if self.has_years else ()
        return [*sorted(earlier), self.file]

    @contextmanager
    def locked(self, shared: bool = False, patience: float = 1.0) -> Iterator[None]:
        """Locks the log against other threads and processes; waits only briefly, as a person waits too.

        `patience` is how many times as long it waits.
        """
        make_private_folder(self.file.parent)
        descriptor = os.open(self.head_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            lock_file(descriptor, patience * PATIENCE_SECONDS, shared)
            yield
        finally:
            os.close(descriptor)

    def append(self, entry: dict[str, Any]) -> None:
        """Writes a line completely or not at all, waits until it is on the disk, and then writes the head."""
        log = os.open(self.file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            head = self.head_of_all(log)
            body = json.dumps({"line": head.count + 1, **entry, "before": head.last}, ensure_ascii=False)
            line = sealed(body.encode().removesuffix(b"}"), read_key(self.key_file))
            size = os.fstat(log).st_size
            os.lseek(log, max(0, size - 1), os.SEEK_SET)
            is_cut = os.read(log, 1) not in (b"\n", b"")
            content = (b"\n" if is_cut else b"") + line + b"\n"
            if os.write(log, content) != len(content):
                os.ftruncate(log, size)
                raise OSError(ENOSPC, "no room on the disk")
            os.fsync(log)
        finally:
            os.close(log)
        self.write_head(head.after(line))

    def head_of_all(self, log: int) -> Head:
        """The head after all lines of the open log.

        A killed process may have left a line that the head does not count, or the beginning of one, for
        which nothing was done yet. After any other line behind the head, the chain stays broken.
        """
        size, found = os.fstat(log).st_size, self.read_head()
        # The file is shorter if it was cut, and empty if the file of the last year was just renamed.
        head = replace(found or Head(), size=min(found.size if found else 0, size))
        os.lseek(log, head.size, os.SEEK_SET)
        *lines, unfinished = os.read(log, max(0, size - head.size)).split(b"\n")
        if unfinished and found:
            os.ftruncate(log, size - len(unfinished))
        elif unfinished:
            lines.append(unfinished)
        is_gap = self.is_gap(found, lines)
        for line in lines:
            head = head.after(line)
        head = replace(head, last=LOST) if is_gap else head
        if found is None:
            self.write_head(head, is_new=True)
        return head

    def is_gap(self, found: Head | None, lines: list[bytes]) -> bool:
        """Whether there are lines behind the head that no process of ours has left there, or all are gone."""
        if found is None and not lines:
            return self.has_own_key and self.key_file.exists()
        chained = [line for line in lines if CHAINED in line]
        key = read_key(self.key_file, may_make=False)
        if not all(is_sealed(line, key) for line in (chained if found is None else lines)):
            return True
        # The first head is on the disk before the first line, and the second before the second.
        return not (found and found.count) and len(chained) > (found is not None)

    def read_head(self) -> Head | None:
        """The head; None if it is missing or damaged."""
        try:
            count, size, last = self.head_file.read_text(encoding="ascii").split(maxsplit=2)
            return Head(int(count), int(size), last.strip())
        except (OSError, ValueError):
            return None

    def write_head(self, head: Head, is_new: bool = False) -> None:
        """Overwrites the head, always with the same length, so that a reader never gets half of it.

        One where there was none is on the disk before the next line: a chain without a head was cut.
        """
        with open(os.open(self.head_file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(f"{head.count:020d} {head.size:020d} {head.last:64}\n")
            if is_new or head.count <= 1:
                # A head that counts nothing, before several lines, is a head that somebody has replaced.
                file.flush()
                os.fsync(file.fileno())
                sync_to_disk(self.file.parent)

    def start_year(self, year: int) -> None:
        """Renames the file of an earlier year, so that the next line begins a new file.

        The names keep the order of the lines, however the clock jumps.
        """
        if self.file.exists() and self.file.stat().st_size:
            written = datetime.fromtimestamp(self.file.stat().st_mtime, UTC).year
            earlier = self.file.with_stem(f"{self.file.stem}-{written}")
            if written < year and all(file < earlier for file in self.files()[:-1]):
                os.rename(self.file, earlier)
                sync_to_disk(self.file.parent)
                self.write_head(replace(self.read_head() or Head(), size=0))

    def lines(self) -> Iterator[bytes]:
        """All lines that are there now."""
        return (line for _, _, line in self.placed_lines())

    def placed_lines(self) -> Iterator[tuple[Path, int, bytes]]:
        """The lines, each with its file and its number in it.

        Written lines never change, so they are read without the lock.
        """
        with ExitStack() as stack:
            with self.locked(shared=True):
                there = [file for file in self.files() if file.exists()]
                streams = [stack.enter_context(file.open("rb")) for file in there]
                left = sum(os.fstat(stream.fileno()).st_size for stream in streams)
            for file, stream in zip(there, streams, strict=True):
                for number, line in enumerate(stream, start=1):
                    if left <= 0:
                        return
                    left -= len(line)
                    yield file, number, line

    def has(self, mark: Head) -> bool:
        """Whether the last line at an earlier time is still there."""
        start = b'{"line": %d,' % mark.count
        found = (line.removesuffix(b"\n") for line in self.lines() if line.startswith(start))
        return not mark.count or any(Head().after(line).last == mark.last for line in found)

    def faults(self, marks: Iterable[Head] = ()) -> list[str]:
        """Sentences that say what is wrong with the log, compared with its head and with earlier heads."""
        head = self.read_head()
        expected = [one for one in (head, *marks) if one and one.count]
        known = max((one.count for one in expected), default=0)
        if not any(file.exists() for file in self.files()):
            return [f"{self.file}: it is missing, and it had {known} lines."] if known else []
        try:
            key = read_key(self.key_file, may_make=False)
        except Problem as problem:
            return [str(problem)]
        if not key and any(SEAL in line for line in self.lines()):
            return [f"{self.key_file}: it is missing, so no seal can be checked. Restore it from a backup."]
        faults: list[str] = []
        counted, chained, has_seals = Head(), 0, False
        for file, number, full_line in self.placed_lines():
            line = full_line.removesuffix(b"\n")
            if line == full_line and head and counted.count >= known:
                # The beginning of a line, which the next writer removes.
                break
            # Lines of a version without a chain come before all others.
            chained += bool(chained or CHAINED in line)
            must_be_sealed = has_seals or (head is not None and counted.count >= head.count)
            if chained and (fault := line_fault(line, counted, key, must_be_sealed)):
                faults.append(f"{file}, line {number}: {fault}.")
            has_seals = has_seals or SEAL in line
            counted = counted.after(line)
            if any(one.count == counted.count and one.last != counted.last for one in expected):
                faults.append(f"{file}, line {number}: it is not the line that was written there.")
        if head is None and chained:
            unknown = "it cannot be read, so it is not known whether the end was cut off"
            faults.append(f"{self.head_file}: {unknown}.")
        if head and not head.count and chained > 1:
            faults.append(f"{self.head_file}: it counts no line, and there are {counted.count}.")
        if known > counted.count:
            cut = f"it has {counted.count} lines and had {known}: the end was cut off"
            faults.append(f"{self.file}: {cut}.")
        if len(faults) > MOST_FAULTS:
            more = f"{len(faults) - MOST_FAULTS} more lines are not as they were written"
            faults[MOST_FAULTS:] = [f"{self.file}: {more}."]
        return faults

    @property
    def unsealed_count(self) -> int:
        """How many lines are from a version without seals."""
        return sum(1 for _ in takewhile(lambda line: SEAL not in line, self.lines()))


def line_fault(line: bytes, before: Head, key: bytes, must_be_sealed: bool) -> str | None:
    """What is wrong with a line that follows the lines counted in `before`."""
    entry = parse(line)
    if entry is None:
        return NO_SEAL if json_of(line) else "it is damaged, or its writer was stopped in the middle"
    if entry["before"] == LOST:
        return "before it was written, the head was lost or somebody else added lines"
    if isinstance(entry["line"], int) and entry["line"] > before.count + 1:
        return f"{entry['line'] - before.count - 1} lines before it were removed"
    if entry["before"] != before.last or entry["line"] != before.count + 1:
        return "the line before it was changed, or lines were removed or inserted"
    if must_be_sealed and SEAL not in line:
        return NO_SEAL
    if SEAL in line and not is_sealed(line, key):
        return "its seal is wrong: it was changed, or written with another key"
    return None


def parse(line: bytes) -> dict[str, Any] | None:
    """The entry of a line with a chain; None if it is damaged, or has no chain."""
    entry = json_of(line)
    return entry if entry and {"line", "before"} <= entry.keys() else None


def json_of(line: bytes) -> dict[str, Any] | None:
    """The entry of any line; None if it is damaged."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def sealed(body: bytes, key: bytes) -> bytes:
    """A line with its seal; `body` is a JSON object without the bracket that closes it."""
    return body + SEAL + hmac.new(key, body, hashlib.sha256).hexdigest().encode() + b'"}'


def is_sealed(line: bytes, key: bytes) -> bool:
    return hmac.compare_digest(line, sealed(line.rpartition(SEAL)[0], key))


def sealed_logs(data: DataDir) -> dict[str, SealedLog]:
    """The sealed logs of a data directory, by their names in it."""
    return {
        AUDIT: SealedLog(data.root / AUDIT, data.root / ".audit-key", has_own_key=True, has_years=True),
        HISTORY: SealedLog(data.root / HISTORY, data.root / ".key"),
    }


class Marks(msgspec.Struct):
    """What is read of the heartbeat and of the last verification."""

    logs: dict[str, Head] = {}


def marks_in(file: Path) -> dict[str, Head]:
    """The heads of the logs as they were when a file was written, by their names."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Marks).logs
    except (OSError, msgspec.MsgspecError):
        return {}


def marks_of(data: DataDir, name: str) -> list[Head]:
    """What the heartbeat and the last verification saw of a log."""
    files = (data.runs / "heartbeat.json", data.verified)
    return [mark for file in files if (mark := marks_in(file).get(name))]


def new_marks(data: DataDir, file: Path) -> dict[str, dict[str, Any]]:
    """The heads of the logs, to be written into a file; where its old mark is lost, still the old one."""
    old = marks_in(file)
    marks = {
        name: mark if (mark := old.get(name)) and not log.has(mark) else log.read_head()
        for name, log in sealed_logs(data).items()
    }
    return {name: asdict(mark) for name, mark in marks.items() if mark}
