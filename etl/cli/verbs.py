"""What each verb does: the function with its name, in the order of options.toml.

The large libraries are imported by the verbs that need them, so that --help and a usage error answer at once.
"""

import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from etl.common.files import locked, remove_leftovers
from etl.common.paths import DataDir
from etl.common.terminal import printable, say, tell
from etl.common.uploads import remove_left_uploads

if TYPE_CHECKING:
    from etl.config.settings import Settings
    from etl.store.checked import Outcome


def load(data: DataDir, options: Namespace) -> int:
    """Loads files into the store; exit code 1 if one was refused or is mostly unread, or --check says so."""
    from etl.config.settings import read_settings
    from etl.store.load import load, load_inbox

    settings = read_settings(data.settings)
    given = given_values(options)
    if options.check:
        from etl.check.command import check_paths

        text, would_load = check_paths(data, settings, options.check, given)
        tell(text)
        return 0 if would_load else 1
    with locked_for_writing(data):
        if options.removed:
            from etl.store.parts import remove

            for part in remove(data, options.removed):
                say(printable(f"{part.ledger['file_name']}: removed, {part.ledger['kept_count']} records."))
            return 0
        if options.paths:
            outcomes = load(data, settings, options.paths, options.again, given)
        else:
            from etl.upkeep.retention import apply

            outcomes = load_inbox(data, settings, options.again)
            apply(data, replace(settings.retention, quarantine_days=None, report_days=None))
        return 1 if report_outcomes(data, outcomes) else 0


def given_values(options: Namespace) -> dict[str, str]:
    """The values of --set. Raises a Problem for an unknown column, and if they cannot be of all files."""
    from etl.common.problem import Problem
    from etl.config.source import contract

    known = dict.fromkeys((*contract("events"), *contract("returns")))
    given = dict(options.values or ())
    for column in given.keys() - known:
        raise Problem(f'--set: there is no column "{column}". Known: {", ".join(known)}.')
    paths = options.check or options.paths
    if given and not paths:
        raise Problem("--set is for files that are named in the command, and not for the inbox.")
    if "return_id" in given and (len(paths) > 1 or paths[0].is_dir()):
        raise Problem("--set return_id is for one file: the returns of several would become one.")
    return given


def build(data: DataDir, options: Namespace) -> int:
    """Builds the warehouse from the store and replaces the old one."""
    from etl.warehouse.build import build
    from etl.warehouse.models import Engine, on_duckdb

    engine: Engine = on_duckdb
    if options.engine == "spark":
        from etl.warehouse.spark.engine import on_spark

        engine = on_spark(data)
    with locked_for_writing(data):
        tell(str(build(data, options.as_of, engine=engine, full=options.full)))
    return 0


def run(data: DataDir, options: Namespace) -> int:
    """All that a scheduler needs in one call; a refused file stops neither the build nor the reports."""
    from etl.config.settings import read_settings
    from etl.reports.alert import alerting
    from etl.store.load import load_inbox
    from etl.upkeep.retention import apply
    from etl.warehouse.build import build

    with alerting(data, lock=locked_for_writing(data)) as problems:
        settings = read_settings(data.settings)
        problems += report_outcomes(data, load_inbox(data, settings))
        problems += apply(data, settings.retention)
        tell(str(build(data)))
        write_due_reports(data, settings, problems)
    return 1 if problems else 0


def report(data: DataDir, options: Namespace) -> int:
    """Writes reports and prints their paths, or lists subscriptions or past runs."""
    from etl.config.settings import read_settings

    if options.history:
        from etl.reports.history import history
        from etl.warehouse.cells import as_text

        tell(as_text(history(data), read_settings(data.settings).timezone))
        return 0
    if options.check:
        from etl.reports.schedule import check_subscriptions
        from etl.warehouse.ask import open_warehouse

        with open_warehouse(data.warehouse) as warehouse:
            tell("\n".join(check_subscriptions(read_settings(data.settings), warehouse)))
        return 0
    if options.due:
        from etl.reports.alert import alerting

        with alerting(data, lock=locked_for_writing(data, names_directory=False)) as problems:
            write_due_reports(data, read_settings(data.settings), problems, names_directory=True)
        return 1 if problems else 0
    with locked_for_writing(data):
        if options.again is not None:
            from etl.reports.runs import deliver_again

            files = deliver_again(data, read_settings(data.settings), options.again, options.out)
        else:
            from etl.reports.files import write_reports

            given = {name: value for name, value in vars(options).items() if value is not None}
            filters = {name: value for name, value in given.items() if name.startswith("for_")}
            files = write_reports(data, options.names, options.every, options.out, **filters)
        for file in files:
            tell(str(file))
    return 0


