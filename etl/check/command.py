"""How a file would be read, for a person who loads it for the first time. Nothing is stored."""

from pathlib import Path
from tempfile import TemporaryDirectory

from etl.check import text
from etl.check.inspect import Check, Found, inspect_file, known_labels
from etl.check.source_toml import source_toml
from etl.common.paths import SHIPPED, DataDir
from etl.common.problem import Problem
from etl.config.settings import Settings
from etl.sql.catalog import read_catalog
from etl.store.load import open_database
from etl.store.mapping import map_staged


def check_file(data: DataDir, settings: Settings, path: Path) -> tuple[str, bool]:
    """How a file would be read and the lines to paste, as text; and whether it would load with the settings.

    A fault of the file is part of the text; a fault of settings, labels or queries raises a Problem.
    """
    catalog = read_catalog()
    labels = known_labels(data, catalog)
    with TemporaryDirectory(prefix="returntrail-") as folder, open_database(Path(folder)) as database:
        check = Check(data, settings, catalog, labels, database, Path(folder))
        try:
            found = inspect_file(check, path)
        except Problem as problem:
            return text.refusal(path, problem), False
        sections = [text.file(found), text.headings(found), text.times(found)]
        if found.missing:
            sections.append(text.missing(found))
        else:
            map_staged(found.survey)
            database.execute("create temp view mapped as from mapped('staged')")
            database.execute("create temp table reasons as select row_no, reason from mapped")
            sections.append(text.records(found))
            if found.source.kind == "events":
                sections.append(text.unrecognized_events(check))
        sections.append(text.quarantined(found))
        if needs_lines(found):
            sections.append(text.lines_to_paste(source_toml(found), check))
        return text.joined(sections), not found.missing


def needs_lines(found: Found) -> bool:
    """Whether a column is missing, times cannot be read, or the order of month and day must be chosen."""
    is_shipped = found.check.settings.path == SHIPPED / "settings.toml"
    return bool(found.missing) or any(
        shape.known_count < shape.read_count or (shape.is_ambiguous and is_shipped) for shape in found.times
    )
