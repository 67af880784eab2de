"""How a file would be read, for a person who loads it for the first time. Nothing is stored."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from etl.check.inspect import Found, inspect_file, known_patterns
from etl.check.labels import unknown_labels
from etl.check.suggest import source_toml
from etl.check.text import (
    aside,
    file,
    headings,
    joined,
    labels,
    lines_to_paste,
    missing,
    records,
    refusal,
    times,
)
from etl.common.paths import SHIPPED, DataDir
from etl.common.problem import Problem
from etl.config.settings import Settings
from etl.sql.catalog import read_catalog
from etl.store.load import open_database
from etl.store.mapping import map_staged
from etl.store.redact_file import redacted_name


@dataclass(frozen=True)
class Checked:
    """The text about a file, and whether it would load with the current settings."""

    text: str
    would_load: bool


def checked(data: DataDir, settings: Settings, path: Path) -> Checked:
    """How a file would be read with these settings, and the lines to paste where they do not fit.

    A fault of the file is part of the text; a fault of settings, labels or queries raises a Problem.
    """
    catalog = read_catalog()
    patterns = known_patterns(data, catalog)
    with TemporaryDirectory(prefix="returntrail-") as folder, open_database(Path(folder)) as database:
        try:
            found = inspect_file(database, data, settings, patterns, path, Path(folder))
        except Problem as problem:
            return Checked(refusal(redacted_name(path)[0], problem), False)
        sections = [file(found), headings(database, found), times(found)]
        if found.missing:
            sections.append(missing(found))
        else:
            map_staged(database, found.columns, found.redacted)
            database.execute("create temp table judged as select row_no, reason from mapped")
            sections.append(records(database, found))
            if found.source.kind == "events":
                sections.append(labels(*unknown_labels(database, data, catalog)))
        sections.append(aside(database, found))
        if needs_lines(found):
            lines = source_toml(path, settings, found.source, found.columns, found.suggested, found.times)
            sections.append(lines_to_paste(lines, data, settings))
        return Checked(joined(sections), not found.missing)


def needs_lines(found: Found) -> bool:
    """Whether a column is missing, times cannot be read, or month and day must still be chosen."""
    is_shipped = found.settings.path == SHIPPED / "settings.toml"
    return bool(found.missing) or any(
        (shape.known_count < shape.read_count) or (shape.is_open and is_shipped) for shape in found.times
    )
