"""When a part was loaded, and its files written again with some of the rows."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from duckdb import DuckDBPyConnection

from etl.common.duck import parquet
from etl.store.parts import Part, damage_is_a_problem
from etl.store.write_part import copy_to_parquet


def loaded_at(part: Part) -> datetime:
    """When its file was loaded; UTC where the ledger has no offset."""
    at = datetime.fromisoformat(part.ledger["loaded_at"])
    return at.replace(tzinfo=at.tzinfo or UTC)


def rewrite(
    database: DuckDBPyConnection, part: Part, records: str, quarantined: str, folder: Path
) -> tuple[Path, dict[str, int]]:
    """Writes the rows of two queries as the files of a part into a new folder; returns it with the counts.

    Of the attributes, those stay that the records need.
    """
    new = Path(tempfile.mkdtemp(prefix="part-", dir=folder))
    with damage_is_a_problem(part):
        counts = {
            "kept_count": copy_to_parquet(database, records, new / part.data.name),
            "quarantined_count": copy_to_parquet(database, quarantined, new / part.quarantine.name),
        }
        if part.has_attributes:
            events = f"{parquet(new / part.data.name)} as events"
            needed = f"from {parquet(part.attributes)} as sets semi join {events} using (set_no)"
            copy_to_parquet(database, f"{needed} order by set_no", new / part.attributes.name)
    return new, counts
