"""What `returntrail purge` does: says what would go, and with --yes removes it."""

from argparse import Namespace
from datetime import UTC, datetime

from etl.datadir import DataDir
from etl.progress import say
from etl.purge import begin, described, finish, going
from etl.purge_plan import FILE, Plan, plan_before, plan_file, plan_return
from etl.purged import entries


def purge(data: DataDir, options: Namespace) -> int:
    """Prints what goes; exit code 1 where nothing was removed though something would be."""
    plan = planned(data, options)
    if plan.kind != FILE and not plan.returns:
        say(f"No return is without an event since {plan.before}; there is nothing to purge.")
        return 0
    print(described(data, plan, going(data, plan)))
    if not options.yes:
        say("Nothing was removed. It cannot be undone; to do it, type the same with --yes.")
        return 1
    begin(data, plan)
    finish(data)
    done = next(entry for entry in entries(data) if entry.at == plan.at)
    say(f"Purged: {done.record_count} records, {done.removed_count} other files. Backups and --out folders are yours to clear.")
    return 0


def planned(data: DataDir, options: Namespace) -> Plan:
    """The plan that was asked for."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    if options.return_id is not None:
        return plan_return(data, at, options.return_id, options.firm)
    if options.before is not None:
        return plan_before(data, at, options.before)
    return plan_file(data, at, options.file_id)
