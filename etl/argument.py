"""A filter's value as a report wants it: what comes from a page's address or a command line is text."""

from datetime import date, datetime

from etl.problem import Problem

TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def argument(report: str, name: str, default: str, value: object) -> object:
    """The value to bind for a parameter with this default (as SQL). Raises a Problem that says what it takes.

    A name `for_...s` takes a list, one value standing for a list of one; null stays null, which means all.
    """
    if value is None:
        return None
    if name.startswith("for_") and name.endswith("s"):
        values = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
        return [one(report, name, default, each) for each in values]
    return one(report, name, default, value)


def one(report: str, name: str, default: str, value: object) -> object:
    """A single value: a year or a number of days, a date, a truth value, or text."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    try:
        if name == "for_years" or name.endswith("_days") or default.isdecimal():
            wanted = "whole numbers" if name.startswith("for_") else "a whole number"
            return int(text)
        if name in ("since", "until"):
            wanted = "a date such as 2026-03-04"
            return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
        if default in ("true", "false"):
            wanted = "true or false"
            return TRUTH[text.casefold()]
    except (ValueError, KeyError):
        raise Problem(f'{name} of the report {report} takes {wanted}, and "{value}" is none.') from None
    return value
