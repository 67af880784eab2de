"""The tables of `mart` as Parquet files, with the catalog that explains them, for tools that read no DuckDB."""

import os
import shutil
import tempfile
from pathlib import Path

import duckdb

from etl.datadir import DataDir
from etl.problem import Problem
from etl.progress import step
from etl.records import literal
from etl.store import make_private, sync
from etl.warehouse import READER, asking, opened

UNFINISHED = ".returntrail-"


def export(data: DataDir, out: Path | None = None) -> list[Path]:
    """Writes a file a table into `out`, or else `export/` of the data directory; a file is whole or not there."""
    folder = out or data.root / "export"
    make_private(folder)
    for left in folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left)
    marts = "select name from main.catalog where kind = 'table' and name like 'mart.%' order by name"
    with opened(data.warehouse) as warehouse, asking(warehouse.database) as cursor:
        wanted = [name for (name,) in cursor.execute(marts).fetchall()] + ["main.catalog"]
    with duckdb.connect(config=READER) as database:
        # This connection writes files, so it runs no SQL but the copies below.
        database.execute(f"attach {literal(data.warehouse)} as warehouse (read_only)")
        return [exported(database, name, folder / f"{name.split('.')[1]}.parquet") for name in wanted]


def exported(database: duckdb.DuckDBPyConnection, table: str, file: Path) -> Path:
    """One table in one file, under a hidden name until it is whole."""
    workshop = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=file.parent))
    unfinished = workshop / file.name
    try:
        with step(f"Exporting {table}"):
            database.execute(f"copy warehouse.{table} to {literal(unfinished)} (format parquet, compression zstd)")
        unfinished.chmod(0o600)
        sync(unfinished)
        os.replace(unfinished, file)
        sync(file.parent)
    except duckdb.IOException as error:
        raise Problem(f"{file}: it cannot be written. See that the folder can be written to and has room.") from error
    finally:
        shutil.rmtree(workshop)
    return file
