"""Writes what is due, once: each slot of a subscription has one set of files and one mail.

The caller has locked the data directory. A slot that failed is tried again at the next call. Its files are
stored, so that everyone gets the same bytes, however late.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from etl.common.files import remove_leftovers
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.config.settings import Settings
from etl.config.subscription import FOLDER, Subscription
from etl.reports.files import prepare_folder
from etl.reports.history import (
    BEGUN,
    COUNTS,
    DONE,
    EMPTY,
    ENTRY,
    FAILED,
    WRITTEN,
    Run,
    read_runs,
    refuse_lost_history,
    save_run,
    stored_folders,
)
from etl.reports.mail import deliver_by_mail
from etl.reports.run_files import copy_files, make_run, stored_run
from etl.reports.schedule import all_subscriptions, check_subscription, due_slot
from etl.warehouse.ask import Warehouse, open_warehouse

STOPPED = FAILED + "its process ended before it was done"
# What a run copies from the run that made its files.
COPIED = ("files_of", *COUNTS, "steady_digest", "sent_to", "file")


def write_due(data: DataDir, settings: Settings, now: datetime | None = None) -> list[Run]:
    """Writes each subscription with a slot that is due and not done; of missed slots only the latest."""
    now = now or datetime.now(UTC)
    past = recover(data)
    begun = len(past)
    with open_warehouse(data.warehouse) as warehouse:
        facts = warehouse.facts
        for subscription in all_subscriptions(settings, warehouse.reports):
            report = warehouse.reports.get(subscription.report)
            # An unknown report has a slot too, so that its failure is recorded.
            every = subscription.every or (report.every if report else None) or "day"
            slot = due_slot(subscription, every, now, ZoneInfo(facts.timezone), facts.input_digest)
            done = [run.slot for run in past if run.state in DONE and run.subscription == subscription.label]
            if slot is not None and slot not in done:
                run = Run(
                    **number_and_time(data, past, now),
                    subscription=subscription.label,
                    report=subscription.report,
                    slot=slot,
                    filters=subscription.filters,
                    file_format=subscription.file_format,
                    bom=subscription.bom,
                    to=list(subscription.to),
                )
                make = partial(make_or_reuse, data, settings, warehouse, subscription, past)
                past.append(carry_out(data, settings, run, make))
    return past[begun:]


def recover(data: DataDir) -> list[Run]:
    """Records the run of a killed process as failed, and removes its leftovers. Returns all runs."""
    refuse_lost_history(data)
    remove_leftovers(data.runs)
    prepare_folder(data.reports, data)
    past = read_runs(data)
    for number, run in enumerate(past):
        if run.state == BEGUN:
            has_files = (data.runs / str(run.run) / ENTRY).exists()
            past[number] = replace(run, state=STOPPED, files_of=run.run if has_files else run.files_of)
            save_run(data, past[number])
    return past


def number_and_time(data: DataDir, past: list[Run], now: datetime | None) -> dict[str, Any]:
    """The number of the next run, and its time: UTC in ISO."""
    number = 1 + max([0, *(int(folder.name) for folder in stored_folders(data)), *(run.run for run in past)])
    # A folder of others stays as it is.
    while (data.runs / str(number)).exists():
        number += 1
    at = (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return {"run": number, "at": at}


def carry_out(data: DataDir, settings: Settings, run: Run, make: Callable[[Run], Run] | None = None) -> Run:
    """Makes and delivers a run, recorded before and after; an error becomes its state."""
    save_run(data, run)
    try:
        run = make(run) if make else run
        # A run that was skipped is not delivered.
        if run.state == BEGUN and FOLDER in run.to:
            stored = stored_run(data, run)
            file, *_ = copy_files(data, stored, data.reports / stored.day)
            run = replace(run, file=f"{stored.day}/{file.name}")
        if run.state == BEGUN:
            run = deliver_by_mail(data, settings.mail, run)
    except Problem as problem:
        run = replace(run, state=f"{FAILED}{problem}")
    except OSError as error:
        run = replace(run, state=f"{FAILED}{error.filename or 'a file'}: {error.strerror}")
    save_run(data, run)
    return run


def make_or_reuse(
    data: DataDir, settings: Settings, warehouse: Warehouse, entry: Subscription, past: list[Run], run: Run
) -> Run:
    """The run with its files: those that an earlier run of this slot could not deliver, or new ones."""
    check_subscription(warehouse, settings.mail, entry)
    made = [earlier for earlier in past if earlier.files_of and earlier.subscription == run.subscription]
    same = attrgetter("slot", "filters", "file_format", "bom")
    last = next((earlier for earlier in reversed(made) if same(earlier) == same(run)), None)
    if last and last.is_failed and last.again is None:
        return replace(run, **{name: getattr(last, name) for name in COPIED})
    # The changes are those since the last delivered or empty list, if it had the same filters.
    lists = [earlier for earlier in made if earlier.state in (WRITTEN, EMPTY) and earlier.again is None]
    previous = lists[-1] if lists and lists[-1].filters == run.filters else None
    return make_run(data, warehouse, entry, run, previous)


def deliver_again(
    data: DataDir, settings: Settings, number: int, out: Path | None, now: datetime | None = None
) -> list[Path]:
    """Delivers the files of a run again, byte for byte: into `out`, or to everyone who got them."""
    past = recover(data)
    with_files = {run.run: run for run in past if run.files_of}
    found = with_files.get(number)
    if found is None:
        known = ", ".join(map(str, with_files)) or "none"
        raise Problem(f"No run {number} has files. These have: {known}.")
    if out is not None:
        return copy_files(data, stored_run(data, found), out)
    new = number_and_time(data, past, now)
    run = carry_out(data, settings, replace(found, **new, state=BEGUN, sent_to=[], again=number))
    if run.is_failed:
        raise Problem(f"{run.subscription}: {run.state}")
    return [data.reports / run.file] if run.file else []
