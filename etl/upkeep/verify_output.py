"""The checks of `returntrail verify` on what was written for people, and on the logs of runs and readers."""

import json
from collections.abc import Iterator
from pathlib import Path

from etl.common.files import is_leftover
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.sealed import sealed_logs
from etl.reports.files import MANIFEST
from etl.reports.history import ENTRY, stored_folders
from etl.reports.run_files import StoredRun
from etl.store.parts import file_hash
from etl.upkeep.findings import DAMAGE, NOTE, WELL, Finding

MOST_NAMES = 5


def check_log(data: DataDir, name: str, faults: list[str]) -> Iterator[Finding]:
    """The faults of a sealed log, and how much of it is from before logs were sealed."""
    log = sealed_logs(data)[name]
    for fault in faults:
        # Of a file of an earlier year, the finding is on that file.
        file = next((one for one in log.files() if fault.startswith((f"{one}, ", f"{one}: "))), log.file)
        sentence = fault.removeprefix(f"{file}, ").removeprefix(f"{file}: ")
        yield Finding(DAMAGE, str(file.relative_to(data.root)), sentence)
    if faults:
        sentence = "Restore it from a backup. Without one, docs/commands.md says how to begin a new one."
        yield Finding(NOTE, name, sentence)
    elif log.file.exists():
        yield Finding(WELL, name, "No line was changed, and none is missing.")
        if unsealed := log.unsealed_count:
            reason = "from a version without seals, so a line changed before the update is not noticed"
            yield Finding(NOTE, name, f"{unsealed} lines are {reason}.")


def check_others(data: DataDir) -> Iterator[Finding]:
    """Notes what is beside the logs and is not of returntrail: copies of a log, folders of somebody else."""
    for log in sealed_logs(data).values():
        own = {*log.files(), log.head_file, data.audit / "key", data.runs / "heartbeat.json"}
        own.update(stored_folders(data))
        others = sorted(path for path in set(log.file.parent.glob("*")) - own if not is_leftover(path))
        for path in others[:MOST_NAMES]:
            sentence = "It does not belong to returntrail, and is not read: a copy, or somebody else's."
            yield Finding(NOTE, str(path.relative_to(data.root)), sentence)
        if len(others) > MOST_NAMES:
            sentence = f"{len(others) - MOST_NAMES} more files and folders do not belong to returntrail."
            yield Finding(NOTE, log.file.parent.name, sentence)


def check_output(data: DataDir) -> Iterator[Finding]:
    """Checks the stored files of runs, which never change, and notes the reports that people have changed."""
    for folder in stored_folders(data):
        yield from stored_faults(data, folder)
    for manifest in sorted(data.reports.glob(f"*/{MANIFEST}")):
        subject = str(manifest.relative_to(data.root))
        try:
            entries = json.loads(manifest.read_text(encoding="utf-8"))["files"]
            files = {manifest.with_name(name): entry["sha256"] for name, entry in entries.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            sentence = "It cannot be read, so no report here can be checked. Restore it from a backup."
            yield Finding(DAMAGE, subject, sentence)
            continue
        for file, digest in files.items():
            # A file that somebody has moved away is no fault, and `report --again` writes it again.
            if file.is_file() and file_hash(file) != digest:
                sentence = "It is not as it was written; somebody may have saved it after opening it."
                yield Finding(NOTE, str(file.relative_to(data.root)), sentence)


def stored_faults(data: DataDir, folder: Path) -> Iterator[Finding]:
    """The files of a run that are not what it wrote."""
    subject = f"runs/{folder.name}"
    try:
        entry = json.loads((folder / ENTRY).read_text(encoding="utf-8"))
        stored = StoredRun(folder, str(entry["day"]), dict(entry["files"]))
        digests = {name: str(entry["sha256"]) for name, entry in stored.files.items()}
    except (OSError, ValueError, KeyError, TypeError):
        sentence = "It cannot be read, so its files cannot be checked. Restore it from a backup."
        yield Finding(DAMAGE, f"{subject}/{ENTRY}", sentence)
        return
    for name in digests:
        try:
            stored.open(name).close()
        except (Problem, OSError) as problem:
            sentence = str(problem).removeprefix(f"{folder / name}.gz: ")
            yield Finding(DAMAGE, f"{subject}/{name}.gz", f"{sentence[0].upper()}{sentence[1:]}")
