"""What each verb does, in the order in which a firm meets them.

The heavy libraries are imported by the verbs that need them, so that --help and a usage error answer at once.
"""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from etl.cli.options import FILTERS
from etl.common.files import remove_leftovers
from etl.common.lock import locked
from etl.common.paths import DataDir
from etl.common.terminal import printable, say

PIECE = 32_768


def load(data: DataDir, options: Namespace) -> int:
    """Takes files into the store; exit code 1 if one was refused, though the others are loaded, or would be."""
    from etl.config.settings import read_settings
    from etl.store.load import load, load_inbox

    settings = read_settings(data.settings)
    if options.check:
        from etl.check.command import checked

        found = checked(data, settings, options.check)
        print(found.text)
        return 0 if found.would_load else 1
    with writing(data):
        return told(
            data, load(data, settings, options.paths) if options.paths else load_inbox(data, settings)
        )


def build(data: DataDir, options: Namespace) -> int:
    """Makes the warehouse from the store and puts it in the place of the old one."""
    from etl.warehouse.build import build
    from etl.warehouse.models import on_duckdb

    engine = on_duckdb
    if options.engine == "spark":
        from etl.warehouse.spark.engine import on_spark

        engine = on_spark(data)
    with writing(data):
        print(build(data, options.as_of, engine=engine))
    return 0


def run(data: DataDir, options: Namespace) -> int:
    """Everything a scheduler wants of one call; a refused file stops neither the build nor the reports."""
    from etl.config.settings import read_settings
    from etl.reports.alert import alerting
    from etl.store.load import load_inbox
    from etl.upkeep.retention import apply
    from etl.warehouse.build import build

    with writing(data), alerting(data) as problems:
        settings = read_settings(data.settings)
        if told(data, load_inbox(data, settings)):
            problems.append("A file of the inbox was refused; the page on data health says why.")
        apply(data, settings.retention)
        print(build(data))
        write_due(data, settings, problems)
    return 1 if problems else 0


def report(data: DataDir, options: Namespace) -> int:
    """Writes reports and prints their paths, or says what is subscribed to and what ran."""
    from etl.config.settings import read_settings
    from etl.reports.files import write_reports

    if options.history:
        return say_history(data)
    if options.check:
        from etl.reports.schedule import check_subscriptions
        from etl.warehouse.ask import open_warehouse

        with open_warehouse(data.warehouse) as warehouse:
            print("\n".join(check_subscriptions(read_settings(data.settings), warehouse)))
        return 0
    if options.due:
        from etl.reports.alert import alerting

        with writing(data, says_where=False), alerting(data) as problems:
            write_due(data, read_settings(data.settings), problems, says_where=True)
        return 1 if problems else 0
    with writing(data):
        if options.again is not None:
            from etl.reports.runs import deliver_again

            for file in deliver_again(data, read_settings(data.settings), options.again, options.out):
                print(file)
            return 0
        filters = {name: getattr(options, name) for name in FILTERS if getattr(options, name) is not None}
        for one in write_reports(data, options.names, options.every, options.out, **filters):
            print(one.file)
    return 0


def write_due(data: DataDir, settings: object, problems: list[str], says_where: bool = False) -> None:
    """Writes what is due, prints where it is, and says what failed; silent where nothing is due."""
    from etl.reports.runs import write_due

    runs = write_due(data, settings)
    if runs and says_where:
        name_directory(data)
    for run in runs:
        if run.is_failed:
            problems.append(f"{run.subscription}, {run.slot}: {run.state}")
            say(problems[-1])
        elif run.file and (data.reports / run.file).exists():
            print(data.reports / run.file)


def say_history(data: DataDir) -> int:
    """Prints what ran, the newest first, in the firm's zone."""
    from etl.config.settings import read_settings
    from etl.reports.history import history
    from etl.warehouse.cells import as_text

    written(as_text(history(data), read_settings(data.settings).timezone))
    return 0


def evidence(data: DataDir, options: Namespace) -> int:
    """Writes what the log shows of signatures as a pack and prints its path."""
    from etl.reports.evidence import evidence

    name_directory(data)
    which = {
        "return_id": options.return_id,
        "firm": options.firm,
        "office": options.office,
        "year": options.year,
    }
    print(evidence(data, **which, out=options.out, as_zip=options.zip))
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
        written((as_csv if options.csv else as_text)(rows, warehouse.facts.timezone))
    return 0


def export(data: DataDir, options: Namespace) -> int:
    """Writes the tables of mart as Parquet and prints their paths."""
    from etl.warehouse.explore import export

    name_directory(data)
    for file in export(data, options.out):
        print(file)
    return 0


def show(data: DataDir, options: Namespace) -> int:
    """Prints what there is, or what one thing is."""
    from etl.warehouse.explore import show

    print(show(data, options.name))
    return 0


def verify(data: DataDir, options: Namespace) -> int:
    """Prints a table of findings; exit code 1 if something is wrong."""
    from etl.upkeep.verify import as_table, is_well, verify

    name_directory(data)
    with locked(data):
        findings = verify(data)
    written(as_table(findings))
    return 0 if is_well(findings) else 1


def purge(data: DataDir, options: Namespace) -> int:
    """Removes for good what was named, or says what that would be; exit code 1 if nothing was removed."""
    from etl.upkeep.purge import purge

    with writing(data, says_where=options.yes):
        return purge(data, options)


def demo(data: DataDir, options: Namespace) -> int:
    """An invented season, the whole way from export files to the dashboard."""
    from etl.access.serve import serve
    from etl.demo.command import demonstrate

    name_directory(data)
    demonstrate(data, options.returns, options.seed)
    return 0 if options.no_app else serve(data)


def app(data: DataDir, options: Namespace) -> int:
    """Serves the dashboard of this data directory until Ctrl-C."""
    from etl.access.serve import serve

    return serve(data, options.address, options.port)


@contextmanager
def writing(data: DataDir, says_where: bool = True) -> Iterator[None]:
    """Holds the lock of the data directory, removes leftovers and finishes a purge that was killed."""
    if says_where:
        name_directory(data)
    with locked(data):
        remove_leftovers(data.root)
        if data.purging.exists():
            from etl.upkeep.purge import finish

            finish(data)
        yield


def name_directory(data: DataDir) -> None:
    """Says where a command writes: the directory may come from an option, the environment or a default."""
    say(f"Data directory: {data.root}")


def written(text: str) -> None:
    """Writes a long text to stdout in pieces: what follows a reader's leaving must be seen to fail."""
    for start in range(0, len(text), PIECE):
        sys.stdout.write(text[start : start + PIECE])


def told(data: DataDir, outcomes: list) -> int:
    """Says what became of each file, and gives the exit code."""
    if not outcomes:
        say(f"{data.inbox}: nothing to load.")
    for outcome in outcomes:
        say(printable(str(outcome)))
    return 1 if any(outcome.state == "refused" for outcome in outcomes) else 0


VERBS: dict[str, Callable[[DataDir, Namespace], int]] = {
    verb.__name__: verb
    for verb in (load, build, run, report, evidence, query, export, show, verify, purge, demo, app)
}
