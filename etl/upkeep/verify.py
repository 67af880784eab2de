"""`returntrail verify`: checks store, ledger, warehouse, models, files, output and logs against each other.

In the store it checks every part against its ledger and its checksums, and every refusal. In the data
directory it checks who can read the files, what killed processes left, unknown files, and disk space. Its
result is stored in `verified.json`, so every page of the dashboard shows a banner if data are damaged.
"""

import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from etl.access.audit import trail_faults
from etl.common.duck import OFFLINE, parquet
from etl.common.files import is_leftover
from etl.common.paths import SHIPPED, DataDir
from etl.common.problem import Problem
from etl.common.sealed import AUDIT, HISTORY
from etl.common.terminal import step
from etl.common.uploads import is_in_use
from etl.config.settings import Settings, read_settings
from etl.reports.history import history_faults
from etl.store.parts import (
    Ledger,
    Part,
    current,
    damage_of,
    has_checksums,
    is_part_folder,
    part_folders,
    read_ledger,
)
from etl.store.purged import entries, read_purged
from etl.upkeep.findings import BUILD, DAMAGE, NOTE, WARNING, WELL, Finding, is_damaged, store_findings
from etl.upkeep.part_files import loaded_at
from etl.upkeep.verify_output import check_log, check_others, check_output
from etl.upkeep.verify_warehouse import check_warehouse

RESTORE = "Remove the part and load its file again, or restore it from a backup."
# Files and folders of the owner that contain nothing about clients.
OWNER_FILES = {"settings.toml", "reference"}
KNOWN_NAMES = OWNER_FILES.union(
    ("secrets.toml", "inbox", "store", "reports", "runs", "audit", "evidence", "export", "adding", "app"),
    (
        "warehouse.duckdb",
        "warehouse.duckdb.sha256",
        ".lock",
        ".key",
        ".audit-key",
        "purged.jsonl",
        ".purging.json",
        "verified.json",
        "demo",
        "demo.txt",
    ),
)
# What returntrail writes into the store. Below an unknown folder only two levels are listed.
STORE_PATH = re.compile(
    r"store(/reading\.json|/refused(/[^/]*\.json)?|/[0-9a-f]{16}(\.[1-9]\d*)?"
    r"(/(events|attributes|returns|webhook|quarantine)\.parquet|/ledger\.json)?|(/[^/]+){4,})?"
)
OTHERS_CAN_READ = 0o077
MOST_FINDINGS = 5
LEAST_BYTES_FREE = 1_000_000_000


def verify(data: DataDir) -> list[Finding]:
    """All findings, the worst first, which are also stored. The caller has locked the data directory."""
    settings, findings = None, []
    try:
        settings = read_settings(data.settings)
    except Problem as problem:
        findings.append(Finding(WARNING, "settings.toml", str(problem)))
    with step("Checking the store"):
        of_store, undamaged, refused = check_store(data)
    may_rebuild = settings is not None and not is_damaged(of_store)
    findings += of_store + check_warehouse(data, undamaged, refused, may_rebuild)
    with step("Checking the files"):
        findings += [*check_files(data, settings), *check_output(data)]
        findings += check_log(data, AUDIT, trail_faults(data))
        findings += check_log(data, HISTORY, history_faults(data))
        findings += check_others(data)
    return store_findings(data, findings)


def check_store(data: DataDir) -> tuple[list[Finding], list[Part], list[Ledger]]:
    """Checks the store; returns the findings, and the parts and refusals without damage."""
    findings, undamaged, refused = [], [], []
    for folder in part_folders(data):
        of_part, part = check_part(folder)
        findings += of_part
        if part and not is_damaged(of_part):
            undamaged.append(part)
    undamaged = current(undamaged)
    for file in sorted((data.store / "refused").glob("[0-9a-f]*.json")):
        try:
            refused.append(read_ledger(file))
        except Problem:
            sentence = "Its content has changed. Remove it, and load its file again."
            findings.append(Finding(DAMAGE, str(file.relative_to(data.root)), sentence))
    if unchecked := sum(not has_checksums(part.ledger) for part in undamaged):
        reason = "from a version without checksums, so a changed byte may not be noticed"
        findings.append(Finding(NOTE, "store", f"{loaded_files(unchecked)} {reason}."))
    try:
        read_purged(data)
        if purges := entries(data):
            returns = sum(entry.return_count for entry in purges)
            sentence = f"{returns} returns were purged, in {len(purges)} purges. Every load leaves them out."
            findings.append(Finding(NOTE, "purged.jsonl", sentence))
    except Problem as problem:
        findings.append(Finding(DAMAGE, "purged.jsonl", str(problem)))
    if not is_damaged(findings):
        sentence = f"{loaded_files(len(undamaged))} unchanged, with the counts of the ledger."
        findings.append(Finding(WELL, "store", sentence))
    return findings, undamaged, refused


def loaded_files(count: int) -> str:
    return "1 loaded file is" if count == 1 else f"{count} loaded files are"


