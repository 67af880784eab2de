"""The three checks after a fault: the rows equal a clean run's, the counts add up, no stray file is left.

Everything that is compared is read here by pyarrow, csv and json, and not by the loader.
"""

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import re
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow.parquet
import zstandard

from etl.common.paths import DataDir

# A tenth of the amounts in the test run, all of them for `make faults`.
SHARE = 1.0 if os.environ.get("FAULTS") == "full" else 0.1
ID = r"[0-9a-f]{16}"
ALLOWED = re.compile(
    rf"""(?x) \.lock | \.(audit-)?key | settings\.toml | secrets\.toml | warehouse\.duckdb(\.sha256)?
    | demo\.txt | inbox(/.+)? | store(/refused)? | store/refused/{ID}\.json
    | store/{ID}(\.\d+)?(/(ledger\.json|(events|attributes|returns|quarantine)\.parquet))?
    | reports | reports/\d{{4}}-\d\d-\d\d(/(manifest\.json|[a-z0-9_-]+\.(csv|xlsx)))? | reference(/.*)?
    | adding | app(/.*)?
    | runs(/.*)? | audit(/.*)? | export(/.*)? | evidence(/.*)? | purged\.jsonl | verified\.json
    """
)
UNPACK = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}
# Columns that differ between two equal runs: times, digests that include them, the size of an earlier file.
MOMENTS = {"loaded_at", "built_at", "input_digest", "seal", "full_bytes"}


def times(full: int) -> int:
    """How often a fault is tried in this run."""
    return max(1, round(full * SHARE))


@dataclass
class Tally:
    """How often a fault was injected, and what was lost, doubled, leaked or reported unclearly."""

    injected: int = 0
    lost: int = 0
    doubled: int = 0
    leaked: int = 0
    unclear: int = 0
    details: list[str] = field(default_factory=list)

    def compare(self, clean: Counter, found: Counter, about: object = "") -> None:
        """Counts missing rows of the clean run as lost, and rows that it does not have as doubled."""
        missing, more = clean - found, found - clean
        self.lost += missing.total()
        self.doubled += more.total()
        for kind, rows in (("missing", missing), ("too many", more)):
            self.details += [f"{about}: {kind}: {row}" for row in list(rows)[:3]]

    def check_files(self, data: DataDir, about: object = "") -> None:
        """Counts stray files, and files that other users can read."""
        found = stray_files(data.root)
        self.leaked += len(found)
        self.details += [f"{about}: {one}" for one in found]

    def check_message(self, text: str, must: str = "", about: object = "") -> None:
        """Counts a message with a traceback, or one that does not match `must`, as unclear."""
        is_clear = "Traceback" not in text and re.search(must, text) is not None
        self.unclear += not is_clear
        self.details += [] if is_clear else [f"{about}: unclear: {text[-1500:]!r}"]

    def add_lost(self, faults: list[str]) -> None:
        """Counts every mismatch of counts as a lost record."""
        self.lost += len(faults)
        self.details += faults

    @property
    def fault_count(self) -> int:
        return self.lost + self.doubled + self.leaked + self.unclear


def stray_files(root: Path) -> list[str]:
    """Unexpected files and folders, and those that other users can read."""
    found = []
    for path in (root, *sorted(root.rglob("*"))):
        name = "" if path == root else path.relative_to(root).as_posix()
        if name and not ALLOWED.fullmatch(name):
            found.append(f"stray: {name}")
        if (
            not path.is_symlink()
            and path.stat().st_mode & 0o077
            and not name.startswith(("inbox/", "settings"))
        ):
            found.append(f"open to others: {name or root} {path.stat().st_mode & 0o777:o}")
    return found


