"""Ids as spreadsheets and programs leave them: in a formula that protects them, damaged, or a zero for none.

Such an id may be that of many returns, so it is never stored as an id.
"""

import re
from unicodedata import category

from duckdb import DuckDBPyConnection

from etl.common.duck import literal
from etl.read.dialog_times import MONTHS
from etl.read.shown_numbers import NOT_AS_SHOWN

# How exports keep the zeros of an id from a spreadsheet: ="000123".
FORMULA = r'^\s*="(.*)"\s*$'
MONTH = f"(?:{'|'.join(MONTHS).title()})"
DAMAGED = "|".join(
    [
        # A rounded number: 2.02512E+14, in some countries with a comma, and 2.02512e14 of other programs.
        r"[+-]?\d(?:[.,]\d+)?[Ee][+-]\d{2,3}",
        r"[+-]?\d(?:[.,]\d+)?[Ee]\+?\d{1,3}",
        # A number of a column with decimal places.
        r"\d+\.0+",
        # A number of which only the first 15 digits are kept.
        r"[1-9]\d{14}0{3,}",
        # A date: Mar-25 and 25-Mar, as spreadsheets write months, 3/1/2025 and 2025-03-01, perhaps with the
        # clock of midnight.
        rf"{MONTH}-\d{{2}}(?:\d{{2}})?",
        rf"\d{{1,2}}-{MONTH}(?:-\d{{2}}(?:\d{{2}})?)?",
        r"\d{1,2}/\d{1,2}/\d{2}(?:\d{2})?(?: 0?0:00(?::00)?| 12:00(?::00)? AM)?",
        r"\d{4}-\d\d-\d\d(?:[ T]00:00(?::00(?:\.0+)?)?)?",
        # A formula without a result, a number too wide for its column, and a truth value.
        r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)|#{2,}|(?i:true|false)",
        # What programs write where a number or a GUID is missing.
        r"0|-\d+|\{?0{8}-0{4}-0{4}-0{4}-0{12}\}?",
        # A number in a format that is not read.
        f".*{re.escape(NOT_AS_SHOWN)}.*",
    ]
)
# A number of 16 or 17 digits of which a spreadsheet may have kept 15. One in ten ids of 16 digits ends in a
# zero, so a file of one return tells nothing: ids are rounded if several of their length end so, and all do.
MAY_BE_ROUNDED = r"[1-9]\d{14}0{1,2}"
HYPHENS = str.maketrans("\u2010\u2011\u2212", "---")
# What people and programs write where there is no id. A return may be called none or null.
NO_ID = r"(?i:\s*(?:n/a|-+)\s*)"
# A program has no return of such a name: its templates write it in place of a missing value.
NO_ID_OF_PROGRAM = re.compile(rf"(?i:null|none|nil|undefined)|{NO_ID}|{DAMAGED}")


def out_of_formula(text: str) -> str:
    """SQL for a text, taken out of the formula that protects it."""
    inside = f"regexp_replace({text}, {literal(FORMULA)}, '\\1')"
    return f"case when contains({text}, '=\"') then {inside} else {text} end"


def out_of_formula_text(text: str) -> str:
    """The same in Python."""
    return re.sub(FORMULA, r"\1", text)


def plain_id(text: str) -> str:
    """SQL for an id without invisible marks, and with plain hyphens; null if it says that there is none."""
    plain = f"regexp_replace(translate({text}, '\u2010\u2011\u2212', '---'), '\\p{{Cf}}', '', 'g')"
    plain = f"case when strlen({text}) <> length({text}) then {plain} else {text} end"
    return f"case when not regexp_full_match({text}, '{NO_ID}') then {plain} end"


def plain_id_text(text: str) -> str:
    """An id as a person reads it, in Python: out of its formula, without invisible marks and outer blanks."""
    inside = out_of_formula_text(text).translate(HYPHENS)
    return "".join(one for one in inside if category(one) != "Cf").strip()


def damaged_in(database: DuckDBPyConnection, text: str) -> str:
    """What is DAMAGED in a column of `set_texts`: also what MAY_BE_ROUNDED, if its other ids say so."""
    lengths = database.execute(f"""
        select strlen(id) from (select distinct {text} as id from set_texts)
        where regexp_full_match(id, '[1-9]\\d{{15,16}}')
        group by all having count(*) > 1 and bool_and(regexp_full_match(id, '{MAY_BE_ROUNDED}'))
    """).fetchall()
    return "|".join([DAMAGED, *(rf"[1-9]\d{{14}}0{{{length - 15}}}" for (length,) in lengths)])


def is_like(name: str, expression: str) -> str:
    """SQL for whether an id is DAMAGED, or a FOOTER; false for none."""
    return f"coalesce(regexp_full_match({name}, {literal(expression)}), false)"
