"""The audit trail: who saw or exported what, when, and how many rows; one appended line of JSON each.

Each line has the SHA-256 of the line before it, and the file `head` has the number of lines and bytes, so
that a changed, removed or cut-off line is found. No client is named: for a filter that could contain a name
only the number of values is recorded, and for a return a pseudonym, which still finds who saw it.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from etl.common.files import make_private_folder, write_atomically
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.system import lock_file
from etl.read.tins import id_hash, redact
from etl.store.parts import KEY_BYTES

SAW, EXPORTED, SIGNED_IN, SIGNED_OUT = "saw", "exported", "signed in", "signed out"
CHECKED, LOADED, REMOVED = "checked", "loaded", "removed"
# Filters that never name a client; for any other filter only the number of values is recorded.
PLAIN_FILTERS = {
    *("for_firms", "for_offices", "for_types", "for_years"),
    *("for_steps", "for_step", "for_stage", "for_cycle", "stopped", "with_recalled", "split_by"),
    # The starts of hashes.
    "files",
    *("since", "until", "known_by", "min_age_days", "within_days", "min_wait_days", "max_days_left"),
}
LONGEST_VALUE = 60
NO_LINE = "0" * 64
# The first line after a lost head has this in place of a hash, so that the loss stays visible.
LOST = "the head was lost"
PATIENCE_SECONDS = 2.0
TAIL_BYTES = 1_000_000
MOST_FAULTS = 20


@dataclass(frozen=True)
class Head:
    """The number of lines and bytes of the trail, and the hash of its last line."""

    count: int = 0
    size: int = 0
    last: str = NO_LINE

    def after(self, line: bytes) -> "Head":
        """The head after this line, here without its newline, is added."""
        return Head(self.count + 1, self.size + len(line) + 1, hashlib.sha256(line).hexdigest())


def trail_file(data: DataDir) -> Path:
    return data.audit / "trail.jsonl"


def head_file(data: DataDir) -> Path:
    return data.audit / "head"


def record(
    data: DataDir,
    act: str,
    who: str,
    role: str,
    report: str | None = None,
    row_count: int | None = None,
    filters: dict[str, object] | None = None,
    now: datetime | None = None,
) -> None:
    """Adds a line and waits until it is on the disk. Raises a Problem if it cannot; then nothing is shown."""
    at = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
    entry = {"at": at, "who": who, "role": role, "act": act, "report": report, "row_count": row_count}
    try:
        make_private_folder(data.audit)
        with locked_trail(data) as trail:
            fields = {name: audit_field(data, name, value) for name, value in (filters or {}).items()}
            append(data, trail, entry | {"filters": fields})
    except OSError as error:
        fault = f"the audit line cannot be written ({error.strerror}), so nothing is shown"
        raise Problem(f"{trail_file(data)}: {fault}. Fix that and try again.") from error


def audit_field(data: DataDir, name: str, value: object) -> object:
    """What the trail has of a filter: its value, a return's pseudonym, or the number of values."""
    if value is None:
        return None
    if name == "for_return":
        return pseudonym(data, str(value))
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain_value(each) for each in value] if name in PLAIN_FILTERS else len(value)
    return plain_value(value) if name in PLAIN_FILTERS else 1


def plain_value(value: object) -> object:
    """A number, or a short and redacted text: a user may have typed a TIN into the address of a page."""
    if isinstance(value, (bool, int, float)):
        return value
    return redact(value.isoformat() if isinstance(value, date) else str(value))[0][:LONGEST_VALUE]


def key_file(data: DataDir) -> Path:
    return data.audit / "key"


def pseudonym(data: DataDir, return_id: str) -> str:
    """The hash that replaces a return in the trail; without the key file it cannot be recomputed."""
    if not key_file(data).exists():
        write_atomically(key_file(data), secrets.token_bytes(KEY_BYTES))
    return id_hash(return_id, key_file(data).read_bytes())


def append(data: DataDir, trail: int, entry: dict[str, Any]) -> None:
    """Writes the line completely or not at all, then the head. The caller has locked the trail."""
    size, found = os.fstat(trail).st_size, read_head(data)
    # A killed process may have written lines without counting them. If the trail is shorter than the head
    # says, the chain continues from the head, so that the gap stays visible.
    head = found or Head()
    os.lseek(trail, head.size, os.SEEK_SET)
    uncounted = os.read(trail, max(0, size - head.size))
    for line in uncounted.removesuffix(b"\n").split(b"\n") if uncounted else ():
        head = head.after(line)
    if found is None:
        # The chain stays broken where the head of a trail with lines was lost.
        head = replace(head, last=LOST) if size else head
        write_head(data, head)
    line = json.dumps({"line": head.count + 1, **entry, "before": head.last}, ensure_ascii=False).encode()
    content = (b"\n" if uncounted and not uncounted.endswith(b"\n") else b"") + line + b"\n"
    if os.write(trail, content) != len(content):
        os.ftruncate(trail, size)
        raise OSError(28, "no room on the disk")
    os.fsync(trail)
    write_head(data, head.after(line))