def write_due_reports(
    data: DataDir, settings: "Settings", problems: list[str], names_directory: bool = False
) -> None:
    """Writes the reports that are due, prints their paths, and adds each failure to `problems`."""
    from etl.reports.runs import write_due

    runs = write_due(data, settings)
    if runs and names_directory:
        name_directory(data)
    for run in runs:
        if run.is_failed:
            problems.append(f"{run.subscription}, {run.slot}: {run.state}")
            say(problems[-1])
        elif run.file and (data.reports / run.file).exists():
            tell(str(data.reports / run.file))


def evidence(data: DataDir, options: Namespace) -> int:
    """Writes what the log shows about signatures and prints its path."""
    from etl.reports.evidence import evidence

    name_directory(data)
    which = {name: getattr(options, name) for name in ("return_id", "firm", "office", "year")}
    tell(str(evidence(data, **which, out=options.out, as_zip=options.zip)))
    return 0


def query(data: DataDir, options: Namespace) -> int:
    """Prints the rows of one statement."""
    from etl.common.system import defer_ctrl_c

    defer_ctrl_c()
    from etl.warehouse.ask import open_warehouse
    from etl.warehouse.cells import as_csv, as_text
    from etl.warehouse.explore import query

    with open_warehouse(data.warehouse) as warehouse:
        rows = query(warehouse, options.sql)
        tell((as_csv if options.csv else as_text)(rows, warehouse.facts.timezone))
    return 0


def export(data: DataDir, options: Namespace) -> int:
    """Writes the tables of mart as Parquet and prints their paths."""
    from etl.warehouse.explore import export

    name_directory(data)
    tell("\n".join(map(str, export(data, options.out))))
    return 0


def show(data: DataDir, options: Namespace) -> int:
    """Prints the list of tables and reports, or what one of them or a loaded file contains."""
    from etl.warehouse.explore import show

    tell(show(data, options.name))
    return 0


def verify(data: DataDir, options: Namespace) -> int:
    """Prints a table of findings; exit code 1 if something is wrong."""
    from etl.upkeep.findings import as_frame, is_well
    from etl.upkeep.verify import verify
    from etl.warehouse.cells import as_text

    name_directory(data)
    with locked(data):
        findings = verify(data)
    tell(as_text(as_frame(findings), "UTC"))
    return 0 if is_well(findings) else 1


def purge(data: DataDir, options: Namespace) -> int:
    """Removes data for good, or lists what would be removed; exit code 1 if nothing was removed."""
    from etl.upkeep.purge import purge

    with locked_for_writing(data, names_directory=options.yes):
        return purge(data, options)


def demo(data: DataDir, options: Namespace) -> int:
    """Makes an invented season, from export files to the dashboard."""
    from etl.access.signin import serve
    from etl.demo.command import demonstrate

    name_directory(data)
    demonstrate(data, options.returns, options.seed)
    return 0 if options.no_app else serve(data)


def app(data: DataDir, options: Namespace) -> int:
    """Serves the dashboard of this data directory until Ctrl-C."""
    from etl.access.signin import serve

    return serve(data, options.address, options.port, options.open)


@contextmanager
def locked_for_writing(data: DataDir, names_directory: bool = True) -> Iterator[None]:
    """Locks the data directory, removes leftovers and finishes a purge that was killed."""
    if names_directory:
        name_directory(data)
    with locked(data):
        remove_leftovers(data.root)
        remove_left_uploads(data)
        if data.purging.exists():
            from etl.upkeep.purge import finish

            finish(data)
        yield


def name_directory(data: DataDir) -> None:
    """Prints where the command writes: an option, the environment or a default may name the directory."""
    say(f"Data directory: {data.root}")


def report_outcomes(data: DataDir, outcomes: "list[Outcome]") -> list[str]:
    """Reports the result for each file; returns what is wrong, without the names of files."""
    if not outcomes:
        say(f"{data.inbox}: nothing to load.")
    for outcome in outcomes:
        say(printable(str(outcome)))
    if sys.stderr.isatty() and any(outcome.state == "refused" for outcome in outcomes):
        # Only at a terminal: the page that adds exports shows the lines above, and checks itself.
        say("How a refused file is read, and what lines in settings.toml help: returntrail load --check FILE")
    health = "the page on data health says why."
    faults = {
        f"A file of the inbox was refused; {health}": any(one.state == "refused" for one in outcomes),
        f"A file has too many quarantined records; {health}": any(one.is_warned for one in outcomes),
        "A file cannot be moved out of the inbox; the log of the scheduler says which.": any(
            one.state == "left" for one in outcomes
        ),
        "A loaded file has ids in another form; the log says which.": any(
            one.state == "other form" for one in outcomes
        ),
    }
    return [fault for fault, is_true in faults.items() if is_true]
