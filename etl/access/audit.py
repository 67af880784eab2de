"""The audit trail: who saw or exported what, when, and how many rows; one line of JSON each, only ever appended.

Each line holds the SHA-256 of the line before, and `head` beside the trail says how many lines there are and how long
they are, so that a line which is changed, taken out or cut off shows. It names no client: what could hold a name is
noted as a count, and a return by a keyed hash of its id, so that its lookers can still be found.

What the audit trail notes of a filter: ids and counts, and never what could be somebody's name.
"""

import fcntl
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from etl.common.files import make_private_folder
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.read.tins import id_hash, redact
from etl.store.parts import KEY_BYTES

# Filters whose values are no text of a client's; of every other one only how many values it had is noted.
PLAIN = {
    "for_firms", "for_offices", "for_types", "for_years", "for_steps", "for_step", "for_stage", "for_cycle", "since",
    "until", "split_by", "stopped", "with_recalled", "min_age_days", "within_days", "min_wait_days", "max_days_left",
    "known_by",
}  # fmt: skip
LONGEST_VALUE = 60


def noted(data: DataDir, name: str, value: object) -> object:
    """What is noted of a filter: its value, a return's mark, or how many values it had."""
    if value is None:
        return None
    if name == "for_return":
        return mark(data, str(value))
    values = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
    if name not in PLAIN:
        return len(values)
    shown = [one if isinstance(one, (bool, int, float)) else as_text(one) for one in values]
    return shown if isinstance(value, (list, tuple, set, frozenset)) else shown[0]


def as_text(value: object) -> str:
    """A value that is a text, short and without a TIN: somebody may have typed it into an address."""
    return redact(value.isoformat() if isinstance(value, date) else str(value))[0][:LONGEST_VALUE]


def mark(data: DataDir, return_id: str) -> str:
    """What stands for a return in the trail: without the key beside it, it says nothing."""
    file = data.audit / "key"
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return id_hash(return_id, file.read_bytes())
    with open(descriptor, "wb") as out:
        out.write(secrets.token_bytes(KEY_BYTES))
    return id_hash(return_id, file.read_bytes())


SAW, EXPORTED, SIGNED_IN, SIGNED_OUT = "saw", "exported", "signed in", "signed out"
FIRST = "0" * 64
# What the line after a lost head holds in place of a hash, so that the loss itself stays visible.
LOST = "the head was lost"
PATIENCE_SECONDS = 2.0
PAUSE_SECONDS = 0.02
TAIL_BYTES = 1_000_000
MOST_FAULTS = 20
SHOWN = {
    "at": pl.String, "who": pl.String, "role": pl.String, "act": pl.String, "report": pl.String, "row_count": pl.Int64,
    "filters": pl.String, "line": pl.Int64,
}  # fmt: skip


@dataclass(frozen=True)
class Head:
    """How many lines there are, how many bytes, and the hash of the last one."""

    count: int = 0
    size: int = 0
    last: str = FIRST

    def after(self, line: bytes) -> "Head":
        """The head once this line, its newline not counted, stands at the end."""
        return Head(self.count + 1, self.size + len(line) + 1, hashlib.sha256(line).hexdigest())


def trail_file(data: DataDir) -> Path:
    return data.audit / "trail.jsonl"


def head_file(data: DataDir) -> Path:
    return data.audit / "head"


def note(
    data: DataDir, act: str, who: str, role: str, report: str | None = None, row_count: int | None = None,
    filters: dict[str, object] | None = None, now: datetime | None = None,
) -> None:  # fmt: skip
    """Adds a line, and waits until it is on the disk. Raises a Problem where that cannot be: nothing unnoted is shown."""
    at = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
    said = {"at": at, "who": who, "role": role, "act": act, "report": report, "row_count": row_count}
    try:
        make_private_folder(data.audit)
        with held(data, fcntl.LOCK_EX) as trail:
            said["filters"] = {name: noted(data, name, value) for name, value in (filters or {}).items()}
            append(data, trail, said)
    except OSError as error:
        raise Problem(
            f"{trail_file(data)}: it cannot be noted who looks ({error.strerror}), so nothing is shown. Mend that and "
            "try again."
        ) from error


def append(data: DataDir, trail: int, said: dict[str, object]) -> None:
    """Writes the line whole or not at all, then the head; the caller holds the trail."""
    size = os.fstat(trail).st_size
    head = read_head(data)
    if head is None:
        head = Head() if size == 0 else replace_head(data, trail)
    # Lines that a killed process wrote and could not count; where the trail is shorter than the head says, the chain
    # goes on from the head, so that the gap stays visible.
    rest = os.pread(trail, max(0, size - head.size), head.size)
    for line in rest.removesuffix(b"\n").split(b"\n") if rest else ():
        head = head.after(line)
    if head.count == 0:
        write_head(data, head)
    line = json.dumps({"line": head.count + 1, **said, "before": head.last}, ensure_ascii=False).encode()
    torn = bool(rest) and not rest.endswith(b"\n")
    written = os.write(trail, b"\n" * torn + line + b"\n")
    if written != torn + len(line) + 1:
        os.ftruncate(trail, size)
        raise OSError(28, "no room on the disk")
    os.fdatasync(trail)
    write_head(data, head.after(line))


