"""A small firm with three exports and a register, and what its data directory contains."""

import gzip
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import polars as pl

from etl.common.duck import literal
from etl.common.paths import CHECKOUT, DataDir

HEAD = "Return ID,Client Name,Client ID,Office,Tax Year,Return Type,Tab,Event,Status,Date/Time,User,Email\n"
ACTS = (
    ("Internal", "Upload", ""),
    ("Internal", "Deliver to Client", ""),
    ("Client", "Taxpayer: Initial Email", "Processed"),
    ("Client", "Taxpayer: Initial Email", "Bounced"),
)
# The return that is purged: its id, client, client number and address are only in its own lines.
GOING = "2025-0002"
TRACES = (GOING, "Zelda Quill", "CQ-77", "zelda@quill.test")
NAMES = {
    GOING: TRACES[1:],
    "2023-0001": ("Otto Old", "CO-1", "otto@old.test"),
    "2025-0003": ("Ann Ash", "CA-3", "ann@ash.test"),
}


def lines(return_id: str, year: int = 2026) -> str:
    """Four events of a return: uploaded, delivered, an email sent, which bounced."""
    name, client_id, email = NAMES[return_id]
    return "".join(
        f"{return_id},{name},{client_id},Austin,2025,1040,{tab},{label},{status},"
        f"03/04/{year} 10:{minute:02d} AM,Bea,{email}\n"
        for minute, (tab, label, status) in enumerate(ACTS)
    )


UNREADABLE = f"{GOING},Zelda Quill,CQ-77,Austin,2025,1040,Client,Upload,,never,Bea,zelda@quill.test\n"
CUT = f"{GOING},Zelda Quill\n"
REGISTER = f"Return ID,Client Name,Due Date\n{GOING},Zelda Quill,2026-04-15\n2025-0003,Ann Ash,2026-04-15\n"


def small_firm(root: Path) -> DataDir:
    """The firm with its exports in the inbox; nothing is loaded yet."""
    data = DataDir(root / "data")
    for folder in (data.root, data.inbox):
        folder.mkdir(mode=0o700, parents=True)
    put(data, "january.csv", (HEAD + lines("2023-0001", 2023) + lines(GOING) + UNREADABLE + CUT).encode())
    put(
        data,
        "Zelda Quill.csv.gz",
        gzip.compress((HEAD + lines(GOING) + lines("2025-0003")).encode(), mtime=0),
    )
    put(data, "register.csv", REGISTER.encode())
    put(data, "refused.csv", f"Shoe\n{GOING}\n".encode())
    return data


def put(data: DataDir, name: str, content: bytes) -> None:
    """Puts an export into the inbox."""
    file = data.inbox / name
    file.touch(mode=0o600)
    file.write_bytes(content)


def returntrail(data: DataDir, *arguments: str, check: bool = False) -> subprocess.CompletedProcess:
    """Runs the command in a new process."""
    command = [sys.executable, "-m", "etl", "--data", str(data.root), *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=300)
    assert not check or done.returncode == 0, done.stderr
    return done


def output_lines(done: subprocess.CompletedProcess, data: DataDir) -> list[str]:
    """The lines of stdout and stderr, stripped, without those about slow steps."""
    text = (
        (done.stdout + done.stderr).replace(f"Data directory: {data.root}\n", "").replace(f"{data.root}/", "")
    )
    return [
        line.strip()
        for line in text.splitlines()
        if line.strip() and not line.endswith((" ...", " seconds."))
    ]


def file_texts(folder: Path) -> dict[str, str]:
    """Every file below a folder as text: unpacked, and with the rows of a warehouse or Parquet file."""
    return {
        str(file.relative_to(folder)): text_of(file) for file in sorted(folder.rglob("*")) if file.is_file()
    }


def text_of(file: Path) -> str:
    content = file.read_bytes()
    if content[:4] == b"PAR1":
        return str(pl.read_parquet(file).rows())
    if file.suffix == ".duckdb":
        with duckdb.connect() as database:
            database.execute(f"attach {literal(file)} as inspected (read_only)")
            names = database.execute(
                "select schema_name || '.' || table_name from duckdb_tables()"
            ).fetchall()
            tables = [database.execute(f"from inspected.{name}").fetchall() for (name,) in names]
            return str(tables) + content.decode("latin-1")
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    return content.decode("utf-8", "replace")


def traces(data: DataDir, words: tuple[str, ...] = TRACES) -> list[str]:
    """The files with one of the words in their text or in their name."""
    texts = file_texts(data.root)
    return [name for name, text in texts.items() if any(word in text or word in name for word in words)]


def tables(data: DataDir) -> dict[str, list]:
    """The rows of returns in the warehouse, to compare with another warehouse."""
    with duckdb.connect(str(data.warehouse), read_only=True) as database:
        names = database.execute("""
            select columns.table_name
            from duckdb_columns() as columns
            semi join duckdb_tables() as tables on tables.table_oid = columns.table_oid
            where columns.schema_name = 'mart' and columns.column_name = 'return_id'
        """).fetchall()
        return {
            name: database.execute(f"select * from mart.{name} order by all").fetchall() for (name,) in names
        }
