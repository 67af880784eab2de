"""What may stand on the command line: the verbs, their options, and what each is for."""

import argparse
import os
from datetime import date, datetime
from pathlib import Path

from etl.common.paths import default_data, version

SMALLEST_DEMO = 60
FILTERS = {
    "for_firms": "only these firms",
    "for_offices": "only these offices",
    "for_partners": "only these partners",
    "for_types": "only these forms, such as 1040",
    "for_years": "only these tax years",
}


def read_options(words: list[str] | None) -> argparse.Namespace:
    """The verb and its options; a usage error ends the program with exit code 2 and one sentence."""
    parser = all_options()
    options = parser.parse_args(words)
    if options.verb == "evidence" and (options.office is None) != (options.year is None):
        parser.error("evidence takes --return, or --office and --year together")
    if options.verb == "purge" and options.firm is not None and options.return_id is None:
        parser.error("purge takes --firm with --return alone")
    options.data = directory(
        options.data, default_data() / "demo" if options.verb == "demo" else default_data()
    )
    return options


def all_options() -> argparse.ArgumentParser:
    """The parser of the whole command."""
    parser = argparse.ArgumentParser(
        prog="returntrail",
        description="Firm-wide tracking of tax returns from SafeSend Returns audit logs, in one DuckDB file.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"returntrail {version()}")
    add_data(parser, default=None)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    adds = (
        add_load, add_build, add_run, add_report, add_evidence, add_query, add_export, add_show, add_verify, add_purge,
        add_demo, add_app,
    )  # fmt: skip
    for add in adds:
        verb = add(verbs)
        verb.allow_abbrev = False
        # Without a default of its own the option behind the verb leaves the one before it alone.
        add_data(verb, default=argparse.SUPPRESS)
    return parser


def directory(named: Path | None, default: Path) -> Path:
    """The data directory: from the command line, else from the environment, else the default."""
    return (named or Path(os.environ.get("RETURNTRAIL_DATA") or default)).absolute()


def add_data(parser: argparse.ArgumentParser, default: object) -> None:
    """--data, which stands before or after the verb."""
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        default=default,
        help="the data directory (RETURNTRAIL_DATA, else data/)",
    )


def add_verb(verbs: argparse._SubParsersAction, name: str, sentence: str) -> argparse.ArgumentParser:
    """A verb whose help is its sentence."""
    return verbs.add_parser(name, help=sentence, description=f"{sentence[0].upper()}{sentence[1:]}.")


def add_load(verbs: argparse._SubParsersAction) -> argparse.ArgumentParser:
    verb = add_verb(verbs, "load", "take exported files into the store")
    verb.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files or folders (the inbox)")
    verb.add_argument(
        "--check",
        type=Path,
        metavar="FILE",
        help="store nothing, and show how this file would be read instead",
    )
    return verb


def add_build(verbs: argparse._SubParsersAction) -> argparse.ArgumentParser:
    verb = add_verb(verbs, "build", "make the warehouse from the store")
    verb.add_argument(
        "--as-of", type=moment, metavar="TIME", help="as it stood then; ISO, in the firm's zone"
    )
    verb.add_argument(
        "--engine", choices=("duckdb", "spark"), default="duckdb", help="where the models run (duckdb)"
    )
    return verb


def add_run(verbs: argparse._SubParsersAction) -> argparse.ArgumentParser:
    return add_verb(
        verbs, "run", "load the inbox, build, and write the reports that are due: what a scheduler calls"
    )


def add_report(verbs: argparse._SubParsersAction) -> argparse.ArgumentParser:
    verb = add_verb(verbs, "report", "write reports as CSV files")
    verb.add_argument(
        "names", nargs="*", metavar="NAME", help="these reports (all that are written every so often)"
    )
    verb.add_argument(
        "--every", choices=("load", "day", "week", "month"), help="only the reports written then"
    )
    verb.add_argument(
        "--out", type=Path, metavar="DIR", help="the folder (reports/<date> of the data directory)"
    )
    ways = verb.add_mutually_exclusive_group()
    ways.add_argument(
        "--due", action="store_true", help="what the settings subscribe to and is due now, once"
    )
    ways.add_argument(
        "--check", action="store_true", help="write nothing, and say what is subscribed to and works"
    )
    ways.add_argument(
        "--history", action="store_true", help="write nothing, and say what ran and why something did not"
    )
    ways.add_argument(
        "--again", type=int, metavar="RUN", help="deliver the files of a run once more, byte for byte"
    )
    for name, meaning in FILTERS.items():
        kind = int if name == "for_years" else str
        metavar = name.removeprefix("for_").removesuffix("s").upper()
        verb.add_argument(f"--{name.replace('_', '-')}", nargs="+", type=kind, metavar=metavar, help=meaning)
    return verb


