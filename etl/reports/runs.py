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
from zoneinfo import ZoneInfo

from etl.common.files import remove_leftovers
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.config.settings import Settings
from etl.config.subscription import Subscription
from etl.reports.deliver import copy_files, deliver_by_mail, deliver_to_folder
from etl.reports.files import prepare_folder
from etl.reports.history import BEGUN, COUNTS, DONE, EMPTY, FAILED, WRITTEN, Run, read_runs, save_run
from etl.reports.make_run import make_run
from etl.reports.schedule import all_subscriptions, check_subscription, due_slot, period_of
from etl.reports.stored_runs import ENTRY, stored_run
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
            try:
                every = period_of(subscription, warehouse.reports)
            except Problem:
                # An unknown report has a slot too, so that its failure is recorded.
                every = subscription.every or "day"
            slot = due_slot(subscription, every, now, ZoneInfo(facts.timezone), facts.input_digest)
            done = [run.slot for run in past if run.state in DONE and run.subscription == subscription.label]
            if slot is not None and slot not in done:
                run = new_run(data, past, subscription, slot, now)
                make = partial(make_or_reuse, data, settings, warehouse, subscription, past)
                past.append(carry_out(data, settings, run, make))
    return past[begun:]


def recover(data: DataDir) -> list[Run]:
    """Records the run of a killed process as failed, and removes its leftovers. Returns all runs."""
    remove_leftovers(data.runs)
    prepare_folder(data.reports, data)
    past = read_runs(data)
    for number, run in enumerate(past):
        if run.state == BEGUN:
            has_files = (data.runs / str(run.run) / ENTRY).exists()
            past[number] = replace(run, state=STOPPED, files_of=run.run if has_files else run.files_of)
            save_run(data, past[number])
    return past


def new_run(data: DataDir, past: list[Run], subscription: Subscription, slot: str, now: datetime) -> Run:
    return Run(
        run=next_number(data, past),
        at=utc_text(now),
        subscription=subscription.label,
        report=subscription.report,
        slot=slot,
        filters=subscription.filters,
        file_format=subscription.file_format,
        bom=subscription.bom,
        to=list(subscription.to),
    )


def next_number(data: DataDir, past: list[Run]) -> int:
    folders = [int(folder.name) for folder in data.runs.glob("*") if folder.name.isdecimal()]
    return max([0, *folders, *(run.run for run in past)]) + 1


def utc_text(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def carry_out(data: DataDir, settings: Settings, run: Run, *make: Callable[[Run], Run]) -> Run:
    """Makes and delivers a run, recorded before and after; an error becomes its state."""
    to_folder, by_mail = partial(deliver_to_folder, data), partial(deliver_by_mail, data, settings.mail)
    actions: list[Callable[[Run], Run]] = [*make, to_folder, by_mail]
    save_run(data, run)
    try:
        for action in actions:
            # A run that was skipped is not delivered.
            run = action(run) if run.state == BEGUN else run
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
    earlier = undelivered(past, run)
    if earlier is not None:
        return replace(run, **{name: getattr(earlier, name) for name in COPIED})
    return make_run(data, warehouse, entry, run, previous_list(past, run))


def undelivered(past: list[Run], run: Run) -> Run | None:
    """The run that made the files of this slot in the same way and could not deliver them all."""
    same = attrgetter("subscription", "slot", "filters", "file_format", "bom")
    made = [earlier for earlier in past if earlier.files_of and same(earlier) == same(run)]
    return made[-1] if made and made[-1].is_failed and made[-1].again is None else None


def previous_list(past: list[Run], run: Run) -> Run | None:
    """The last run of the subscription with a delivered or empty list, if it had the same filters."""
    made = [earlier for earlier in past if earlier.files_of and earlier.subscription == run.subscription]
    lists = [earlier for earlier in made if earlier.state in (WRITTEN, EMPTY) and earlier.again is None]
    return lists[-1] if lists and lists[-1].filters == run.filters else None


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
    at = utc_text(now or datetime.now(UTC))
    run = replace(found, run=next_number(data, past), at=at, state=BEGUN, sent_to=[], again=number)
    run = carry_out(data, settings, run)
    if run.is_failed:
        raise Problem(f"{run.subscription}: {run.state}")
    return [data.reports / run.file] if run.file else []
