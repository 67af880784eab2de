"""The checks of `returntrail verify` on the store and on the files of the data directory.

In the store: every part against its ledger and its checksums, and every refusal. In the data directory: who
can read the files, leftovers of killed processes, unknown files, and disk space.
"""

import re
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from etl.common.duck import OFFLINE, literal
from etl.common.files import is_leftover
from etl.common.paths import SHIPPED, DataDir
from etl.common.problem import Problem
from etl.config.settings import Settings
from etl.store.parts import Part, damage_of, has_checksums, is_part_folder, part_folders, read_ledger
from etl.store.purged import entries, read_purged
from etl.upkeep.findings import DAMAGE, NOTE, WARNING, WELL, Finding, is_damaged

RESTORE = "Remove the part and load its file again, or restore it from a backup."
# Files and folders of the owner that contain nothing about clients.
OWNER_FILES = {"settings.toml", "reference"}
KNOWN_NAMES = OWNER_FILES | {
    "secrets.toml",
    "inbox",
    "store",
    "reports",
    "runs",
    "audit",
    "evidence",
    "export",
    "warehouse.duckdb",
    "purged.jsonl",
    "verified.json",
    ".lock",
    ".key",
    ".purging.json",
    "demo",
    "demo.txt",
}
# What returntrail writes into the store. Below an unknown folder only two levels are listed.
STORE_PATH = re.compile(
    r"store(/refused(/[^/]*\.json)?|/[0-9a-f]{16}(\.[1-9]\d*)?"
    r"(/(events|returns|quarantine)\.parquet|/ledger\.json)?|(/[^/]+){4,})?"
)
OTHERS_CAN_READ = 0o077
MOST_FINDINGS = 5
LEAST_BYTES_FREE = 1_000_000_000


def check_store(data: DataDir) -> tuple[list[Finding], list[Part], list[dict[str, Any]]]:
    """Checks the store; returns the findings, and the parts and refusals without damage."""
    findings, whole = [], []
    for folder in part_folders(data):
        of_part, part = check_part(folder)
        findings += of_part
        if part and not is_damaged(of_part):
            whole.append(part)
    refused = []
    for file in sorted((data.store / "refused").glob("[0-9a-f]*.json")):
        try:
            refused.append(read_ledger(file))
        except Problem:
            sentence = "Its content has changed. Remove it, and load its file again."
            findings.append(Finding(DAMAGE, str(file.relative_to(data.root)), sentence))
    without_checksums = sum(not has_checksums(part.ledger) for part in whole)
    if without_checksums:
        reason = "from a version without checksums, so a changed byte may not be noticed"
        findings.append(Finding(NOTE, "store", f"{loaded_files(without_checksums)} {reason}."))
    findings += list(check_purged_list(data))
    if not is_damaged(findings):
        findings.append(
            Finding(WELL, "store", f"{loaded_files(len(whole))} unchanged and as the ledger says.")
        )
    return findings, whole, refused


def loaded_files(count: int) -> str:
    return "1 loaded file is" if count == 1 else f"{count} loaded files are"


def check_part(folder: Path) -> tuple[list[Finding], Part | None]:
    """The findings on one part; without a correct ledger there is nothing to compare it with."""
    name = f"store/{folder.name}"
    try:
        part = Part(folder, read_ledger(folder / "ledger.json"))
        ledger, files = part.ledger, [part.data, part.quarantine]
        record_count = int(ledger["record_count"])
        kept, quarantined = counts = [int(ledger["kept_count"]), int(ledger["quarantined_count"])]
        loaded_at = datetime.fromisoformat(ledger["loaded_at"])
        is_own_ledger = folder.name.partition(".")[0] == ledger["file_id"]
    except (Problem, KeyError, TypeError, ValueError):
        return [Finding(DAMAGE, f"{name}/ledger.json", f"Its content has changed. {RESTORE}")], None
    findings = [
        Finding(DAMAGE, f"{name}/{file.name}", f"{fault[0].upper()}{fault[1:]}. {RESTORE}")
        for file in files
        if (fault := damage_of(ledger, file))
    ]
    if not is_own_ledger:
        findings.append(
            Finding(DAMAGE, f"{name}/ledger.json", f"It is the ledger of another file. {RESTORE}")
        )
    if not findings:
        findings = [
            Finding(DAMAGE, f"{name}/{file.name}", f"{fault} {RESTORE}")
            for file, count in zip(files, counts, strict=True)
            if (fault := count_fault(file, count))
        ]
    if record_count != kept + quarantined + ledger.get("purged_count", 0):
        sentence = (
            f"{kept} kept and {quarantined} quarantined records are not all of its {record_count} records."
        )
        findings.append(Finding(DAMAGE, f"{name}/ledger.json", f"{sentence} {RESTORE}"))
    if loaded_at.replace(tzinfo=loaded_at.tzinfo or UTC) > datetime.now(UTC):
        sentence = f"It was loaded at {ledger['loaded_at']}, which is in the future."
        findings.append(
            Finding(WARNING, name, f"{sentence} Set the clock of this machine and load its file again.")
        )
    return findings, part


