"""Finds in the XML of a workbook what the library that reads the cells does not say or check.

That is how a number is shown, for which sheets with such numbers are read twice.

The library takes memory for all cells down to the last, and never ends with XML that is cut.
"""

import re
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import PurePosixPath
from xml.parsers import expat

from etl.common.problem import Problem
from etl.read.shown_numbers import BUILT_IN, as_text, in_format, is_plain

CHUNK = 1 << 18
# The library takes some 30 bytes for a cell, empty or not. A table of a million rows may have 30 columns.
MOST_CELLS = 30_000_000
# It has the texts of all cells of a sheet in memory, also of those that have one text in common.
MOST_TEXT = 2_000_000_000
# The longest tag: a text may be longer, in parts. The parser reads a tag again with each part of it.
MOST_TAG = 1 << 22
# Cells and rows, and those that name their place as every known program writes it.
CELL = re.compile(rb"<(?:[^\s<>/:]+:)?(?:c|row)[\s/>]")
OTHERS = rb'(?: (?!r=)[\w:]+="[^"<>]*")*'
PLACED_CELL = re.compile(
    rb"<(?:[^\s<>/:]+:)?(?:c|row)" + OTHERS + rb' r="([A-Z]{0,3})([0-9]{1,7})"' + OTHERS + rb"\s*/?>"
)
# What only a sheet has, and how many texts its cells share, as the library believes it.
SHEET = re.compile(rb"s\0?h\0?e\0?e\0?t\0?D\0?a\0?t\0?a")
SHARED_COUNT = re.compile(rb"""uniqueCount\s*=\s*["']?\s*([0-9]+)""")
# The beginning of a shared text, and the number of one in a cell.
SHARED, TAGS = re.compile(rb"<(?:[^\s<>/:]+:)?si[\s/>]"), len("<si><t></t></si>")
IN_CELL = re.compile(rb"""["']s["'][^<>]*><(?:[^\s<>/:]+:)?v>([0-9]{1,9})<""")
PLACE = re.compile("([A-Z]*)([0-9]*)", re.IGNORECASE)
NO_XML_ERRORS = (expat.ExpatError, LookupError, ValueError)
NOT_XML = "a part of the workbook is not XML. Export it again, best as CSV."
LOCKED = "the workbook is locked with a password. Save it without a password, or as CSV."
LARGE = "a sheet of the workbook is too large for the memory. Export it as CSV."
FAR = "a sheet of the workbook has a cell far from the others. Delete that cell, or export as CSV."
Attributes = dict[str, str]
# Row and column of a cell, from 1, and what gives the text that it shows of its number.
ShownCell = tuple[int, int, Callable[[float], str]]
ROW_AND_CELLS = {"table-row", "table-cell", "covered-table-cell"}
OPEN_ELEMENTS = {*ROW_AND_CELLS, "table", "annotation"}
# Blanks behind each other, of which the text has only the number.
BLANKS = "s"
MOST_DIGITS = 10


def elements(
    archive: zipfile.ZipFile, member: str, names: set[str], has_texts: bool = False
) -> Iterator[tuple[str, Attributes]]:
    """The elements of these names and their attributes, in order, without holding the document in memory.

    With texts, an end has the name of its element after a slash, and a text has no name and is its own key.
    """
    found: list[tuple[str, Attributes]] = []

    def start(name: str, attributes: Attributes, slash: str = "") -> None:
        if (local := name.rpartition(":")[2]) in names:
            found.append((slash + local, attributes))

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    if has_texts:
        parser.EndElementHandler = lambda name: start(name, {}, "/")
        parser.CharacterDataHandler = lambda text: found.append(("", {text: ""}))
    if member not in archive.NameToInfo:
        return
    size = 0
    with archive.open(member) as file:
        chunk = None
        while chunk != b"":
            chunk = file.read(CHUNK)
            size += len(chunk)
            try:
                parser.Parse(chunk, not chunk)
            except NO_XML_ERRORS as error:
                raise Problem(NOT_XML) from error
            if size - parser.CurrentByteIndex > MOST_TAG:
                raise Problem(LARGE)
            yield from found
            found.clear()


def has_day_numbers(archive: zipfile.ZipFile) -> bool:
    """Whether a number in a workbook of Excel may be a day since 1899; in a few it is one since 1904."""
    settings = [attributes for _, attributes in elements(archive, "xl/workbook.xml", {"workbookPr"})]
    return "xl/workbook.xml" in archive.NameToInfo and not any(
        attributes.get("date1904") in ("1", "true") for attributes in settings
    )


