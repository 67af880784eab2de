"""Text as bytes: which encoding it is, how many lines it has, and whether any of it passes a limit.

DuckDB reads UTF-8 only, so everything else is decoded into a copy, strictly: a file in two encodings is refused.
"""

import codecs
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from etl.common.problem import Problem
from etl.config.source import Limits
from etl.read.archive import over

# Pieces that stay in the processor's cache: larger ones are decoded at a fifth of the speed.
PIECE = 1 << 18
# Bytes that are text in UTF-8 and hardly ever in Windows-1252, where they would read as "Ã©" or "â€™". A capital with
# an accent before a closing quote, a dash or a blank is left out: so Windows-1252 writes the end of "RESUMÉ”".
UTF8_PAIR = re.compile(
    rb"[\xc2\xc3][\x80-\xbf]|[\xc4-\xdf](?![\x85\x91-\x97\xa0\xbb])[\x80-\xbf]"
    rb"|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)


@dataclass(frozen=True)
class Text:
    """A file of UTF-8 text, with what was counted in its bytes."""

    path: Path
    size: int
    lines: int
    returns: int
    quotes: int
    has_single_quote: bool
    has_backslash: bool
    has_long_line: bool
    is_ended: bool


@dataclass
class Counts:
    """What `counted` has seen so far."""

    size: int = 0
    lines: int = 0
    returns: int = 0
    quotes: int = 0
    has_single_quote: bool = False
    has_backslash: bool = False
    has_long_line: bool = False
    last: bytes = b""
    invalid_line: int | None = None


def utf8_text(path: Path, folder: Path, limits: Limits) -> Text:
    """The text of a file as UTF-8: the file itself, or a decoded copy in `folder`. Undecodable text is a Problem."""
    with open(path, "rb") as file:
        beginning = file.read(4)
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        path = decoded(path, "utf-16", folder)
    counts = counted(path, limits)
    if counts.invalid_line is not None:
        refuse_mixed(path, counts.invalid_line)
        path = decoded(path, "cp1252", folder)
        counts = counted(path, limits)
    return Text(
        path=path,
        size=counts.size,
        lines=counts.lines,
        returns=counts.returns,
        quotes=counts.quotes,
        has_single_quote=counts.has_single_quote,
        has_backslash=counts.has_backslash,
        has_long_line=counts.has_long_line,
        is_ended=counts.last in (b"\n", b"\r"),
    )


def pieces(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            yield piece


def counted(path: Path, limits: Limits) -> Counts:
    """One pass over the bytes: line ends, quotes, whether it is UTF-8. Zero bytes and too long lines are Problems."""
    counts = Counts()
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    open_bytes = 0
    for piece in pieces(path):
        if b"\0" in piece:
            line = counts.lines + piece[: piece.index(b"\0")].count(b"\n") + 1
            raise Problem(f"line {line}: a zero byte, so this is no text. Export it again, as UTF-8.")
        # ASCII between whole characters needs no decoding to be UTF-8.
        if counts.invalid_line is None and not (piece.isascii() and decoder.getstate()[0] == b""):
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                counts.invalid_line = counts.lines + piece[: max(0, error.start)].count(b"\n") + 1
        open_bytes = longest(piece, open_bytes, counts, limits)
        counts.size += len(piece)
        counts.lines += piece.count(b"\n")
        # Looking for a byte is three times as quick as counting it, and most files have none of these.
        counts.returns += piece.count(b"\r") if b"\r" in piece else 0
        counts.quotes += piece.count(b'"') if b'"' in piece else 0
        counts.has_single_quote = counts.has_single_quote or b"'" in piece
        counts.has_backslash = counts.has_backslash or b"\\" in piece
        counts.last = piece[-1:]
    if counts.invalid_line is None:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            counts.invalid_line = counts.lines + 1
    return counts


def longest(piece: bytes, open_bytes: int, counts: Counts, limits: Limits) -> int:
    """The length of the line that the piece leaves open; the search jumps from a line end to the last within reach."""
    start = 0
    while True:
        reach = start + limits.field_bytes - open_bytes
        end = max(piece.rfind(b"\n", start, max(reach, start)), piece.rfind(b"\r", start, max(reach, start)))
        if end >= 0:
            start, open_bytes = end + 1, 0
        elif reach >= len(piece):
            return open_bytes + len(piece) - start
        else:
            counts.has_long_line = True
            found = [at for at in (piece.find(b"\n", start), piece.find(b"\r", start)) if at >= 0]
            end = min(found) if found else len(piece)
            if open_bytes + end - start > limits.line_bytes:
                line = counts.lines + piece[:start].count(b"\n") + 1
                limit = limits.line_bytes
                raise Problem(f"line {line}: " + over("the line", f"over {limit}", limit, "line_bytes"))
            if not found:
                return open_bytes + end - start
            start, open_bytes = end + 1, 0


def refuse_mixed(path: Path, invalid_line: int) -> None:
    """Refuses text that is not UTF-8 on one line, and has on another what only UTF-8 writes."""
    line, carried = 1, b""
    for piece in pieces(path):
        piece = carried + piece
        found = UTF8_PAIR.search(piece)
        if found:
            line += piece[: found.start()].count(b"\n")
            raise Problem(
                f"two encodings in one file: line {invalid_line} is not UTF-8, line {line} is. "
                "Export it again, as UTF-8."
            )
        line += piece[:-3].count(b"\n")
        carried = piece[-3:]


def decoded(path: Path, encoding: str, folder: Path) -> Path:
    """A copy in UTF-8, read strictly: a byte that the encoding does not know is a Problem, never a replacement."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    descriptor, name = tempfile.mkstemp(prefix="decoded-", dir=folder)
    line = 1
    try:
        with open(descriptor, "wb") as out:
            for piece in pieces(path):
                text = decoder.decode(piece)
                line += text.count("\n")
                out.write(text.encode())
            out.write(decoder.decode(b"", final=True).encode())
    except UnicodeError as error:
        os.unlink(name)
        words = "neither UTF-8 nor Windows-1252" if encoding == "cp1252" else "not whole UTF-16"
        if isinstance(error, UnicodeDecodeError) and encoding == "cp1252":
            line += piece[: error.start].count(b"\n")
        raise Problem(f"line {line}: the text is {words}. Export it again, as UTF-8.") from error
    return Path(name)
