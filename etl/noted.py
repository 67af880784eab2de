"""What the audit trail notes of a filter: ids and counts, and never what could be somebody's name."""

import os
import secrets
from datetime import date

from etl.datadir import DataDir
from etl.redact import id_hash, redact
from etl.store import KEY_BYTES

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
