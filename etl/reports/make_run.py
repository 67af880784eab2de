"""Makes the files of one run: the report as CSV or Excel, and its changes since the last run."""

import hashlib
import re
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from etl.common.files import work_folder
from etl.common.paths import DataDir
from etl.common.terminal import step
from etl.config.subscription import Subscription
from etl.reports.changes import CHANGE, changes
from etl.reports.files import BATCH_ROWS, HashedStream, file_entry, local_date
from etl.reports.history import EMPTY, UNCHANGED, Run
from etl.reports.stored_runs import CHUNK_BYTES, store_run, stored_file
from etl.reports.xlsx import sheet
from etl.warehouse.ask import Warehouse, ask_in_batches
from etl.warehouse.cells import as_csv

# These columns change every day by themselves; that does not count as a change of the list.
GROWING = re.compile(r"(waiting|oldest_open)_days|days_left")


def make_run(
    data: DataDir, warehouse: Warehouse, subscription: Subscription, run: Run, previous: Run | None
) -> Run:
    """Makes and stores the files of a run, and counts its rows; an unchanged list may be skipped."""
    label, report, filters = subscription.label, warehouse.reports[subscription.report], subscription.filters
    day = local_date(datetime.fromisoformat(f"{run.at}Z"), warehouse)
    with step(f"Writing {label}"), work_folder(data.runs) as folder:
        row_count, steady_digest, stream = write_list(warehouse, subscription, folder)
        run = replace(run, row_count=row_count, steady_digest=steady_digest)
        name = f"{label}.{subscription.file_format}"
        files = {name: file_entry(warehouse, report.name, filters, row_count, stream)}
        if report.key:
            earlier = data.runs / str(previous.files_of) / f"{changes_name(label)}.gz" if previous else None
            stream, counts = write_changes(warehouse, subscription, folder, earlier, day)
            run = replace(run, new_count=counts["new"], cleared_count=counts["cleared"])
            entry = file_entry(warehouse, report.name, filters, sum(counts.values()), stream, is_changes=True)
            files[changes_name(label)] = entry | {"changes": counts}
        if subscription.only_if_rows and not row_count:
            run = replace(run, state=EMPTY)
        elif subscription.only_if_changed and previous and previous.steady_digest == steady_digest:
            return replace(run, state=UNCHANGED)
        of_run = {
            "run": run.run,
            "subscription": label,
            "slot": run.slot,
            "written_at": f"{run.at}Z",
            "previous_run": previous.run if previous else None,
        }
        entries = {name: entry | of_run for name, entry in files.items()}
        store_run(data, folder, run.run, str(day), entries)
        return replace(run, files_of=run.run)


def changes_name(label: str) -> str:
    return f"{label}-changes.csv"


def write_list(
    warehouse: Warehouse, subscription: Subscription, folder: Path
) -> tuple[int, str, HashedStream]:
    """Writes the report. Returns the number of rows, a hash without the growing columns, and the file.

    The list as CSV is always written, because the changes are computed from it.
    """
    label, zone = subscription.label, warehouse.facts.timezone
    steady, row_count = hashlib.sha256(), 0
    book = folder / f"{label}.xlsx"
    with ExitStack() as files:
        is_book = subscription.file_format == "xlsx"
        write = files.enter_context(sheet(book, zone)) if is_book else None
        rows = files.enter_context(stored_file(folder, f"{label}.csv", subscription.bom))
        batches = ask_in_batches(warehouse, subscription.report, BATCH_ROWS, None, **subscription.filters)
        for number, frame in enumerate(batches):
            rows.write(as_csv(frame, zone, header=number == 0))
            lasting = frame.drop([name for name in frame.columns if GROWING.fullmatch(name)])
            steady.update(as_csv(lasting, zone, header=number == 0).encode())
            row_count += frame.height
            if write:
                write(frame)
    if not is_book:
        return row_count, steady.hexdigest(), rows
    with stored_file(folder, book.name) as stream, open(book, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            stream.write(chunk)
    book.unlink()
    return row_count, steady.hexdigest(), stream


def write_changes(
    warehouse: Warehouse, subscription: Subscription, folder: Path, earlier: Path | None, day: date
) -> tuple[HashedStream, dict[str, int]]:
    """Writes the changes file of a list, and counts its new, still listed and cleared rows."""
    report, label = warehouse.reports[subscription.report], subscription.label
    earlier = earlier if earlier and earlier.exists() else None
    counts = {"new": 0, "still": 0, "cleared": 0}
    with stored_file(folder, changes_name(label), subscription.bom) as stream:
        compared = changes(report, folder / f"{label}.csv.gz", earlier, day, folder, BATCH_ROWS)
        for number, frame in enumerate(compared):
            # Its texts are safe for spreadsheets already: they come from the CSV files of the lists.
            stream.write(frame.write_csv(include_header=number == 0, quote_style="non_numeric"))
            for kind, count in frame[CHANGE].value_counts().iter_rows():
                counts[kind] += count
    return stream, counts
