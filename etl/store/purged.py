"""What was purged: a line each time, and a keyed hash of each return and file, so that no later export brings it back.

The hashes are made with the key of the data directory. Without the key they say nothing, and nothing can be loaded,
since it would not be known what must stay out.
"""

import hashlib
import hmac
import json
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import polars as pl

from etl.common.files import write_atomically
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.store.parts import key

HASH_LENGTH = 32
KEY_CHECK = "the key of the purges"
# What stands between the fields of a line or of a JSON object.
FIELDS = re.compile(r'[,;\t|"\'{}\[\]:=]+')
SHOWN = {
    "at": pl.String, "kind": pl.String, "before": pl.String, "return_count": pl.Int64, "file_count": pl.Int64,
    "record_count": pl.Int64, "removed_count": pl.Int64, "version": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One purge. `kind` is return, before or file; `at` is UTC in ISO and tells one purge from another.

    `record_count` are the records that left the store, `removed_count` the files that went from other folders.
    """

    at: str
    kind: str
    before: str | None
    return_count: int
    file_count: int
    record_count: int
    removed_count: int
    version: str
    key_check: str
    firm_ids: list[str]
    hashes: list[str]


@dataclass(frozen=True)
class Purged:
    """All that was ever purged, as a loader asks for it."""

    key: bytes = b""
    firm_ids: frozenset[str] = frozenset()
    hashes: frozenset[str] = frozenset()

    def has(self, firm_id: str | None, return_id: str | None) -> bool:
        """Whether a return was purged."""
        return bool(self.hashes) and return_hash(self.key, firm_id, return_id) in self.hashes

    def has_file(self, file_id: str) -> bool:
        """Whether a file was purged as such."""
        return bool(self.hashes) and file_hash(self.key, file_id) in self.hashes

    def is_named_in(self, record: str) -> bool:
        """Whether a record that could not be split names a purged return."""
        return any(self.has(firm_id, word) for word in words_of(record) for firm_id in self.firm_ids)


def words_of(record: str) -> set[str]:
    """The fields that a record may have, whatever separates them, and the words in them."""
    parts = {part.strip() for part in FIELDS.split(record)}
    return {word for part in parts for word in (part, *part.split()) if word}


def return_hash(key: bytes, firm_id: str | None, return_id: str | None) -> str:
    return keyed(key, "return", firm_id or "", return_id or "")


def file_hash(key: bytes, file_id: str) -> str:
    return keyed(key, "file", file_id)


def keyed(key: bytes, *words: str) -> str:
    """The keyed hash of some words, HMAC-SHA256."""
    return hmac.new(key, "\0".join(words).encode(), hashlib.sha256).hexdigest()[:HASH_LENGTH]


def history_file(data: DataDir) -> Path:
    return data.root / "purged.jsonl"


def entries(data: DataDir) -> list[Entry]:
    """Every purge, the oldest first. Raises a Problem if one cannot be read: it would come undone."""
    file = history_file(data)
    known = {one.name for one in fields(Entry)}
    try:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        return [Entry(**{name: value for name, value in line.items() if name in known}) for line in lines]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise Problem(
            f"{file}: what was purged cannot be read, so it might come back. Restore it from a backup."
        ) from error


def purged(data: DataDir) -> Purged:
    """What a loader must leave out. Raises a Problem if the list or its key is damaged."""
    said = entries(data)
    if not said:
        return Purged()
    own = key(data, may_make=False)
    if any(entry.key_check != keyed(own, KEY_CHECK) for entry in said):
        raise Problem(
            f"{data.root / '.key'}: not the key under which returns were purged, so they might come back. Restore it "
            "from a backup."
        )
    firm_ids = frozenset(firm_id for entry in said for firm_id in entry.firm_ids)
    return Purged(own, firm_ids, frozenset(one for entry in said for one in entry.hashes))


def note(data: DataDir, entry: Entry) -> None:
    """Adds a purge, or replaces the line of the same one: the whole file at once, so that no half of it is seen."""
    said = {one.at: one for one in entries(data)} | {entry.at: entry}
    lines = [json.dumps(asdict(said[at]), ensure_ascii=False) for at in sorted(said)]
    write_atomically(history_file(data), ("\n".join(lines) + "\n").encode())


def history(data: DataDir) -> pl.DataFrame:
    """The purges as a table, the newest first; `at` is UTC. It holds counts and no hash."""
    rows = [[asdict(entry)[name] for name in SHOWN] for entry in reversed(entries(data))]
    frame = pl.DataFrame(rows, schema=SHOWN, orient="row")
    return frame.with_columns(
        pl.col("at").str.to_datetime(time_unit="us", time_zone="UTC").dt.replace_time_zone(None)
    )
