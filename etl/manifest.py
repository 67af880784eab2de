"""What a folder of reports says of itself: `manifest.json`, one entry a file, which leads a list back to its source."""

import json
from pathlib import Path

from etl.changes import ADDED_MEANINGS, ADDED_TYPES
from etl.store import write_json
from etl.warehouse import Facts, Report

MANIFEST = "manifest.json"
# What a file in a folder of reports is called until it is whole; the next call removes what a killed one left.
UNFINISHED = ".returntrail-"


def file_entry(
    report: Report,
    facts: Facts,
    filters: dict[str, object],
    row_count: int,
    sha256: str,
    size: int,
    changed: bool = False,
) -> dict:
    """What is true of one file, whoever wrote it; moments are UTC in ISO."""
    columns = [
        {"name": name, "type": report.columns[name], "meaning": meaning} for name, meaning in report.meanings.items()
    ]
    added = [{"name": name, "type": ADDED_TYPES[name], "meaning": meaning} for name, meaning in ADDED_MEANINGS.items()]
    return {
        "report": report.name,
        "meaning": report.meaning,
        "rows": row_count,
        "sha256": sha256,
        "bytes": size,
        "columns": [*(added if changed else ()), *columns],
        "filters": filters,
        "as_of": iso(facts.as_of),
        "built_at": iso(facts.built_at),
        "build": facts.input_digest,
        "version": facts.version,
        "firm": facts.firm_name,
        "zone": facts.timezone,
    }


def iso(moment: object) -> str | None:
    """A moment of the warehouse as text."""
    return f"{moment.isoformat(timespec='seconds')}Z" if moment else None


def note(folder: Path, entries: dict[str, dict]) -> None:
    """Adds or replaces entries in the folder's manifest, which is never seen half."""
    file = folder / MANIFEST
    try:
        said = json.loads(file.read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        said = {}
    write_json(file, {"files": dict(sorted((said | entries).items()))}, prefix=UNFINISHED)
