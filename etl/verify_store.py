"""The store, as `returntrail verify` looks at it: every part against its ledger and its seal, every refusal."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from etl.datadir import DataDir
from etl.findings import DAMAGE, NOTE, WARNING, WELL, Finding
from etl.problem import Problem
from etl.purged import entries, purged
from etl.records import literal
from etl.seal import fault_of, is_sealed
from etl.store import FOLDER, Part, read_ledger
from etl.syntax import OFFLINE

AGAIN = "Remove the part and load its file again, or restore it from a backup."
COUNTS = ("record_count", "kept_count", "quarantined_count")


def look_at_store(data: DataDir) -> tuple[list[Finding], list[Part], list[dict]]:
    """What is wrong with the store, and the parts and refusals that are whole."""
    findings, whole = [], []
    for folder in current(data):
        found, part = look_at_part(folder)
        findings += found
        whole += [part] if part and not any(one.severity == DAMAGE for one in found) else []
    refused = []
    for file in sorted((data.store / "refused").glob("[0-9a-f]*.json")):
        try:
            refused.append(read_ledger(file))
        except Problem:
            findings.append(Finding(DAMAGE, shown(data, file), "It is not what was written. Remove it, and load its file again."))
    unsealed = [part for part in whole if not is_sealed(part.ledger)]
    if unsealed:
        words = "loaded file is" if len(unsealed) == 1 else "loaded files are"
        words = f"{len(unsealed)} {words} of a version that kept no checksums, so a byte that has changed may not show."
        findings.append(Finding(NOTE, "store", words))
    findings += list(look_at_purged(data))
    if not any(one.severity == DAMAGE for one in findings):
        words = "loaded file is" if len(whole) == 1 else "loaded files are"
        findings.append(Finding(WELL, "store", f"{len(whole)} {words} as written, and hold what their ledgers say."))
    return findings, whole, refused


def current(data: DataDir) -> list[Path]:
    """The folders of the parts that count: of each file the highest number."""
    highest: dict[str, tuple[int, Path]] = {}
    for folder in data.store.glob("*"):
        found = FOLDER.fullmatch(folder.name)
        if found:
            number = (int(found[2] or 1), folder)
            highest[found[1]] = max(highest.get(found[1], number), number)
    return [folder for _, (_, folder) in sorted(highest.items())]


def look_at_part(folder: Path) -> tuple[list[Finding], Part | None]:
    """What is wrong with one part; without a ledger that can be believed there is nothing to hold it against."""
    name = f"store/{folder.name}"
    try:
        part = Part(folder, read_ledger(folder / "ledger.json"))
        ledger = part.ledger
        files = [part.data, part.quarantine]
        counts = [int(ledger[one]) for one in COUNTS]
        loaded_at = datetime.fromisoformat(ledger["loaded_at"])
        is_here = ledger["file_id"] == FOLDER.fullmatch(folder.name)[1]
    except (Problem, KeyError, TypeError, ValueError):
        return [Finding(DAMAGE, f"{name}/ledger.json", f"It is not what was written. {AGAIN}")], None
    findings = [
        Finding(DAMAGE, f"{name}/{file.name}", f"{fault[0].upper()}{fault[1:]}. {AGAIN}")
        for file in files
        if (fault := fault_of(ledger, file))
    ]
    if not is_here:
        findings.append(Finding(DAMAGE, f"{name}/ledger.json", f"It is the ledger of another file. {AGAIN}"))
    if not findings:
        findings = [
            Finding(DAMAGE, f"{name}/{file.name}", f"{fault} {AGAIN}")
            for file, count in zip(files, counts[1:], strict=True)
            if (fault := miscounted(file, count))
        ]
    if counts[0] != sum(counts[1:]) + ledger.get("purged_count", 0):
        words = f"Of {counts[0]} records {counts[1]} were kept and {counts[2]} set aside, which is not all of them."
        findings.append(Finding(DAMAGE, f"{name}/ledger.json", f"{words} {AGAIN}"))
    if loaded_at.replace(tzinfo=loaded_at.tzinfo or UTC) > datetime.now(UTC):
        words = f"Loaded at {ledger['loaded_at']}, which is yet to come. Set the clock of the machine, and load its file again."
        findings.append(Finding(WARNING, name, words))
    return findings, part


def miscounted(file: Path, count: int) -> str | None:
    """What is wrong with the records of a file of a part; null for nothing."""
    try:
        with duckdb.connect(config=OFFLINE) as database:
            # Every value is read: a part of a version without checksums shows its damage only so.
            rows = f"from read_parquet({literal(file)}) as part"
            found, _ = database.execute(f"select count(*), bit_xor(hash(part)) {rows}").fetchall()[0]
    except duckdb.Error:
        return "It cannot be read."
    return None if found == count else f"It has {found} records, and its ledger says {count}."


def look_at_purged(data: DataDir) -> Iterator[Finding]:
    """The list of what was purged, and its key."""
    try:
        purged(data)
        said = entries(data)
    except Problem as problem:
        yield Finding(DAMAGE, "purged.jsonl", str(problem))
        return
    if said:
        returns, times = sum(entry.return_count for entry in said), len(said)
        yield Finding(NOTE, "purged.jsonl", f"{returns} returns were purged, in {times} purges, and are kept out of every load.")


def shown(data: DataDir, file: Path) -> str:
    return str(file.relative_to(data.root))
