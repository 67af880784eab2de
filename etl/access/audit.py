"""The audit trail: who saw or exported what, when, and how many rows; one appended line of JSON each.

It is a sealed log, so that a changed, removed or added line is found, and begins a new file each year. No
client is named: for a filter that could contain a name only the number of values is recorded, and for a
return a pseudonym, which still finds who saw it.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

import polars as pl

from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.sealed import AUDIT, SealedLog, marks_of, parse, read_key, sealed_logs
from etl.read.tins import id_hash, redact

SAW, EXPORTED, SIGNED_IN, SIGNED_OUT = "saw", "exported", "signed in", "signed out"
REFUSED = "refused"
CHECKED, LOADED, REMOVED = "checked", "loaded", "removed"
# Filters that never name a client; for any other filter only the number of values is recorded.
PLAIN_FILTERS = {
    *("for_firms", "for_offices", "for_types", "for_years"),
    *("for_steps", "for_step", "for_stage", "for_cycle", "stopped", "with_recalled", "split_by"),
    # The starts of hashes.
    "files",
    *("since", "until", "known_by", "min_age_days", "within_days", "min_wait_days", "max_days_left"),
}
LONGEST_VALUE, LONGEST_NAME = 60, 200
# A sign-out has happened when it is recorded, so that its line waits for those of others longer than a page.
PATIENCE = {SIGNED_OUT: 10.0}
TAIL_BYTES = 1_000_000


def trail(data: DataDir) -> SealedLog:
    """The audit trail. Its key is outside of its folder, and shows that there was a trail if that is gone."""
    return sealed_logs(data)[AUDIT]


def trail_faults(data: DataDir) -> list[str]:
    """Sentences that say what is wrong with the trail; empty if there was never one."""
    log = trail(data)
    faults = log.faults(marks_of(data, AUDIT))
    if not faults and log.key_file.exists() and not any(file.exists() for file in log.files()):
        return [f"{log.file}: it is missing, and its key shows that there was one."]
    return faults


def key_file(data: DataDir) -> Path:
    return data.audit / "key"


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
    moment, log = (now or datetime.now(UTC)).astimezone(UTC), trail(data)
    at = moment.isoformat(timespec="milliseconds")
    entry = {"at": at, "who": who, "role": role, "act": act, "report": report, "row_count": row_count}
    try:
        with log.locked(patience=PATIENCE.get(act, 1.0)):
            log.start_year(moment.year)
            fields = {name: audit_field(data, name, value) for name, value in (filters or {}).items()}
            log.append(entry | {"filters": fields})
    except OSError as error:
        fault = f"the audit line cannot be written ({error.strerror}), so nothing is shown"
        raise Problem(f"{log.file}: {fault}. Fix that and try again.") from error


def record_refusal(data: DataDir, claims: Mapping[str, object]) -> None:
    """Adds a line for an account that has signed in and that [access] does not know."""
    # The address alone may be one that the account only says it has.
    who = " ".join(str(claims[name]) for name in ("email", "sub") if claims.get(name))
    record(data, REFUSED, redact(who)[0][:LONGEST_NAME], "none")


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


def pseudonym(data: DataDir, return_id: str) -> str:
    """The hash that replaces a return in the trail; without the key file it cannot be recomputed."""
    return id_hash(return_id, read_key(key_file(data)))


def recent(data: DataDir, most: int, return_id: str | None = None) -> pl.DataFrame:
    """The last lines, the newest first; all lines are searched for a return. `at` is UTC."""
    log = trail(data)
    lines = newest_lines(log, TAIL_BYTES if return_id is None else None)
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


def newest_lines(log: SealedLog, most_bytes: int | None) -> Iterator[bytes]:
    """The lines, the newest first; of each file only so many bytes, of which the first may be half a line."""
    for file in reversed(log.files()):
        with suppress(FileNotFoundError), file.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - most_bytes) if most_bytes else 0)
            yield from reversed(stream.read().split(b"\n"))
