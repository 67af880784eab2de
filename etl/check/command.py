"""`load --check`: how a file would be read, for a person who loads it for the first time; stores nothing."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from etl.check.content import ContentCheck, FileCheck
from etl.check.describe import describe, named, said
from etl.check.inspect import Check, inspect_content, known_labels
from etl.common.paths import SHIPPED, DataDir
from etl.common.problem import Problem
from etl.config.settings import Settings
from etl.read.archive import Contents, Unpacked, contents, refuse_others
from etl.sql.catalog import read_catalog
from etl.store.load import open_database
from etl.store.purged import read_purged
from etl.store.texts import content_name


def check_file(
    data: DataDir, settings: Settings, path: Path, given: Mapping[str, str] | None = None
) -> FileCheck:
    """How a file would be read with these settings, and the lines to paste if they do not fit.

    `given` are values of columns that the file does not have. A fault of the file is part of the result; a
    fault of settings, labels or queries raises a Problem.
    """
    catalog = read_catalog()
    labels, purged = known_labels(data, catalog), read_purged(data)
    own, current = data.root / "settings.toml", settings.path
    copy = f"Copy {current} to {own} first. " if current == SHIPPED / "settings.toml" != own else ""
    how = f"{copy}Paste these lines before the first [[source]]; then check again."
    with TemporaryDirectory(prefix="returntrail-") as folder:
        check = Check(data, settings, catalog, labels, purged, Path(folder), given or {})
        try:
            refuse_others(path)
            found = contents(path, check.folder, settings.limits)
        except Problem as problem:
            return FileCheck(named(path), refusal=said(str(problem)))
        checked = [check_content(check, content, found) for content in found.contents]
    passed = [(content_name(path, one.place)[0], one.reason) for one in found.passed]
    return FileCheck(named(path), checked, passed, paste_into=str(own), paste_how=how)


def check_content(check: Check, content: Unpacked, found: Contents) -> ContentCheck:
    """How one content of a file would be read."""
    with open_database(check.folder) as database:
        try:
            return describe(inspect_content(check, database, content, found))
        except Problem as problem:
            return ContentCheck(content_name(content.file, content.place)[0], refusal=said(str(problem)))
