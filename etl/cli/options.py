"""The command line: the verbs, their options, and the help text of each."""

import argparse
import os
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from etl.common.paths import default_data, version

SMALLEST_DEMO = 60
FILTERS = {
    "for_firms": "include only these firms",
    "for_offices": "include only these offices",
    "for_partners": "include only these partners",
    "for_types": "include only these forms, such as 1040",
    "for_years": "include only these tax years",
}


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    """The verb and its options; a usage error ends the program with exit code 2 and one sentence."""
    parser = command_parser()
    options = parser.parse_args(arguments)
    if options.verb == "evidence" and (options.office is None) != (options.year is None):
        parser.error("evidence takes either --return, or --office together with --year")
    if options.verb == "purge" and options.firm is not None and options.return_id is None:
        parser.error("purge takes --firm only together with --return")
    default = default_data() / "demo" if options.verb == "demo" else default_data()
    options.data = (options.data or Path(os.environ.get("RETURNTRAIL_DATA") or default)).absolute()
    return options


def command_parser() -> ArgumentParser:
    """The parser of the whole command."""
    parser = ArgumentParser(
        prog="returntrail",
        description="Firm-wide tracking of tax returns from SafeSend Returns audit logs, in one DuckDB file.",
        epilog="Type `returntrail VERB --help` for the options of a verb.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"returntrail {version()}")
    add_data_option(parser, default=None)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, (sentence, add_options) in VERBS.items():
        description = f"{sentence[0].upper()}{sentence[1:]}."
        verb = verbs.add_parser(name, help=sentence, description=description, allow_abbrev=False)
        if add_options:
            add_options(verb)
        # Without a default of its own, the option after the verb leaves the one before it alone.
        add_data_option(verb, default=argparse.SUPPRESS)
    return parser


def add_data_option(parser: ArgumentParser, default: str | None) -> None:
    """--data, which may come before or after the verb."""
    meaning = "the data directory (default: RETURNTRAIL_DATA, else data/)"
    parser.add_argument("--data", type=Path, metavar="DIR", default=default, help=meaning)


def add_load_options(verb: ArgumentParser) -> None:
    meaning = "files or folders to load (default: the inbox)"
    verb.add_argument("paths", nargs="*", type=Path, metavar="PATH", help=meaning)
    meaning = "store nothing; show how this file would be read"
    verb.add_argument("--check", type=Path, metavar="FILE", help=meaning)


def add_build_options(verb: ArgumentParser) -> None:
    meaning = "show the state at this time: ISO format, in the firm's time zone"
    verb.add_argument("--as-of", type=iso_time, metavar="TIME", help=meaning)
    meaning = "the engine that runs the models (default: duckdb)"
    verb.add_argument("--engine", choices=("duckdb", "spark"), default="duckdb", help=meaning)


def add_report_options(verb: ArgumentParser) -> None:
    meaning = "reports to write (default: all that are written on a schedule)"
    verb.add_argument("names", nargs="*", metavar="NAME", help=meaning)
    meaning = "write only the reports with this schedule"
    verb.add_argument("--every", choices=("load", "day", "week", "month"), help=meaning)
    meaning = "output folder (default: reports/<date> in the data directory)"
    verb.add_argument("--out", type=Path, metavar="DIR", help=meaning)
    ways = verb.add_mutually_exclusive_group()
    meaning = "write each subscription of settings.toml that is due and not yet done"
    ways.add_argument("--due", action="store_true", help=meaning)
    meaning = "write nothing; check the subscriptions and list them"
    ways.add_argument("--check", action="store_true", help=meaning)
    meaning = "write nothing; list past runs, and why a run failed"
    ways.add_argument("--history", action="store_true", help=meaning)
    meaning = "deliver the stored files of this run again, byte for byte"
    ways.add_argument("--again", type=int, metavar="RUN", help=meaning)
    for name, meaning in FILTERS.items():
        kind = int if name == "for_years" else str
        metavar = name.removeprefix("for_").removesuffix("s").upper()
        verb.add_argument(f"--{name.replace('_', '-')}", nargs="+", type=kind, metavar=metavar, help=meaning)


def add_evidence_options(verb: ArgumentParser) -> None:
    which = verb.add_mutually_exclusive_group(required=True)
    which.add_argument("--return", dest="return_id", metavar="ID", help="include only this return")
    which.add_argument("--office", metavar="NAME", help="include every return of this office; needs --year")
    verb.add_argument("--year", type=int, metavar="YEAR", help="the tax year, with --office")
    verb.add_argument("--firm", metavar="ID", help="the firm, if several share one warehouse")
    meaning = "output folder (default: evidence/ in the data directory)"
    verb.add_argument("--out", type=Path, metavar="DIR", help=meaning)
    verb.add_argument("--zip", action="store_true", help="write one zip file instead of a folder")


def add_query_options(verb: ArgumentParser) -> None:
    verb.add_argument("sql", metavar="SQL", help='one statement, for example "from report.firm_funnel()"')
    verb.add_argument(
        "--csv", action="store_true", help="print all rows as CSV, safe to open in a spreadsheet"
    )


def add_export_options(verb: ArgumentParser) -> None:
    meaning = "output folder (default: export/ in the data directory)"
    verb.add_argument("--out", type=Path, metavar="DIR", help=meaning)


def add_show_options(verb: ArgumentParser) -> None:
    meaning = "a table or report, such as mart.deliveries, or the name of a loaded file"
    verb.add_argument("name", nargs="?", metavar="NAME", help=meaning)


def add_purge_options(verb: ArgumentParser) -> None:
    which = verb.add_mutually_exclusive_group(required=True)
    which.add_argument("--return", dest="return_id", metavar="ID", help="remove this return")
    meaning = (
        "remove returns whose last event is before this date in the firm's time zone; for returns without "
        "events, the date of the returns list counts"
    )
    which.add_argument("--before", type=iso_date, metavar="DATE", help=meaning)
    meaning = "remove this loaded file, by its file_id in raw.files"
    which.add_argument("--file", dest="file_id", metavar="FILE_ID", help=meaning)
    meaning = "with --return: the firm, if several share one warehouse"
    verb.add_argument("--firm", metavar="ID", help=meaning)
    meaning = "remove it; without --yes, list what would be removed and exit with 1"
    verb.add_argument("--yes", action="store_true", help=meaning)


def add_demo_options(verb: ArgumentParser) -> None:
    meaning = f"number of returns (default: 1500; at least {SMALLEST_DEMO})"
    verb.add_argument("--returns", type=demo_size, default=1500, metavar="N", help=meaning)
    meaning = "another number gives another season (default: 7)"
    verb.add_argument("--seed", type=int, default=7, metavar="N", help=meaning)
    verb.add_argument("--no-app", action="store_true", help="do not start the dashboard at the end")


def add_app_options(verb: ArgumentParser) -> None:
    meaning = "the port to listen on (default: 8501, or a free port if 8501 is taken)"
    verb.add_argument("--port", type=port, metavar="N", help=meaning)
    meaning = "the address to listen on (default: 127.0.0.1); an address that others can reach needs sign-in"
    verb.add_argument("--address", default="127.0.0.1", metavar="HOST", help=meaning)


# In the order in which a firm needs them: the sentence of each verb, and what adds its options.
VERBS: dict[str, tuple[str, Callable[[ArgumentParser], None] | None]] = {
    "load": ("load exported files into the store", add_load_options),
    "build": ("build the warehouse from the store", add_build_options),
    "run": ("load the inbox, build, and write the reports that are due; for a scheduler", None),
    "report": ("write reports as CSV files", add_report_options),
    "evidence": ("write what the log shows about the signatures of returns", add_evidence_options),
    "query": ("query the warehouse in SQL, read-only", add_query_options),
    "export": ("write the tables of mart as Parquet files", add_export_options),
    "show": ("list all tables and reports, or describe one of them or a loaded file", add_show_options),
    "verify": ("check store, ledger and warehouse against each other, and report damage", None),
    "purge": ("remove a return, old returns or a loaded file for good", add_purge_options),
    "demo": ("load, build, report and show an invented season, in data/demo", add_demo_options),
    "app": ("start the dashboard: on this machine only, unless people sign in", add_app_options),
}


def iso_time(text: str) -> datetime:
    """A time in ISO 8601."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f'"{text}" is not an ISO time such as 2026-04-02 or 2026-04-02T17:30'
        ) from error


def iso_date(text: str) -> date:
    """A date in ISO 8601."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'"{text}" is not an ISO date such as 2026-04-02') from error


def demo_size(text: str) -> int:
    """A number of returns that is enough for a season."""
    if not text.isdecimal() or int(text) < SMALLEST_DEMO:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number of {SMALLEST_DEMO} or more')
    return int(text)


def port(text: str) -> int:
    """A TCP port."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f'"{text}" is not a port from 1 to 65535')
    return int(text)
