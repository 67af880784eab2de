"""Makes workbooks from rows of values, as Excel and LibreOffice write them."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter

FORMATS = {datetime: "mm/dd/yyyy hh:mm:ss AM/PM", date: "mm/dd/yyyy", time: "hh:mm:ss AM/PM"}
NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)
MANIFEST = (
    '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<m:file-entry m:full-path="/"/></m:manifest>'
)
Sheets = dict[str, Sequence[Sequence[Any]]]


def excel(sheets: Sheets, options: dict[str, Any] | None = None) -> bytes:
    """An xlsx file. A text is written as a text, and None leaves its cell empty."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True} | (options or {})) as book:
        formats = {kind: book.add_format({"num_format": text}) for kind, text in FORMATS.items()}
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for place, value in enumerate(row):
                    if type(value) in formats:
                        sheet.write_datetime(number, place, value, formats[type(value)])
                    elif isinstance(value, str):
                        sheet.write_string(number, place, value)
                    elif value is not None:
                        sheet.write(number, place, value)
    return buffer.getvalue()


def open_document(sheets: Sheets, replaced: dict[str, str] | None = None) -> bytes:
    """An ods file, with parts of its XML replaced."""
    tables = "".join(
        f'<table:table table:name="{escape(name)}">{"".join(map(open_row, rows))}</table:table>'
        for name, rows in sheets.items()
    )
    for old, new in (replaced or {}).items():
        tables = tables.replace(old, new)
    body = f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
    members = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": f"<office:document-content {NAMESPACES}>{body}</office:document-content>",
        "META-INF/manifest.xml": MANIFEST,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def open_row(row: Sequence[Any]) -> str:
    return f"<table:table-row>{''.join(map(open_cell, row))}</table:table-row>"


def open_cell(value: Any) -> str:
    text = "".join(f"<text:p>{escape(line)}</text:p>" for line in str(value).split("\n"))
    match value:
        case None:
            return "<table:table-cell/>"
        case str():
            own = 'office:value-type="string"'
        case bool():
            own = f'office:value-type="boolean" office:boolean-value="{str(value).lower()}"'
        case datetime():
            own = f'office:value-type="date" office:date-value="{value:%Y-%m-%dT%H:%M:%S}"'
        case date():
            own = f'office:value-type="date" office:date-value="{value}"'
        case time():
            own = f'office:value-type="time" office:time-value="PT{value:%HH%MM%SS}"'
        case _:
            own = f'office:value-type="float" office:value="{value}"'
    return f"<table:table-cell {own}>{text}</table:table-cell>"
