"""What each verb does, in the order in which a firm meets them.

The heavy libraries are imported by the verbs that need them, so that --help and a usage error answer at once.
"""

import sys
from argparse import Namespace
from collections.abc import Callable

from etl.datadir import DataDir
from etl.lock import locked
from etl.options import FILTERS
from etl.progress import say

PIECE = 32_768


def load(data: DataDir, options: Namespace) -> int:
    """Takes files into the store; exit code 1 if one was refused, though the others are loaded, or would be."""
    from etl.load import load, load_inbox
    from etl.settings import read_settings

    settings = read_settings(data.settings)
    if options.check:
        from etl.check import checked

        found = checked(data, settings, options.check)
        print(found.text)
        return 0 if found.would_load else 1
    with locked(data):
        return told(data, load(data, settings, options.paths) if options.paths else load_inbox(data, settings))


def build(data: DataDir, options: Namespace) -> int:
    """Makes the warehouse from the store and puts it in the place of the old one."""
    from etl.build import build
    from etl.models import on_duckdb

    engine = on_duckdb
    if options.engine == "spark":
        from etl.spark.engine import on_spark

        engine = on_spark(data)
    with locked(data):
        print(build(data, options.as_of, engine=engine))
    return 0


def run(data: DataDir, options: Namespace) -> int:
    """Everything a scheduler wants of one call; a refused file stops neither the build nor the reports."""
    from etl.build import build
    from etl.load import load_inbox
    from etl.report import write_reports
    from etl.settings import read_settings

    with locked(data):
        code = told(data, load_inbox(data, read_settings(data.settings)))
        print(build(data))
        list_files(write_reports(data))
    return code


def report(data: DataDir, options: Namespace) -> int:
    """Writes reports as CSV files and prints their paths."""
    from etl.report import write_reports

    filters = {name: getattr(options, name) for name in FILTERS if getattr(options, name) is not None}
    with locked(data):
        list_files(write_reports(data, options.names, options.every, options.out, **filters))
    return 0


def query(data: DataDir, options: Namespace) -> int:
    """Prints the rows of one statement."""
    from etl.cells import as_csv, as_text
    from etl.query import query
    from etl.warehouse import opened

    with opened(data.warehouse) as warehouse:
        rows = query(warehouse, options.sql)
        written((as_csv if options.csv else as_text)(rows, warehouse.facts.timezone))
    return 0


def export(data: DataDir, options: Namespace) -> int:
    """Writes the tables of mart as Parquet and prints their paths."""
    from etl.export import export

    for file in export(data, options.out):
        print(file)
    return 0


def show(data: DataDir, options: Namespace) -> int:
    """Prints what there is, or what one thing is."""
    from etl.show import show

    print(show(data, options.name))
    return 0


def demo(data: DataDir, options: Namespace) -> int:
    """An invented season, the whole way from export files to the dashboard."""
    from etl.demonstration import demonstrate
    from etl.serve import serve

    demonstrate(data, options.returns, options.seed)
    return 0 if options.no_app else serve(data)


def app(data: DataDir, options: Namespace) -> int:
    """Serves the dashboard of this data directory until Ctrl-C."""
    from etl.serve import serve

    return serve(data, options.address, options.port)


def written(text: str) -> None:
    """Writes a long text to stdout in pieces: what follows a reader's leaving must be seen to fail."""
    for start in range(0, len(text), PIECE):
        sys.stdout.write(text[start : start + PIECE])


def list_files(reports: list) -> None:
    """Prints where the reports are, one a line, for whatever picks them up."""
    for report in reports:
        print(report.file)


def told(data: DataDir, outcomes: list) -> int:
    """Says what became of each file, and gives the exit code."""
    if not outcomes:
        say(f"{data.inbox}: nothing to load.")
    for outcome in outcomes:
        say(str(outcome))
    return 1 if any(outcome.state == "refused" for outcome in outcomes) else 0


VERBS: dict[str, Callable[[DataDir, Namespace], int]] = {
    verb.__name__: verb for verb in (load, build, run, report, query, export, show, demo, app)
}
