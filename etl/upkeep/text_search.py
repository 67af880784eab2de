"""Search for texts in files of any format: plain text, compressed, in a zip or workbook, or Parquet.

The search prefers false positives to misses: it ignores quotes, zero bytes, and upper and lower case, and a
file in which texts may be packed in yet another way counts as a match.
"""

import bz2
import gzip
import html
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from etl.common.duck import OFFLINE, parquet
from etl.read.streams import PACKED_MAGIC

CHUNK_CHARACTERS = 1 << 23
# A refused file may be one line that fills the memory. No word is as long as OVERLAP.
LONGEST_LINE, OVERLAP = 1 << 20, 1 << 12
QUOTES = re.compile(r"[\"'\\]")
# JSON may write any character so, and a text in UTF-16 that does not say so has zero bytes.
ESCAPED = re.compile(r"(?<!\\)\\+u([0-9a-f]{4})", re.IGNORECASE)
# Python makes no number of very many digits, and no character has so many.
NO_CHARACTER = re.compile(r"&#\d{1000,}")
# Archives inside of archives, zstd, PDF, and Office files of before 2007.
OPAQUE = (*PACKED_MAGIC.values(), b"PAR1", b"%PDF", b"\xd0\xcf\x11\xe0", b"7z\xbc\xaf", b"Rar!")
OPENERS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
UNPACKING_ERRORS = (zlib.error, lzma.LZMAError, zipfile.BadZipFile, duckdb.Error)
READING_ERRORS = (OSError, EOFError, ValueError, NotImplementedError, RuntimeError)


class TextSearch:
    """Searches for whole words only: the return r1 is not in a text with r12, and is in one with r1_log."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = pl.Series(sorted({normalized(word) for word in words} - {""}), dtype=pl.String)

    def is_in(self, text: str) -> bool:
        """Whether a text contains one of the words."""
        return self.is_in_each([text])[0]

    def is_in_each(self, texts: list[str]) -> list[bool]:
        """The same for many texts. One pass finds candidates; only those are checked for word boundaries."""
        if self.words.is_empty() or not texts:
            return [False] * len(texts)
        plain = [normalized(text) for text in texts]
        candidates = pl.Series(plain).str.extract_many(self.words.implode(), overlapping=True).to_list()
        return [
            any(re.search(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", text) for word in set(words))
            for text, words in zip(plain, candidates, strict=True)
        ]

    def is_in_file(self, file: Path) -> bool:
        """Whether a file or its name contains one of the words. An unreadable file counts as a match."""
        try:
            return self.is_in(file.stem) or any(self.is_in(text) for text in texts_of(file))
        except (*UNPACKING_ERRORS, *READING_ERRORS):
            return True


def normalized(text: str) -> str:
    if "\\u" in text or "\\U" in text:
        text = ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        # Characters beyond 16 bits are written as two halves.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return QUOTES.sub("", html.unescape(NO_CHARACTER.sub(" ", text))).replace("\0", "").casefold()


def texts_of(file: Path) -> Iterator[str]:
    """The texts of a file in chunks."""
    with open(file, "rb") as stream:
        if stream.peek(8).startswith(b"PAR1"):
            yield from parquet_texts(file)
        else:
            packed = [opener(stream) for start, opener in OPENERS.items() if stream.peek(8).startswith(start)]
            # The stored files of runs are packed workbooks.
            yield from packed_texts(*packed or [stream])


def packed_texts(stream: Any) -> Iterator[str]:
    """The texts of an archive or a workbook, with the names of its members, or of any other stream."""
    if not stream.peek(8).startswith(b"PK\x03\x04"):
        yield from stream_texts(stream)
        return
    with zipfile.ZipFile(stream) as archive:
        for name in archive.namelist():
            yield name
            with archive.open(name) as member:
                yield from stream_texts(member)


def stream_texts(stream: Any) -> Iterator[str]:
    """The text of a stream in chunks that end with a line. Raises a ValueError if it may be packed.

    Of a line that is longer than a chunk, each chunk begins with the end of the one before.
    """
    beginning = stream.peek(8)
    if beginning.startswith(OPAQUE):
        raise ValueError("no plain text")
    encoding = "utf-16" if beginning[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    with io.TextIOWrapper(stream, encoding, errors="surrogateescape", newline="\n") as text:
        before = ""
        while chunk := text.read(CHUNK_CHARACTERS):
            chunk = before + chunk + text.readline(LONGEST_LINE)
            yield readable(chunk)
            before = "" if chunk.endswith("\n") else chunk[-OVERLAP:]


def readable(text: str) -> str:
    """A text, and what is no UTF-8 in it as Windows would read it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    return text


def parquet_texts(file: Path) -> Iterator[str]:
    """Every value of a Parquet file, one line per row."""
    with duckdb.connect(config=OFFLINE) as database:
        reader = database.execute(f"select concat_ws(chr(9), *columns(*)) from {parquet(file)}")
        while rows := reader.fetchmany(50_000):
            yield "\n".join(line for (line,) in rows if line)