def replace_head(data: DataDir, trail: int) -> Head:
    """A head for a trail that has lost its own: all that is there is counted, and the chain breaks here for good."""
    lines = os.pread(trail, os.fstat(trail).st_size, 0).removesuffix(b"\n").split(b"\n")
    return Head(len(lines), sum(len(line) + 1 for line in lines), LOST)


def read_head(data: DataDir) -> Head | None:
    """The head; null where there is none that can be read."""
    try:
        count, size, last = head_file(data).read_text(encoding="ascii").split()
        return Head(int(count), int(size), last)
    except (OSError, ValueError):
        return None


def write_head(data: DataDir, head: Head) -> None:
    """In place and of one length, so that no half of it is ever seen."""
    words = f"{head.count:020d} {head.size:020d} {head.last}\n"
    descriptor = os.open(head_file(data), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(descriptor, words.encode("ascii"), 0)
    finally:
        os.close(descriptor)


@contextmanager
def held(data: DataDir, kind: int) -> Iterator[int]:
    """The trail, opened and locked against other threads and processes; patience ends soon, since somebody waits."""
    descriptor = os.open(trail_file(data), os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise
                time.sleep(PAUSE_SECONDS)
        yield descriptor
    finally:
        os.close(descriptor)


def recent(data: DataDir, most: int, return_id: str | None = None) -> pl.DataFrame:
    """The newest lines, the newest first, or those about one return; `at` is UTC."""
    rows = []
    about = mark(data, return_id).encode() if return_id and data.audit.exists() else b""
    for line in reversed(tail(trail_file(data), TAIL_BYTES if return_id is None else None)):
        said = parsed(line) if about in line and len(rows) < most else None
        if said is not None:
            said["filters"] = json.dumps(said["filters"], ensure_ascii=False) if said.get("filters") else ""
            rows.append([said.get(name) for name in SHOWN])
    frame = pl.DataFrame(rows, schema=SHOWN, orient="row")
    return frame.with_columns(
        pl.col("at").str.to_datetime(time_unit="us", time_zone="UTC").dt.replace_time_zone(None)
    )


def tail(file: Path, most_bytes: int | None) -> list[bytes]:
    """The last lines of a file that may be long, or all of them."""
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            left = 0 if most_bytes is None else max(0, size - most_bytes)
            stream.seek(left)
            lines = stream.read().split(b"\n")
    except FileNotFoundError:
        return []
    return lines[1:] if left else lines


def parsed(line: bytes) -> dict | None:
    """What a line says; null where it is none of ours."""
    try:
        said = json.loads(line)
        return (
            said if isinstance(said, dict) and {"line", "at", "who", "act", "before"} <= said.keys() else None
        )
    except ValueError:
        return None


def broken(data: DataDir) -> list[str]:
    """What is wrong with the trail, each in a sentence; nothing for one that is whole, and for none at all."""
    file = trail_file(data)
    if not file.exists():
        return (
            [f"{file}: the audit trail is gone, and its head is still there."]
            if head_file(data).exists()
            else []
        )
    # Whoever looks must not wait while millions of lines are read: what stands now is never changed by those who write.
    with held(data, fcntl.LOCK_SH) as trail:
        head, size = read_head(data), os.fstat(trail).st_size
    faults: list[str] = []
    counted, passed_head = Head(), False
    with file.open("rb") as stream:
        while counted.size < size and (line := stream.readline()):
            whole = line.removesuffix(b"\n")
            fault = fault_of(parsed(whole), counted)
            faults += [f"{file}, line {counted.count + 1}: {fault}."] * bool(fault)
            counted = counted.after(whole)
            passed_head = passed_head or counted == head
    if head is None:
        faults.append(f"{head_file(data)}: it cannot be read, so it is not known whether the trail was cut.")
    elif head.count > counted.count or head.size > counted.size:
        faults.append(f"{file}: it has {counted.count} lines and had {head.count}: the end was cut off.")
    elif not passed_head and head.count:
        faults.append(f"{file}, line {head.count}: it is not the line that was written there.")
    more = len(faults) - MOST_FAULTS
    return faults[:MOST_FAULTS] + (
        [f"{file}: {more} more lines are not as they were written."] if more > 0 else []
    )


def fault_of(said: dict | None, before: Head) -> str | None:
    """What is wrong with a line behind the lines before it."""
    if said is None:
        return "it is damaged, or its writer was stopped in the middle"
    if said["before"] == before.last and said["line"] == before.count + 1:
        return None
    if said["before"] == LOST:
        return "the head of the trail was lost before it was written"
    if isinstance(said["line"], int) and said["line"] > before.count + 1:
        return f"{said['line'] - before.count - 1} lines before it were taken out"
    return "the line before it was changed, or lines were taken out or put in"
