"""The checksums of a Parquet file's pages, which DuckDB does not look at.

Few writers make them; where they are missing, a flipped bit can load as other text, and the file says so in a remark.
"""

import zlib
from pathlib import Path

from etl.problem import Problem

# A header holds the bounds of its page, so it may be as long as two fields.
LONGEST_HEADER = 1 << 20
BOOLEANS, BYTE, WHOLE, DOUBLE, BINARY, LISTS, STRUCT = (1, 2), 3, (4, 5, 6), 7, 8, (9, 10), 12
COMPRESSED_SIZE, CHECKSUM = 3, 4


def pages_are_checked(path: Path, chunks: list[tuple[int, int]], damaged: str) -> bool:
    """Verifies each page of the chunks (offset, size) that has a checksum; true if all have one."""
    are_checked = True
    with open(path, "rb") as file:
        for start, size in chunks:
            place, end = start, start + size
            while place < end:
                file.seek(place)
                header = file.read(min(LONGEST_HEADER, end - place))
                try:
                    used, fields = struct_at(header, 0)
                    length = fields[COMPRESSED_SIZE]
                except (IndexError, KeyError, ValueError, RecursionError) as error:
                    raise Problem(damaged) from error
                if length < 0 or place + used + length > end:
                    raise Problem(damaged)
                file.seek(place + used)
                content = file.read(length)
                if CHECKSUM not in fields:
                    are_checked = False
                elif zlib.crc32(content) != fields[CHECKSUM] & 0xFFFFFFFF:
                    raise Problem(damaged)
                place += used + length
    return are_checked


def struct_at(data: bytes, place: int) -> tuple[int, dict[int, int]]:
    """A struct in Thrift's compact protocol: where it ends, and its whole numbers by field; all else is passed over."""
    fields: dict[int, int] = {}
    number = 0
    while data[place]:
        kind, step = data[place] & 15, data[place] >> 4
        place += 1
        if step:
            number += step
        else:
            place, raw = varint(data, place)
            number = zigzag(raw)
        place, value = value_at(data, place, kind)
        if value is not None:
            fields[number] = value
    return place + 1, fields


def value_at(data: bytes, place: int, kind: int) -> tuple[int, int | None]:
    """Where a value ends, and the value if it is a whole number."""
    if kind in BOOLEANS:
        return place, None
    if kind == BYTE:
        return place + 1, None
    if kind in WHOLE:
        place, raw = varint(data, place)
        return place, zigzag(raw)
    if kind == DOUBLE:
        return place + 8, None
    if kind == BINARY:
        place, length = varint(data, place)
        return place + length, None
    if kind in LISTS:
        length, inner = data[place] >> 4, data[place] & 15
        place += 1
        if length == 15:
            place, length = varint(data, place)
        for _ in range(length):
            place = place + 1 if inner in BOOLEANS else value_at(data, place, inner)[0]
        return place, None
    if kind == STRUCT:
        return struct_at(data, place)[0], None
    raise ValueError(kind)


def varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of any length, seven bits a byte."""
    value = 0
    for step in range(0, 70, 7):
        value |= (data[place] & 127) << step
        place += 1
        if data[place - 1] < 128:
            return place, value
    raise ValueError("a number longer than 64 bits")


def zigzag(raw: int) -> int:
    return (raw >> 1) ^ -(raw & 1)
