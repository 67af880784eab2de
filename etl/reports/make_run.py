"""The files of one run: the report as CSV or Excel, and what changed on it, in one pass over its rows."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

from etl.common.paths import DataDir
from etl.config.subscription import Subscription
from etl.reports.changes import CHANGE, changes
from etl.reports.files import BATCH_ROWS, file_entry
from etl.reports.history import Run
from etl.reports.stored_runs import Stream, keeping
from etl.reports.xlsx import sheet
from etl.warehouse.ask import Warehouse, ask_in_batches
from etl.warehouse.cells import as_csv

BOM = b"\xef\xbb\xbf"
# Waits grow by themselves from day to day; that alone is no change.
GROWS = re.compile(r"(waiting|oldest_open)_days|days_left")
PIECE = 1 << 20


def write_files(
    data: DataDir,
    warehouse: Warehouse,
    subscription: Subscription,
    folder: Path,
    run: Run,
    previous: Run | None,
    day: date,
) -> tuple[dict, dict]:
    """Writes them into the run's folder; gives what its history and what the manifest say of them."""
    report, label, facts = warehouse.reports[subscription.report], subscription.label, warehouse.facts
    steady, row_count = hashlib.sha256(), 0
    book = folder / f"{label}.xlsx"
    with ExitStack() as files:
        write = (
            files.enter_context(sheet(book, facts.timezone)) if subscription.file_format == "xlsx" else None
        )
        rows = files.enter_context(csv_stream(folder, f"{label}.csv", subscription.bom))
        for number, frame in enumerate(
            ask_in_batches(warehouse, report.name, BATCH_ROWS, **subscription.filters)
        ):
            rows.write(as_csv(frame, facts.timezone, header=number == 0))
            lasting = frame.drop([name for name in frame.columns if GROWS.fullmatch(name)])
            steady.update(as_csv(lasting, facts.timezone, header=number == 0).encode())
            row_count += frame.height
            if write:
                write(frame)
    whole = {f"{label}.csv": rows}
    if write:
        whole = {book.name: kept_book(folder, book)}
    counts: dict = {"row_count": row_count, "steady_digest": steady.hexdigest()}
    entries = {
        name: file_entry(
            report, facts, subscription.filters, row_count, stream.digest.hexdigest(), stream.size
        )
        for name, stream in whole.items()
    }
    if report.key:
        name = f"{label}-changes.csv"
        stream, found = write_changes(data, warehouse, subscription, folder, previous, day)
        counts |= {"new_count": found["new"], "cleared_count": found["cleared"]}
        entries[name] = file_entry(
            report,
            facts,
            subscription.filters,
            sum(found.values()),
            stream.digest.hexdigest(),
            stream.size,
            True,
        ) | {"changes": found}
    of_run = {
        "run": run.run, "subscription": label, "slot": run.slot, "written_at": f"{run.at}Z",
        "previous_run": previous.run if previous else None,
    }  # fmt: skip
    return counts, {"day": str(day), "files": {name: entry | of_run for name, entry in entries.items()}}


@contextmanager
def csv_stream(folder: Path, name: str, bom: bool) -> Iterator[Stream]:
    """A CSV file of a run, which starts with the mark that Excel wants if the subscription asks for it."""
    with keeping(folder, name) as stream:
        if bom:
            stream.write(BOM)
        yield stream


def kept_book(folder: Path, book: Path) -> Stream:
    """The Excel file as it is kept."""
    with keeping(folder, book.name) as stream, open(book, "rb") as file:
        while piece := file.read(PIECE):
            stream.write(piece)
    book.unlink()
    return stream


def write_changes(
    data: DataDir,
    warehouse: Warehouse,
    subscription: Subscription,
    folder: Path,
    previous: Run | None,
    day: date,
) -> tuple[Stream, dict[str, int]]:
    """The changes file of a list, and how many rows are new, still there and cleared."""
    report, label = warehouse.reports[subscription.report], subscription.label
    earlier = data.runs / str(previous.files_of) / f"{label}-changes.csv.gz" if previous else None
    if earlier is not None and not earlier.exists():
        earlier = None
    counts = {"new": 0, "still": 0, "cleared": 0}
    with csv_stream(folder, f"{label}-changes.csv", subscription.bom) as stream:
        compared = changes(report, folder / f"{label}.csv.gz", earlier, day, folder, BATCH_ROWS)
        for number, frame in enumerate(compared):
            # Its texts went through `cells` already, when the lists were written.
            stream.write(frame.write_csv(include_header=number == 0, quote_style="non_numeric"))
            for kind, count in frame[CHANGE].value_counts().iter_rows():
                counts[kind] += count
    return stream, counts
