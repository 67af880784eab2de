"""The files that a firm exports: client and internal tracking every few days, and a register of returns."""

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
from etl.demo.dice import FACTS
from etl.demo.dirt import add_broken
from etl.demo.log import Event, TaxReturn

TABS = ("Client Tracking", "Internal Tracking")
TIME_FORMAT = "%m/%d/%Y %I:%M:%S %p"
BROKEN_ON = date(2026, 3, 13)
FOUND_LATE = date(2026, 2, 19)
Row = dict[str, str]
Record = tuple[datetime, str, TaxReturn, Event]


@dataclass(frozen=True)
class Export:
    """One export: the period it covers, and the format of its file."""

    name: str
    tab: str
    since: datetime
    until: datetime
    delimiter: str = ","
    encoding: str = "utf-8"
    status_in_label: bool = False
    is_broken: bool = False


def last_season() -> list[Export]:
    """One file per month, exported after the season by people who choose different formats."""
    starts = [datetime(2025, month, 1) for month in range(1, 8)]
    exports = []
    for since, until in zip(starts, [*starts[1:], LAST_SEASON.ends_at], strict=True):
        for tab in TABS:
            which = (tab, since.month)
            suffix = ".ndjson" if which == ("Internal Tracking", 4) else ".csv"
            suffix += ".gz" if since.month in (4, 6) else ""
            encodings = {("Client Tracking", 2): "utf-8-sig", ("Client Tracking", 5): "cp1252"}
            export = Export(
                f"{tab} {since:%Y-%m}{suffix}",
                tab,
                since,
                until,
                delimiter=";" if which == ("Internal Tracking", 3) else ",",
                encoding=encodings.get(which, "utf-8"),
                status_in_label=which == ("Client Tracking", 3),
            )
            exports.append(export)
    return exports


def this_season() -> list[Export]:
    """Client tracking on Mondays and Thursdays, internal tracking on Fridays, each overlapping the last one.

    The client tracking of one day in February was found weeks later.
    """
    exports = []
    day = datetime(2026, 1, 12)
    while day <= THIS_SEASON.ends_at:
        is_last = day.date() == THIS_SEASON.ends_at.date()
        until = THIS_SEASON.ends_at if is_last else day
        if day.weekday() in (0, 3):
            since = day - timedelta(days=5 if day.weekday() == 0 else 4)
            late = " (found 2026-03-06)" if day.date() == FOUND_LATE else ""
            name = f"Client Tracking {day:%Y-%m-%d}{late}.csv{'.gz' if day.month == 1 else ''}"
            exports.append(Export(name, "Client Tracking", since, until))
        if day.weekday() == 4 or is_last:
            name, is_broken = f"Internal Tracking {day:%Y-%m-%d}.csv", day.date() == BROKEN_ON
            exports.append(Export(name, "Internal Tracking", day - 8 * DAY, until, is_broken=is_broken))
        day += DAY
    return exports


def write_exports(folder: Path, records: list[Record], exports: list[Export]) -> list[Path]:
    """Writes the files of all exports; a record is in every export that covers its time and tab."""
    files = []
    for tab in TABS:
        on_tab = sorted((record for record in records if record[3].tab == tab), key=itemgetter(0, 1))
        times = [record[0] for record in on_tab]
        for export in (export for export in exports if export.tab == tab):
            covered = on_tab[bisect_left(times, export.since) : bisect_left(times, export.until)]
            if covered:
                files.append(
                    write_export(folder, export, [row_of(record[2], record[3]) for record in covered])
                )
    return files


def columns_of(tax_return: TaxReturn) -> Row:
    """What every file says about a return."""
    client = tax_return.client
    return {
        "Return ID": tax_return.return_id,
        "Client ID": client.client_id,
        "Client Name": client.name,
        "Tax Year": str(tax_return.tax_year),
        "Return Type": client.form,
        "Office": client.office.name,
        "Partner": client.partner,
        "ERO/Signer": client.ero_signer,
        "Preparer": client.preparer,
    }


def row_of(tax_return: TaxReturn, event: Event) -> Row:
    return columns_of(tax_return) | {
        "Tab": event.tab,
        "Event": event.label,
        "Status": event.status,
        "Date/Time": event.at.strftime(TIME_FORMAT),
        "User": event.user,
        "Email": event.email,
    }


def write_export(folder: Path, export: Export, rows: list[Row]) -> Path:
    """Writes one file; a compressed one has no time in its header, so that it always has the same bytes."""
    file, headings = folder / export.name, FACTS["headings"]["tracking"]
    if export.status_in_label:
        headings = [heading for heading in headings if heading != "Status"]
        for row in rows:
            row["Event"] += f" - {row['Status']}" if row["Status"] else ""
    if ".ndjson" in export.name:
        text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    else:
        text = as_csv(headings, rows, export.delimiter, export.is_broken)
    content = text.encode(export.encoding)
    file.write_bytes(gzip.compress(content, mtime=0) if file.suffix == ".gz" else content)
    return file


def as_csv(headings: list[str], rows: list[Row], delimiter: str = ",", is_broken: bool = False) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(headings)
    values = [[row[heading] for heading in headings] for row in rows]
    writer.writerows(add_broken(values) if is_broken else values)
    return buffer.getvalue()


def write_register(file: Path, tax_returns: list[TaxReturn], exported_at: datetime) -> Path:
    """Writes the register of returns: what the log does not have, such as joint returns and due dates."""
    rows = [
        columns_of(tax_return)
        | {
            "Group": tax_return.client.group_name,
            "Joint": "Yes" if tax_return.client.spouse else "No",
            "Due Date": tax_return.due_on.strftime("%m/%d/%Y"),
            "Extended": "Yes" if tax_return.is_extended else "No",
            "Exported At": exported_at.strftime(TIME_FORMAT),
        }
        for tax_return in tax_returns
    ]
    file.write_bytes(as_csv(FACTS["headings"]["register"], rows).encode())
    return file
