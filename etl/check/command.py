"""`load --check`: how a file would be read, for a person who loads it for the first time; stores nothing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from etl.check.describe import describe
from etl.check.findings import ContentCheck, FileCheck, Paste, named, said
from etl.check.inspect import Check, inspect_content, known_labels
from etl.check.proposal import sources_to_paste
from etl.check.source_lines import needs_lines, propose
from etl.check.terminal import file_text, overview_text
from etl.common.files import work_folder
from etl.common.paths import QUERIES, SHIPPED, DataDir
from etl.common.problem import Problem
from etl.common.terminal import step
from etl.common.uploads import upload_folder
from etl.config.settings import Settings
from etl.config.source import Source
from etl.read.archive import Contents, Unpacked, contents, refuse_others
from etl.sql.catalog import read_catalog
from etl.store.checked import with_sources
from etl.store.identity import refuse_merging
from etl.store.inbox import files_of, is_folder
from etl.store.load import open_database
from etl.store.purged import read_purged
from etl.store.texts import content_name

# What says how a label is read. To parse all queries would take longer than the check.
NEEDED = ("raw", "ref", "model/labels")


def check_paths(
    data: DataDir, settings: Settings, paths: Sequence[Path], given: Mapping[str, str] | None = None
) -> tuple[str, bool]:
    """The check of one file in full, or of several and of folders as a table; and whether all would load."""
    if len(paths) == 1 and not is_folder(paths[0]):
        found = check_file(data, settings, paths[0], given)
        return file_text(found), found.would_load
    files = [file for path in paths for file in files_of(data, path)]
    with step(f"Checking {len(files)} files"), new_check(data, settings, given) as check:
        checks = [check_one(check, file) for file in files]
        paste = to_paste(check, checks)
    return overview_text(checks, paste), all(one.would_load for one in checks)


def check_file(
    data: DataDir, settings: Settings, path: Path, given: Mapping[str, str] | None = None
) -> FileCheck:
    """How a file would be read with these settings, and the lines to paste if they do not fit.

    `given` are values of columns that the file does not have. A fault of the file is part of the result; a
    fault of settings, labels or queries raises a Problem.
    """
    with new_check(data, settings, given) as check:
        found = check_one(check, path)
        return replace(found, paste=to_paste(check, [found]))


@contextmanager
def new_check(data: DataDir, settings: Settings, given: Mapping[str, str] | None) -> Iterator[Check]:
    """What the checks of files have in common, with a work folder for them."""
    catalog = read_catalog(QUERIES, NEEDED)
    labels, purged = known_labels(data, catalog), read_purged(data)
    with check_folder(data) as folder:
        yield Check(data, settings, catalog, labels, purged, folder, given or {})


@contextmanager
def check_folder(data: DataDir) -> Iterator[Path]:
    """A private folder in the data directory: what is unpacked may have SSNs. No new directory is left."""
    made = [] if data.root.exists() else [data.adding, data.root]
    try:
        with upload_folder(data) as (folder, _):
            yield folder
    finally:
        for new in made:
            # Others may have put something there since.
            with suppress(OSError):
                new.rmdir()


def to_paste(check: Check, checks: Sequence[FileCheck]) -> Paste:
    """What the checked files need, and where to paste it."""
    own, current = check.data.root / "settings.toml", check.settings.path
    copy = f"Copy {current} to {own} first. " if current == SHIPPED / "settings.toml" != own else ""
    how = f"{copy}Paste these lines before the first [[source]]; then check again."
    names = {source.name for source in check.settings.sources}
    return Paste(str(own), how, sources_to_paste(check.proposals, checks, names))


def check_one(check: Check, path: Path) -> FileCheck:
    with work_folder(check.folder) as folder:
        check = replace(check, folder=folder)
        try:
            refuse_others(path)
            found = contents(path, folder, check.settings.limits)
            refuse_merging(check.settings, found, check.given, check.data.inbox)
        except Problem as problem:
            return FileCheck(named(path), refusal=said(str(problem)))
        checked = [one for content in found.contents for one in check_contents(check, content, found)]
    passed = [(content_name(path, one.place)[0], one.reason) for one in found.passed]
    passed += [(one.name, f"the same content as {one.same_as}") for one in checked if one.same_as]
    checked = [one for one in checked if not one.same_as]
    return FileCheck(named(path), checked, passed)


def check_contents(check: Check, content: Unpacked, found: Contents) -> list[ContentCheck]:
    """How a content of a file would be read, or the contents that a file of web hooks becomes."""
    try:
        sources = with_sources(check.settings, content, found, check.folder)
    except Problem as problem:
        return [ContentCheck(content_name(content.file, content.place)[0], refusal=said(str(problem)))]
    return [check_content(check, own, source, found) for own, source in sources]


def check_content(check: Check, content: Unpacked, source: Source, found: Contents) -> ContentCheck:
    """How one content would be read; of a content that was there before, only its name and the other's."""
    name = content_name(content.file, content.place)[0]
    try:
        own = check.identify(content, source)
        if own.file_id in check.seen:
            return ContentCheck(name, same_as=check.seen[own.file_id])
        with open_database(check.folder) as database:
            inspected = inspect_content(check, database, own, found)
            described = describe(inspected)
            if needs_lines(inspected):
                check.proposals.append(propose(inspected))
    except Problem as problem:
        return ContentCheck(name, refusal=said(str(problem)))
    if not described.refusal and not described.missing:
        check.seen[own.file_id] = name
    return described
