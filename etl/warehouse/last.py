"""What a build keeps of the last warehouse: the records of logs, to which it appends those of new files.

Everything else is made anew, so that an appended build has the rows of a full build. It needs all parts of
the last build unchanged, the same settings, reference files and code, no earlier as_of, and a file that has
not doubled since the last full build.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from etl.common.paths import DataDir, version
from etl.sql.catalog import Catalog
from etl.store.parts import SEAL, parts
from etl.warehouse.models import Engine, on_duckdb
from etl.warehouse.raw import KEPT, kept_digest, settings_digest

MOST_GROWTH = 2
QUOTED = """create or replace temp macro quoted(name) as '"' || replace(name, '"', '""') || '"' """
# What a build makes anew. A macro may be there twice, with other parameters.
DROPS = f"""
    select 'drop schema ' || quoted(schema_name) || ' cascade' from duckdb_schemas()
    where database_name = current_database() and not internal and schema_name not in ('raw', 'main')
    union all
    select 'drop view ' || quoted(schema_name) || '.' || quoted(view_name) from duckdb_views()
    where database_name = current_database() and not internal and schema_name in ('raw', 'main')
    union all
    select 'drop table ' || quoted(schema_name) || '.' || quoted(table_name) from duckdb_tables()
    where database_name = current_database() and schema_name in ('raw', 'main')
        and schema_name || '.' || table_name not in {KEPT}
    union all
    select distinct
        if(function_type = 'macro', 'drop macro ', 'drop macro table ')
            || quoted(schema_name) || '.' || quoted(function_name)
    from duckdb_functions()
    where database_name = current_database() and not internal and schema_name in ('raw', 'main')
"""


class Unfit(Exception):
    """Why a build cannot start from the last warehouse, as the end of a sentence."""


@dataclass(frozen=True)
class Last:
    """The last warehouse: as of when it was, how many loaded files it had, and the size of a full build."""

    as_of: datetime | None
    files: int
    full_bytes: int


def keep_records(
    database: duckdb.DuckDBPyConnection, data: DataDir, catalog: Catalog, code: str | None
) -> Last:
    """Drops everything but the records of logs from a copy of the last warehouse.

    Raises Unfit if the store, the settings or the code are not those of the last build.
    """
    tables = "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'warehouse'"
    found = {name for (name,) in database.execute(tables).fetchall()}
    rows = []
    if found.issuperset((*KEPT, "raw.build", "raw.parts")):
        rows = database.execute(
            "select code_digest, settings_digest, as_of, full_bytes, kept_digest from raw.build"
        ).fetchall()
    if len(rows) != 1:
        raise Unfit("the last warehouse is damaged or of another version")
    [(last_code, last_settings, as_of, full_bytes, last_kept)] = rows
    if code is None or code != last_code:
        raise Unfit("another version of returntrail, or Spark, made the last warehouse or makes this one")
    if settings_digest(data, catalog) != last_settings:
        raise Unfit("the settings or the reference files have changed")
    # Appended records are not sorted among the others, and each build leaves some blocks that are not full.
    size = data.warehouse.stat().st_size
    if size > MOST_GROWTH * (full_bytes or size):
        raise Unfit("the file has grown to more than twice that of the last full build")
    ledgers = {part.file_id: part.ledger for part in parts(data)}
    seals = database.execute("select file_id, seal from raw.parts").fetchall()
    if any(seal is None or seal != ledgers.get(file_id, {}).get(SEAL) for file_id, seal in seals):
        raise Unfit("a file of the last build was removed, read again or has no checksum")
    if kept_digest(database) != last_kept:
        raise Unfit("the records of the last warehouse are not those that were written")
    # Names come from a file that others can write.
    database.execute(
        """create or replace temp macro quoted(name) as '"' || replace(name, '"', '""') || '"' """
    )
    database.begin()
    for (drop,) in database.execute(DROPS).fetchall():
        database.execute(drop)
    database.commit()
    # From now on the space of what was dropped is used again.
    database.execute("checkpoint warehouse")
    return Last(as_of, len(seals), full_bytes or size)


def note_last(database: duckdb.DuckDBPyConnection, last: Last) -> None:
    """Writes the size of a full build into `raw.build`. Raises Unfit if the last one is of a later time."""
    [(as_of,)] = database.execute("select as_of from raw.build").fetchall()
    if last.as_of is not None and (as_of is None or as_of < last.as_of):
        raise Unfit("the last warehouse is as of a later time")
    database.execute("update raw.build set full_bytes = ?", [last.full_bytes])


def code_digest(queries: Path, engine: Engine) -> str | None:
    """A hash of everything that makes tables, which is more than what makes records; None for Spark."""
    if engine is not on_duckdb:
        return None
    digest = hashlib.sha256(f"{version()} {duckdb.__version__}".encode())
    for file in sorted([*queries.rglob("*.sql"), *Path(__file__).parents[1].rglob("*.py")]):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]