def refuse_unreadable(archive: zipfile.ZipFile, refuse_large: Callable[[int], None]) -> None:
    """Refuses a workbook whose cells the library could not read within its memory, or not at all."""
    if any(elements(archive, "META-INF/manifest.xml", {"encryption-data"})):
        raise Problem(LOCKED)
    sheets = sheet_members(archive)
    for size in (size_of_repeated(archive), *(size_of_shared(archive, member) for member in set(sheets))):
        refuse_large(size)
        if size > MOST_TEXT:
            raise Problem(LARGE)
    for member in archive.namelist():
        # The library may find a sheet where its name is written in another way.
        if member in sheets or is_sheet(archive, member):
            rows, columns = plain_extent(archive, member) or extent(archive, member)
            if rows * columns > MOST_CELLS:
                raise Problem(FAR)


def is_sheet(archive: zipfile.ZipFile, member: str) -> bool:
    """Whether a member may be a sheet. One that says of more shared texts than there can be is refused."""
    before = b""
    with archive.open(member) as file:
        for chunk in iter(partial(file.read, CHUNK), b""):
            text = before + chunk
            if any(len(count) > 9 or int(count) > MOST_CELLS for count in SHARED_COUNT.findall(text)):
                raise Problem(LARGE)
            if SHEET.search(text):
                return True
            before = text[-60:]
    return False


def size_of_repeated(archive: zipfile.ZipFile) -> int:
    """The size of the texts in an ods file, whose cells and rows may say that they are many."""
    total = of_row = of_cell = 0
    rows = columns = 1
    for name, own in elements(archive, "content.xml", {*ROW_AND_CELLS, BLANKS}, has_texts=True):
        if name == BLANKS:
            of_cell += repeats(own, "c")
        elif name == "table-row":
            rows, of_row = repeats(own, "number-rows-repeated"), 0
        elif name == "/table-row":
            total += rows * of_row
        elif name.startswith("/") and name != f"/{BLANKS}":
            of_row += columns * of_cell
        elif name and name != f"/{BLANKS}":
            columns = repeats(own, "number-columns-repeated")
            # A cell without a value is empty, and there may be a billion of them below the table.
            of_cell = sum(len(text) for key, text in own.items() if key.endswith("value"))
        else:
            of_cell += sum(map(len, own))
    return total


def repeats(attributes: Attributes, name: str) -> int:
    """How often an element of an ods file is repeated."""
    text = next((text for key, text in attributes.items() if key.rpartition(":")[2] == name), "1")
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise Problem(NOT_XML)
    return int(text)


def size_of_shared(archive: zipfile.ZipFile, member: str) -> int:
    """About the size of the shared texts of an Excel file in the cells of a sheet, or a little more."""
    name = next((one for one in archive.namelist() if one.lower() == "xl/sharedstrings.xml"), None)
    if name is None or member not in archive.NameToInfo:
        return 0
    shared = archive.read(name)
    starts = [found.start() for found in SHARED.finditer(shared)] or [0]
    sizes = [end - start - TAGS for start, end in pairwise([*starts, len(shared)])]
    longest, total, rest = max(sizes), 0, b""
    with archive.open(member) as file:
        for chunk in iter(partial(file.read, CHUNK), b""):
            text = rest + chunk
            # What is after the last "<" may be the beginning of a cell.
            end = text.rfind(b"<c", 1) if len(text) < 2 * CHUNK else -1
            text, rest = (text[:end], text[end:]) if end > 0 else (text, b"")
            found = IN_CELL.findall(text)
            # A cell that is written in another way may have the longest text.
            others = text.count(b'"s"') + text.count(b"'s'") - len(found)
            numbers = [number for number in map(int, found) if number < len(sizes)]
            total += sum(sizes[number] for number in numbers) + max(0, others) * longest
    return total


def plain_extent(archive: zipfile.ZipFile, member: str) -> tuple[int, int] | None:
    """The last row and column of a sheet, or None if a cell does not name its place in the usual way.

    Three times as fast as `extent`.
    """
    rows, columns, rest = 0, set[bytes](), b""
    with archive.open(member) as file:
        while True:
            chunk = file.read(CHUNK)
            text = rest + chunk
            # What is after the last "<" may be the beginning of a cell.
            end = text.rfind(b"<") if chunk else len(text)
            text, rest = text[:end], text[end:]
            found = PLACED_CELL.findall(text)
            if len(found) < len(CELL.findall(text)) or b"\0" in text or len(rest) > CHUNK:
                return None
            columns.update(letters for letters, _ in found)
            rows = max(rows, max((int(digits) for _, digits in found), default=0))
            if not chunk:
                return rows, max(map(column_number, map(bytes.decode, columns)), default=0)