def read_head(data: DataDir) -> Head | None:
    """The head; None if it is missing or damaged."""
    try:
        count, size, last = head_file(data).read_text(encoding="ascii").split()
        return Head(int(count), int(size), last)
    except (OSError, ValueError):
        return None


def write_head(data: DataDir, head: Head) -> None:
    """Overwrites the head, always with the same length, so that a reader never gets half of it."""
    with open(os.open(head_file(data), os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        file.write(f"{head.count:020d} {head.size:020d} {head.last}\n")


@contextmanager
def locked_trail(data: DataDir, shared: bool = False) -> Iterator[int]:
    """The trail, locked against other threads and processes; waits only briefly, since a person waits too."""
    descriptor = os.open(trail_file(data), os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        lock_file(descriptor, PATIENCE_SECONDS, shared)
        yield descriptor
    finally:
        os.close(descriptor)


def recent(data: DataDir, most: int, return_id: str | None = None) -> pl.DataFrame:
    """The last lines, the newest first; all lines are searched for a return. `at` is UTC."""
    lines: Iterable[bytes] = ()
    with suppress(FileNotFoundError), trail_file(data).open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - TAIL_BYTES) if return_id is None else 0)
        # The first line may be the end of one, which is no entry.
        lines = reversed(stream.read().split(b"\n"))
    if return_id is not None:
        # Without a key no return is recorded, and only a writer makes the key, under the lock.
        name = pseudonym(data, return_id).encode() if key_file(data).exists() else None
        lines = (line for line in lines if name and name in line)
    rows = list(islice(filter(None, map(parse, lines)), most))
    for row in rows:
        row["filters"] = json.dumps(row["filters"], ensure_ascii=False) if row.get("filters") else ""
    texts, numbers = ("at", "who", "role", "act", "report", "filters"), ("row_count", "line")
    schema = dict.fromkeys(texts, pl.String()) | dict.fromkeys(numbers, pl.Int64())
    frame = pl.DataFrame(rows, schema=schema)
    at = pl.col("at").str.to_datetime(time_unit="us", time_zone="UTC").dt.replace_time_zone(None)
    return frame.select(at, "who", "role", "act", "report", "row_count", "filters", "line")


def parse(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    is_entry = isinstance(entry, dict) and {"line", "at", "who", "act", "before"} <= entry.keys()
    return entry if is_entry else None


def find_faults(data: DataDir) -> list[str]:
    """Sentences that say what is wrong with the trail; an empty list if it is intact or does not exist."""
    file = trail_file(data)
    if not file.exists():
        is_lost = head_file(data).exists()
        return [f"{file}: the audit trail is missing, and its head is still there."] if is_lost else []
    # Written lines never change, so millions of them are read without the lock.
    with locked_trail(data, shared=True) as trail:
        head, size = read_head(data), os.fstat(trail).st_size
    faults: list[str] = []
    counted, passed_head = Head(), False
    with file.open("rb") as stream:
        while counted.size < size and (line := stream.readline()):
            line = line.removesuffix(b"\n")
            if fault := line_fault(parse(line), counted):
                faults.append(f"{file}, line {counted.count + 1}: {fault}.")
            counted = counted.after(line)
            passed_head = passed_head or counted == head
    if head is None:
        faults.append(f"{head_file(data)}: it cannot be read, so it is not known whether the trail was cut.")
    elif head.count > counted.count or head.size > counted.size:
        faults.append(f"{file}: it has {counted.count} lines and had {head.count}: the end was cut off.")
    elif not passed_head and head.count:
        faults.append(f"{file}, line {head.count}: it is not the line that was written there.")
    if len(faults) > MOST_FAULTS:
        faults[MOST_FAULTS:] = [
            f"{file}: {len(faults) - MOST_FAULTS} more lines are not as they were written."
        ]
    return faults


def line_fault(entry: dict[str, Any] | None, before: Head) -> str | None:
    """What is wrong with a line that follows the lines counted in `before`."""
    if entry is None:
        return "it is damaged, or its writer was stopped in the middle"
    if entry["before"] == before.last and entry["line"] == before.count + 1:
        return None
    if entry["before"] == LOST:
        return "the head of the trail was lost before it was written"
    if isinstance(entry["line"], int) and entry["line"] > before.count + 1:
        return f"{entry['line'] - before.count - 1} lines before it were removed"
    return "the line before it was changed, or lines were removed or inserted"