def store_rows(data: DataDir) -> Counter:
    """Every row of the store, and each ledger without its times; an unreadable part counts as a row."""
    found: Counter = Counter()
    for folder in data.store.glob("*") if data.store.is_dir() else ():
        if folder.name.startswith(".") or folder.name in ("refused", "reading.json"):
            continue
        try:
            ledger = json.loads((folder / "ledger.json").read_text(encoding="utf-8"))
            ledger = {name: value for name, value in ledger.items() if name not in MOMENTS | {"version"}}
            found[f"{folder.name[:16]} ledger {json.dumps(ledger, sort_keys=True)}"] += 1
            for file in (f"{ledger['kind']}.parquet", "quarantine.parquet"):
                for row in pyarrow.parquet.read_table(folder / file).to_pylist():
                    found[f"{file} {row}"] += 1
        except (OSError, ValueError, KeyError) as error:
            found[f"{folder.name}: {type(error).__name__}"] += 1
    return found


def warehouse_rows(file: Path, without: tuple[str, ...] = (), tables: str = "raw|model|mart") -> Counter:
    """The hash of every row, without the times of load and build. `tables` is a pattern of names."""
    found: Counter = Counter()
    try:
        with duckdb.connect(str(file), read_only=True) as database:
            names = database.execute(
                """
                select table_schema || '.' || table_name as name from information_schema.tables
                where regexp_matches(name, ?)
                """,
                [f"^({tables})\\b"],
            ).fetchall()
            for (name,) in names:
                columns = [one[0] for one in database.execute(f"describe {name}").fetchall()]
                compared = ", ".join(
                    column for column in columns if column not in MOMENTS | {"version", *without}
                )
                rows = database.execute(
                    f"select md5(to_json(r)::varchar) from (select {compared} from {name}) as r"
                ).fetchall()
                found.update(f"{name} {digest}" for (digest,) in rows)
    except duckdb.Error as error:
        found[f"{file.name}: {type(error).__name__}"] += 1
    return found


def content_of(file: Path) -> tuple[str, bytes]:
    """A file's name without the suffix of its compression, and its unpacked content."""
    content = file.read_bytes()
    if file.suffix in UNPACK:
        return file.stem, UNPACK[file.suffix](content)
    if file.suffix == ".zst":
        return file.stem, zstandard.ZstdDecompressor().decompressobj().decompress(content)
    if file.suffix == ".zip":
        with zipfile.ZipFile(file) as archive:
            return file.stem, archive.read(archive.namelist()[0])
    return file.name, content


def records_in(file: Path) -> int:
    """The number of records in a file, counted by other readers than the loader's."""
    name, content = content_of(file)
    if name.endswith(".parquet"):
        return pyarrow.parquet.read_metadata(io.BytesIO(content)).num_rows
    text = content.decode("utf-8-sig")
    if name.endswith(("json", "jsonl")):
        return (
            len(json.loads(text))
            if text.lstrip().startswith("[")
            else sum(1 for line in text.splitlines() if line.strip())
        )
    return sum(1 for row in csv.reader(io.StringIO(text, newline="")) if row) - 1


def mismatched_counts(data: DataDir, counts: dict[str, int]) -> list[str]:
    """Files whose counts do not add up: records = stored + quarantined, and after a build stored = distinct +
    repeated + later. `counts` has the number of records by file name.
    """
    found = []
    for file in sorted(data.store.glob("*/ledger.json")):
        ledger = json.loads(file.read_text(encoding="utf-8"))
        stored = pyarrow.parquet.read_metadata(file.parent / f"{ledger['kind']}.parquet").num_rows
        quarantined = pyarrow.parquet.read_metadata(file.parent / "quarantine.parquet").num_rows
        counted = counts.get(ledger["file_name"], ledger["record_count"])
        if (
            not counted
            == ledger["record_count"]
            == stored + quarantined
            == ledger["kept_count"] + ledger["quarantined_count"]
        ):
            found.append(
                f"{ledger['file_name']}: {counted} counted, {ledger['record_count']} in the ledger, "
                f"{stored} stored, {quarantined} quarantined"
            )
    if data.warehouse.exists():
        with duckdb.connect(str(data.warehouse), read_only=True) as database:
            found += [
                f"{name}: stored is not distinct + repeated + later"
                for (name,) in database.execute("""
                select file_name from raw.files
                where kind = 'events' and state = 'loaded'
                    and kept_count is distinct from distinct_count + repeated_count + later_count
            """).fetchall()
            ]
    return found
