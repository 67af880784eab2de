"""Single values as SQL: tabs, years, truths, dates and JSON members, null where a text cannot be read as one."""

import json

from etl.common.duck import literal
from etl.read.tins import redact
from etl.store.times import day

EARLIEST, LATEST = "timestamp '2000-01-01'", "timestamp '2101-01-01'"
# As exports write them; the others are compared without case, blanks and dashes.
USUAL_TABS = {
    "Client": "Client",
    "Internal": "Internal",
    "Client Tracking": "Client",
    "Internal Tracking": "Internal",
}
TABS = {
    "client": "Client",
    "clienttracking": "Client",
    "internal": "Internal",
    "internaltracking": "Internal",
    "usertracking": "Internal",
}
TRUE, FALSE = "('yes', 'true', 'y', '1')", "('no', 'false', 'n', '0')"


def tab_word(text: str) -> str:
    """Client or Internal."""
    loosened = f"translate(lower({text}), ' _-\t\u00a0', '')"
    return f"case {text} {whens(USUAL_TABS)} else case {loosened} {whens(TABS)} end end"


def whens(words: dict[str, str]) -> str:
    return " ".join(f"when {literal(word)} then {literal(value)}" for word, value in words.items())


def year(text: str) -> str:
    """A year of four digits; the way back to text shows that nothing else was read into it."""
    number = f"try_cast({text} as integer)"
    return (
        f"case when {number} between 1000 and 9999 and cast({number} as varchar) = {text} then {number} end"
    )


def truth(text: str) -> str:
    """A truth value."""
    return f"case when lower({text}) in {TRUE} then true when lower({text}) in {FALSE} then false end"


def date(text: str, formats: tuple[str, ...]) -> str:
    """A date from 2000 to 2100."""
    value = day(text, formats)
    return f"case when {value} >= {EARLIEST} and {value} < {LATEST} then {value} end"


def member(heading: str, text: str) -> str:
    """One member of a JSON object under a heading, null where the text is null."""
    return f"{literal(json.dumps(redact(heading)[0], ensure_ascii=False) + ': ')} || to_json({text})"


def json_object(members: list[str]) -> str:
    """A JSON object of those members that are not null."""
    return f"'{{' || concat_ws(', ', {', '.join(members)}) || '}}'" if members else "'{}'"
