"""`returntrail purge`: lists what would be removed, and with --yes removes it for good.

It removes a return, old returns or a file from the store, the warehouse and every other folder. An unfinished
purge is stored in `.purging.json`. Each of its phases may run again, so the next process that writes in the
data directory finishes a purge that was killed. Only keyed hashes of what was removed are stored.
"""

import json
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

import duckdb

from etl.common.duck import OFFLINE
from etl.common.files import remove_folder, remove_leftovers, write_json
from etl.common.paths import DataDir, version
from etl.common.problem import Problem
from etl.common.system import sync_to_disk
from etl.common.terminal import say, step
from etl.config.settings import read_settings
from etl.store import purged
from etl.store.parts import ID_LENGTH, Part, check_part, hash_key, parts, publish, store_work_folder
from etl.upkeep import purge_files, purge_plan
from etl.upkeep.part_files import rewrite, rows_of
from etl.upkeep.purge_plan import Plan
from etl.upkeep.text_search import TextSearch
from etl.warehouse.build import build


def purge(data: DataDir, options: Namespace) -> int:
    """Prints what a purge removes, and removes it with --yes; exit code 1 if something was listed only."""
    if options.return_id is not None:
        plan = purge_plan.plan_return(data, options.return_id, options.firm)
        subject = "1 return"
    elif options.before is not None:
        plan = purge_plan.plan_before(data, options.before)
        if not plan.returns:
            say(f"No return is older than {plan.before}; there is nothing to purge.")
            return 0
        subject = f"{len(plan.returns)} returns without an event since {plan.before}"
    else:
        plan = purge_plan.plan_file(data, options.file_id)
        subject = "1 loaded file"
    of_files = "" if plan.file_id else f" of {plan.file_count} loaded files"
    print(f"{subject}: {plan.record_count} records{of_files}.")
    for path in files_to_remove(data, plan):
        print(f"to remove: {path.relative_to(data.root)}")
    if not options.yes:
        say("Nothing was removed. A purge cannot be undone. To purge, type the same command with --yes.")
        return 1
    begin(data, plan)
    finish(data)
    counts = f"{plan.record_count} records and {removed_count(data, plan)} other files"
    say(f"Purged: {counts}. Backups and --out folders are not searched; remove their copies yourself.")
    return 0


def files_to_remove(data: DataDir, plan: Plan) -> list[Path]:
    """Reports and other output with one of the words, and the exports that the affected parts come from."""
    search = TextSearch(plan.words)
    with store_work_folder(data) as folder, duckdb.connect(config=OFFLINE) as database:
        file_ids = {plan.file_id} if plan.file_id else purge_plan.affected_files(database, data, plan, search)
        exports = purge_files.find_exports(data, read_settings(data.settings), file_ids, search, folder)
    return [*purge_files.find_output(data, search), *exports]


def begin(data: DataDir, plan: Plan) -> None:
    """Stores the plan. This process or the next one that writes in the data directory finishes the purge."""
    write_json(data.purging, asdict(plan))


def finish(data: DataDir) -> None:
    """Finishes an unfinished purge, phase by phase, if there is one."""
    if not data.purging.exists():
        return
    try:
        plan = Plan(**json.loads(data.purging.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        sentence = "this unfinished purge cannot be read. Remove the file and purge again."
        raise Problem(f"{data.purging}: {sentence}") from error
    for phase in PHASES:
        phase(data, plan)


def removed_count(data: DataDir, plan: Plan) -> int:
    """How many files outside the store this purge has removed so far."""
    return next((entry.removed_count for entry in purged.entries(data) if entry.at == plan.at), 0)


def record_purge(data: DataDir, plan: Plan, just_removed: int = 0) -> None:
    """Stores keyed hashes of what is removed, so that no load restores it, and the number of files."""
    own_key = hash_key(data)
    hashes = [purged.return_hash(own_key, firm_id, return_id) for firm_id, return_id in plan.returns]
    hashes += [purged.keyed_hash(own_key, "file", plan.file_id)] if plan.file_id else []
    entry = purged.Entry(
        at=plan.at,
        kind=plan.kind,
        before=plan.before,
        return_count=len(plan.returns),
        file_count=plan.file_count,
        record_count=plan.record_count,
        removed_count=removed_count(data, plan) + just_removed,
        version=version(),
        key_check=purged.keyed_hash(own_key, purged.KEY_CHECK),
        firm_ids=sorted({firm_id for firm_id, _ in plan.returns}),
        hashes=sorted(hashes),
    )
    purged.write_entry(data, entry)


def remove_files(data: DataDir, plan: Plan) -> None:
    """Removes output and exports, before the parts that tell which exports those are."""
    remove_leftovers(data.runs, data.root / "evidence")
    for path in files_to_remove(data, plan):
        purge_files.remove(data, path)
        record_purge(data, plan, just_removed=1)


def rewrite_parts(data: DataDir, plan: Plan) -> None:
    """Rewrites each affected part without the returns, or removes the part of a purged file."""
    with store_work_folder(data) as folder, duckdb.connect(config=OFFLINE) as database:
        purge_plan.fill_purged_returns(database, plan.returns)
        search = TextSearch(plan.words)
        for part in parts(data):
            if plan.file_id is None:
                rewrite_part(database, data, part, search, folder)
            elif part.file_id == plan.file_id:
                remove_folder(part.folder)


def rewrite_part(
    database: duckdb.DuckDBPyConnection, data: DataDir, part: Part, search: TextSearch, folder: Path
) -> None:
    """Replaces a part that has returns in `purged_returns` by one without them, by one rename."""
    purged_count = purge_plan.record_count(database, part)
    quarantined = purge_plan.quarantined_matches(database, part, search)
    is_named = search.is_in(str(part.ledger["file_name"]))
    if not (purged_count or quarantined or is_named):
        return
    check_part(part)
    with step(f"Rewriting {part.file_id}"):
        records = f"{rows_of(part.data)} anti join purged_returns using (firm_id, return_id)"
        numbers = ", ".join(map(str, quarantined)) or "-1"
        others = f"{rows_of(part.quarantine)} where row_no not in ({numbers})"
        new, counts = rewrite(database, part, records, others, folder)
        counts["purged_count"] = part.ledger.get("purged_count", 0) + purged_count + len(quarantined)
        ledger = part.ledger | counts
        if is_named:
            ledger["file_name"] = f"{part.file_id[:ID_LENGTH]} (its name was purged)"
        publish(data, new, ledger, part)


def rebuild(data: DataDir, _plan: Plan) -> None:
    """Builds the warehouse from the rewritten parts."""
    build(data)


def end(data: DataDir, _plan: Plan) -> None:
    """Removes the plan: the purge is finished, and no file names the purged returns."""
    data.purging.unlink()
    sync_to_disk(data.root)


PHASES = (record_purge, remove_files, rewrite_parts, rebuild, end)
