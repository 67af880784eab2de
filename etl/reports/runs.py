"""Writes what is due, once: each slot of a subscription has one file and one mail, whoever asks how often.

The caller holds the lock of the data directory. A slot that failed is tried again at the next call; files that it made
are kept, so that those who get them later get the same bytes.
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from etl.common.files import remove_leftovers, work_folder
from etl.common.paths import DataDir
from etl.common.problem import Problem
from etl.common.terminal import step
from etl.config.settings import Settings
from etl.config.subscription import Subscription
from etl.reports.deliver import mailed, place, placed
from etl.reports.files import prepare, today
from etl.reports.history import BEGUN, DONE, EMPTY, FAILED, UNCHANGED, WRITTEN, Run, read_runs, save_run
from etl.reports.make_run import write_files
from etl.reports.schedule import all_subscriptions, check_subscription, due_slot, rhythm
from etl.reports.stored_runs import ENTRY, entry_of, keep
from etl.warehouse.ask import Warehouse, open_warehouse

STOPPED = FAILED + "its process ended before it was done"


def write_due(data: DataDir, settings: Settings, now: datetime | None = None) -> list[Run]:
    """Every subscription whose slot is due and not done; of several missed slots the latest alone."""
    now = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    past = recovered(data)
    runs = []
    with open_warehouse(data.warehouse) as warehouse:
        for subscription in all_subscriptions(settings, warehouse.reports):
            slot = slot_for(subscription, warehouse, now)
            if slot is not None and not is_done(past, subscription, slot):
                run = attempt(
                    data, settings, warehouse, subscription, begun(data, past, subscription, slot, now), past
                )
                runs.append(run)
                past.append(run)
    return runs


def recovered(data: DataDir) -> list[Run]:
    """The history, in which a run that a killed process began is noted as failed; its leftovers go."""
    remove_leftovers(data.runs)
    prepare(data.reports, data.reports)
    past = read_runs(data)
    for number, run in enumerate(past):
        if run.state == BEGUN:
            has_files = (data.runs / str(run.run) / ENTRY).exists()
            past[number] = replace(run, state=STOPPED, files_of=run.run if has_files else run.files_of)
            save_run(data, past[number])
    return past


def slot_for(subscription: Subscription, warehouse: Warehouse, now: datetime) -> str | None:
    """The slot that is due. One whose report is not known has a slot too, so that its failure is noted."""
    facts = warehouse.facts
    try:
        every = rhythm(subscription, warehouse.reports)
    except Problem:
        every = subscription.every or "day"
    return due_slot(subscription, every, now, ZoneInfo(facts.timezone), facts.input_digest)


def is_done(past: list[Run], subscription: Subscription, slot: str) -> bool:
    return any(
        run.subscription == subscription.label and run.slot == slot and run.state in DONE for run in past
    )


def begun(data: DataDir, past: list[Run], subscription: Subscription, slot: str, now: datetime) -> Run:
    """A run with the next number, on which no other run and no folder has a claim."""
    return Run(
        run=next_number(data, past),
        at=now.strftime("%Y-%m-%dT%H:%M:%S"),
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


def attempt(
    data: DataDir,
    settings: Settings,
    warehouse: Warehouse,
    subscription: Subscription,
    run: Run,
    past: list[Run],
) -> Run:
    """One run from its first line in the history to its last; what goes wrong becomes its state."""
    save_run(data, run)
    try:
        check_subscription(warehouse, settings.mail, subscription)
        earlier = unsent(past, run)
        if earlier is not None:
            run = replace(run, **carried(earlier))
        else:
            run = made(data, warehouse, subscription, run, before(past, run))
        if run.state == BEGUN:
            run = placed(data, run)
            run = mailed(data, settings.mail, run)
    except Problem as problem:
        run = replace(run, state=f"{FAILED}{problem}")
    except OSError as error:
        run = replace(run, state=f"{FAILED}{error.filename or 'a file'}: {error.strerror}")
    save_run(data, run)
    return run


def unsent(past: list[Run], run: Run) -> Run | None:
    """The run that made the files of this slot in the same way and could not deliver them all."""
    asked = (run.subscription, run.slot, run.filters, run.file_format, run.bom)
    for one in reversed(past):
        if (one.subscription, one.slot, one.filters, one.file_format, one.bom) == asked and one.files_of:
            return one if one.is_failed and one.again is None else None
    return None


def carried(earlier: Run) -> dict:
    """What a run takes over from one whose files it delivers."""
    names = ("files_of", "row_count", "new_count", "cleared_count", "steady_digest", "sent_to", "file")
    return {name: getattr(earlier, name) for name in names}


def before(past: list[Run], run: Run) -> Run | None:
    """The last run whose list counts as the one before: delivered, or empty, under the same filters."""
    for one in reversed(past):
        is_list = one.state in (WRITTEN, EMPTY) and one.files_of and one.again is None
        if is_list and one.subscription == run.subscription:
            return one if one.filters == run.filters else None
    return None


def made(
    data: DataDir, warehouse: Warehouse, subscription: Subscription, run: Run, previous: Run | None
) -> Run:
    """The files of a run, kept under its number; without them where its subscription wants none."""
    with step(f"Writing {subscription.label}"), work_folder(data.runs) as folder:
        day = today(datetime.fromisoformat(f"{run.at}Z"), warehouse)
        counts, entry = write_files(data, warehouse, subscription, folder, run, previous, day)
        run = replace(run, **counts)
        if subscription.only_if_rows and not run.row_count:
            run = replace(run, state=EMPTY)
        elif subscription.only_if_changed and previous and previous.steady_digest == run.steady_digest:
            return replace(run, state=UNCHANGED)
        keep(data, folder, run.run, entry)
        return replace(run, files_of=run.run)


def again(
    data: DataDir, settings: Settings, number: int, out: Path | None, now: datetime | None = None
) -> list[Path]:
    """Delivers what a run wrote once more, byte for byte: into `out`, else wherever it went, people included."""
    past = recovered(data)
    found = next((run for run in past if run.run == number), None)
    if found is None or found.files_of is None:
        known = ", ".join(str(run.run) for run in past if run.files_of) or "none"
        raise Problem(f"No run {number} has files. These have: {known}.")
    if out is not None:
        return place(data, found.files_of, entry_of(data, found.files_of), out)
    now = (now or datetime.now(UTC)).astimezone(UTC)
    run = replace(
        found,
        run=next_number(data, past),
        at=now.strftime("%Y-%m-%dT%H:%M:%S"),
        state=BEGUN,
        sent_to=[],
        again=number,
    )
    save_run(data, run)
    try:
        run = placed(data, run)
        run = mailed(data, settings.mail, run)
    except Problem as problem:
        run = replace(run, state=f"{FAILED}{problem}")
    save_run(data, run)
    if run.is_failed:
        raise Problem(f"{run.subscription}: {run.state}")
    return [data.reports / run.file] if run.file else []