def add_evidence(verbs: argparse._SubParsersAction) -> argparse.ArgumentParser:
    verb = add_verb(
        verbs,
        "evidence",
        "hand over what the log shows of the signatures of a return, or of an office's year",
    )
    which = verb.add_mutually_exclusive_group(required=True)
    which.add_argument("--return", dest="return_id", metavar="ID", help="this return")
    which.add_argument("--office", metavar="NAME", help="every return of this office, with --year")
    verb.add_argument("--year", type=int, metavar="YEAR", help="the tax year of the office's returns")
    verb.add_argument("--firm", metavar="ID", help="of this firm, where several share a warehouse")
    verb.add_argument(
        "--out", type=Path, metavar="DIR", help="where to put it (evidence/ of the data directory)"
    )
    verb.add_argument("--zip", action="store_true", help="as one file in place of a folder")
    return verb


def add_query(verbs: argparse._SubParsersAction) -> argparse.ArgumentParser:
    verb = add_verb(verbs, "query", "ask the warehouse in SQL, read-only")
    verb.add_argument("sql", metavar="SQL", help='one statement, for example "from report.firm_funnel()"')
    verb.add_argument("--csv", action="store_true", help="all rows as CSV, safe to open in a spreadsheet")
    return verb


def add_export(verbs: argparse._SubParsersAction) -> argparse.ArgumentParser:
    verb = add_verb(verbs, "export", "write the tables of mart as Parquet")
    verb.add_argument("--out", type=Path, metavar="DIR", help="the folder (export/ of the data directory)")
    return verb


def add_show(verbs: argparse._SubParsersAction) -> argparse.ArgumentParser:
    verb = add_verb(verbs, "show", "say what there is, or what one table, report or loaded file holds")
    verb.add_argument(
        "name", nargs="?", metavar="NAME", help="such as mart.deliveries, or the name of a loaded file"
    )
    return verb


def add_verify(verbs: argparse._SubParsersAction) -> argparse.ArgumentParser:
    return add_verb(
        verbs, "verify", "hold store, ledger and warehouse against each other, and name what is damaged"
    )


def add_purge(verbs: argparse._SubParsersAction) -> argparse.ArgumentParser:
    verb = add_verb(
        verbs, "purge", "remove a return, old returns or a loaded file for good, from everywhere here"
    )
    which = verb.add_mutually_exclusive_group(required=True)
    which.add_argument("--return", dest="return_id", metavar="ID", help="this return")
    words = "every return whose last event is of before this day, in the firm's zone; one that only a register names goes by it"
    which.add_argument("--before", type=day, metavar="DATE", help=words)
    which.add_argument(
        "--file", dest="file_id", metavar="FILE_ID", help="this loaded file, as raw.files names it"
    )
    verb.add_argument(
        "--firm", metavar="ID", help="with --return: of this firm, where several share a warehouse"
    )
    verb.add_argument(
        "--yes", action="store_true", help="do it; without this it says what would go, and exits with 1"
    )
    return verb


def add_demo(verbs: argparse._SubParsersAction) -> argparse.ArgumentParser:
    verb = add_verb(verbs, "demo", "load, build, report and show an invented season, in data/demo")
    verb.add_argument(
        "--returns", type=enough_returns, default=1500, metavar="N", help="how many (1500; at least 60)"
    )
    verb.add_argument(
        "--seed", type=int, default=7, metavar="N", help="another season for another number (7)"
    )
    verb.add_argument("--no-app", action="store_true", help="do not serve the dashboard afterwards")
    return verb


def add_app(verbs: argparse._SubParsersAction) -> argparse.ArgumentParser:
    verb = add_verb(verbs, "app", "serve the dashboard: on this machine only, unless people sign in")
    verb.add_argument("--port", type=port, metavar="N", help="8501, or a free one if it is taken")
    words = "where to listen (127.0.0.1); an address that others reach needs sign-in"
    verb.add_argument("--address", default="127.0.0.1", metavar="HOST", help=words)
    return verb


def moment(text: str) -> datetime:
    """A time in ISO 8601."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f'"{text}" is no ISO time such as 2026-04-02 or 2026-04-02T17:30'
        ) from error


def day(text: str) -> date:
    """A date in ISO 8601."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'"{text}" is no ISO date such as 2026-04-02') from error


def enough_returns(text: str) -> int:
    """A number of returns that a season can be made of."""
    if not text.isdecimal() or int(text) < SMALLEST_DEMO:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number from {SMALLEST_DEMO} up')
    return int(text)


def port(text: str) -> int:
    """A TCP port."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f'"{text}" is not a port from 1 to 65535')
    return int(text)
