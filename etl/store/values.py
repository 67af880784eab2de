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
TRUE, FALSE = "('yes', 'true', 'y', '1')", "('no', 'false', 'n', '0')"


def parse_tab(text: str) -> str:
    """Client or Internal."""
    simplified = f"translate(lower({text}), ' _-\t\u00a0', '')"
    return f"case {text} {whens(USUAL_TABS)} else case {simplified} {whens(TABS)} end end"


def whens(tabs: dict[str, str]) -> str:
    return " ".join(f"when {literal(text)} then {literal(tab)}" for text, tab in tabs.items())


def parse_attributes(formats: tuple[str, ...]) -> dict[str, str]:
    """The attributes of TYPES, each from the column of its name; dates from 2000 to 2100."""
    day = parse_day("due_date", formats)
    return {
        "tax_year": parse_year("tax_year"),
        "is_joint": parse_boolean("is_joint"),
        "due_date": f"case when {day} >= {EARLIEST} and {day} < {LATEST} then {day} end",
        "is_extended": parse_boolean("is_extended"),
    }


def parse_year(text: str) -> str:
    """A year of four digits; the conversion back to text shows that nothing else was read as one."""
    number = f"try_cast({text} as integer)"
    is_year = f"{number} between 1000 and 9999 and cast({number} as varchar) = {text}"
    return f"case when {is_year} then {number} end"


def parse_boolean(text: str) -> str:
    return f"case when lower({text}) in {TRUE} then true when lower({text}) in {FALSE} then false end"


def member(heading: str, text: str) -> str:
    """One member of a JSON object under a heading, null where the text is null."""
    return f"{literal(json.dumps(redact(heading)[0], ensure_ascii=False) + ': ')} || to_json({text})"


def json_object(members: list[str]) -> str:
    """A JSON object of those members that are not null."""
    return f"'{{' || concat_ws(', ', {', '.join(members)}) || '}}'" if members else "'{}'"
