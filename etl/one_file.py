"""One file in, one part out: verified, staged, redacted, mapped, written beside, and put in place by one rename."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb

from etl import store
from etl.columns import map_columns
from etl.datadir import DataDir
from etl.part import write_part
from etl.problem import Problem
from etl.purged import Purged
from etl.redaction import redacted_name, redacted_path
from etl.settings import Settings, source_of
from etl.source import Source
from etl.staging import stage
from etl.store import ID_LENGTH, Part
from etl.unpack import CHUNK, verified
from etl.version import version


@dataclass(frozen=True)
class Outcome:
    """What became of one file: loaded, read anew, known (its content was loaded before) or refused, and why."""

    name: str
    state: str
    reason: str | None = None
    part: Part | None = None

    def __str__(self) -> str:
        if self.part is None:
            return f"{self.name}: {self.reason}"
        ledger = self.part.ledger
        if self.state == "known":
            return f"{self.name}: the same content was loaded as {ledger['file_name']}; nothing to do."
        words = [f"{self.name}: {self.state}, {ledger['kept_count']} of {ledger['record_count']} records"]
        words += [f"{ledger['quarantined_count']} set aside"] if ledger["quarantined_count"] else []
        words += [f"{ledger['redacted_count']} SSNs or ITINs replaced"] if ledger["redacted_count"] else []
        purged_count = ledger.get("purged_count")
        words += [f"{purged_count} of purged returns left out"] if purged_count else []
        words += [ledger["reason"]] if ledger["reason"] else []
        return ", ".join(words) + "."


def load_file(
    data: DataDir,
    settings: Settings,
    file: Path,
    database: duckdb.DuckDBPyConnection,
    folder: Path,
    loaded: dict[str, Part],
    purged: Purged = Purged(),
) -> Outcome:
    """One file, whole or not at all. A file that cannot be loaded is remembered as refused."""
    name = redacted_path(file)
    kept = set(folder.iterdir())
    try:
        refuse_strange(file)
        source = source_of(settings, file.name)
        unpacked = verified(file, folder, settings.limits)
        file_id, packed_id = unpacked.sha256[:ID_LENGTH], unpacked.packed_sha256[:ID_LENGTH]
        if purged.has_file(file_id):
            raise Problem("its content was purged, and what was purged does not come back.")
        old = loaded.get(file_id)
        if old and old.ledger["source_digest"] == source.digest:
            store.forget_refusal(data, packed_id)
            return Outcome(name, "known", part=old)
        staged = stage(database, unpacked, source, settings.limits, folder)
        columns = map_columns(staged.headings, source)
        made, counts = write_part(database, staged, columns, source, file_id, folder, partial(store.key, data), purged)
        own_name, tins = redacted_name(file)
        ledger = described(file_id, own_name, source, "loaded", staged.remark) | counts
        ledger["redacted_count"] += tins
        ledger |= {"source_digest": source.digest, "packed_sha256": unpacked.packed_sha256}
        part = store.publish(data, made, ledger, old)
        store.forget_refusal(data, packed_id)
        return Outcome(name, "read anew" if old else "loaded", part=part)
    except Problem as problem:
        remember(data, settings, file, str(problem))
        return Outcome(name, "refused", reason=str(problem))
    finally:
        for table in ("staged_text", "marks", "few_texts"):
            database.execute(f"drop table if exists {table}")
        for left in set(folder.iterdir()) - kept:
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def described(file_id: str, name: str, source: Source | None, state: str, reason: str | None) -> dict:
    """What the ledger says of every file, loaded or refused."""
    return {
        "file_id": file_id,
        "file_name": name,
        "source": source and source.name,
        "kind": source and source.kind,
        "state": state,
        "reason": reason,
        "loaded_at": datetime.now(UTC).isoformat(),
        "version": version(),
    }


def refuse_strange(file: Path) -> None:
    """Refuses what is no plain file: a link may point anywhere, and a pipe never ends."""
    if file.is_symlink():
        raise Problem("a symbolic link. Load the file that it points to.")
    if not file.exists():
        raise Problem("there is no such file.")
    if not file.is_file():
        raise Problem("no regular file.")


def remember(data: DataDir, settings: Settings, file: Path, reason: str) -> None:
    """Keeps the refusal of a file that is there."""
    if file.exists() or file.is_symlink():
        try:
            source = source_of(settings, file.name)
        except Problem:
            source = None
        ledger = described(hash_of(file), redacted_name(file)[0], source, "refused", reason)
        store.remember_refusal(data, ledger)


def hash_of(file: Path) -> str:
    """The start of the hash of a file as it is; of its name, where it has no content that can be read."""
    found = hashlib.sha256()
    try:
        if file.is_symlink() or not file.is_file():
            raise OSError
        with open(file, "rb") as content:
            while piece := content.read(CHUNK):
                found.update(piece)
    except OSError:
        found = hashlib.sha256(os.fsencode(file.name))
    return found.hexdigest()[:ID_LENGTH]
