"""SQL for single values: tabs, years, booleans, dates and JSON members; null for what cannot be read."""

import json

from etl.common.duck import literal
from etl.read.tins import redact
from etl.store.times import parse_day

# Attributes that become more than text; what cannot be read goes to `extra`.
TYPES = {"tax_year": "integer", "is_joint": "boolean", "due_date": "date", "is_extended": "boolean"}
EARLIEST, LATEST = "timestamp '2000-01-01'", "timestamp '2101-01-01'"
# As exports write them; others are compared without case, blanks and dashes.
USUAL_TABS = {tab + ending: tab for tab in ("Client", "Internal") for ending in ("", " Tracking")}
TABS = {name.lower().replace(" ", ""): tab for name, tab in USUAL_TABS.items()} | {"usertracking": "Internal"}


def parse_tab(text: str) -> str:
    """Client or Internal."""
    usual, others = (
        " ".join(f"when {literal(name)} then {literal(tab)}" for name, tab in tabs.items())
        for tabs in (USUAL_TABS, TABS)
    )
    return f"case {text} {usual} else case translate(lower({text}), ' _-\t\u00a0', '') {others} end end"


def parse_attributes(formats: tuple[str, ...]) -> dict[str, str]:
    """The attributes of TYPES, each from the column of its name; dates from 2000 to 2100.

    A year has four digits; it is converted back to text, so that 2025.0 is not read as a year.
    """
    year, day = "try_cast(tax_year as integer)", parse_day("due_date", formats)
    is_year = f"{year} between 1000 and 9999 and cast({year} as varchar) = tax_year"
    boolean = """case
        when lower({0}) in ('yes', 'true', 'y', '1') then true
        when lower({0}) in ('no', 'false', 'n', '0') then false
    end"""
    return {
        "tax_year": f"case when {is_year} then {year} end",
        "is_joint": boolean.format("is_joint"),
        "due_date": f"case when {day} >= {EARLIEST} and {day} < {LATEST} then {day} end",
        "is_extended": boolean.format("is_extended"),
    }


def member(heading: str, text: str) -> str:
    """One member of a JSON object under a heading, null where the text is null."""
    return f"{literal(json.dumps(redact(heading)[0], ensure_ascii=False) + ': ')} || to_json({text})"


def json_object(members: list[str]) -> str:
    """A JSON object of those members that are not null."""
    return f"'{{' || concat_ws(', ', {', '.join(members)}) || '}}'" if members else "'{}'"