def check_part(folder: Path) -> tuple[list[Finding], Part | None]:
    """The findings on one part; without a correct ledger there is nothing to compare it with."""
    name = f"store/{folder.name}"
    try:
        part = Part(folder, read_ledger(folder / "ledger.json"))
        record_count, kept, quarantined = (
            int(part.ledger[count]) for count in ("record_count", "kept_count", "quarantined_count")
        )
        counts = {part.data: kept, part.quarantine: quarantined}
        files = {file: counts.get(file) for file in part.files}
        is_future = loaded_at(part) > datetime.now(UTC)
        is_own_ledger = folder.name.partition(".")[0] == part.ledger["file_id"]
    except (Problem, KeyError, TypeError, ValueError):
        return [Finding(DAMAGE, f"{name}/ledger.json", f"Its content has changed. {RESTORE}")], None
    faults = [(file.name, file_fault(part, file, count)) for file, count in files.items()]
    if not is_own_ledger:
        faults.append(("ledger.json", "It is the ledger of another file."))
    if record_count != kept + quarantined + part.ledger.get("purged_count", 0):
        sentence = f"{kept} kept and {quarantined} quarantined records do not add up to {record_count}."
        faults.append(("ledger.json", sentence))
    findings = [Finding(DAMAGE, f"{name}/{file}", f"{fault} {RESTORE}") for file, fault in faults if fault]
    if is_future:
        sentence = f"It was loaded at {part.ledger['loaded_at']}, which is in the future."
        remedy = "Set the clock of this machine and load its file again."
        findings.append(Finding(WARNING, name, f"{sentence} {remedy}"))
    return findings, part


def file_fault(part: Part, file: Path, count: int | None) -> str | None:
    """A sentence if a file of a part has changed, or has another number of records than its ledger says."""
    if damage := damage_of(part.ledger, file):
        return f"{damage[0].upper()}{damage[1:]}."
    try:
        with duckdb.connect(config=OFFLINE) as database:
            # Reads every value: without checksums, this is the only way to notice damage.
            query = f"select count(*), bit_xor(hash(part)) from {parquet(file)} as part"
            found, _ = database.execute(query).fetchall()[0]
    except duckdb.Error:
        return "It cannot be read."
    return None if count in (found, None) else f"It has {found} records, not {count} as in its ledger."


def check_files(data: DataDir, settings: Settings | None) -> Iterator[Finding]:
    """Checks who can read the files, what was left behind, and the disk space."""
    # In a checkout the data directory also has the shipped files and the demo.
    shipped = {SHIPPED / name for name in ("demo", "reference", "settings.toml")}
    skipped = shipped if data.root == SHIPPED else set()
    paths = [data.root, *sorted(paths_below(data, skipped))]
    # A symbolic link has no mode of its own.
    readable = [
        path
        for path in paths
        # A folder that a person makes in the inbox is private because the inbox is.
        if not (path.is_symlink() or path == SHIPPED or (data.inbox in path.parents and path.is_dir()))
        and mode_of(path) & OTHERS_CAN_READ
        and OWNER_FILES.isdisjoint(path.relative_to(data.root).parts[:1])
    ]
    sentence = "Other users of this machine can read it. Type `chmod go-rwx` and its name."
    checks = {
        "No other user of this machine can read a file.": limited(data, readable, sentence),
        "There are no leftover files.": check_leftovers(data, settings, paths),
        "There is enough disk space for the next build.": check_space(data),
    }
    for good, findings in checks.items():
        yield from findings or [Finding(WELL, "files", good)]


def paths_below(data: DataDir, skipped: set[Path]) -> Iterator[Path]:
    """All files and folders, without uploads that a process works on: they may be gone at any moment."""
    for parent, folders, names in os.walk(data.root):
        folder = Path(parent)
        if folder == data.adding:
            folders[:] = [name for name in folders if not is_in_use(folder / name)]
        folders[:] = [name for name in folders if folder / name not in skipped]
        yield from (path for name in (*folders, *names) if (path := folder / name) not in skipped)


def mode_of(path: Path) -> int:
    """The mode of a file; 0 if it is gone by now, as the lock of the data directory is not for uploads."""
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return 0


def limited(data: DataDir, paths: list[Path], sentence: str) -> list[Finding]:
    """One warning for each of the first paths, and one for the number of the others."""
    names = ["data directory" if path == data.root else str(path.relative_to(data.root)) for path in paths]
    findings = [Finding(WARNING, name, sentence) for name in names[:MOST_FINDINGS]]
    if len(names) > MOST_FINDINGS:
        findings.append(Finding(WARNING, "files", f"{len(names) - MOST_FINDINGS} more. {sentence}"))
    return findings


def check_leftovers(data: DataDir, settings: Settings | None, paths: list[Path]) -> list[Finding]:
    """Finds leftovers of killed processes and unknown files. The caller has the lock, so none is running."""
    current = set(part_folders(data))
    leftovers = {
        path
        for path in paths
        if is_leftover(path) or (path.parent == data.store and is_part_folder(path) and path not in current)
    }
    outermost = sorted(path for path in leftovers if leftovers.isdisjoint(path.parents))
    sentence = "A process that was killed left it. The next load, build or report removes it; you may too."
    findings = limited(data, outermost, sentence)
    if data.purging.exists():
        sentence = f"A purge is not finished. {BUILD} It finishes the purge first."
        findings.append(Finding(WARNING, data.purging.name, sentence))
    ca_file = settings.mail.ca_file if settings and settings.mail else None
    known = KNOWN_NAMES | ({Path(ca_file).name} if ca_file else set())
    unknown = [
        path
        for path in paths
        if leftovers.isdisjoint((path, *path.parents))
        and (
            not STORE_PATH.fullmatch(path.relative_to(data.root).as_posix())
            if data.store in path.parents
            else path.parent == data.root and path.name not in known
        )
    ]
    sentence = "It does not belong to returntrail. Move it out of the data directory."
    return findings + limited(data, unknown, sentence)


def check_space(data: DataDir, least: int = LEAST_BYTES_FREE) -> list[Finding]:
    """Checks the disk space: a build writes a second warehouse beside the first, and temporary files."""
    needed = max(least, 3 * (data.warehouse.stat().st_size if data.warehouse.exists() else 0))
    free = shutil.disk_usage(data.root).free
    if free >= needed:
        return []
    sentence = f"{free / 1e9:.1f} GB are free on this disk, and a build may need {needed / 1e9:.1f} GB."
    return [Finding(WARNING, "disk", f"{sentence} Free some disk space.")]
