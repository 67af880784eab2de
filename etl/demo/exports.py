"""The files that a firm exports: client and internal tracking every few days, and a register of returns."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from itertools import pairwise, product
from operator import attrgetter, methodcaller
from pathlib import Path
from typing import Any

from etl.demo.firm import FACTS, LAST_SEASON, THIS_SEASON
from etl.demo.log import DAY, Event, Log

TABS = ("Client Tracking", "Internal Tracking")
# How the platform shows values that are not texts or numbers.
SHOW: dict[type, Callable[[Any], str]] = {
    bool: lambda value: "Yes" if value else "No",
    date: methodcaller("strftime", "%m/%d/%Y"),
    datetime: methodcaller("strftime", "%m/%d/%Y %I:%M:%S %p"),
}


def write_exports(folder: Path, events: list[Event]) -> list[Path]:
    """Writes the files of all exports; an event is in every export that covers its time and tab."""
    files = []
    events = sorted(events, key=attrgetter("at", "log.return_id"))
    for periods_of, tab in product((last_season, this_season), TABS):
        on_tab = [event for event in events if event.tab == tab]
        for name, since, until in periods_of(tab):
            covered = [event for event in on_tab if since <= event.at < until]
            if covered:
                files.append(write_file(folder, name, FACTS["headings"]["tracking"], covered))
    return files


def last_season(tab: str) -> Iterator[tuple[str, datetime, datetime]]:
    """Name and period of one file per month, exported after the season."""
    months = [datetime(2025, month, 1) for month in range(1, 8)]
    for since, until in pairwise([*months, LAST_SEASON.ends_at]):
        yield f"{tab} {since:%Y-%m}", since, until


def this_season(tab: str) -> Iterator[tuple[str, datetime, datetime]]:
    """Client tracking on Mondays and Thursdays, internal tracking on Fridays; each overlaps the last one."""
    day, last_day = datetime(2026, 1, 12), THIS_SEASON.ends_at.date()
    days_of_weekday = {0: 5, 3: 4} if tab == "Client Tracking" else {4: 8}
    while day.date() <= last_day:
        is_last = day.date() == last_day
        days = days_of_weekday.get(day.weekday(), 8 if is_last else 0)
        if days:
            yield f"{tab} {day:%Y-%m-%d}", day - days * DAY, THIS_SEASON.ends_at if is_last else day
        day += DAY


def write_file(folder: Path, name: str, headings: dict[str, str], items: Sequence[Event | Log]) -> Path:
    """Writes one file; a compressed one has no time in its header, so that it always has the same bytes."""
    formats = {"suffix": ".csv", "encoding": "utf-8", "delimiter": ","}
    for part_of_name, differences in FACTS["formats"].items():
        if part_of_name in name:
            formats |= differences
    values_of = attrgetter(*headings.values())
    texts = ([SHOW.get(type(value), str)(value) for value in values_of(item)] for item in items)
    rows = [dict(zip(headings, row, strict=True)) for row in texts]
    if "status_in_label" in formats:
        headings = {heading: field for heading, field in headings.items() if field != "status"}
        for row in rows:
            status = row.pop("Status")
            row["Event"] += f" - {status}" if status else ""
    if ".ndjson" in formats["suffix"]:
        text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    else:
        buffer = io.StringIO(newline="")
        lines = [list(row.values()) for row in rows]
        if "is_broken" in formats:
            add_broken(lines)
        csv.writer(buffer, delimiter=formats["delimiter"]).writerows([headings, *lines])
        text = buffer.getvalue()
    content = text.encode(formats["encoding"])
    file = folder / f"{name}{formats['suffix']}"
    file.write_bytes(gzip.compress(content, mtime=0) if file.suffix == ".gz" else content)
    return file


def add_broken(rows: list[list[str]]) -> None:
    """Puts two broken records in the middle: one has a field too many, one has no real time."""
    middle = len(rows) // 2
    broken = rows[middle]
    without_time = [field if "/" not in field or ":" not in field else "pending" for field in broken]
    rows[middle:middle] = [[*broken[:3], "see note", *broken[3:]], without_time]
