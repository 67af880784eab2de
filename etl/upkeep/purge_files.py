"""Where else in the data directory something stands that is purged: files given to people, and exports as they came.

What can be made or exported again is removed whole rather than edited, so that no half-true report is left behind.

Whether a file says some words, however it is packed: as text, compressed, in a zip or workbook, or as Parquet.

It rather finds a word too many than one too few: quotes and escapes are passed over, and so is upper and lower case.
"""

import bz2
import gzip
import html
import io
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl

from etl.common.duck import OFFLINE, identifier, literal
from etl.common.files import remove_folder, write_json
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.system import sync_to_disk
from etl.config.settings import Settings
from etl.read.archive import verified
from etl.reports.files import MANIFEST
from etl.reports.history import read_runs, save_run
from etl.store.load import done_folders
from etl.store.parts import ID_LENGTH, Part, file_hash, parts
from etl.warehouse.models import columns_of

PIECE = 1 << 23
MARKS = re.compile(r"[\"'\\]")
STREAMS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
BROKEN = (
    OSError,
    EOFError,
    ValueError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
)


class Words:
    """Words to look for, each between characters of no word: the return r1 is not in r12."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = pl.Series(sorted({plain(word) for word in words} - {""}), dtype=pl.String)

    def are_in(self, text: str) -> bool:
        """Whether a text has one of them."""
        return self.are_in_each([text])[0]

    def are_in_each(self, texts: list[str]) -> list[bool]:
        """The same of many texts. All words are sought in one pass, and those found are looked at more closely."""
        if self.words.is_empty() or not texts:
            return [False] * len(texts)
        said = [plain(text) for text in texts]
        found = pl.Series(said).str.extract_many(self.words.implode(), overlapping=True).to_list()
        return [
            any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) for word in set(words))
            for text, words in zip(said, found, strict=True)
        ]

    def are_in_file(self, file: Path) -> bool:
        """Whether a file has one of them. Raises one of BROKEN where its packing is damaged."""
        return any(self.are_in(text) for text in texts(file))


def plain(text: str) -> str:
    """A text without what files put around and into it."""
    return MARKS.sub("", html.unescape(text)).casefold()


def texts(file: Path) -> Iterator[str]:
    """What a file says, in pieces that end with a line."""
    with open(file, "rb") as stream:
        beginning = stream.read(8)
    if beginning[:4] == b"PAR1":
        yield from rows(file)
    elif beginning[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                yield name
                with archive.open(name) as member:
                    yield from pieces(member)
    else:
        opened = next((one for start, one in STREAMS.items() if beginning.startswith(start)), open)
        with opened(file, "rb") as stream:
            yield from pieces(stream)


def pieces(stream: io.BufferedIOBase) -> Iterator[str]:
    """The lines of a stream, some megabytes at a time."""
    coding = None
    while lines := stream.readlines(PIECE):
        content = b"".join(lines)
        if coding is None:
            is_wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
            coding = "utf-16" if is_wide else "utf-8"
            if is_wide:
                content += stream.read()
        yield content.decode(coding, errors="replace")


def rows(file: Path) -> Iterator[str]:
    """Every value of a Parquet file, a row a line."""
    with duckdb.connect(config=OFFLINE) as database:
        source = f"read_parquet({literal(file)})"
        values = ", ".join(identifier(name) for name in columns_of(database, source))
        reader = database.execute(f"select concat_ws(chr(9), {values}) from {source}")
        while found := reader.fetchmany(50_000):
            yield "\n".join(line for (line,) in found if line)


def written(data: DataDir, words: Words) -> list[Path]:
    """Reports, kept runs, packs, exports, refusals and messages that name what is purged, each to be removed whole."""
    return [unit for unit in units(data) if any(names(words, file) for file in files_in(unit))]


def units(data: DataDir) -> Iterator[Path]:
    """What is removed together: a report's file, the files of a run, a pack of evidence, an exported table."""
    yield from (file for file in sorted(data.reports.rglob("*")) if file.is_file() and file.name != MANIFEST)
    yield from sorted(
        folder for folder in data.runs.glob("*") if folder.is_dir() or folder.name == "heartbeat.json"
    )
    yield from sorted((data.root / "evidence").glob("*"))
    yield from sorted(file for file in (data.root / "export").rglob("*") if file.is_file())
    yield from sorted((data.store / "refused").glob("*.json"))
    yield from data.root.glob("verified.json")


def files_in(unit: Path) -> list[Path]:
    """The files of a unit; a link is looked at by nobody."""
    files = [unit] if unit.is_file() else sorted(unit.rglob("*"))
    return [file for file in files if file.is_file() and not file.is_symlink()]


def names(words: Words, file: Path) -> bool:
    """Whether a file, or its own name, says one of the words. One that cannot be looked through counts as saying it."""
    try:
        return words.are_in(file.stem) or words.are_in_file(file)
    except BROKEN:
        return True


def originals(
    data: DataDir, settings: Settings, touched: list[Part], words: Words, folder: Path
) -> list[Path]:
    """The exports behind these parts, however they are packed, and the refused ones that name what is purged."""
    loaded, refused = done_folders(data)
    file_ids = {part.file_id for part in touched}
    packed = {part.ledger.get("packed_sha256"): part.file_id for part in parts(data)}
    found = []
    for file in plain_files(loaded):
        file_id = packed.get(file_hash(file)) or unpacked_id(file, settings, folder)
        if file_id is None or file_id in file_ids:
            found.append(file)
    return found + [file for file in plain_files(refused) if names(words, file)]


def plain_files(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.glob("*")) if file.is_file() and not file.is_symlink()]


def unpacked_id(file: Path, settings: Settings, folder: Path) -> str | None:
    """The id of a file by what comes out of its packing; null where nothing does."""
    try:
        unpacked = verified(file, folder, settings.limits)
    except Problem:
        return None
    if unpacked.path != file:
        unpacked.path.unlink()
    return unpacked.sha256[:ID_LENGTH]


def remove(data: DataDir, unit: Path) -> None:
    """Removes a unit, and what says that it is there."""
    if unit.parent == data.runs and unit.is_dir():
        forget_run(data, unit)
    if unit.is_dir() and not unit.is_symlink():
        remove_folder(unit)
    else:
        unit.unlink(missing_ok=True)
    if data.reports in unit.parents:
        forget_report(unit)
    sync_to_disk(unit.parent)


def forget_run(data: DataDir, folder: Path) -> None:
    """The runs whose files were in a folder have none any more, so that nobody asks for them again."""
    for run in read_runs(data):
        if folder.name == str(run.files_of):
            save_run(data, replace(run, files_of=None, file=None))


def forget_report(file: Path) -> None:
    """The manifest of the folder no longer says that the file is there."""
    manifest = file.with_name(MANIFEST)
    try:
        said = json.loads(manifest.read_text(encoding="utf-8"))
        left = {name: entry for name, entry in said["files"].items() if name != file.name}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    write_json(manifest, said | {"files": left})
