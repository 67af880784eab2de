"""The files that a firm exports: client and internal tracking, every few days, and a register of its returns."""

import csv
import gzip
import io
import json
from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import itemgetter
from pathlib import Path

from etl.demo.clock import DAY, LAST_SEASON, THIS_SEASON
from etl.demo.dirt import broken
from etl.demo.log import Event, TaxReturn

HEADINGS = (
    "Return ID",
    "Client ID",
    "Client Name",
    "Tax Year",
    "Return Type",
    "Office",
    "Partner",
    "ERO/Signer",
    "Preparer",
    "Tab",
    "Event",
    "Status",
    "Date/Time",
    "User",
    "Email",
)
REGISTER_HEADINGS = (
    "Return ID",
    "Client ID",
    "Client Name",
    "Group",
    "Tax Year",
    "Return Type",
    "Joint",
    "Office",
    "Partner",
    "ERO/Signer",
    "Preparer",
    "Due Date",
    "Extended",
    "Exported At",
)
TIME_FORMAT = "%m/%d/%Y %I:%M:%S %p"
STATUS_AT = HEADINGS.index("Status")
LABEL_AT = HEADINGS.index("Event")
BROKEN_ON = date(2026, 3, 13)
FOUND_LATE = date(2026, 2, 19)
Record = tuple[datetime, str, TaxReturn, Event]


@dataclass(frozen=True)
class Export:
    """One export: what it covers, and the shape its file has."""

    name: str
    tab: str
    since: datetime
    until: datetime
    delimiter: str = ","
    encoding: str = "utf-8"
    status_in_label: bool = False
    as_json: bool = False
    is_broken: bool = False


def last_season() -> list[Export]:
    """A month a file, taken once the season was over, by people with different habits."""
    bounds = [datetime(2025, month, 1) for month in range(2, 8)]
    starts, ends = [datetime(2025, 1, 1), *bounds], [*bounds, LAST_SEASON.ends_at]
    habits: dict[tuple[str, int], dict] = {
        ("Client Tracking", 2): {"encoding": "utf-8-sig"},
        ("Client Tracking", 3): {"status_in_label": True},
        ("Client Tracking", 5): {"encoding": "cp1252"},
        ("Internal Tracking", 3): {"delimiter": ";"},
        ("Internal Tracking", 4): {"as_json": True},
    }
    exports = []
    for since, until in zip(starts, ends, strict=True):
        for tab in ("Client Tracking", "Internal Tracking"):
            habit = habits.get((tab, since.month), {})
            ending = "ndjson" if habit.get("as_json") else "csv"
            packed = ".gz" if since.month in (4, 6) else ""
            exports.append(Export(f"{tab} {since:%Y-%m}.{ending}{packed}", tab, since, until, **habit))
    return exports


def this_season() -> list[Export]:
    """Client tracking on Mondays and Thursdays, internal tracking on Fridays, each with a day of the one before."""
    exports = []
    day = datetime(2026, 1, 12)
    while day <= THIS_SEASON.ends_at:
        last = day.date() == THIS_SEASON.ends_at.date()
        until = THIS_SEASON.ends_at if last else day
        if day.weekday() in (0, 3):
            exports.append(client_export(day, until))
        if day.weekday() == 4 or last:
            name, is_broken = f"Internal Tracking {day:%Y-%m-%d}.csv", day.date() == BROKEN_ON
            exports.append(Export(name, "Internal Tracking", day - 8 * DAY, until, is_broken=is_broken))
        day += DAY
    return exports


def client_export(day: datetime, until: datetime) -> Export:
    """The client tracking export of a day; that of one day in February was found weeks later."""
    since = day - timedelta(days=5 if day.weekday() == 0 else 4)
    late = " (found 2026-03-06)" if day.date() == FOUND_LATE else ""
    packed = ".gz" if day.month == 1 else ""
    return Export(f"Client Tracking {day:%Y-%m-%d}{late}.csv{packed}", "Client Tracking", since, until)


def write_exports(folder: Path, records: list[Record], exports: list[Export]) -> list[Path]:
    """The files of all exports; every record is in each export whose time and tab it falls into."""
    files = []
    for tab in ("Client Tracking", "Internal Tracking"):
        on_tab = sorted((record for record in records if record[3].tab == tab), key=itemgetter(0, 1))
        times = [record[0] for record in on_tab]
        for export in (export for export in exports if export.tab == tab):
            covered = on_tab[bisect_left(times, export.since) : bisect_left(times, export.until)]
            rows = [row(tax_return, event) for _, _, tax_return, event in covered]
            if rows:
                files.append(write(folder / export.name, export, rows))
    return files


def row(tax_return: TaxReturn, event: Event) -> list[str]:
    """One line of an export."""
    client = tax_return.client
    return [
        tax_return.return_id,
        client.client_id,
        client.name,
        str(tax_return.tax_year),
        client.form,
        client.office.name,
        client.partner,
        client.ero_signer,
        client.preparer,
        event.tab,
        event.label,
        event.status,
        event.at.strftime(TIME_FORMAT),
        event.user,
        event.email,
    ]


def write(file: Path, export: Export, rows: list[list[str]]) -> Path:
    """One file in the shape of its export; a packed one carries no clock time, so that it is always the same bytes."""
    headings = list(HEADINGS)
    if export.is_broken:
        rows = broken(rows)
    if export.status_in_label:
        headings.remove("Status")
        rows = [with_status_in_label(row) for row in rows]
    if export.as_json:
        lines = (json.dumps(dict(zip(headings, row, strict=True)), ensure_ascii=False) for row in rows)
        text = "".join(f"{line}\n" for line in lines)
    else:
        text = as_csv(headings, rows, export.delimiter)
    content = text.encode(export.encoding)
    file.write_bytes(gzip.compress(content, mtime=0) if file.suffix == ".gz" else content)
    return file


def with_status_in_label(row: list[str]) -> list[str]:
    """The row of an export that writes "Taxpayer: Initial Email - Delivered" and has no column for the status."""
    label = f"{row[LABEL_AT]} - {row[STATUS_AT]}" if row[STATUS_AT] else row[LABEL_AT]
    return [*row[:LABEL_AT], label, *row[STATUS_AT + 1 :]]


def as_csv(headings: list[str], rows: list[list[str]], delimiter: str) -> str:
    """The rows below their headings."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(headings)
    writer.writerows(rows)
    return buffer.getvalue()


def write_register(file: Path, tax_returns: list[TaxReturn], exported_at: datetime) -> Path:
    """The register of returns: what the log does not say, such as who files jointly and what is due when."""
    rows = [
        [
            tax_return.return_id,
            tax_return.client.client_id,
            tax_return.client.name,
            tax_return.client.group_name,
            str(tax_return.tax_year),
            tax_return.client.form,
            yes_or_no(tax_return.client.is_joint),
            tax_return.client.office.name,
            tax_return.client.partner,
            tax_return.client.ero_signer,
            tax_return.client.preparer,
            tax_return.due_on.strftime("%m/%d/%Y"),
            yes_or_no(tax_return.is_extended),
            exported_at.strftime(TIME_FORMAT),
        ]
        for tax_return in tax_returns
    ]
    file.write_bytes(as_csv(list(REGISTER_HEADINGS), rows, ",").encode())
    return file


def yes_or_no(truth: bool) -> str:
    """A truth as registers write it."""
    return "Yes" if truth else "No"
