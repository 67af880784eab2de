"""The files outside the store that name what is purged: reports and other output, and the exports themselves.

Output can be written again, so a file that names a purged return is removed whole and not edited.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from etl.common.files import remove_folder, work_folder, write_json
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.system import sync_to_disk
from etl.config.settings import Settings
from etl.read.archive import Contents, Unpacked, contents
from etl.read.tins import redact
from etl.reports.files import MANIFEST
from etl.reports.history import read_runs, save_run
from etl.store.checked import with_sources
from etl.store.identity import content_of
from etl.store.inbox import done_folders, is_folder, remove_empty_folders
from etl.store.parts import ID_LENGTH, Part, file_hash, parts
from etl.store.texts import PLACE, redacted_name
from etl.upkeep.text_search import TextSearch


def report_units(data: DataDir) -> Iterator[Path]:
    """What is removed together: a report, the files of a run, a pack of evidence."""
    yield from (file for file in sorted(data.reports.rglob("*")) if file.is_file() and file.name != MANIFEST)
    yield from (folder for folder in sorted(data.runs.glob("*")) if folder.is_dir())
    yield from sorted((data.root / "evidence").glob("*"))


def find_output(data: DataDir, search: TextSearch) -> list[Path]:
    """Reports, stored runs, packs, exports, refusals and messages that name what is purged."""
    units = [
        *report_units(data),
        *data.runs.glob("heartbeat.json"),
        *(file for file in sorted((data.root / "export").rglob("*")) if file.is_file()),
        *sorted((data.store / "refused").glob("*.json")),
        *data.root.glob("verified.json"),
    ]
    return [unit for unit in units if any(map(search.is_in_file, plain_files([unit, *unit.rglob("*")])))]


def plain_files(paths: Iterable[Path]) -> list[Path]:
    """The files among the paths. Symbolic links are skipped."""
    return [path for path in sorted(paths) if path.is_file() and not path.is_symlink()]


def find_exports(
    data: DataDir, settings: Settings, file_ids: set[str], search: TextSearch | None, folder: Path
) -> list[Path]:
    """The loaded exports with these file ids, however they are packed, and all exports with a match.

    They are unpacked one by one into `folder`. An export that cannot be unpacked counts as a match. Without
    `search`, only the exports of these files are found.
    """
    loaded, refused = done_folders(data)
    packed: dict[str, list[Part]] = {}
    for part in parts(data):
        packed.setdefault(part.ledger.get("packed_sha256", ""), []).append(part)
    wanted = {content_of(part) for part in parts(data) if part.file_id in file_ids}
    found = []
    for file in plain_files(loaded.rglob("*")):
        if equal := packed.get(file_hash(file)):
            own: set[str] | None = {part.file_id for part in named_like(file, equal)}
            sought = file_ids
        else:
            own, sought = content_ids(file, settings, folder), wanted
        is_own = search is not None if own is None else not own.isdisjoint(sought)
        if is_own or (search and is_in_path(search, file, loaded)):
            found.append(file)
    for file in plain_files(refused.rglob("*")):
        if search and (search.is_in_file(file) or is_in_path(search, file, refused)):
            found.append(file)
    # The folders in which exports came stay for the next ones. An inner folder goes before an outer.
    folders = sorted(filter(is_bare_folder, data.inbox.rglob("*")), reverse=True)
    return [*found, *(folder for folder in folders if search and search.is_in(folder.name))]


def is_bare_folder(path: Path) -> bool:
    """Whether a path is a folder in which there is nothing but folders."""
    return is_folder(path) and all(map(is_folder, path.rglob("*")))


def named_like(file: Path, equal: list[Part]) -> list[Part]:
    """Of the parts of files with equal bytes, those with the name of this file; all if none has it."""
    # A file of a taken name was moved as march (2).csv.
    own = redacted_name(file)[0], redact(os.fsencode(file.name).decode(errors="replace"))[0]
    names = {*own, *(re.sub(r" \(\d+\)(?=\.|$)", "", name, count=1) for name in own)}
    return [part for part in equal if part.ledger["file_name"].split(PLACE)[0] in names] or equal


def is_in_path(search: TextSearch, file: Path, folder: Path) -> bool:
    """Whether the name of a file, or of a folder below `folder` that it is in, contains one of the words."""
    return any(map(search.is_in, [*file.relative_to(folder).parts[:-1], file.stem]))


def content_ids(file: Path, settings: Settings, folder: Path) -> set[str] | None:
    """The ids of the contents of a file; None if it cannot be unpacked."""
    try:
        with work_folder(folder) as own:
            found = contents(file, own, settings.limits)
            return {
                content.sha256[:ID_LENGTH]
                for unpacked in found.contents
                for content in hooks_in(unpacked, settings, found, own) or [unpacked]
            }
    except Problem:
        return None


def hooks_in(unpacked: Unpacked, settings: Settings, found: Contents, folder: Path) -> list[Unpacked]:
    """The contents of a file of web hooks; empty for any other file."""
    with suppress(Problem):
        return [content for content, _ in with_sources(settings, unpacked, found, folder)]
    return []


def remove(data: DataDir, unit: Path) -> None:
    """Removes a file or folder, and its entry in the history of runs or in a manifest."""
    if unit.parent == data.runs and unit.is_dir():
        for run in read_runs(data):
            if unit.name == str(run.files_of):
                # The history stays, and the run cannot be delivered again.
                save_run(data, replace(run, files_of=None, file=None))
    if unit.is_dir() and not unit.is_symlink():
        remove_folder(unit)
    else:
        unit.unlink(missing_ok=True)
    for folder in done_folders(data):
        if folder in unit.parents:
            # The names of folders may name what is purged.
            remove_empty_folders(folder)
            unit = folder / unit.name
    if data.reports in unit.parents:
        manifest = unit.with_name(MANIFEST)
        try:
            content = json.loads(manifest.read_text(encoding="utf-8"))
            content["files"].pop(unit.name, None)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # There is no manifest, or one that nobody can read.
            pass
        else:
            write_json(manifest, content)
    sync_to_disk(unit.parent)
