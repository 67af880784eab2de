"""Finds in the XML of a workbook what the library that reads the cells does not say or check.

That is how a number is shown: an id 000123 may be the number 123 in a format of six zeros, and 2025-0001 the
number 20250001. Few workbooks have such a format, and only their sheets are read twice.

The library takes memory for all cells down to the last, and never ends with XML that is cut.
"""

import re
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from xml.parsers import expat

from etl.common.problem import Problem

CHUNK = 1 << 18
# The library takes some 30 bytes for a cell, empty or not. A table of a million rows may have 30 columns.
MOST_CELLS = 30_000_000
COLUMN, ROW = re.compile(rb'\br="([A-Z]{1,3})'), re.compile(rb'<(?:\w+:)?row\s[^>]*?\br="([0-9]+)')
# More bytes than the beginning of an element up to its place.
OVERLAP = 300
NO_XML_ERRORS = (expat.ExpatError, LookupError, ValueError)
NOT_XML = "a part of the workbook is not XML. Export it again, best as CSV."
LOCKED = "the workbook is locked with a password. Save it without a password, or as CSV."
FAR = "a sheet of the workbook has a cell far from the others. Delete that cell, or export as CSV."
# Zeros and the marks between them, such as 0000\-0000 or 000-00-0000. Sections and conditions are left alone.
ZEROS = re.compile(r"""(?:0|\\.|"[^"]*"|[-/ ()])+""")
TOKEN = re.compile(r"""\\(.)|"([^"]*)"|(.)""")
REFERENCE = re.compile(r"([A-Z]+)([0-9]+)")
Attributes = dict[str, str]


def elements(archive: zipfile.ZipFile, member: str, names: set[str]) -> Iterator[tuple[str, Attributes]]:
    """The elements of these names and their attributes, in order, without holding the document in memory."""
    found: list[tuple[str, Attributes]] = []

    def start(name: str, attributes: Attributes) -> None:
        if (local := name.rpartition(":")[2]) in names:
            found.append((local, attributes))

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    if member not in archive.namelist():
        return
    with archive.open(member) as file:
        chunk = None
        while chunk != b"":
            chunk = file.read(CHUNK)
            try:
                parser.Parse(chunk, not chunk)
            except NO_XML_ERRORS as error:
                raise Problem(NOT_XML) from error
            yield from found
            found.clear()


def has_day_numbers(archive: zipfile.ZipFile) -> bool:
    """Whether a number in a workbook of Excel may be a day since 1899; in a few it is one since 1904."""
    settings = [attributes for _, attributes in elements(archive, "xl/workbook.xml", {"workbookPr"})]
    return "xl/workbook.xml" in archive.namelist() and not any(
        attributes.get("date1904") in ("1", "true") for attributes in settings
    )


def refuse_unreadable(archive: zipfile.ZipFile) -> None:
    """Refuses a workbook whose cells the library could not read within its memory, or not at all."""
    if any(elements(archive, "META-INF/manifest.xml", {"encryption-data"})):
        raise Problem(LOCKED)
    for _ in elements(archive, "content.xml", set()):
        pass
    for name in archive.namelist():
        if not name.lower().startswith("xl/worksheets/"):
            continue
        columns, rows, before = set[bytes](), 0, b""
        with archive.open(name) as file:
            for chunk in iter(partial(file.read, CHUNK), b""):
                text = before + chunk
                columns.update(COLUMN.findall(text))
                rows = max([rows, *map(int, ROW.findall(text))])
                before = text[-OVERLAP:]
        if rows * max(map(column_number, map(bytes.decode, columns)), default=0) > MOST_CELLS:
            raise Problem(FAR)


def column_number(letters: str) -> int:
    """The number of a column, from 1."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def zero_formats(archive: zipfile.ZipFile) -> dict[str, str]:
    """The formats that only have zeros and marks, by the number of the style of a cell."""
    codes: dict[str, str] = {}
    styles: list[str] = []
    is_own = False
    for name, attributes in elements(archive, "xl/styles.xml", {"numFmt", "cellXfs", "xf", "cellStyles"}):
        if name == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "xf" and is_own:
            styles.append(codes.get(attributes.get("numFmtId", ""), ""))
        # The styles of cells are in cellXfs, which cellStyles follows; cellStyleXfs comes before.
        is_own = name == "cellXfs" or (name == "xf" and is_own)
    return {
        str(place): code
        for place, code in enumerate(styles)
        if code != "0" and ZEROS.fullmatch(code) and any(mark == "0" for mark, _ in tokens(code))
    }


def sheet_members(archive: zipfile.ZipFile) -> list[str]:
    """The member of each sheet of the workbook, in their order."""
    related = elements(archive, "xl/_rels/workbook.xml.rels", {"Relationship"})
    targets = {own.get("Id"): str(PurePosixPath("/xl", own.get("Target", "")))[1:] for _, own in related}
    sheets = elements(archive, "xl/workbook.xml", {"sheet"})
    ids = [next((value for key, value in own.items() if key.endswith(":id")), "") for _, own in sheets]
    return [targets.get(own, "") for own in ids]


def zero_cells(archive: zipfile.ZipFile, place: int) -> Iterator[tuple[int, int, str]]:
    """Row, column (from 1) and format of the cells in such a format, of the sheet at a place."""
    formats = zero_formats(archive)
    members = sheet_members(archive)[place : place + 1] if formats else []
    for _, own in (cell for member in members for cell in elements(archive, member, {"c"})):
        reference = REFERENCE.fullmatch(own.get("r", ""))
        if reference and (code := formats.get(own.get("s", ""))):
            yield int(reference[2]), column_number(reference[1]), code


def tokens(code: str) -> list[tuple[str, str]]:
    """The parts of a format: each a zero, or the text of a mark."""
    found = (match.groups(default="") for match in TOKEN.finditer(code))
    return [(mark, escaped or quoted or mark) for escaped, quoted, mark in found]


def in_zeros(number: float, code: str) -> str:
    """A whole number as its format shows it; digits for which there is no zero are before the first."""
    parts, shown = tokens(code), ""
    zeros = sum(mark == "0" for mark, _ in parts)
    digits = f"{number:.0f}".zfill(zeros)
    for mark, literal in reversed(parts):
        if mark != "0":
            shown = literal + shown
        elif zeros := zeros - 1:
            digits, shown = digits[:-1], digits[-1] + shown
        else:
            shown = digits + shown
    return shown
