"""The data directory, as `returntrail verify` looks at it: who may read what, what nobody left on purpose, how much room.

The store, as `returntrail verify` looks at it: every part against its ledger and its seal, every refusal.
"""

import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from etl.common.duck import OFFLINE, literal
from etl.common.files import is_leftover
from etl.common.paths import SHIPPED, DataDir
from etl.common.problem import Problem
from etl.config.settings import Settings
from etl.store.parts import FOLDER, Part, damage_of, has_checksums, is_part_folder, part_folders, read_ledger
from etl.store.purged import entries, read_purged
from etl.upkeep.findings import DAMAGE, NOTE, WARNING, WELL, Finding

AGAIN = "Remove the part and load its file again, or restore it from a backup."
COUNTS = ("record_count", "kept_count", "quarantined_count")


def look_at_store(data: DataDir) -> tuple[list[Finding], list[Part], list[dict]]:
    """What is wrong with the store, and the parts and refusals that are whole."""
    findings, whole = [], []
    for folder in part_folders(data):
        found, part = look_at_part(folder)
        findings += found
        whole += [part] if part and not any(one.severity == DAMAGE for one in found) else []
    refused = []
    for file in sorted((data.store / "refused").glob("[0-9a-f]*.json")):
        try:
            refused.append(read_ledger(file))
        except Problem:
            findings.append(
                Finding(
                    DAMAGE,
                    shown(data, file),
                    "It is not what was written. Remove it, and load its file again.",
                )
            )
    unsealed = [part for part in whole if not has_checksums(part.ledger)]
    if unsealed:
        words = "loaded file is" if len(unsealed) == 1 else "loaded files are"
        words = f"{len(unsealed)} {words} of a version that kept no checksums, so a byte that has changed may not show."
        findings.append(Finding(NOTE, "store", words))
    findings += list(look_at_purged(data))
    if not any(one.severity == DAMAGE for one in findings):
        words = "loaded file is" if len(whole) == 1 else "loaded files are"
        findings.append(
            Finding(WELL, "store", f"{len(whole)} {words} as written, and hold what their ledgers say.")
        )
    return findings, whole, refused


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
        if (fault := damage_of(ledger, file))
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
        read_purged(data)
        said = entries(data)
    except Problem as problem:
        yield Finding(DAMAGE, "purged.jsonl", str(problem))
        return
    if said:
        returns, times = sum(entry.return_count for entry in said), len(said)
        yield Finding(
            NOTE,
            "purged.jsonl",
            f"{returns} returns were purged, in {times} purges, and are kept out of every load.",
        )


def shown(data: DataDir, file: Path) -> str:
    return str(file.relative_to(data.root))


# The owner's own, which say nothing of a client.
OWN = ("settings.toml", "reference", "secrets.toml")
KNOWN = {
    *OWN, "inbox", "store", "reports", "runs", "audit", "evidence", "export", "warehouse.duckdb", "purged.jsonl",
    "verified.json", ".lock", ".key", "demo", "demo.txt",
}  # fmt: skip
WIDER = 0o077
MOST = 5
LEAST_ROOM = 1_000_000_000


def look_at_files(data: DataDir, settings: Settings | None) -> Iterator[Finding]:
    """Modes, leftovers, and room on the disk."""
    everything = list(walked(data.root))
    wide = [path for path in everything if path.lstat().st_mode & WIDER and is_ours(data, path)]
    for findings, words in (
        (many(data, wide, WARNING, "Others on this machine may read it. Type `chmod go-rwx` and its name."),
         "Nobody else on this machine may read a file."),
        (list(leftovers(data, settings, everything)), "Nothing was left behind."),
        (list(room(data)), "There is room on the disk for the next build."),
    ):  # fmt: skip
        yield from findings or [Finding(WELL, "files", words)]


def walked(root: Path) -> Iterator[Path]:
    """The folder itself and all that is in it; of the checkout's own folder the demo and what git keeps aside."""
    yield root
    aside = {SHIPPED / "demo", SHIPPED / "reference", SHIPPED / "settings.toml"} if root == SHIPPED else set()
    for path in sorted(root.iterdir()):
        if path not in aside:
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from (one for one in sorted(path.rglob("*")))


def is_ours(data: DataDir, path: Path) -> bool:
    """Whether a mode matters: a link has none of its own, and settings name nobody's return. Secrets are secret."""
    if path.is_symlink() or path == SHIPPED:
        return False
    top = path.relative_to(data.root).parts[:1]
    return top[:1] not in {("settings.toml",), ("reference",)}


def many(data: DataDir, paths: list[Path], severity: str, words: str) -> list[Finding]:
    """A finding a path; of a great many the first ones, and their number."""
    found = [Finding(severity, name_of(data, path), words) for path in paths[:MOST]]
    if len(paths) > MOST:
        found.append(Finding(severity, "files", f"{len(paths) - MOST} more. {words}"))
    return found


def leftovers(data: DataDir, settings: Settings | None, everything: Iterable[Path]) -> Iterator[Finding]:
    """What killed processes left, and what nobody here made. The lock is held, so that nothing is still being written."""
    authority = settings.mail.ca_file if settings and settings.mail else None
    known = KNOWN | ({Path(authority).name} if authority else set())
    unfinished = [path for path in everything if is_leftover(path) or is_superseded(data, path)]
    words = "A process that was killed left it; the next load, build or report removes it, and so may you."
    yield from many(
        data, [path for path in unfinished if not set(path.parents) & set(unfinished)], WARNING, words
    )
    if data.purging.exists():
        words = "A purge has begun and is not done. Type `returntrail build`, which finishes it first."
        yield Finding(WARNING, data.purging.name, words)
    looked_at = set(unfinished)
    strange = [
        path for path in everything if is_strange(data, path, known) and not {path, *path.parents} & looked_at
    ]
    yield from many(data, strange, WARNING, "It is none of returntrail's. Move it out of the data directory.")


def is_superseded(data: DataDir, path: Path) -> bool:
    """A part that one with a higher number has replaced."""
    return path.parent == data.store and is_part_folder(path) and path not in part_folders(data)


def is_strange(data: DataDir, path: Path, known: set[str]) -> bool:
    """Something that stands where only returntrail's own files do: the directory itself, the store, a part."""
    if path.parent == data.root:
        return path.name not in known and path != data.purging
    if path.parent == data.store:
        return not is_part_folder(path) and path.name != "refused"
    if path.parent.parent == data.store and path.parent.name == "refused":
        return path.suffix != ".json"
    if path.parent.parent == data.store:
        return path.name not in ("events.parquet", "returns.parquet", "quarantine.parquet", "ledger.json")
    return data.store in path.parents and path.parent.parent.parent == data.store


def room(data: DataDir, least: int = LEAST_ROOM) -> Iterator[Finding]:
    """A build writes a second warehouse beside the first, and what it spills."""
    wanted = max(least, 3 * (data.warehouse.stat().st_size if data.warehouse.exists() else 0))
    free = shutil.disk_usage(data.root).free
    if free < wanted:
        words = f"{free / 1e9:.1f} GB are free on its disk, and a build may need {wanted / 1e9:.1f} GB. Make room."
        yield Finding(WARNING, "disk", words)


def name_of(data: DataDir, path: Path) -> str:
    return "data directory" if path == data.root else str(path.relative_to(data.root))