def extent(archive: zipfile.ZipFile, member: str) -> tuple[int, int]:
    """The last row and column of a sheet, read as XML."""
    rows = columns = 0
    for row, column, _ in places(archive, member):
        rows, columns = max(rows, row), max(columns, column)
    return rows, columns


def places(archive: zipfile.ZipFile, member: str) -> Iterator[tuple[int, int, Attributes]]:
    """Row, column and attributes of the rows and cells of a sheet; what names no place is the next."""
    row = column = 0
    for name, own in elements(archive, member, {"row", "c"}):
        letters, digits = PLACE.match(own.get("r", "")).groups()  # type: ignore[union-attr]
        if name == "row":
            row, column = row + 1, 0
        column = column_number(letters.upper()) if letters else column + (name == "c")
        row = int(digits) if digits else row
        yield row, column, own


def column_number(letters: str) -> int:
    """The number of a column, from 1."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def shown_formats(archive: zipfile.ZipFile) -> dict[str, str]:
    """The formats that show more or less than a number, by the number of the style of a cell."""
    codes: dict[str, str] = dict(BUILT_IN)
    styles: list[str] = []
    is_own = False
    for name, attributes in elements(archive, "xl/styles.xml", {"numFmt", "cellXfs", "xf", "cellStyles"}):
        own = attributes.get("numFmtId", "0")
        if name == "numFmt":
            codes[own] = attributes.get("formatCode", "")
        elif name == "xf" and is_own:
            # Other formats that have only a number are of money, percents and fractions.
            styles.append(codes.get(own, "?"))
        # The styles of cells are in cellXfs, which cellStyles follows; cellStyleXfs comes before.
        is_own = name == "cellXfs" or (name == "xf" and is_own)
    return {str(place): code for place, code in enumerate(styles) if not is_plain(code)}


def sheet_members(archive: zipfile.ZipFile) -> list[str]:
    """The member of each sheet of the workbook, in their order."""
    related = elements(archive, "xl/_rels/workbook.xml.rels", {"Relationship"})
    targets = {own.get("Id"): str(PurePosixPath("/xl", own.get("Target", "")))[1:] for _, own in related}
    sheets = elements(archive, "xl/workbook.xml", {"sheet"})
    ids = [next((value for key, value in own.items() if key.endswith(":id")), "") for _, own in sheets]
    return [targets.get(own, "") for own in ids]


def shown_cells(archive: zipfile.ZipFile, place: int) -> Iterator[ShownCell]:
    """The cells of the sheet at a place that may show more or less than their number, row by row."""
    if "content.xml" in archive.NameToInfo:
        yield from shown_open_cells(archive, place)
        return
    formats = shown_formats(archive)
    for member in sheet_members(archive)[place : place + 1] if formats else ():
        for row, column, own in places(archive, member):
            # A row has no column.
            if column and (code := formats.get(own.get("s", "0"))):
                yield row, column, partial(in_format, code)


def shown_open_cells(archive: zipfile.ZipFile, place: int) -> Iterator[ShownCell]:
    """The cells with a number and a text of the sheet at a place in an ods file, row by row."""
    table, row, column, before_note = -1, 0, 0, 0
    cells: list[tuple[int, Callable[[float], str]]] = []
    texts: list[str] = []
    has_number, times, rows = False, 1, 1
    for name, attributes in elements(archive, "content.xml", OPEN_ELEMENTS, has_texts=True):
        own = {key.rpartition(":")[2]: text for key, text in attributes.items()} if name else attributes
        if name == "table":
            table, row = table + 1, 0
        elif table != place:
            continue
        elif name == "table-row":
            column, cells, rows = 0, [], repeats(own, "number-rows-repeated")
        elif name == "/table-row":
            for number in range(row + 1, row + 1 + rows if cells else 0):
                yield from ((number, *cell) for cell in cells)
            row += rows
        elif name == "annotation":
            before_note = len(texts)
        elif name == "/annotation":
            del texts[before_note:]
        elif name == "":
            texts += own
        elif not name.startswith("/"):
            has_number, times, texts = "value" in own, repeats(own, "number-columns-repeated"), []
        elif name != "/table":
            if has_number and (text := "".join(texts).strip()):
                cells += [(column + number, partial(as_text, text)) for number in range(1, times + 1)]
            column += times
