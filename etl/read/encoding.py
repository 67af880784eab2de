"""Checks the bytes of a text: its encoding, its number of lines, and whether a line is over a limit.

DuckDB reads UTF-8 only, so other text is decoded into a copy, strictly: a file in two encodings is refused.
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

# A chunk stays in the processor's cache: larger ones are decoded at a fifth of the speed.
CHUNK = 1 << 18
# Bytes that are text in UTF-8 and very rare in Windows-1252, where they would read as "Ã©" or "â€™". A
# capital with an accent before a closing quote, a dash or a blank is left out: Windows-1252 ends "RESUMÉ”"
# that way.
UTF8_SEQUENCE = re.compile(
    rb"[\xc2\xc3][\x80-\xbf]|[\xc4-\xdf](?![\x85\x91-\x97\xa0\xbb])[\x80-\xbf]"
    rb"|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)


@dataclass
class Text:
    """A file of UTF-8 text, and counts of its bytes."""

    path: Path
    size: int = 0
    lines: int = 0
    returns: int = 0
    quotes: int = 0
    has_single_quote: bool = False
    # Whether a backslash is before a quote or an apostrophe, which may be an escape.
    has_escape: bool = False
    is_ended: bool = False
    # The first line that is not UTF-8.
    invalid_line: int | None = None


def utf8_text(path: Path, folder: Path, limits: Limits) -> Text:
    """The text of a file as UTF-8: the file itself, or a decoded copy in `folder`. Other text is refused."""
    with open(path, "rb") as file:
        beginning = file.read(2)
    if beginning in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        path = decoded(path, "utf-16", folder)
    text = counted(path, limits)
    if text.invalid_line is not None:
        refuse_mixed(path, text.invalid_line)
        text = counted(decoded(path, "cp1252", folder), limits)
    return text


def chunks(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def counted(path: Path, limits: Limits) -> Text:
    """Counts line ends and quotes and checks UTF-8 in one pass; refuses zero bytes and long lines."""
    text = Text(path)
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    open_bytes, is_after_backslash = 0, False
    for chunk in chunks(path):
        if b"\0" in chunk:
            line = text.lines + chunk[: chunk.index(b"\0")].count(b"\n") + 1
            raise Problem(f"line {line}: a zero byte, so this is not text. Export it again, as UTF-8.")
        # ASCII between complete characters needs no decoding to be UTF-8.
        if text.invalid_line is None and not (chunk.isascii() and decoder.getstate()[0] == b""):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                text.invalid_line = text.lines + chunk[: max(0, error.start)].count(b"\n") + 1
        open_bytes = check_lines(chunk, open_bytes, text, limits)
        text.size += len(chunk)
        text.lines += chunk.count(b"\n")
        # Searching for a byte is three times as fast as counting it, and most files have none of these.
        text.returns += chunk.count(b"\r") if b"\r" in chunk else 0
        text.quotes += chunk.count(b'"') if b'"' in chunk else 0
        text.has_single_quote = text.has_single_quote or b"'" in chunk
        if b"\\" in chunk or is_after_backslash:
            text.has_escape |= b'\\"' in chunk or b"\\'" in chunk
            text.has_escape |= is_after_backslash and chunk.startswith((b'"', b"'"))
        is_after_backslash = chunk.endswith(b"\\")
        text.is_ended = chunk.endswith((b"\n", b"\r"))
    if text.invalid_line is None and decoder.getstate()[0]:
        text.invalid_line = text.lines + 1
    return text


def check_lines(chunk: bytes, open_bytes: int, text: Text, limits: Limits) -> int:
    """The length of the line that is still open at the end of the chunk; a line over the limit is refused.

    The search jumps from a line end to the last line end within the limit.
    """
    start = 0
    while (reach := start + limits.line_bytes + 1 - open_bytes) <= len(chunk):
        end = max(chunk.rfind(b"\n", start, reach), chunk.rfind(b"\r", start, reach))
        if end < 0:
            line = text.lines + chunk[:start].count(b"\n") + 1
            raise limits.over("line_bytes", "the line", place=f"line {line}")
        start, open_bytes = end + 1, 0
    end = max(chunk.rfind(b"\n", start), chunk.rfind(b"\r", start))
    return len(chunk) - end - 1 if end >= 0 else open_bytes + len(chunk) - start


def refuse_mixed(path: Path, invalid_line: int) -> None:
    """Refuses text with a line that is not UTF-8 and another line that can only be UTF-8."""
    line, carried = 1, b""
    for chunk in chunks(path):
        data = carried + chunk
        if match := UTF8_SEQUENCE.search(data):
            line += data[: match.start()].count(b"\n")
            fault = f"two encodings in one file: line {invalid_line} is not UTF-8, line {line} is"
            raise Problem(f"{fault}. Export it again, as UTF-8.")
        line += data[:-3].count(b"\n")
        carried = data[-3:]


def decoded(path: Path, encoding: str, folder: Path) -> Path:
    """A copy in UTF-8. A byte that the encoding does not know is refused, never replaced."""
    descriptor, name = tempfile.mkstemp(prefix="decoded-", dir=folder)
    line = 1
    try:
        with open(descriptor, "wb") as out:
            for text in codecs.iterdecode(chunks(path), encoding):
                line += text.count("\n")
                out.write(text.encode())
    except UnicodeDecodeError as error:
        os.unlink(name)
        fault = "neither UTF-8 nor Windows-1252" if encoding == "cp1252" else "not complete UTF-16"
        line += error.object[: error.start].count(b"\n")
        raise Problem(f"line {line}: the text is {fault}. Export it again, as UTF-8.") from error
    return Path(name)
