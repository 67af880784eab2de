"""The command line: the verbs and their options, which are in options.toml, and what the values must be."""

import argparse
import os
import tomllib
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date, datetime
from math import inf
from pathlib import Path
from typing import Any, NoReturn

from etl.common.paths import default_data, version
from etl.common.terminal import printable

VERBS = tomllib.loads(Path(__file__).with_name("options.toml").read_text(encoding="utf-8"))


class Parser(ArgumentParser):
    """A parser whose errors, which quote what was typed, do not control a terminal."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


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
    parser = Parser(
        prog="returntrail",
        description="Firm-wide tracking of tax returns from SafeSend Returns audit logs, in one DuckDB file.",
        epilog="Type `returntrail VERB --help` for the options of a verb.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"returntrail {version()}")
    # It may come before or after the verb.
    meaning = "the data directory (default: RETURNTRAIL_DATA, else data/)"
    parser.add_argument("--data", type=Path, metavar="DIR", help=meaning)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, facts in VERBS.items():
        sentence, one_of = facts["help"], facts.get("one_of", [])
        description = f"{sentence[0].upper()}{sentence[1:]}."
        verb = verbs.add_parser(name, help=sentence, description=description, allow_abbrev=False)
        exclusive = facts.get("either", one_of)
        group = verb.add_mutually_exclusive_group(required=bool(one_of)) if exclusive else verb
        for option, words in facts.get("options", {}).items():
            kind = {"type": TYPES[words["type"]]} if "type" in words else {}
            (group if option in exclusive else verb).add_argument(option, **words | kind)
        # Without a default of its own, the option after the verb leaves the one before it alone.
        verb.add_argument("--data", type=Path, metavar="DIR", default=argparse.SUPPRESS, help=meaning)
    return parser


def checked(convert: Callable[[str], Any], meaning: str) -> Callable[[str], Any]:
    """Converts the text of an option; the usage error says what the text must be."""

    def value(text: str) -> Any:
        try:
            return convert(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f'"{text}" is not {meaning}') from error

    return value


def column_value(text: str) -> tuple[str, str]:
    column, sign, value = text.partition("=")
    if not (column.strip() and sign and value.strip()):
        raise ValueError
    return column.strip(), value.strip()


def number_between(least: int, most: float) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if not (text.isdecimal() and least <= int(text) <= most):
            raise ValueError
        return int(text)

    return convert


TYPES: dict[str, Callable[[str], Any]] = {
    "path": Path,
    "number": int,
    "time": checked(datetime.fromisoformat, "an ISO time such as 2026-04-02 or 2026-04-02T17:30"),
    "date": checked(date.fromisoformat, "an ISO date such as 2026-04-02"),
    "returns": checked(number_between(60, inf), "a number of 60 or more"),
    "value": checked(column_value, "a column and its value, such as return_id=2025-0001"),
    "port": checked(number_between(1, 65535), "a port from 1 to 65535"),
}