def count_fault(file: Path, count: int) -> str | None:
    """A sentence if a file of a part cannot be read or has another number of records than the ledger says."""
    try:
        with duckdb.connect(config=OFFLINE) as database:
            # Reads every value: without checksums, this is the only way to notice damage.
            rows = f"from read_parquet({literal(file)}) as part"
            found, _ = database.execute(f"select count(*), bit_xor(hash(part)) {rows}").fetchall()[0]
    except duckdb.Error:
        return "It cannot be read."
    return None if found == count else f"It has {found} records, and its ledger says {count}."


def check_purged_list(data: DataDir) -> Iterator[Finding]:
    """Checks the list of purges, and its key."""
    try:
        read_purged(data)
        purges = entries(data)
    except Problem as problem:
        yield Finding(DAMAGE, "purged.jsonl", str(problem))
        return
    if purges:
        counts = f"{sum(entry.return_count for entry in purges)} returns were purged, in {len(purges)} purges"
        yield Finding(NOTE, "purged.jsonl", f"{counts}. Every load leaves them out.")


def check_files(data: DataDir, settings: Settings | None) -> Iterator[Finding]:
    """Checks who can read the files, what was left behind, and the disk space."""
    paths = list(walk(data.root))
    readable = [path for path in paths if path.lstat().st_mode & OTHERS_CAN_READ and is_private(data, path)]
    sentence = "Other users of this machine can read it. Type `chmod go-rwx` and its name."
    checks = {
        "No other user of this machine can read a file.": limited(data, readable, sentence),
        "There are no leftover files.": list(check_leftovers(data, settings, paths)),
        "There is enough disk space for the next build.": list(check_space(data)),
    }
    for good, findings in checks.items():
        yield from findings or [Finding(WELL, "files", good)]


def walk(root: Path) -> Iterator[Path]:
    """The folder and all that is in it, except the demo and the shipped files in the folder of a checkout."""
    skipped = (
        {SHIPPED / "demo", SHIPPED / "reference", SHIPPED / "settings.toml"} if root == SHIPPED else set()
    )
    yield root
    for path in sorted(root.iterdir()):
        if path not in skipped:
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from sorted(path.rglob("*"))


def is_private(data: DataDir, path: Path) -> bool:
    """Whether others must not read it. A symbolic link has no mode of its own; settings name no client."""
    if path.is_symlink() or path == SHIPPED:
        return False
    return not OWNER_FILES.intersection(path.relative_to(data.root).parts[:1])


def limited(data: DataDir, paths: list[Path], sentence: str) -> list[Finding]:
    """One warning per path; for very many paths the first ones, and how many more there are."""
    names = ["data directory" if path == data.root else str(path.relative_to(data.root)) for path in paths]
    findings = [Finding(WARNING, name, sentence) for name in names[:MOST_FINDINGS]]
    if len(names) > MOST_FINDINGS:
        findings.append(Finding(WARNING, "files", f"{len(names) - MOST_FINDINGS} more. {sentence}"))
    return findings


def check_leftovers(data: DataDir, settings: Settings | None, paths: Iterable[Path]) -> Iterator[Finding]:
    """Finds leftovers of killed processes and unknown files. The caller has the lock: nobody is writing."""
    current = set(part_folders(data))
    leftovers = {
        path
        for path in paths
        if is_leftover(path) or (path.parent == data.store and is_part_folder(path) and path not in current)
    }
    outermost = sorted(path for path in leftovers if leftovers.isdisjoint(path.parents))
    sentence = "A process that was killed left it. The next load, build or report removes it; you may too."
    yield from limited(data, outermost, sentence)
    if data.purging.exists():
        sentence = "A purge is not finished. Type `returntrail build`, which finishes it first."
        yield Finding(WARNING, data.purging.name, sentence)
    ca_file = settings.mail.ca_file if settings and settings.mail else None
    known = KNOWN_NAMES | ({Path(ca_file).name} if ca_file else set())
    unknown = [
        path
        for path in paths
        if is_unknown(data, path, known) and leftovers.isdisjoint((path, *path.parents))
    ]
    yield from limited(data, unknown, "It does not belong to returntrail. Move it out of the data directory.")


def is_unknown(data: DataDir, path: Path, known: set[str]) -> bool:
    """Whether a file or folder in the data directory or in the store is not from returntrail."""
    if data.store in path.parents:
        return not STORE_PATH.fullmatch(path.relative_to(data.root).as_posix())
    return path.parent == data.root and path.name not in known


def check_space(data: DataDir, least: int = LEAST_BYTES_FREE) -> Iterator[Finding]:
    """Checks the disk space: a build writes a second warehouse beside the first, and temporary files."""
    needed = max(least, 3 * (data.warehouse.stat().st_size if data.warehouse.exists() else 0))
    free = shutil.disk_usage(data.root).free
    if free < needed:
        sentence = f"{free / 1e9:.1f} GB are free on its disk, and a build may need {needed / 1e9:.1f} GB."
        yield Finding(WARNING, "disk", f"{sentence} Free some disk space.")
