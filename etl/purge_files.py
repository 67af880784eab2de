"""Where else in the data directory something stands that is purged: files given to people, and exports as they came.

What can be made or exported again is removed whole rather than edited, so that no half-true report is left behind.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from etl.datadir import DataDir
from etl.history import remember, runs_of
from etl.holding import BROKEN, Words
from etl.inbox import done
from etl.manifest import MANIFEST, UNFINISHED
from etl.problem import Problem
from etl.seal import file_hash
from etl.settings import Settings
from etl.store import ID_LENGTH, Part, parts, sync, write_json
from etl.unpack import verified


def written(data: DataDir, words: Words) -> list[Path]:
    """Reports, kept runs, packs, exports, refusals and messages that name what is purged, each to be removed whole."""
    return [unit for unit in units(data) if any(names(words, file) for file in files_in(unit))]


def units(data: DataDir) -> Iterator[Path]:
    """What is removed together: a report's file, the files of a run, a pack of evidence, an exported table."""
    yield from (file for file in sorted(data.reports.rglob("*")) if file.is_file() and file.name != MANIFEST)
    yield from sorted(folder for folder in data.runs.glob("*") if folder.is_dir() or folder.name == "heartbeat.json")
    yield from sorted((data.root / "evidence").glob("*"))
    yield from sorted(file for file in (data.root / "export").rglob("*") if file.is_file())
    yield from sorted((data.store / "refused").glob("*.json"))
    yield from data.root.glob("verified.json")


def files_in(unit: Path) -> list[Path]:
    """The files of a unit; a link is looked at by nobody."""
    files = [unit] if unit.is_file() else sorted(unit.rglob("*"))
    return [file for file in files if file.is_file() and not file.is_symlink()]


def names(words: Words, file: Path) -> bool:
    """Whether a file, or its own name, says one of the words. One that cannot be looked through counts as saying it."""
    try:
        return words.are_in(file.stem) or words.are_in_file(file)
    except BROKEN:
        return True


def originals(data: DataDir, settings: Settings, touched: list[Part], words: Words, folder: Path) -> list[Path]:
    """The exports behind these parts, however they are packed, and the refused ones that name what is purged."""
    loaded, refused = done(data)
    file_ids = {part.file_id for part in touched}
    packed = {part.ledger.get("packed_sha256"): part.file_id for part in parts(data)}
    found = []
    for file in plain_files(loaded):
        file_id = packed.get(file_hash(file)) or unpacked_id(file, settings, folder)
        if file_id is None or file_id in file_ids:
            found.append(file)
    return found + [file for file in plain_files(refused) if names(words, file)]


def plain_files(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.glob("*")) if file.is_file() and not file.is_symlink()]


def unpacked_id(file: Path, settings: Settings, folder: Path) -> str | None:
    """The id of a file by what comes out of its packing; null where nothing does."""
    try:
        unpacked = verified(file, folder, settings.limits)
    except Problem:
        return None
    if unpacked.path != file:
        unpacked.path.unlink()
    return unpacked.sha256[:ID_LENGTH]


def remove(data: DataDir, unit: Path) -> None:
    """Removes a unit, and what says that it is there."""
    if unit.parent == data.runs and unit.is_dir():
        forget_run(data, unit)
    if unit.is_dir() and not unit.is_symlink():
        # Renamed first, so that a folder which is killed halfway is known as a leftover.
        hidden = unit.with_name(f"{UNFINISHED}{unit.name}")
        unit.rename(hidden)
        shutil.rmtree(hidden)
    else:
        unit.unlink(missing_ok=True)
    if data.reports in unit.parents:
        forget_report(unit)
    sync(unit.parent)


def clear_unfinished(data: DataDir) -> None:
    """Removes what a purge that was killed had begun to remove."""
    for folder in (data.runs, data.root / "evidence"):
        for left in folder.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()


def forget_run(data: DataDir, folder: Path) -> None:
    """The runs whose files were in a folder have none any more, so that nobody asks for them again."""
    for run in runs_of(data):
        if folder.name == str(run.files_of):
            remember(data, replace(run, files_of=None, file=None))


def forget_report(file: Path) -> None:
    """The manifest of the folder no longer says that the file is there."""
    manifest = file.with_name(MANIFEST)
    try:
        said = json.loads(manifest.read_text(encoding="utf-8"))
        left = {name: entry for name, entry in said["files"].items() if name != file.name}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    write_json(manifest, said | {"files": left}, prefix=UNFINISHED)
