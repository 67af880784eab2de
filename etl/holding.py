"""Whether a file says some words, however it is packed: as text, compressed, in a zip or workbook, or as Parquet.

It rather finds a word too many than one too few: quotes and escapes are passed over, and so is upper and lower case.
"""

import bz2
import gzip
import html
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import polars as pl

from etl.models import columns_of
from etl.records import identifier, literal
from etl.syntax import OFFLINE

PIECE = 1 << 23
MARKS = re.compile(r"[\"'\\]")
STREAMS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
BROKEN = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError)


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
