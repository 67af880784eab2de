"""Small files with very much inside: their records take over 100 MB as text, and 200 times the file."""

import gzip
import io
import json

import polars as pl

from support.workbooks import excel, open_cell, open_document, open_row

HEADINGS = ("Return ID", "Tab", "Event", "Date/Time")
TIME = "2026-03-01 09:00"
TEXT = "x" * 30_000
TIMES, FEW = 4_000, 1_000


def parquet(text: str, count: int) -> bytes:
    buffer = io.BytesIO()
    row = dict(zip(HEADINGS, ("R1", "Client", text, TIME), strict=True))
    columns = [pl.repeat(value, count, eager=True).alias(name) for name, value in row.items()]
    pl.DataFrame(columns).write_parquet(buffer, compression="zstd", row_group_size=count)
    return buffer.getvalue()


def repeated(text: str, rows: int, cells: int, below: str = "") -> bytes:
    """An ods file with many equal rows, or equal cells in a row, of which it has one."""
    cell, own = open_cell(text), open_row(["R1", "Client", text, TIME])
    many_cells = cell.replace("-cell", f'-cell table:number-columns-repeated="{cells}"', 1)
    many = own.replace(cell, many_cells).replace("-row", f'-row table:number-rows-repeated="{rows}"', 1)
    return open_document({"Log": [HEADINGS, ["R1", "Client", text, TIME]]}, {own: many + below})


def blank(rows: int, count: int | str) -> bytes:
    """An ods file with many blanks in a text, of which it has the number."""
    row = ["R1", "Client", "Upload here", TIME]
    blanks = f'Upload<text:s text:c="{count}"/>here'
    return open_document({"Log": [HEADINGS, *[row] * rows]}, {"Upload here": blanks})


def bombs(times: int = TIMES) -> dict[str, bytes]:
    """Files by their names. All are over the ratio; with few records it does not count."""
    head = ",".join(HEADINGS) + "\n"
    named = f"R1,Client,{TEXT},\n" + f"R1,Client,  Delivered,{TIME}\n" * times
    record = dict(zip(HEADINGS, ("R1", "Client", "Upload", TIME), strict=True))
    zoned = json.dumps({"timezone": TEXT, "records": [record] * times})
    return {
        "many records.parquet": parquet("Upload", times * 1_000),
        "long texts.parquet": parquet(TEXT, times),
        "one text.xlsx": excel({"Log": [HEADINGS, *[("R1", "Client", TEXT, TIME)] * times]}),
        "one row.ods": repeated(TEXT, times, 1),
        "one cell.ods": repeated(TEXT, times // 100, 100),
        "blanks.ods": blank(times // 2, 60_000),
        "one label.csv": (head + named).encode(),
        "one label.csv.gz": gzip.compress((head + named).encode()),
        "one zone.json": zoned.encode(),
    }
