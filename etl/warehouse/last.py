"""What a build keeps of the last warehouse: the records of logs, and the tables that are made by return.

It needs all parts of the last build unchanged, the same settings, reference files and code, no earlier as_of,
the very file that the last build wrote, and one that has not grown much since the last full build.
"""

import hashlib
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from etl.common.files import write_atomically
from etl.common.paths import DataDir, version
from etl.sql.catalog import Catalog
from etl.store.parts import SEAL, parts
from etl.warehouse.models import Engine, on_duckdb
from etl.warehouse.raw import KEPT, settings_digest

# A small file grows by some megabytes a day, whatever is in it.
MOST_GROWTH, FREE_GROWTH_BYTES = 2, 64_000_000
# Names come from a file that others can write.
QUOTED = """create or replace temp macro quoted(name) as '"' || replace(name, '"', '""') || '"' """
# What a build always makes anew. A macro may be there twice, with other parameters.
DROPS = """
    with objects as (
        select 'schema' as kind, schema_name as schema, null as name, ' cascade' as rest from duckdb_schemas()
        where database_name = current_database() and not internal
        union all
        select 'view', schema_name, view_name, '' from duckdb_views()
        where database_name = current_database() and not internal
        union all
        select 'table', schema_name, table_name, '' from duckdb_tables()
        where database_name = current_database()
            and schema_name || '.' || table_name not in (select unnest($kept))
        union
        select if(function_type = 'macro', 'macro', 'macro table'), schema_name, function_name, ''
        from duckdb_functions()
        where database_name = current_database() and not internal
    )
    select concat('drop ', kind, ' ', quoted(schema), '.' || quoted(name), rest)
    from objects
    where (kind = 'schema') = (schema not in ('main', 'raw', 'model', 'mart'))
"""

OTHER_CODE = "another version of returntrail, or Spark, made the last warehouse or makes this one"


class Unfit(Exception):
    """Why a build cannot start from the last warehouse, as the end of a sentence."""


@dataclass(frozen=True)
class Last:
    """The last warehouse: as of when it was, of which files (lists too), and the size of a full build.

    `newest_no` is the highest number of its logs; new logs have higher ones.
    """

    as_of: datetime | None
    file_ids: frozenset[str]
    newest_no: int
    full_bytes: int


def copy_last(data: DataDir, to: Path, code: str | None) -> None:
    """Copies the last warehouse. Raises Unfit if it is not the very file that a build wrote, or for Spark."""
    if code is None:
        raise Unfit(OTHER_CODE)
    shutil.copyfile(data.warehouse, to)
    if not data.warehouse_digest.exists() or data.warehouse_digest.read_bytes() != digest_line(to):
        raise Unfit("the last warehouse has no checksum or was changed since")


def write_digest(data: DataDir, warehouse: Path) -> None:
    """Writes the digest by which the next build knows a new warehouse, as sha256sum writes it."""
    write_atomically(data.warehouse_digest, digest_line(warehouse))


def digest_line(file: Path) -> bytes:
    with file.open("rb") as content:
        return f"{hashlib.file_digest(content, 'sha256').hexdigest()}  warehouse.duckdb\n".encode()


def keep_last(database: duckdb.DuckDBPyConnection, data: DataDir, catalog: Catalog, code: str | None) -> Last:
    """Drops what a build always makes anew from a copy of the last warehouse.

    Raises Unfit if the store, the settings or the code are not those of the last build.
    """
    kept = [*KEPT, *(file.full_name for file in catalog.files.values() if file.by_return)]
    tables = "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'warehouse'"
    found = {name for (name,) in database.execute(tables).fetchall()}
    rows = []
    if found.issuperset((*KEPT, "raw.build", "raw.parts")):
        rows = database.execute(
            "select code_digest, settings_digest, as_of, full_bytes from raw.build"
        ).fetchall()
    if len(rows) != 1:
        raise Unfit("the last warehouse is damaged or of another version")
    [(last_code, last_settings, as_of, full_bytes)] = rows
    if code != last_code:
        raise Unfit(OTHER_CODE)
    if settings_digest(data, catalog) != last_settings:
        raise Unfit("the settings or the reference files have changed")
    # Records are appended unsorted, replaced rows leave their space, and some blocks are not full.
    size = data.warehouse.stat().st_size
    if size > MOST_GROWTH * (full_bytes or size) + FREE_GROWTH_BYTES:
        raise Unfit("the file has grown to more than twice that of the last full build")
    ledgers = {part.file_id: part.ledger for part in parts(data)}
    seals = database.execute("select file_id, seal from raw.parts").fetchall()
    if any(seal is None or seal != ledgers.get(file_id, {}).get(SEAL) for file_id, seal in seals):
        raise Unfit("a file of the last build was removed, read again or has no checksum")
    [(newest_no,)] = database.execute("select coalesce(max(file_no), 0) from raw.file_numbers").fetchall()
    database.execute(QUOTED)
    drop_all_but(database, kept)
    # From now on the space of what was dropped is used again.
    database.execute("checkpoint warehouse")
    return Last(as_of, frozenset(file_id for file_id, _ in seals), newest_no, full_bytes or size)


def drop_all_but(database: duckdb.DuckDBPyConnection, kept: list[str]) -> None:
    database.begin()
    for (drop,) in database.execute(DROPS, {"kept": kept}).fetchall():
        database.execute(drop)
    database.commit()


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
